"""What every store of episodes does."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from reverie.errors import BadData

DAY = timedelta(days=1)
THEN = datetime(2026, 1, 1, 12, tzinfo=UTC)


def vector(*numbers):
    return np.array(numbers or (1, 0, 0, 0), dtype=np.float32)


def tell(store, who, what, value, **more):
    return store.add(f"{who}'s {what} is {value}.", vector(), who=who, what=what, value=value, **more)


def test_what_is_added_is_there_as_it_was_given(store):
    given = {"source": "mail", "trusted": False, "session": "s", "kind": "procedural", "novelty": 0.25}
    first = store.add("hello", vector(0, 1, 2, 3), **given, heard=THEN, importance=0.75)
    second = store.add("there", vector())
    assert (first, second) == (1, 2)
    one = store.get(first)
    assert (one.text, one.source, one.trusted, one.session, one.kind) == ("hello", "mail", False, "s", "procedural")
    assert (one.heard, one.valid_from, one.rehearsed, one.valid_to) == (THEN, THEN, THEN, None)
    assert (one.who, one.what, one.value, one.stage, one.night, one.forgotten) == (None, None, None, 0, None, None)
    assert (one.novelty, one.importance, one.pinned, one.live) == (0.25, 0.75, False, True)
    assert one.stability > 1 < one.difficulty
    assert store.vectors([first])[first].tolist() == [0, 1, 2, 3]
    assert [episode.id for episode in store.all()] == [1, 2] == [episode.id for episode in store.live()]
    assert store.get(99) is None


def test_a_newer_fact_takes_the_place_of_the_older(store):
    old = tell(store, "Ana", "city", "Rome", heard=THEN)
    other = tell(store, "Ana", "job", "baker", heard=THEN)
    new = tell(store, "ana", "City ", "Oslo", heard=THEN + DAY)
    assert [one.id for one in store.live()] == [other, new]
    assert store.get(old).valid_to == THEN + DAY
    assert [one.value for one in store.history("ANA", "city")] == ["Rome", "Oslo"]
    assert [one.value for one in store.history("ana")] == ["Rome", "Oslo", "baker"]
    assert [one.id for one in store.waiting()] == [other, new]
    assert store.keys() == [("Ana", "job"), ("ana", "City ")]


def test_what_is_told_late_takes_its_place_in_the_past(store):
    new = tell(store, "Ana", "city", "Oslo", heard=THEN, valid_from=THEN - DAY)
    old = tell(store, "Ana", "city", "Rome", heard=THEN, valid_from=THEN - 5 * DAY)
    assert store.get(old).valid_to == THEN - DAY
    assert store.get(new).valid_to is None
    between = tell(store, "Ana", "city", "Paris", heard=THEN, valid_from=THEN - 3 * DAY)
    assert store.get(old).valid_to == THEN - 3 * DAY
    assert store.get(between).valid_to == THEN - DAY
    assert [one.value for one in store.live()] == ["Oslo"]


def test_the_same_told_again_is_a_rehearsal(store):
    first = tell(store, "Ana", "city", "Rome", heard=THEN)
    before = store.get(first)
    assert tell(store, "Ana", "city", "rome", heard=THEN + 3 * DAY) == first
    after = store.get(first)
    assert after.stability > before.stability
    assert after.rehearsed == THEN + 3 * DAY
    assert len(store.all()) == 1


def test_what_is_not_trusted_takes_no_trusted_ones_place(store):
    own = tell(store, "Ana", "city", "Rome", heard=THEN)
    web = tell(store, "Ana", "city", "Paris", trusted=False, heard=THEN + DAY)
    assert [one.id for one in store.live()] == [own, web]
    assert [one.id for one in store.waiting()] == [own]
    again = tell(store, "Ana", "city", "Rome", trusted=False, heard=THEN + 2 * DAY)  # a rumour of what is known
    assert store.get(again).trusted is False
    assert store.get(own).rehearsed == THEN  # strengthens nothing
    new = tell(store, "Ana", "city", "Oslo", heard=THEN + 3 * DAY)
    assert [one.id for one in store.live()] == [new]


def test_nights_and_stages(store):
    first, second = tell(store, "Ana", "city", "Rome"), tell(store, "Ben", "city", "Oslo")
    store.mark([first], night=3, stage=1)
    assert [one.id for one in store.waiting()] == [second]
    assert (store.get(first).night, store.get(first).stage) == (3, 1)
    assert [one.id for one in store.learned()] == [first]
    store.drop_text([first])
    one = store.get(first)
    assert (one.text, one.value, one.who, one.what) == (None, None, "Ana", "city")
    assert store.vectors([first]) == {}
    assert store.keys() == [("Ana", "city"), ("Ben", "city")]
    tell(store, "Ana", "city", "Bonn")
    assert [one.value for one in store.waiting()] == ["Oslo", "Bonn"]


def test_forgetting_takes_content_and_questions_away_and_keeps_what_a_night_needs(store):
    plain, known = store.add("plain", vector()), tell(store, "Ana", "city", "Rome")
    other = store.add("other", vector())
    store.mark([known], night=1, stage=1)
    store.confirm("where is Ana?", [known, other])
    store.confirm("what else?", [other])
    store.confirm("what?", [plain, known])
    assert store.forget([plain, known, 99]) == [plain, known]
    assert store.forget([plain]) == []
    assert [one.question for one in store.confirmed()] == ["what else?"]
    gone = store.tombstones()
    assert [(one.id, one.who) for one in gone] == [(plain, None), (known, "Ana")]
    assert [(one.text, one.value) for one in gone] == [(None, None)] * 2
    assert store.tombstones(datetime.now(UTC) + DAY) == []
    store.bury([known, other])
    assert store.get(known).who is None
    assert [one.id for one in store.live()] == [other]
    assert store.add("new", vector()) == other + 1  # an id is never given again


def test_forgetting_follows_merges(store):
    ids = [store.add(f"same {number}", vector()) for number in range(4)]
    store.merge(ids[:2], ids[1])
    assert store.get(ids[0]).merged == ids[1]
    assert store.get(ids[0]).text is None
    assert store.get(ids[1]).text == "same 1"
    store.merge([ids[1]], ids[2])
    assert [one.id for one in store.live()] == ids[2:]
    assert store.forget([ids[0]]) == ids[:3]
    assert [one.id for one in store.live()] == ids[3:]


def test_confirmed_recalls_are_kept_and_rehearse(store):
    first, second = store.add("a", vector(), heard=THEN), store.add("b", vector(), heard=THEN)
    store.confirm("which?", [second, first, 99], THEN + DAY)
    store.confirm("none?", [98], THEN + DAY)
    store.confirm("b?", [second], THEN + 2 * DAY)
    assert [(one.question, one.ids) for one in store.confirmed()] == [("which?", (first, second)), ("b?", (second,))]
    assert [one.question for one in store.confirmed(THEN + 2 * DAY)] == ["b?"]
    assert store.get(second).stability > store.get(first).stability > 2.4
    assert store.get(second).rehearsed == THEN + 2 * DAY


def test_changes_are_what_changed(store):
    first, second = store.add("a", vector(1, 2, 3, 4)), store.add("b", vector())
    now = store.clock
    assert [one.id for one, _ in store.changes()] == [first, second]
    assert list(store.changes(now)) == []
    store.forget([first])
    ((one, kept),) = store.changes(now)
    assert (one.id, kept) == (first, None)
    assert store.clock > now


def test_a_transaction_is_whole_or_nothing(store):
    store.add("a", vector())
    with pytest.raises(KeyError), store.transaction():
        store.add("b", vector())
        store.set_named("night", 1)
        raise KeyError
    with store.transaction():
        store.set_named("night", 2)
        with pytest.raises(BadData):
            store.add("c", vector(1, 2))
        with pytest.raises(KeyError), store.transaction():
            store.add("d", vector())
            raise KeyError
        store.add("e", vector())
    assert [one.text for one in store.all()] == ["a", "e"]
    assert store.get_named("night") == 2


def test_one_sleeps_at_a_time(store, again):
    with again(store) as other:
        with store.alone():
            with pytest.raises(BadData, match="sleeps already"), other.alone():
                pass
            other.add("a", vector())  # the rest goes on
        with other.alone():
            pass
    assert [one.text for one in store.all()] == ["a"]


def test_named_values(store):
    assert store.get_named("x", 3) == 3
    store.set_named("x", {"a": [1, None, "ü"]})
    assert store.get_named("x") == {"a": [1, None, "ü"]}
    store.set_bytes("x", b"\x00\xff")
    assert store.get_bytes("x") == b"\x00\xff"
    store.set_bytes("x", None)
    assert store.get_bytes("x") is None


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"vector": vector(1, 2)}, "Expected 4 finite numbers"),
        ({"vector": vector(1, 2, 3, np.nan)}, "finite"),
        ({"kind": "odd"}, "Expected one of episodic, procedural, semantic"),
        ({"who": "Ana"}, "Give all or none"),
        ({"heard": datetime(2026, 1, 1)}, "has no time zone"),
    ],
)
def test_what_is_wrong_is_said_and_changes_nothing(store, given, said):
    with pytest.raises(BadData, match=said):
        store.add(**({"text": "x", "vector": vector()} | given))
    assert store.all() == []
