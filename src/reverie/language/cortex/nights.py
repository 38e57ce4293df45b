"""What the nights of a memory have left, in its store: which model sleeps, and each night's report and adapter.

Everything of a night is written in one transaction with what it says of the episodes; so there is no half night. The
model of today is the model that was given, and the adapters of all nights on top of it; that of an earlier day is the
same with fewer.

The last seven nights keep an adapter each. Older ones are folded into one, in the transaction of the night that makes
one too many; so what is kept is at most seven adapters and twice the layers that learn, however many nights there
were. Adapters that are more together than a database takes in one piece stay apart. Folded nights are taken back
together, as one that told what all of them told. Their reports stay.
"""

import copy
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from reverie.errors import BadData
from reverie.language.cortex.adapters import Adapter, add_adapter, fold_adapters, pack_adapter, unpack_adapter
from reverie.language.cortex.causal import CausalModel
from reverie.language.cortex.embedded import embedded_model
from reverie.memory.episodic import EpisodicStore

__all__ = ["Night", "Nights", "base_model"]

_MODEL, _NIGHTS = "cortex model", "cortex nights"
_APART = 7  # nights
_LARGEST = 900_000_000  # bytes; a database takes a thousand million in one piece


@dataclass(frozen=True)
class Night:
    """One night that was kept.

    Attributes
    ----------
    number : int
    episodes : tuple of int
        That it told the weights.
    report : dict
    folded : int or None
        The first of the nights that it was folded with, under whose number their adapter is kept.
    """

    number: int
    episodes: tuple[int, ...]
    report: dict[str, Any]
    folded: int | None = None

    @property
    def place(self) -> int:
        """The number under which its adapter is kept."""
        return self.number if self.folded is None else self.folded


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
        return [Night(**one | {"episodes": tuple(one["episodes"])}) for one in self._store.get_named(_NIGHTS, [])]

    def adapter(self, number: int) -> Adapter | None:
        """What is kept under a night's number: its adapter, or that of all nights folded with it; None: nothing."""
        data = self._store.get_bytes(_place(number))
        return None if data is None else unpack_adapter(data)

    def together(self) -> Adapter:
        """One adapter that adds what all nights have added; empty where none has."""
        return fold_adapters([unpack_adapter(data) for _, data in self._kept(self.all())])

    def told_in(self) -> dict[int, int]:
        """Episodes that the weights of today were told, and the first night whose adapter is still there that did.

        Of folded nights that is the first of them.
        """
        nights, found = self.all(), dict[int, int]()
        there = {place for place, _ in self._kept(nights)}
        for night in nights:
            if night.place in there:
                found = dict.fromkeys(night.episodes, night.place) | found
        return found

    def model_before(self, base: CausalModel, number: int | None = None) -> CausalModel:
        """The model as it was before a night, or before all that were folded with it; None: as it is."""
        nights = self.all()
        end = next((one.place for one in nights if one.number == number), number)
        network = copy.deepcopy(base.network)
        for place, data in self._kept(nights):
            if end is None or place < end:
                add_adapter(network, unpack_adapter(data))
        return base.with_network(network)

    def keep(self, night: Night, adapter: Adapter, *, instead_of: int | None = None) -> None:
        """Keep a night, and fold what is old; inside the store's transaction.

        Parameters
        ----------
        instead_of : int, optional
            The night stands for this one and for all later ones, which stay in the list without their adapters.
        """
        nights = self.all()
        if instead_of is not None:
            for one in nights:
                if one.number >= instead_of:
                    self._store.set_bytes(_place(one.number), None)
        self._store.set_bytes(_place(night.number), pack_adapter(adapter))
        self._store.set_named(_NIGHTS, [asdict(one) for one in self._fold([*nights, night])])

    def note(self, night: Night) -> None:
        """Put a night into the list that left no adapter; inside the store's transaction."""
        self._store.set_named(_NIGHTS, [asdict(one) for one in [*self.all(), night]])

    def _fold(self, nights: list[Night]) -> list[Night]:
        """Fold the adapters of all nights but the last few into one; the nights, as they are kept then."""
        old = self._kept(nights)[:-_APART]
        if len(old) < 2 or sum(len(data) for _, data in old) > _LARGEST:
            return nights
        first, places = old[0][0], {place for place, _ in old}
        whole = pack_adapter(fold_adapters([unpack_adapter(data) for _, data in old]))
        for place in places - {first}:
            self._store.set_bytes(_place(place), None)
        self._store.set_bytes(_place(first), whole)
        return [replace(one, folded=first) if one.place in places else one for one in nights]

    def _kept(self, nights: list[Night]) -> list[tuple[int, bytes]]:
        """The adapters that are there, the oldest first, and under which number each is kept."""
        found = ((one.number, self._store.get_bytes(_place(one.number))) for one in nights)
        return [(number, data) for number, data in found if data is not None]

    @property
    def next(self) -> int:
        return max((night.number for night in self.all()), default=0) + 1


def _place(number: int) -> str:
    return f"cortex night {number:06d}"
