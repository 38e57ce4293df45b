"""The command that compares the Brain with its peers on one's own data, from end to end."""

import json

import numpy as np
import pytest

from commands import here
from owndata import made
from reverie.runs.build import known_learners, learner_class, learner_names
from reverie.senses import KINDS


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("pictures", "brain,brain-cortex,sklearn-logistic,knn,ncm"),
        ("table", "brain,brain-table,sklearn-logistic,knn,river-arf,ncm"),
        ("sentences", "brain-words,brain-hash,sklearn-logistic,knn,ncm"),
    ],
)
def test_the_command(kind, names, tmp_path):
    path = made(kind, tmp_path)
    done = here(
        "compare", "--stream", path, "--learners", names, "--seeds", "0", "--out", str(tmp_path / "o"), "--json"
    )
    assert done.returncode == 0, done.stderr
    said = done.stderr.splitlines()[0]
    assert said.startswith("About ")
    assert all(f"{name} " in said for name in names.split(","))
    runs = json.loads(done.stdout)
    assert [run["learner"] for run in runs] == names.split(",")
    for run in runs:
        keeps = run["learner"] in ("sklearn-logistic", "knn", "river-arf")
        assert run["stored_samples"] == (run["samples"] if keeps else 0)
        assert run["state_bytes"] > 0
        assert run["final_accuracy"] > 0.4
    page = (tmp_path / "o" / "report.html").read_text()
    assert all(name in page for name in names.split(","))


def test_what_a_learner_does_not_take_is_refused_in_one_line(tmp_path):
    path = made("sentences", tmp_path)
    done = here(
        "compare", "--stream", path, "--learners", "knn,river-arf", "--seeds", "0", "--out", str(tmp_path / "o")
    )
    assert done.returncode != 0
    assert "river-arf takes numbers, pictures, sounds and tables" in done.stderr
    assert not (tmp_path / "o").exists()


def test_every_sense_is_a_learner():
    for name in KINDS:
        assert f"brain-{name}" in learner_names()
        assert learner_class(f"brain-{name}") is known_learners()["brain"]
    assert {"knn", "river-arf", "sklearn-logistic"} <= set(known_learners())


def test_recordings_are_a_stream(tmp_path):
    soundfile = pytest.importorskip("soundfile", reason="pip install 'reverie[sound]'")
    generator = np.random.default_rng(0)
    for label, pitch in (("low", 200), ("high", 1500)):
        (tmp_path / "sounds" / label).mkdir(parents=True)
        for number in range(8):
            wave = np.sin(2 * np.pi * pitch * np.arange(4000) / 8000) + 0.05 * generator.normal(size=4000)
            soundfile.write(tmp_path / "sounds" / label / f"{number}.wav", 0.5 * wave, 8000)
    names = "brain,brain-sound,sklearn-logistic,knn,ncm"
    place = ["--stream", str(tmp_path / "sounds"), "--out", str(tmp_path / "o")]
    done = here("compare", "--learners", names, "--seeds", "0", *place, "--json")
    assert done.returncode == 0, done.stderr
    assert [run["final_accuracy"] for run in json.loads(done.stdout)] == [1.0] * 5
