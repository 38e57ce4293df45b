"""The user's own data as a stream: an .npz file, a folder of class folders with pictures, or a table.

They are read as a brain reads them (`reverie.streams.read_samples`), and learners that take samples as they are read
are given those. The others are given arrays: what is fitted for these (the size of pictures, the
categories of a table) is fitted to the training part alone, and what was decided is stated in the stream's notes.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reverie.contracts import Scenario, Stream
from reverie.errors import BadData
from reverie.functional.mel import BANDS, FRAMES, RATE, mel_picture
from reverie.streams.data import LabelledData, stratified_split
from reverie.streams.labelled import Samples
from reverie.streams.labels import label_order
from reverie.streams.pictures import Pictures, common_size
from reverie.streams.samples import read_parts
from reverie.streams.sounds import Sounds
from reverie.streams.split import Split
from reverie.streams.table import Table
from reverie.text import encode_text

__all__ = ["from_path"]

_PROTOCOL = {"hidden": (400, 400), "iterations": 1000, "batch_size": 128, "learning_rate": 1e-3, "latent": 50}
_CATEGORIES = 1000  # of a column, the most frequent; the others share the cell of unseen ones


def from_path(
    path: str | Path, *, scenario: Scenario = "class", order: int = 0, classes_per_experience: int = 2
) -> Stream:
    """Make a stream of the user's own data.

    Parameters
    ----------
    path : path
        `.npz` with train_x, train_y, test_x, test_y (and classes); a folder of class folders, or of train/ and test/
        with class folders; a table (`.csv`, `.tsv`, `.jsonl`, `.parquet`, …) with a column label, and text or features.

    Raises
    ------
    MissingData, CorruptFile, BadData
        Where it is not there, cannot be read, or does not have the expected form.
    """
    path = Path(path)
    parts = read_parts(path)
    if path.suffix.lower() == ".npz" and _lacking(parts):
        raise BadData(f"{path} lacks {', '.join(_lacking(parts))}. Add them.")
    train, test, notes = _divided(path, parts)
    names = label_order(_labels(path, train))
    if len(names) < 2:
        raise BadData(f"{path} has {len(names)} class. Expected at least two.")
    samples = _alike(path, train.x, test.x)
    train_x, test_x, more = _arrays(path, *samples)
    train_y, test_y = (_numbered(path, _labels(path, part), names) for part in (train, test))
    lowest, highest = float(train_x.min()), float(train_x.max())
    unit = train_x.dtype == np.uint8 or (lowest >= 0 and highest <= 1)
    return Split(
        LabelledData(train_x, train_y, test_x, test_y, tuple(names)),
        name=path.stem,
        scenario=scenario,
        order=order,
        classes_per_experience=classes_per_experience,
        protocol=_PROTOCOL | {"reconstruction": "bernoulli" if unit else "gaussian"},
        notes=(*notes, *more),
        samples=None if isinstance(train.x, np.ndarray) else samples,
    )


def _lacking(parts: dict[str, Samples]) -> list[str]:
    """The arrays that an .npz file of a stream has not."""
    absent = [f"{part}_{key}" for part in ("train", "test") if part not in parts for key in "xy"]
    return absent + [f"{part}_y" for part in ("train", "test") if part in parts and parts[part].y is None]


def _divided(path: Path, parts: dict[str, Samples]) -> tuple[Samples, Samples, list[str]]:
    """The training part, the test part, and how they were divided."""
    if {"train", "test"} <= parts.keys():
        how = (
            "the folder test/" if path.is_dir() else "as it is" if path.suffix.lower() == ".npz" else "the column split"
        )
        notes = [*parts["train"].notes]
        return parts["train"], parts["test"], [f"Test part: {how}.", *notes]
    whole = parts.get("all") or next(iter(parts.values()))
    if "all" not in parts:
        raise BadData(f"{path} has the part {next(iter(parts))} alone. Expected train and test, or no parts.")
    labels = _labels(path, whole)
    held = stratified_split(np.unique(labels, return_inverse=True)[1])
    if not held.any():
        raise BadData(f"{path} has too few rows for a test part. Expected at least two of some class.")
    train, test = (_taken(whole, np.flatnonzero(held == out)) for out in (False, True))
    return train, test, ["Test part: a fixed fifth of each class.", *whole.notes]


def _taken(samples: Samples, places: NDArray[np.intp]) -> Samples:
    x: Any = samples.x
    labels = samples.y or []
    return samples._replace(
        x=[x[place] for place in places] if isinstance(x, list) else x[places],
        y=[labels[place] for place in places],
        names=[samples.names[place] for place in places],
    )


def _labels(path: Path, samples: Samples) -> list[str]:
    if samples.y is None:
        kind = "class folders" if path.is_dir() else "one named label"
        raise BadData(f"{path} has no labels: no class folders, no array y, no column label. Expected {kind}.")
    if not isinstance(samples.y, list):
        raise BadData(
            f"{path}: the labels are numbers to predict ({samples.y[0]}, …). Expected whole numbers or words, each a "
            "class of a stream."
        )
    return samples.y


def _numbered(path: Path, labels: list[str], names: list[str]) -> NDArray[np.int64]:
    """Number the labels; those of the test part must be among those of the training part."""
    places = {name: place for place, name in enumerate(names)}
    strangers = sorted(set(labels) - set(places))
    if strangers:
        raise BadData(
            f"{path}: the test part has the label {strangers[0]!r}, which the training part lacks: it stands only in "
            "the test part. Remove it."
        )
    return np.array([places[label] for label in labels], dtype=np.int64)


def _alike(path: Path, train: Any, test: Any) -> tuple[Any, Any]:
    """Both parts, the columns of a table read alike."""
    if not isinstance(train, Table):
        return train, test
    test = test.as_kinds(train.kinds)
    absent = [name for name in train.names if name not in test.columns]
    if absent:
        raise BadData(f"{path}: the test part lacks the column {absent[0]!r}. Expected those of the training part.")
    return train, test


def _arrays(path: Path, train: Any, test: Any) -> tuple[NDArray[Any], NDArray[Any], list[str]]:
    """Both parts as arrays, for learners that take nothing else; and how that was done."""
    if isinstance(train, Sounds):
        heard, asked = (np.stack([mel_picture(wave) for wave in part.waves(RATE)]) for part in (train, test))
        return heard, asked, [f"Sounds as {BANDS} mel bands × {FRAMES} frames."]
    if isinstance(train, list):
        return encode_text(train), encode_text(test), ["Text encoded by hashed words and letters."]
    if isinstance(train, Pictures):
        size, colour, levels = common_size(train), train.colour, train.levels()
        x, y = (part.arrays(size, colour=colour, levels=levels) for part in (train, test))
        deep = f", levels {levels[0]:g}…{levels[1]:g}" if levels != (0, 255) else ""
        return x, y, [f"Pictures as {size[1]}×{size[0]} pixels, {'colour' if colour else 'grey'}{deep}."]
    if isinstance(train, Table):
        return _features(path, train, test)
    x, y = _samples(path, "train_x", train), _samples(path, "test_x", test)
    if x.shape[1:] != y.shape[1:]:
        raise BadData(f"{path}: train_x has samples {x.shape[1:]}, test_x {y.shape[1:]}. Make them alike.")
    return x, y, []


def _samples(path: Path, key: str, x: NDArray[Any]) -> NDArray[Any]:
    pictures = x.dtype == np.uint8 and (x.ndim == 3 or (x.ndim == 4 and x.shape[3] == 3))
    features = x.dtype.kind in "fiu" and x.ndim == 2
    if not (pictures or features):
        raise BadData(
            f"{path}: {key} has shape {x.shape} and type {x.dtype}. Expected pictures [n, h, w] or [n, h, w, 3] as "
            "uint8, or features [n, d] as numbers, n ≥ 1."
        )
    if pictures:
        return x
    x = x.astype(np.float32)
    if not np.isfinite(x).all():
        raise BadData(f"{path}: {key} contains NaN or infinity. Drop or impute those samples.")
    return x


def _features(path: Path, train: Table, test: Table) -> tuple[NDArray[np.float32], NDArray[np.float32], list[str]]:
    """Numbers as they are, with the training rows' mean where they are missing; categories as cells, one of them 1."""
    left, right, used, cells = [], [], [], 0
    for name in train.names:
        one, two = train.columns[name], test.columns[name]
        if one.dtype == object:
            there, counts = np.unique(
                np.array([value for value in one if value is not None], dtype=str), return_counts=True
            )
            known = sorted(there[np.argsort(-counts, kind="stable")][:_CATEGORIES].tolist())
            cells += len(known)
            left += [one == value for value in known]
            right += [two == value for value in known]
            continue
        used.append(name)
        gaps = np.isnan(one)
        mean = float(one[~gaps].mean()) if not gaps.all() else 0.0
        left.append(np.where(gaps, mean, one))
        right.append(np.where(np.isnan(two), mean, two))
        if gaps.any():
            left.append(gaps)
            right.append(np.isnan(two))
    with np.errstate(over="ignore"):
        x, y = (
            np.stack([np.asarray(column, dtype=np.float64) for column in side], axis=1).astype(np.float32)
            for side in (left, right)
        )
    for side in (x, y):
        if not np.isfinite(side).all():
            raise BadData(f"{path} has numbers that are not finite in float32. Scale their column.")
    notes = [f"Features: {', '.join(used)}, as they are."] if used else []
    if cells:
        notes.append(f"Categories: {cells} cells, by the training rows.")
    return x, y, notes
