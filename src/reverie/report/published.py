"""Published final average accuracies, to stand beside measured ones.

van de Ven, Tuytelaars & Tolias, 2022, Nature Machine Intelligence 4:1185. Split CIFAR-100: table 3 (10 seeds). Split
MNIST: recalled from table 2 (20 seeds), to be confirmed. Their protocol: five (ten) experiences, 2000 (5000) steps
each.
"""

__all__ = ["SOURCE", "published"]

SOURCE = "van de Ven, Tuytelaars & Tolias 2022 (Split MNIST as recalled)"

_TABLE: dict[tuple[str, str], dict[str, float]] = {
    ("split-mnist", "class"): {
        "naive": 0.199,
        "joint": 0.982,
        "ewc": 0.206,
        "si": 0.212,
        "lwf": 0.219,
        "dgr": 0.904,
        "bir": 0.944,
        "er": 0.888,
        "generative": 0.938,
    },
    ("split-mnist", "domain"): {
        "naive": 0.601,
        "joint": 0.986,
        "ewc": 0.630,
        "si": 0.669,
        "lwf": 0.724,
        "dgr": 0.956,
        "bir": 0.973,
        "er": 0.938,
    },
    ("split-mnist", "task"): {
        "naive": 0.843,
        "joint": 0.997,
        "ewc": 0.991,
        "si": 0.992,
        "lwf": 0.996,
        "dgr": 0.995,
        "bir": 0.996,
        "er": 0.990,
    },
    ("split-cifar100", "class"): {
        "naive": 0.077,
        "joint": 0.498,
        "ewc": 0.082,
        "si": 0.081,
        "lwf": 0.256,
        "dgr": 0.097,
        "bir": 0.258,
        "er": 0.376,
        "generative": 0.468,
    },
}


def published(stream: str, scenario: str, learner: str) -> float | None:
    """The published accuracy as a fraction, or None.

    Examples
    --------
    >>> published("split-mnist", "class", "bir")
    0.944
    """
    return _TABLE.get((stream, scenario), {}).get(learner)
