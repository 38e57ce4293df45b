"""Folders and files of samples, in every layout that people bring; what cannot be read is listed."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from reverie.errors import BadData, CorruptFile, MissingData
from reverie.streams import Pictures, Sounds, Table, read_samples


def draw(file: Path, level: int = 0) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (8, 8), level).save(file)


def test_loose_pictures_beside_class_folders_are_named(tmp_path):
    for name in ("cat/1.png", "dog/1.png", "dog/2.PNG", "loose.jpg"):
        draw(tmp_path / name)
    samples = read_samples(tmp_path, part="train")
    assert samples.y == ["cat", "dog", "dog"] and samples.names == ["cat/1.png", "dog/1.png", "dog/2.PNG"]
    assert any("loose.jpg" in note for note in samples.notes)
    assert isinstance(samples.x, Pictures)


def test_loose_pictures_alone_have_no_labels(tmp_path):
    draw(tmp_path / "a.png")
    assert read_samples(tmp_path, part="train").y is None
    assert read_samples(tmp_path / "a.png", part="test").names == ["a.png"]


def test_folder_names_that_are_not_utf8_are_all_named(tmp_path):
    draw(tmp_path / "tea" / "1.png")
    for name in (b"caf\xe9", b"th\xe9"):
        folder = os.fsencode(tmp_path) + b"/" + name
        os.mkdir(folder)
        os.link(tmp_path / "tea" / "1.png", folder + b"/1.png")
    with pytest.raises(BadData, match=r"caf\\xe9 \(not UTF-8\); th\\xe9") as caught:
        read_samples(tmp_path, part="train")
    str(caught.value).encode()


@pytest.mark.parametrize(
    ("layout", "train", "test"),
    [
        (["train/cat/1.png", "train/dog/1.png", "val/cat/2.png", "val/dog/2.png"], ["cat", "dog"], ["cat", "dog"]),
        (["Train/cat/1.png", "Test/cat/2.png"], ["cat"], ["cat"]),
        (["pets/cat/1.png", "pets/dog/1.png"], ["cat", "dog"], ["cat", "dog"]),
        (["pets/train/cat/1.png", "pets/test/dog/1.png"], ["cat"], ["dog"]),
        (["cat/images/1.png", "dog/images/1.png", "dog/images/2.png"], ["cat", "dog", "dog"], ["cat", "dog", "dog"]),
        (["cat/1.png", "train/1.png"], ["cat", "train"], ["cat", "train"]),
        (["cat/1.png"], ["cat"], ["cat"]),
        (["train/cat/1.png", "val/cat/2.png", "test/dog/3.png"], ["cat"], ["dog"]),
        (["__MACOSX/cat/1.png", "cat/1.png", ".hidden/1.png", "cat/._1.png"], ["cat"], ["cat"]),
        (["cafe\u0301/1.png"], ["caf\u00e9"], ["caf\u00e9"]),
    ],
)
def test_layouts(tmp_path, layout, train, test):
    for name in layout:
        draw(tmp_path / name)
    assert read_samples(tmp_path, part="train").y == train
    assert read_samples(tmp_path, part="test").y == test


def test_a_layout_that_is_none_shows_those_that_are(tmp_path):
    for name in ("cat/monday/1.png", "cat/tuesday/1.png", "dog/1.png"):
        draw(tmp_path / "pets" / name)
    with pytest.raises(BadData, match="Expected pets/CLASS/FILE, or pets/train/CLASS/FILE and pets/test/CLASS/FILE"):
        read_samples(tmp_path / "pets", part="train")
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadData, match="Expected empty/CLASS/FILE"):
        read_samples(tmp_path / "empty", part="train")


def test_torn_files_are_all_listed_and_can_be_skipped(tmp_path):
    for number in range(30):
        draw(tmp_path / "cat" / f"{number:02}.png", number)
    for number in range(25):
        file = tmp_path / "cat" / f"{number:02}.png"
        file.write_bytes(file.read_bytes()[:40])
    with pytest.raises(CorruptFile, match=r"25 of 30 pictures cannot be read: cat/00\.png \(.*cat/19\.png.*and 5 more"):
        read_samples(tmp_path, part="train")
    samples = read_samples(tmp_path, part="train", skip_bad=True)
    assert samples.names == [f"cat/{number}.png" for number in range(25, 30)] and len(samples.x) == 5
    assert len(samples.bad) == 25 and samples.bad[0][0] == "cat/00.png"
    with pytest.raises(CorruptFile, match="1 of 1"):
        read_samples(tmp_path / "cat" / "00.png", part="test", skip_bad=True)


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "x.png")
    with pytest.raises(BadData, match="pipe"):
        read_samples(tmp_path / "x.png", part="train")
    draw(tmp_path / "cat" / "1.png")
    os.mkfifo(tmp_path / "cat" / "2.png")
    assert read_samples(tmp_path, part="train", skip_bad=True).names == ["cat/1.png"]


def test_sentences_end_at_line_feeds_alone(tmp_path):
    (tmp_path / "a.txt").write_bytes("\ufeffone\u2028two\r\n\nthree\x0cfour\x85\n".encode())
    samples = read_samples(tmp_path / "a.txt", part="train")
    assert samples.x == ["one\u2028two", "three\x0cfour"] and samples.names == ["1", "3"]


def saved(path: Path, **arrays) -> Path:
    np.savez(path / "a.npz", **arrays)
    return path / "a.npz"


def test_labels_of_arrays(tmp_path):
    x = np.zeros((4, 6))
    for y, labels in (
        (np.array([b"0", b"1", b"0", b"caf\xc3\xa9"]), ["0", "1", "0", "café"]),
        (np.array([" setosa", "setosa ", "setosa", "b"]), ["setosa", "setosa", "setosa", "b"]),
        (np.array([2**63, 2**63 + 1, 0, 1], dtype=np.uint64), [str(2**63), str(2**63 + 1), "0", "1"]),
        (np.array([[1.0], [2.0], [1.0], [2.0]]), ["1", "2", "1", "2"]),
        (np.array([True, False, True, True]), ["true", "false", "true", "true"]),
    ):
        samples = read_samples(saved(tmp_path, x=x, y=y), part="train")
        assert samples.y == labels and samples.target == "classes"
    with pytest.raises(BadData, match=r"row 1 \(no label\)"):
        read_samples(saved(tmp_path, x=x, y=np.array(["a", " ", "b", "c"])), part="train")
    skipped = read_samples(saved(tmp_path, x=x, y=np.array(["a", " ", "b", "c"])), part="train", skip_bad=True)
    assert skipped.y == ["a", "b", "c"] and skipped.names == ["0", "2", "3"] and len(skipped.x) == 3
    with pytest.raises(BadData, match=r"argmax"):
        read_samples(saved(tmp_path, x=x, y=np.eye(4)), part="train")


def test_two_equal_names_of_classes_are_refused(tmp_path):
    file = saved(tmp_path, x=np.zeros((2, 3)), y=np.array([0, 1]), classes=np.array(["cat", "cat "]))
    with pytest.raises(BadData, match="classes names 'cat' twice"):
        read_samples(file, part="train")


def test_arrays_of_pictures_in_other_layouts(tmp_path):
    batch = np.random.default_rng(0).integers(0, 255, (4, 1, 28, 28)).astype(np.uint8)
    assert (read_samples(saved(tmp_path, x=batch), part="test").x == batch[:, 0]).all()
    with pytest.raises(BadData, match="two ways"):
        read_samples(saved(tmp_path, x=np.zeros((4, 1, 28, 1))), part="test")


def test_arrays_that_are_structured_or_words(tmp_path):
    rows = np.array([(1.5, "a"), (2.5, "b")], dtype=[("size", "f4"), ("kind", "U3")])
    samples = read_samples(saved(tmp_path, x=rows, y=np.array([0, 1])), part="train")
    assert isinstance(samples.x, Table) and samples.x.names == ["size", "kind"]
    assert read_samples(saved(tmp_path, x=np.array([b"hi", b"you"])), part="train").x == ["hi", "you"]


def test_floats_of_hundreds_of_values_are_numbers_to_predict(tmp_path):
    y = np.random.default_rng(0).normal(size=300)
    samples = read_samples(saved(tmp_path, x=np.zeros((300, 2)), y=y), part="train")
    assert samples.target == "numbers" and np.allclose(samples.y, y) and any("300" in note for note in samples.notes)


def test_sounds_in_class_folders(tmp_path):
    soundfile = pytest.importorskip("soundfile")
    for name in ("yes/1.wav", "yes/2.flac", "no/1.ogg", "no/2.MP3"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        soundfile.write(tmp_path / name, np.zeros(1600), 8000, format=Path(name).suffix[1:].upper())
    samples = read_samples(tmp_path, part="train")
    assert isinstance(samples.x, Sounds) and samples.y == ["no", "no", "yes", "yes"]
    whole = (tmp_path / "yes" / "1.wav").read_bytes()
    (tmp_path / "yes" / "1.wav").write_bytes(whole[:1000])
    with pytest.raises(CorruptFile, match=r"1 of 4 recordings cannot be read: yes/1\.wav"):
        read_samples(tmp_path, part="train")
    draw(tmp_path / "yes" / "1.png")
    with pytest.raises(BadData, match="pictures and recordings"):
        read_samples(tmp_path, part="train")


def test_what_is_not_there_or_no_data(tmp_path):
    with pytest.raises(MissingData, match="No file or folder"):
        read_samples(tmp_path / "nothing", part="train")
    (tmp_path / "a.xlsx").write_text(json.dumps({}))
    with pytest.raises(BadData, match=r"\.parquet"):
        read_samples(tmp_path / "a.xlsx", part="train")
