"""A memory's tools under attack: arguments of other kinds and sizes, too many calls, stores that break."""

import asyncio
import re

import pytest

from reverie.language import LanguageMemory

pytest.importorskip("mcp", reason="the package mcp is not installed: pip install 'reverie[mcp]'")


@pytest.fixture
def memory(tmp_path):
    with LanguageMemory.open(tmp_path / "mine") as made:
        made.remember("Ana's city is Rome.")
        yield made


def call(memory, name, /, **arguments):
    """What one call answers: a dictionary, or the text of an error."""
    return talk(memory, (name, arguments))[0]


def talk(memory, *calls):
    from mcp import Client

    from reverie.language.tools import tools_of

    async def all_at_once():
        async with Client(tools_of(memory)) as client:
            done = await asyncio.gather(*[client.call_tool(name, given) for name, given in calls])
        return [one.content[0].text if one.is_error else one.structured_content for one in done]

    return asyncio.run(all_at_once())


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("remember", {}, "Field required"),
        ("remember", {"text": 5}, "valid string"),
        ("remember", {"text": None}, "valid string"),
        ("remember", {"text": ["x"]}, "valid string"),
        ("remember", {"text": ""}, "text is empty"),
        ("remember", {"text": "x" * 100_001}, "at most 100000"),
        ("remember", {"text": "NUL \0"}, r"no character \(U\+0000\)"),
        ("remember", {"text": "x", "who": "w" * 1001, "what": "a", "value": "b"}, "at most 1000"),
        ("remember", {"text": "x", "session": "s" * 1001}, "at most 1000"),
        ("remember", {"text": "x", "session": "\0"}, "session has at place 0"),
        ("remember", {"text": "x", "who": "Ana"}, "Give all or none"),
        ("remember", {"text": "x", "hearsay": "perhaps"}, "valid boolean"),
        ("remember", {"text": "x", "user": "ben"}, "no argument 'user'"),
        ("remember", {"text": "x", "path": "/etc/passwd"}, "no argument 'path'"),
        ("remember", {"text": "x", "trusted": True}, "no argument 'trusted'"),
        ("remember", {"text": "x"} | {f"a{number}": 1 for number in range(5000)}, "no argument 'a0'"),
        ("recall", {"question": ""}, "question is empty"),
        ("recall", {"question": "q" * 10_001}, "at most 10000"),
        ("recall", {"question": "x", "k": 0}, "k is 0"),
        ("recall", {"question": "x", "k": -(2**70)}, "Expected at least 1"),
        ("recall", {"question": "x", "k": "many"}, "valid integer"),
        ("recall", {"question": "x", "k": 1.5}, "valid integer"),
        ("recall", {"question": "x", "as_of": "lately"}, "as_of is 'lately'"),
        ("recall", {"question": "x", "as_of": "9" * 41}, "at most 40"),
        ("recall", {"question": "x", "as_of": 5}, "valid string"),
        ("confirm", {"question": "x", "ids": [2**63]}, "less than 9223372036854775808"),
        ("confirm", {"question": "x", "ids": [10**4000]}, "less than 9223372036854775808"),
        ("confirm", {"question": "x", "ids": [2**63 - 1]}, "no memory 9223372036854775807"),
        ("confirm", {"question": "x", "ids": [-1]}, "greater than or equal to 1"),
        ("confirm", {"question": "x", "ids": [True]}, "valid integer"),
        ("confirm", {"question": "x", "ids": ["1"]}, "valid integer"),
        ("confirm", {"question": "x", "ids": [1.0]}, "valid integer"),
        ("confirm", {"question": "x", "ids": list(range(1, 1002))}, "at most 1000 items"),
        ("confirm", {"question": "x", "ids": ["a"] * 50_000}, "valid integer"),
        ("confirm", {"question": "x", "ids": 1}, "valid list"),
        ("forget", {}, "Expected either ids or who"),
        ("forget", {"who": ""}, "Expected either ids or who"),
        ("forget", {"who": None}, "Expected either ids or who"),
        ("forget", {"what": "city"}, "Expected either ids or who"),
        ("forget", {"ids": [1], "who": "Ana"}, "Expected either ids or who"),
        ("forget", {"ids": [2**63]}, "less than 9223372036854775808"),
        ("history", {}, "Field required"),
        ("history", {"who": None}, "who is empty"),
        ("history", {"who": "\0"}, "who has at place 0"),
        ("sleep", {"model": "/etc"}, "no argument 'model'"),
        ("open", {"path": "/"}, "Unknown tool"),
        ("../remember", {"text": "x"}, "Unknown tool"),
    ],
)
def test_what_is_wrong_is_refused_with_the_reason_and_changes_nothing(memory, name, arguments, said):
    before = memory.store.clock
    answer = call(memory, name, **arguments)
    assert isinstance(answer, str)
    assert re.search(said, answer), answer
    assert len(answer) < 1000
    assert "Traceback" not in answer
    assert memory.store.clock == before


def test_what_looks_like_json_is_kept_as_it_was_said(memory):
    for text in ("null", "[1]", "{}", "true", '"x"', "12"):
        answer = call(memory, "remember", text=text, who=text, what=text, value=text, session=text)
        assert [answer["episodes"][0][name] for name in ("text", "who", "what", "value", "session")] == [text] * 5
    answer = call(memory, "remember", text="plain", who=None, what=None, value=None, session=None)
    assert "session" not in answer["episodes"][0]
    assert call(memory, "forget", who="null") == {"forgotten": [2]}


def test_half_a_sign_is_refused_and_ids_beyond_the_store_are_unknown(memory):
    from reverie.errors import BadData

    for ask in (memory.history, lambda who: memory.forget(who=who), lambda who: memory.remember("x", who=who)):
        with pytest.raises(BadData, match="U\\+D800"):
            ask("\ud800")
    assert memory.forget([2**63, -1, 10**5000]) == []
    with pytest.raises(BadData, match="There is no memory of so long a number"):
        memory.confirm("?", [10**5000])
    with pytest.raises(BadData, match="Expected a whole number"):
        memory.forget([True])
    assert memory.history("Ana")[0].text == "Ana's city is Rome."


def test_a_flood_of_calls_is_answered_or_refused_and_the_memory_stays(memory):
    calls = [("recall", {"question": "Which city is Ana's?"})] * 150 + [("remember", {"text": "One more."})] * 50
    answers = talk(memory, *calls)
    refused = [one for one in answers if isinstance(one, str)]
    assert all("calls wait for their answers already" in one for one in refused)
    assert 0 < len(refused) < len(answers)
    assert call(memory, "recall", question="Which city is Ana's?")["found"][0]["value"] == "Rome"


def test_two_sleeps_at_once(memory):
    with memory.store.alone():
        answer = call(memory, "sleep")
    assert answer.endswith("the memory sleeps already. Wait until it has woken.")
    assert call(memory, "sleep")["retriever"]["confirmed"] == 0


def test_answers_have_an_end(memory):
    with memory.store.transaction():
        for number in range(8):
            memory.remember(f"{number} " + "long " * 19_000, who="Ben", what="story", value=f"v{number}")
    answer = call(memory, "history", who="Ben")
    assert [one["value"] for one in answer["episodes"]] == ["v6", "v7"]  # the newest
    assert answer["left_out"] == 6
    answer = call(memory, "recall", question="long story", k=10**9)
    assert len(answer["found"]) + answer.get("left_out", 0) == 2  # what holds: of Ana and of Ben


def test_two_clients_on_one_memory(memory, tmp_path):
    with LanguageMemory.open(tmp_path / "mine") as other:
        for number in range(5):
            call(memory, "remember", text=f"Ana's dish{number} is rice.")
            call(other, "remember", text=f"Ana's drink{number} is tea.")
        for one in (memory, other):
            assert len(call(one, "history", who="Ana")["episodes"]) == 11
            assert call(one, "recall", question="What is Ana's drink3?")["found"][0]["text"] == "Ana's drink3 is tea."
        assert call(other, "forget", ids=[1]) == {"forgotten": [1]}
        assert all(one["id"] != 1 for one in call(memory, "recall", question="Ana's city")["found"])


def test_a_memory_whose_file_is_gone_acknowledges_nothing(memory, tmp_path):
    file = tmp_path / "mine" / "episodes.db"
    for change in (lambda: file.rename(tmp_path / "away"), lambda: file.write_bytes(b"another file")):
        change()
        answer = call(memory, "remember", text="Ana's city is Oslo.")
        assert "the memory/episodes.db was removed or replaced" in answer
        assert str(tmp_path) not in answer
    file.unlink()
    (tmp_path / "away").rename(file)
    assert "ids" in call(memory, "remember", text="Ana's city is Oslo.")
    with LanguageMemory.open(tmp_path / "mine") as again:
        assert [one.value for one in again.history("Ana")] == ["Rome", "Oslo"]


def test_a_full_disk_is_said_and_loses_nothing(memory, tmp_path):
    pages = memory.store._ask("PRAGMA page_count")[0][0]
    memory.store._ask(f"PRAGMA max_page_count = {pages}")
    answer = call(memory, "remember", text="A long story. " * 7000)
    assert answer.endswith("No room is left on the disk of the memory/episodes.db; nothing was changed. Free some.")
    assert call(memory, "recall", question="Ana's city")["found"][0]["value"] == "Rome"
    memory.store._ask("PRAGMA max_page_count = 1000000")
    assert len(call(memory, "remember", text="A long story. " * 70)["ids"]) > 1


def test_errors_name_no_place_of_the_machine(memory, tmp_path, monkeypatch):
    from reverie.errors import BadData

    def fail(error):
        def sleep(**options):
            raise error

        monkeypatch.setattr(memory, "sleep", sleep)
        return call(memory, "sleep").removeprefix("Error executing tool sleep")

    there = tmp_path / "a folder" / "model"
    assert fail(BadData(f"{tmp_path}/mine/episodes.db is bad.")) == ": the memory/episodes.db is bad."
    assert fail(BadData(f"The model '{there.parent.parent}/x.bin' is gone, and/or 1/2.")) == (
        ": The model '…' is gone, and/or 1/2."
    )
    assert fail(BadData("C:\\Users\\ana\\x.db is bad.")) == ": … is bad."
    assert (
        fail(OSError(28, "No space left on device", "/home/ana/x"))
        == ": The machine refuses (No space left on device)."
    )
    assert fail(MemoryError("at /home/ana")) == ": The machine has too little memory for that."
    assert fail(KeyError("/home/ana/x")) == ""  # a fault of ours: the rest is in the server's log


@pytest.mark.parametrize("at", ["0001-01-01", "0001-01-01T00:00:00+23:00", "9999-12-31T23:59:59-23:00"])
def test_a_time_at_the_end_of_the_calendar_is_refused_and_leaves_the_memory_readable(memory, at):
    from reverie.errors import BadData
    from reverie.language.passages import read_time

    for name in ("valid_from", "heard"):
        with pytest.raises(BadData, match="outside the years"):
            memory.remember("Ana's city is Oslo.", **{name: read_time(at)})
    assert isinstance(call(memory, "recall", question="Ana's city", as_of=at), dict)
    assert [one.value for one in memory.history()] == ["Rome"]
