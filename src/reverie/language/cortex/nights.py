"""What the nights of a memory have left, in its store: which model sleeps, the adapter and the report of each night.

Everything of a night is written in one transaction with what it says of the episodes; so there is no half night. The
model of today is the model that was given, and the adapters of all nights on top of it; that of an earlier day is the
same with fewer.
"""

import copy
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from reverie.errors import BadData
from reverie.language.cortex.adapters import Adapter, add_adapter, pack_adapter, unpack_adapter
from reverie.language.cortex.causal import CausalModel
from reverie.language.cortex.embedded import embedded_model
from reverie.memory.episodic import EpisodicStore

__all__ = ["Night", "Nights", "base_model"]

_MODEL, _NIGHTS = "cortex model", "cortex nights"


@dataclass(frozen=True)
class Night:
    """One night that was kept: its number, the episodes that it told the weights, and its report."""

    number: int
    episodes: tuple[int, ...]
    report: dict[str, Any]


def base_model(name: str) -> CausalModel:
    """A model by name: "tiny", the one within the package, or the folder of one."""
    return embedded_model() if name == "tiny" else CausalModel.load(Path(name))


class Nights:
    """The nights of one memory.

    Parameters
    ----------
    store : EpisodicStore
    """

    def __init__(self, store: EpisodicStore) -> None:
        self._store = store

    @property
    def model(self) -> str | None:
        """The model that sleeps here; None: none has yet."""
        found: str | None = self._store.get_named(_MODEL)
        return found

    def choose(self, model: str) -> CausalModel:
        """Name the model, before the first night; it is read, and kept by name only if it can be."""
        name = model if model == "tiny" else str(Path(model).resolve())
        if self.model not in (None, name) and self.all():
            raise BadData(
                f"This memory sleeps with the model {self.model}, not with {name}: its nights fit no other. Leave the"
                " model out, or export the memory and import it into a new one."
            )
        found = base_model(name)
        self._store.set_named(_MODEL, name)
        return found

    def all(self) -> list[Night]:
        return [
            Night(one["number"], tuple(one["episodes"]), one["report"]) for one in self._store.get_named(_NIGHTS, [])
        ]

    def adapter(self, number: int) -> Adapter | None:
        data = self._store.get_bytes(_place(number))
        return None if data is None else unpack_adapter(data)

    def told_in(self) -> dict[int, int]:
        """Episodes that the weights of today were told, and the first night whose adapter is still there that did."""
        found: dict[int, int] = {}
        for night in self.all():
            if self._store.get_bytes(_place(night.number)) is not None:
                found = dict.fromkeys(night.episodes, night.number) | found
        return found

    def model_before(self, base: CausalModel, number: int | None = None) -> CausalModel:
        """The model as it was before a night; None: as it is."""
        network = copy.deepcopy(base.network)
        for night in self.all():
            adapter = self.adapter(night.number)
            if adapter is not None and (number is None or night.number < number):
                add_adapter(network, adapter)
        return base.with_network(network)

    def keep(self, night: Night, adapter: Adapter, *, instead_of: int | None = None) -> None:
        """Keep a night; inside the store's transaction. `instead_of`: of this night and of all later ones.

        The nights that it stands for stay in the list, without their adapters.
        """
        nights = self.all()
        if instead_of is not None:
            for one in nights:
                if one.number >= instead_of:
                    self._store.set_bytes(_place(one.number), None)
        self._store.set_bytes(_place(night.number), pack_adapter(adapter))
        self._store.set_named(_NIGHTS, [asdict(one) for one in (*nights, night)])

    @property
    def next(self) -> int:
        return max((night.number for night in self.all()), default=0) + 1


def _place(number: int) -> str:
    return f"cortex night {number:06d}"
