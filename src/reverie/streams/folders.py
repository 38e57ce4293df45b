"""Folders of samples: class folders, with or without parts, wrapped or not; what is left out is said.

The layouts that are read (a folder above them all may wrap them):

    FOLDER/CLASS/x.png                      classes
    FOLDER/CLASS/images/x.png               classes, one folder in each
    FOLDER/train/CLASS/x.png, FOLDER/test/  parts: train, and test, val or validation, in any case
    FOLDER/x.png                            samples without labels
"""

import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

from reverie.errors import BadData
from reverie.streams.bad_samples import list_bad, readable

__all__ = ["Found", "find_parts"]

_TRAIN = ("train", "training")
_TEST = ("test", "testing", "val", "valid", "validation", "eval", "dev")  # the first that is there
_INNER = {"images", "image", "imgs", "img", "pictures", "photos", "data", "files", "audio", "wav", "sounds"}
_WRAPPERS = 3  # folders around the whole that are passed
_SHOWN = 20


@dataclass
class Found:
    """The files of a part.

    Attributes
    ----------
    files : list of path
    labels : list of str, or None
    names : list of str
        Each file's path below the part's folder, in printable form.
    """

    files: list[Path] = field(default_factory=list)
    labels: list[str] | None = None
    names: list[str] = field(default_factory=list)


def find_parts(folder: Path, suffixes: set[str]) -> tuple[dict[str, Found], list[str]]:
    """The files of each part ("train" and "test", or "all"), and notes on what was left out.

    Raises
    ------
    BadData
        Names that are not UTF-8; no samples; a layout that is not among those above.
    """
    notes: list[str] = []
    root = _unwrapped(folder, suffixes)
    inner = _folders(root)
    train = _named(inner, _TRAIN)
    test = _named(inner, _TEST)
    if train is not None and test is not None:
        others = [one.name for one in inner if one not in (train, test) and _holds(one, suffixes)]
        if others:
            notes.append(f"Left out beside {train.name}/ and {test.name}/: {_some(others)}.")
        parts = {"train": _part(train, suffixes, notes, root), "test": _part(test, suffixes, notes, root)}
    else:
        parts = {"all": _part(root, suffixes, notes, root)}
    if not any(part.files for part in parts.values()):
        kinds = ", ".join(sorted(suffixes)[:8])
        raise BadData(f"{folder} holds no class folders with samples ({kinds}, …). {_expected(folder)}")
    return parts, notes


def _part(folder: Path, suffixes: set[str], notes: list[str], root: Path) -> Found:
    loose = _files(folder, suffixes)
    classes = [one for one in _folders(folder) if _holds(one, suffixes)]
    strange = [one for one in classes if readable(one.name) != one.name]
    if strange:
        bad = [(one.name, "not UTF-8") for one in strange]
        raise BadData(
            f"{folder} has {len(bad)} class folders whose names are not UTF-8: {list_bad(bad)}. Rename them: a "
            "folder's name becomes a label."
        )
    if not classes:
        return Found(loose, None, [readable(file.name) for file in loose])
    if loose:
        names = [readable(str(file.relative_to(root))) for file in loose]
        notes.append(f"Left out, for they lie beside the class folders and have no label: {_some(names)}.")
    found = Found([], [], [])
    for one in classes:
        files = _of_class(one, suffixes, notes, folder)
        found.files += files
        found.labels = [*(found.labels or []), *[unicodedata.normalize("NFC", one.name).strip()] * len(files)]
        found.names += [readable(str(file.relative_to(folder))) for file in files]
    return found


def _of_class(folder: Path, suffixes: set[str], notes: list[str], parent: Path) -> list[Path]:
    """The files of a class: those in its folder, or in the only folder within."""
    files = _files(folder, suffixes)
    deeper = [one for one in _folders(folder) if _holds(one, suffixes)]
    if files:
        if deeper:
            names = [f"{folder.name}/{readable(one.name)}/" for one in deeper]
            notes.append(f"Left out, for they lie in folders within a class: {_some(names)}.")
        return files
    if len(deeper) == 1 and _files(deeper[0], suffixes):
        return _files(deeper[0], suffixes)
    names = [f"{folder.name}/{readable(one.name)}/" for one in deeper]
    raise BadData(f"{parent}: the class folder {folder.name} holds folders ({_some(names)}). {_expected(parent)}")


def _unwrapped(folder: Path, suffixes: set[str]) -> Path:
    """The folder within those that only wrap it."""
    for _ in range(_WRAPPERS):
        inner = [one for one in _folders(folder) if _holds(one, suffixes)]
        if len(inner) != 1 or _files(folder, suffixes) or not _wraps(inner[0], suffixes):
            break
        folder = inner[0]
    return folder


def _wraps(folder: Path, suffixes: set[str]) -> bool:
    """Whether it holds classes or parts, rather than being a class itself."""
    inner = [one for one in _folders(folder) if _holds(one, suffixes)]
    if folder.name.lower() in (*_TRAIN, *_TEST):
        return True
    return bool(inner) and not _files(folder, suffixes) and not (len(inner) == 1 and inner[0].name.lower() in _INNER)


def _holds(folder: Path, suffixes: set[str], depth: int = 4) -> bool:
    """Whether it holds samples, at any depth that a layout has."""
    if _files(folder, suffixes):
        return True
    return depth > 0 and any(_holds(one, suffixes, depth - 1) for one in _folders(folder))


def _folders(folder: Path) -> list[Path]:
    return [one for one in sorted(folder.iterdir()) if one.name[0] not in "._" and one.is_dir()]


def _files(folder: Path, suffixes: set[str]) -> list[Path]:
    return [one for one in sorted(folder.iterdir()) if one.suffix.lower() in suffixes and one.name[0] != "."]


def _named(folders: list[Path], names: tuple[str, ...]) -> Path | None:
    """The folder with the first of these names, in any case."""
    found = sorted((names.index(one.name.lower()), one) for one in folders if one.name.lower() in names)
    return found[0][1] if found else None


def _some(names: list[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


def _expected(folder: Path) -> str:
    name = readable(folder.name) or "FOLDER"
    return (
        f"Expected {name}/CLASS/FILE, or {name}/train/CLASS/FILE and {name}/test/CLASS/FILE; or files without labels: "
        f"{name}/FILE."
    )
