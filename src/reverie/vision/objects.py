"""Objects that are followed through a video: the mask of one frame is given, those of the next ones are found.

Two exact memories learn what the pixels of each object, and those around them, look like: one of the masks that were
given, which lasts, and one of what was found since, which fades. A pixel c belongs to is read from the mean of both,
and from where the objects were, carried along by the motion of the picture::

    log p(c | x) = κ ½ (ŷ_lasting(c) + ŷ_fading(c)) + log carried(c) + const

The masks that come out are learned at once, by as many pixels of each object as of all around it; sure pixels are drawn
more often, and so are those near an object. A fading sum of some frames cannot drift far from the lasting one.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from reverie.errors import BadData
from reverie.memory import AssociativeMemory
from reverie.vision import motion
from reverie.vision.clicks import clicked
from reverie.vision.dense import DenseSense
from reverie.vision.frames import Frame, Mask, as_mask, need_frame, resized, working_size

__all__ = ["VideoObjects"]

_WIDTH = 500  # inputs of a key
_DRAWN = 4000  # pixels that are learned of a frame
_RIDGE = 1e4
_TRUST = 4.0  # κ: log odds of a pixel that surely looks like an object
_LEAST = 0.02  # an object may be anywhere, at these odds
_NEAR = 0.09  # how far around an object pixels are drawn most, in longer sides
_FAR = 0.1  # how often those far away are drawn, beside those that touch it


class _Seen(NamedTuple):
    """The last frame, at the size that is worked at."""

    frame: NDArray[np.uint8]
    beliefs: NDArray[np.float32]
    size: tuple[int, int]
    """The size that masks are asked for."""


class VideoObjects:
    """Follow objects from frame to frame.

    Parameters
    ----------
    sense : DenseSense, optional
        What makes keys of pixels.
    decay : float
        What a frame leaves of the fading memory of those before, 0…1; 0: what is found is not learned.
    side : int
        Frames whose longer side has more pixels are reduced to it inside; masks have the frame's size.
    seed : int
        Of the pixels that are drawn.

    Examples
    --------
    >>> from reverie.vision import dead_leaves
    >>> frame = dead_leaves(1, 40, 60, generator=torch.Generator().manual_seed(0))[0].numpy()
    >>> mask = np.zeros((40, 60), int)
    >>> mask[10:25, 20:40] = 1
    >>> objects = VideoObjects(DenseSense(filters=4, width=64))
    >>> objects.begin(frame, mask)
    >>> found = objects.follow(np.roll(frame, 2, axis=1))
    >>> found.shape, np.unique(found).tolist()
    ((40, 60), [0, 1])
    """

    def __init__(self, sense: DenseSense | None = None, *, decay: float = 0.9, side: int = 320, seed: int = 0) -> None:
        if not 0 <= decay < 1 or side < 16:
            raise BadData(f"decay is {decay}, side {side}. Expected 0 or more and less than 1, and 16 pixels or more.")
        self.sense = DenseSense(width=_WIDTH) if sense is None else sense
        self.decay, self.side = float(decay), side
        self._source = np.random.default_rng(seed)
        self._lasting = AssociativeMemory(ridge=_RIDGE)
        self._fading = AssociativeMemory(ridge=_RIDGE, decay=decay ** (1 / _DRAWN)) if decay else None
        self.labels: list[int] = []
        self._seen: _Seen | None = None

    def begin(self, frame: Frame, mask: Mask) -> None:
        """Give the mask of a frame: 0 is what is around the objects, each other number an object.

        A second call gives a new scene, or new objects; what was learned stays.

        Raises
        ------
        BadData
            Frame and mask do not fit, or the mask has no object, or nothing else.
        """
        need_frame(frame)
        height, width = frame.shape[:2]
        labels = as_mask(mask, height, width, None)
        small = resized(labels, working_size(height, width, self.side))
        there = np.unique(small).tolist()
        if len(there) < 2 or 0 not in there:
            raise BadData(
                f"The mask holds {there[:5]} alone. Expected 0 for what is around the objects, and another number for "
                "each object."
            )
        self.labels = sorted({0, *self.labels, *there})
        beliefs = (small[..., None] == np.asarray(self.labels)).astype(np.float32)
        picture = _numbers(resized(frame, small.shape))
        self._learn(self.sense.features(picture), beliefs, lasting=True)
        self._seen = _Seen(picture, beliefs, (height, width))

    def follow(self, frame: Frame) -> NDArray[np.int64]:
        """The mask of the next frame, which is learned."""
        need_frame(frame)
        before = self._expect_begun()
        picture = _numbers(resized(frame, working_size(frame.shape[0], frame.shape[1], self.side)))
        if picture.shape != before.frame.shape:
            raise BadData(
                f"A frame has {picture.shape[0]} × {picture.shape[1]} pixels, the one before {before.frame.shape[0]} × "
                f"{before.frame.shape[1]}. Expected frames of one size; begin anew with a mask for another one."
            )
        features = self.sense.features(picture)
        carried = motion.carried(before.beliefs, before.frame, picture)
        beliefs = self._beliefs(features, carried, picture)
        if self._fading is not None:
            self._learn(features, beliefs, lasting=False)
        self._seen = _Seen(picture, beliefs, (frame.shape[0], frame.shape[1]))
        return self.mask()

    def mask(self) -> NDArray[np.int64]:
        """That of the last frame."""
        seen = self._expect_begun()
        found: NDArray[np.int64] = resized(np.asarray(self.labels, np.int64)[seen.beliefs.argmax(2)], seen.size)
        return found

    def correct(
        self, *, mask: Mask | None = None, click: tuple[int, int] | None = None, label: int | None = None
    ) -> NDArray[np.int64]:
        """Say what is right in the last frame; it is learned for good. The corrected mask is returned.

        Parameters
        ----------
        mask : array, optional
            The whole mask. New numbers are new objects.
        click : (row, column), optional
            A pixel that belongs to the object `label` (0: to none); what is around it counts with it.

        Raises
        ------
        BadData
            Neither or both were given, or the click lies outside of the frame.
        """
        seen = self._expect_begun()
        if (mask is None) == (click is None) or (click is None) != (label is None):
            raise BadData("Expected a mask, or a click together with its label.")
        if mask is not None:
            labels = resized(as_mask(mask, seen.size[0], seen.size[1], None), seen.frame.shape[:2])
            self._know(np.unique(labels).tolist())
            beliefs = (labels[..., None] == np.asarray(self.labels)).astype(np.float32)
            self._learn(self.sense.features(seen.frame), beliefs, lasting=True)
            self._seen = seen._replace(beliefs=beliefs)
            return self.mask()
        assert click is not None
        assert label is not None
        height, width = seen.size
        if not (0 <= click[0] < height and 0 <= click[1] < width):
            raise BadData(f"The click {tuple(click)} is outside of the frame of {height} × {width} pixels.")
        self._know([label])
        return self._click(click, self.labels.index(label))

    def track(self, frames: Iterable[Frame], mask: Mask) -> Iterator[NDArray[np.int64]]:
        """The masks of all frames: that of the first is given."""
        for number, frame in enumerate(frames):
            if number == 0:
                self.begin(frame, mask)
                yield self.mask()
            else:
                yield self.follow(frame)

    def _click(self, click: tuple[int, int], column: int) -> NDArray[np.int64]:
        seen = self._expect_begun()
        rows, columns = seen.frame.shape[:2]
        meant = clicked(seen.frame, (click[0] * rows // seen.size[0], click[1] * columns // seen.size[1]))
        features, beliefs = self.sense.features(seen.frame), seen.beliefs.copy()
        beliefs[meant] = np.eye(len(self.labels), dtype=np.float32)[column]
        drawn = torch.from_numpy(self._source.choice(np.flatnonzero(meant), _DRAWN // 4))
        keys = torch.cat(list(self.sense.keys_of(features[drawn])))
        self._lasting.write_labels(keys, torch.full((len(keys),), column), width=len(self.labels))
        found = self._beliefs(features, beliefs, seen.frame)
        found[meant] = beliefs[meant]
        self._seen = seen._replace(beliefs=found)
        return self.mask()

    def _know(self, labels: list[int]) -> None:
        """Let labels be known that were not; they take the last columns of the memories."""
        for label in labels:
            if label not in self.labels:
                self.labels.append(label)
        seen = self._expect_begun()
        more = len(self.labels) - seen.beliefs.shape[2]
        self._seen = seen._replace(beliefs=np.pad(seen.beliefs, ((0, 0), (0, 0), (0, more))))

    def _beliefs(
        self, features: torch.Tensor, carried: NDArray[np.float32], picture: NDArray[np.uint8]
    ) -> NDArray[np.float32]:
        """How far each pixel belongs to each object, by its looks and by where they were."""
        parts = [memory.mapping() for memory in (self._lasting, self._fading) if memory is not None and memory.samples]
        count = len(self.labels)
        weights = torch.stack([_widened(w, count) for w, _ in parts]).mean(0)
        intercept = torch.stack([_widened(b, count) for _, b in parts]).mean(0)
        looks = torch.cat([torch.addmm(intercept, k.float(), weights) for k in self.sense.keys_of(features)])
        odds = _TRUST * looks.view(*carried.shape).numpy() + np.log(np.clip(carried, _LEAST, 1))
        odds -= odds.max(2, keepdims=True)
        shares = np.exp(odds)
        return motion.sharpened((shares / shares.sum(2, keepdims=True)).astype(np.float32), picture)

    def _learn(self, features: torch.Tensor, beliefs: NDArray[np.float32], *, lasting: bool) -> None:
        """Learn pixels of a frame, drawn by how sure and how near to an object they are."""
        best = beliefs.argmax(2)
        top = np.partition(beliefs, -2, axis=2)[..., -2:]
        weight = _drawing_weights(best, (top[..., 1] - top[..., 0]).clip(0, 1), len(self.labels))
        drawn = _systematic(weight.reshape(-1), _DRAWN, self._source)
        if not len(drawn):
            return
        keys = torch.cat(list(self.sense.keys_of(features[torch.from_numpy(drawn)])))
        columns = torch.from_numpy(best.reshape(-1)[drawn])
        for memory in (self._lasting if lasting else None, self._fading):
            if memory is not None:
                memory.write_labels(keys, columns, width=len(self.labels))

    def _expect_begun(self) -> _Seen:
        if self._seen is None:
            raise BadData("No mask was given yet. Call `begin` with a frame and the mask of its objects first.")
        return self._seen


def _numbers(frame: Frame) -> NDArray[np.uint8]:
    found: NDArray[np.uint8] = np.ascontiguousarray(np.asarray(frame))
    return found


def _widened(values: torch.Tensor, columns: int) -> torch.Tensor:
    return torch.nn.functional.pad(values, (0, columns - values.shape[-1])).float()


def _drawing_weights(best: NDArray[np.int64], sure: NDArray[np.float32], labels: int) -> NDArray[np.float64]:
    """Half of the draws for the objects, shared evenly, half for what is around them, where it is near most."""
    from scipy.ndimage import distance_transform_edt

    away = distance_transform_edt(best == 0)
    near = np.exp(-away / (_NEAR * max(best.shape))) + _FAR
    weight = np.zeros(best.shape)
    for label in range(labels):
        here = (best == label) * sure * (near if label == 0 else 1.0)
        share = 0.5 if label == 0 else 0.5 / (labels - 1)
        if here.sum() > 0:
            weight += share * here / here.sum()
    return weight


def _systematic(weight: NDArray[np.float64], n: int, source: np.random.Generator) -> NDArray[np.int64]:
    """`n` places, each as often as its weight says, give or take one."""
    total = weight.sum()
    if not total > 0:
        return np.zeros(0, np.int64)
    steps = (np.arange(n) + source.random()) / n
    found: NDArray[np.int64] = np.searchsorted(np.cumsum(weight) / total, steps).clip(max=len(weight) - 1)
    return source.permutation(found)
