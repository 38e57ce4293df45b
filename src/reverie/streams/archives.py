"""Samples of an .npz file: arrays x and y, or those of its parts."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reverie.errors import BadData
from reverie.streams.bad_samples import Bad, refuse_bad
from reverie.streams.labelled import Columns, Part, Samples
from reverie.streams.labels import clean_labels, clean_numbers, numbers_of, target_of
from reverie.streams.locate import read_npz
from reverie.streams.picture_arrays import as_pictures
from reverie.streams.table import Table

__all__ = ["read_archive"]


def read_archive(path: Path, columns: Columns, *, skip_bad: bool) -> dict[str, Samples]:
    """The samples of each part ("train" and "test", or "all").

    Raises
    ------
    CorruptFile, BadData
    """
    arrays = read_npz(path)
    classes = _classes(path, arrays.get("classes"))
    parts: list[Part] = ["train", "test"]
    found = {part: _part(path, arrays, f"{part}_", classes, columns, skip_bad) for part in parts}
    both: dict[str, Samples] = {part: one for part, one in found.items() if one is not None}
    whole = _part(path, arrays, "", classes, columns, skip_bad)
    if whole is not None:
        both["all"] = whole
    if not both:
        raise BadData(
            f"{path} has {', '.join(sorted(arrays)) or 'nothing'}. Expected x and y; or train_x, train_y, test_x and "
            "test_y."
        )
    return both


def _part(
    path: Path, arrays: dict[str, Any], prefix: str, classes: list[str] | None, columns: Columns, skip_bad: bool
) -> Samples | None:
    x, y = arrays.get(f"{prefix}x"), arrays.get(f"{prefix}y")
    if x is None:
        return None
    if x.ndim == 0 or 0 in x.shape:
        raise BadData(f"{path}: {prefix}x has shape {x.shape}. Expected samples along the first axis.")
    names = [str(place) for place in range(len(x))]
    given: Any = x
    if x.dtype.names is not None:
        given = Table.of(x, rows=names, kinds=columns.kinds)
    elif x.dtype.kind in "US" and x.ndim == 1:
        given, wrong = clean_labels(x)
        if wrong:
            raise refuse_bad(f"{path}: {prefix}x", [(f"row {row}", "no text") for row, _ in wrong], len(x), "rows")
    elif x.dtype.kind in "buif":
        given = as_pictures(x)
    else:
        raise BadData(f"{path}: {prefix}x has type {x.dtype}. Expected numbers, or sentences.")
    if y is None:
        return Samples(given, None, names)
    if y.ndim == 2 and y.shape[1] == 1:  # as MATLAB writes a vector
        y = y[:, 0]
    if columns.target == "numbers" and y.ndim == 2 and len(y) == len(x) and y.dtype.kind in "buif":
        return _numbered(path, f"{prefix}y", given, y, names, skip_bad)
    if y.ndim != 1 or len(y) != len(x) or y.dtype.kind not in "buifUS":
        raise BadData(
            f"{path}: {prefix}y has shape {y.shape} and type {y.dtype}. Expected ({len(x)},), one label for each "
            "sample: whole numbers, words, or numbers to predict."
            + (" Where each row marks its class, give y.argmax(axis=1)." if y.ndim == 2 else "")
        )
    return _labelled(path, f"{prefix}y", given, y, classes, names, columns, skip_bad)


def _labelled(
    path: Path,
    key: str,
    x: Any,
    y: NDArray[Any],
    classes: list[str] | None,
    names: list[str],
    columns: Columns,
    skip_bad: bool,
) -> Samples:
    if columns.target == "numbers":
        return _numbered(path, key, x, y, names, skip_bad)
    labels, wrong = clean_labels(y, several=columns.target == "labels")
    bad: list[Bad] = [(f"row {row}", reason) for row, reason in wrong]
    if bad and not skip_bad:
        raise refuse_bad(f"{path}: {key}", bad, len(y), "rows")
    if wrong:
        gone = {row for row, _ in wrong}
        kept = [row for row in range(len(labels)) if row not in gone]
        if not kept:
            raise refuse_bad(f"{path}: {key}", bad, len(y), "rows")
        x = [x[row] for row in kept] if isinstance(x, list) else x[kept]
        labels, names = [labels[row] for row in kept], [names[row] for row in kept]
    target = columns.target or (target_of(labels) if y.dtype.kind == "f" and classes is None else "classes")
    if target == "numbers":
        note = [f"{key} holds {len(set(labels))} different numbers: numbers to predict."]
        return Samples(x, np.array(numbers_of(labels), dtype=np.float64), names, bad, note, target)
    if classes is not None and y.dtype.kind in "biuf":
        places = [int(float(label)) for label in labels] if y.dtype.kind == "f" else [int(label) for label in labels]
        low, high = min(places), max(places)
        if low < 0 or high >= len(classes):
            raise BadData(f"{path}: classes names {len(classes)} labels, but labels reach from {low} to {high}.")
        labels = [classes[place] for place in places]
    return Samples(x, labels, names, bad, [], target)


def _numbered(path: Path, key: str, x: Any, y: NDArray[Any], names: list[str], skip_bad: bool) -> Samples:
    """Samples with numbers, of one or several columns."""
    wrong: dict[int, str] = {}
    columns = []
    for column in y.reshape(len(y), -1).T:
        values, bad = clean_numbers(column)
        columns.append(values)
        wrong |= dict(bad)
    listed: list[Bad] = [(f"row {row}", reason) for row, reason in sorted(wrong.items())]
    kept = [row for row in range(len(y)) if row not in wrong]
    if listed and (not skip_bad or not kept):
        raise refuse_bad(f"{path}: {key}", listed, len(y), "rows")
    numbers = np.array(columns[0]) if y.ndim == 1 else np.array(columns).T
    if wrong:
        x = [x[row] for row in kept] if isinstance(x, list) else x[kept]
    return Samples(x, numbers[kept], [names[row] for row in kept], listed, [], "numbers")


def _classes(path: Path, given: NDArray[Any] | None) -> list[str] | None:
    if given is None:
        return None
    if given.ndim != 1:
        raise BadData(f"{path}: classes has shape {given.shape}. Expected one name for each class.")
    names, wrong = clean_labels(given)
    if wrong:
        raise BadData(f"{path}: classes has no name at place {wrong[0][0]}: {wrong[0][1]}. Give one.")
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise BadData(f"{path}: classes names {twice[0]!r} twice. Expected different names: rename one.")
    return names
