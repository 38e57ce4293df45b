"""Where data sets are: in $REVERIE_DATA, else in the user's cache folder, else downloaded there where that is possible.

This is the only file of the library that reads the environment.
"""

import lzma
import math
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from reverie.errors import CorruptFile, MissingData
from reverie.record import replace_file

__all__ = ["DataSet", "cache_folder", "catalogue", "find", "read_npz"]


@dataclass(frozen=True)
class DataSet:
    """A data set that the streams know.

    Attributes
    ----------
    file : str
        Its path below a data folder.
    hub : str
        Its name on the Hugging Face hub, from which it is downloaded where the package `datasets` is installed; may
        be empty.
    """

    name: str
    file: str
    streams: tuple[str, ...]
    origin: str
    hub: str = ""

    @property
    def path(self) -> Path | None:
        """Where it lies, or None."""
        return next((folder / self.file for folder in folders() if (folder / self.file).is_file()), None)

    @property
    def how_to_get(self) -> str:
        """What to put where."""
        automatic = " or install the package 'datasets' and have a network" if self.hub else ""
        place = f"{folders()[0]} (or a folder named by REVERIE_DATA)"
        return f"Put {self.file} into {place}{automatic}. Origin: {self.origin}."


_MEMBERS = 1000
_UNPACKED = 512 * 2**20  # bytes that any file may unpack to
_RATIO = 20  # and how many times its size a larger one
_PICTURES = "keys train_x, train_y, test_x, test_y, pictures as uint8"
_SETS = (
    DataSet(
        "digits", "", ("digits",), "scikit-learn, installed with Reverie (UCI ML, Alpaydin & Kaynak, 1998; CC BY 4.0)"
    ),
    DataSet(
        "mnist",
        "mnist/mnist.npz",
        ("split-mnist", "permuted-mnist"),
        f"LeCun, Cortes, Burges; CC BY-SA 3.0 ({_PICTURES})",
        "ylecun/mnist",
    ),
    DataSet(
        "cifar10", "cifar10/cifar10.npz", ("split-cifar10",), f"Krizhevsky, 2009; cite ({_PICTURES})", "uoft-cs/cifar10"
    ),
    DataSet(
        "cifar100",
        "cifar100/cifar100.npz",
        ("split-cifar100",),
        f"Krizhevsky, 2009; cite ({_PICTURES})",
        "uoft-cs/cifar100",
    ),
    DataSet(
        "davis",
        "video/davis16_120x214.npz",
        ("benchmarks/video.py",),
        "Perazzi et al., 2016 (NAME_x [t, 120, 214, 3] uint8 and NAME_y [t, 120, 214] 0/1 of sequences of DAVIS 2016)",
    ),
    DataSet("clinc150", "clinc150/data_full.json", ("clinc150",), "Larson et al., 2019; CC BY 3.0 (data_full.json)"),
)


def cache_folder() -> Path:
    """The user's cache folder for this library; it need not be there."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "reverie"


def folders() -> list[Path]:
    """Folders that are searched, in order."""
    own = os.environ.get("REVERIE_DATA")
    return [Path(own), cache_folder()] if own else [cache_folder()]


def catalogue() -> list[dict[str, Any]]:
    """Every data set: what uses it, where it is or None, its size in bytes, and how to get it."""
    entries: list[dict[str, Any]] = []
    for one in _SETS:
        path = one.path
        there = "in scikit-learn" if not one.file else None if path is None else str(path)
        entries.append(
            {
                "name": one.name,
                "streams": list(one.streams),
                "path": there,
                "bytes": path.stat().st_size if path is not None else None,
                "origin": one.origin,
                "how_to_get": "" if there else one.how_to_get,
            }
        )
    return entries


def find(name: str) -> Path:
    """The file of a data set.

    Raises
    ------
    MissingData
        Where it is not there and cannot be downloaded; says what to put where.
    """
    one = next(entry for entry in _SETS if entry.name == name)
    path = one.path or (_download(one) if one.hub else None)
    if path is None:
        raise MissingData(f"The data set {name} is not there. {one.how_to_get}")
    return path


def _download(one: DataSet) -> Path | None:
    """Fetch pictures from the hub into the cache folder; None where that is not possible."""
    try:
        from datasets import load_dataset  # type: ignore[import-not-found]
    except ImportError:
        return None
    import io

    try:
        parts = load_dataset(one.hub)
    except Exception:  # whatever a network can do wrong: the caller says what to put where
        return None
    arrays: dict[str, Any] = {}
    for part in ("train", "test"):
        columns = parts[part].column_names
        picture = next(name for name in columns if name in ("image", "img"))
        label = next(name for name in columns if name in ("label", "fine_label"))
        arrays[f"{part}_x"] = np.stack([np.asarray(item, dtype=np.uint8) for item in parts[part][picture]])
        arrays[f"{part}_y"] = np.asarray(parts[part][label], dtype=np.int64)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    target = folders()[-1] / one.file
    target.parent.mkdir(parents=True, exist_ok=True)
    replace_file(target, buffer.getvalue())
    return target


def read_npz(path: Path) -> dict[str, np.ndarray]:
    """Read the arrays of an .npz file; nothing pickled is ever opened.

    What each array says of its size is compared with what the file holds of it before there is room for it.
    """
    import zipfile
    import zlib

    try:
        with zipfile.ZipFile(path) as file:
            members = [one for one in file.infolist() if not one.is_dir()]
            unpacked = sum(one.file_size for one in members)
            if len(members) > _MEMBERS:
                raise ValueError(f"it holds {len(members)} arrays, more than {_MEMBERS}")
            if unpacked > max(_UNPACKED, _RATIO * path.stat().st_size):
                raise ValueError(f"its {path.stat().st_size} bytes unpack to {unpacked}, a bomb")
            return {one.filename.removesuffix(".npy"): _array(file, one) for one in members}
    except FileNotFoundError:
        raise MissingData(f"No file {path}. Check the name.") from None
    except (
        *(ValueError, TypeError, OSError, EOFError, KeyError, SyntaxError, OverflowError, MemoryError),
        *(NotImplementedError, RuntimeError),  # compressed in a way that Python has not, or encrypted
        *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, UnicodeDecodeError),
    ) as error:
        reason = "it holds pickled objects" if "pickle" in str(error).lower() else str(error) or "it is torn"
        raise CorruptFile(
            f"{path} cannot be read as .npz: {reason}. Expected plain arrays written by numpy.savez; write it again."
        ) from None


def _array(file: Any, member: Any) -> np.ndarray:
    """An array of a zip file, once its head says no more than there is."""
    with file.open(member) as raw:
        version = np.lib.format.read_magic(raw)
        if version not in ((1, 0), (2, 0)):
            raise ValueError(f"{member.filename} has the version {version}")
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read(raw)
    size = math.prod(max(1, side) for side in shape) * max(1, dtype.itemsize)
    if size > member.file_size or min(shape, default=0) < 0:
        raise ValueError(f"{member.filename} says that it has the shape {shape}, and holds {member.file_size} bytes")
    with file.open(member) as raw:
        return np.asarray(np.lib.format.read_array(raw, allow_pickle=False))
