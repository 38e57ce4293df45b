"""Files of tables: every way of writing them that people bring is read as it was meant, or refused by name."""

import json
from pathlib import Path

import numpy as np
import pytest

from reverie.errors import BadData, CorruptFile, MissingData
from reverie.streams import Table, make, read_samples


def written(path: Path, name: str, text: str | bytes) -> Path:
    (path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return path / name


def rows(samples) -> list[list[object]]:
    return [list(row) for row in zip(*(samples.x.columns[name].tolist() for name in samples.x.names), strict=True)]


def test_columns_are_by_name(tmp_path):
    one = read_samples(written(tmp_path, "a.csv", "height,weight,label\n1,20,a\n2,30,b\n"), part="train")
    two = read_samples(written(tmp_path, "b.csv", "weight,height\n20,1\n30,2\n"), part="test")
    assert isinstance(two.x, Table)
    assert (one.x.numbers() == two.x.numbers(one.x.names)).all()


@pytest.mark.parametrize("index", ["", "Unnamed: 0"])
def test_an_index_column_is_left_out_and_that_is_said(tmp_path, index):
    samples = read_samples(written(tmp_path, "a.csv", f"{index},a,b,label\n0,5,6,x\n1,7,8,y\n"), part="train")
    assert samples.x.names == ["a", "b"] and "index" in samples.notes[0]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", "a;b;label\n1,5;2,25;x\n3;4;y\n"),
        ("a.csv", "a\tb\tlabel\n1.5\t2.25\tx\n3\t4\ty\n"),
        ("a.csv", "a|b|label\n1.5|2.25|x\n3|4|y\n"),
        ("a.TSV", "a\tb\tlabel\n1.5\t2.25\tx\n3\t4\ty\n"),
        ("a.CSV", "\ufeffa,b,label\r\n1.5,2.25,x\r\n\r\n3,4,y\r\n"),
        ("a.csv", "a,b,label\r1.5,2.25,x\r3,4,y\r"),
        ("a.csv", "a,b,Label\n1.5,2.25, x\n3,4,y \n".encode("utf-16")),
        ("a.JSONL", '{"a": 1.5, "b": 2.25, "label": "x"}\n\n{"label": "y", "b": 4, "a": 3}\n'),
        ("a.jsonl", '\ufeff[{"a": 1.5, "b": 2.25, "label": "x"}, {"a": 3, "b": 4, "label": "y"}]'),
        ("a.json", '[{"a": "1.5", "b": 2.25, "label": "x"}, {"a": 3, "b": 4, "label": "y"}]'),
        ("a.json", '{"a": [1.5, 3], "b": [2.25, 4], "label": ["x", "y"]}'),
        ("a.json", '{"a": {"0": 1.5, "1": 3}, "b": {"0": 2.25, "1": 4}, "label": {"0": "x", "1": "y"}}'),
    ],
)
def test_ways_of_writing_a_table(tmp_path, name, text):
    samples = read_samples(written(tmp_path, name, text), part="train")
    assert rows(samples) == [[1.5, 2.25], [3, 4]] and samples.y == ["x", "y"]


@pytest.mark.parametrize("kind", ["parquet", "arrow", "feather", "stream.arrow"])
def test_arrow_and_parquet(tmp_path, kind, monkeypatch):
    pyarrow = pytest.importorskip("pyarrow")
    pytest.importorskip("pyarrow.feather")
    pytest.importorskip("pyarrow.parquet")
    table = pyarrow.table({"a": [1.5, None], "c": ["u", "v"], "label": ["x", "y"], "__index_level_0__": [0, 1]})
    file = tmp_path / f"a.{kind}"
    if kind == "parquet":
        pyarrow.parquet.write_table(table, file)
    elif kind == "feather":
        pyarrow.feather.write_feather(table, file)
    else:
        make_writer = pyarrow.ipc.new_stream if kind == "stream.arrow" else pyarrow.ipc.new_file
        with make_writer(file, table.schema) as writer:
            writer.write_table(table)
    samples = read_samples(file, part="train")
    assert samples.y == ["x", "y"] and samples.x.names == ["a", "c"] and np.isnan(samples.x.columns["a"][1])
    file.write_bytes(file.read_bytes()[:-30])
    with pytest.raises(CorruptFile, match=file.name):
        read_samples(file, part="train")
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(MissingData, match=r"pip install 'reverie\[table\]'"):
        read_samples(file, part="train")


@pytest.mark.parametrize("letter", ["\u2028", "\x0c", "\x85", "\x0b", "\x1e"])
def test_lines_end_at_line_feeds_alone(tmp_path, letter):
    text = f"one{letter}two"
    lines = json.dumps({"text": text, "label": "a"}, ensure_ascii=letter < " ") + "\n"
    assert read_samples(written(tmp_path, "a.jsonl", lines), part="train").x == [text]
    assert read_samples(written(tmp_path, "a.csv", f"text,label\n{text},a\n"), part="train").x == [text]
    assert read_samples(written(tmp_path, "b.csv", f'text,label\n"a\nb{letter}",a\n'), part="train").x == [
        f"a\nb{letter}"
    ]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ('{"a": 1, "label": null}', "no label"),
        ('{"a": 1, "label": [0, "x"]}', "the label is a list"),
        ('{"a": 1, "label": {"x": 1}}', "the label is a dict"),
        ('{"a": 1, "label": " "}', "no label"),
        ('{"a": 1}', "no label"),
        ('{"a": [1], "label": "x"}', "a: a list"),
        ('{"a": 1, "a": 2, "label": "x"}', "the key 'a' stands twice"),
        ('{"a": 1, "label": "x"', "not JSON"),
        ('["x"]', "a list, and not an object"),
        ('{"a": 1, "label": "\\ud800"}', "half of a letter"),
        ('{"a": Infinity, "label": "x"}', "a: not finite"),
    ],
)
def test_a_row_that_cannot_be_read_is_named_and_can_be_skipped(tmp_path, row, reason):
    file = written(tmp_path, "a.jsonl", f'{{"a": 1, "label": "x"}}\n{row}\n{{"a": 2, "label": " y "}}\n')
    with pytest.raises((BadData, CorruptFile), match="1 of 3 rows cannot be read: row 2") as caught:
        read_samples(file, part="train")
    assert reason in str(caught.value) and "--skip-bad" in str(caught.value)
    samples = read_samples(file, part="train", skip_bad=True)
    assert samples.y == ["x", "y"] and samples.names == ["1", "3"] and rows(samples) == [[1], [2]]
    assert samples.bad[0][0] == "row 2" and reason in samples.bad[0][1]


def test_lines_of_delimited_text_that_are_none(tmp_path):
    file = written(tmp_path, "a.csv", 'a,label\n1,x\n2\n"3"4,y\n5,\n6,z\n7,w,\n')
    samples = read_samples(file, part="train", skip_bad=True)
    assert samples.y == ["x", "z"] and [name for name, _ in samples.bad] == ["row 3", "row 4", "row 5", "row 7"]
    with pytest.raises(CorruptFile, match="4 of 6 rows"):
        read_samples(file, part="train")
    with pytest.raises(CorruptFile, match="1 of 1 rows"):
        read_samples(written(tmp_path, "b.csv", 'a,label\n"1,x\n'), part="train", skip_bad=True)


def test_all_offenders_are_counted_and_twenty_shown(tmp_path):
    file = written(tmp_path, "a.csv", "a,label\n1,x\n" + "2,\n" * 30)
    with pytest.raises(
        BadData, match=r"30 of 31 rows cannot be read: row 3 \(no label\).*row 22 \(no label\); and 10 more"
    ):
        read_samples(file, part="train")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a,b,a,label\n1,2,3,x\n", "'a'"),
        ("a,,label\n1,2,x\n", "column 2 has no name"),
        ("5.1,3.5,setosa\n4.9,3.0,setosa\n", "the first line holds numbers"),
        ("1,2,3\n4,5,6\n", "the first line holds numbers"),
        ("label\nx\n", "only labels"),
        ("a,label\n", "no rows"),
    ],
)
def test_headers_that_cannot_be_meant(tmp_path, text, says):
    with pytest.raises(BadData, match=says):
        read_samples(written(tmp_path, "a.csv", text), part="train")


def test_columns_that_are_named(tmp_path):
    text = "id,class,note,size,who\np1,a,hello,5,me\np2,b,you,6,you\n"
    file = written(tmp_path, "a.csv", text)
    samples = read_samples(file, part="train", label_column="class", drop=["who", "note"], id_column="id")
    assert samples.y == ["a", "b"] and samples.names == ["p1", "p2"] and samples.x.names == ["size"]
    samples = read_samples(file, part="train", label_column="class", text_column="note")
    assert samples.x == ["hello", "you"] and "id, size, who" in samples.notes[0]
    for wrong in ({"label_column": "klass"}, {"text_column": "t"}, {"drop": ["x"]}, {"id_column": "ids"}):
        with pytest.raises(BadData, match=r"has no column '.*'\. It has: id, class, note"):
            read_samples(file, part="train", **wrong)
    assert read_samples(file, part="test", label_column="klass").y is None


def test_a_single_column_of_sentences_is_the_text(tmp_path):
    text = "message,label\nhow are you today,a\nwhere is the station,b\n"
    samples = read_samples(written(tmp_path, "a.csv", text), part="train")
    assert samples.x == ["how are you today", "where is the station"] and "message" in samples.notes[0]


def test_words_gaps_and_dates_are_features(tmp_path):
    text = "age,work,since,label\n39,State-gov,2001-05-06,<=50K\n?,?,2002-07-08,>50K\n,Private,,<=50K\n"
    samples = read_samples(written(tmp_path, "adult.csv", text), part="train")
    assert samples.x.kinds == {"age": "number", "work": "category", "since": "date"}
    assert samples.x.columns["work"].tolist() == ["State-gov", None, "Private"]
    assert samples.x.columns["since weekday"].tolist() == ["Sunday", "Monday", None]


def test_labels_that_are_numbers(tmp_path):
    chance = np.random.default_rng(0)
    prices = [f"{price:.2f}" for price in chance.normal(200, 50, 300)]
    file = written(tmp_path, "a.csv", "a,price\n" + "\n".join(f"{row},{price}" for row, price in enumerate(prices)))
    samples = read_samples(file, part="train", label_column="price")
    assert samples.target == "numbers" and samples.y.tolist() == [float(price) for price in prices]
    assert "number to predict" in samples.notes[0]
    whole = [str(price) for price in chance.integers(50_000, 900_000, 300)]
    file = written(tmp_path, "b.csv", "a,label\n" + "\n".join(f"{row},{price}" for row, price in enumerate(whole)))
    assert read_samples(file, part="train").target == "numbers"
    assert read_samples(file, part="train", target="classes").y == whole
    for labels in (range(150), [0.5, 1.0, 1.5] * 50, [10482, 99123] * 50):
        lines = "\n".join(f"{row},{label}" for row, label in enumerate(labels))
        assert read_samples(written(tmp_path, "c.csv", f"a,label\n{lines}"), part="train").target == "classes"


def test_parts_by_the_column_split(tmp_path):
    text = "a,label,Split\n1,x,Train\n2,y,train\n3,x,val\n4,y,test\n"
    file = written(tmp_path, "a.csv", text)
    assert rows(read_samples(file, part="train")) == [[1], [2]] and rows(read_samples(file, part="test")) == [[4]]
    assert "1 rows whose Split is val" in read_samples(file, part="train").notes[0]
    file = written(tmp_path, "b.csv", text.replace("test", "val"))
    assert read_samples(file, part="test").names == ["4", "5"]


def test_many_keys_of_few_objects_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("reverie.streams.tables._SPARE", 0)
    lines = "\n".join(json.dumps({f"k{row}": 1, "label": "x"}) for row in range(100))
    with pytest.raises(BadData, match="different keys"):
        read_samples(written(tmp_path, "a.jsonl", lines), part="train")


def test_a_stream_of_a_table_has_cells_for_the_categories_of_the_training_rows(tmp_path):
    lines = [f"{row},{'uv'[row % 2]},{'' if row == 3 else row / 2},{'ab'[row % 2]},train" for row in range(8)]
    lines += ["9,w,1,a,test", "9,u,,b,test"]
    stream = make(str(written(tmp_path, "a.csv", "n,kind,gap,label,split\n" + "\n".join(lines))))
    first = next(iter(stream))
    assert first.train_x.shape == (8, 5)  # n, u, v, gap, gap missing
    mean = np.mean([row / 2 for row in range(8) if row != 3])
    assert sorted(first.test_x.tolist()) == [[9, 0, 0, 1, 0], [9, 1, 0, pytest.approx(mean), 1]]
    assert first.train_x[3].tolist() == [3, 0, 1, pytest.approx(mean), 1]
    assert any("Categories: 2 cells" in note for note in stream.notes)


def test_numbers_that_are_wanted_are_read_row_by_row(tmp_path):
    file = written(tmp_path, "a.csv", "a;b;c\n1;2,5;3\n2;x;4\n3;;5\n4;1.000,5;inf\n")
    with pytest.raises(BadData, match=r"row 3 \(the label 'x' is no number\); row 4 \(no label\)"):
        read_samples(file, part="train", label_column="b", target="numbers")
    samples = read_samples(file, part="train", label_column="b", target="numbers", skip_bad=True)
    assert (samples.y.tolist(), samples.called, samples.names) == ([2.5, 1000.5], ["b"], ["2", "5"])
    both = read_samples(file, part="train", label_column=["b", "c"], target="numbers", skip_bad=True)
    assert (both.y.tolist(), both.called, both.x.names) == ([[2.5, 3.0]], ["b", "c"], ["a"])
    assert ("row 5", "c: the label 'inf' is no number") in both.bad
    assert read_samples(file, part="test", label_column=["b", "d"], target="numbers").y is None
    with pytest.raises(BadData, match="2 columns are named as labels"):
        read_samples(file, part="train", label_column=["b", "c"])


def test_archives_have_numbers_of_several_columns(tmp_path):
    x, y = np.arange(12.0).reshape(4, 3), np.array([[1, 2], [3, 4], [np.nan, 5], [6, 7]])
    np.savez(tmp_path / "a.npz", x=x, y=y)
    with pytest.raises(BadData, match=r"row 2 \(no label\)"):
        read_samples(tmp_path / "a.npz", part="train", target="numbers")
    samples = read_samples(tmp_path / "a.npz", part="train", target="numbers", skip_bad=True)
    assert samples.y.tolist() == [[1, 2], [3, 4], [6, 7]]
    assert samples.x.tolist() == x[[0, 1, 3]].tolist()
    np.savez(tmp_path / "b.npz", x=x, y=["1", "2.5", "word", "4"])
    with pytest.raises(BadData, match="'word' is no number"):
        read_samples(tmp_path / "b.npz", part="train", target="numbers")
