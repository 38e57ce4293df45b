"""Samples of the user's own as they are: to learn all at once, or to be recognised, with labels or without."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from reverie.errors import BadData, MissingData
from reverie.streams.archives import read_archive
from reverie.streams.bad_samples import refuse_bad
from reverie.streams.folders import Found, find_parts
from reverie.streams.labelled import Columns, Part, Samples, label_of, samples_of
from reverie.streams.labels import Target
from reverie.streams.picture_file import SUFFIXES
from reverie.streams.pictures import Pictures
from reverie.streams.sounds import SOUND_SUFFIXES, Sounds
from reverie.streams.tables import TABLES, Raw, decode, read_raw

__all__ = ["read_parts", "read_samples"]

_PARTS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("test", "testing"), "test"),
    **dict.fromkeys(("val", "valid", "validation"), "val"),
}


def read_samples(
    path: str | Path,
    *,
    part: Part,
    label_column: str | Sequence[str] | None = None,
    text_column: str | None = None,
    drop: Sequence[str] = (),
    id_column: str | None = None,
    skip_bad: bool = False,
    target: Target | None = None,
    kinds: dict[str, str] | None = None,
) -> Samples:
    """Read samples. Data without parts is taken whole.

    Parameters
    ----------
    path : path
        A picture or a recording; a folder of them, or of class folders (see `reverie.streams.folders`); an `.npz` with
        x (and y), or train_x and so on; a table (`.csv`, `.tsv`, `.jsonl`, `.json`, `.parquet`, `.arrow`, `.feather`)
        with a column text or columns of features (and label, and split); a `.txt` with a sentence in each line.
    part : {"train", "test"}
        Which, where the data has both.
    label_column, text_column : str, optional
        Columns of a table; else those named label and text, in any case of letters. Of numbers, there may be a list of
        label columns.
    drop : sequence of str
        Columns that are left out.
    id_column : str, optional
        The column of what rows are called; else they are called by their number in the file.
    skip_bad : bool
        Leave out what cannot be read; `Samples.bad` lists it. Else all of it is listed in an error.
    target : {"classes", "numbers", "labels"}, optional
        What labels are; else the labels say it (`reverie.streams.labels.target_of`).
    kinds : dict, optional
        How columns of a table are read; see `Table.kinds`.

    Raises
    ------
    MissingData, CorruptFile, BadData
        Not there; or what cannot be read, all of it listed.
    """
    columns = Columns(label_of(label_column), text_column, tuple(drop), id_column, target, kinds)
    parts = read_parts(path, columns, skip_bad=skip_bad, only=part)
    return parts.get(part) or parts.get("all") or _absent(path, part)


def read_parts(
    path: str | Path,
    columns: Columns | None = None,
    *,
    skip_bad: bool = False,
    only: Part | None = None,
) -> dict[str, Samples]:
    """The samples of each part: "train" and "test", or "all" where there are no parts; see `read_samples`.

    Parameters
    ----------
    only : {"train", "test"}, optional
        The part that is wanted; the other may be left out.
    """
    path, columns = Path(path), columns or Columns()
    if path.is_dir():
        return _folder(path, skip_bad, only)
    if not path.exists():
        raise MissingData(f"No file or folder {path}. Check the path; `reverie streams` lists the named streams.")
    suffix = path.suffix.lower()
    if not path.is_file():
        raise BadData(f"{path} is a pipe or a device. Expected a file or a folder; for a stream, give - instead.")
    if suffix in SUFFIXES | SOUND_SUFFIXES:
        return {"all": _checked(path, Found([path], None, [path.name]), [], skip_bad)}
    if suffix == ".npz":
        return read_archive(path, columns, skip_bad=skip_bad)
    if suffix in TABLES:
        return _table(path, columns, skip_bad, only)
    if suffix == ".txt":
        return {"all": _sentences(path)}
    raise BadData(
        f"{path} ends in {suffix!r}. Expected a folder, a picture, a recording (.wav, .flac, .mp3, .ogg), .npz, .csv, "
        ".tsv, .jsonl, .json, .parquet, .arrow, .feather or .txt."
    )


def _absent(path: str | Path, part: str) -> Samples:
    raise BadData(f"{path} has no part {part}. Expected one, or data without parts.")


def _folder(path: Path, skip_bad: bool, only: Part | None) -> dict[str, Samples]:
    kinds = {file.suffix.lower() for file in _walk(path)}
    if kinds & SUFFIXES and kinds & SOUND_SUFFIXES:
        raise BadData(f"{path} holds pictures and recordings. Expected one kind; put them into two folders.")
    found, notes = find_parts(path, SOUND_SUFFIXES if kinds & SOUND_SUFFIXES else SUFFIXES)
    wanted = {part: one for part, one in found.items() if only in (None, part) or part == "all"}
    return {part: _checked(path, one, notes, skip_bad) for part, one in wanted.items() if one.files}


def _walk(path: Path, depth: int = 5) -> list[Path]:
    inner = [one for one in path.iterdir() if one.name[0] not in "._"]
    files = [one for one in inner if one.suffix.lower() in SUFFIXES | SOUND_SUFFIXES]
    return files + [file for one in inner if depth and one.is_dir() for file in _walk(one, depth - 1)]


def _checked(path: Path, found: Found, notes: list[str], skip_bad: bool) -> Samples:
    sounds = found.files[0].suffix.lower() in SOUND_SUFFIXES
    x: Any = Sounds(found.files) if sounds else Pictures(found.files)
    faults = x.faults()
    bad = [(found.names[place], reason) for place, reason in faults]
    if len(bad) == len(x) or (bad and not skip_bad):
        raise refuse_bad(path, bad, len(x), "recordings" if sounds else "pictures", torn=True)
    gone = {place for place, _ in faults}
    kept = [place for place in range(len(x)) if place not in gone]
    labels = None if found.labels is None else [found.labels[place] for place in kept]
    return Samples(x[kept] if gone else x, labels, [found.names[place] for place in kept], bad, list(notes))


def _table(path: Path, columns: Columns, skip_bad: bool, only: Part | None) -> dict[str, Samples]:
    raw = read_raw(path)
    cut = _split(path, raw)
    if cut is None:
        return {"all": samples_of(raw, columns, only or "train", str(path), skip_bad=skip_bad)}
    parts: list[Part] = ["train", "test"]
    return {
        part: samples_of(cut[part], columns, part, f"{path}", skip_bad=skip_bad)
        for part in parts
        if only in (None, part) and part in cut
    }


def _split(path: Path, raw: Raw) -> dict[str, Raw] | None:
    """The parts of a table by its column split, or None where it has none that says parts."""
    name = next((one for one in raw.columns if one.lower() == "split"), None)
    if name is None:
        return None
    words = [str(cell).strip().lower() for cell in raw.columns[name]]
    if not set(words) & set(_PARTS):
        return None
    strange = [
        (f"row {row}", f"split is {word!r}") for word, row in zip(words, raw.rows, strict=True) if word not in _PARTS
    ]
    if strange:
        raise refuse_bad(f"{path} (Expected train and test in the column split)", strange, len(words), "rows")
    parts = [_PARTS[word] for word in words]
    others = "test" if "test" in parts else "val"
    found = {}
    for part, inner in (("train", "train"), ("test", others)):
        places = [place for place, one in enumerate(parts) if one == inner]
        if places:
            columns = {
                column: [cells[place] for place in places] for column, cells in raw.columns.items() if column != name
            }
            rows = [raw.rows[place] for place in places]
            notes = list(raw.notes)
            if others == "test" and "val" in parts:
                notes.append(f"Left out: {parts.count('val')} rows whose {name} is val.")
            found[part] = raw._replace(columns=columns, rows=rows, notes=notes, bad=raw.bad if part == "train" else [])
    return found


def _sentences(path: Path) -> Samples:
    text = decode(path.read_bytes(), str(path))
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")  # and at no other character
    there = [(str(number), line.strip()) for number, line in enumerate(lines, 1) if line.strip()]
    if not there:
        raise BadData(f"{path} has no sentences. Expected one in each line.")
    return Samples([line for _, line in there], None, [number for number, _ in there])
