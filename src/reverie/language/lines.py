"""A memory as lines of JSON: one for each episode, then one for each recall that was confirmed.

An episode has the fields of `reverie.memory.episodic.Episode` and no vector; times are in ISO 8601, and one without a
zone is UTC. A file that comes in gets new ids; facts find their versions by their dates, and what the weights knew
waits for a night again. Trust is never raised: a file is as trusted as the caller says, and no line more than it says
itself. Chats and memories of other programs are read too (`reverie.language.chats`).
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from reverie.errors import BadData, CorruptFile, MissingData
from reverie.language.chats import told_in
from reverie.language.passages import check_text
from reverie.language.recollection import Recollection
from reverie.language.told import Confirmation, Told, time_of
from reverie.memory.episodic import Episode, EpisodicStore
from reverie.record import replace_file
from reverie.untrusted import parse_json

__all__ = ["dates_of", "line_of", "read_lines", "told_lines", "write_lines"]

_TEXTS = ("who", "what", "value", "kind", "source", "session")
_RANGES = {"novelty": (0, 2), "importance": (0, 1), "stability": (1e-3, 1e5), "difficulty": (1, 10)}
_LARGEST_ID = 2**63
_LARGEST = 1 << 28  # bytes of a file
_LATER = ("valid_to", "stability", "difficulty", "rehearsed")
_TIMES = ("heard", "valid_from", "valid_to", "rehearsed")


def line_of(one: Episode) -> dict[str, Any]:
    """An episode as JSON says it."""
    fields = {name: getattr(one, name) for name in Episode.__dataclass_fields__}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in fields.items()}


def dates_of(one: Recollection) -> list[dict[str, str]]:
    """The dates of a recollection as JSON says them; `until` is the first moment after."""
    return [
        {"words": date.words, "since": date.since.isoformat(), "until": date.until.isoformat()} for date in one.dates
    ]


def write_lines(store: EpisodicStore, path: Path) -> int:
    """Write all that has content to a file, whole or not at all; how many lines."""
    lines = told_lines(store)
    replace_file(path, "".join(lines).encode())
    return len(lines)


def told_lines(store: EpisodicStore) -> list[str]:
    """All that has content, a line each."""
    lines = [line_of(one) for one in store.all() if one.text is not None]
    lines += [{"question": one.question, "answers": one.ids, "at": one.at.isoformat()} for one in store.confirmed()]
    return [json.dumps(line, ensure_ascii=False) + "\n" for line in lines]


def read_lines(path: Path) -> tuple[list[Told], list[Confirmation]]:
    """What a file tells, checked, and the confirmed recalls in it.

    Raises
    ------
    CorruptFile
        Where a line is not what was expected; says which and why.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        raise MissingData(f"There is no file {path}. Check the name.") from None
    if len(data) > _LARGEST:
        raise BadData(f"{path} has more than {_LARGEST} bytes. Split it, and import the parts.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CorruptFile(f"{path} is not UTF-8 (byte {error.start}). Write it again as UTF-8.") from None
    with _refused(path, "", "a chat or a memory that is known here"):
        whole = _one_document(text)
        if whole is not None:
            return list(whole), []
    told: list[Told] = []
    confirmed: list[Confirmation] = []
    lines: dict[int, int] = {}
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        with _refused(path, f" line {number}", "a line of a memory"):
            value = parse_json(line)
            others = told_in(value, number)
            if others is not None:
                told += others
                continue
            one = _checked(value)
            if isinstance(one, Confirmation):
                confirmed.append(one)
                continue
            if one.id is not None and one.id in lines:
                raise BadData(f"the id {one.id} is that of line {lines[one.id]}")
            if one.id is not None:
                lines[one.id] = number
            told.append(one)
    return told, confirmed


def _one_document(text: str) -> Iterator[Told] | None:
    """What a file tells that is one JSON value, of one line or more; None where it is none, or a line of ours."""
    if not text.lstrip().startswith(("[", "{")):
        return None
    try:
        value = parse_json(text)
    except ValueError:
        return None
    found = told_in(value)
    if found is None and isinstance(value, list):
        raise BadData("it is a list of neither messages, conversations nor memories")
    return found


@contextmanager
def _refused(path: Path, where: str, expected: str) -> Iterator[None]:
    """What is wrong with a line, in our words."""
    try:
        yield
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError, BadData) as error:
        reason = str(error) if isinstance(error, ValueError | BadData) else f"{type(error).__name__}: {error}"
        raise CorruptFile(
            f"{path}{where} is not {expected} ({reason}). Nothing was imported; mend or drop it."
        ) from None


def _checked(line: Any) -> Told | Confirmation:
    if not isinstance(line, dict):
        raise BadData("expected an object")
    if "question" in line:
        if not isinstance(line.get("answers"), list) or not all(map(_is_id, line["answers"])):
            raise BadData("expected the ids of the answers")
        return Confirmation(check_text(line["question"], "question"), line["answers"], time_of(line.get("at")))
    if not isinstance(line.get("text"), str):
        raise BadData("expected a text, or a question")
    number = line.get("id")
    if number is not None and not _is_id(number):
        raise BadData(f"the id is {str(number)[:50]!r}, expected a whole number")
    given: dict[str, Any] = {}
    for name in _TEXTS:
        if line.get(name) is not None:
            given[name] = check_text(line[name], name, longest=1000)
    for name, (least, most) in _RANGES.items():
        if line.get(name) is not None:
            given[name] = float(line[name])
            if not least <= given[name] <= most:
                raise BadData(f"{name} is {line[name]}, expected a number from {least} to {most}")
    for name in _TIMES:
        if line.get(name) is not None:
            given[name] = time_of(line[name])
    later = {name: given.pop(name) for name in _LATER if name in given}
    text, trusted = check_text(line["text"]), line.get("trusted", True) is True
    return Told(text, given, later, id=number, trusted=trusted, whole=True)


def _is_id(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _LARGEST_ID
