"""A brain: learns at once, survives anything, forgets on request. A folder.

Awake, what comes in passes the senses and is added to the sums of the exact memory. Every change is one entry in a
log, durable before it is acknowledged; the state is what the entries make of it. See `mind` for the state, `store` for
the folder, `reverie.senses` for what comes in.
"""

import time
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from reverie.brain.aside import Aside
from reverie.brain.asking import asked
from reverie.brain.correction import Corrected, Correction, answered_differently, weigh
from reverie.brain.deeper import deepen
from reverie.brain.durable import Durable
from reverie.brain.history import History
from reverie.brain.labels import take_labels, take_weights
from reverie.brain.lesson import TARGETS, Lesson
from reverie.brain.making import made_with
from reverie.brain.merging import merged
from reverie.brain.mind import Mind
from reverie.brain.night import Plan, dreamer, night
from reverie.brain.numbers import Intervals, check_coverage
from reverie.brain.parts import parts_of, rounded_parts
from reverie.brain.progress import Progress
from reverie.brain.sets import chances_of, likely, need_calibrated, sets_of
from reverie.brain.shards import keys_of
from reverie.brain.store import Store
from reverie.brain.tags import Labelled, check_threshold
from reverie.brain.traces import Traces
from reverie.brain.waking import read
from reverie.brain.watch import Drift
from reverie.contracts import State
from reverie.edge import Parts, export
from reverie.errors import BadData
from reverie.memory.contribution import moved_columns
from reverie.memory.regression import Estimates
from reverie.memory.room import check_room
from reverie.senses import Own, OwnEncoder, Senses

__all__ = ["NEW", "Brain", "Learned"]

NEW = 0.5
"""The novelty from which on a sample is new."""


@dataclass(frozen=True)
class Learned:
    """What a call of `learn` did.

    Attributes
    ----------
    samples : int
        How many samples were learned.
    new : list
        Labels that were not known before.
    version : int
        The brain's version from now on; durable.
    seconds : float
    novelty : array, shape [n]
        Of each sample, before it was learned; empty where labels were given.
    clipped : int
        How many numbers lay so far out that they were cut to the range that the first experience has fixed. What is cut
        is learned, and forgotten, as the nearest number within.
    warning : str
        What was unlike the first samples in more than a twentieth of the numbers, and what to do; empty: nothing.
    note : str
        What the first samples have decided.
    """

    samples: int
    new: list[Any]
    version: int
    seconds: float
    novelty: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    clipped: int = 0
    warning: str = ""
    note: str = ""


class Brain:
    """A brain in a folder. Make one with `Brain.create`, go on with `Brain.open`.

    Threads may use it at the same time: one changes it, the others wait with their changes, and are answered meanwhile.
    Other processes may open the folder to read. After an interruption (Ctrl-C, an error of the disk) the brain is as
    its folder is; see `reverie.brain.durable`.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp()) / "pets"
    >>> with Brain.create(folder, encoder="raw") as brain:
    ...     _ = brain.learn([[0.0, 1.0], [1.0, 0.0], [0.1, 0.9]], ["cat", "dog", "cat"])
    >>> with Brain.open(folder) as brain:
    ...     brain.predict([[0.0, 0.8]]).tolist()
    ['cat']
    """

    def __init__(self, durable: Durable, folder: Path) -> None:
        self._durable, self._store = durable, durable.store
        self._folder = folder

    @property
    def _mind(self) -> Mind:
        return self._durable.ask(lambda mind: mind)

    # a brain's life

    @classmethod
    def create(
        cls,
        folder: str | Path,
        *,
        encoder: str | Mapping[str, str] | Own = "auto",
        targets: str = "classes",
        settings: dict[str, Any] | None = None,
        forgettable: bool = True,
        ridge: float | str = "gcv",
        balanced: bool = False,
        aside: bool = True,
        sketch: bool = True,
        traces: int | str | None = None,
        budget: int | None = None,
        history: int = History.last,
        disk: float = History.times,
        seed: int = 0,
    ) -> "Brain":
        """Make a new brain in a new folder.

        Parameters
        ----------
        encoder : str, mapping, Module or callable
            See `reverie.senses`; one's own is handed in again at each `open`. A mapping of names to senses makes a
            brain of several: its samples are `{"seen": …, "heard": …}`, in a list, and may lack any of them.
        targets : {"classes", "numbers", "labels"}
            What is learned of samples: each has a class; or a number, or several (`reverie.brain.numbers`); or any
            number of labels (`reverie.brain.tags`). A brain of numbers answers by `predict` and `predict_intervals`,
            one of labels by `predict_labels`, `predict` and `predict_proba`. Both forget names and samples, and do not
            sleep.
        settings : dict, optional
            Hyper-parameters of the encoder; of several, by their names.
        forgettable : bool
            Keep sums per class, so that a class can be forgotten without its samples; state grows with the classes.
        ridge : "gcv" or float
            λ of the memory's read-out; "gcv": the sums choose it (`reverie.functional.ridge`). Where each column lies
            on a grid of its own (`raw` vectors), λ is for columns in units of their deviation.
        balanced : bool
            Answer as if all classes were equally frequent: of rare ones more are found, and of frequent ones fewer. The
            sums are the same; probabilities are those of a world in which classes are equally frequent. It needs
            probabilities that the sums have calibrated: `ridge="gcv"`, two samples of a class on average, and at most
            400 classes; answers are not balanced where there are fewer samples, or more classes.
        aside : bool
            Keep the keys of one sample in twenty, two thousand at most, to judge nights by
            (`reverie.brain.aside`). They are forgotten with what they are of. False: nothing but sums is kept, and no
            night sharpens answers. Brains that are not forgettable keep them where they keep a sketch.
        sketch : bool
            In a brain that is not forgettable, and whose keys have 400 inputs or more (pictures), keep sums of the
            classes along leading directions (`reverie.memory.sketch`), by which a night sharpens answers. `reverie
            brain cost` says what they take. It needs 200 samples or more in the first call of `learn`, or begins in a
            night; and with a budget, 1 MB.
        traces : int or str, optional
            Bytes for traces, such as "20MB": of each picture that is learned a code of a few hundred bytes, which a
            night replays to train a deeper cortex (`reverie.brain.traces`). Part of a picture can be reconstructed from
            its trace. 0 or None: nothing but sums is kept. They need the sense `cortex`, `aside` and `forgettable`.
        budget : int, optional
            Bytes that the state may have, awake and asleep. The encoder is made as large as fits, and there is one sum
            for all classes.
        history : int
            How many of the newest snapshots of its versions the folder keeps; of older ones it keeps the last of a day.
        disk : float
            How many times its newest snapshot the folder may be. Older versions go first; see `reverie.brain.history`.
        """
        made, own = made_with(
            encoder,
            settings,
            targets=targets,
            forgettable=forgettable,
            ridge=ridge,
            balanced=balanced,
            aside=aside,
            sketch=sketch,
            traces=traces,
            budget=budget,
            history=history,
            disk=disk,
            seed=seed,
        )
        return cls._opened(Path(folder), Store.create(Path(folder).absolute(), made), own)

    @classmethod
    def open(
        cls, folder: str | Path, *, writer: bool = True, recover: bool = False, encoder: Own | None = None
    ) -> "Brain":
        """Open a brain as it was at its last acknowledged change.

        Parameters
        ----------
        writer : bool
            One process at a time may write; any number may read (`writer=False`) what was acknowledged when they
            opened it.
        recover : bool
            Where files are damaged or missing, go on from the last state that can be read. The last event of
            `history` says what is wrong (`damage`) and the first and the last version that are lost (`lost`).
        encoder : Module or callable, optional
            The user's own encoder, of a brain that was made with one: the same as then. Without it the brain neither
            learns samples nor answers, and all else works.

        Raises
        ------
        MissingData, CorruptFile, BadData
            No brain there, or a piece of it is missing; damaged; written to by another process.
        """
        own = None if encoder is None else OwnEncoder(encoder)
        store = Store(Path(folder).absolute(), writer=writer)  # wherever the process goes from here
        return cls._opened(Path(folder), store, own, recover=recover and writer)

    @classmethod
    def _opened(cls, folder: Path, store: Store, own: OwnEncoder | None, *, recover: bool = False) -> "Brain":
        try:
            return cls(Durable.recover(store, _recovered, own) if recover else Durable.open(store, own), folder)
        except BaseException:
            store.close()
            raise

    def close(self) -> None:
        """Let another process write. What it knows can still be asked for; changes are refused."""
        self._durable.close()

    def __enter__(self) -> "Brain":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # learning

    def learn(self, x: Any, y: Any = None, *, name: str | None = None, weights: Any = None) -> Learned:
        """Learn samples and their labels. On return they are durable: no kill and no power cut loses them.

        Without labels, novelty is the neuromodulator, and opens the gate at ½: what is like a known class is not
        learned; the others become one new class, which can be given its name later (`rename`).

        Parameters
        ----------
        x : array or Tensor of shape `[n, *shape]`, or list of str
        y : sequence of int or str, optional
            Labels; new ones may come at any time. For a brain of numbers: an array of shape [n] or [n, k], or a frame
            with k columns. For a brain of labels: of each sample a list or a set of words, which may be empty; or a
            frame with a column of zeros and ones for each label.
        name : str, optional
            Keep what these samples add under this name, so that `forget(name=…)` can take it away. State grows by it.
        weights : sequence of int, optional
            How many times each sample counts, 1 or more: the sums are those of so many samples, exactly.

        Raises
        ------
        BadData
            Samples, labels or weights that do not fit. Nothing is learned then.
        """
        began = time.perf_counter()
        with self._durable.turn:
            mind = self._durable.to_change()
            if y is None:
                if weights is not None or self.targets != "classes":
                    what = "Weights were" if weights is not None else f"Samples of a brain of {self.targets} were"
                    raise BadData(f"{what} given without labels. Give a label for each sample.")
                return self._learn_what_is_new(x, name, began)
            lesson = Lesson.of(mind, x, y, targets=self.targets)
            labels = lesson.labels
            times = None if weights is None else take_weights(weights, len(labels))
            if name is not None and (not isinstance(name, str) or not name or name in mind.ledger):
                raise BadData(f"name is {name!r}. Expected a word that is not in use.")
            first = not mind.senses.formed
            lesson = lesson.formed(x)
            tags = () if mind.tags is None else mind.tags.names
            wider = False
            if not first and lesson.tags is not None and lesson.tags != mind.tags:
                mind, wider = mind.copy(), True
                mind.retag(lesson.tags)
            if not first and mind.traces is not None and mind.traces.code is None:  # what came before came as sums
                mind, wider = mind.copy(), True
            known = set(mind.labels)
            new = [label for label in dict.fromkeys(labels) if label not in known]
            columns = mind.columns(labels)
            keys = lesson.keys()
            _check_room(mind, keys, columns if times is None else columns.repeat_interleave(times))
            mind.memory.expect_room(keys, times)
            memory = mind.memory
            if first:
                memory = memory.another()
                if not lesson.senses.parts():
                    memory.begin_sketch(keys)
            batch = memory.contribution(keys, columns, weights=times)
            clipped, warning = lesson.amiss(keys)
            shown = [] if lesson.numbers else new
            if lesson.tags is not None:
                shown = list(lesson.tags.names[len(tags) :])
            event = {"kind": "learn", "time": _now(), "samples": len(labels), "new": shown, "name": name}
            event |= {"clipped": clipped} if clipped else {}
            event |= {} if times is None else {"counted": int(times.sum())}
            seen = mind.watch.see(mind.memory, keys, columns, [*mind.labels, *new])
            entry = {"kind": "learn", "batch": batch, "new_labels": new, "name": name, "event": event, "seen": seen}
            traces = None if mind.traces is None else Traces(mind.traces.budget) if first else mind.traces
            traced = None if traces is None else traces.entries(lesson.senses, lesson.samples, keys, columns)
            if traced is not None and times is None:
                entry["traces"] = traced.kept
            if mind.aside is not None and times is None:
                entry["aside"] = Aside.of(keys, columns) | (traced.aside if traced is not None else {})
            if first:
                grown = Mind(lesson.senses, memory)
                if mind.aside is not None and memory.may_sharpen(keys.shape[1]):
                    grown.aside = Aside(mind.aside.room)
                grown.traces = traces
                grown.numbers, grown.tags = lesson.numbers, lesson.tags
                grown.version, grown.oldest, grown.history = mind.version, mind.oldest, mind.history
                grown.apply(entry)
                self._durable.replace(grown)
            elif wider:  # there is no entry that says so: the whole state is written
                mind.apply(entry)
                self._durable.replace(mind)
            elif times is None:
                self._durable.change(entry, keys=keys, columns=columns)
            else:
                self._durable.change(entry)
            seconds = time.perf_counter() - began
            note = lesson.numbers.note() if first and lesson.numbers else ""
            return Learned(len(labels), shown, self.version, seconds, clipped=clipped, warning=warning, note=note)

    def _learn_what_is_new(self, x: Any, name: str | None, began: float) -> Learned:
        novelty = self.novelty(x)
        new = np.flatnonzero(novelty >= NEW)
        if len(new) == 0:
            return Learned(0, [], self.version, time.perf_counter() - began, novelty)
        label = self._fresh_label()
        learned = self.learn(_chosen(x, new.tolist()), [label] * len(new), name=name)
        return replace(learned, seconds=time.perf_counter() - began, novelty=novelty)

    def _fresh_label(self) -> Any:
        """A label that is not known: the next number, or "new 1", "new 2", …"""
        known = self._mind.labels
        if isinstance(known[0], int):
            return max(known) + 1
        return next(label for number in range(1, len(known) + 2) if (label := f"new {number}") not in known)

    def correct(self, x: Any, to: Any, *, was: Any = None, dreams: int = 30) -> Corrected:
        """Correct the answer for a sample, in one durable change; see `reverie.brain.correction`.

        The versions before are kept, so that `undo` can take the correction back. What must not be kept anywhere is
        taken away by `forget`.

        Parameters
        ----------
        x : array or Tensor of shape `[1, *shape]`, or list of one str
            The sample.
        to : int or str
            The right label; it may be new.
        was : int or str, optional
            The label under which the sample was learned before. That is taken back, exactly, once.
        dreams : int
            How many dreams of each class are asked about before and after.

        Raises
        ------
        BadData
            A sample or a label that does not fit, or a sample that cannot have been learned as `was`. Nothing is
            changed then.
        """
        began = time.perf_counter()
        with self._durable.turn:
            mind = self._durable.to_change()
            self._need_classes(mind)
            samples = mind.senses.take(x)
            if len(samples) != 1:
                raise BadData(f"x has {len(samples)} samples. Expected one; correct them one by one.")
            (to,) = take_labels([to], 1, mind.labels)
            keys = keys_of(mind.senses, samples)
            was = None if was is None else self._known(was)
            gone = None if was is None else self._voted(mind, keys, was, to)
            asked = Correction(keys, mind.senses.glance(samples), to, gone, mind.deeper_logits(samples))
            (before,) = self._durable.ask(lambda mind: mind.answers(asked.glance, asked.deeper))
            dreamt, of = dreamer(mind).dream(dreams * len(mind.known().labels), torch.Generator().manual_seed(0))
            labels, awake = list(mind.labels), self._durable.ask(lambda mind: mind.answers(dreamt))
            _check_room(mind, keys, mind.columns([to]))
            weight = weigh(mind, asked) or 1
            _check_room(mind, keys, mind.columns([to] * weight))
            mind.memory.expect_room(keys, torch.tensor([weight]))
            new = [] if to in labels else [to]
            event = {
                "kind": "correct",
                "time": _now(),
                "samples": 1,
                "new": new,
                "was": was,
                "to": to,
                "weight": weight,
            }
            entry = asked.entry(mind, weight, event)
            if mind.aside is not None and was is not None:
                entry["aside"] = Aside.of(keys, mind.columns([was]))
            if mind.traces is not None and mind.traces.code is not None:
                entry["traces"] = mind.traces.entries(mind.senses, samples, keys, mind.columns([to])).kept
                if was is not None:
                    entry["untraced"] = mind.traces.of(mind.senses, samples, mind.columns([was]))
            self._durable.change(entry)
            (after,) = self._durable.ask(lambda mind: mind.answers(asked.glance, asked.deeper))
            others = self._durable.ask(lambda mind: answered_differently(mind, dreamt, of, labels, awake))
            spent = time.perf_counter() - began
            return Corrected(before, after, to, was, weight, after == to, others, new, self.version, spent)

    def _voted(self, mind: Mind, keys: Tensor, was: Any, to: Any) -> State:
        """The vote of a sample that was learned as `was`."""
        if was == to:
            raise BadData(f"The sample was learned as {was!r}, and is to be {to!r}: the same. Give two labels.")
        gone = mind.memory.contribution(keys, mind.columns([was]))
        try:
            mind.memory.expect_written(gone)
        except BadData as error:
            raise BadData(
                f"The sample was not learned as {was!r}: {error} Leave `was` out where it was not learned, or give the "
                "label under which it was."
            ) from None
        return gone

    def rename(self, label: Any, to: Any) -> None:
        """Give a class another name, one that is not in use."""
        with self._durable.turn:
            mind = self._durable.to_change()
            label, to = self._known(label), to.item() if isinstance(to, np.generic) else to
            if type(to) is not type(label) or to == "" or to in mind.labels:
                raise BadData(f"The new name is {to!r}. Expected {type(label).__name__} that is not in use.")
            event = {"kind": "rename", "time": _now(), "label": label, "to": to}
            self._durable.change({"kind": "rename", "label": label, "to": to, "event": event})

    def retention(self, *, dreams: int = 30, seed: int = 0) -> dict[Any, float]:
        """The share of dreams of each class that are taken for that class, 0…1: what it still knows, without data."""

        def remembered(mind: Mind) -> dict[Any, float]:
            if self.targets != "classes" or not mind.known().labels:
                return {}
            keys, of = dreamer(mind).dream(dreams * len(mind.known().labels), torch.Generator().manual_seed(seed))
            right = mind.memory.read(keys).argmax(1) == of
            return {
                label: float(right[of == column].double().mean())
                for column, label in enumerate(mind.labels)
                if (of == column).any()
            }

        return self._durable.ask(remembered)

    def drift(self) -> Drift:
        """Whether samples have become different from those of their class before; see `reverie.brain.watch`."""
        return self._durable.ask(lambda mind: mind.watch.look())

    def ready(self, x: Any, y: Any) -> State:
        """Check samples, and form the senses from them where they are not formed yet.

        Returns
        -------
        State
            The senses, as `shard_sums` takes them; elsewhere, later.
        """
        with self._durable.turn:
            mind = self._durable.to_change()
            if self.targets != "classes":
                raise BadData(
                    f"{self.targets.capitalize()} are not learned in shards. Let the brain learn the samples in "
                    "batches (learn)."
                )
            lesson = Lesson.of(mind, x, y).formed(x)
            _check_room(mind, lesson.keys(1), mind.columns(lesson.labels))
            return {"senses": lesson.senses.state_dict(), "per_class": mind.memory.per_class}

    def learn_sums(self, parts: list[State]) -> Learned:
        """Learn what `shard_sums` made of samples, in one durable change, as `learn` would have learned the samples."""
        began = time.perf_counter()
        with self._durable.turn:
            mind = self._durable.to_change()
            grown = mind.copy()
            if not grown.senses.formed:
                grown.senses = Senses.from_state(parts[0]["senses"], grown.senses.own)
                grown.memory.unit = grown.senses.unit
            if any(part["senses"]["origin"] != grown.senses.origin for part in parts):
                raise BadData("The sums were not made by this brain's senses. Make them with what `ready` returned.")
            known = len(grown.labels)
            for part in parts:
                columns = grown.columns(part["labels"]).tolist()
                grown.labels += [label for label in part["labels"] if label not in grown.labels]
                grown.memory.absorb(moved_columns(part["batch"], columns))
            samples, new = sum(part["samples"] for part in parts), grown.labels[known:]
            clipped = sum(part.get("clipped", 0) for part in parts)
            event = {"kind": "learn", "time": _now(), "samples": samples, "new": new, "name": None}
            grown.record(event | ({"clipped": clipped} if clipped else {}))
            self._durable.replace(grown)
            return Learned(samples, new, grown.version, time.perf_counter() - began, clipped=clipped)

    def forget(self, label: Any = None, *, name: str | None = None, x: Any = None, y: Any = None) -> None:
        """Forget a class, what was learned under a name, or samples: as if they had never been learned.

        Parameters
        ----------
        label
            A label: all of its samples are forgotten; needs a brain that is `forgettable`.
        name : str
            As given to `learn`.
        x, y
            Samples that were learned, and their labels, or their numbers.

        Raises
        ------
        BadData
            Nothing of that kind is known. Nothing is forgotten then.
        """
        with self._durable.turn:
            mind = self._durable.to_change()
            batches: list[State] = []
            aside: dict[str, State] = {}
            if sum(given is not None for given in (label, name, x)) != 1:
                raise BadData("Expected one of: a label, a name, or samples x with their labels y.")
            if label is not None:
                label = self._known(label)
                if not mind.memory.per_class:
                    raise BadData(
                        f"This brain keeps one sum for all classes, so {label!r} can be forgotten only with its "
                        "samples: give x and y, or create brains with forgettable=True."
                    )
            elif name is not None:
                if not isinstance(name, str) or name not in mind.ledger:
                    raise BadData(
                        f"Nothing was learned under the name {name!r}. Known: {sorted(mind.ledger) or 'none'}."
                    )
            else:
                lesson = Lesson.of(mind, x, y, targets=self.targets)
                if lesson.tags is not None and lesson.tags != mind.tags:
                    unknown = ", ".join(lesson.tags.names[0 if mind.tags is None else mind.tags.width :][:20])
                    raise BadData(f"Unknown labels: {unknown}. Give the labels under which the samples were learned.")
                labels = lesson.labels
                if self.targets == "classes":
                    labels = [self._known(one) for one in labels]
                counts = mind.counts
                if any(labels.count(one) > counts.get(one, 0) for one in set(labels)):
                    raise BadData("More samples of a class were given than were learned. Give only samples that were.")
                keys, columns = lesson.keys(), mind.columns(labels)
                batches = [mind.memory.contribution(keys, columns)]
                aside = {} if mind.aside is None else {"aside": Aside.of(keys, columns)}
                if mind.traces is not None and mind.traces.code is not None:
                    aside["untraced"] = mind.traces.of(mind.senses, lesson.samples, columns)
            for batch in [*batches, *([mind.ledger[name]] if name is not None else [])]:
                mind.memory.expect_written(batch)
            event = {
                "kind": "forget",
                "time": _now(),
                "label": label,
                "name": name,
                "samples": 0 if x is None else len(x),
            }
            names = [] if name is None else [name]
            entry = {"kind": "forget", "label": label, "names": names, "batches": batches, "event": event}
            self._durable.change(entry | aside)

    def merge(self, other: "Brain") -> None:
        """Add what another brain has learned, as if this one had learned it too.

        Their senses must have begun as the same; what sleep has pruned in either is pruned in the merged one.
        """
        with self._durable.turn:
            mine = self._durable.to_change()
            made = self._store.head["settings"]
            self._durable.replace(other._durable.ask(lambda theirs: merged(mine, theirs, made, self.targets, _now())))

    def sleep(self, plan: Plan | None = None) -> dict[str, Any]:
        """Prune, dream, consolidate, verify; commit the night, or roll it back where retention has fallen.

        An interrupted night (Ctrl-C, a kill) is gone on with by the next call with the same plan.

        Returns
        -------
        dict
            The night's report: `verdict` "committed" or "rolled back", `reason`, and what was measured.
        """
        plan = plan or Plan()
        began = time.perf_counter()
        with self._durable.turn:
            mind = self._durable.to_change()
            self._need_classes(mind)
            progress = Progress(self._store.path / "night", mind.version, plan)
            replayed = Progress(self._store.path / "replay", mind.version, plan)
            made = self._store.head["settings"]
            slept, report = night(mind, plan, progress.load(), progress.save, seed=made["seed"], budget=made["budget"])
            if slept is mind:
                slept = mind.copy()
            if slept.traces is not None and plan.epochs:
                begun, save = replayed.load(), replayed.save
                report["deeper"] = deepen(slept, epochs=plan.epochs, begun=begun, save=save, seed=made["seed"])
                report["state_bytes"][1] = slept.bytes
            report["seconds"] = time.perf_counter() - began
            slept.nights += 1
            slept.record({"kind": "sleep", "time": _now(), **report})
            self._durable.replace(slept)
            progress.remove()
            replayed.remove()
            return report

    def erase_traces(self) -> int:
        """Remove all traces, from this version and from all that were before, which are kept no more.

        What is learned later leaves traces again. What a night has learned from traces stays until the next night.

        Returns
        -------
        int
            How many there were.
        """
        with self._durable.turn:
            mind = self._durable.to_change()
            if mind.traces is None:
                raise BadData("This brain keeps no traces. Create one with traces='20MB' to keep them.")
            count = len(mind.traces)
            grown = mind.copy()
            grown.erase_traces()
            grown.record({"kind": "erase", "time": _now(), "traces": count})
            self._durable.replace(grown)
            return count

    # asking

    @property
    def targets(self) -> str:
        """What it learns: "classes", "numbers" or "labels"."""
        return str(self._store.head["settings"].get("targets", TARGETS[0]))  # older brains say nothing of it

    @property
    def classes(self) -> list[Any]:
        """Labels that are known, sorted; the columns of `predict_proba`. A brain of numbers has none."""
        if self.targets == "labels":
            return sorted(self.counts)
        return self._durable.ask(lambda mind: [] if mind.numbers else list(mind.known().labels))

    @property
    def counts(self) -> dict[Any, int]:
        """How many samples of each label have been learned; of numbers, under the label "numbers"."""
        counts = self._durable.ask(lambda mind: mind.tag_counts() if self.targets == "labels" else mind.counts)
        return {label: count for label, count in counts.items() if count > 0}

    @property
    def sense(self) -> str:
        """The name of its sense; "auto" where the first samples will choose it."""
        return self._mind.senses.encoder

    @property
    def shape(self) -> tuple[int, ...] | None:
        """Of a sample: () for sentences; None before anything was learned."""
        return self._mind.senses.shape

    @property
    def folder(self) -> Path:
        return self._folder

    @property
    def mind(self) -> Mind:
        """What it knows, in memory; to be looked at, not to be changed."""
        return self._mind

    @property
    def version(self) -> int:
        """How many changes there have been."""
        return self._mind.version

    @property
    def state_bytes(self) -> int:
        """Bytes of everything the brain keeps; its history, its log and its earlier versions apart."""
        return self._durable.ask(lambda mind: mind.bytes)

    @property
    def rule(self) -> History:
        """Which old versions the folder keeps."""
        return self._store.rule

    @property
    def room(self) -> int:
        """Bytes that the folder may have, by that rule; an unfinished night apart."""
        return self._store.room

    def state_dict(self) -> State:
        """Everything the brain keeps, its log and its earlier versions apart."""
        return self._durable.ask(lambda mind: deepcopy(mind.state_dict()))

    def predict(self, x: Any, *, by: Literal["memory", "cortex"] = "memory") -> NDArray[Any]:
        """The most likely label of each sample; or its number, shape [n], or [n, k] for k numbers; or a list of labels.

        Parameters
        ----------
        by : {"memory", "cortex"}
            Who answers: the exact memory, together with the deeper cortex where a night has trained one on traces
            (`reverie.brain.deeper`); or the network that the last night trained on dreams, which knows nothing later.
        """
        if self.targets == "numbers":
            return self.predict_intervals(x).value
        if self.targets == "labels":
            found = self.predict_labels(x).labels
            lists = np.empty(len(found), dtype=object)
            lists[:] = found
            return lists
        classes, probability, _ = self._answers(x, novelty=False, by=by)
        return np.asarray([classes[index] for index in probability.argmax(1).tolist()])

    def predict_intervals(self, x: Any, *, coverage: float = 0.9) -> Intervals:
        """Numbers, and between what limits they will lie.

        Parameters
        ----------
        coverage : float
            The share of new samples whose number lies within its interval; see `reverie.memory.regression`.
        """
        coverage = check_coverage(coverage)
        if self.targets != "numbers":
            raise BadData(f"This brain learns {self.targets}. Create one with targets='numbers' to learn numbers.")
        _, (value, deviation, freedom) = asked(
            self._durable, x, Mind.need_numbers, lambda mind, keys, deeper: mind.regression()(keys)
        )
        numbers = self._mind.numbers
        assert numbers is not None
        return numbers.intervals(Estimates(value, deviation, freedom), coverage)

    def predict_proba(self, x: Any, *, by: Literal["memory", "cortex"] = "memory") -> NDArray[np.float64]:
        """Probability of each of `classes`, shape [n, k]; of several labels, each for itself."""
        if self.targets == "labels":
            return self.predict_labels(x).probability
        return np.asarray(self._answers(x, novelty=False, by=by)[1])

    def predict_labels(self, x: Any, *, threshold: float | None = None) -> Labelled:
        """Of each sample its labels, with probabilities: of a brain that was created with targets="labels".

        Parameters
        ----------
        threshold : float, optional
            The probability from which on a sample is given a label. None: the one with the largest expected micro F1;
            see `reverie.memory.labelling`.
        """
        threshold = check_threshold(threshold)
        if self.targets != "labels":
            raise BadData(
                f"This brain learns {self.targets}. Create one with targets='labels', for several labels of a sample."
            )
        chosen: list[tuple[list[str], float]] = []

        def check(mind: Mind) -> None:
            chosen[:] = [(mind.tags_met(), mind.labelling().threshold)]

        def tell(mind: Mind, keys: Tensor, deeper: Tensor | None) -> tuple[Tensor, ...]:
            return (mind.labelling()(keys)[:, mind.places(chosen[0][0])],)

        _, (probability,) = asked(self._durable, x, check, tell)
        classes, best = chosen[0]
        return Labelled.of(classes, probability.numpy(), best if threshold is None else threshold)

    def predict_sets(self, x: Any, *, coverage: float = 0.9) -> list[list[Any]]:
        """Labels of which one is right, the most likely first; few where a sample is clear.

        Parameters
        ----------
        coverage : float
            The share of new samples of known classes whose set holds the right label, or more, for a set is never
            empty. See `reverie.brain.sets`.
        """
        coverage = check_coverage(coverage)

        def tell(mind: Mind, keys: Tensor, deeper: Tensor | None) -> tuple[Tensor, Tensor]:
            need_calibrated(mind)
            probability = torch.softmax(mind.logits(keys, deeper), 1)
            return probability, likely(probability, chances_of(keys), coverage)

        classes, (probability, inside) = asked(self._durable, x, self._need_classes, tell)
        return sets_of(classes, probability, inside)

    def novelty(self, x: Any) -> NDArray[np.float64]:
        """How little each sample is like the classes that are known: 0…1; from ½ on, like none of them.

        See `reverie.memory.familiarity`.
        """
        return np.asarray(self._answers(x, novelty=True)[2])

    def answer(self, x: Any, *, by: str = "memory") -> tuple[NDArray[Any], NDArray[np.float64], NDArray[np.float64]]:
        """Labels, their probabilities, and novelty, in one go; each of shape [n]."""
        classes, probability, novelty = self._answers(x, novelty=True, by=by)
        best = probability.max(1)
        labels = np.asarray([classes[index] for index in best.indices.tolist()])
        return labels, best.values.numpy(), np.asarray(novelty)

    def _answers(self, x: Any, *, novelty: bool, by: str = "memory") -> tuple[list[Any], Tensor, Tensor]:
        """Classes, probabilities, and novelty, which has no rows where it is not wanted."""
        if not isinstance(by, str) or by not in ("memory", "cortex"):
            raise BadData(f"by is {by!r}. Expected 'memory' or 'cortex'.")

        def tell(mind: Mind, keys: Tensor, deeper: Tensor | None) -> tuple[Tensor, ...]:
            logits = mind.logits(keys, deeper) if by == "memory" else mind.cortex_logits(keys)
            new = mind.unfamiliarity(keys) if novelty else torch.zeros(0)
            return torch.softmax(logits, 1), new

        classes, (probability, new) = asked(self._durable, x, self._need_classes, tell)
        return classes, probability, new

    def export(self, path: str | Path, *, by: str = "memory", int8: bool = False) -> dict[str, Any]:
        """Write its answers down for a machine without torch: `NAME.onnx`, or else a folder that needs NumPy alone.

        Parameters
        ----------
        path : path
            New; nothing is overwritten.
        by : {"memory", "cortex"}
            Whose answers.
        int8 : bool
            Weights of eight bits: a quarter of the bytes, and nearly the same labels. They are compared first, on the
            keys aside or on dreams.

        Returns
        -------
        dict
            `path`, `format` ("onnx" or "numpy"), `bytes`, `classes`; with int8 `agreement`, the share of labels that
            are the same as without; `left_out`, where there is a deeper cortex: it is not exported, and the memory
            answers alone there.

        Raises
        ------
        BadData
            With int8, fewer than 99.5 % of the labels are the same. Nothing is written then.
        """

        def parts(mind: Mind) -> tuple[Parts, float | None, bool]:
            self._need_classes(mind)
            whole = parts_of(mind, by=by)
            return (*(rounded_parts(mind, whole) if int8 else (whole, None)), mind.deeper is not None)

        made, share, deeper = self._durable.ask(parts)
        left_out = {"left_out": "the deeper cortex: answers are the memory's alone"} if deeper else {}
        return export(made, path) | ({} if share is None else {"agreement": share}) | left_out

    # time

    def history(self) -> list[dict[str, Any]]:
        """What happened, oldest first: version, time, kind, and what of that kind. The last thousand changes."""
        return [dict(event) for event in self._mind.history]

    def versions(self) -> list[int]:
        """The versions to which `rollback` can go."""
        return [version for version in self._store.versions() if version >= self._mind.oldest]

    def rollback(self, to: int) -> None:
        """Be again as at version `to`. This is a change of its own: what came after can be gone back to as well."""
        with self._durable.turn:
            mind = self._durable.to_change()
            known = self.versions()
            if not isinstance(to, int) or to not in known:
                raise BadData(f"Version {to} is not kept. Expected one of {', '.join(map(str, known)) or 'none'}.")
            base = max(base for base in self._store.snapshots() if base <= to)
            past = read(self._store, base, to, own=mind.senses.own)
            past.history = list(mind.history)
            past.version, past.oldest = mind.version, mind.oldest
            past.record({"kind": "rollback", "time": _now(), "to": to})
            self._durable.replace(past)

    def undo(self) -> int:
        """Be again as before the last change, whatever it was; to undo that, too, is to do it again.

        Returns
        -------
        int
            The version that the brain is as again.

        Raises
        ------
        BadData
            That version is not kept: there was none, or something was forgotten by the last change.
        """
        with self._durable.turn:
            mind = self._durable.to_change()
            before = mind.version - 1
            if before not in self.versions():
                why = (
                    f"version {mind.oldest} has forgotten something, and what was forgotten is kept nowhere"
                    if 0 <= before < mind.oldest
                    else "there is no earlier version"
                )
                raise BadData(f"The last change cannot be undone: {why}. For the versions that are kept, see history.")
            self.rollback(before)
            return before

    # what is wrong

    def _need_classes(self, mind: Mind) -> None:
        if self.targets == "numbers":
            raise BadData(
                "This brain learns numbers: it has no classes, novelty, nights or exports. Ask it by predict and "
                "predict_intervals; what it has learned is forgotten by a name, or with its samples."
            )
        if self.targets == "labels":
            raise BadData(
                "This brain learns several labels of a sample: it keeps one sum for all of them, and has no novelty, "
                "corrections, new names, nights or exports. Ask it by predict_labels; what it has learned is forgotten "
                "by a name, or with its samples."
            )
        if not mind.known().labels:
            raise BadData("This brain has learned nothing yet. Let it learn samples with labels first.")

    def _known(self, label: Any) -> Any:
        label = label.item() if isinstance(label, np.generic) else label
        if self.targets != "classes":
            self._need_classes(self._mind)
        if not isinstance(label, int | str) or isinstance(label, bool) or label not in self.classes:
            names = ", ".join(str(one) for one in self.classes[:20]) or "none"
            raise BadData(f"Unknown label {label!r}. Known: {names}.")
        return label


def _recovered(damage: str, first: int, last: int) -> dict[str, Any]:
    """What history says where a brain goes on from what could be read."""
    lost = [first, last] if first <= last else None
    return {"kind": "recover", "time": _now(), "damage": damage, "lost": lost}


def _chosen(x: Any, places: list[int]) -> Any:
    """Some of the samples, in the form of all."""
    if isinstance(x, Mapping):
        return {name: _chosen(values, places) for name, values in x.items()}
    if isinstance(x, list | tuple):
        return [x[place] for place in places]
    return x[places]


def _check_room(mind: Mind, keys: Tensor, columns: Tensor) -> None:
    """Refuse what the sums have no room for, before anything is changed."""
    whole = "Create the brain with forgettable=False (one sum for all classes), or with "
    advice = (whole if mind.memory.per_class else "Use ") + "a smaller encoder."
    check_room(mind.memory, keys, columns, len(mind.labels), advice=advice)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
