"""YAML, JSON and text as others wrote them: what would cost a reader too much is refused before it is built.

All files of these kinds are read here. A document has a largest size, depth and number of parts; an alias of YAML
counts as all that it stands for. Nothing named in a document is imported.
"""

import json
from pathlib import Path
from typing import Any

import yaml

from reverie.errors import CorruptFile, MissingData

__all__ = ["PlainLoader", "no_links", "parse_json", "parse_yaml", "read_text"]

_DEEPEST = 32  # levels within levels
_PARTS = 6_000  # scalars, lists and mappings of a YAML document
_LONGEST = 100  # characters of a number or a date in YAML
_TEXT = 256 * 1024  # bytes of a YAML document


class PlainLoader(yaml.SafeLoader):
    """Safe YAML within limits."""

    def __init__(self, stream: Any) -> None:
        super().__init__(stream)
        self._depth = self._parts = 0
        self._sizes: dict[int, int] = {}

    def fetch_flow_collection_start(self, TokenClass: Any) -> None:
        """Count brackets as they are met: the scanner reads far ahead of what is composed."""
        if self.flow_level >= _DEEPEST:
            mark = self.get_mark()
            raise yaml.scanner.ScannerError(None, None, f"more than {_DEEPEST} levels within one another", mark)
        super().fetch_flow_collection_start(TokenClass)

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Count what is composed; what is too much ends it."""
        alias, mark = self.check_event(yaml.AliasEvent), self.get_mark()
        self._depth += 1
        if self._depth > _DEEPEST:
            raise yaml.composer.ComposerError(None, None, f"more than {_DEEPEST} levels within one another", mark)
        before = self._parts
        node = super().compose_node(parent, index)
        self._depth -= 1
        if alias and id(node) not in self._sizes:
            raise yaml.composer.ComposerError(None, None, "an alias that holds itself", mark)
        self._parts += self._sizes[id(node)] if alias else 1
        self._sizes[id(node)] = self._parts - before
        if self._parts > _PARTS:
            raise yaml.composer.ComposerError(None, None, f"more than {_PARTS} parts, aliases spelled out", mark)
        return node

    def construct_object(self, node: Any, deep: bool = False) -> Any:
        """A number or a date that cannot be one ends it as any other fault does."""
        plain = isinstance(node, yaml.ScalarNode) and not node.tag.endswith((":str", ":binary"))
        if plain and len(node.value) > _LONGEST:
            raise yaml.constructor.ConstructorError(
                None, None, f"a value of more than {_LONGEST} characters that is no text", node.start_mark
            )
        try:
            return super().construct_object(node, deep)
        except (ValueError, TypeError, OverflowError) as error:
            raise yaml.constructor.ConstructorError(None, None, f"{error}", node.start_mark) from None


def parse_yaml(text: str, *, loader: type[PlainLoader] = PlainLoader) -> tuple[Any, Any]:
    """A YAML document: its values, and its tree with the lines.

    Raises
    ------
    yaml.YAMLError
        Not YAML, or too much of it; it knows the line.
    """
    if len(text) > _TEXT:
        raise yaml.YAMLError(f"the document has {len(text)} characters, more than {_TEXT}")
    reading = loader(text)
    try:
        tree = reading.get_single_node()
        return (None if tree is None else reading.construct_document(tree)), tree
    finally:
        reading.dispose()


def parse_json(text: str | bytes, *, unique: bool = False) -> Any:
    """A JSON value.

    Parameters
    ----------
    unique : bool
        Refuse an object in which a key stands twice; else the last one counts.

    Raises
    ------
    ValueError
        Not JSON; or lists within lists, or a number, beyond what Python reads.
    """
    try:
        return json.loads(text, object_pairs_hook=_unique if unique else None)
    except RecursionError:
        raise ValueError("too many levels within one another") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the key {next(name for name in names if names.count(name) > 1)!r} stands twice")
    return found


def read_text(path: Path, *, largest: int = _TEXT, what: str = "file", errors: str = "strict") -> str:
    """The text of a file that is expected to be small.

    Raises
    ------
    MissingData, CorruptFile
    """
    try:
        with path.open("rb") as file:
            data = file.read(largest + 1)
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        raise MissingData(f"No file {path}. Give the path of a {what}.") from None
    if len(data) > largest:
        raise CorruptFile(f"{path} has more than {largest} bytes. Expected a {what}; give one, or split it.")
    try:
        return data.decode("utf-8-sig", errors)
    except UnicodeDecodeError as error:
        raise CorruptFile(f"{path} is not UTF-8 (byte {error.start}). Save it as UTF-8.") from None


def no_links(folder: Path, *parts: str) -> Path:
    """A path within a folder of ours; a symbolic link on the way from the folder to it is refused.

    Raises
    ------
    CorruptFile
        Links lead out of the folder; ours hold none.
    """
    path = folder
    for part in parts:
        path = path / part
        if path.is_symlink():
            raise CorruptFile(
                f"{path} is a symbolic link. A folder of Reverie's holds none: put the file itself there."
            )
    return path
