"""The user's own data as a stream: an .npz file, a folder of class folders with pictures, or a table.

Nothing is fitted to the data, so nothing of a later experience leaks into an earlier one. What was decided (the test
part, the size of pictures, the encoding of text) is stated in the stream's notes.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reverie.contracts import Scenario, Stream
from reverie.errors import BadData, MissingData
from reverie.streams.data import LabelledData, stratified_split
from reverie.streams.locate import read_npz
from reverie.streams.pictures import class_folders, common_size, read_picture
from reverie.streams.split import Split
from reverie.streams.tables import read_table

__all__ = ["from_path"]

_PROTOCOL = {"hidden": (400, 400), "iterations": 1000, "batch_size": 128, "learning_rate": 1e-3, "latent": 50}


def from_path(
    path: str | Path, *, scenario: Scenario = "class", order: int = 0, classes_per_experience: int = 2
) -> Stream:
    """Make a stream of the user's own data.

    Parameters
    ----------
    path : path
        `.npz` with train_x, train_y, test_x, test_y (and classes); a folder of class folders, or of train/ and test/
        with class folders; `.csv`, `.tsv` or `.jsonl` with a column label, and text or numbers.

    Raises
    ------
    MissingData, CorruptFile, BadData
        Where it is not there, cannot be read, or does not have the expected form.
    """
    path = Path(path)
    if path.is_dir():
        data, notes = _from_folder(path)
    elif not path.exists():
        raise MissingData(f"No file or folder {path}. Check the path; `reverie streams` lists the named streams.")
    elif path.suffix == ".npz":
        data, notes = _from_npz(path)
    elif path.suffix in (".csv", ".tsv", ".jsonl"):
        data, notes = read_table(path)
    else:
        raise BadData(
            f"{path} ends in {path.suffix!r}. Expected .npz, .csv, .tsv, .jsonl, or a folder of class folders."
        )
    if len(data.label_names) < 2:
        raise BadData(f"{path} has {len(data.label_names)} class. Expected at least two.")
    lowest, highest = float(data.train_x.min()), float(data.train_x.max())
    unit = data.train_x.dtype == np.uint8 or (lowest >= 0 and highest <= 1)
    return Split(
        data,
        name=path.stem,
        scenario=scenario,
        order=order,
        classes_per_experience=classes_per_experience,
        protocol=_PROTOCOL | {"reconstruction": "bernoulli" if unit else "gaussian"},
        notes=notes,
    )


def _from_npz(path: Path) -> tuple[LabelledData, tuple[str, ...]]:
    arrays = read_npz(path)
    wanted = ("train_x", "train_y", "test_x", "test_y")
    missing = [key for key in wanted if key not in arrays]
    if missing:
        raise BadData(f"{path} lacks {', '.join(missing)}; it has {', '.join(sorted(arrays)) or 'nothing'}. Add them.")
    train_x, test_x = (_samples(path, key, arrays[key]) for key in ("train_x", "test_x"))
    if train_x.shape[1:] != test_x.shape[1:]:
        raise BadData(f"{path}: train_x has samples {train_x.shape[1:]}, test_x {test_x.shape[1:]}. Make them alike.")
    for part, x in (("train", train_x), ("test", test_x)):
        y = arrays[f"{part}_y"]
        if y.ndim != 1 or len(y) != len(x):
            raise BadData(f"{path}: {part}_y has shape {y.shape}. Expected ({len(x)},), one label for each sample.")
        if y.dtype.kind not in "iuUS":
            raise BadData(f"{path}: {part}_y has type {y.dtype}. Expected whole numbers or words.")
    names, train_y, test_y = _number(path, arrays["train_y"], arrays["test_y"])
    if "classes" in arrays:
        given = [str(name) for name in arrays["classes"].tolist()]
        if arrays["train_y"].dtype.kind in "iu":
            index = [int(name) for name in names]
            if index[0] < 0 or index[-1] >= len(given):
                raise BadData(
                    f"{path}: classes names {len(given)} labels, but labels reach from {index[0]} to {index[-1]}."
                )
            names = tuple(given[number] for number in index)
    return LabelledData(train_x, train_y, test_x, test_y, names), ()


def _samples(path: Path, key: str, x: NDArray[np.generic]) -> NDArray[np.generic]:
    pictures = x.dtype == np.uint8 and (x.ndim == 3 or (x.ndim == 4 and x.shape[3] == 3))
    features = x.dtype.kind in "fiu" and x.ndim == 2
    if not (pictures or features) or 0 in x.shape:
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


def _number(
    path: Path, train: NDArray[np.generic], test: NDArray[np.generic]
) -> tuple[tuple[str, ...], NDArray[np.int64], NDArray[np.int64]]:
    """Number the labels of the training part; those of the test part must be among them."""
    known = np.unique(train)
    strangers = sorted(set(np.unique(test).tolist()) - set(known.tolist()))
    if strangers:
        raise BadData(
            f"{path}: the test part has the label {strangers[0]!r}, which the training part lacks. Remove it."
        )
    names = tuple(str(label) for label in known.tolist())
    return names, np.searchsorted(known, train).astype(np.int64), np.searchsorted(known, test).astype(np.int64)


def _from_folder(path: Path) -> tuple[LabelledData, tuple[str, ...]]:
    parts = {part: path / part for part in ("train", "test") if (path / part).is_dir()}
    if len(parts) == 2:
        train, test = class_folders(parts["train"]), class_folders(parts["test"])
        notes = ["Test part: the folder test/."]
    else:
        everything = class_folders(path)
        held = stratified_split(np.unique([label for label, _ in everything], return_inverse=True)[1])
        train = [item for item, out in zip(everything, held, strict=True) if not out]
        test = [item for item, out in zip(everything, held, strict=True) if out]
        notes = ["Test part: a fixed fifth of each class."]
    size, colour = common_size([file for _, file in (*train, *test)])
    notes.append(f"Pictures as {size[1]}×{size[0]} pixels, {'colour' if colour else 'grey'}.")
    names, train_y, test_y = _number(
        path, np.array([label for label, _ in train]), np.array([label for label, _ in test])
    )
    train_x, test_x = (np.stack([read_picture(file, size, colour) for _, file in part]) for part in (train, test))
    return LabelledData(train_x, train_y, test_x, test_y, names), tuple(notes)
