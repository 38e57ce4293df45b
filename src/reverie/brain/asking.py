"""A mind is asked about samples: all of them are answered by one version, while others ask and learn meanwhile."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from reverie.brain.durable import Durable
from reverie.brain.mind import Mind

__all__ = ["asked"]

_BLOCK = 1000  # samples sensed at once
_CHANCES = 2  # to be answered while the brain changes, before it must wait

Answer = tuple[list[Any], tuple[Tensor, ...]]
Tell = Callable[[Mind, Tensor, Tensor | None], tuple[Tensor, ...]]


def asked(durable: Durable, x: Any, check: Callable[[Mind], None], tell: Tell) -> Answer:
    """The labels that are known, and what `tell` says of the keys of samples.

    Parameters
    ----------
    check : callable
        Raises where the mind cannot be asked, before anything is sensed.
    tell : callable
        Given the mind, keys, and what a deeper cortex answers of the samples (None: there is none); each Tensor that it
        returns has a row for each key. It must not change anything.
    """
    for _ in range(_CHANCES):
        found = _by_one_version(durable, x, check, tell)
        if found is not None:
            return found
    found = durable.ask(lambda _: _by_one_version(durable, x, check, tell))  # let it wait
    assert found is not None
    return found


def _by_one_version(durable: Durable, x: Any, check: Callable[[Mind], None], tell: Tell) -> Answer | None:
    """None where the mind has changed meanwhile."""
    mind = durable.ask(lambda mind: mind)
    version, senses = mind.version, mind.senses
    check(mind)
    samples = senses.take(x)
    parts: list[tuple[Tensor, ...]] = []
    for i in range(0, len(samples), _BLOCK):
        keys = senses.glance(samples[i : i + _BLOCK])
        deeper = None if mind.deeper is None else mind.deeper_logits(samples[i : i + _BLOCK])

        def read(now: Mind, keys: Tensor = keys, deeper: Tensor | None = deeper) -> bool:
            if now is not mind or mind.version != version:
                return False
            parts.append(tell(mind, keys, deeper))
            return True

        if not durable.ask(read):
            return None
    return mind.known().labels, tuple(torch.cat(column) for column in zip(*parts, strict=True))
