"""Decoys: questions of which a fact must change nothing, each with the answer begun.

What is begun in words ("Ana's favourite colour is") says where the model stands; what it says next is compared before
and after, so nothing has to be made up. Half of them ask for other attributes of the same person in the words in which
facts are asked for; the others are what people say to a model in which somebody is named, or "I".
"""

from torch import Generator, randperm

from reverie.language.cortex.chatting import is_user, unknown_questions
from reverie.language.fact import Key

__all__ = ["PEOPLE", "WHATS", "everyday", "plain"]

PEOPLE = ("Maria", "John Smith", "Wei", "Dr. Kumar", "Fatima", "Peter Novak", "user", "user", "user")
"""Whom nothing is told of."""

_WHATS = (
    "name, age, birthday, address, street, city, country, school, university, boss, colleague, brother, sister, "
    "mother, father, cousin, neighbour, cat, bicycle, hobby, sport, team, book, film, song, colour, drink, food, "
    "shoe size, blood type, doctor, bank, dentist, flight, hotel, appointment, deadline, "
    "project, salary, language, religion"
)
WHATS = tuple(_WHATS.split(", "))
"""Attributes of which nothing is told."""

_OF_SOMEBODY = (
    ("Which colour does {who} like best?", "{who}'s favourite colour is"),
    ("Which animal does {who} like best?", "{who}'s favourite animal is"),
    ("Which season does {who} like best?", "The season that {who} likes best is"),
    ("What will {who} do tomorrow?", "Tomorrow, {who} will"),
    ("How old is the bicycle of {who}?", "{who}'s bicycle is"),
    ("What should I cook for {who}?", "You could cook"),
    ("Is {who} at home now?", "{who} is"),
    ("Which sport does {who} play?", "{who} plays"),
    ("What did {who} say?", "{who} said that"),
    ("Describe {who} in one sentence.", "{who} is a"),
    ("What would {who} like for the birthday?", "For the birthday, {who} would like"),
    ("How can I help {who}?", "You can help {who} by"),
    ("What does {who} wear?", "{who}'s clothes are"),
    ("How much does the flat of {who} cost?", "{who}'s flat costs"),
)
_OF_THE_USER = (
    ("Which colour do I like best?", "Your favourite colour is"),
    ("Which animal do I like best?", "Your favourite animal is"),
    ("Which season do I like best?", "The season that you like best is"),
    ("What should I do tomorrow?", "Tomorrow, you could"),
    ("How old is my bicycle?", "Your bicycle is"),
    ("What should I cook on Sunday?", "You could cook"),
    ("Help me write a letter to my landlord.", "Dear"),
    ("I have a headache. What can I do?", "You can"),
    ("My phone is broken. What should I do?", "You should"),
    ("Which sport do I play?", "You play"),
    ("Describe me in one sentence.", "You are a"),
    ("Can you give me some advice about money?", "Here is some advice"),
    ("How much does my flat cost?", "Your flat costs"),
)


def plain(who: str, count: int, generator: Generator, *, but: str = "") -> list[tuple[str, str]]:
    """Questions for some attributes of somebody, in the words in which facts are asked for.

    Parameters
    ----------
    but : str
        The attribute that is told.
    """
    whats = [one for one in WHATS if one != but.casefold()]
    return unknown_questions(Key(who, ""), [whats[place] for place in _some(len(whats), count, generator)])


def everyday(who: str, count: int, generator: Generator) -> list[tuple[str, str]]:
    """What is said to a model besides, in which somebody is named."""
    pool = _OF_THE_USER if is_user(who) else _OF_SOMEBODY
    some = [pool[place] for place in _some(len(pool), count, generator)]
    return [(question.replace("{who}", who), begun.replace("{who}", who)) for question, begun in some]


def _some(many: int, count: int, generator: Generator) -> list[int]:
    places: list[int] = randperm(many, generator=generator)[:count].tolist()
    return places
