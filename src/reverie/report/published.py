"""Published final average accuracies, to stand beside measured ones.

van de Ven, Tuytelaars & Tolias, 2022, Nature Machine Intelligence 4:1185. Split CIFAR-100: table 3, ten seeds, 10
experiences of 5000 steps. Split MNIST: 5 experiences of 2000 steps; these numbers are recalled from the same paper and
still to be confirmed by running.
"""

__all__ = ["SOURCE", "published"]

SOURCE = "van de Ven, Tuytelaars & Tolias 2022"
"""What to write under a column of these numbers; `RECALLED` names the streams for which a caution must be added."""

RECALLED = frozenset({"split-mnist"})
EXPERIENCES = {"split-mnist": 5, "split-cifar100": 10}
"""How many experiences a stream was cut into; numbers of another cut are not comparable."""

# per cent, as printed; a learner is named as its file is
_PER_CENT: dict[tuple[str, str], dict[str, float]] = {
    ("split-mnist", "class"): {
        "naive": 19.9,
        "joint": 98.2,
        "ewc": 20.6,
        "si": 21.2,
        "lwf": 21.9,
        "dgr": 90.4,
        "bir": 94.4,
        "er": 88.8,
        "icarl": 92.5,
        "generative": 93.8,
    },
    ("split-mnist", "domain"): {"naive": 60.1, "joint": 98.6, "dgr": 95.6, "bir": 97.3},
    ("split-mnist", "task"): {"naive": 84.3, "joint": 99.7, "bir": 99.6},
    ("split-cifar100", "class"): {
        "naive": 7.7,
        "joint": 49.8,
        "ewc": 8.2,
        "si": 8.1,
        "lwf": 25.6,
        "dgr": 9.7,
        "bir": 25.8,
        "er": 37.6,
        "icarl": 37.8,
        "generative": 46.8,
    },
    ("split-cifar100", "domain"): {
        "naive": 18.4,
        "joint": 46.9,
        "ewc": 21.7,
        "si": 22.6,
        "lwf": 29.5,
        "dgr": 20.5,
        "bir": 30.3,
        "er": 39.0,
    },
    ("split-cifar100", "task"): {
        "naive": 61.4,
        "joint": 78.8,
        "ewc": 76.3,
        "si": 74.8,
        "lwf": 78.6,
        "dgr": 71.4,
        "bir": 79.1,
        "er": 76.4,
    },
}


def published(stream: str, scenario: str, learner: str) -> float | None:
    """The published accuracy as a fraction, or None.

    Examples
    --------
    >>> published("split-mnist", "class", "bir")
    0.944
    """
    value = _PER_CENT.get((stream, scenario), {}).get(learner)
    return None if value is None else round(value / 100, 4)
