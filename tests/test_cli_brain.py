"""The commands of a brain as a user meets them, on pictures that the test draws."""

import contextlib
import json

import pytest

from commands import here
from drawing import draw


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with pictures, and a brain that has learned two classes."""
    base = tmp_path_factory.mktemp("brain")
    for label in ("cat", "dog"):
        draw(base / "pets" / label, label, 20, 0)
        draw(base / "more" / label, label, 6, 1)
    draw(base / "fish" / "fish", "fish", 20, 0)
    draw(base / "loose", "fish", 8, 2)
    run(base, "create", "brain", "--set", "filters=20", "--set", "patches=5000")
    run(base, "learn", "brain", "pets")
    return base


def call(base, *words):
    with contextlib.chdir(base):
        return here("brain", *words)


def run(base, *words):
    done = call(base, *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def brain(place, tmp_path):
    """A copy of the brain of its own."""
    import shutil

    shutil.copytree(place, tmp_path, dirs_exist_ok=True)
    return tmp_path


def test_learn_and_predict_say_what_the_protocol_fixes(brain):
    learned = json.loads(run(brain, "learn", "brain", "fish", "--json"))
    assert learned.keys() == {"samples", "classes", "seconds", "state_bytes", "version"}
    assert (learned["samples"], learned["classes"], learned["version"]) == (20, ["cat", "dog", "fish"], 2)
    found = json.loads(run(brain, "predict", "brain", "more", "--json"))
    assert found["accuracy"] == 1.0
    assert found["labels"] == ["cat"] * 6 + ["dog"] * 6
    assert all(0 < one <= 1 for one in found["confidence"])
    assert all(0 <= one <= 1 for one in found["novelty"])
    assert "accuracy" not in json.loads(run(brain, "predict", "brain", "loose", "--json"))
    said = run(brain, "predict", "brain", "loose/fish2-0.png")
    assert "fish2-0.png" in said
    assert "  fish  " in said


def test_what_has_no_label_is_new_and_gets_a_name(brain):
    said = run(brain, "learn", "brain", "loose")
    assert "8 of 8 are new: class 'new 1'" in said
    assert "reverie brain rename brain 'new 1' NAME" in said
    assert json.loads(run(brain, "rename", "brain", "new 1", "fish", "--json"))["classes"] == ["cat", "dog", "fish"]
    assert "Nothing new" in run(brain, "learn", "brain", "loose")


def test_sleep_forget_history_and_rollback(brain):
    report = json.loads(run(brain, "sleep", "brain", "--set", "steps=50", "--set", "retention=0.5", "--json"))
    assert report["verdict"] == "committed"
    assert report["state_bytes"][1] < report["state_bytes"][0]
    assert json.loads(run(brain, "forget", "brain", "--label", "dog", "--json")) == {"classes": ["cat"], "version": 3}
    assert "Forgotten" in run(brain, "learn", "brain", "fish", "--name", "alice") + run(
        brain, "forget", "brain", "--name", "alice"
    )
    told = json.loads(run(brain, "history", "brain", "--json"))
    assert [event["kind"] for event in told["events"]] == ["learn", "sleep", "forget", "learn", "forget"]
    assert told["drift"]["found"] is False
    assert told["versions"] == [5]  # what knew alice is gone
    run(brain, "learn", "brain", "fish")
    assert json.loads(run(brain, "rollback", "brain", "--to", "5", "--json")) == {"classes": ["cat"], "version": 7}
    assert "rollback" in run(brain, "history", "brain")


def test_correct_and_undo(brain):
    picture = "more/cat/cat1-0.png"
    told = json.loads(run(brain, "correct", "brain", picture, "--to", "lynx", "--json"))
    assert told.keys() == {
        "name", "before", "after", "to", "was", "changed", "weight", "others", "new", "seconds", "version",
    }  # fmt: skip
    assert (told["before"], told["after"], told["changed"], told["new"]) == ("cat", "lynx", True, ["lynx"])
    assert told["others"].keys() == {"cat", "dog"}
    assert "  lynx  " in run(brain, "predict", "brain", picture)
    assert json.loads(run(brain, "undo", "brain", "--json")) == {
        "undone": "correct", "to": 1, "classes": ["cat", "dog"], "version": 3,
    }  # fmt: skip
    said = run(brain, "correct", "brain", "pets/cat/cat0-0.png", "--to", "dog", "--was", "cat")
    assert "It answered cat, and answers dog now." in said
    assert "It counts no longer as cat." in said
    assert "Dreams that are answered differently now, by class: " in said
    assert "reverie brain undo brain" in said
    assert "correct   samples 1 was cat to dog" in run(brain, "history", "brain")
    assert "Undone: correct. As at version 3 again" in run(brain, "undo", "brain")


def test_rows_of_tables_and_sentences_are_corrected(tmp_path):
    rows = [f"{row % 3 * 5 + row / 100:.2f},{row % 7},kind{row % 3}" for row in range(60)]
    (tmp_path / "rows.csv").write_text("\n".join(["size,weight,label", *rows]) + "\n")
    (tmp_path / "row.csv").write_text("size,weight\n0.00,0\n")
    said = [f"{word} number {row}\t{word}" for row in range(20) for word in ("hello", "goodbye")]
    (tmp_path / "said.tsv").write_text("\n".join(["text\tlabel", *said]) + "\n")
    (tmp_path / "word.txt").write_text("hello number 3\n")
    run(tmp_path, "create", "rows")
    run(tmp_path, "create", "said", "--encoder", "hash")
    for brain, data, sample, was in (
        ("rows", "rows.csv", "row.csv", "kind0"),
        ("said", "said.tsv", "word.txt", "hello"),
    ):
        run(tmp_path, "learn", brain, data)
        told = json.loads(run(tmp_path, "correct", brain, sample, "--to", "other", "--was", was, "--json"))
        assert (told["before"], told["after"], told["was"]) == (was, "other", was)
        assert json.loads(run(tmp_path, "predict", brain, sample, "--json"))["labels"] == ["other"]
        refused = call(tmp_path, "correct", brain, data, "--to", "other")
        assert "Expected one; correct them one by one" in refused.stderr


def test_labels_that_are_numbers_are_given_as_such(tmp_path):
    import numpy as np

    from reverie.brain import Brain

    x = np.random.default_rng(0).normal(size=(60, 5)) + 4 * np.eye(5)[np.arange(60) % 3]
    np.savez(tmp_path / "one.npz", x=x[:1])
    with Brain.create(tmp_path / "numbers") as brain:
        brain.learn(x, np.arange(60) % 3)
    assert json.loads(run(tmp_path, "correct", "numbers", "one.npz", "--to", "2", "--was", "0", "--json"))["after"] == 2
    assert json.loads(run(tmp_path, "rename", "numbers", "2", "7", "--json"))["classes"] == [0, 1, 7]
    assert json.loads(run(tmp_path, "forget", "numbers", "--label", "7", "--json"))["classes"] == [0, 1]
    assert "Give a whole number" in call(tmp_path, "correct", "numbers", "one.npz", "--to", "two").stderr


def test_merge_export_and_cost(brain):
    run(brain, "create", "other", "--set", "filters=20", "--set", "patches=5000")
    run(brain, "learn", "other", "pets")
    merged = json.loads(run(brain, "merge", "brain", "other", "--json"))
    assert merged == {"classes": ["cat", "dog"], "samples": 80, "version": 2}
    run(brain, "export", "brain", "brain.onnx")
    said = run(brain, "export", "brain", "edge", "--int8")
    assert "python edge/predict.py" in said
    assert "% of the labels are the same as with whole weights." in said
    assert (brain / "edge" / "predict.py").exists()
    found = json.loads(run(brain, "cost", "brain", "--bytes", "10", "--json", "--no-sleep"))
    assert found["met"] is False
    assert 0 < found["disk_bytes"] <= found["disk_room"] and found["history"] == 10
    assert found["learn"]["macs"] > 0 < found["predict"]["us_alone"]
    said = run(brain, "cost", "brain", "--ms", "10000")
    assert "The budget is met." in said
    assert "the last 10 snapshots, before them one a day" in said
    assert "Sleep" in said
    assert json.loads(run(brain, "history", "brain", "--json"))["events"][-1]["kind"] == "merge"  # cost changes nothing


def test_recover(brain):
    log = next((brain / "brain" / "snapshots").glob("*/*.safetensors"))
    log.write_bytes(b"torn")
    assert call(brain, "predict", "brain", "more").returncode == 2
    assert "Version" in run(brain, "recover", "brain")


def files(folder):
    """What is in a folder, but for the lock and its holder."""
    return {
        file: file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file() and file.name not in ("lock", "holder.json")
    }


BAD = {
    "no brain there": (["predict", "nothing", "more"], "is not a brain's folder"),
    "a folder that is taken": (["create", "pets"], "is there already"),
    "unknown encoder": (["create", "x", "--encoder", "cortx"], "Did you mean 'cortex'?"),
    "unknown setting": (["create", "x", "--set", "filter=3"], "Did you mean 'filters'?"),
    "no data": (["learn", "brain", "nowhere"], "No file or folder nowhere"),
    "unknown label": (["forget", "brain", "--label", "cow"], "Unknown label 'cow'. Known: cat, dog."),
    "nothing to forget": (["forget", "brain"], "Expected one of"),
    "unknown version": (["rollback", "brain", "--to", "99"], "Version 99 is not kept"),
    "unknown night": (["sleep", "brain", "--set", "kep=1"], "Did you mean 'keep'?"),
    "a cortex that is not there": (["predict", "brain", "more", "--by", "cortex"], "has not slept"),
    "an export that is there": (["export", "brain", "pets"], "there already"),
    "sentences for pictures": (["predict", "brain", "words.txt"], "This brain takes samples of 24×24×3"),
    "not a picture": (["predict", "brain", "broken.png"], "broken.png"),
    "more than one to correct": (["correct", "brain", "fish", "--to", "cat"], "Expected one"),
    "corrected to what it was": (
        ["correct", "brain", "more/dog/dog1-0.png", "--to", "cat", "--was", "cat"],
        "Give two labels",
    ),
    "nothing to undo": (["undo", "brain"], "there is no earlier version"),
    "a name that is taken": (["rename", "brain", "cat", "dog"], "not in use"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_wrong_is_said_in_a_line_and_changes_nothing(case, brain):
    words, expected = BAD[case]
    (brain / "words.txt").write_text("how are you\n")
    (brain / "broken.png").write_bytes(b"\x89PNG nothing")
    before = files(brain / "brain")
    done = call(brain, *words)
    assert done.returncode == 2
    assert expected in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""
    assert files(brain / "brain") == before
