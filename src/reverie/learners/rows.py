"""Samples as peers keep them, and the columns of numbers that are made of what is kept.

Pictures are kept as pixels, at one size of at most 64 a side, which the first fix. Sounds are kept as 40 mel bands × 32
frames. Arrays, sentences and rows of tables are kept as they are.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from reverie.contracts import State
from reverie.errors import BadData
from reverie.functional.mel import RATE, mel_picture
from reverie.streams import Pictures, Sounds, Table
from reverie.streams.pictures import common_size

__all__ = ["Rows", "check_form", "form_of", "joined", "rows_of", "some_of"]

Rows = Tensor | list[str] | dict[str, Any]
"""An array; sentences; or columns by name: a float64 tensor of numbers, or a list of words and None."""


def form_of(x: Any) -> State:
    """What the first samples fix of how all are kept.

    Examples
    --------
    >>> form_of(["two words"]), form_of(Pictures([np.zeros((128, 64), np.uint8)]))["size"]
    ({'kind': 'sentences'}, [32, 64])
    """
    if isinstance(x, Pictures):
        return {"kind": "pictures", "size": list(common_size(x)), "colour": x.colour, "levels": list(x.levels())}
    if isinstance(x, Table):
        words = [name for name in x.names if x.columns[name].dtype == object]
        return {"kind": "table", "kinds": dict(x.kinds), "names": x.names, "words": words}
    return {"kind": _kind(x)}


def _kind(x: Any) -> str:
    kinds = {Pictures: "pictures", Sounds: "sounds", Table: "table", list: "sentences"}
    return next((kind for one, kind in kinds.items() if isinstance(x, one)), "array")


def check_form(x: Any, form: State) -> None:
    """Refuse samples of another form than the first.

    Raises
    ------
    BadData
    """
    if _kind(x) != form["kind"]:
        raise BadData(f"X is {_kind(x)}, and the first samples were {form['kind']}. Give the same form.")
    if isinstance(x, Table):
        _columns(x, form)


def _columns(x: Table, form: State) -> Table:
    """The table with its columns read as those of the first rows."""
    x = x.as_kinds(form["kinds"])
    absent = [name for name in form["names"] if name not in x.columns]
    if absent:
        raise BadData(f"The table lacks the column {absent[0]!r}. Expected those of the first rows.")
    for name in form["names"]:
        if (x.columns[name].dtype == object) != (name in form["words"]):
            was = "words" if name in form["words"] else "numbers"
            raise BadData(f"The column {name!r} held {was} in the first rows. Give the same.")
    return x


def rows_of(x: Any, form: State) -> Rows:
    """Samples as they are kept."""
    if isinstance(x, Pictures):
        size, levels = (int(form["size"][0]), int(form["size"][1])), (form["levels"][0], form["levels"][1])
        return torch.from_numpy(x.arrays(size, colour=bool(form["colour"]), levels=levels))
    if isinstance(x, Sounds):
        return torch.from_numpy(np.stack([mel_picture(wave) for wave in x.waves(RATE)]))
    if isinstance(x, Table):
        x = _columns(x, form)
        return {
            name: x.columns[name].tolist() if name in form["words"] else torch.tensor(x.columns[name])
            for name in form["names"]
        }
    return list(x) if isinstance(x, list) else x.clone()


def joined(one: Any, two: Any) -> Any:
    """The rows of both, which are alike.

    Examples
    --------
    >>> joined({"town": ["Rome"]}, {"town": [None]})
    {'town': ['Rome', None]}
    """
    if isinstance(one, Tensor):
        return torch.cat([one, two])
    if isinstance(one, list):
        return one + two
    return {name: joined(column, two[name]) for name, column in one.items()}


def some_of(rows: Any, part: slice) -> Any:
    """Some of the rows."""
    return {name: column[part] for name, column in rows.items()} if isinstance(rows, dict) else rows[part]
