"""A memory over pixels: what each place of a frame belongs to, learned from masks, one frame or class at a time.

Every labelled pixel is a sample of the exact associative memory. Its sums do not depend on order, so classes that come
one after the other are known as well as those that came together, and no frame is kept. What is read out of it is
nearly the share p(c | h) of each class among pixels that look alike; large surfaces have most pixels, so the answer is

    argmax_c  p(c | h) / p(c)^γ,      γ = ½ unless it is chosen on frames that were held out (`tune`)
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from reverie.checkpoint import load_state, save_state, state_bytes
from reverie.contracts import State
from reverie.errors import BadData, CorruptFile
from reverie.memory import AssociativeMemory
from reverie.vision.dense import DenseSense
from reverie.vision.frames import Frame, Mask, as_mask, need_frame, resized, working_size
from reverie.vision.scores import Confusion

__all__ = ["Segmenter"]

_KIND = "segmenter"
_RIDGE = 3e4  # in squared spikes: the energy that an input has in some hundred pixels
_FLOOR = 1e-4  # of a read-out taken as a share
_EXPONENTS = (0.0, 0.25, 0.5, 0.75, 1.0)


class Segmenter:
    """Learn what pixels are from masks, and tell it of other frames.

    Parameters
    ----------
    sense : DenseSense, optional
        What makes keys of pixels.
    memory : AssociativeMemory, optional
        An empty one; with `per_class=True`, as by default, classes can be forgotten.
    exponent : float
        γ, 0…1: how far rare classes are preferred. 0 gets most pixels right, 1 finds thin and rare things.
    ignore : int or None
        The value of pixels without a label in masks; None: there is none.
    side : int
        Frames whose longer side has more pixels are reduced to it inside; answers have the frame's size.

    Examples
    --------
    >>> frame = np.zeros((20, 30, 3), np.uint8)
    >>> frame[:, 15:] = 200
    >>> segmenter = Segmenter(DenseSense(filters=4, width=64))
    >>> segmenter.learn(frame, (frame[..., 0] > 0).astype(int))
    600
    >>> segmenter.predict(frame)[10, [2, 27]].tolist()
    [0, 1]
    """

    def __init__(
        self,
        sense: DenseSense | None = None,
        memory: AssociativeMemory | None = None,
        *,
        exponent: float = 0.5,
        ignore: int | None = 255,
        side: int = 320,
    ) -> None:
        if not 0 <= exponent <= 1 or side < 16:
            raise BadData(f"exponent is {exponent}, side {side}. Expected 0…1, and 16 pixels or more.")
        self.sense = DenseSense() if sense is None else sense
        self.memory = AssociativeMemory(ridge=_RIDGE, per_class=True) if memory is None else memory
        self.exponent, self.ignore, self.side = float(exponent), ignore, side
        self._labels: list[int] = []  # of each column of the memory
        self._mapping: tuple[Tensor, Tensor] | None = None

    # learning

    def learn(self, frame: Frame, mask: Mask, *, classes: Sequence[int] | None = None) -> int:
        """Write the labelled pixels of a frame.

        Parameters
        ----------
        frame : array, shape [h, w, 3], uint8
        mask : array, shape [h, w], whole numbers
            The class of each pixel; `ignore` where it is not known.
        classes : sequence of int, optional
            Write pixels of these alone. Those of other classes are left out: they are not counterexamples.

        Returns
        -------
        int
            How many pixels were written.

        Raises
        ------
        BadData
            Frame or mask have another shape or type, or differ in size.
        """
        need_frame(frame)
        height, width = frame.shape[:2]
        size = working_size(height, width, self.side)
        labels = resized(as_mask(mask, height, width, self.ignore), size).reshape(-1)
        known = np.ones(labels.shape, bool) if self.ignore is None else labels != self.ignore
        if classes is not None:
            known &= np.isin(labels, np.asarray(list(classes), np.int64))
        features = self.sense.features(resized(frame, size))[torch.from_numpy(known)]
        if not len(features):
            return 0
        columns = self._columns(labels[known])
        keys = torch.cat(list(self.sense.keys_of(features)))
        self.memory.write_labels(keys, columns, width=len(self._labels))
        self._mapping = None
        return len(keys)

    def forget(self, label: int) -> None:
        """Take a class back: the memory is as if its pixels had never been learned."""
        self._expect_known(label)
        self.memory.forget_column(self._labels.index(label))
        self._labels.remove(label)
        self._mapping = None

    def merge(self, other: "Segmenter") -> None:
        """Add what another one has learned, with the same sense: as if all had been learned here."""
        if not self.sense.same_as(other.sense):
            raise BadData(
                f"The senses differ ({self.sense.settings}, {other.sense.settings}). Expected the same: create both "
                "with the same settings, or the second with the first one's sense."
            )
        columns = [int(c) for c in self._columns(np.asarray(other._labels, np.int64))]
        self.memory.merge(other.memory, columns)
        self._mapping = None

    def tune(self, frames: Iterable[tuple[Frame, Mask]]) -> float:
        """Choose the exponent by the mean intersection over union on frames that were not learned; it is returned."""
        found = {exponent: Confusion() for exponent in _EXPONENTS}
        for frame, mask in frames:
            shares, size = self._shares(frame)
            labels = resized(as_mask(mask, frame.shape[0], frame.shape[1], self.ignore), size).reshape(-1)
            for exponent, confusion in found.items():
                confusion.add(self._answers(shares, exponent), labels, ignore=self.ignore)
        if all(confusion.pixels == 0 for confusion in found.values()):
            raise BadData("No frame with a labelled pixel was given. Expected frames and masks that were held out.")
        self.exponent = max(_EXPONENTS, key=lambda exponent: found[exponent].mean_iou)
        return self.exponent

    # asking

    @property
    def classes(self) -> list[int]:
        """The labels that it knows, sorted."""
        return sorted(self._labels)

    @property
    def pixels(self) -> dict[int, int]:
        """How many pixels of each class were written."""
        if not self._labels:
            return {}
        counts = self.memory.value_sums.tolist()
        return {label: round(counts[self._labels.index(label)]) for label in self.classes}

    @property
    def bytes(self) -> int:
        """Of all that it keeps."""
        return state_bytes(self._state())

    def predict(self, frame: Frame) -> NDArray[np.int64]:
        """The class of each pixel, shape [h, w]."""
        shares, size = self._shares(frame)
        answers = self._answers(shares, self.exponent).reshape(size)
        found: NDArray[np.int64] = resized(answers, tuple(frame.shape[:2]))
        return found

    def beliefs(self, frame: Frame) -> Float[Tensor, "h w k"]:
        """How far each pixel belongs to each of `classes`; they sum to one. At the size that is worked at."""
        shares, size = self._shares(frame)
        order = torch.tensor([self._labels.index(label) for label in self.classes])
        weighed = self._balanced(shares, self.exponent)[:, order]
        found: Tensor = (weighed / weighed.sum(1, keepdim=True)).view(*size, len(order))
        return found

    def _shares(self, frame: Frame) -> tuple[Float[Tensor, "n k"], tuple[int, int]]:
        """What the memory reads of each pixel, and the size that is worked at."""
        if not self._labels:
            raise BadData("Nothing was learned yet. Give `learn` a frame and its mask first.")
        if self._mapping is None:
            weights, intercept = self.memory.mapping()
            self._mapping = weights.float(), intercept.float()
        weights, intercept = self._mapping
        need_frame(frame)
        size = working_size(frame.shape[0], frame.shape[1], self.side)
        features = self.sense.features(resized(frame, size))
        blocks = [torch.addmm(intercept, keys.float(), weights) for keys in self.sense.keys_of(features)]
        return torch.cat(blocks).clamp_min_(_FLOOR), size

    def _balanced(self, shares: Tensor, exponent: float) -> Tensor:
        counts = self.memory.value_sums
        return shares * (counts / counts.sum()).clamp_min(1e-12).pow(-exponent).float()

    def _answers(self, shares: Tensor, exponent: float) -> NDArray[np.int64]:
        found: NDArray[np.int64] = np.asarray(self._labels, np.int64)[self._balanced(shares, exponent).argmax(1)]
        return found

    def _columns(self, labels: NDArray[np.int64]) -> Tensor:
        """The memory's columns for labels; new ones are opened."""
        present, inverse = np.unique(labels, return_inverse=True)
        self._labels += [label for label in present.tolist() if label not in self._labels]
        columns = np.asarray([self._labels.index(label) for label in present.tolist()], np.int64)
        return torch.from_numpy(columns[inverse.reshape(-1)])

    def _expect_known(self, label: int) -> None:
        if label not in self._labels:
            raise BadData(f"The class {label} is not known. Known: {', '.join(map(str, self.classes)) or 'none'}.")

    # keeping

    def save(self, folder: Path, *, about: dict[str, Any] | None = None) -> None:
        """Write it to a folder, whole or not at all: tensors as safetensors, the rest as JSON."""
        save_state(Path(folder), self._state(), kind=_KIND, about=about)

    @classmethod
    def open(cls, folder: Path) -> "Segmenter":
        """The one that `save` has written.

        Raises
        ------
        MissingData, CorruptFile
            There is none, or its files are torn or altered.
        """
        state = load_state(Path(folder), kind=_KIND)
        try:
            made, labels = state["made"], [int(label) for label in state["labels"]]
            ridge = made["ridge"] if made["ridge"] == "gcv" else float(made["ridge"])
            memory = AssociativeMemory(ridge=ridge, per_class=bool(made["per_class"]))
            memory.load_state_dict(state["memory"])
            ignore = None if made["ignore"] is None else int(made["ignore"])
            found = cls(
                DenseSense.of(state["sense"]),
                memory,
                exponent=float(made["exponent"]),
                ignore=ignore,
                side=int(made["side"]),
            )
            if len(set(labels)) != len(labels) or (labels and memory.width != found.sense.width):
                raise ValueError("its labels or keys do not fit")
            if labels and len(memory.value_sums) != len(labels):
                raise ValueError(f"it has {len(memory.value_sums)} classes and {len(labels)} labels")
        except CorruptFile:
            raise
        except (KeyError, TypeError, ValueError, AttributeError, IndexError, RuntimeError) as error:
            raise CorruptFile(f"{folder} is not what a segmenter writes ({error!r}). Restore a copy.") from None
        found._labels = labels
        return found

    def _state(self) -> State:
        made = {
            "ridge": self.memory.ridge,
            "per_class": self.memory.per_class,
            "exponent": self.exponent,
            "ignore": self.ignore,
            "side": self.side,
        }
        return {
            "made": made,
            "labels": list(self._labels),
            "sense": self.sense.state(),
            "memory": self.memory.state_dict(),
        }
