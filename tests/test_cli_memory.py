"""The commands of a memory for language as a user meets them."""

import io
import json
import sqlite3
import sys
from types import SimpleNamespace

import pytest

from commands import apart, here


def run(*words):
    done = here("memory", *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def said(*words):
    return json.loads(run(*words, "--json"))


def test_remember_recall_confirm_sleep_forget():
    assert run("remember", "m", "Ana's city is Rome.").startswith(
        "Remembered as 1, semantic. Ana: city: Rome. Novelty 1"
    )
    told = said("remember", "m", "Ben plays the violin.", "--source", "letter")
    assert told["ids"] == [2]
    assert told["episodes"][0]["source"] == "letter"
    run("remember", "m", "Ana's city is Oslo.")
    assert "Ana's city is Oslo." in run("recall", "m", "Where does Ana live?").splitlines()[0]
    found = said("recall", "m", "Which instrument does Ben play?", "-k", "1")["found"]
    assert [(one["id"], one["text"], one["comes_from"]) for one in found] == [(2, "Ben plays the violin.", "store")]
    assert "2  recalled nine times in ten for" in run("confirm", "m", "Which instrument does Ben play?", "2")
    report = said("sleep", "m")
    assert report["retriever"]["verdict"] == "nothing to learn"
    assert "1 confirmed recalls" in run("sleep", "m")
    lines = run("history", "m", "--who", "ana", "--what", "city").splitlines()
    assert [line.split()[-1] for line in lines] == ["Rome.", "Oslo."]
    assert "until" in lines[0]
    assert run("forget", "m", "--who", "Ana") == "Forgotten: 1, 3.\n"
    assert said("forget", "m", "2") == {"forgotten": [2]}
    assert run("recall", "m", "Ana") == "Nothing is remembered.\n"
    assert run("history", "m").count("forgotten") == 3


def test_dates_hearsay_capacity_and_standard_input(monkeypatch):
    run("remember", "m", "Ana's city is Rome.", "--valid-from", "2020-01-01", "--capacity", "2")
    run(
        "remember", "m", "Ana moved.", "--who", "Ana", "--what", "city", "--value", "Oslo", "--valid-from", "2022-01-01"
    )
    assert "Rome" in run("recall", "m", "city of Ana", "--as-of", "2021-06-01")
    run("remember", "m", "Ana's city is Paris.", "--untrusted", "--source", "web")
    assert "(hearsay: web)" in run("recall", "m", "city of Ana")
    assert "forgotten" in run("history", "m").splitlines()[0]  # the capacity is 2
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO("Größe 38".encode())))
    assert said("remember", "m", "-", "--pinned")["episodes"][0]["text"] == "Größe 38"
    long = " ".join(f"Sentence number {number}." for number in range(100))
    assert "passages" in run("remember", "long", long)


def test_users_have_memories_of_their_own():
    run("remember", "m", "Ana's secret is 1234.", "--user", "ana")
    run("remember", "m", "Ben likes tea.", "--user", "ben")
    assert [one["text"] for one in said("recall", "m", "secret", "--user", "ben", "--threshold", "0")["found"]] == [
        "Ben likes tea."
    ]
    for name in ("../ana", "Ana", "a/b", ""):  # any name is one of a user's own, and none is a way to another's
        done = here("memory", "recall", "m", "secret", "--user", name)
        assert done.returncode == 2, done.stderr
        assert "1234" not in done.stdout


def test_export_and_import():
    run("remember", "m", "Ana's city is Rome.", "--valid-from", "2020-01-01")
    run("remember", "m", "Ana's city is Oslo.", "--valid-from", "2022-01-01")
    run("remember", "m", "Ana's dog is Rex.", "--untrusted")
    run("remember", "m", "gone")
    run("confirm", "m", "Where is Ana?", "2")
    run("forget", "m", "4")
    assert run("export", "m", "m.jsonl") == "m.jsonl: 4 lines.\n"
    assert said("import", "copy", "m.jsonl", "--trusted") == {"episodes": 3, "known": 0, "facts": 0, "confirmed": 1}
    one, other = said("history", "m")["episodes"][:3], said("history", "copy")["episodes"]
    assert one == other
    assert "hearsay" in run("import", "strange", "m.jsonl")
    assert [line["trusted"] for line in said("history", "strange")["episodes"]] == [False] * 3
    with open("plain.jsonl", "w") as file:
        file.write('{"text": "Cyd sings.", "importance": 1}\n\n')
    assert said("import", "plain", "plain.jsonl")["episodes"] == 1
    assert "Imported 0 episodes and 0 confirmed recalls; 1 were known." in run("import", "plain", "plain.jsonl")
    assert said("history", "plain")["episodes"][0]["importance"] < 1  # a stranger pins nothing


BAD = {
    "no memory": (["recall", "nothing", "x"], "reverie memory remember nothing TEXT"),
    "empty": (["remember", "m", " "], "text is empty"),
    "half a fact": (["remember", "m", "x", "--who", "Ana"], "Give all or none"),
    "odd kind": (["remember", "m", "x", "--kind", "odd"], "Expected one of episodic"),
    "no time": (["recall", "m", "x", "--as-of", "lately"], "--as-of is 'lately'"),
    "nobody": (["confirm", "m", "x", "99"], "There is no memory 99"),
    "nothing to forget": (["forget", "m"], "Expected either ids or who"),
    "no capacity": (["remember", "m", "x", "--capacity", "0"], "Expected at least 1"),
    "another encoder": (["remember", "m", "x", "--encoder", "elsewhere"], "Expected 'hash', 'minilm', or the folder"),
    "no user": (["recall", "postgresql://localhost/x", "x"], "Name one: --user NAME"),
    "no file": (["import", "m", "none.jsonl"], "There is no file none.jsonl"),
    "no JSON": (["import", "m", "bad.jsonl"], "bad.jsonl line 2 is not a line of a memory"),
    "no UTF-8": (["import", "m", "latin.jsonl"], "is not UTF-8 (byte 10)"),
    "no year": (["import", "m", "time.jsonl"], "lies outside the years 2 to 9998"),
    "no number": (["import", "m", "number.jsonl"], "importance is nan, expected a number from 0 to 1"),
    "a lone surrogate": (["import", "m", "odd.jsonl"], "U+D800"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_wrong_is_said_in_a_line_and_changes_nothing(case, tmp_path):
    words, expected = BAD[case]
    run("remember", "m", "Ben plays the violin.")
    (tmp_path / "bad.jsonl").write_text('{"text": "fine"}\n{"text": 3}\n')
    (tmp_path / "latin.jsonl").write_bytes('{"text": "ü"}\n'.encode("latin-1"))
    (tmp_path / "time.jsonl").write_text('{"text": "x", "heard": "9999-01-01"}\n')
    (tmp_path / "number.jsonl").write_text('{"text": "x", "importance": NaN}\n')
    (tmp_path / "odd.jsonl").write_text('{"text": "x \\ud800"}\n')
    before = rows(tmp_path / "m")
    done = here("memory", *words)
    assert done.returncode == 2
    assert expected in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""
    assert rows(tmp_path / "m") == before
    assert not (tmp_path / "nothing").exists()


def rows(folder):
    database = sqlite3.connect(folder / "episodes.db")
    found = [database.execute(f"SELECT * FROM {name} ORDER BY 1").fetchall() for name in ("episodes", "named", "clock")]
    database.close()
    return found


def test_what_is_refused_makes_no_folder(tmp_path):
    assert here("memory", "remember", "new", " ").returncode == 2
    assert here("memory", "remember", "new", "x", "--encoder", str(tmp_path)).returncode == 2
    assert not (tmp_path / "new").exists()


def test_help_lists_the_commands():
    done = apart("memory", "--help")
    assert done.returncode == 0
    for command in (
        "remember",
        "recall",
        "context",
        "confirm",
        "sleep",
        "forget",
        "history",
        "export",
        "import",
        "serve",
    ):
        assert command in done.stdout


def test_what_is_read_in_talk_is_shown(tmp_path):
    told = run("remember", "m", "Hello! I moved to Rome in 2019. My dog is Rex.")
    assert told.startswith("Remembered as 1, episodic. user: city: Rome from 2019-01-01. user: dog: Rex. Novelty 1")
    assert "[2019: 2019-01-01 to 2019-12-31]" in run("recall", "m", "Where does the user live?")
    assert run("history", "m", "--who", "me", "--what", "town").endswith("user: city: Rome (said in 1)\n")
    run("remember", "m", "I don't live in Rome any more, and my dog is no longer Rex.")
    assert "(no longer so)" in run("recall", "m", "Hello, Rome and Rex, where does the user live?")
    assert [one["over"] for one in said("recall", "m", "Hello Rome Rex 2019", "--threshold", "0")["found"]] == [
        True,
        False,
    ]


def test_attributes_are_listed_and_changed():
    run("remember", "m", "Ana's job is baker.")
    assert "job: one value" in run("attribute", "m")
    assert run("attribute", "m", "job", "--several", "--also", "gig") == "job: several values; also gig\n"
    run("remember", "m", "Ana's gig is painter.")
    assert [one["value"] for one in said("history", "m", "--who", "Ana")["episodes"] if not one["valid_to"]] == [
        "baker",
        "painter",
    ]
    assert said("attribute", "m", "hobby")["attributes"][0]["several"] is True
    assert here("memory", "attribute", "m", "--several").returncode == 2


def test_forgetting_names_what_still_mentions_the_person():
    run("remember", "m", "Ana's city is Rome.")
    run("remember", "m", "Ana told me she lives in Rome.")
    lines = run("forget", "m", "--who", "Ana").splitlines()
    assert lines[0] == "Forgotten: 1."
    assert lines[2].strip() == "2  Ana told me she lives in Rome."
    assert said("forget", "m", "--who", "Ana", "--mentions") == {"forgotten": [2]}
    assert run("recall", "m", "Ana") == "Nothing is remembered.\n"


def test_chat_needs_a_model_that_chats():
    run("remember", "m", "Ana's city is Rome.")
    done = here("memory", "chat", "m", "Where does Ana live?")
    assert done.returncode == 2
    assert "reverie memory sleep FOLDER --model MODEL" in done.stderr


def test_what_is_not_known_is_not_answered():
    run("remember", "m", "Ben plays the violin in an orchestra.")
    run("remember", "m", "Ana's dog is Rex.")
    unknown = "How fast does an unladen swallow fly?"
    assert said("recall", "m", unknown)["found"] == []
    assert "--threshold 0 shows it" in run("recall", "m", unknown)
    assert len(said("recall", "m", unknown, "--threshold", "0")["found"]) == 2
    assert said("recall", "m", "What is Zoe's dog called?")["found"] == []
    best = said("recall", "m", "What is Ana's dog called?")["found"][0]
    assert (best["text"], best["why"]["words"], best["instructs"]) == ("Ana's dog is Rex.", ["dog"], False)
    assert "words: dog (100% of the question)" in run("recall", "m", "What is Ana's dog called?", "--why")
    assert said("recall", "m", "Who plays the violin?", "--source", "letter", "--threshold", "0")["found"] == []
    assert len(said("recall", "m", "Who plays the violin?", "--who", "Ben", "--threshold", "0")["found"]) == 1


def test_a_prompt_is_told_what_it_needs():
    run("remember", "m", "Ana's dog is Rex.")
    run("remember", "m", "My city is Lyon.")
    assert "- Ana: dog: Rex (told 2" in run("context", "m", "What is Ana's dog called?", "--tokens", "60")
    made = said("context", "m", "What is Ana's dog called?", "--tokens", "20")
    assert made["ids"] == [1]
    assert made["tokens"] <= 20
    assert made["left_out"] == 1
    assert run("context", "m", "What is that?", "--tokens", "3") == "Nothing is remembered that answers it.\n"
