"""How a mind is read from its folder: the newest snapshot, and what came after it, entry by entry."""

from contextlib import suppress
from typing import Any, NamedTuple

from reverie.brain.aside import Aside
from reverie.brain.life import Life
from reverie.brain.mind import Mind
from reverie.brain.store import Store
from reverie.brain.traces import Traces
from reverie.brain.validity import check_entry, check_settings, check_state
from reverie.errors import BadData, CorruptFile, MissingData, ReverieError
from reverie.memory import AssociativeMemory
from reverie.senses import OwnEncoder, Senses

__all__ = ["Woken", "newborn", "newest", "newest_whole", "read"]

_TRIES = 3  # a reader meets a writer that makes a snapshot and removes an old one


class Woken(NamedTuple):
    """A mind, and the life that it was read from."""

    mind: Mind
    life: Life


_SKETCH, _ASIDE = 4, 10  # of a budget: the parts that a sketch and the keys aside may take
_SPARE = 0.6  # share of it that is left for the other sums, and the encoder
_SMALL = 10**6  # bytes; smaller budgets have no room for a sketch
_ANY = 2**40


def sketches(made: dict[str, Any]) -> bool:
    """Whether a brain that was made so keeps a sketch of its classes, where its keys are large enough."""
    wanted = bool(made.get("sketch")) and bool(made.get("aside")) and not made["forgettable"]
    budget = made.get("budget")
    return wanted and made.get("targets", "classes") == "classes" and (budget is None or budget >= _SMALL)


def keeps_aside(made: dict[str, Any]) -> bool:
    """Whether it keeps keys to judge its nights by: it has classes, and sums of each, or a sketch of them."""
    known = made["forgettable"] or sketches(made)
    return bool(made.get("aside")) and known and made.get("targets", "classes") == "classes"


def newborn(made: dict[str, Any], senses: Senses | None = None, own: OwnEncoder | None = None) -> Mind:
    """A mind that has learned nothing; `own` is the user's own encoder, where it was handed in."""
    balanced = made.get("balanced", False)  # brains that were made before say nothing of it
    budget, sketched = made["budget"], sketches(made)
    room = (_ANY if budget is None else budget // _SKETCH) if sketched else 0
    memory = AssociativeMemory(ridge=made["ridge"], per_class=made["forgettable"], balanced=balanced, sketch_bytes=room)
    if senses is None:
        spare = _SPARE if budget is not None and sketched else None
        senses = Senses(made["encoder"], made["settings"], made["seed"], budget=budget, spare=spare, own=own)
    mind = Mind(senses, memory)
    mind.aside = Aside(budget // _ASIDE if budget and sketched else None) if keeps_aside(made) else None
    mind.traces = Traces(made["traces"]) if made.get("traces") else None
    return mind


def read(store: Store, base: int, to: int | None = None, *, own: OwnEncoder | None = None) -> Mind:
    """The mind at the snapshot `base`, and what came after it up to version `to`."""
    woken = _begin(store, store.life(base), own)
    _live(woken, to)
    return woken.mind


def newest(store: Store, own: OwnEncoder | None = None) -> Woken:
    """The mind as it was last acknowledged.

    Raises
    ------
    MissingData, CorruptFile
        Something is damaged, or not there.
    """
    for tried in range(1, _TRIES + 1):
        known = store.acknowledged()
        try:
            woken = _begin(store, store.life(store.bases()[-1], known), own)
            _live(woken)
            return woken
        except (MissingData, CorruptFile):
            if store.writer or tried == _TRIES or store.acknowledged() == known:
                raise
    raise AssertionError("unreachable")


def newest_whole(store: Store, own: OwnEncoder | None = None) -> tuple[Woken | None, str | None]:
    """The newest mind that can be read (None: nothing can), and what damage was met on the way to it."""
    try:
        return newest(store, own), None
    except (CorruptFile, MissingData) as error:
        damage = str(error)
    for base in reversed(store.bases()):
        try:
            woken = _begin(store, store.life(base), own)
        except (CorruptFile, MissingData):
            continue
        with suppress(CorruptFile, MissingData):  # as far as it goes
            _live(woken)
        return woken, damage
    return None, damage


def _begin(store: Store, life: Life, own: OwnEncoder | None) -> Woken:
    try:
        check_settings(store.head["settings"])
        mind = newborn(store.head["settings"], own=own)
        if life.state is not None:
            check_state(life.state)
            mind.load_state_dict(life.state)
    except (BadData, MissingData):
        raise  # the user's own encoder: not handed in, or another one
    except Exception as error:
        raise _strange(store, error) from error
    return Woken(mind, life)


def _live(woken: Woken, to: int | None = None) -> None:
    """Apply what came after the snapshot, up to version `to`."""
    if to == woken.life.version:
        return  # the log behind it may be kept no more
    for version, entry in woken.life:
        try:
            check_entry(entry, woken.mind.labels)
            woken.mind.apply(entry)
        except MemoryError:
            raise
        except Exception as error:
            raise _strange(woken.life, error) from error
        if version == to:
            return


def _strange(where: Store | Life, error: Exception) -> Exception:
    """What passes its checksums and is nothing that a brain writes was made by somebody else, or by a later version."""
    if isinstance(error, MemoryError | OSError):
        return error
    said = str(error) if isinstance(error, ReverieError) else f"{type(error).__name__}: {error}"
    path = where.path if isinstance(where, Store) else where.journal.path
    return CorruptFile(
        f"{path} holds what this version of Reverie does not write ({said}). Restore it from "
        "a copy, or open it with the version that wrote it."
    )
