"""Traces: of each picture that is learned a code of a few hundred bytes, which a night replays. A bounded store.

The store is balanced by class: where it is full, the largest class gives up a trace. Which one does not depend on their
order: the one whose hash is largest. The code is fitted on the first pictures, each second one of a thousand at most,
and these leave no trace: a network would learn that their error is smaller.

What is kept aside to judge a night by (`reverie.brain.aside`) is in no trace here; its code lies beside its key.
"""

import hashlib
from typing import Any, NamedTuple

import torch
from jaxtyping import Bool, Int64, Num, UInt8
from torch import Tensor

from reverie.brain.aside import Aside
from reverie.brain.hashes import hashes
from reverie.contracts import State
from reverie.errors import BadData, CorruptFile
from reverie.layers import TraceCode, VisualCortex
from reverie.senses import Senses
from reverie.senses.cortex import Cortex

__all__ = ["LEAST", "Traces", "bytes_of"]

LEAST = 2**20
"""Bytes that a store of traces has, or more."""

_UNITS = {"kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}
_BESIDE = 12  # bytes of a trace beside its code: its column and its name
_FITTED = 1000  # pictures on which a code is fitted, at most; as many at least as there are up to two
_BLOCK = 500
_SEED = 21  # of the hashes


def bytes_of(given: Any) -> int:
    """A number of bytes, as such or in words; 0 for None.

    Examples
    --------
    >>> bytes_of("20MB"), bytes_of("1.5 MiB"), bytes_of(None)
    (20000000, 1572864, 0)
    """
    if given is None or given is False:
        return 0
    number: Any = given
    if isinstance(given, str):
        word = given.strip().lower()
        unit = next((unit for unit in sorted(_UNITS, key=len, reverse=True) if word.endswith(unit)), "")
        try:
            number = int(float(word.removesuffix(unit)) * _UNITS.get(unit, 1))
        except (ValueError, OverflowError):
            number = None
    if not isinstance(number, int) or isinstance(number, bool) or (number != 0 and not LEAST <= number < 2**50):
        raise BadData(
            f"traces is {given!r}. Expected bytes, a megabyte (2**20) or more, such as '20MB'; or 0 for none."
        )
    return number


class Traced(NamedTuple):
    """Traces of a batch.

    Attributes
    ----------
    kept : State
        For the store: `codes` and `columns`.
    aside : State
        `codes` of those that are kept aside, in their order, and which of them are `coded` to be judged by.
    """

    kept: State
    aside: State


class Traces:
    """The store.

    Parameters
    ----------
    budget : int
        Bytes that it may have, what the code needs included.

    Attributes
    ----------
    code : TraceCode or None
        Fixed since the first experience; None before.
    codes, columns : Tensor
        Traces, and their value columns.
    of_name : Int32[Tensor, " n"]
        Places in `names`; −1 for what was learned without a name.
    """

    def __init__(self, budget: int) -> None:
        self.budget = budget
        self.code: TraceCode | None = None
        self.shape: tuple[int, ...] = ()
        self.codes: UInt8[Tensor, "n size"] = torch.zeros(0, 0, dtype=torch.uint8)
        self.columns: Int64[Tensor, " n"] = torch.zeros(0, dtype=torch.int64)
        self.of_name: Tensor = torch.zeros(0, dtype=torch.int32)
        self.names: list[str] = []

    def __len__(self) -> int:
        return len(self.columns)

    @property
    def room(self) -> int:
        """How many traces it may hold."""
        return 0 if self.code is None else max(0, (self.budget - self.code.bytes) // (self.code.code_bytes + _BESIDE))

    @property
    def bytes(self) -> int:
        """Of the store and its code."""
        return 0 if self.code is None else self.code.bytes + len(self) * (self.code.code_bytes + _BESIDE)

    @property
    def digest(self) -> str:
        """Of the code; empty before there is one."""
        return "" if self.code is None else self.code.digest

    @property
    def content(self) -> str:
        """SHA-256 of the traces and their code."""
        found = hashlib.sha256(self.digest.encode())
        found.update(self.codes.numpy().tobytes())
        found.update(self.columns.numpy().tobytes())
        return found.hexdigest()

    # codes

    def entries(self, senses: Senses, samples: Any, keys: Num[Tensor, "n d"], columns: Int64[Tensor, " n"]) -> Traced:
        """The traces of pictures; where there is no code yet, it is fitted on each second one, which leave none.

        Raises
        ------
        BadData
            The sense is not the cortex.
        """
        free = torch.ones(len(columns), dtype=torch.bool)
        if self.code is None:
            sight, first = _sight(senses), slice(0, 2 * _FITTED)
            pictures = _pictures(senses, samples[first])[::2]
            self.code, self.shape = TraceCode.of(sight, pictures), sight.shape
            self.codes = torch.zeros(0, self.code.code_bytes, dtype=torch.uint8)
            free[first][::2] = False
        codes, judges = self.see(senses, samples), Aside.chosen(keys)
        kept = free & ~judges
        return Traced({"codes": codes[kept], "columns": columns[kept]}, {"codes": codes[judges], "coded": free[judges]})

    def of(self, senses: Senses, samples: Any, columns: Int64[Tensor, " n"]) -> State:
        """The traces of pictures that were learned, to be forgotten."""
        return {"codes": self.see(senses, samples), "columns": columns}

    def see(self, senses: Senses, samples: Any) -> UInt8[Tensor, "n size"]:
        """The codes of pictures."""
        assert self.code is not None
        blocks = [samples[i : i + _BLOCK] for i in range(0, len(samples), _BLOCK)]
        return torch.cat([self.code(_pictures(senses, block)) for block in blocks])

    def about(self) -> dict[str, int]:
        """How many there are and may be, their bytes, and the bytes of one."""
        each = 0 if self.code is None else self.code.code_bytes + _BESIDE
        return {"count": len(self), "room": self.room, "bytes": self.bytes, "each": each}

    # the store

    def add(self, entry: State, name: str | None) -> None:
        """Keep the traces of an entry (`codes`, `columns`); without room for all, the largest classes give some up."""
        codes, columns = entry["codes"], entry["columns"]
        place = -1
        if name is not None and len(codes):
            self.names = self.names if name in self.names else [*self.names, name]
            place = self.names.index(name)
        self._join(codes, columns, torch.full((len(codes),), place, dtype=torch.int32))

    def _join(self, codes: Tensor, columns: Tensor, of_name: Tensor) -> None:
        if len(codes):
            self.codes = torch.cat([self.codes, codes])
            self.columns = torch.cat([self.columns, columns])
            self.of_name = torch.cat([self.of_name, of_name])
        if len(self) > self.room:
            self._keep(_balanced(self.codes, self.columns, self.room))

    def merge(self, other: "Traces", columns: list[int]) -> bool:
        """Keep another's too; `columns[j]` is where its column j belongs here. False: they are coded otherwise."""
        if other.code is None or self.digest not in ("", other.digest):
            return False
        if self.code is None:
            self.code, self.shape, self.codes = other.code, other.shape, other.codes[:0]
        self.names = [*self.names, *(name for name in other.names if name not in self.names)]
        names = torch.tensor([self.names.index(name) for name in other.names] + [-1], dtype=torch.int32)
        to = torch.tensor([*columns, 0], dtype=torch.int64)
        self._join(other.codes, to[other.columns], names[other.of_name.long()])
        return True

    def forget_column(self, column: int) -> None:
        """Keep nothing of a class; later columns move up."""
        self._keep(self.columns != column)
        self.columns = self.columns - (self.columns > column).long()

    def forget_name(self, name: str) -> None:
        """Keep nothing that was learned under a name."""
        if name in self.names:
            self._keep(self.of_name != self.names.index(name))

    def forget(self, entry: State) -> None:
        """Keep none of these codes of these columns."""
        gone = set(zip(map(bytes, entry["codes"].numpy()), entry["columns"].tolist(), strict=True))
        there = zip(map(bytes, self.codes.numpy()), self.columns.tolist(), strict=True)
        self._keep(torch.tensor([one not in gone for one in there], dtype=torch.bool))

    def erase(self) -> None:
        """Keep none; the code stays."""
        self._keep(torch.zeros(len(self), dtype=torch.bool))

    def _keep(self, which: Bool[Tensor, " n"]) -> None:
        self.codes, self.columns, self.of_name = self.codes[which], self.columns[which], self.of_name[which]
        used = sorted({place for place in self.of_name.tolist() if place >= 0})
        if len(used) < len(self.names):
            to = torch.full((len(self.names) + 1,), -1, dtype=torch.int32)
            to[used] = torch.arange(len(used), dtype=torch.int32)
            self.names, self.of_name = [self.names[place] for place in used], to[self.of_name.long()]

    # keeping

    def state_dict(self) -> State:
        state: State = {"budget": self.budget, "code": None}
        if self.code is not None:
            state |= {
                "code": self.code.state(),
                "shape": list(self.shape),
                "codes": self.codes,
                "columns": self.columns.int(),
                "of_name": self.of_name,
                "names": self.names,
            }
        return state

    @classmethod
    def from_state(cls, state: State) -> "Traces":
        """What `state_dict` told of.

        Raises
        ------
        CorruptFile
        """
        traces = cls(int(state["budget"]))
        if state["code"] is None:
            return traces
        traces.shape = tuple(int(side) for side in state["shape"])
        traces.code = TraceCode.from_state(state["code"], traces.shape)
        traces.codes, traces.columns = state["codes"], state["columns"].long()
        traces.of_name, traces.names = state["of_name"], [str(name) for name in state["names"]]
        if traces.codes.shape != (len(traces), traces.code.code_bytes) or len(traces) > traces.room:
            raise CorruptFile("It holds traces of another size than their code.")
        return traces


def _sight(senses: Senses) -> VisualCortex:
    sense = senses.sense
    if isinstance(sense, Cortex) and isinstance(sense.module, VisualCortex):
        return sense.module
    raise BadData(
        f"This brain was created with traces, which are kept of pictures that pass the sense cortex. Its sense is "
        f"{senses.encoder}. Create the brain without traces, or with encoder='cortex'."
    )


def _pictures(senses: Senses, samples: Any) -> Num[Tensor, "n *shape"]:
    assert isinstance(senses.sense, Cortex)
    return senses.sense.numbers(samples)


def _balanced(codes: Tensor, columns: Tensor, room: int) -> Bool[Tensor, " n"]:
    """Which traces stay: of the largest classes those whose hashes are smallest, so that all have room."""
    counts = torch.bincount(columns)
    low, high = 0, int(counts.max())
    while low < high:  # the largest number of a class with which all fit
        middle = (low + high + 1) // 2
        low, high = (middle, high) if int(counts.clamp_max(middle).sum()) <= room else (low, middle - 1)
    spare = room - int(counts.clamp_max(low).sum())
    mixed = hashes(codes, torch.Generator().manual_seed(_SEED))
    kept = torch.zeros(len(codes), dtype=torch.bool)
    for column in counts.nonzero().flatten().tolist():
        of = (columns == column).nonzero().flatten()
        more = 1 if len(of) > low and spare > 0 else 0
        spare -= more
        kept[of[mixed[of].argsort(stable=True)[: low + more]]] = True
    return kept
