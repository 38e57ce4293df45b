"""Files of tables: delimited text, JSON lines, a JSON array, Parquet, Arrow and Feather, by columns."""

import io
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from reverie.errors import BadData, CorruptFile, MissingData
from reverie.streams.bad_samples import Bad
from reverie.streams.frames import columns_of
from reverie.streams.rows import Fault, delimited_rows, json_rows, lines_of
from reverie.untrusted import parse_json

__all__ = ["DELIMITED", "TABLES", "Raw", "decimal_of", "decode", "raw_of_cells", "raw_of_objects", "read_raw"]

DELIMITED = {".csv": ",", ".tsv": "\t", ".tab": "\t", ".psv": "|"}
_JSON = (".jsonl", ".ndjson", ".json")
_ARROW = (".parquet", ".pq", ".arrow", ".feather")
TABLES = {*DELIMITED, *_JSON, *_ARROW}
_LARGEST = 2 * 2**30  # bytes of a file, and of what Parquet unpacks to
_SPARE = 1_000_000  # cells beyond one for each byte of a file
_INDEX = re.compile(r"Unnamed: [0-9]+|__index_level_[0-9]+__")
_COMMA = re.compile(r"[+-]?[0-9]+(\.[0-9]{3})*,[0-9]+")
_GROUPS = re.compile(r"[+-]?[1-9][0-9]{0,2}(,[0-9]{3})+")
_ASKED = 1000  # rows that show how fractions are written


class Raw(NamedTuple):
    """A table as its file has it.

    Attributes
    ----------
    columns : dict of str to list
        Cells, as they were written.
    rows : list of str
        What each row is called: its number in the file.
    bad : list of (str, str)
        Rows that could not be read, and why.
    decimal : str
        How fractions are written where a column leaves that open.
    notes : list of str
    """

    columns: dict[str, Any]
    rows: list[str]
    bad: list[Bad]
    decimal: str
    notes: list[str]


def read_raw(path: Path) -> Raw:
    """The cells of a file.

    Raises
    ------
    CorruptFile, BadData, MissingData
        Not such a file; no rows; a header that names a column twice; a package that is not installed.
    """
    suffix = path.suffix.lower()
    size = path.stat().st_size
    if size > _LARGEST:
        raise BadData(
            f"{path} has {size} bytes. Expected at most {_LARGEST}: cut it, or learn it as a stream: "
            f"reverie brain learn BRAIN - < {path.name}"
        )
    if suffix in _ARROW:
        return _index_left_out(_arrow(path, suffix))
    text = decode(path.read_bytes(), str(path))
    start = text.lstrip()[:1]
    if suffix == ".json" or (suffix in _JSON and start == "["):
        return _index_left_out(_json(path, text, size))
    lines = lines_of(io.StringIO(text, newline=""), str(path))
    if suffix in _JSON:
        return _index_left_out(raw_of_objects(json_rows(lines), str(path), size=size))
    header, delimiter, rows = delimited_rows(lines, str(path), first=DELIMITED[suffix])
    return raw_of_cells(header, delimiter, rows, str(path))


def decode(data: bytes, name: str) -> str:
    """Text in UTF-8, or in UTF-16 where a mark says so (as spreadsheets write it).

    Raises
    ------
    CorruptFile
    """
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise CorruptFile(f"{name} is not UTF-8 text (byte {error.start}). Save it as UTF-8.") from None


def raw_of_cells(
    header: list[str], delimiter: str, rows: Iterable[tuple[int, list[str] | Fault]], name: str, *, decimal: str = ""
) -> Raw:
    """Rows of cells by columns; a column without a name goes, said so, where it is an index or empty."""
    numbers: list[str] = []
    bad: list[Bad] = []
    good: list[list[str]] = []
    for number, cells in rows:
        if isinstance(cells, Fault):
            bad.append((f"row {number}", str(cells)))
        else:
            numbers.append(str(number))
            good.append(cells)
    columns: list[Sequence[str]] = list(zip(*good, strict=True)) if good else [()] * len(header)
    notes = []
    found: dict[str, Any] = {}
    for place, (column, values) in enumerate(zip(header, columns, strict=True)):
        if column:
            found[column] = values
        elif place == 0:
            notes.append("Left out: the first column, which has no name (an index).")
        elif any(cell.strip() for cell in values):
            raise BadData(f"{name}: column {place + 1} has no name. Give it one in the header.")
        else:
            notes.append(f"Left out: column {place + 1}, which has no name and is empty.")
    raw = Raw(found, numbers, bad, decimal or decimal_of(found, delimiter), notes)
    return _index_left_out(raw)


def raw_of_objects(rows: Iterable[tuple[int, Any]], name: str, *, size: int) -> Raw:
    """Objects by columns; a key that an object lacks is a missing cell.

    Parameters
    ----------
    size : int
        Bytes of all, for which there may be so many cells.
    """
    numbers: list[str] = []
    bad: list[Bad] = []
    good: list[dict[str, Any]] = []
    names: dict[str, None] = {}
    for number, row in rows:
        if isinstance(row, Fault):
            bad.append((f"row {number}", str(row)))
            continue
        numbers.append(str(number))
        good.append(row)
        names.update(dict.fromkeys(row))
        if len(names) * len(good) > _SPARE + size:
            raise BadData(f"{name}: the objects have {len(names)} different keys. Expected the same keys in all.")
    columns = {column: [row.get(column) for row in good] for column in names}
    return Raw(columns, numbers, bad, ".", [])


def decimal_of(columns: dict[str, Any], delimiter: str) -> str:
    """How fractions are written: with a comma, where cells show that, or where semicolons part them."""
    if delimiter == ",":
        return "."
    commas = points = False
    for cells in columns.values():
        for cell in cells[:_ASKED]:
            word = cell.strip()
            commas = commas or bool(_COMMA.fullmatch(word) and not _GROUPS.fullmatch(word))
            points = points or bool(re.fullmatch(r"[+-]?[0-9]*\.[0-9]+", word) and len(word.partition(".")[2]) != 3)
    return "," if commas or (delimiter == ";" and not points) else "."


def _index_left_out(raw: Raw) -> Raw:
    index = [name for name in raw.columns if _INDEX.fullmatch(name)]
    kept = {name: cells for name, cells in raw.columns.items() if name not in index}
    notes = [f"Left out: {name} (an index)." for name in index]
    return raw._replace(columns=kept, notes=[*raw.notes, *notes])


def _json(path: Path, text: str, size: int) -> Raw:
    """A JSON array of objects, or an object of columns."""
    try:
        whole = parse_json(text, unique=True)
    except ValueError as error:
        if text.lstrip().startswith("{"):  # JSON lines under another name
            lines = lines_of(io.StringIO(text, newline=""), str(path))
            return raw_of_objects(json_rows(lines), str(path), size=size)
        raise CorruptFile(f"{path} is not JSON: {error}. Correct it.") from None
    if isinstance(whole, list):
        rows = (
            (place, row if isinstance(row, dict) else Fault(f"a {type(row).__name__}, and not an object"))
            for place, row in enumerate(whole, 1)
        )
        return raw_of_objects(rows, str(path), size=size)
    columns = list(whole.values()) if isinstance(whole, dict) else []
    if columns and all(isinstance(column, dict) and column.keys() == columns[0].keys() for column in columns):
        whole = {name: list(column.values()) for name, column in whole.items()}  # as pandas writes them
    elif not (columns and all(isinstance(column, list) for column in columns)):
        if isinstance(whole, dict):
            return raw_of_objects([(1, whole)], str(path), size=size)
        raise BadData(f"{path} holds a {type(whole).__name__}. Expected a list of objects, or an object of columns.")
    found, _ = columns_of(whole)
    return Raw(found, [str(row) for row in range(1, len(next(iter(found.values()))) + 1)], [], ".", [])


def _arrow(path: Path, suffix: str) -> Raw:
    try:
        import pyarrow as pa
        import pyarrow.parquet as parquet
    except ImportError:
        raise MissingData(
            f"{path} is read by a package that is not installed. Run: pip install 'reverie[table]'; or save it as CSV."
        ) from None
    try:
        if suffix in (".parquet", ".pq"):
            file = parquet.ParquetFile(path)
            told = file.metadata
            groups = [told.row_group(place).total_byte_size for place in range(told.num_row_groups)]
            if sum(groups) > _LARGEST or told.num_rows * told.num_columns > _LARGEST // 8:
                raise BadData(f"{path} unpacks to more than {_LARGEST} bytes. Expected fewer; cut it.")
            table = file.read()
        else:
            with pa.OSFile(str(path)) as opened:
                try:
                    table = pa.ipc.open_file(opened).read_all()
                except pa.ArrowInvalid:
                    opened.seek(0)
                    table = pa.ipc.open_stream(opened).read_all()
        if table.nbytes > _LARGEST or table.num_rows * table.num_columns > _LARGEST // 8:
            raise BadData(f"{path} unpacks to more than {_LARGEST} bytes. Expected fewer; cut it.")
        columns, _ = columns_of(table)
    except BadData as error:
        raise BadData(f"{path}: {error}") from None
    except Exception as error:  # the library raises a dozen kinds
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CorruptFile(f"{path} cannot be read as {suffix[1:]}: {reason}. Write it again.") from None
    return Raw(columns, [str(row) for row in range(1, table.num_rows + 1)], [], ".", [])
