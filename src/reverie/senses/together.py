"""Several senses in one brain: a sample is `{"picture": …, "sound": …}`, and may lack any of them.

Each sense is one of the others, and forms by itself. The key of a sample is theirs side by side, each behind a one that
says that it is there; zeros stand for what a sample lacks::

    1  key of the first sense    1  key of the second    …

So one memory holds all sums, and those of each sense alone are parts of them (`AssociativeMemory.part`): sums of zeros
add nothing, and the ones count. The brain asks each part, and adds what they answer (`reverie.brain.joined`).
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Int64, Num
from torch import Generator, Tensor

from reverie.contracts import Seen, Sense, State
from reverie.errors import BadData, CorruptFile, ReverieError
from reverie.streams import Pictures, Sounds
from reverie.streams.sounds import SOUND_SUFFIXES

__all__ = ["TOGETHER", "Part", "Together", "TogetherSamples"]

TOGETHER = "together"
_MOST = 16  # senses


class Part(NamedTuple):
    """The inputs of a memory that are those of one sense.

    Attributes
    ----------
    there : int
        Is one where the sample has something for this sense.
    inputs : Int64[Tensor, " d"]
    unit : float
        What a step of its keys stands for.
    """

    name: str
    there: int
    inputs: Int64[Tensor, " d"]
    unit: float


class Given(NamedTuple):
    """What is there for one sense: of which samples (ascending), as its `take` made it, and as it was given."""

    rows: Int64[Tensor, " m"]
    samples: Any
    values: Any = None


class TogetherSamples:
    """Samples, sense by sense; a sense for which no sample has anything is not among `parts`."""

    def __init__(self, n: int, parts: dict[str, Given]) -> None:
        self.n, self.parts = n, parts

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, place: slice) -> "TogetherSamples":
        start, stop, _ = place.indices(self.n)
        parts = {}
        for name, given in self.parts.items():
            first, last = torch.searchsorted(given.rows, torch.tensor([start, stop])).tolist()
            if first < last:
                parts[name] = Given(given.rows[first:last] - start, given.samples[first:last])
        return TogetherSamples(max(0, stop - start), parts)


class Together(Sense):
    """Several senses.

    Parameters
    ----------
    settings : dict
        `senses`: by the name of each, which sense it is (`auto`: chosen from its first samples). Under the same names,
        what each is set to.
    made : callable
        Makes the container of one sense (`reverie.senses.Senses`).
    restored : callable
        Makes it of its state.

    Examples
    --------
    >>> from reverie.senses import Senses
    >>> senses = Senses("together", {"senses": {"seen": "raw", "heard": "raw"}})
    >>> samples = senses.take([{"seen": [1.0, 2.0], "heard": [3.0]}, {"seen": [2.0, 5.0], "heard": None}])
    >>> senses.form(samples)
    >>> senses.keys(samples)[:, [0, 3]]
    tensor([[1, 1],
            [1, 0]])
    """

    name = TOGETHER
    known_settings = ("senses",)

    def __init__(
        self,
        settings: Mapping[str, Any] | None = None,
        seed: int = 0,
        *,
        budget: int | None = None,
        made: Callable[..., Any],
        restored: Callable[[State], Any],
    ) -> None:
        self.settings, self.seed, self.budget, self._restored = dict(settings or {}), seed, budget, restored
        kinds = self.settings.get("senses")
        if not isinstance(kinds, Mapping) or not 2 <= len(kinds) <= _MOST:
            raise BadData(
                f"The setting senses is {kinds!r}. Expected from 2 to {_MOST} names and the sense of each, such as "
                '{"picture": "cortex", "sound": "sound"}.'
            )
        for name, kind in kinds.items():
            if not isinstance(name, str) or not name or not isinstance(kind, str) or kind == TOGETHER:
                raise BadData(f"The sense of {name!r} is {kind!r}. Expected the name of a sense for a name.")
        for name in self.settings.keys() - {"senses", *kinds}:
            raise BadData(f"There are settings for {name!r}. Expected settings for one of: {', '.join(kinds)}.")
        share = None if budget is None else max(1, budget // len(kinds) ** 2)
        self.inner: dict[str, Any] = {}
        for name, kind in kinds.items():
            try:
                self.inner[name] = made(kind, self.settings.get(name), seed, budget=share)
                self.inner[name].check()
            except ReverieError as error:
                raise BadData(f"{name!r}: {error}") from None
        self.widths: list[int] = []
        self.shape: tuple[int, ...] | None = None

    @classmethod
    def recognises(cls, x: Any) -> bool:
        return False  # its senses are named

    # samples

    def take(self, x: Any) -> TogetherSamples:
        if isinstance(x, TogetherSamples):
            return x
        given, n = _by_sense(x, list(self.inner))
        if n == 0:
            raise BadData("There are no samples. Expected at least one.")
        parts = {}
        for name, (rows, values) in given.items():
            if len(rows):
                try:
                    parts[name] = Given(rows, self.inner[name].take(values), values)
                except ReverieError as error:
                    raise BadData(f"{name!r}: {error}") from None
        return TogetherSamples(n, parts)

    def form(self, samples: TogetherSamples) -> None:
        for name, senses in self.inner.items():
            if name not in samples.parts:
                raise BadData(
                    f"None of the first samples has anything for {name!r}. A sense forms from the first samples: let "
                    "at least one of them have it."
                )
            given = samples.parts[name]
            senses.form(given.samples, given.values)
        self.widths = [senses.keys(samples.parts[name].samples[:1]).shape[1] for name, senses in self.inner.items()]
        self.shape = ()

    def made_up(self, n: int, generator: Generator) -> TogetherSamples:
        rows = torch.arange(n)
        return TogetherSamples(
            n, {name: Given(rows, senses.made_up(n, generator)) for name, senses in self.inner.items()}
        )

    # keys

    def parts(self) -> list[Part]:
        """Where the keys of each sense lie."""
        found, start = [], 0
        for (name, senses), width in zip(self.inner.items(), self.widths, strict=True):
            found.append(Part(name, start, torch.arange(start + 1, start + 1 + width), senses.unit))
            start += 1 + width
        return found

    def keys(self, samples: TogetherSamples) -> Num[Tensor, "n d"]:
        found = torch.zeros(len(samples), sum(self.widths) + len(self.widths), dtype=torch.int64)
        for part in self.parts():
            if part.name in samples.parts:
                given = samples.parts[part.name]
                found[given.rows, part.there] = 1
                found[given.rows[:, None], part.inputs] = self.inner[part.name].keys(given.samples).long()
        return found

    def watch(self, samples: TogetherSamples, keys: Num[Tensor, "n d"]) -> Seen:
        seen = []
        for part in self.parts():
            if part.name in samples.parts:
                given = samples.parts[part.name]
                one = self.inner[part.name].watch(given.samples, keys[given.rows][:, part.inputs])
                worst = f"{part.name}: {one.worst}" if one.worst else part.name
                seen.append((one, worst))
        if not seen:
            return Seen()
        most, worst = max(seen, key=lambda pair: pair[0].share())
        numbers, clipped, unseen, missing = (
            sum(getattr(one, kind) for one, _ in seen) for kind in ("numbers", "clipped", "unseen", "missing")
        )
        return Seen(numbers, clipped, unseen, missing, worst if most.share() else "", most.share())

    def groups(self, width: int) -> Int64[Tensor, "g m"]:
        return torch.arange(width)[None]  # nothing is pruned

    def keep(self, groups: Int64[Tensor, " kept"], width: int) -> Int64[Tensor, " inputs"]:
        return torch.arange(width)

    # keeping

    def state_dict(self) -> State:
        return {
            "settings": self.settings,
            "seed": self.seed,
            "budget": self.budget,
            "shape": None if self.shape is None else [],
            "widths": self.widths,
            "inner": {name: senses.state_dict() for name, senses in self.inner.items()},
        }

    def load_state_dict(self, state: State) -> None:
        inner, widths = state.get("inner"), state.get("widths")
        if not isinstance(inner, dict) or list(inner) != list(self.inner) or not isinstance(widths, list):
            raise CorruptFile("This is not the state of these senses together. Restore it from a copy.")
        self.inner = {name: self._restored(part) for name, part in inner.items()}
        self.widths, self.shape = [int(width) for width in widths], ()


def _by_sense(x: Any, names: list[str]) -> tuple[dict[str, tuple[Tensor, Any]], int]:
    """What there is for each sense, and how many samples."""
    expected = f"Expected samples such as {{{', '.join(f'{name!r}: …' for name in names)}}}"
    if isinstance(x, Mapping):
        columns = dict(x)
        lengths = {name: len(values) for name, values in columns.items() if hasattr(values, "__len__")}
        if not columns or len(lengths) < len(columns) or len(set(lengths.values())) != 1:
            raise BadData(f"x holds {lengths or sorted(map(str, columns))} samples. {expected}, each as many.")
        n = next(iter(lengths.values()))
    elif isinstance(x, list | tuple) and all(isinstance(one, Mapping) for one in x):
        n, seen = len(x), dict.fromkeys(name for one in x for name in one)
        columns = {name: [one.get(name) for one in x] for name in seen}
    else:
        raise BadData(f"x is a {type(x).__name__}. {expected}, in a list; or all of each sense under its name.")
    for name in columns:
        if name not in names:
            raise BadData(f"x has something for {name!r}. {expected}.")
    return {name: _there(values) for name, values in columns.items()}, n


def _there(values: Any) -> tuple[Tensor, Any]:
    """Which samples have a value, and these values, in the form of all."""
    if not isinstance(values, list | tuple):
        return torch.arange(len(values)), values
    rows = [row for row, value in enumerate(values) if value is not None]
    return torch.tensor(rows, dtype=torch.int64), _like_arrays([values[row] for row in rows])


def _like_arrays(values: list[Any]) -> Any:
    """Arrays of one shape as one array, files as what they hold; others as they are."""
    suffixes = {value.suffix.lower() for value in values if isinstance(value, Path)}
    if suffixes:
        return Sounds(values) if suffixes <= SOUND_SUFFIXES else Pictures(values)
    shapes = {getattr(value, "shape", None) for value in values}
    if len(shapes) == 1 and None not in shapes and all(isinstance(value, np.ndarray | Tensor) for value in values):
        return np.stack([np.asarray(value) for value in values])
    return values
