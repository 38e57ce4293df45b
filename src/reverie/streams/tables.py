"""Tables of the user's own: CSV, TSV or JSON lines with a column `label`, and a column `text` or columns of numbers."""

import csv
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reverie.errors import BadData, CorruptFile
from reverie.streams.data import LabelledData, stratified_split
from reverie.text import encode_text
from reverie.untrusted import parse_json

__all__ = ["numbers", "read_rows", "read_table"]

Rows = list[dict[str, str]]


def read_table(path: Path) -> tuple[LabelledData, tuple[str, ...]]:
    """Read a table. A column `split` (train or test) divides it; else a fixed fifth of each class is the test part."""
    rows = read_rows(path)
    columns = list(rows[0])
    if "label" not in columns:
        raise BadData(f"{path} has the columns {', '.join(columns)}. Expected one named label.")
    for number, row in enumerate(rows, 2):
        if not row["label"].strip():
            raise BadData(f"{path} row {number} has no label. Give it one or remove it.")
    names, y = np.unique([row["label"] for row in rows], return_inverse=True)
    y = y.astype(np.int64)
    if "text" in columns:
        x = encode_text([row["text"] for row in rows])
        notes = ["Text encoded by hashed words and letters."]
    else:
        x, used = numbers(path, rows, [name for name in columns if name not in ("label", "split")])
        notes = [f"Features: {', '.join(used)}, as they are."]
    if "split" in columns:
        parts = {row["split"] for row in rows}
        if parts != {"train", "test"}:
            raise BadData(f"{path}: the column split holds {', '.join(sorted(parts))}. Expected train and test.")
        test = np.array([row["split"] == "test" for row in rows])
        strangers = sorted(set(y[test].tolist()) - set(y[~test].tolist()))
        if strangers:
            raise BadData(f"{path}: the label {names[strangers[0]]!r} stands only in the test part. Remove those rows.")
        keep = np.unique(y[~test])
        y = np.searchsorted(keep, y).astype(np.int64)
        names = names[keep]
        notes.append("Test part: the column split.")
    else:
        test = stratified_split(y)
        notes.append("Test part: a fixed fifth of each class.")
    if not test.any():
        raise BadData(f"{path} has too few rows for a test part. Expected at least two of some class.")
    data = LabelledData(x[~test], y[~test], x[test], y[test], tuple(str(name) for name in names))
    return data, tuple(notes)


def read_rows(path: Path) -> Rows:
    """The rows of a table, at least one, each a dictionary from column to text."""
    rows = _json_lines(path) if path.suffix == ".jsonl" else _delimited(path, "\t" if path.suffix == ".tsv" else ",")
    if not rows:
        raise BadData(f"{path} has no rows. Expected a header and at least one row.")
    return rows


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise CorruptFile(f"{path} is not UTF-8 text (byte {error.start}). Save it as UTF-8.") from None


def _delimited(path: Path, delimiter: str) -> Rows:
    reader = csv.reader(_read(path).splitlines(keepends=True), delimiter=delimiter, strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        if len(set(header)) != len(header):
            raise BadData(f"{path}: a column name stands twice in the header {header}. Rename one.")
        rows = []
        for fields in reader:
            if not fields:
                continue
            if len(fields) != len(header):
                raise BadData(
                    f"{path} line {reader.line_num} has {len(fields)} fields, the header {len(header)}. "
                    "Correct the line."
                )
            rows.append(dict(zip(header, fields, strict=True)))
        return rows
    except csv.Error as error:
        raise CorruptFile(f"{path} line {reader.line_num} is not a line of a table: {error}. Correct it.") from None


def _json_lines(path: Path) -> Rows:
    rows: Rows = []
    for number, line in enumerate(_read(path).splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = parse_json(line)
            if "\\ud" in line.lower():
                json.dumps(row, ensure_ascii=False).encode()  # half of a pair of code units is no letter
        except ValueError as error:
            raise CorruptFile(f"{path} line {number} is not JSON: {error}. Correct it.") from None
        if not isinstance(row, dict) or (rows and row.keys() != rows[0].keys()):
            raise BadData(f"{path} line {number} is not an object with the keys of the first line. Make them alike.")
        rows.append({key: value if isinstance(value, str) else json.dumps(value) for key, value in row.items()})
    return rows


def numbers(path: Path, rows: Rows, columns: list[str]) -> tuple[NDArray[np.float32], list[str]]:
    """The columns as numbers, shape [rows, columns], and their names."""
    if not columns:
        raise BadData(f"{path} has only labels. Expected a column named text, or columns of numbers.")
    values = np.empty((len(rows), len(columns)), dtype=np.float32)
    for index, row in enumerate(rows):
        for place, name in enumerate(columns):
            try:
                values[index, place] = float(row[name])
            except ValueError:
                raise BadData(
                    f"{path} row {index + 2}: {name} is {row[name]!r}. "
                    "Expected a number; name a column of sentences text."
                ) from None
    if not np.isfinite(values).all():
        row, place = np.argwhere(~np.isfinite(values))[0]
        raise BadData(f"{path} row {row + 2}: {columns[place]} is not finite. Drop or impute it.")
    return values, columns
