"""What is told changes what is known: updates, endings, several values, dates, and what is still to come."""

from datetime import UTC, datetime, timedelta

import pytest

from reverie.errors import BadData
from reverie.language import LanguageMemory

DAY = timedelta(days=1)
THEN = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def memory(tmp_path):
    with LanguageMemory.open(tmp_path / "m") as made:
        yield made


def values(memory, who="Ana", what=None):
    """What is known now."""
    return [one.value for one in memory.history(who, what) if one.live]


def texts(found):
    return [one.text for one in found]


UPDATES = [
    "I moved to Paris",
    "Actually, my city is Paris now.",
    "The user's city is Paris.",
    "User's city is now Paris",
    "my city is paris",
    "Ich bin nach Paris gezogen.",
    "J'ai déménagé à Paris.",
    "Me mudé a Paris.",
    "I live in Paris, where I work for a bank.",
    "Hi there! Big news: I moved to Paris. My dog hates it.",
]


@pytest.mark.parametrize("text", UPDATES)
def test_what_changes_takes_the_place_of_the_older(memory, text):
    memory.remember("The user's city is Rome.", heard=THEN)
    memory.remember("Ben's city is Oslo.", heard=THEN)
    memory.remember(text, heard=THEN + DAY)
    assert [value.casefold() for value in values(memory, "user", "city")] == ["paris"]
    assert values(memory, "Ben") == ["Oslo"]
    assert "Rome" not in " ".join(texts(memory.recall("Where does the user live? Which city?")))
    assert texts(memory.recall("What is the user's city?", as_of=THEN + DAY / 2))[0] == "The user's city is Rome."


@pytest.mark.parametrize(
    "text",
    [
        "Ana does not live in Oslo any more",
        "Ana's city is no longer Oslo.",
        "Ana no longer lives in Oslo, I heard.",
        "Good news! Ana doesn't live in Oslo anymore. She is happy.",
        "Anna ist weg. Ana wohnt nicht mehr in Oslo.",
    ],
)
def test_what_is_over_ends(memory, text):
    memory.remember("Ana's city is Oslo.", heard=THEN)
    memory.remember("Ana's job is baker.", heard=THEN)
    memory.remember(text, heard=THEN + DAY)
    assert values(memory) == ["baker"]
    assert [one.valid_to for one in memory.history("Ana", "city")] == [THEN + DAY]
    assert [one.value for one in memory.store.waiting()] == ["baker"]


def test_what_is_over_ends_only_what_is_said_to_be_over(memory):
    memory.remember("Ana's city is Oslo.")
    memory.remember("Ana does not live in Rome any more.")
    memory.remember("Ana doesn't live in Oslo any more.", trusted=False)
    memory.remember("Ben does not live in Oslo any more.")
    assert values(memory) == ["Oslo"]


@pytest.mark.parametrize(
    "text",
    [
        "The weather's nice today is what I think",
        "Yesterday's meeting is cancelled",
        "If Ana moved to Paris, I would cry.",
        "Does Ana live in Paris?",
        "Ben says Ana lives in Paris.",
        "Maybe Ana's city is Paris.",
    ],
)
def test_what_is_not_said_supersedes_nothing(memory, text):
    memory.remember("Ana's city is Oslo.")
    memory.remember("The weather's report is at nine.")
    before = len(memory.store.waiting())
    memory.remember(text)
    assert values(memory) == ["Oslo"]
    assert len(memory.store.waiting()) == before


def test_a_second_value_hides_no_first(memory):
    memory.remember("Ana's hobby is chess.")
    memory.remember("Ana's hobby is climbing.")
    memory.remember("Ana is allergic to nuts.")
    memory.remember("Ana's allergies are eggs and milk.")
    assert values(memory, "Ana", "hobbies") == ["chess", "climbing"]
    assert values(memory, "Ana", "allergy") == ["nuts", "eggs", "milk"]
    assert set(texts(memory.recall("What are Ana's hobbies?", 2))) == {
        "Ana's hobby is chess.",
        "Ana's hobby is climbing.",
    }
    memory.remember("Ana's hobby is no longer chess.")
    assert values(memory, "Ana", "hobby") == ["climbing"]


def test_who_hates_what_they_loved_no_longer_loves_it(memory):
    memory.remember("I love Chinese food", heard=THEN)
    memory.remember("I love tea", heard=THEN)
    memory.remember("I hate Chinese food", heard=THEN + DAY)
    assert values(memory, "user", "likes") == ["tea"]
    assert values(memory, "user", "dislikes") == ["Chinese food"]
    assert texts(memory.recall("Does the user like Chinese food?"))[0] == "I hate Chinese food"
    assert [one.valid_to for one in memory.history("I", "likes") if one.value == "Chinese food"] == [THEN + DAY]


def test_in_a_talk_the_newer_comes_first_and_the_older_is_marked(memory):
    memory.remember(
        "Ana: I love my city. I live in Rome, a very old city where everybody lives.", session="1", heard=THEN
    )
    memory.remember("Ben: The weather is nice.", session="1", heard=THEN)
    memory.remember("Ana: Well, so much has happened. I moved to Oslo last week!", session="2", heard=THEN + 60 * DAY)
    first, second = memory.recall("In which old city does Ana live?", 2)
    assert ("Oslo" in first.text, first.over) == (True, False)
    assert ("Rome" in second.text, second.over) == (True, True)
    assert memory.recall("In which old city does Ana live?", 1)[0].text == first.text
    assert [fact.value for fact in first.facts] == ["Oslo"]
    assert len([one for one in memory.history() if one.text]) == 3  # a talk keeps its turns


def test_the_same_said_again_in_a_talk_is_a_turn_more(memory):
    ids = [memory.remember("Ana: I live in Rome.", session="1"), memory.remember("Ana: I live in Rome.", session="2")]
    assert ids[0] != ids[1]
    assert values(memory) == ["Rome"]
    memory.remember("Ana lives in Rome.")
    assert values(memory) == ["Rome"]
    assert [one.text for one in memory.history("Ana") if one.live] == ["Ana lives in Rome."]
    assert not any(one.over for one in memory.recall("Where does Ana live?"))


def test_what_is_to_come_takes_effect_then(memory):
    later = datetime.now(UTC) + 210 * DAY
    memory.remember("Ana's city is Rome.")
    memory.remember("Ana's city is Oslo.", valid_from=later)
    assert texts(memory.recall("What is Ana's city?")) == ["Ana's city is Rome."]
    assert values(memory) == ["Rome"]
    assert [one.value for one in memory.store.waiting()] == ["Rome"]
    assert [one.value for one in memory.store.waiting(later + DAY)] == ["Oslo"]
    assert texts(memory.recall("What is Ana's city?", as_of=later + DAY)) == ["Ana's city is Oslo."]
    memory.remember("Ana's city is Paris.")
    assert values(memory) == ["Paris"]
    assert texts(memory.recall("What is Ana's city?", as_of=later + DAY)) == ["Ana's city is Oslo."]


def test_a_date_says_since_when(memory):
    memory.remember("Ana moved to Rome in 2019.", heard=THEN)
    memory.remember("Ana moved to Oslo last month.", heard=THEN)
    assert [one.valid_from.date().isoformat() for one in memory.history("Ana")] == ["2019-01-01", "2025-12-01"]
    assert texts(memory.recall("Where did Ana live in 2021?", 1)) == ["Ana moved to Rome in 2019."]
    assert texts(memory.recall("Where does Ana live?", 1)) == ["Ana moved to Oslo last month."]
    year = datetime.now(UTC).year + 2
    memory.remember(f"From 1 July {year} Ana's city is Bonn.")
    assert values(memory) == ["Oslo"]
    assert texts(memory.recall(f"Where will Ana live in August {year}?", 1)) == [
        f"From 1 July {year} Ana's city is Bonn."
    ]


def test_what_is_told_last_holds_although_it_began_before(memory):
    memory.remember("Ana's city is Rome.", heard=THEN)
    memory.remember("Ana moved to Oslo last year.", heard=THEN + 30 * DAY)
    assert values(memory) == ["Oslo"]
    assert memory.history("Ana")[-1].valid_from == THEN + 30 * DAY


def test_dates_are_shown_with_what_is_recalled(memory):
    memory.remember("I met Ana yesterday.", heard=THEN)
    (date,) = memory.recall("When did I meet Ana?")[0].dates
    assert (date.words, str(date)) == ("yesterday", "2025-12-31")


def test_the_list_of_attributes_is_kept(tmp_path):
    with LanguageMemory.open(tmp_path / "m") as memory:
        memory.set_attribute("job", several=True)
        memory.set_attribute("shoe size", names=["shoes"])
        with pytest.raises(BadData, match="name is empty"):
            memory.set_attribute(" ")
    with LanguageMemory.open(tmp_path / "m") as memory:
        for text in ("Ana's job is baker.", "Ana's job is painter.", "Ana's shoes are size 38."):
            memory.remember(text)
        assert values(memory, "Ana", "job") == ["baker", "painter"]
        assert values(memory, "Ana", "shoe size") == ["size 38"]


def test_facts_read_in_a_text_go_with_it(memory):
    ids = memory.remember("Hello! I live in Rome. My dog is Rex.")
    assert [one.value for one in memory.facts(ids)] == ["Rome", "Rex"]
    assert len(memory.forget(ids)) == 3
    assert memory.history("user") == []


def test_what_still_mentions_somebody_is_named_and_forgotten_on_request(memory):
    memory.remember("Ana's city is Rome.")
    told = memory.remember("Ana told me she lives in Rome.")
    turn = memory.remember("ANA: I love tea. Hello!", session="1")
    value = memory.remember("Ben married Ana.")
    other = memory.remember("Anabel sings. The bananas are ripe.")
    memory.forget(who="Ana")
    assert [one.id for one in memory.mentions("ana")] == [*told, *turn, *value]
    assert "Ana told me she lives in Rome." in texts(memory.recall("Where does Ana live?"))
    gone = memory.forget(who="Ana", mentions=True)
    assert set(gone) == {*told, *turn, *value}
    assert memory.mentions("Ana") == []
    assert [one.id for one in memory.history() if one.text] == other
    with pytest.raises(BadData, match="mentions is for a person"):
        memory.forget([1], mentions=True)


def test_code_is_kept_as_it_was_said(memory):
    code = "def area(width, height):\n    return width * height\n\n\n" * 24
    assert len(code) > 1200
    ids = memory.remember(code)
    assert all(one.text in code for one in memory.store.some(ids))
    assert "\n    return width * height" in memory.recall("What does area return?")[0].text
    short = memory.remember("if x:\n\tprint(x)  # tab")
    assert memory.store.get(short[0]).text == "if x:\n\tprint(x)  # tab"


def test_what_ended_before_ends_nothing_that_began_since(memory):
    memory.remember("I work at Shell.", heard=THEN)
    memory.remember("I lost my job in 2019, so I learned to code.", heard=THEN + DAY)
    memory.remember("Losing my job was hard back then.", heard=THEN + DAY)
    assert values(memory, "user", "employer") == ["Shell"]
    memory.remember("I quit my job last week.", heard=THEN + 30 * DAY)
    assert values(memory, "user", "employer") == []


@pytest.mark.parametrize(
    ("id", "at", "held"),
    [
        (
            3,
            "2020-06-01",
            ["Rome 2018 2020", "Lima 2020 2022", "Oslo 2022 None"],
        ),  # later than before: Rome lasts longer
        (2, "2017-01-01", ["Oslo 2017 2018", "Rome 2018 2019", "Lima 2019 None"]),  # before all others
        (1, "2023-01-01", ["Lima 2019 2022", "Oslo 2022 2023", "Rome 2023 None"]),  # after all others
        (3, "2019-06-01", ["Rome 2018 2019", "Lima 2019 2022", "Oslo 2022 None"]),
    ],
)
def test_a_new_date_puts_the_versions_of_a_fact_in_their_order(tmp_path, id, at, held):
    with LanguageMemory.open(tmp_path / "m") as memory:
        for year, city in ((2018, "Rome"), (2022, "Oslo"), (2019, "Lima")):
            since = datetime(year, 1, 1, tzinfo=UTC)
            memory.remember(f"Ana's city is {city}.", valid_from=since)
        memory.change(id, valid_from=datetime.fromisoformat(at).replace(tzinfo=UTC))
        found = sorted(memory.history("Ana", "city"), key=lambda one: one.valid_from)
        assert [f"{one.value} {one.valid_from.year} {one.valid_to and one.valid_to.year}" for one in found] == held
        clock = memory.store.clock
        memory.recall("city")
        assert memory.store.clock == clock


def test_what_was_said_to_be_over_stays_so_and_no_date_lies_behind_it(tmp_path):
    with LanguageMemory.open(tmp_path / "m") as memory:
        memory.remember("Ana's city is Rome.", valid_from=datetime(2018, 1, 1, tzinfo=UTC))
        memory.store.end("Ana", "city", "Rome", datetime(2020, 1, 1, tzinfo=UTC))
        changed = memory.change(1, valid_from=datetime(2019, 1, 1, tzinfo=UTC))
        assert (changed.valid_from.year, changed.valid_to.year) == (2019, 2020)
        with pytest.raises(BadData, match="held until 2020"):
            memory.change(1, valid_from=datetime(2021, 1, 1, tzinfo=UTC))
        assert memory.change(1, pinned=True).pinned
        assert 0 < memory.change(1, pinned=False).importance < 1
