"""A brain of several senses: it answers by what is there, noise does little harm, and it forgets exactly."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits

from commands import here
from reverie.brain import Brain, cost_of
from reverie.errors import BadData, CorruptFile, ReverieError

X, Y = load_digits(return_X_y=True)
LEFT, RIGHT = X.reshape(-1, 8, 8)[:, :, :4].reshape(-1, 32), X.reshape(-1, 8, 8)[:, :, 4:].reshape(-1, 32)
MADE: dict[str, Any] = {
    "encoder": {"left": "expansion", "right": "expansion"},
    "settings": {"left": {"width": 150}, "right": {"width": 150}},
}


def halves(rows: slice) -> dict[str, Any]:
    return {"left": LEFT[rows], "right": RIGHT[rows]}


def lived(folder: Path, rows: slice = slice(0, 900)) -> Brain:
    brain = Brain.create(folder, **MADE)
    brain.learn(halves(rows), Y[rows])
    return brain


def right(brain: Brain, x: Any) -> float:
    return float((brain.predict(x) == Y[900:]).mean())


def test_two_are_better_than_one_and_noise_does_little_harm(tmp_path: Path) -> None:
    asked = slice(900, None)
    n = len(Y) - 900
    with lived(tmp_path / "both") as brain:
        both = right(brain, halves(asked))
        without = [{"left": part} for part in LEFT[asked]], [{"right": part, "left": None} for part in RIGHT[asked]]
        alone = [right(brain, x) for x in without]
        noise = np.random.default_rng(0).uniform(0, 16, (n, 32))
        noisy = right(brain, {"left": noise, "right": RIGHT[asked]})
        new = brain.novelty({"left": noise, "right": noise}), brain.novelty(halves(asked))
        nothing = brain.predict_proba([{}])
    for index, (name, half) in enumerate({"left": LEFT, "right": RIGHT}.items()):
        with Brain.create(tmp_path / name, encoder="expansion", settings={"width": 150}) as one:
            one.learn(half[:900], Y[:900])
            assert abs(right(one, half[asked]) - alone[index]) < 0.005
    assert both > max(alone) + 0.02
    assert noisy > alone[1] - 0.02
    assert np.median(new[0]) > 0.5 > np.median(new[1])
    assert np.abs(nothing[0] - np.bincount(Y[:900]) / 900).max() < 1e-9


def test_learned_merged_and_forgotten_as_any_brain(tmp_path: Path) -> None:
    asked = halves(slice(900, 1000))
    with lived(tmp_path / "first", slice(0, 500)) as first:
        sums = first.ready(halves(slice(0, 500)), Y[:500])
        assert sums["senses"]["encoder"] == "together"
    with Brain.create(tmp_path / "all", **MADE) as brain:
        brain.learn(halves(slice(0, 500)), Y[:500])
        brain.learn([{"left": part} for part in LEFT[500:600]], Y[500:600], name="halves")
        brain.forget(name="halves")
        with Brain.open(tmp_path / "first") as first:
            assert np.array_equal(first.predict_proba(asked), brain.predict_proba(asked))
        brain.forget(3)
        assert 3 not in brain.predict(asked) and brain.versions()
        corrected = brain.correct({"left": LEFT[900:901], "right": RIGHT[900:901]}, 5)
        assert corrected.after == 5
        brain.sleep()
        assert cost_of(brain, sleep=False)["predict"]["us"] > 0
        with pytest.raises(BadData, match="together"):
            brain.export(tmp_path / "out")
        answers = brain.predict_proba(asked)
    with Brain.open(tmp_path / "all", writer=False) as again:
        assert np.array_equal(again.predict_proba(asked), answers)
        assert again.counts[7] == int((Y[:500] == 7).sum())


def test_a_class_that_one_sense_never_met(tmp_path: Path) -> None:
    with Brain.create(tmp_path / "brain", **MADE) as brain:
        rows = np.flatnonzero(Y[:900] < 9)
        brain.learn({"left": LEFT[rows], "right": RIGHT[rows]}, Y[rows])
        nines = np.flatnonzero(Y[:900] == 9)
        brain.learn([{"left": part} for part in LEFT[nines]], Y[nines])
        assert right(brain, halves(slice(900, None))) > 0.8
        asked = np.flatnonzero(Y == 9)[-50:]
        found = brain.predict({"left": LEFT[asked], "right": RIGHT[asked]})
        assert (found == 9).mean() > 0.5


def test_what_a_strangers_file_may_hold(tmp_path: Path) -> None:
    lived(tmp_path / "brain", slice(0, 100)).close()
    place = next((tmp_path / "brain" / "snapshots").iterdir()) / "state.json"
    whole = json.loads(place.read_text())
    assert "widths" in json.dumps(whole)
    for old, new in (('"widths": [150, 150]', '"widths": [150, 9e9]'), ('"widths": [150, 150]', '"widths": [150]')):
        text = json.dumps(whole)
        assert old in text
        place.write_text(text.replace(old, new))
        with pytest.raises((CorruptFile, ReverieError)):
            Brain.open(tmp_path / "brain")


def test_a_table_that_names_files(tmp_path: Path) -> None:
    from PIL import Image

    data = tmp_path / "data"
    data.mkdir()
    with (data / "pairs.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["seen", "said", "label"])
        for row in range(60):
            Image.fromarray((X[row].reshape(8, 8) * 15).astype(np.uint8)).save(data / f"{row}.png")
            said = ["two", "other"][int(Y[row] != 2)] + f" {row % 3}"
            table.writerow([f"{row}.png" if row % 10 else "", said if row % 7 else "", f"digit {Y[row]}"])
    brain = tmp_path / "brain"
    assert here("brain", "create", brain, "--sense", "seen=raw,said=hash", "--set", "said={width: 32}").returncode == 0
    learned = here("brain", "learn", brain, data / "pairs.csv", "--json")
    assert learned.returncode == 0 and json.loads(learned.stdout)["samples"] == 60, learned.stderr
    asked = here("brain", "predict", brain, data / "pairs.csv", "--json")
    assert asked.returncode == 0, asked.stderr
    assert json.loads(asked.stdout)["accuracy"] > 0.9
    (data / "out.csv").write_text("seen,said,label\n../elsewhere.png,two,digit 2\n")
    refused = here("brain", "learn", brain, data / "out.csv")
    assert refused.returncode == 2 and "outside" in refused.stderr
