"""Sets of labels that hold the right one in a stated share of the cases.

Labels are taken in the order of their probability. With S the sum of those before a label of probability p ::

    the label is in the set where  S + u p < coverage,     u in 0…1, by the digest of the sample's key

and the most likely label always is. The right label is then in the set with a probability of `coverage` (of its own,
where that is more), whatever the sample, where probabilities are right. Without u, sets would be larger than they need
to be. The same sample is given the same u, whenever and beside whichever others it is asked about.

Probabilities are those of the memory, which are calibrated by what the sums expect of left-out samples
(`reverie.memory.choice`): no data are held back, and what is forgotten leaves the sets as it leaves the answers. The
coverage is that of new samples of the classes that are known, drawn as the learned ones were; of a class that was never
learned no set holds the label.

Reference: Romano, Sesia, Candès, 2020, NeurIPS (adaptive sets from probabilities, randomised).
"""

from hashlib import blake2b
from typing import Any

import torch
from jaxtyping import Bool, Float, Num
from torch import Tensor

from reverie.brain.mind import Mind
from reverie.errors import BadData

__all__ = ["chances_of", "likely", "need_calibrated", "sets_of"]


def likely(probability: Float[Tensor, "n k"], chances: Float[Tensor, " n"], coverage: float) -> Bool[Tensor, "n k"]:
    """Which labels are in the set of each sample.

    Parameters
    ----------
    chances : Tensor, shape [n]
        u of each.

    Examples
    --------
    >>> likely(torch.tensor([[0.7, 0.3], [0.7, 0.3], [0.95, 0.05]]), torch.tensor([0.5, 0.9, 0.1]), 0.9)
    tensor([[ True,  True],
            [ True, False],
            [ True, False]])
    """
    ordered, places = probability.sort(dim=1, descending=True, stable=True)
    inside = ordered.cumsum(1) - ordered + chances[:, None] * ordered < coverage
    inside[:, 0] = True
    return torch.zeros_like(inside).scatter(1, places, inside)


def chances_of(keys: Num[Tensor, "n d"]) -> Float[Tensor, " n"]:
    """A number in 0…1 for each key, by its digest."""
    rows = keys.contiguous().numpy()
    digests = [int.from_bytes(blake2b(row.tobytes(), digest_size=6).digest()) for row in rows]
    return torch.tensor(digests, dtype=torch.float64) / 2.0**48


def sets_of(classes: list[Any], probability: Float[Tensor, "n k"], inside: Bool[Tensor, "n k"]) -> list[list[Any]]:
    """The labels of each sample's set, the most likely first.

    Examples
    --------
    >>> sets_of(["cat", "dog"], torch.tensor([[0.3, 0.7]]), torch.tensor([[True, True]]))
    [['dog', 'cat']]
    """
    order = probability.argsort(dim=1, descending=True, stable=True)
    counts = inside.sum(1).tolist()
    return [[classes[place] for place in row[:count]] for row, count in zip(order.tolist(), counts, strict=True)]


def need_calibrated(mind: Mind) -> None:
    """Refuse where probabilities are not calibrated.

    Raises
    ------
    BadData
    """
    if len(mind.known().labels) > 1 and not mind.memory.calibrated():
        raise BadData(
            "Sets need probabilities that the sums have calibrated, and this brain has none. That takes a brain that "
            "was created with ridge='gcv', two samples of a class on average, and at most 400 classes, or as many as "
            "there are inputs. Learn more, or take the labels alone."
        )
