"""Sums of a share of the data, made elsewhere: by another process or machine that has nothing but the senses."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from reverie.contracts import State
from reverie.memory.contribution import contribution
from reverie.senses import Own, OwnEncoder, Senses

__all__ = ["keys_of", "shard_sums"]

_BLOCK = 1000  # samples sensed at once


def shard_sums(ready: State, x: Any, y: Any, *, encoder: Own | None = None) -> State:
    """What a brain's sums change by when it learns these samples; needs nothing of the brain but its senses.

    Parameters
    ----------
    ready : State
        What `Brain.ready` returned.
    encoder : Module or callable, optional
        The user's own encoder, where the brain has one.
    """
    senses = Senses.from_state(ready["senses"], None if encoder is None else OwnEncoder(encoder))
    samples, labels = senses.take(x), np.asarray(y).tolist()
    known = list(dict.fromkeys(labels))
    book = {label: column for column, label in enumerate(known)}
    columns = torch.tensor([book[label] for label in labels])
    keys = keys_of(senses, samples)
    batch, clipped = contribution(keys, columns, per_class=ready["per_class"]), senses.watch(samples, keys).clipped
    return {"senses": ready["senses"], "labels": known, "batch": batch, "samples": len(labels), "clipped": clipped}


def keys_of(senses: Senses, samples: Any) -> Tensor:
    """The keys of any number of samples."""
    return torch.cat([senses.keys(samples[i : i + _BLOCK]) for i in range(0, len(samples), _BLOCK)])
