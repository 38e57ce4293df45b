"""An endless stream of rows: batches as they come, and what the first has shown holds for all."""

import io
import itertools
import json

import pytest

from reverie.errors import BadData, CorruptFile
from reverie.streams import read_stream


def test_batches_of_json_lines_and_of_delimited_text():
    lines = "".join(json.dumps({"a": row, "label": "xy"[row % 2]}) + "\n" for row in range(5))
    cells = "a;label\n" + "".join(f"{row};{'xy'[row % 2]}\n" for row in range(5))
    for text in (lines, cells, "\ufeff" + cells):
        found = list(read_stream(io.BytesIO(text.encode()), batch=2))
        assert [samples.y for samples in found] == [["x", "y"], ["x", "y"], ["x"]]
        assert [samples.x.columns["a"].tolist() for samples in found] == [[0, 1], [2, 3], [4]]


class Endless(io.RawIOBase):
    """Lines without an end."""

    def __init__(self) -> None:
        self.rows = itertools.count()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        line = json.dumps({"text": f"hello number {next(self.rows)}", "label": "a"}).encode() + b"\n"
        buffer[: len(line)] = line
        return len(line)


def test_a_stream_without_end_is_read_no_further_than_needed():
    source = Endless()
    stream = read_stream(source, batch=3)
    assert next(stream).x == [f"hello number {row}" for row in range(3)]
    assert next(source.rows) < 200
    stream.close()


def test_columns_stay_what_the_first_batch_has_shown():
    text = "code,n,label\na,1.5,x\n1,2,y\n2,3,x\n3,oops,y\n"
    stream = read_stream(io.BytesIO(text.encode()), batch=2)
    next(stream)
    with pytest.raises(BadData, match=r"row 5 \(n: 'oops' is not a number\)"):
        next(stream)
    _, second = read_stream(io.BytesIO(text.encode()), batch=2, skip_bad=True)
    assert second.x.columns["code"].tolist() == ["2"] and second.bad == [("row 5", "n: 'oops' is not a number")]
    text = "message,label\nhow are you today,x\nwhere is the station,y\nno,x\n"
    assert [samples.x for samples in read_stream(io.BytesIO(text.encode()), batch=2)][1] == ["no"]


def test_to_be_answered_rows_need_no_labels():
    (samples,) = read_stream(io.BytesIO(b"a\n1\n2\n"), part="test", label_column="class")
    assert samples.y is None and samples.names == ["2", "3"]


def test_what_is_no_stream_of_rows():
    with pytest.raises(BadData, match="Standard input is empty"):
        next(read_stream(io.BytesIO(b"\n\n")))
    with pytest.raises(CorruptFile, match="UTF-8"):
        next(read_stream(io.BytesIO(b"text,label\n\xff,a\n")))
    with pytest.raises(BadData, match="batch is 0"):
        next(read_stream(io.BytesIO(b"a\n1\n"), batch=0))
