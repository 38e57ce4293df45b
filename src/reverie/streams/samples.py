"""Samples of the user's own as they are: to learn all at once, or to be recognised, with labels or without."""

from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reverie.errors import BadData, MissingData
from reverie.streams.locate import read_npz
from reverie.streams.pictures import SUFFIXES, class_folders, common_size, read_picture
from reverie.streams.tables import numbers, read_rows

__all__ = ["Samples", "read_samples"]

Part = Literal["train", "test"]


class Samples(NamedTuple):
    """Samples, and their labels where they have any.

    Attributes
    ----------
    x : array, shape [n, *shape], or list of str
    y : list of str, or None
    names : list of str
        What each sample may be called: its file or its row.
    """

    x: NDArray[np.generic] | list[str]
    y: list[str] | None
    names: list[str]


def read_samples(path: str | Path, *, part: Part, shape: tuple[int, ...] | None = None) -> Samples:
    """Read samples. Data without parts is taken whole.

    Parameters
    ----------
    path : path
        A picture; a folder of pictures or of class folders (or of train/ and test/ with class folders); an `.npz`
        with x (and y), or train_x and so on; a `.csv`, `.tsv` or `.jsonl` with a column text or columns of numbers
        (and label, and split); a `.txt` with a sentence in each line.
    part : {"train", "test"}
        Which, where the data has both.
    shape : tuple of int, optional
        (height, width) or (height, width, 3) to which pictures are brought; else the most frequent size.
    """
    path = Path(path)
    if path.is_dir():
        return _folder(path, part, shape)
    if not path.exists():
        raise MissingData(f"No file or folder {path}. Check the path.")
    suffix = path.suffix.lower()
    if suffix in SUFFIXES:
        return Samples(_pictures([path], shape), None, [path.name])
    if suffix == ".npz":
        return _npz(path, part)
    if suffix in (".csv", ".tsv", ".jsonl"):
        return _table(path, part)
    if suffix == ".txt":
        lines = [line for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
        if not lines:
            raise BadData(f"{path} has no sentences. Expected one in each line.")
        return Samples(lines, None, lines)
    raise BadData(f"{path} ends in {suffix!r}. Expected a folder, a picture, .npz, .csv, .tsv, .jsonl or .txt.")


def _folder(path: Path, part: Part, shape: tuple[int, ...] | None) -> Samples:
    if all((path / inner).is_dir() for inner in ("train", "test")):
        path = path / part
    loose = sorted(file for file in path.iterdir() if file.suffix.lower() in SUFFIXES and file.name[0] != ".")
    if loose:
        return Samples(_pictures(loose, shape), None, [file.name for file in loose])
    found = class_folders(path)
    names = [f"{label}/{file.name}" for label, file in found]
    return Samples(_pictures([file for _, file in found], shape), [label for label, _ in found], names)


def _pictures(files: list[Path], shape: tuple[int, ...] | None) -> NDArray[np.uint8]:
    if shape is None:
        size, colour = common_size(files)
    else:
        if len(shape) not in (2, 3):
            raise BadData("Given pictures. This brain takes vectors of numbers or sentences: give the same form.")
        size, colour = (shape[1], shape[0]), len(shape) == 3
    return np.stack([read_picture(file, size, colour) for file in files])


def _npz(path: Path, part: Part) -> Samples:
    arrays = read_npz(path)
    x = arrays.get(f"{part}_x", arrays.get("x"))
    y = arrays.get(f"{part}_y" if f"{part}_x" in arrays else "y")
    if x is None:
        raise BadData(f"{path} has {', '.join(sorted(arrays)) or 'nothing'}. Expected {part}_x, or x.")
    labels = None
    if y is not None:
        if y.ndim != 1 or len(y) != len(x) or y.dtype.kind not in "iuUS":
            raise BadData(f"{path}: y has shape {y.shape} and type {y.dtype}. Expected {len(x)} numbers or words.")
        labels = [str(label) for label in y.tolist()]
        if "classes" in arrays and y.dtype.kind in "iu":
            names = [str(name) for name in arrays["classes"].tolist()]
            if int(y.min()) < 0 or int(y.max()) >= len(names):
                raise BadData(
                    f"{path}: classes names {len(names)} labels, but labels reach from {y.min()} to {y.max()}."
                )
            labels = [names[int(label)] for label in y.tolist()]
    return Samples(x, labels, [str(index) for index in range(len(x))])


def _table(path: Path, part: Part) -> Samples:
    rows = read_rows(path)
    if "split" in rows[0]:
        chosen = [row for row in rows if row["split"] == part]
        if not chosen:
            raise BadData(f"{path} has no rows whose split is {part}. Expected some.")
        rows = chosen
    names = [str(number) for number in range(2, len(rows) + 2)]
    labels = [row["label"] for row in rows] if "label" in rows[0] else None
    if labels is not None and not all(label.strip() for label in labels):
        raise BadData(f"{path} has a row without a label. Give it one, or remove it.")
    if "text" in rows[0]:
        return Samples([row["text"] for row in rows], labels, names)
    x, _ = numbers(path, rows, [name for name in rows[0] if name not in ("label", "split")])
    return Samples(x, labels, names)
