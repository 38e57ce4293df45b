"""Keys kept aside, of one sample in twenty and of two thousand at most: a night is judged by how it answers them.

They are learned as all others are. Where it is asked how well something answers, they are taken out of the sums first,
which is exact, and so they are as samples that were never learned. Which samples are kept does not depend on their
order: those whose hash is small; the limit falls where there would be too many, or more than have room. They are
forgotten with what they are of, and go where a key is not exactly the key of a sample any more.
"""

from typing import Any

import torch
from jaxtyping import Bool, Int64, Num, UInt8
from torch import Tensor

from reverie.brain.hashes import hashes
from reverie.contracts import State

__all__ = ["Aside"]

_SHARE = 1 / 20
_MOST = 2000
_HASHED = 256


class Aside:
    """The keys, their value columns, and the names under which they were learned.

    Parameters
    ----------
    room : int, optional
        Bytes that the keys may take.

    Examples
    --------
    >>> aside = Aside()
    >>> keys = torch.arange(3000).reshape(1000, 3)
    >>> entry = Aside.of(keys, torch.arange(1000) % 2)
    >>> aside.add(entry, None)
    >>> 30 < len(aside.columns) < 80
    True
    """

    def __init__(self, room: int | None = None) -> None:
        self.room = room
        self.keys: Num[Tensor, "m d"] = torch.zeros(0, 0, dtype=torch.int64)
        self.columns: Int64[Tensor, " m"] = torch.zeros(0, dtype=torch.int64)
        self.names: list[str | None] = []
        self.codes: UInt8[Tensor, "m size"] = torch.zeros(0, 0, dtype=torch.uint8)  # of their traces, if there are any
        self.coded: Bool[Tensor, " m"] = torch.zeros(0, dtype=torch.bool)

    @staticmethod
    def chosen(keys: Num[Tensor, "n d"]) -> Bool[Tensor, " n"]:
        """Which keys are kept."""
        return _hashes(keys) < _SHARE

    @staticmethod
    def of(keys: Num[Tensor, "n d"], columns: Int64[Tensor, " n"]) -> State:
        """What is to be kept of a batch; a part of its entry."""
        chosen = Aside.chosen(keys)
        return {"keys": _narrow(keys[chosen]), "columns": columns[chosen]}

    def add(self, entry: State, name: str | None) -> None:
        """Keep what `of` gave."""
        if not len(entry["columns"]):
            return
        keys = entry["keys"]
        if len(self.columns):
            kind = torch.promote_types(self.keys.dtype, keys.dtype)
            keys = torch.cat([self.keys.to(kind), keys.to(kind)])
        self.keys = keys
        self.columns = torch.cat([self.columns, entry["columns"]])
        self.names += [name] * len(entry["columns"])
        self._add_codes(entry, len(entry["columns"]))
        most = _MOST
        if self.room is not None:
            most = min(_MOST, self.room // (self.keys.shape[1] * self.keys.element_size()))
        if len(self.columns) > most:
            kept = torch.zeros(len(self.columns), dtype=torch.bool)
            kept[_hashes(self.keys).argsort(stable=True)[:most]] = True
            self._keep(kept)

    def _add_codes(self, entry: State, n: int) -> None:
        codes, coded = entry.get("codes", self.codes[:0]), entry.get("coded")
        size = max(codes.shape[1], self.codes.shape[1])
        if len(codes) != n:
            codes, coded = codes.new_zeros(n, size), None
        there = self.codes if self.codes.shape[1] == size else self.codes.new_zeros(len(self.coded), size)
        self.codes = torch.cat([there, codes])
        self.coded = torch.cat([self.coded, torch.zeros(n, dtype=torch.bool) if coded is None else coded])

    def uncode(self) -> None:
        """Keep the codes of none."""
        self.codes = self.codes.new_zeros(len(self.columns), 0)
        self.coded = torch.zeros(len(self.columns), dtype=torch.bool)

    def merge(self, other: "Aside", columns: list[int], *, coded: bool = False) -> None:
        """Keep another's too; `columns[j]` is where its column j belongs here; `coded`: with their traces' codes."""
        for name in dict.fromkeys(other.names):
            of = torch.tensor([one == name for one in other.names])
            moved = torch.tensor([columns[column] for column in other.columns[of].tolist()], dtype=torch.int64)
            codes = {"codes": other.codes[of], "coded": other.coded[of]} if coded else {}
            self.add({"keys": other.keys[of], "columns": moved} | codes, name)

    def forget_column(self, column: int) -> None:
        """Keep nothing of a class; later columns move up."""
        self._keep(self.columns != column)
        self.columns = self.columns - (self.columns > column).long()

    def forget_name(self, name: str) -> None:
        """Keep nothing that was learned under a name."""
        self._keep(torch.tensor([one != name for one in self.names], dtype=torch.bool))

    def forget_keys(self, keys: Num[Tensor, "n d"]) -> None:
        """Keep none of these keys, whatever they are of."""
        gone = {row.numpy().tobytes() for row in keys.long()}
        there = [row.numpy().tobytes() not in gone for row in self.keys.long()]
        self._keep(torch.tensor(there, dtype=torch.bool))

    def restrict(self, inputs: Int64[Tensor, " kept"]) -> None:
        """Keep these inputs of the keys."""
        if len(self.columns):
            self.keys = self.keys[:, inputs].contiguous()

    def _keep(self, which: Bool[Tensor, " m"]) -> None:
        self.keys, self.columns = self.keys[which], self.columns[which]
        self.codes, self.coded = self.codes[which], self.coded[which]
        self.names = [name for name, kept in zip(self.names, which.tolist(), strict=True) if kept]

    def state_dict(self) -> State:
        coded = {"codes": self.codes, "coded": self.coded} if self.codes.shape[1] else {}
        return {"keys": self.keys, "columns": self.columns, "names": self.names} | coded

    @classmethod
    def from_state(cls, state: State, room: int | None = None) -> "Aside":
        aside = cls(room)
        aside.keys, aside.columns, aside.names = state["keys"], state["columns"], list(state["names"])
        aside.uncode()
        if "codes" in state:
            aside.codes, aside.coded = state["codes"], state["coded"]
        return aside


def _hashes(keys: Num[Tensor, "n d"]) -> Tensor:
    """Numbers 0…1, evenly spread, that depend on the key: on all of it, or on 256 inputs."""
    source = torch.Generator().manual_seed(20)
    inputs = torch.randperm(keys.shape[1], generator=source)[:_HASHED]
    return (hashes(keys[:, inputs], source) & (2**40 - 1)).double() / 2**40


def _narrow(keys: Tensor) -> Tensor:
    """Whole numbers in as few bytes as hold them."""
    largest = int(keys.abs().max()) if keys.numel() else 0
    smallest: Any = torch.uint8 if keys.numel() == 0 or int(keys.min()) >= 0 else torch.int8
    for kind in (smallest, torch.int16, torch.int32):
        if largest <= torch.iinfo(kind).max:
            return keys.to(kind)
    return keys
