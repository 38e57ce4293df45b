"""Rows of tables from text: comma, semicolon, tab or bar between the cells, or a JSON object in each line.

Lines end at a line feed or a carriage return, and at no other character: U+2028, a form feed or U+0085 in a cell is
a letter. A row that cannot be read does not stop the others.
"""

import csv
import json
from collections.abc import Iterable, Iterator
from io import TextIOBase
from itertools import chain, islice
from typing import Any

from reverie.errors import BadData
from reverie.streams.cells import is_number, plain_number
from reverie.streams.frames import unique_names
from reverie.untrusted import parse_json

__all__ = ["Fault", "delimited_rows", "json_rows", "lines_of"]

_LINE = 16 * 2**20  # letters of a line
_SEEN = 20  # rows that show which delimiter it is
_COLUMNS = 20_000
_DELIMITERS = ",;\t|"


class Fault(str):
    """Why a row cannot be read."""


def lines_of(file: TextIOBase, name: str) -> Iterator[str]:
    """The lines of a text that was opened with newline="", with their ends.

    Raises
    ------
    BadData
        A line of more than 16 million letters.
    """
    while line := file.readline(_LINE):
        if len(line) == _LINE:
            raise BadData(f"{name} has a line of more than {_LINE} letters. Expected a row in each; is it a table?")
        yield line


def json_rows(lines: Iterable[str]) -> Iterator[tuple[int, Any]]:
    """(line, object) of each line that is not blank; a Fault in place of what is no object."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = parse_json(line, unique=True)
            if "\\ud" in line.lower():
                json.dumps(row, ensure_ascii=False).encode()  # half of a pair of code units is no letter
        except (ValueError, RecursionError) as error:
            reason = "half of a letter" if isinstance(error, UnicodeError) else getattr(error, "msg", str(error))
            yield number, Fault(f"not JSON: {reason}")
            continue
        yield number, row if isinstance(row, dict) else Fault(f"a {type(row).__name__}, and not an object")


def delimited_rows(
    lines: Iterable[str], name: str, *, first: str = ",", seen: int = _SEEN
) -> tuple[list[str], str, Iterator[tuple[int, list[str] | Fault]]]:
    """The header, the delimiter, and (row, cells) of each row; the header is row 1, as a spreadsheet counts.

    Parameters
    ----------
    first : str
        The delimiter that the file's name promises; the header and the first rows decide.
    seen : int
        How many lines decide.
    """
    lines = iter(lines)
    head = list(islice(lines, seen))
    delimiter = _delimiter(head, first)
    reader = csv.reader(chain(head, lines), delimiter=delimiter, strict=True)
    try:
        header = [cell.strip() for cell in next(reader, [])]
    except csv.Error as error:
        raise BadData(f"{name}: the header is not a line of a table: {error}. Correct it.") from None
    if len(header) > _COLUMNS:
        raise BadData(f"{name} has {len(header)} columns. Expected at most {_COLUMNS}.")
    _check_header(header, name)
    return header, delimiter, _cells(reader, len(header))


def _cells(reader: Any, width: int) -> Iterator[tuple[int, list[str] | Fault]]:
    number = 1
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield number, Fault(f"not a line of a table: {error}")
            continue
        if not cells:
            continue
        yield number, cells if len(cells) == width else Fault(f"{len(cells)} cells, the header has {width}")


def _delimiter(head: list[str], first: str) -> str:
    """The one by which the header has several names, most rows are as long as it, and it is the longest."""
    best = (0.0, 1, 0)
    found = first
    for place, mark in enumerate(dict.fromkeys(first + _DELIMITERS)):
        try:
            rows = [row for row in csv.reader(head, delimiter=mark) if row]
        except csv.Error:
            continue
        if rows and len(rows[0]) > 1:
            alike = sum(len(row) == len(rows[0]) for row in rows[1:]) / max(1, len(rows) - 1)
            if (alike, len(rows[0]), -place) > best:
                best, found = (alike, len(rows[0]), -place), mark
    return found


def _check_header(header: list[str], name: str) -> None:
    try:
        unique_names([column for column in header if column])
    except BadData as error:
        raise BadData(f"{name}: {error}") from None
    named = [column for column in header if column]
    numbers = [column for column in named if is_number(column)]
    fractions = [column for column in numbers if not (plain_number(column) or 0.5).is_integer()]
    if named and (len(numbers) == len(named) or fractions):
        raise BadData(
            f"{name}: the first line holds numbers ({', '.join(numbers[:5])}, …). Expected the names of the columns "
            "there; add such a line."
        )
