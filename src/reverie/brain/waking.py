"""How a mind is read from its folder: the newest snapshot, and what came after it, entry by entry."""

from typing import Any

from reverie.brain.mind import Mind
from reverie.brain.own_encoder import OwnEncoder
from reverie.brain.senses import Senses
from reverie.brain.store import Store
from reverie.errors import CorruptFile, MissingData
from reverie.memory import AssociativeMemory

__all__ = ["newborn", "newest", "newest_whole", "read"]


def newborn(made: dict[str, Any], senses: Senses | None = None, own: OwnEncoder | None = None) -> Mind:
    """A mind that has learned nothing; `own` is the user's own encoder, where it was handed in."""
    memory = AssociativeMemory(ridge=made["ridge"], per_class=made["forgettable"])
    senses = senses or Senses(made["encoder"], made["settings"], made["seed"], budget=made["budget"], own=own)
    return Mind(senses, memory)


def read(store: Store, base: int, to: int | None = None, *, own: OwnEncoder | None = None) -> Mind:
    """The mind at the snapshot `base`, and what came after it up to version `to`."""
    mind = newborn(store.head["settings"], own=own)
    state, entries = store.read(base)
    mind.load_state_dict(state)
    for version, entry in entries:
        if to is not None and version > to:
            break
        mind.apply(entry)
    return mind


def newest(store: Store, own: OwnEncoder | None = None) -> Mind:
    """The mind as it was last acknowledged."""
    bases = store.snapshots()
    return read(store, bases[-1], own=own) if bases else newborn(store.head["settings"], own=own)


def newest_whole(store: Store, own: OwnEncoder | None = None) -> tuple[Mind, str | None]:
    """The newest mind that can be read, and what damage was met on the way to it."""
    damage = None
    for base in reversed(store.snapshots()):
        mind = newborn(store.head["settings"], own=own)
        try:
            state, entries = store.read(base)
            mind.load_state_dict(state)
        except (CorruptFile, MissingData) as error:
            damage = damage or str(error)
            continue
        try:
            for _, entry in entries:
                mind.apply(entry)
        except CorruptFile as error:
            damage = damage or str(error)
        return mind, damage
    return newborn(store.head["settings"], own=own), damage
