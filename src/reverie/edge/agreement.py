"""Whether parts whose weights are rounded give the labels of those they were rounded from.

The labels of keys are compared: of keys that a brain has kept aside, or of its dreams. Where the encoder's weights are
rounded too, each key is changed first by an error that rounding them makes: by the difference between what both
encoders see in samples of no meaning.
"""

import re
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reverie.edge.numpy_predictor import Predictor
from reverie.edge.parts import Parts

__all__ = ["Probes", "agreement"]

_BLOCK = 50  # samples worked on at once
_READ_OUT = re.compile(r"weights|along|w\d+")  # its arrays, and the network's


class Probes(NamedTuple):
    """What two exports are compared by.

    Attributes
    ----------
    keys : array of shape `[n, d]`
    samples : array of shape `[m, *shape]`
        Of no meaning, as the encoder takes them. None of them: the encoder's errors are left out.
    """

    keys: NDArray[Any]
    samples: NDArray[Any]


def agreement(whole: Parts, rounded: Parts, probes: Probes) -> float:
    """The share of keys to which both answer the same label, 0…1.

    Examples
    --------
    >>> about = {"kind": "raw", "pixels": False, "shape": [2], "classes": ["a", "b"]}
    >>> arrays = {"weights": np.eye(2), "intercept": np.zeros(2), "slope": np.ones(())}
    >>> whole, turned = Parts(about, arrays), Parts(about, arrays | {"weights": np.eye(2)[::-1]})
    >>> probes = Probes(np.array([[3.0, 1.0], [2.0, 2.0]]), np.zeros((0, 2)))
    >>> agreement(whole, whole.rounded(), probes), agreement(whole, turned, probes)
    (1.0, 0.5)
    """
    one, other = (Predictor(parts=(parts.about, parts.arrays)) for parts in (whole, rounded))
    keys = probes.keys.astype(np.float32)
    moved = keys
    if len(probes.samples) and _encoder_rounded(rounded):
        errors = _errors(one, other, probes.samples)
        moved = keys + errors[np.arange(len(keys)) % len(errors)]
    return float((one.read(keys).argmax(1) == other.read(moved).argmax(1)).mean())


def _encoder_rounded(parts: Parts) -> bool:
    """Whether an array is rounded that is none of the read-out's or the network's."""
    rounded = [name.removesuffix(".scale") for name in parts.arrays if name.endswith(".scale")]
    return not all(_READ_OUT.fullmatch(name) for name in rounded)


def _errors(one: Predictor, other: Predictor, samples: NDArray[Any]) -> NDArray[np.float32]:
    """What the other encoder sees, less what the one does; shape [m, d]."""
    found = []
    for start in range(0, len(samples), _BLOCK):
        some = samples[start : start + _BLOCK]
        seen, meant = (encoder.keys(some).astype(np.float32) for encoder in (other, one))
        found.append(seen - meant)
    return np.concatenate(found)
