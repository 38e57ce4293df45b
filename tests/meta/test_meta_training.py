"""Senses that are trained on small tasks: what they learn, what they refuse, and that a training goes on."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from commands import here
from reverie.brain import Brain
from reverie.errors import BadData, CorruptFile
from reverie.memory import AssociativeMemory
from reverie.meta import (
    Classes,
    MetaPlan,
    MetaSense,
    Pictured,
    draw,
    load_sense,
    mean_logits,
    ridge_logits,
    save_sense,
    train,
)


def signs(count, *, each=12, seed=0, size=16):
    """Made-up signs: three strokes each, drawn a little differently each time."""
    generator = np.random.default_rng(seed)
    classes = []
    for _ in range(count):
        strokes = generator.uniform(2, size - 3, (3, 2, 2))
        pictures = []
        for _ in range(each):
            picture = np.zeros((size, size), np.uint8)
            for begin, end in strokes + generator.normal(0, 0.5, strokes.shape):
                for t in np.linspace(0, 1, 3 * size):
                    row, column = np.clip(np.round(begin + t * (end - begin)), 0, size - 1).astype(int)
                    picture[row, column] = 255
            pictures.append(picture)
        classes.append(torch.from_numpy(np.stack(pictures)))
    return classes


PLAN = MetaPlan(steps=60, ways=12, networks=1, widths=(8, 16, 16, 16))


def accuracy(sense, classes, *, tasks=60, read=mean_logits):
    generator = torch.Generator().manual_seed(9)
    right = []
    for _ in range(tasks):
        task = draw(classes, 5, 1, 3, generator)
        found = read(sense(task.shown), task.shown_y, sense(task.asked)).argmax(1)
        right.append((found == task.asked_y).double().mean().item())
    return float(np.mean(right))


@pytest.fixture(scope="module")
def trained():
    return train(Classes(signs(60)), PLAN)


@pytest.mark.parametrize("read_out", ["means", "ridge", "both"])
def test_it_learns_to_learn_what_it_has_never_seen(read_out):
    new = Classes(signs(30, seed=1))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        raw = MetaSense([Pictured(widths=PLAN.widths)], (16, 16))
    sense = train(Classes(signs(60)), MetaPlan(**(vars(PLAN) | {"read_out": read_out})))
    before, after = accuracy(raw, new), accuracy(sense, new)
    assert 1 - after < (1 - before) / 2
    assert after > 0.8
    assert accuracy(sense, new, read=lambda *keys: ridge_logits(*keys, 1.0)) > 0.8


def test_the_ridge_is_the_memorys():
    generator = torch.Generator().manual_seed(0)
    keys, labels = torch.randn(12, 40, generator=generator).double(), torch.arange(12) % 3
    memory = AssociativeMemory(ridge=0.5)
    memory.write(keys, torch.nn.functional.one_hot(labels).double())
    asked = torch.randn(5, 40, generator=generator).double()
    # The memory subtracts means; the dual form is of keys as they are.
    shown, y = keys - keys.mean(0), torch.nn.functional.one_hot(labels).double()
    mine = (asked - keys.mean(0)) @ (
        shown.T @ torch.linalg.solve(shown @ shown.T + 0.5 * torch.eye(12).double(), y - y.mean(0))
    )
    torch.testing.assert_close(memory.read(asked), mine + y.mean(0), rtol=1e-6, atol=1e-8)
    plain = ridge_logits(shown, labels, asked - keys.mean(0), 0.5)
    assert (plain.argmax(1) == memory.read(asked).argmax(1)).all()


def test_a_sense_for_a_brain(trained, tmp_path):
    save_sense(tmp_path / "sense", trained)
    again = load_sense(tmp_path / "sense")
    new = signs(8, seed=2)
    assert torch.equal(again(new[0]), trained(new[0]))
    with Brain.create(tmp_path / "b", encoder=again) as brain:
        for label, pictures in enumerate(new):
            brain.learn(pictures[:2].numpy(), [f"sign {label}"] * 2)
        right = [(brain.predict(one[2:].numpy()) == f"sign {label}").mean() for label, one in enumerate(new)]
    assert np.mean(right) > 0.7
    with Brain.open(tmp_path / "b", encoder=load_sense(tmp_path / "sense")) as brain:
        assert len(brain.classes) == 8
    other = MetaSense([Pictured(widths=PLAN.widths)], (16, 16))
    with pytest.raises(BadData, match="digest"):
        Brain.open(tmp_path / "b", encoder=other)


def test_an_altered_sense_is_refused(trained, tmp_path):
    save_sense(tmp_path / "sense", trained)
    head = tmp_path / "sense" / "state.json"
    head.write_text(head.read_text().replace('"channels": 1', '"channels": 3'))
    with pytest.raises(CorruptFile):
        load_sense(tmp_path / "sense")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").write_text("mine")
    with pytest.raises(BadData, match="not empty"):
        save_sense(tmp_path / "other", trained)


def test_what_does_not_fit_is_said():
    one = torch.zeros(3, 8, 8, dtype=torch.uint8)
    generator = torch.Generator()
    with pytest.raises(BadData, match="1 class"):
        Classes([one])
    with pytest.raises(BadData, match="sizes"):
        Classes([one, torch.zeros(3, 8, 9, dtype=torch.uint8)])
    with pytest.raises(BadData, match="no pictures"):
        Classes([one, one[:0]])
    with pytest.raises(BadData, match="shape"):
        Classes([torch.zeros(3, 8), torch.zeros(3, 8)])
    with pytest.raises(BadData, match="ways is 3"):
        draw(Classes([one, one]), 3, 1, 1, generator)
    with pytest.raises(BadData, match="has 3 pictures"):
        draw(Classes([one, one]), 2, 3, 1, generator)
    with pytest.raises(BadData, match="1 picture"):
        train(Classes([one[:1], one]), PLAN)
    with pytest.raises(BadData, match="read_out"):
        MetaPlan(read_out="forest")
    with pytest.raises(BadData, match="picture"):
        MetaSense([Pictured(widths=(2, 2, 2, 2))], (8, 8))(torch.zeros(3, 8))


def test_it_goes_on_to_the_same_numbers(trained, tmp_path):
    class Stop(Exception):
        pass

    def stop(step, steps, loss):
        if step == 40:
            raise Stop

    with pytest.raises(Stop):  # before step 40 is kept
        train(Classes(signs(60)), PLAN, keep=tmp_path / "kept", every=20, told=stop)
    again = train(Classes(signs(60)), PLAN, keep=tmp_path / "kept", every=20)
    for name, value in trained.state_dict().items():
        assert torch.equal(value, again.state_dict()[name]), name
    with pytest.raises(BadData, match="another training"):
        train(Classes(signs(61)), PLAN, keep=tmp_path / "kept")


def folder_of(path, classes):
    for label, pictures in enumerate(classes):
        (path / f"sign{label}").mkdir(parents=True)
        for number, one in enumerate(pictures):
            Image.fromarray(one.numpy()).save(path / f"sign{label}" / f"{number}.png")


def test_on_the_command_line_and_killed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder_of(Path("old"), signs(20, each=4))
    folder_of(Path("new"), signs(4, each=4, seed=3))
    words = ["meta", "train", "--data", "old", "--steps", "400", "--networks", "1", "--size", "16"]
    command = [sys.executable, "-m", "reverie", *words, "--out", "killed"]
    with subprocess.Popen(command, env=os.environ | {"OMP_NUM_THREADS": "1"}, stderr=subprocess.DEVNULL) as life:
        while not Path("killed.training/network-0/state.json").exists():
            assert life.poll() is None
            time.sleep(0.05)
        life.send_signal(signal.SIGKILL)
    for name in ("killed", "whole"):
        done = here(*words, "--out", name)
        assert done.returncode == 0, done.stderr
    assert not Path("killed.training").exists()
    one, two = load_sense("killed").state_dict(), load_sense("whole").state_dict()
    assert all(torch.equal(one[name], two[name]) for name in one)
    for more in (["create", "b", "--encoder", "whole"], ["learn", "b", "new", "--encoder", "whole"]):
        done = here("brain", *more)
        assert done.returncode == 0, done.stderr
    assert "sign2" in here("brain", "predict", "b", "new/sign2/1.png", "--encoder", "whole").stdout
    done = here("meta", "train", "--data", "new/sign1", "--out", "none")
    assert (done.returncode, "Error" in done.stderr) == (2, True)
