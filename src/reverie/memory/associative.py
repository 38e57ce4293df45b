"""The exact associative memory: Hebb's rule with the decorrelation that lateral inhibition gives.

It keeps sums over keys h and values y, nothing else::

    n,  Σ h,  Σ y,  G = Σ h hᵀ,  C = Σ h yᵀ,  Σ y²

and reads out the ridge regression of y on h, with an intercept that is not shrunk::

    ŷ(h) = ȳ + Wᵀ (h − h̄),     W = (G − n h̄ h̄ᵀ + λ I)⁻¹ (C − n h̄ ȳᵀ)

The sums do not depend on order, so nothing is forgotten. They add: two memories merge exactly. They subtract: samples,
or a class, can be forgotten exactly. λ comes from the sums (`reverie.functional.ridge`).

Keys of an integer type (spike counts, pixels, numbers on a grid) give sums that are the same to the last bit in any
order; those of other keys are float64 about an origin (`sums`). The read-out is solved when it is asked for
(`readout`).

With `decay` the sums fade: each row that is written multiplies all of them by it first. The read-out is then weighted
least squares, in which a row that was written m rows ago has the weight decayᵐ: the memory follows a world that
changes, and forgets the old one. λ is given and does not fade, so a direction that is no longer written to is shrunk to
zero and not blown up (recursive least squares, which fades the inverse, winds up).

References: Kohonen & Ruohonen, 1973, IEEE Trans. Computers 22 (optimal associative mapping); Zhuang et al., 2022,
ACIL, NeurIPS (class-incremental learning by recursive least squares).
"""

from collections.abc import Iterator
from typing import Literal

import torch
from jaxtyping import Float, Int64, Num
from torch import Tensor
from torch.nn.functional import one_hot

from reverie.contracts import Memory, State
from reverie.errors import BadData
from reverie.functional import one_hot_slope, spectrum
from reverie.memory.admission import begin, cannot_have_been
from reverie.memory.choice import Choice, choosable, choose, relative_distances
from reverie.memory.contribution import absorb, columns_of, contribution, factors_of, moved_columns
from reverie.memory.directions import Moments, covariances_along
from reverie.memory.discriminant import Decision, discriminant, places_of
from reverie.memory.readout import Readout
from reverie.memory.sharpening import Folded, HeldOut, Sharpened, Sharpening, chosen
from reverie.memory.sketch import MOST_SAMPLES, Sketch, size_of_sketch
from reverie.memory.sums import Sums
from reverie.memory.whole_readout import MOST_SPIKES, WholeReadout
from reverie.memory.widening import widened

__all__ = ["AssociativeMemory"]


class AssociativeMemory(Memory):
    """Exact least-squares associations from sums.

    Parameters
    ----------
    ridge : "gcv" or float
        λ, or "gcv": the sums choose it (`reverie.functional.ridge`; the name is that of an earlier rule).
    per_class : bool
        Keep one Gram matrix per value column (one-hot values), so that a class can be forgotten without its samples.
        State grows by d²/2 numbers for each class of many samples, and by d for each sample of the others
        (`reverie.memory.thin`).
    balanced : bool
        Let `decision` answer as if all labels were equally frequent, where its slope was chosen by the sums, so that
        its answers are probabilities.
    sketch_bytes : int
        Bytes that a sketch of the classes' covariances may take with ten classes, where there is one sum for all
        (`reverie.memory.sketch`); 0: there is none.
    decay : float
        What each row written multiplies the sums by, 0…1; 1: they do not fade. It needs a given `ridge` above 0. Keys
        are float64 then, nothing can be erased, and `samples` is the sum of the rows' weights.

    Attributes
    ----------
    sketch : Sketch or None
        Where it was begun.

    Examples
    --------
    >>> memory = AssociativeMemory(ridge=1e-9)
    >>> memory.write(torch.tensor([[0.0], [1.0]]), torch.tensor([[1.0], [3.0]]))
    >>> memory.read(torch.tensor([[2.0]])).round(decimals=3)
    tensor([[5.]], dtype=torch.float64)
    """

    def __init__(
        self,
        *,
        ridge: float | Literal["gcv"] = "gcv",
        per_class: bool = False,
        balanced: bool = False,
        sketch_bytes: int = 0,
        decay: float = 1.0,
    ) -> None:
        self.decay = _checked_decay(decay, ridge, per_class=per_class, sketch_bytes=sketch_bytes)
        self.ridge = ridge
        self.per_class = per_class
        self.balanced = balanced
        self.sketch_bytes = 0 if per_class else sketch_bytes
        self._sums: Sums | None = None
        self._readout: Readout | None = None
        self._deciding: tuple[Choice, Readout, int] | None = None  # what `decision` is by, and for how many
        self._decision: Decision | None = None
        self.sketch: Sketch | None = None
        self.sharpening: Sharpening | None = None  # what a night has chosen to sharpen decisions by
        self._sharp: tuple[Folded, float] | None = None
        self._along: dict[int, tuple[float, Tensor]] = {}  # covariances of classes along its directions
        self._whole: tuple[Decision, WholeReadout] | None = None
        self._online = False  # the last writes were small and each was followed by a read
        self._rows_since_read = 0
        self._settled: tuple[float, float] | None = None  # λ, and the number of samples it was chosen for
        self.unit = 1.0  # what one step of a key stands for: a ridge that is given is one of keys in that unit

    def another(self) -> "AssociativeMemory":
        """An empty memory, made alike."""
        return AssociativeMemory(
            ridge=self.ridge,
            per_class=self.per_class,
            balanced=self.balanced,
            sketch_bytes=self.sketch_bytes,
            decay=self.decay,
        )

    def with_values(self, weights: Float[Tensor, "p k"]) -> "AssociativeMemory":
        """A memory of the same samples, in which the last p inputs of their keys are values; see `Regression`.

        Parameters
        ----------
        weights : Tensor, shape [p, k]
            Value j is the sum of these inputs times weights[:, j].
        """
        found = AssociativeMemory(ridge=self.ridge, decay=self.decay)
        found.unit = self.unit
        found._sums = self.sums_with_values(weights)
        return found

    def sums_with_values(self, weights: Float[Tensor, "p k"]) -> Sums:
        """The sums of that memory."""
        return self._need().with_values(weights.double())

    def last_sums(self, p: int) -> Float[Tensor, " p"]:
        """The sums of the last p inputs of all keys."""
        sums = self._need()
        start = len(sums.sum_h) - p
        return sums.sum_h[start:] + (0 if sums.origin is None else sums.n * sums.origin[start:])

    def widen(self, more: int) -> None:
        """Let keys have more inputs, at their end, which were zero in all keys until now; for one sum for all values.

        Examples
        --------
        >>> memory = AssociativeMemory()
        >>> memory.write(torch.tensor([[2], [3]]), torch.ones(2, 1))
        >>> memory.widen(1)
        >>> memory.write(torch.tensor([[4, 1]]), torch.ones(1, 1))
        >>> memory.width, memory.means()[0].tolist()
        (2, [3.0, 0.3333333333333333])
        """
        self._sums = widened(self._need(), more)
        self._drop_readouts()
        self._online = False

    # writing

    def write(self, keys: Num[Tensor, "n d"], values: Num[Tensor, "n k"]) -> None:
        """Add associations. More value columns than before open new ones, which were zero until now."""
        self._change(keys, values, +1)

    def erase(self, keys: Num[Tensor, "n d"], values: Num[Tensor, "n k"]) -> None:
        """Subtract associations that were written: the memory is then as if it had never seen them."""
        self._expect_lasting("erased")
        self._change(keys, values, -1)

    def write_labels(
        self, keys: Num[Tensor, "n d"], columns: Int64[Tensor, " n"], *, width: int = 0, batch: State | None = None
    ) -> None:
        """Write one-hot values, given by their columns.

        Parameters
        ----------
        width : int
            How many columns there shall be at least.
        batch : State, optional
            What `contribution` has made of the keys: its factors are not computed again.
        """
        if self.decay != 1:
            self._change(keys, one_hot(columns, max(width, int(columns.max()) + 1 if len(columns) else 0)), +1)
            return
        sums = self._begin_change(keys, +1)
        factors = factors_of(batch) if batch is not None and self.per_class else None
        sums.add_labels(keys, columns, +1, width=width, factors=factors)
        if batch is not None:
            self._sketch_absorb(batch, +1)

    def absorb(self, batch: State, *, sign: int = 1) -> None:
        """Add (or with `sign` −1 subtract) what `reverie.memory.contribution` made of a batch."""
        self._expect_lasting("absorbed")
        mine = self._sums if self._sums is not None else Sums.empty(batch["d"], self.per_class, torch.device("cpu"))
        absorb(mine, batch, sign)
        self._sums = mine
        self._sketch_absorb(batch, sign)
        self._drop_readouts()
        self._online = False

    def contribution(
        self, keys: Num[Tensor, "n d"], columns: Int64[Tensor, " n"], *, weights: Int64[Tensor, " n"] | None = None
    ) -> State:
        """What the sums, and those of the sketch, change by when keys are written (`reverie.memory.contribution`)."""
        batch = contribution(keys, columns, per_class=self.per_class, weights=weights)
        if self.sketch is None:
            return batch
        return batch | {"sketch": self.sketch.contribution(keys, columns, weights=weights)}

    def _sketch_absorb(self, batch: State, sign: int) -> None:
        if self.sketch is not None and "sketch" in batch:
            self.sketch.absorb(batch["sketch"], sign)

    def may_sharpen(self, width: int) -> bool:
        """Whether it can ever know the covariances of classes, for keys of so many inputs."""
        return self.per_class or size_of_sketch(width, self.sketch_bytes)[0] > 0

    def begin_sketch(self, keys: Num[Tensor, "n d"] | None = None) -> None:
        """Sketch the covariances of classes from now on, if `sketch_bytes` allows it, and keys are whole numbers.

        Parameters
        ----------
        keys : Tensor, optional
            The first keys, whose leading directions are followed; else those of the sums.
        """
        sums, room = self._sums, self.sketch_bytes
        if keys is not None and not keys.is_floating_point():
            self.sketch = Sketch.begin(keys, room)
        elif keys is None and sums is not None and sums.origin is None and sums.n > len(sums.sum_h):
            self.sketch = Sketch.along(sums.mean, sums.centred()[0] / sums.n, room)

    def restart_sketch(self, keys: Num[Tensor, "n d"], columns: Int64[Tensor, " n"]) -> None:
        """Begin the sketch anew, along the same directions, with these keys; decide as before it sharpened anything."""
        if self.sketch is not None:
            self.sketch = self.sketch.another()
            self.sketch.write(keys, columns)
            self.blunt()

    @property
    def sketch_is_whole(self) -> bool:
        """Whether a sketch holds all that the sums hold."""
        if self.sketch is None or self._sums is None:
            return self.sketch is not None
        return torch.equal(self.sketch.counts(len(self._sums.sum_y)), self._sums.sum_y)

    def expect_written(self, batch: State) -> None:
        """Refuse to subtract a batch that cannot have been written; nothing is changed.

        Raises
        ------
        BadData
            Says why. See `reverie.memory.admission`.
        """
        columns = columns_of(batch)
        gone = AssociativeMemory(per_class=self.per_class)
        gone.absorb(moved_columns(batch, [columns.index(c) if c in columns else None for c in range(columns[-1] + 1)]))
        if why := cannot_have_been(self._need(), gone._need(), columns):
            raise BadData(f"These samples cannot all have been learned: {why}. Give only samples that were learned.")

    def expect_room(self, keys: Num[Tensor, "n d"], weights: Int64[Tensor, " n"] | None = None) -> None:
        """Refuse whole numbers with which (each so many times) a sum would pass 2⁵³; nothing is changed."""
        if self._sums is not None and not keys.is_floating_point():
            begin(self._sums, keys, +1, weights)
        more = len(keys) if weights is None else int(weights.sum())
        if self.sketch is not None and self.samples + more > MOST_SAMPLES:
            raise BadData(
                f"The sums hold {self.samples:.0f} samples and are given {more} more. Expected at most {MOST_SAMPLES}, "
                "of which a sketch is exact. Create the brain with sketch=False."
            )

    def _change(self, keys: Tensor, values: Tensor, sign: int) -> None:
        if self.decay != 1:
            keys = keys.double()
            self._begin_change(keys, sign).add_fading(keys, values, self.decay)
            return
        self._begin_change(keys, sign).add(keys, values, sign)

    def _expect_lasting(self, done: str) -> None:
        if self.decay != 1:
            raise BadData(
                f"The sums of this memory fade (decay={self.decay:g}), so nothing can be {done}: its weight in them is "
                "not known. Use a memory with decay=1."
            )

    def _begin_change(self, keys: Tensor, sign: int) -> Sums:
        """The sums to be changed; refuse keys that they do not take, and let the read-out follow or go."""
        sums = self._sums if self._sums is not None else Sums.empty(keys.shape[1], self.per_class, keys.device)
        if keys.shape[1] != sums.sum_h.shape[0]:
            raise BadData(f"Keys have {keys.shape[1]} features, expected {sums.sum_h.shape[0]} as at the first write.")
        if len(keys):
            begin(sums, keys, sign, least=0.0 if self.decay == 1 else self.given_ridge or 0.0)
        self._sums = sums
        small = self.decay == 1 and len(keys) * 8 < keys.shape[1]
        if small and self._online and (self._readout is not None or self._deciding is not None):
            if self._readout is not None:
                self._readout.follow(sums, keys, sign)
            self._decision = self._sharp = None
            if self._deciding is not None:
                self._deciding[1].follow(sums, keys, sign)
        else:
            self._drop_readouts()
            self._online = small
        self._rows_since_read += len(keys)
        return sums

    def merge(self, other: "AssociativeMemory", columns: list[int] | None = None) -> None:
        """Add another memory's sums. `columns[j]` is where the other's value column j belongs here."""
        if other._sums is None:
            return
        if self.per_class != other.per_class:
            raise BadData(
                "One memory keeps sums per class and the other does not. Create both with the same per_class."
            )
        if self.decay != other.decay:
            raise BadData(
                f"The sums of one memory fade by {self.decay:g}, those of the other by {other.decay:g}. "
                "Create both with the same decay."
            )
        if self._sums is None:
            self._sums = Sums.empty(other._sums.sum_h.shape[0], self.per_class, other._sums.sum_h.device)
        if self._sums.sum_h.shape != other._sums.sum_h.shape:
            raise BadData(
                f"The other memory's keys have {other._sums.sum_h.shape[0]} features, expected "
                f"{self._sums.sum_h.shape[0]}. Merge memories with the same encoder."
            )
        if self._sums.n == 0 and other.sketch is not None and self.sketch_bytes:
            self.sketch = other.sketch.another()
        self._sums.merge(other._sums, columns)
        if self.sketch is not None and other.sketch is not None and self.sketch.same_directions(other.sketch):
            self.sketch.merge(other.sketch, list(range(len(other._sums.sum_y))) if columns is None else columns)
        self._drop_readouts()

    def forget_column(self, column: int) -> None:
        """Subtract all that was written with one-hot value `column`, and drop the column."""
        if self._sums is None or not self.per_class:
            raise BadData(
                "This memory keeps one sum for all classes, so a class can be forgotten only with its samples. "
                "Give the samples, or create the memory with per_class=True."
            )
        self._sums.drop(column)
        self._along = {}
        self._drop_readouts()

    # reading

    @property
    def samples(self) -> float:
        """How many associations the sums hold."""
        return float(self._sums.n) if self._sums is not None else 0.0

    @property
    def width(self) -> int:
        """How many inputs a key has."""
        return len(self._need().sum_h)

    @property
    def value_sums(self) -> Float[Tensor, " k"]:
        """Σ y: for one-hot values, how many samples each class has."""
        return self._need().sum_y

    @property
    def value_squares(self) -> Float[Tensor, " k"]:
        """Σ y² of each value."""
        return self._need().sum_yy

    @property
    def present(self) -> Int64[Tensor, " k"]:
        """The columns of one-hot values that have samples: those that `decision` answers of."""
        return self._need().present

    def moments(self) -> tuple[Float[Tensor, " k"], Float[Tensor, "k d"], Iterator[Float[Tensor, "d d"]]]:
        """Of keys written with one-hot values: counts, means, and covariances.

        One covariance for each class, or one for all; each is made when it is asked for.
        """
        return self._need().moments()

    def within(self) -> Float[Tensor, "d d"]:
        """Σ (h − μ_c) (h − μ_c)ᵀ of keys written with one-hot values, about the means of their classes."""
        return self._need().within()

    def means(self) -> tuple[Float[Tensor, " d"], Float[Tensor, "k d"]]:
        """The mean of all keys, and of those written with each one-hot value (zero where there are none)."""
        sums = self._need()
        means = (sums.cross / sums.sum_y.clamp_min(1)).T
        if sums.origin is not None:
            means = torch.where(sums.sum_y[:, None] > 0, means + sums.origin, means)
        return sums.absolute(sums.mean), means

    def energy(self) -> float:
        """Σ ‖h − h̄‖² over all keys."""
        return float(self._need().energy().sum())

    def chosen_ridge(self) -> float:
        """λ of the read-out."""
        return self._solved().ridge

    def mapping(self) -> tuple[Float[Tensor, "d k"], Float[Tensor, " k"]]:
        """W, and the intercept, so that ŷ(h) = intercept + Wᵀ h."""
        weights, intercept = self._solved().mapping(self._need())
        origin = self._need().origin
        return weights, intercept if origin is None else intercept - origin @ weights

    def solution(self) -> tuple[Float[Tensor, "d d"], Float[Tensor, "d k"], Float[Tensor, " k"]]:
        """The read-out: (G + λI)⁻¹, W, and the intercept. It takes another d³ operations, once."""
        return self._solved().solution(self._need())[0], *self.mapping()

    def explained(self) -> float:
        """The share of the values' variance that the read-out explains in new samples, by cross-validation's estimate.

        1 − GCV / variance; 1 is perfect, 0 no better than the mean.
        """
        return self._solved().explained(self._need())

    def squared_errors(self, weights: Float[Tensor, "d k"], intercept: Float[Tensor, " k"]) -> Float[Tensor, " k"]:
        """Σ (y − b − Wᵀh)² over all that was written, of each value, for any W and b: the sums tell it.

        Examples
        --------
        >>> memory = AssociativeMemory()
        >>> memory.write(torch.tensor([[0], [2]]), torch.tensor([[1.0], [3.0]]))
        >>> memory.squared_errors(torch.ones(1, 1).double(), torch.zeros(1).double())
        tensor([2.], dtype=torch.float64)
        """
        sums = self._need()
        gram, cross, _ = sums.centred()
        about_means = sums.sum_yy - sums.sum_y.square() / sums.n
        about_means = about_means - 2 * (weights * cross).sum(0) + (weights * (gram @ weights)).sum(0)
        shift = sums.sum_y / sums.n - intercept - sums.absolute(sums.mean) @ weights
        return (about_means + sums.n * shift.square()).clamp_min(0)

    def noise(self) -> tuple[float, float]:
        """The variance of a value about the read-out, and the degrees of freedom that its estimate has left.

        For memories of one value. Where the samples leave no freedom, the variance is infinite.
        """
        return self._solved().noise(self._need())

    def restrict(self, inputs: Int64[Tensor, " kept"]) -> None:
        """Keep these inputs of the keys, in this order; the others are as if they had never been. A sketch is gone."""
        self._need().restrict(inputs)
        if self.sketch is not None:
            self.sketch = None
            self.blunt()
        if self.sharpening is not None:
            self.sharpening, self._along = self.sharpening.restrict(inputs), {}
        self.refresh()

    def part(self, inputs: Int64[Tensor, " part"], there: int) -> "AssociativeMemory":
        """The memory that had read these inputs alone, and only keys whose input `there` is one.

        It stays as it is when this one changes. All other keys must be zero in these inputs; keys are whole numbers,
        values one-hot.

        Examples
        --------
        >>> memory = AssociativeMemory()
        >>> keys = torch.tensor([[1, 5, 3], [0, 0, 2], [1, 1, 1]])
        >>> memory.write_labels(keys, torch.tensor([0, 0, 1]))
        >>> one = memory.part(torch.tensor([1]), 0)
        >>> one.samples, one.value_sums.tolist(), one.means()[1].tolist()
        (2.0, [1.0, 1.0], [[5.0], [1.0]])
        """
        twin = self.another()
        twin.unit, twin._sums = self.unit, self._need().part(inputs, there)
        return twin

    def halve(self) -> None:
        """Round the sums' Gram matrix to sixteen bits; see `reverie.memory.sums`. Further changes widen it again."""
        self._need().halve()
        self.refresh()

    def settle(self) -> None:
        """Choose λ from the sums now, and keep it until they have changed by a tenth of their samples."""
        self._settled = None
        self.refresh()
        if self.ridge == "gcv":
            self._settled = self._solved().rest().ridge, self._need().n

    def unsettle(self) -> None:
        """Choose λ anew from now on, whenever the sums have changed."""
        self._settled = None
        self.refresh()

    def refresh(self) -> None:
        """Forget the solved read-out; the next read chooses λ anew and solves from the sums."""
        self._drop_readouts()
        self._online = False

    def read(self, keys: Num[Tensor, "n d"]) -> Float[Tensor, "n k"]:
        """The value associated with each key."""
        readout = self._solved()
        return torch.cat([readout.values(block, self._need()) for block in keys.split(1024)])

    def glance(self, keys: Num[Tensor, "n d"]) -> Float[Tensor, "n k"]:
        """Nearly what `read` gives, sooner: in whole numbers, where spike counts ask a settled memory.

        See `reverie.memory.whole_readout`.
        """
        readout = self.glancing() if _spike_counts(keys) else None
        return self.read(keys) if readout is None else readout(keys)

    def glancing(self) -> WholeReadout | None:
        """What `glance` reads spike counts by; None: what `read` does."""
        return self._solved().glance(self._need())

    def glance_logits(self, keys: Num[Tensor, "n d"]) -> Float[Tensor, "n k"]:
        """Nearly the logits of `decision`, sooner, under the same conditions as `glance`."""
        readout = self.glancing_logits() if _spike_counts(keys) else None
        decision = self.decision()
        return decision.logits(keys) if readout is None else readout(keys) * decision.slope

    def glancing_logits(self) -> WholeReadout | None:
        """What `glance_logits` reads spike counts by, less the slope; None: what `decision` does."""
        if self._settled is None or self._solved().single is None:
            return None
        decision = self.decision()
        known = self._whole
        if known is None or known[0] is not decision:
            known = self._whole = decision, WholeReadout(decision.weights, decision.intercept)
        return known[1]

    def novelty(self, keys: Num[Tensor, "n d"]) -> Float[Tensor, " n"]:
        """Posterior variance of the read-out at each key, in units of the noise variance: (h−h̄)ᵀ(G+λI)⁻¹(h−h̄) + 1/n.

        Near zero for keys like many that were written, large for keys in directions never written.
        """
        readout = self._solved()
        return torch.cat([readout.variance(block, self._need()) for block in keys.split(1024)])

    @property
    def given_ridge(self) -> float | None:
        """λ as it was given, in the units of the sums; None: the sums choose it."""
        return None if isinstance(self.ridge, str) else self.ridge / self.unit**2

    def _solved(self) -> "Readout":
        sums, readout = self._need(), self._readout  # a name of its own: another thread may ask at the same time
        if readout is None or readout.stale(sums.n):
            ridge = self.given_ridge
            readout = self._readout = Readout.solve(sums, "gcv" if ridge is None else ridge, self._settled)
        if self._online and self._rows_since_read * 8 < sums.sum_h.shape[0]:
            readout.prepare_to_follow()
        self._rows_since_read = 0
        return readout

    def _drop_readouts(self) -> None:
        self._readout = self._deciding = self._decision = self._sharp = None

    def decision(self) -> Decision:
        """What labels are decided by; for one-hot values.

        Ridge where λ is given, else what the sums choose (`reverie.memory.choice`), with the slope that makes
        probabilities of its scores. It is chosen anew when the number of samples has changed by a tenth, or a class has
        come or gone.
        """
        sums, known = self._need(), self._decision
        if known is not None:
            return known
        there = sums.present
        found = self._decide(sums, there)
        if found is None:
            weights, intercept = self.mapping()
            slope = one_hot_slope(sums.sum_y)
            decision = Decision("ridge", there, weights[:, there], intercept[there], slope)
        else:
            choice, readout = found
            if choice.kind == "ridge":
                weights, intercept = (part[..., there] for part in readout.mapping(sums))
            else:
                weights, intercept = discriminant(readout, sums, there)
            if sums.origin is not None:
                intercept = intercept - sums.origin @ weights
            decision = Decision(choice.kind, there, weights, intercept, choice.slope)
        self._rows_since_read = 0
        if self.balanced and found is not None:
            decision = decision.balanced(sums.sum_y[there])
        self._decision = decision
        return decision

    def held_out(self, keys: Num[Tensor, "n d"], of: Int64[Tensor, " n"]) -> Float[Tensor, " n"] | None:
        """The log-loss of decisions about keys that were written and kept aside, as if they had not been written.

        None where they are too few to tell, or nothing was chosen to decide by.
        """
        held, found = self._held_out(keys, of)
        return None if held is None or found is None else held.losses(held.scores(found[0].kind, found[1].ridge))[1]

    def sharpen(self, keys: Num[Tensor, "n d"], of: Int64[Tensor, " n"]) -> dict[str, float]:
        """Choose what sharpens decisions, on keys that were written and kept aside (`reverie.memory.sharpening`).

        Returns
        -------
        dict
            What was measured on them; `sharpened` says whether anything was chosen.
        """
        self.blunt()
        held, found = self._held_out(keys, of)
        if held is None or found is None or not (self.per_class or self.sketch is not None):
            return {"aside": len(keys), "sharpened": False}
        self.sharpening, measured = chosen(self._need(), found[0].kind, found[1].ridge, held, self.sketch)
        return measured | {"sharpened": self.sharpening is not None}

    def _held_out(self, keys: Tensor, of: Tensor) -> tuple[HeldOut | None, tuple[Choice, Readout] | None]:
        sums = self._need()
        found = self._decide(sums, sums.present)
        return (None if found is None else HeldOut.take(sums, keys, of)), found

    def blunt(self) -> None:
        """Decide as before anything was sharpened."""
        self.sharpening, self._sharp, self._along = None, None, {}

    def sharp_logits(self, keys: Num[Tensor, "n d"]) -> Float[Tensor, "n k"]:
        """Sharpened logits of the labels that have samples (the columns of `decision`); where something was chosen."""
        folded, slope = self.sharp()
        return folded.scores(keys) * slope

    def sharp(self) -> tuple[Folded, float]:
        """The scores of `sharp_logits`, and the slope that makes logits of them; solved anew after each change."""
        sums, sharpening = self._need(), self.sharpening
        assert sharpening is not None
        if self._sharp is None:
            there = sums.present
            found, moments = self._decide(sums, there), self._moments(sums, there, sharpening)
            if found is None or moments is None:
                decision = self.decision()
                none = decision.weights.new_zeros
                plain = Folded(decision.weights, decision.intercept, none(self.width, 1), none(len(there), 1, 1))
                self._sharp = plain, decision.slope
                return self._sharp
            weights, intercept = discriminant(found[1], sums, there)
            means = (sums.cross[:, there] / sums.sum_y[there]).T
            folded = Sharpened(sharpening, means, moments).folded(weights, intercept)
            if self.balanced:
                even = (sums.sum_y[there] / sums.n).log() / sharpening.slope
                folded = folded._replace(intercept=folded.intercept - even)
            self._sharp = folded, sharpening.slope
        return self._sharp

    def _moments(self, sums: Sums, there: Int64[Tensor, " k"], sharpening: Sharpening) -> Moments | None:
        """Of classes, along the directions of a sharpening; None: too little is known."""
        if self.sketch is not None:
            found = self.sketch.moments(there, third=sharpening.third > 0)
            return found.first(sharpening.directions.shape[1]) if found is not None and found.are_sound() else None
        return Moments(sums.sum_y[there], covariances_along(sums, there, sharpening.directions, self._along))

    def calibrated(self) -> bool:
        """Whether the sums have chosen the slope of `decision`, so that its answers are probabilities."""
        sums = self._need()
        return self._decide(sums, sums.present) is not None

    def relative(self, keys: Num[Tensor, "n d"]) -> tuple[Float[Tensor, " n"], tuple[float, float]] | None:
        """Relative distance of keys to the nearest class, and what half and 95 % of known samples stay below.

        At the λ that was chosen for decisions; None where nothing was chosen. See `reverie.memory.familiarity`.
        """
        sums = self._need()
        there = sums.present
        found = self._decide(sums, there)
        if found is None:
            return None
        choice, readout = found
        along, places, inverse = places_of(readout, sums, there)
        at = torch.cat([(sums.about_origin(part) - sums.mean) @ along for part in keys.split(1024)])
        return relative_distances(at, places, sums.sum_y[there], sums.n, inverse).amin(1), choice.known

    def _decide(self, sums: Sums, there: Tensor) -> tuple[Choice, Readout] | None:
        """What was chosen and is still good, or a choice now; None: there is nothing to choose."""
        if self.ridge != "gcv" or not sums.one_hot or not choosable(sums.n, len(there), len(sums.sum_h)):
            return None
        deciding = self._deciding
        if deciding is not None:
            choice, readout, classes = deciding
            if classes == len(there) and not readout.stale(sums.n):
                return choice, readout
        gram, cross, _ = sums.centred()
        chosen = choose(sums, spectrum(gram, cross[:, there].contiguous(), samples=sums.n), there)
        if chosen is None:
            return None
        readout = Readout.solve(sums, chosen.ridge)
        readout.chosen_at = sums.n
        if self._online and self._rows_since_read * 8 < len(sums.sum_h):
            readout.prepare_to_follow()
        self._deciding = chosen, readout, len(there)
        return chosen, readout

    def _need(self) -> "Sums":
        if self._sums is None:
            raise BadData("The memory is empty: nothing was written. Write associations first.")
        return self._sums

    # keeping

    def state_dict(self) -> State:
        if self._sums is None:
            return {}
        known = None if self.sketch is None else self.sketch.directions
        sharp: State = {} if self.sharpening is None else {"sharp": self.sharpening.state(known)}
        sharp |= {} if self.sketch is None else {"sketch": self.sketch.state()}
        fading: State = {} if self.decay == 1 else {"decay": self.decay}
        return self._sums.pack() | {"settled": None if self._settled is None else list(self._settled)} | sharp | fading

    def load_state_dict(self, state: State) -> None:
        if state and (decay := float(state.get("decay", 1))) != self.decay:
            raise BadData(
                f"The state is of sums that fade by {decay:g}, those of this memory fade by {self.decay:g}. "
                f"Create the memory with decay={decay:g}."
            )
        self._sums = Sums.unpack(state) if state else None
        self.sketch = Sketch.of(state["sketch"]) if "sketch" in state else None
        known = None if self.sketch is None else self.sketch.directions
        self.sharpening, self._along = (Sharpening.of(state["sharp"], known) if "sharp" in state else None), {}
        settled = state.get("settled")
        self._settled = None if settled is None else (float(settled[0]), float(settled[1]))
        self._drop_readouts()
        self._online = False
        self._rows_since_read = 0


def _checked_decay(decay: float, ridge: float | str, *, per_class: bool, sketch_bytes: int) -> float:
    if not 0 < decay <= 1:
        raise BadData(f"decay is {decay}, expected a number above 0 and at most 1. With 1 the sums do not fade.")
    if decay == 1:
        return 1.0
    if isinstance(ridge, str) or not ridge > 0:
        raise BadData(
            f"Sums that fade need a given ridge above 0, and ridge is {ridge!r}: fading sums cannot choose it. "
            "Give one, such as ridge=0.01."
        )
    if per_class or sketch_bytes:
        raise BadData("Sums per class and sketches do not fade. Give per_class=False and sketch_bytes=0, or decay=1.")
    return float(decay)


def _spike_counts(keys: Tensor) -> bool:
    """Whether keys are such as a read-out in whole numbers takes."""
    return keys.dtype == torch.uint8 and keys.numel() > 0 and int(keys.max()) <= MOST_SPIKES
