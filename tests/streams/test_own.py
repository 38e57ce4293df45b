"""The user's own data of every kind, and everything that can be wrong with them."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from reverie import checks
from reverie.errors import BadData, CorruptFile, MissingData
from reverie.streams import make
from reverie.streams.locate import read_npz

RNG = np.random.default_rng(0)


def arrays(**changed):
    y = np.arange(40) % 4
    whole = {
        "train_x": RNG.integers(0, 255, (40, 6, 6)).astype(np.uint8),
        "train_y": y,
        "test_x": RNG.integers(0, 255, (40, 6, 6)).astype(np.uint8),
        "test_y": y,
    }
    return {key: value for key, value in (whole | changed).items() if value is not None}


def saved(path: Path, **changed) -> str:
    np.savez(path / "mine.npz", **arrays(**changed))
    return str(path / "mine.npz")


def test_npz_of_pictures(tmp_path):
    path = saved(tmp_path, classes=np.array(["ant", "bee", "cat", "dog"]))
    stream = make(path)
    assert stream.label_names == ("ant", "bee", "cat", "dog")
    assert next(iter(stream)).train_x.shape == (20, 6, 6)
    checks.check_stream(lambda: make(path, scenario="task"))


def test_npz_of_features_and_words(tmp_path):
    names = np.array(["no", "yes"])[np.arange(40) % 2]
    features = RNG.normal(size=(40, 3))
    stream = make(saved(tmp_path, train_x=features, test_x=features, train_y=names, test_y=names))
    assert stream.label_names == ("no", "yes")
    assert stream.protocol["reconstruction"] == "gaussian"


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"test_y": None}, "lacks test_y"),
        ({"train_x": np.zeros((40, 6, 6, 6), dtype=np.uint8)}, "Expected pictures"),
        ({"train_x": np.zeros((40, 6, 6))}, "Expected pictures"),
        ({"test_x": np.zeros((40, 5, 6), dtype=np.uint8)}, "Make them alike"),
        ({"train_y": np.arange(39)}, r"Expected \(40,\)"),
        ({"train_y": np.arange(40) / 2}, "whole numbers or words"),
        ({"test_y": np.arange(40)}, "which the training part lacks"),
        ({"train_y": np.zeros(40, dtype=int), "test_y": np.zeros(40, dtype=int)}, "at least two"),
        ({"train_x": np.full((40, 2), np.nan), "test_x": np.zeros((40, 2))}, "NaN"),
        ({"classes": np.array(["one"])}, "classes names 1 labels"),
    ],
)
def test_bad_npz(tmp_path, changed, says):
    with pytest.raises(BadData, match=says):
        make(saved(tmp_path, **changed))


def test_torn_empty_and_pickled_npz(tmp_path):
    path = Path(saved(tmp_path))
    whole = path.read_bytes()
    for wrong in (whole[: len(whole) // 2], b"", b"not a zip"):
        path.write_bytes(wrong)
        with pytest.raises(CorruptFile):
            make(str(path))
    with pytest.raises(CorruptFile, match="pickled"):
        make(saved(tmp_path, train_y=np.array([{"a": 1}] * 40, dtype=object)))


def pictures(root: Path, sizes=((8, 8),)) -> None:
    for index, label in enumerate(("cat", "dog")):
        (root / label).mkdir(parents=True)
        for number in range(10):
            size = sizes[number % len(sizes)]
            Image.new("RGB", size, (100 * index, 10 * number, 50)).save(root / label / f"{number}.png")


def test_folder_of_class_folders(tmp_path):
    pictures(tmp_path / "pets")
    stream = make(str(tmp_path / "pets"))
    first = next(iter(stream))
    assert first.train_x.shape == (16, 8, 8, 3)
    assert len(first.test_y) == 4
    assert any("fixed fifth" in note for note in stream.notes)
    checks.check_stream(lambda: make(str(tmp_path / "pets")))


def test_folder_with_train_and_test_and_mixed_sizes(tmp_path):
    pictures(tmp_path / "pets" / "train", sizes=((200, 100), (30, 30), (200, 100)))
    pictures(tmp_path / "pets" / "test", sizes=((200, 100),))
    stream = make(str(tmp_path / "pets"))
    assert next(iter(stream)).train_x.shape == (20, 32, 64, 3)
    assert any("32×64" in note for note in stream.notes)


def test_bad_folders(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadData, match="no class folders"):
        make(str(tmp_path / "empty"))
    pictures(tmp_path / "pets")
    torn = tmp_path / "pets" / "cat" / "3.png"
    torn.write_bytes(torn.read_bytes()[:40])
    with pytest.raises(CorruptFile, match=r"3\.png"):
        make(str(tmp_path / "pets"))


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded(tmp_path, monkeypatch):
    monkeypatch.setattr("reverie.streams.picture_file._PIXELS", 60)
    pictures(tmp_path / "pets")
    with pytest.raises(CorruptFile, match="Expected at most 60"):
        make(str(tmp_path / "pets"))


def table(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_csv_of_text(tmp_path):
    rows = [f'"sentence {number} about {label}, or so",{label}' for number in range(10) for label in ("sun", "rain")]
    stream = make(table(tmp_path / "mine.csv", "text,label\n" + "\n".join(rows)))
    assert stream.label_names == ("rain", "sun")
    checks.check_stream(lambda: stream)


def test_tsv_and_json_lines_of_numbers_are_the_same_stream(tmp_path):
    rows = [{"a": number, "b": number / 2, "label": "xy"[number % 2]} for number in range(20)]
    lines = "\n".join(json.dumps(row) for row in rows)
    cells = "a\tb\tlabel\n" + "\n".join("\t".join(str(value) for value in row.values()) for row in rows)
    one = next(iter(make(table(tmp_path / "mine.jsonl", lines))))
    two = next(iter(make(table(tmp_path / "mine.tsv", cells))))
    assert one.train_x.tolist() == two.train_x.tolist()


def test_a_column_split_divides(tmp_path):
    rows = [f"{number},{'ab'[number % 2]},{'test' if number > 15 else 'train'}" for number in range(20)]
    first = next(iter(make(table(tmp_path / "mine.csv", "x,label,split\n" + "\n".join(rows)))))
    assert first.test_x.flatten().tolist() == [16, 17, 18, 19]


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        ("", BadData, "no rows"),
        ("x,y\n1,2\n", BadData, "Expected one named label"),
        ("x,label\n1,a\n2\n", BadData, r"row 3 \(1 cells, the header has 2\)"),
        ("x,label\n" + "".join(f"{n},a\n" for n in range(30)) + "foo,b\n", BadData, "row 32 .x: 'foo' is not a number"),
        ("x,label\n1,a\n1e999,b\n", BadData, "not finite"),
        ("x,label\n1,a\n1,\n", BadData, r"row 3 \(no label\)"),
        ("label\na\nb\n", BadData, "only labels"),
        ("x,label\n1,a\n2,a\n", BadData, "at least two"),
        ("x,label,split\n1,a,train\n2,b,exam\n", BadData, "Expected train and test"),
        ("x,label,split\n1,a,train\n2,b,test\n3,c,train\n", BadData, "only in the test part"),
        ('x,label\n"1,a\n', CorruptFile, "line"),
    ],
)
def test_bad_tables(tmp_path, text, error, says):
    with pytest.raises(error, match=says):
        make(table(tmp_path / "mine.csv", text))


def test_other_encodings_and_kinds(tmp_path):
    (tmp_path / "mine.csv").write_bytes("text,label\nü,a\n".encode("latin-1"))
    with pytest.raises(CorruptFile, match="UTF-8"):
        make(str(tmp_path / "mine.csv"))
    with pytest.raises(CorruptFile, match=r"row 1 \(not JSON"):
        make(table(tmp_path / "mine.jsonl", "{"))
    with pytest.raises(CorruptFile, match="cannot be read as parquet"):
        make(table(tmp_path / "mine.parquet", "x"))
    with pytest.raises(BadData, match=r"ends in '\.xlsx'"):
        make(table(tmp_path / "mine.xlsx", "x"))
    with pytest.raises(MissingData, match="No file or folder"):
        make(str(tmp_path / "nothing.csv"))


def test_an_archive_compressed_as_python_cannot_read_is_refused(tmp_path):
    file = tmp_path / "odd.npz"
    np.savez(file, x=np.zeros((3, 4)))
    data = bytearray(file.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        data[data.index(signature) + offset] = 99  # AES, as a damaged header may say
    file.write_bytes(bytes(data))
    with pytest.raises(CorruptFile, match="cannot be read as"):
        read_npz(file)
