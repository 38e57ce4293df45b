"""What a brain knows, in memory; it changes only by entries, so that a log of entries is its whole life.

An entry is a State with a `kind`: what was learned or forgotten, as sums (`reverie.memory.contribution`), never as
samples. The same entries in the same order give the same mind, bit for bit.
"""

from copy import deepcopy
from typing import Any

import torch
from torch import Tensor

from reverie.brain.senses import Senses
from reverie.contracts import State
from reverie.memory import AssociativeMemory, moved_columns

__all__ = ["Mind"]

_HISTORY = 1000  # items told one by one; older ones are dropped


class Mind:
    """Senses, memory, labels, and the history of their changes.

    Attributes
    ----------
    labels : list
        In order of first sight: the columns of the memory's values.
    ledger : dict
        Contributions that can be forgotten by their name.
    version : int
        How many changes there have been.
    oldest : int
        Versions before this one are to be kept nowhere: something they knew has been forgotten.
    """

    def __init__(self, senses: Senses, memory: AssociativeMemory) -> None:
        self.senses, self.memory = senses, memory
        self.labels: list[Any] = []
        self.ledger: dict[str, State] = {}
        self.history: list[dict[str, Any]] = []
        self.version = 0
        self.oldest = 0

    @property
    def counts(self) -> dict[Any, int]:
        """How many samples of each label the sums hold."""
        if not self.labels:
            return {}
        sums = [int(n) for n in self.memory.value_sums.round().tolist()]
        return {label: sums[column] if column < len(sums) else 0 for column, label in enumerate(self.labels)}

    def apply(self, entry: State) -> None:
        """Change by one entry; it must have been checked."""
        kind = entry["kind"]
        if kind == "learn":
            self._learn(entry)
        elif kind == "forget":
            self._forget(entry)
        self.record(entry["event"])

    def record(self, event: dict[str, Any]) -> None:
        """Count a change, and remember that it happened."""
        self.version += 1
        self.history = [*self.history, {"version": self.version, **event}][-_HISTORY:]

    def _learn(self, entry: State) -> None:
        self.labels = [*self.labels, *entry["new_labels"]]
        self.memory.absorb(entry["batch"])
        if entry["name"] is not None:
            self.ledger[entry["name"]] = entry["batch"]

    def _forget(self, entry: State) -> None:
        for name in entry["names"]:
            self.memory.absorb(self.ledger.pop(name), sign=-1)
        for batch in entry["batches"]:
            self.memory.absorb(batch, sign=-1)
        if entry["label"] is not None:
            column = self.labels.index(entry["label"])
            self.memory.forget_column(column)
            self.labels = [label for label in self.labels if label != entry["label"]]
            to = [None if other == column else other - (other > column) for other in range(len(self.labels) + 1)]
            self.ledger = {name: moved_columns(batch, to) for name, batch in self.ledger.items()}
        self.oldest = self.version + 1

    # keeping

    def state_dict(self) -> State:
        return {
            "senses": self.senses.state_dict(),
            "memory": self.memory.state_dict(),
            "labels": self.labels,
            "ledger": self.ledger,
            "history": self.history,
            "version": self.version,
            "oldest": self.oldest,
        }

    def load_state_dict(self, state: State) -> None:
        self.senses = Senses.from_state(state["senses"])
        self.memory.load_state_dict(state["memory"])
        self.labels, self.ledger, self.history = list(state["labels"]), dict(state["ledger"]), list(state["history"])
        self.version, self.oldest = int(state["version"]), int(state["oldest"])

    def copy(self) -> "Mind":
        """Another mind that knows the same."""
        twin = Mind(self.senses, AssociativeMemory(ridge=self.memory.ridge, per_class=self.memory.per_class))
        twin.load_state_dict(deepcopy(self.state_dict()))
        return twin

    def columns(self, labels: list[Any]) -> Tensor:
        """The value column of each label; new labels come after the known ones."""
        book = {label: column for column, label in enumerate(self.labels)}
        for label in labels:
            book.setdefault(label, len(book))
        return torch.tensor([book[label] for label in labels], dtype=torch.int64)
