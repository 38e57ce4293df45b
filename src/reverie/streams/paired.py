"""Rows of a table that name files: what each sense of a brain of several senses is to have of a sample."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from reverie.errors import BadData
from reverie.streams.picture_file import SUFFIXES
from reverie.streams.sounds import SOUND_SUFFIXES
from reverie.streams.table import Table

__all__ = ["paired"]


def paired(table: Table, names: Sequence[str], folder: Path) -> list[dict[str, Any]]:
    """Samples with what is in the columns `names`: a file as its path, other text as it is, nothing as None.

    Parameters
    ----------
    table : Table
    names : sequence of str
        Columns, of files in `folder` or of sentences.
    folder : Path
        Where the table lies. Files outside of it are not read.

    Raises
    ------
    BadData
        No such column; a file that is not there, or not in the folder.

    Examples
    --------
    >>> table = Table.of([{"said": "two steps"}, {"said": None}])
    >>> paired(table, ["said"], Path("."))
    [{'said': 'two steps'}, {'said': None}]
    """
    for name in names:
        if name not in table.columns:
            raise BadData(f"The table has no column {name!r}. Known: {', '.join(table.names)}.")
    return [{name: _value(table.columns[name][row], folder, name) for name in names} for row in range(len(table))]


def _value(cell: Any, folder: Path, name: str) -> Any:
    if cell is None or cell != cell:
        return None
    if not isinstance(cell, str):
        raise BadData(f"The column {name!r} holds {cell!r}. Expected names of files, or sentences.")
    if Path(cell).suffix.lower() not in SUFFIXES | SOUND_SUFFIXES:
        return cell
    path = folder / cell
    if not path.resolve().is_relative_to(folder.resolve()):
        raise BadData(f"The column {name!r} names {cell!r}, outside of the table's folder. Put the file beside it.")
    if not path.is_file():
        raise BadData(f"The column {name!r} names {cell!r}, and there is no such file beside the table.")
    return path
