"""What meta-training refuses before it takes time, and that it removes nothing of the user's."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from commands import here
from reverie.errors import BadData
from reverie.meta import Classes, MetaPlan, Pictured, load_sense, train
from reverie.meta.reading import read_classes
from reverie.meta.training import drop_training, expect_training

PLAN = MetaPlan(steps=2, ways=3, networks=1, widths=(2, 2, 2, 2))
WORDS = ["--steps", "2", "--networks", "1", "--size", "16"]


def classes(size=16, *, dtype=torch.uint8):
    generator = torch.Generator().manual_seed(0)
    return [torch.randint(0, 256, (4, size, size), generator=generator).to(dtype) for _ in range(3)]


def folder_of_pictures(path):
    for label, pictures in enumerate(classes()):
        (path / f"class{label}").mkdir(parents=True)
        for number, one in enumerate(pictures):
            Image.fromarray(one.numpy()).save(path / f"class{label}" / f"{number}.png")


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ({"widths": (4, 4, 4)}, "widths"),  # it would be saved, and could not be loaded
        ({"widths": (4, 0, 4, 4)}, "widths"),
        ({"widths": (4, 4, 4, 5000)}, "widths"),
        ({"learning_rate": float("nan")}, "learning_rate"),
        ({"learning_rate": 0.0}, "learning_rate"),
        ({"decay": -1.0}, "decay"),
    ],
)
def test_a_plan_that_cannot_be_trained(given, what):
    with pytest.raises(BadData, match=what):
        MetaPlan(**given)


def test_a_network_has_four_widths():
    with pytest.raises(BadData, match="four numbers"):
        Pictured(widths=(4, 4))


def test_pictures_are_bytes_or_fractions():
    fractions = [one.float() / 255 for one in classes()]
    assert len(Classes(fractions)) == 3
    with pytest.raises(BadData, match=r"torch\.int64"):
        Classes(classes(dtype=torch.int64))
    with pytest.raises(BadData, match="types"):
        Classes([*fractions, classes()[0]])
    with pytest.raises(BadData, match="divide"):
        Classes(classes(dtype=torch.float32))
    with pytest.raises(BadData, match="NaN"):
        Classes([fractions[0], torch.full_like(fractions[0], float("nan"))])


def test_small_pictures_and_no_steps_between():
    with pytest.raises(BadData, match="7 × 7"):
        train(Classes(classes(7)), PLAN)
    assert train(Classes(classes(8)), PLAN).size == (8, 8)
    with pytest.raises(BadData, match="every is 0"):
        train(Classes(classes()), PLAN, every=0)


def test_deep_pictures_are_read_by_their_levels(tmp_path):
    generator = np.random.default_rng(0)
    for label in "ab":
        (tmp_path / label).mkdir()
        for number in range(3):
            deep = generator.integers(1000, 5000, (16, 16)).astype(np.uint16)
            Image.fromarray(deep).save(tmp_path / label / f"{number}.png")
    found, names = read_classes(tmp_path, 16)
    assert names == ["a", "b"]
    assert all(one.float().std() > 40 for one in found.pictures)  # all white, without levels


def test_only_a_training_is_removed(tmp_path):
    class Stop(Exception):
        pass

    def stop(step, steps, loss):
        if step == 2:
            raise Stop

    place = tmp_path / "x.training"
    with pytest.raises(Stop):
        train(Classes(classes()), PLAN, keep=place, every=1, told=stop)
    expect_training(place)
    (place / "network-7").mkdir()  # killed before it was kept
    (place / "network-7" / ".state.json.0a0b0c0d.tmp").write_text("{")
    expect_training(place)
    (place / "network-0" / "notes.txt").write_text("mine")
    with pytest.raises(BadData, match="network-0"):
        expect_training(place)
    drop_training(place)
    assert [one.name for one in place.iterdir()] == ["network-0"]
    (place / "network-0" / "notes.txt").unlink()
    elsewhere = tmp_path / "elsewhere"
    (place / "network-0").rename(elsewhere)
    (place / "network-0").symlink_to(elsewhere)
    drop_training(place)
    assert (elsewhere / "state.json").exists()
    (place / "network-0").unlink()
    drop_training(place)
    assert not place.exists()


def test_a_training_beside_the_users_own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder_of_pictures(Path("signs.training"))
    done = here("meta", "train", "--data", "signs.training", "--out", "signs", *WORDS)
    assert done.returncode == 2
    assert "other things: class0" in done.stderr
    assert len(list(Path("signs.training").rglob("*.png"))) == 12
    assert not Path("signs").exists()


def test_a_place_that_is_taken_is_refused_before_training(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder_of_pictures(Path("old"))
    Path("full").mkdir()
    Path("full/notes.txt").write_text("mine")
    Path("file").write_text("mine")
    for name, said in (("full", "not empty"), ("file", "is a file"), (".", "not empty")):
        done = here("meta", "train", "--data", "old", "--out", name, *WORDS)
        assert done.returncode == 2, name
        assert said in done.stderr
        assert "loss" not in done.stderr
    assert sorted(one.name for one in Path().iterdir()) == ["file", "full", "old"]
    done = here("meta", "train", "--data", "old", "--out", "new", *WORDS)
    assert done.returncode == 0, done.stderr
    assert load_sense("new").size == (16, 16)
    assert "already" in here("meta", "train", "--data", "old", "--out", "new", *WORDS).stderr


def test_a_folder_does_not_hide_a_sense_of_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("raw").mkdir()
    done = here("brain", "create", "b", "--encoder", "raw")
    assert done.returncode == 0, done.stderr
    Path("mine").mkdir()
    assert here("brain", "create", "c", "--encoder", "mine").returncode == 2  # a folder without a sense
