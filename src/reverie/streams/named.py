"""The streams of the literature, by name. Each is a function of the scenario, the order and the cut."""

from typing import Any

import numpy as np

from reverie.contracts import Scenario, Stream
from reverie.errors import CorruptFile
from reverie.streams.data import LabelledData, stratified_split
from reverie.streams.locate import find, read_npz
from reverie.streams.permuted import Permuted
from reverie.streams.split import Split
from reverie.text import encode_text
from reverie.untrusted import parse_json

__all__ = ["clinc150", "digits", "permuted_mnist", "split_cifar10", "split_cifar100", "split_mnist"]

_DIGITS = {
    "hidden": (100, 100),
    "iterations": 500,
    "batch_size": 64,
    "learning_rate": 1e-3,
    "latent": 20,
    "reconstruction": "bernoulli",
}
_MNIST = _DIGITS | {"hidden": (400, 400), "iterations": 2000, "batch_size": 128, "latent": 100}
_PERMUTED = _MNIST | {"hidden": (1000, 1000), "batch_size": 256, "learning_rate": 1e-4}
_CIFAR = _MNIST | {"hidden": (2000, 2000), "iterations": 5000, "batch_size": 256, "learning_rate": 1e-4}
_CLINC = _MNIST | {"iterations": 500, "reconstruction": "gaussian"}


def digits(*, scenario: Scenario = "class", order: int = 0, classes_per_experience: int = 2) -> Stream:
    """Handwritten digits, 1797 pictures of 8×8, embedded in scikit-learn; a fifth of each class is the test part."""
    from sklearn.datasets import load_digits

    loaded = load_digits()
    x, y = (loaded.images / 16).astype(np.float32), loaded.target.astype(np.int64)
    test = stratified_split(y)
    data = LabelledData(x[~test], y[~test], x[test], y[test], tuple(str(digit) for digit in range(10)))
    return Split(
        data,
        name="digits",
        scenario=scenario,
        order=order,
        classes_per_experience=classes_per_experience,
        protocol=_DIGITS,
        notes=("Test part: a fixed fifth of each class.",),
    )


def _pictures(name: str) -> LabelledData:
    path = find(name)
    arrays = read_npz(path)
    missing = {"train_x", "train_y", "test_x", "test_y"} - arrays.keys()
    if missing:
        raise CorruptFile(
            f"{path} lacks {', '.join(sorted(missing))}. Expected the keys train_x, train_y, test_x, test_y."
        )
    n = int(arrays["train_y"].max()) + 1
    names = tuple(str(label) for label in arrays.get("classes", np.arange(n)).tolist())
    labels = arrays["train_y"].astype(np.int64), arrays["test_y"].astype(np.int64)
    return LabelledData(arrays["train_x"], labels[0], arrays["test_x"], labels[1], names)


def _split_pictures(
    source: str, protocol: dict[str, Any], scenario: Scenario, order: int, classes_per_experience: int
) -> Stream:
    return Split(
        _pictures(source),
        name=f"split-{source}",
        scenario=scenario,
        order=order,
        classes_per_experience=classes_per_experience,
        protocol=protocol,
    )


def split_mnist(*, scenario: Scenario = "class", order: int = 0, classes_per_experience: int = 2) -> Stream:
    """MNIST, 28×28, 60,000 pictures to learn and 10,000 to ask about; two digits at a time."""
    return _split_pictures("mnist", _MNIST, scenario, order, classes_per_experience)


def permuted_mnist(*, scenario: Scenario = "domain", order: int = 0, permutations: int = 10) -> Stream:
    """MNIST with the pixels of each experience shuffled in its own way; domain-incremental by nature."""
    return Permuted(
        _pictures("mnist"),
        name="permuted-mnist",
        scenario=scenario,
        order=order,
        permutations=permutations,
        protocol=_PERMUTED,
    )


def split_cifar10(*, scenario: Scenario = "class", order: int = 0, classes_per_experience: int = 2) -> Stream:
    """CIFAR-10, 32×32 in colour, 50,000 pictures to learn and 10,000 to ask about; two classes at a time."""
    return _split_pictures("cifar10", _CIFAR, scenario, order, classes_per_experience)


def split_cifar100(*, scenario: Scenario = "class", order: int = 0, classes_per_experience: int = 10) -> Stream:
    """CIFAR-100, 32×32 in colour, 50,000 pictures to learn and 10,000 to ask about; ten classes at a time."""
    return _split_pictures("cifar100", _CIFAR, scenario, order, classes_per_experience)


def clinc150(
    *, scenario: Scenario = "class", order: int = 0, classes_per_experience: int = 10, encoder: str = "hash"
) -> Stream:
    """CLINC150, 150 intents of sentences to an assistant, 15,000 to learn and 4,500 to ask about; ten at a time."""
    path = find("clinc150")
    try:
        loaded: dict[str, Any] = parse_json(path.read_text(encoding="utf-8"))
        train, test = loaded["train"], loaded["test"]
        if not all(isinstance(word, str) for text, intent in (*train, *test) for word in (text, intent)):
            raise ValueError("expected pairs of a sentence and an intent")
    except (ValueError, KeyError, TypeError) as error:
        raise CorruptFile(
            f"{path} is not CLINC150's data_full.json ({error!r}). Get it again from its origin."
        ) from None
    names = tuple(dict.fromkeys(intent for _, intent in train))
    number = {name: index for index, name in enumerate(names)}
    data = LabelledData(
        encode_text([text for text, _ in train], encoder),
        np.array([number[intent] for _, intent in train]),
        encode_text([text for text, _ in test], encoder),
        np.array([number[intent] for _, intent in test]),
        names,
    )
    return Split(
        data,
        name="clinc150",
        scenario=scenario,
        order=order,
        classes_per_experience=classes_per_experience,
        protocol=_CLINC,
        notes=(f"Sentences encoded by {encoder}.", "Validation and out-of-scope sentences are left out."),
    )
