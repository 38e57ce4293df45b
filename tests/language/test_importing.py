"""What files tell a memory: its own lines, chats and memories of other programs, and what is wrong with them."""

import json
from datetime import UTC, datetime

import pytest

from reverie.errors import CorruptFile
from reverie.language import LanguageMemory


@pytest.fixture
def memory(tmp_path):
    with LanguageMemory.open(tmp_path / "m") as made:
        yield made


@pytest.fixture
def take(memory, tmp_path):
    """Import what is given: text, bytes, a value as one JSON document, or a list of lines."""

    def taken(given, *, lines=False, **more):
        if lines:
            given = "".join(json.dumps(one) + "\n" for one in given)
        elif not isinstance(given, str | bytes):
            given = json.dumps(given)
        file = tmp_path / "file.json"
        file.write_bytes(given if isinstance(given, bytes) else given.encode())
        return memory.import_lines(file, **({"trusted": True} | more))

    return taken


def texts(memory):
    return [one.text for one in memory.history() if one.text is not None]


def values(memory, who, what):
    return [one.value for one in memory.history(who, what) if one.live]


def test_lines_without_ids_are_counted_and_read(memory, take):
    told = [{"text": "Ana's city is Rome."}, {"text": "Ana moved to Oslo."}, {"text": "Hello. My dog is Rex. Bye."}]
    assert take(told, lines=True) == {"episodes": 3, "known": 0, "facts": 1, "confirmed": 0}
    assert values(memory, "Ana", "city") == ["Oslo"]
    assert values(memory, "user", "dog") == ["Rex"]


def test_the_same_twice_adds_nothing(memory, take):
    told = [
        {"text": "Ana's city is Rome.", "id": 1},
        {"text": "The harbour freezes.", "id": 2},
        {"text": "Ana: yes", "session": "a"},
        {"text": "Ana: yes", "session": "a"},
        {"text": "Hello. My dog is Rex. Bye."},
        {"question": "Where is Ana?", "answers": [1]},
    ]
    assert take(told, lines=True) == {"episodes": 5, "known": 0, "facts": 1, "confirmed": 1}
    before = memory.history()
    assert take(told, lines=True) == {"episodes": 0, "known": 5, "facts": 0, "confirmed": 0}
    assert memory.history() == before
    assert take([*told, {"text": "Ana: yes", "session": "a"}], lines=True)["episodes"] == 1


def test_what_was_exported_comes_back_as_it_was(memory, tmp_path):
    for text in ("Ana's city is Rome.", "Hi! I live in Oslo. My dog is Rex.", "I don't live in Oslo any more.", "Tea."):
        memory.remember(text)
    memory.remember("Ben: I moved to Bonn.", session="1")
    memory.export_lines(tmp_path / "out.jsonl")
    with LanguageMemory.open(tmp_path / "copy") as copy:
        counts = copy.import_lines(tmp_path / "out.jsonl", trusted=True)
        assert counts == {"episodes": 5, "known": 0, "facts": 3, "confirmed": 0}
        for who in ("Ana", "user", "Ben"):
            ours, theirs = ([(one.what, one.value, one.live) for one in one.history(who)] for one in (memory, copy))
            assert ours == theirs
        assert copy.import_lines(tmp_path / "out.jsonl", trusted=True)["episodes"] == 0
    assert memory.import_lines(tmp_path / "out.jsonl", trusted=True)["episodes"] == 0


def test_hearsay_ends_and_replaces_nothing(memory, take):
    memory.remember("Ana's city is Rome.")
    take([{"text": "Ana's city is Oslo."}, {"text": "Ana doesn't live in Rome any more."}], lines=True, trusted=False)
    assert values(memory, "Ana", "city") == ["Rome", "Oslo"]
    assert [one.value for one in memory.store.waiting()] == ["Rome"]


def test_a_mark_at_the_start_and_times_without_a_zone(memory, take):
    take(b"\xef\xbb\xbf" + b'{"text": "Tea.", "heard": "2026-01-01T12:00"}\n')
    assert memory.history()[0].heard == datetime(2026, 1, 1, 12, tzinfo=UTC)


WRONG = {
    "the year 9999": ([{"text": "x", "heard": "9999-01-01T00:00:00+00:00"}], "line 1 .*outside the years 2 to 9998"),
    "the end of time": ([{"text": "x", "heard": "9999-12-31T23:59:59-23:00"}], "outside the years"),
    "no time": ([{"text": "x", "heard": "lately"}], "expected one as 2026"),
    "a time of another kind": ([{"text": "x", "heard": [1]}], "expected one as 2026"),
    "two lines with one id": ([{"text": "x", "id": 7}, {"text": "y", "id": 7}], "line 2 .*the id 7 is that of line 1"),
    "an id that is none": ([{"text": "x", "id": True}], "expected a whole number"),
    "no text": ([{"text": 3}], "expected a text"),
    "no object": ([3], "expected an object"),
    "a message without content": ([{"messages": [{"role": "user"}]}], "no role or no content"),
    "messages that are none": ([{"messages": "hi"}], "messages is no list"),
    "an unknown type": ([{"type": "odd"}], "expected entity or relation"),
    "a name that is none": ([{"type": "entity", "name": "", "observations": ["x"]}], "name is empty"),
    "an observation that is none": ([{"type": "entity", "name": "Ana", "observations": [3]}], "Expected text"),
    "answers that are none": ([{"question": "x", "answers": 3}], "ids of the answers"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_said_and_nothing_is_imported(memory, take, case):
    lines, said = WRONG[case]
    with pytest.raises(CorruptFile, match=said):
        take([{"text": "Fine."}, *lines][-len(lines) :], lines=True)
    assert memory.history() == []


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"a":' * 100_000, "[[[[[[1]]]]]]", '[{"text": "x"}]', "[1, 2]", '{"mapping": 3}']
)
def test_strange_documents_are_refused(memory, take, text):
    with pytest.raises(CorruptFile):
        take(text)
    assert memory.history() == []


CHAT = [
    {"role": "system", "content": "You are helpful. My name is Bot."},
    {"role": "user", "content": "Hi! I moved to Oslo."},
    {"role": "assistant", "content": "Great! I live in the cloud. My city is Paris."},
    {"role": "user", "content": [{"type": "text", "text": "My dog is Rex."}, {"type": "image_url", "image_url": "x"}]},
    {"role": "user", "content": ""},
]


@pytest.mark.parametrize(
    ("given", "lines"),
    [(CHAT, False), ({"messages": CHAT}, False), ([{"messages": CHAT}], True), (CHAT, True), ([CHAT], False)],
)
def test_chats_of_roles_and_contents(memory, take, given, lines):
    assert take(given, lines=lines) == {"episodes": 4, "known": 0, "facts": 2, "confirmed": 0}
    assert texts(memory)[1] == "Hi! I moved to Oslo."
    assert [one.source for one in memory.history() if one.text][:3] == ["system", "user", "assistant"]
    assert values(memory, "user", "city") == ["Oslo"]
    assert values(memory, "user", "dog") == ["Rex"]
    assert memory.history("user", "name") == []
    assert len({one.session for one in memory.history() if one.text}) == 1
    assert take(given, lines=lines)["episodes"] == 0


def node(role, text, parent, at=1_700_000_000.5):
    message = {"author": {"role": role}, "content": {"content_type": "text", "parts": [text]}, "create_time": at}
    return {"message": message if role else None, "parent": parent, "children": []}


def test_an_export_of_chatgpt(memory, take):
    talk = {
        "title": "Moving",
        "conversation_id": "c1",
        "current_node": "d",
        "mapping": {
            "d": node("user", "I moved to Oslo.", "c"),
            "root": node("", "", None),
            "a": node("user", "I live in Rome.", "root"),
            "b": node("assistant", "A branch that was left.", "a"),
            "c": node("assistant", "Nice.", "a"),
        },
    }
    assert take([talk])["episodes"] == 3
    assert texts(memory) == ["I live in Rome.", "Nice.", "I moved to Oslo."]
    assert values(memory, "user", "city") == ["Oslo"]
    assert memory.history()[0].heard.year == 2023
    del talk["current_node"]
    talk["mapping"]["a"]["parent"] = "a"
    assert take([talk])["episodes"] == 1  # the branch, for nothing says which was shown


def test_a_circle_in_an_export_ends(memory, take):
    talk = {"title": "x", "current_node": "a", "mapping": {"a": node("user", "hi", "b"), "b": node("user", "ho", "a")}}
    assert take([talk])["episodes"] in (2, 3)


def test_other_memories(memory, take):
    take(
        [{"chat_messages": [{"sender": "human", "text": "I moved to Oslo.", "created_at": "2026-01-01"}], "uuid": "u"}]
    )
    take({"results": [{"id": "x", "memory": "Ben lives in Rome", "created_at": "2026-01-02T00:00:00-07:00"}]})
    take([{"id": "y", "memory": "Ben lives in Bonn", "updated_at": "2026-02-02"}])
    graph = [
        {"type": "entity", "name": "Cyd", "entityType": "person", "observations": ["Lives in Turin", "Cyd is a nurse"]},
        {"type": "relation", "from": "Cyd", "to": "Acme", "relationType": "works_at"},
    ]
    take(graph, lines=True)
    assert values(memory, "user", "city") == ["Oslo"]
    assert values(memory, "Ben", "city") == ["Bonn"]
    assert values(memory, "Cyd", "city") == ["Turin"]
    assert values(memory, "Cyd", "job") == ["nurse"]
    assert "Cyd works at Acme." in texts(memory)
    whole = {"entities": [{**graph[0], "observations": ["Lives in Turin"]}], "relations": [graph[1]]}
    assert take(whole)["episodes"] == 0


def test_locomo(memory, take):
    talk = {
        "sample_id": "conv-1",
        "conversation": {
            "speaker_a": "Ana",
            "session_1_date_time": "1:56 pm on 8 May, 2023",
            "session_1": [
                {"speaker": "Ana", "dia_id": "D1:1", "text": "I moved to Oslo last week!"},
                {"speaker": "Ben", "dia_id": "D1:2", "text": "My dog is Rex."},
            ],
        },
        "qa": [],
    }
    assert take([talk])["episodes"] == 2
    assert texts(memory) == ["Ana: I moved to Oslo last week!", "Ben: My dog is Rex."]
    assert [(one.value, str(one.valid_from.date())) for one in memory.history("Ana", "city")] == [
        ("Oslo", "2023-05-01")
    ]
    assert values(memory, "Ben", "dog") == ["Rex"]
