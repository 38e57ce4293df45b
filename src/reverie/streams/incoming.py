"""Samples from an endless stream of text: JSON objects in lines, or delimited rows after a header."""

import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any

from reverie.errors import BadData, CorruptFile
from reverie.streams.labelled import Columns, Part, Samples, known_from, label_of, samples_of
from reverie.streams.labels import Target
from reverie.streams.rows import delimited_rows, json_rows, lines_of
from reverie.streams.tables import decimal_of, raw_of_cells, raw_of_objects

__all__ = ["read_stream"]

_LINES = 64 * 2**20  # bytes of a batch of objects, for which there may be so many cells


def read_stream(
    file: io.IOBase,
    *,
    part: Part = "train",
    batch: int = 1000,
    label_column: str | Sequence[str] | None = None,
    text_column: str | None = None,
    drop: Sequence[str] = (),
    id_column: str | None = None,
    skip_bad: bool = False,
    target: Target | None = None,
    kinds: dict[str, str] | None = None,
) -> Iterator[Samples]:
    """Read batches of rows as they come. What the columns and the labels of the first batch are, those of all are.

    Parameters
    ----------
    file : binary file
        UTF-8 text: JSON lines where the first line begins with {, else delimited text with a header.
    part : {"train", "test"}
        What the rows are for; to be answered, they need no labels.
    batch : int
        Rows of a batch; the last may be shorter.

    Yields
    ------
    Samples
        With the options of `read_samples`.

    Raises
    ------
    CorruptFile, BadData
        As `read_samples`, once the batch comes; batches before it have been given.

    Examples
    --------
    >>> lines = b"a,label\\n1,x\\n2,y\\n3,x\\n"
    >>> [samples.y for samples in read_stream(io.BytesIO(lines), batch=2)]
    [['x', 'y'], ['x']]
    """
    if batch < 1:
        raise BadData(f"batch is {batch}. Expected at least 1.")
    columns = Columns(label_of(label_column), text_column, tuple(drop), id_column, target, kinds)
    buffered: Any = io.BufferedReader(file) if isinstance(file, io.RawIOBase) else file
    text = io.TextIOWrapper(buffered, encoding="utf-8-sig", newline="")
    try:
        for raw in _batches(text, batch):
            samples = samples_of(raw, columns, part, "Standard input", skip_bad=skip_bad)
            columns = known_from(raw, columns, samples)
            yield samples
    except UnicodeDecodeError as error:
        raise CorruptFile(f"Standard input is not UTF-8 text (byte {error.start}). Send UTF-8.") from None
    finally:
        text.detach()


def _batches(text: io.TextIOWrapper, batch: int) -> Iterator[Any]:
    lines = lines_of(text, "Standard input")
    first = next((line for line in lines if line.strip()), None)
    if first is None:
        raise BadData("Standard input is empty. Expected JSON objects in lines, or a header and rows.")
    everything = chain([first], lines)
    if first.lstrip().startswith("{"):
        rows: Iterator[Any] = json_rows(everything)
        for some in _cut(rows, batch):
            yield raw_of_objects(some, "Standard input", size=_LINES)
        return
    header, delimiter, rows = delimited_rows(everything, "Standard input", seen=min(batch, 20) + 1)
    decimal = ""
    for some in _cut(rows, batch):
        raw = raw_of_cells(header, delimiter, some, "Standard input", decimal=decimal)
        decimal = decimal or decimal_of(raw.columns, delimiter)
        yield raw


def _cut(rows: Iterator[Any], batch: int) -> Iterator[Iterable[Any]]:
    while some := list(islice(rows, batch)):
        yield some
