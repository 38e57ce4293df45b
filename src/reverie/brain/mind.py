"""What a brain knows, in memory; it changes only by entries, so that a log of entries is its whole life.

An entry is a State with a `kind`: what was learned or forgotten, as sums (`reverie.memory.contribution`), never as
samples. The same entries in the same order give the same mind, bit for bit.
"""

from copy import deepcopy
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn.functional import pad

from reverie.brain.aside import Aside
from reverie.brain.deeper import Deeper
from reverie.brain.joined import Joined
from reverie.brain.numbers import Numbers
from reverie.brain.tags import Tags
from reverie.brain.traces import Traces
from reverie.brain.watch import Watch
from reverie.checkpoint import state_bytes
from reverie.contracts import State
from reverie.errors import BadData
from reverie.memory import AssociativeMemory
from reverie.memory.contribution import moved_columns, restricted, widened_batch, without_sketch
from reverie.memory.familiarity import unfamiliarity
from reverie.memory.labelling import Labelling
from reverie.memory.regression import Regression
from reverie.senses import Senses
from reverie.sleep import cortex_network

__all__ = ["Mind"]

_HISTORY = 1000  # items told one by one; older ones are dropped


class Known(NamedTuple):
    """What is known of labels at a version.

    Attributes
    ----------
    labels : list
        Those that the sums hold samples of, sorted.
    columns : Int64[Tensor, " k"]
        Their value columns.
    """

    version: int
    labels: list[Any]
    columns: Int64[Tensor, " k"]


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
    nights : int
        How many have been slept through.
    watch : Watch
        Looks for drift.
    aside : Aside or None
        Keys by which a night is judged; None: none are kept.
    cortex : Module or None
        The network that the last night trained: keys to logits of the labels there were then.
    traces : Traces or None
        Codes of pictures, which a night replays; None: none are kept.
    deeper : Deeper or None
        What the last night has trained on them; it answers together with the memory.
    numbers : Numbers or None
        How what is learned becomes digits, where that is numbers and not classes.
    tags : Tags or None
        The labels that were ever given, where a sample has several.
    oldest : int
        Versions before this one are to be kept nowhere: something they knew has been forgotten.
    """

    def __init__(self, senses: Senses, memory: AssociativeMemory) -> None:
        self.senses, self.memory = senses, memory
        self.memory.unit = senses.unit
        self.labels: list[Any] = []
        self.ledger: dict[str, State] = {}
        self.history: list[dict[str, Any]] = []
        self.version = 0
        self.oldest = 0
        self.nights = 0
        self.cortex: nn.Module | None = None
        self.watch = Watch()
        self.numbers: Numbers | None = None
        self.tags: Tags | None = None
        self.aside: Aside | None = None
        self.traces: Traces | None = None
        self.deeper: Deeper | None = None
        self._known: Known | None = None
        self._voices: tuple[int, Joined] | None = None
        self._regression: tuple[int, Regression] | None = None  # of a version
        self._labelling: tuple[int, Labelling] | None = None

    @property
    def counts(self) -> dict[Any, int]:
        """How many samples of each label the sums hold."""
        if not self.labels:
            return {}
        sums = [int(n) for n in self.memory.value_sums.round().tolist()]
        return {label: sums[column] if column < len(sums) else 0 for column, label in enumerate(self.labels)}

    def known(self) -> Known:
        """The labels that the sums hold samples of; found once after each change."""
        if self._known is None or self._known.version != self.version:
            labels = sorted(label for label, count in self.counts.items() if count > 0)
            self._known = Known(self.version, labels, self.columns(labels))
        return self._known

    def need_numbers(self) -> None:
        """Refuse to be asked for numbers where none were learned."""
        if self.numbers is None or not self.memory.samples:
            raise BadData("This brain has learned nothing yet. Let it learn samples with numbers first.")

    def regression(self) -> Regression:
        """What reads numbers out of the sums; made once after each change."""
        self.need_numbers()
        assert self.numbers is not None
        if self._regression is None or self._regression[0] != self.version:
            self._regression = self.version, Regression(self.memory, self.numbers.weights)
        return self._regression[1]

    def labelling(self) -> Labelling:
        """What reads several labels out of the sums; made once after each change."""
        if self.tags is None or not self.memory.samples:
            raise BadData("This brain has learned nothing yet. Let it learn samples with lists of labels first.")
        if self._labelling is None or self._labelling[0] != self.version:
            self._labelling = self.version, Labelling(self.memory, self.tags.width)
        return self._labelling[1]

    def tag_counts(self) -> dict[str, int]:
        """How many samples have each label, where a sample has several."""
        if self.tags is None or not self.memory.samples:
            return {}
        counts = self.memory.last_sums(self.tags.width)
        return dict(zip(self.tags.names, (int(count) for count in counts.round().tolist()), strict=True))

    def tags_met(self) -> list[str]:
        """The labels that any sample has, sorted."""
        return sorted(name for name, count in self.tag_counts().items() if count > 0)

    def places(self, names: list[str]) -> list[int]:
        """Where these labels stand among those that were ever given."""
        assert self.tags is not None
        found = {name: place for place, name in enumerate(self.tags.names)}
        return [found[name] for name in names]

    @property
    def beside(self) -> int:
        """How many inputs stand at the end of a key that tell what it is learned as."""
        return sum(part.width for part in (self.numbers, self.tags) if part is not None)

    def retag(self, tags: Tags) -> None:
        """Know these labels, in this order: those that are known, and new ones, which no sample had until now."""
        known = self.tags or Tags()
        wide = Tags((*known.names, *(name for name in tags.names if name not in known.names)))
        more = wide.width - known.width
        if more:
            self.memory.widen(more)
            self.ledger = {name: widened_batch(batch, more) for name, batch in self.ledger.items()}
        if wide != tags:
            d = self.memory.width - wide.width
            inputs = torch.tensor([*range(d), *(d + wide.names.index(name) for name in tags.names)])
            self.memory.restrict(inputs)
            self.ledger = {name: restricted(batch, inputs) for name, batch in self.ledger.items()}
        self.tags, self.watch = tags, Watch()  # distances are other ones now

    def apply(self, entry: State, *, keys: Tensor | None = None, columns: Tensor | None = None) -> None:
        """Change by one entry; it must have been checked.

        `keys` and their value `columns`, where they are at hand: what a `learn` entry's factors were made of. Integer
        keys give the same sums as their factors to the last bit, and sooner.
        """
        kind = entry["kind"]
        if kind == "learn":
            self._learn(entry, keys, columns)
            self.watch.apply(entry["seen"], self.version + 1)
        elif kind == "correct":
            self.labels = [*self.labels, *entry["new_labels"]]
            if entry["gone"] is not None:
                whole = self._sketches([entry["gone"]])
                self.memory.absorb(entry["gone"] if whole else without_sketch(entry["gone"]), sign=-1)
                self._not_aside(entry)
                if not whole:
                    self.restart_sketch()
            self.memory.absorb(entry["batch"])
            if self.traces is not None and "traces" in entry:
                self.traces.add(entry["traces"], None)
        elif kind == "forget":
            self._forget(entry)
        elif kind == "rename":
            self.labels = [entry["to"] if label == entry["label"] else label for label in self.labels]
            self.watch.forget(entry["label"])
        self.record(entry["event"])

    def record(self, event: dict[str, Any]) -> None:
        """Count a change, and remember that it happened."""
        self.version += 1
        self.history = [*self.history, {"version": self.version, **event}][-_HISTORY:]

    def _learn(self, entry: State, keys: Tensor | None, columns: Tensor | None) -> None:
        self.labels = [*self.labels, *entry["new_labels"]]
        if keys is not None and columns is not None and entry["batch"].get("exact"):
            self.memory.write_labels(keys, columns, width=len(self.labels), batch=entry["batch"])
        else:
            self.memory.absorb(entry["batch"])
        if entry["name"] is not None:
            self.ledger[entry["name"]] = entry["batch"]
        if self.aside is not None and "aside" in entry:
            self.aside.add(entry["aside"], entry["name"])
        if self.traces is not None and "traces" in entry:
            self.traces.add(entry["traces"], entry["name"])

    def _not_aside(self, entry: State) -> None:
        if self.aside is not None and "aside" in entry:
            self.aside.forget_keys(entry["aside"]["keys"])
        if self.traces is not None and "untraced" in entry:
            self.traces.forget(entry["untraced"])

    def _sketches(self, batches: list[State], names: list[str] | None = None) -> bool:
        """Whether the memory's sketch, if there is one, holds these samples, and what was learned by these names."""
        if self.memory.sketch is None:
            return True
        return all("sketch" in self.ledger[name] for name in names or ()) and (
            not batches or (self.memory.sketch_is_whole and all("sketch" in batch for batch in batches))
        )

    def restart_sketch(self) -> None:
        """Where a sketch cannot follow, it begins anew with the keys aside; nothing of it is sharpened by then."""
        if self.memory.sketch is not None:
            self.ledger = {name: without_sketch(batch) for name, batch in self.ledger.items()}
            none = torch.zeros(0, self.memory.width, dtype=torch.int64), torch.zeros(0, dtype=torch.int64)
            found = self.aside is not None and len(self.aside.columns)
            self.memory.restart_sketch(*((self.aside.keys, self.aside.columns) if self.aside and found else none))

    def begin_sketch(self) -> None:
        """Begin a sketch where there is none and may be one, along what the sums know by now, with the keys aside."""
        if self.memory.sketch is None and self.memory.sketch_bytes and not self.senses.parts():
            self.memory.begin_sketch()
            self.restart_sketch()

    def _forget(self, entry: State) -> None:
        whole = self._sketches(entry["batches"], entry["names"])
        for name in entry["names"]:
            batch = self.ledger.pop(name)
            self.memory.absorb(batch if whole else without_sketch(batch), sign=-1)
            if self.aside is not None:
                self.aside.forget_name(name)
            if self.traces is not None:
                self.traces.forget_name(name)
        self._not_aside(entry)
        for batch in entry["batches"]:
            self.memory.absorb(batch if whole else without_sketch(batch), sign=-1)
        if not whole:
            self.restart_sketch()
        if entry["label"] is not None:
            column = self.labels.index(entry["label"])
            self.memory.forget_column(column)
            self.labels = [label for label in self.labels if label != entry["label"]]
            to = [None if other == column else other - (other > column) for other in range(len(self.labels) + 1)]
            self.ledger = {name: moved_columns(batch, to) for name, batch in self.ledger.items()}
            if self.aside is not None:
                self.aside.forget_column(column)
            if self.traces is not None:
                self.traces.forget_column(column)
        self.memory.blunt()
        self.cortex, self.deeper, self.watch = None, None, Watch()
        self.oldest = self.version + 1

    # asking

    def memory_logits(self, keys: Tensor) -> Float[Tensor, "n k"]:
        """What the fast memory answers of the labels that are known; at a glance, where the senses take one."""
        columns = self.known().columns
        if (joined := self._joined()) is not None:
            return joined.logits(keys)
        if self.memory.sharpening is not None:
            return self.memory.sharp_logits(keys)[:, torch.searchsorted(self.memory.present, columns)]
        decision = self.memory.decision()
        logits = decision.logits(keys) if self.senses.compiled is None else self.memory.glance_logits(keys)
        return logits[:, torch.searchsorted(decision.columns, columns)]

    def deeper_logits(self, samples: Any) -> Float[Tensor, "n k"] | None:
        """What the deeper cortex answers of samples, as `take` gave them; None: there is none."""
        if self.deeper is None or self.traces is None or self.traces.code is None:
            return None
        return self.deeper.logits(self.traces.code, self.traces.see(self.senses, samples))

    def logits(self, keys: Tensor, deeper: Tensor | None = None) -> Float[Tensor, "n k"]:
        """What is answered of the labels that are known: by the memory, and the deeper cortex where it was asked."""
        memory = self.memory_logits(keys)
        if deeper is None or self.deeper is None:
            return memory
        return self.deeper.joined(memory, self.known().columns, deeper)

    def erase_traces(self) -> None:
        """Keep no trace of what was learned; they are in no earlier version either."""
        if self.traces is not None:
            self.traces.erase()
        if self.aside is not None:
            self.aside.uncode()
        self.oldest = self.version + 1

    def sharpen(self) -> dict[str, Any]:
        """Sharpen what the memory answers, where the keys aside are answered better then; what was measured on them."""
        judges = self._judges()
        return {"aside": 0, "sharpened": False} if judges is None else self.memory.sharpen(*judges)

    def held_out(self) -> Float[Tensor, " m"] | None:
        """The log-loss of each key aside, answered as if it had not been learned; None where there are too few."""
        judges = self._judges()
        return None if judges is None else self.memory.held_out(*judges)

    def _judges(self) -> tuple[Tensor, Tensor] | None:
        """Keys aside and their columns; None where there are none, or several senses answer."""
        if self.aside is None or self.senses.parts() or not len(self.aside.columns):
            return None
        return self.aside.keys, self.aside.columns

    def unfamiliarity(self, keys: Tensor) -> Float[Tensor, " n"]:
        """How little each key is like the labels that are known: 0…1; see `reverie.memory.unfamiliarity`."""
        joined = self._joined()
        return unfamiliarity(self.memory, keys) if joined is None else joined.unfamiliarity(keys)

    def _joined(self) -> Joined | None:
        """Who answers where there are several senses; made once after each change."""
        parts = self.senses.parts()
        if not parts:
            return None
        if self._voices is None or self._voices[0] != self.version:
            self._voices = self.version, Joined(self.memory, parts, self.known().columns)
        return self._voices[1]

    def answers(self, keys: Tensor, deeper: Tensor | None = None) -> list[Any]:
        """The label that is answered for each key: by the fast memory, and the deeper cortex where it was asked."""
        labels, found = self.known().labels, []
        for i in range(0, len(keys), 1000):
            own = None if deeper is None else deeper[i : i + 1000]
            found += [labels[index] for index in self.logits(keys[i : i + 1000], own).argmax(1).tolist()]
        return found

    @torch.no_grad()
    def cortex_logits(self, keys: Tensor) -> Float[Tensor, "n k"]:
        """What the cortex answers of the labels that are known, as of its last night; −∞ for those of later."""
        if self.cortex is None:
            raise BadData("This brain has no cortex network: it has not slept since it was made, or since it forgot.")
        logits = self.cortex(keys).double()
        return pad(logits, (0, len(self.labels) - logits.shape[1]), value=-torch.inf)[:, self.known().columns]

    # keeping

    @property
    def bytes(self) -> int:
        """Bytes of all that is kept, the history apart."""
        return state_bytes({name: part for name, part in self.state_dict().items() if name != "history"})

    def state_dict(self) -> State:
        return {
            "senses": self.senses.state_dict(),
            "memory": self.memory.state_dict(),
            "labels": self.labels,
            "ledger": self.ledger,
            "history": self.history,
            "version": self.version,
            "oldest": self.oldest,
            "nights": self.nights,
            "watch": self.watch.state_dict(),
            "cortex": None if self.cortex is None else dict(self.cortex.state_dict()),
            **({} if self.numbers is None else {"numbers": self.numbers.state_dict()}),
            **({} if self.tags is None else {"tags": list(self.tags.names)}),
            **({} if self.aside is None else {"aside": self.aside.state_dict()}),
            **({} if self.traces is None else {"traces": self.traces.state_dict()}),
            **({} if self.deeper is None else {"deeper": self.deeper.state()}),
        }

    def load_state_dict(self, state: State) -> None:
        self._known = self._regression = self._labelling = self._voices = None
        if self.aside is not None:
            room = self.aside.room
            none = Aside(room) if self.memory.per_class else None
            self.aside = Aside.from_state(state["aside"], room) if "aside" in state else none
        if self.traces is not None:
            budget = self.traces.budget
            self.traces = Traces.from_state(state["traces"]) if "traces" in state else Traces(budget)
        self.deeper = Deeper.of(state["deeper"]) if "deeper" in state else None
        self.numbers = Numbers.from_state(state["numbers"]) if "numbers" in state else None
        self.tags = Tags.from_state(state["tags"]) if "tags" in state else None
        self.senses = Senses.from_state(state["senses"], self.senses.own)
        self.memory.load_state_dict(state["memory"])
        self.memory.unit = self.senses.unit
        self.labels, self.ledger, self.history = list(state["labels"]), dict(state["ledger"]), list(state["history"])
        self.version, self.oldest, self.nights = int(state["version"]), int(state["oldest"]), int(state["nights"])
        self.watch = Watch.from_state(state["watch"])
        self.cortex = None if state["cortex"] is None else cortex_network(state["cortex"])

    def prune(self, groups: Int64[Tensor, " kept"]) -> Int64[Tensor, " inputs"]:
        """Keep these groups of inputs only (see `Senses.groups`); the inputs that remain."""
        inputs = self.senses.keep(groups, self.memory.width)
        self.memory.restrict(inputs)
        self.watch = Watch()  # distances are other ones now
        self.ledger = {name: restricted(batch, inputs) for name, batch in self.ledger.items()}
        if self.aside is not None:
            self.aside.restrict(inputs)
        self.cortex = None
        return inputs

    def copy(self) -> "Mind":
        """Another mind that knows the same."""
        twin = Mind(self.senses, self.memory.another())
        twin.aside = None if self.aside is None else Aside(self.aside.room)
        twin.traces = None if self.traces is None else Traces(self.traces.budget)
        twin.load_state_dict(deepcopy(self.state_dict()))
        return twin

    def columns(self, labels: list[Any]) -> Tensor:
        """The value column of each label; new labels come after the known ones."""
        book = {label: column for column, label in enumerate(self.labels)}
        for label in dict.fromkeys(labels):
            book.setdefault(label, len(book))
        return torch.tensor([book[label] for label in labels], dtype=torch.int64)
