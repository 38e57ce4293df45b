"""A registry: a folder of cards by name and version, with what is in force chosen by version or by day.

    cards/physics.fall/1.0.0.yaml      never changed once it is there
    index.yaml                         what is registered, what is in force, and what happened; replaced whole

A file that the index does not list was left by an interrupted `add`, and does not count.

A new version must pass the worked examples of the one in force, or list what it overrides. Rolling back selects an
older digest. Updating one module leaves the files, and so the digests, of all others alone.
"""

from datetime import date, datetime
from pathlib import Path
from typing import Any

import yaml

from reverie.disciplines.card import Card, CardError, read_card
from reverie.disciplines.module import Module, open_card
from reverie.errors import BadData, CorruptFile, unknown_name
from reverie.files import make_folder, replace_file
from reverie.untrusted import no_links, parse_yaml, read_text

__all__ = ["Registry"]


_HISTORY = 300  # entries that are told; older ones are dropped


class Registry:
    """A folder of cards.

    Parameters
    ----------
    folder : Path
        Made where it does not exist.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._index = folder / "index.yaml"

    def _read(self) -> dict[str, Any]:
        if not no_links(self.folder, "index.yaml").is_file():
            return {"selected": {}, "history": [], "registered": {}}
        try:
            found, _ = parse_yaml(read_text(self._index))
            if not isinstance(found["selected"], dict) or not isinstance(found["history"], list):
                raise TypeError("selected and history are expected")
            registered = found.get("registered", {})
            if not isinstance(registered, dict) or not all(isinstance(one, list) for one in registered.values()):
                raise TypeError("registered is expected to hold a list for each card")
        except (yaml.YAMLError, KeyError, TypeError) as error:
            raise CorruptFile(f"{self._index} is no index ({error}). Restore it from a copy.") from None
        return dict(found)

    def _write(self, index: dict[str, Any], what: str, card: Card) -> None:
        entry = {"when": f"{datetime.now():%Y-%m-%d %H:%M:%S}", "what": what, "card": card.name, "digest": card.digest}
        index["history"] = [*index["history"], entry][-_HISTORY:]
        replace_file(self._index, yaml.safe_dump(index, sort_keys=False).encode())

    def names(self) -> list[str]:
        """The cards that are here."""
        found = no_links(self.folder, "cards").glob("*")
        there = self._read()["selected"]
        return sorted(path.name for path in found if path.name in there and path.is_dir() and not path.is_symlink())

    def versions(self, name: str) -> list[Card]:
        """All versions of a card, the oldest first."""
        if name not in self.names():
            raise unknown_name("card", name, self.names())
        folder = no_links(self.folder, "cards", name)
        found = [read_card(no_links(folder, path.name)) for path in folder.glob("*.yaml")]
        registered = self._read().get("registered", {}).get(name)
        if registered is not None:  # None: by an earlier release, which listed none
            found = [card for card in found if card.version in registered]
        return sorted(found, key=lambda card: _order(card.version))

    def get(self, name: str, *, version: str | None = None, as_of: date | None = None) -> Card:
        """The card in force; or a version; or what was in force on a day, by `valid_from`.

        Raises
        ------
        CardError
            Where the file is not what was registered.
        """
        versions = self.versions(name)
        index = self._read()
        if version is None and as_of is None:
            digest = index["selected"].get(name)
            found = [card for card in versions if card.digest == digest]
            if not found:
                raise CardError(f"{name}: the file in force was altered (its digest differs). Restore or roll back.")
            return found[0]
        if as_of is not None:
            versions = [card for card in versions if card.valid_from <= as_of]
            if not versions:
                raise CardError(f"{name}: nothing was in force on {as_of}. Give a later day.")
            return max(versions, key=lambda card: (card.valid_from, _order(card.version)))
        for card in versions:
            if card.version == version:
                return card
        raise unknown_name(f"version of {name}", str(version), [card.version for card in versions])

    def add(self, card: Card, *, simulators: Any = None) -> Card:
        """Check a card, compare it with the one in force, and put it in force.

        Raises
        ------
        CardError
            Where it is only proposed, does not hold, is not newer, or fails an old example that it does not override.
        """
        if card.status == "proposed":
            raise CardError(f"{card.name} is proposed. A person confirms it first: modules check FILE --confirm.")
        open_card(card, simulators=simulators or {})
        index = self._read()
        if card.card in index["selected"]:
            old = self.get(card.card)
            if _order(card.version) <= max(_order(one.version) for one in self.versions(card.card)):
                raise CardError(f"{card.name} is not newer than {old.name}. Raise its version.")
            broken = self.broken(old, card, simulators)
            if broken:
                raise CardError(
                    f"{card.name} fails what held in {old.name}: {'; '.join(broken)}. "
                    f"Mend it, or list them: overrides: [{', '.join(broken)}]."
                )
        there = [one.version for one in self.versions(card.card)] if card.card in index["selected"] else []
        index.setdefault("registered", {})[card.card] = [*there, card.version]
        path = no_links(self.folder, "cards", card.card, f"{card.version}.yaml")
        make_folder(path.parent)
        replace_file(path, card.dump().encode())
        index["selected"][card.card] = card.digest
        self._write(index, "added", card)
        return card

    def broken(self, old: Card, new: Card, simulators: Any = None) -> list[str]:
        """Old examples that the new card fails and does not list."""
        found = []
        for place, example in enumerate(old.examples):
            name = f"example {place}"
            try:
                Module(new.model_copy(update={"examples": (example,)}), simulators=simulators or {}).check()
            except (BadData, KeyError):
                if name not in new.overrides:
                    found.append(name)
        return found

    def rollback(self, name: str, *, version: str) -> Card:
        """Put an older version in force."""
        card = self.get(name, version=version)
        index = self._read()
        index["selected"][name] = card.digest
        self._write(index, "rolled back", card)
        return card

    def history(self) -> list[dict[str, Any]]:
        """What happened, the oldest first."""
        return list(self._read()["history"])

    def digests(self) -> dict[str, str]:
        """What is in force."""
        return dict(self._read()["selected"])


def difference(old: Card, new: Card) -> list[str]:
    """What changed between two cards, a line for each place.

    Examples
    --------
    >>> from reverie.disciplines.library import find
    >>> card = read_card(find("physics.stopping_distance"))
    >>> difference(card, card.model_copy(update={"version": "1.1.0"}))
    ['version: 1.0.0 → 1.1.0']
    """
    flat_old, flat_new = (_flat(card.model_dump(mode="json"), "") for card in (old, new))
    lines = []
    for name in dict.fromkeys([*flat_old, *flat_new]):
        before, after = flat_old.get(name), flat_new.get(name)
        if before != after:
            lines.append(f"{name}: {'–' if before is None else before} → {'–' if after is None else after}")
    return lines


def _flat(value: Any, path: str) -> dict[str, Any]:
    if isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        found: dict[str, Any] = {}
        for name, inner in pairs:
            found |= _flat(inner, f"{path}.{name}" if path else str(name))
        return found
    return {} if value is None or value == "" else {path: value}


def _order(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))
