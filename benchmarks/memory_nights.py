"""The life of a memory that a language model sleeps with, in small, for `memory_kills.py`.

The network is a throw-away one, made from chance: a night of it takes some tenths of a second. Facts are told, slept
on, changed, slept on with their text dropped, and forgotten, in the store and then in the weights; after some nights
the old ones are folded. A night that is tried again would be another one, and could not be compared with that of a
twin; so each change says first which night it is.
"""

import hashlib
from datetime import UTC, datetime, timedelta
from functools import cache

import numpy as np
import torch

from reverie.language.cortex import CausalModel, Gate, LanguageCortex, NightPlan
from reverie.language.cortex.tiny import tiny_model
from reverie.memory.episodic import SQLiteStore

CHANGES = 48
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
TRIED = "cortex nights tried"
PLAN = NightPlan(rank=16, steps=24, replayed=16, learning_rate=5e-2)
GATE = Gate(retention=0.0, general=99.0, arrived=0.0)
ROWS = (
    "SELECT id, text, who, what, value, valid_to, stage, night, forgotten FROM episodes ORDER BY id",
    f"SELECT name, data FROM named WHERE name != '{TRIED}' ORDER BY name",
)


@cache
def base() -> tuple[CausalModel, list[str]]:
    """The network, and what it says of itself."""
    model = tiny_model(width=48, depth=1, generator=torch.Generator().manual_seed(0))
    return model, model.sample(40, torch.Generator().manual_seed(0))


def cortex_of(store: SQLiteStore) -> LanguageCortex:
    """That sleeps with a store, and takes nights as they come."""
    model, said = base()
    cortex = LanguageCortex(store, base=model, plan=PLAN, gate=GATE)
    cortex._own_words = said
    return cortex


def change(store: SQLiteStore, index: int) -> None:
    """The change number `index`."""
    store.set_named(TRIED, index)
    at = BEGAN + timedelta(days=index)
    kind, number = index % 6, index // 6
    if kind == 0:
        with store.transaction():
            for who in ("Ana", "Ben"):
                tell(store, f"{who} {number}", f"{number}", at)
    elif kind == 1:
        cortex_of(store).sleep()
    elif kind == 2:
        tell(store, f"Ana {number}", f"{number + 1}", at)
    elif kind == 3:
        cortex_of(store).sleep(drop_text=True)
    elif kind == 4 and number % 4 < 3:
        store.confirm("Who lives where?", [one.id for one in store.live()], at)
    elif kind == 4:
        learned = store.learned()
        last = number == 3  # then the first, whose night has been folded
        store.forget([one.id for one in (learned[-1:] if last else learned[:1])], at)
    else:
        cortex_of(store).forget()


def asleep(index: int) -> bool:
    """Whether a change is a night of the weights: one that learns, or one that forgets."""
    return index % 6 in (1, 3, 5)


def tell(store: SQLiteStore, who: str, value: str, at: datetime) -> None:
    """One fact."""
    store.add(f"{who}'s city is {value}.", np.ones(8, np.float32), who=who, what="city", value=value, heard=at)


def state(store: SQLiteStore) -> str:
    """Digest of all that is kept but how often a night was tried, and when what was changed."""
    return hashlib.sha256(repr([store._ask(rows) for rows in ROWS]).encode()).hexdigest()


def faults(store: SQLiteStore) -> list[str]:
    """Where nights, adapters and episodes do not agree."""
    cortex = cortex_of(store)
    nights, told = cortex.nights.all(), cortex.nights.told_in()
    numbers, places = [one.number for one in nights], {one.place for one in nights}
    kept = [int(name[-6:]) for (name,) in store._ask("SELECT name FROM named WHERE name LIKE 'cortex night 0%'")]
    found = [f"the adapter {number} is of no night" for number in kept if number not in places]
    if numbers != list(range(1, len(numbers) + 1)):
        found.append(f"the nights are {numbers}")
    for one in cortex._in_weights():
        if one.id not in told or one.night not in numbers:
            found.append(f"the episode {one.id} is marked by night {one.night}, and no adapter was told it")
    for last in nights[-1:]:
        marked = sum(one.night == last.number for one in store.all())
        if marked != last.report.get("arrived", marked):
            found.append(f"{last.report['arrived']} facts arrived in night {last.number}, and {marked} are marked")
    _ = cortex.model  # every adapter can be read, and fits
    return found
