"""How fast a sense learns: accuracy after so many examples of each class."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn.functional import normalize

from reverie.errors import BadData

__all__ = ["learning_speed"]


def learning_speed(
    keys: Callable[[Tensor], Tensor], classes: Sequence[Tensor], counts: Sequence[int] = (1, 2, 5, 10)
) -> dict[str, float]:
    """Accuracy among all classes after 1, 2, 5 and 10 examples of each, read out by class means.

    The first samples of a class are learned, those after the largest count are asked.

    Parameters
    ----------
    keys : callable
        Samples to keys, shape [n, d].
    classes : sequence of Tensor
        Samples of each class; more than the largest count.

    Returns
    -------
    dict
        By count, as text.

    Examples
    --------
    >>> classes = [torch.eye(3)[[at]].repeat(12, 1) for at in range(3)]
    >>> learning_speed(lambda x: x, classes)
    {'1': 1.0, '2': 1.0, '5': 1.0, '10': 1.0}
    """
    most = max(counts)
    few = min(len(one) for one in classes)
    if few <= most:
        raise BadData(
            f"A class has {few} samples. Expected {most + 1} at least: {most} to learn from, and some to ask."
        )
    made = [normalize(keys(one).double(), dim=1) for one in classes]
    asked = torch.cat([one[most:] for one in made])
    truth = torch.cat([torch.full((len(one) - most,), label) for label, one in enumerate(made)])
    found = {}
    for count in sorted(counts):
        means = normalize(torch.stack([one[:count].mean(0) for one in made]), dim=1)
        found[str(count)] = float(((asked @ means.T).argmax(1) == truth).double().mean())
    return found
