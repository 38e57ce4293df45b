"""Whom a text names, and which attribute of theirs it asks for, by its words alone.

Somebody is named by all words of the name; the user by a word for oneself. An attribute is named where a question has
the plain form ("Ana's street", "the street of Ana", "my street"); of any other wording it is not known.
"""

import re

from reverie.language.cortex.chatting import is_user

__all__ = ["names", "names_another", "words"]

_MINE = re.compile(r"\b(?:what is|tell me(?: what)?) my ([\w -]{1,40}?)(?: is)?(?:, please)?\s*[?.!]", re.IGNORECASE)

_REQUEST = re.compile(
    r"\b(?:give|tell|show|help|teach|let|explain to|write|send|find|get|make|bring|read|recommend|suggest)(?: to)? me\b"
    r"|\bI (?:would|['’]d) like(?: you)? to\b|\bI(?:['’]d| would)? (?:want|wish|need) (?:you )?to know\b|\bI wonder\b",
    re.IGNORECASE,
)  # words for oneself that only ask

_ENGLISH, _GERMAN = "i me my mine myself", "ich mich mir mein meine meinen meinem meiner meines"
_FRENCH, _SPANISH = "je moi mon ma mes", "yo mi mis mí"
_SELF = frozenset(f"{_ENGLISH} {_GERMAN} {_FRENCH} {_SPANISH}".split())


def words(text: str) -> list[str]:
    """The words of a text in small letters; a possessive is the name that it is made of.

    Examples
    --------
    >>> words("Where's Ana's dog?")
    ['where', 'ana', 'dog']
    """
    plain = text.casefold().replace("'s ", " ").replace("’s ", " ")
    return "".join(sign if sign.isalnum() else " " for sign in plain).split()


def names(text: str, who: str) -> bool:
    """Whether a text names somebody.

    Examples
    --------
    >>> names("Where does Dr. Meier live?", "Dr. Meier"), names("Where does Anabel live?", "Ana")
    (True, False)
    >>> names("What is my dog called?", "user"), names("What is a dog?", "user")
    (True, False)
    >>> names("Give me four tips for better sleep.", "user"), names("Give me my sister's address.", "user")
    (False, True)
    """
    if is_user(who):
        return not _SELF.isdisjoint(words(_REQUEST.sub(" ", text))) or "我" in text
    said = words(text)
    name = words(who)
    return bool(name) and any(said[at : at + len(name)] == name for at in range(len(said) - len(name) + 1))


def names_another(text: str, who: str, what: str) -> bool:
    """Whether a text asks, in the plain form, for attributes of somebody of which none is this one.

    Examples
    --------
    >>> asked = "What is Ana's favourite tree?"
    >>> names_another(asked, "Ana", "dog"), names_another(asked, "Ana", "favourite trees")
    (True, False)
    >>> names_another("Which tree does Ana like best?", "Ana", "dog")  # not known
    False
    """
    if is_user(who):
        asked = _MINE.findall(text)
    else:
        name = re.escape(who)
        plain = rf"{name}['’]s? ([\w -]{{1,40}}?)(?: is)?(?:, please)?\s*[?.!]|\bthe ([\w -]{{1,40}}?) of {name}\b"
        asked = ["".join(found) for found in re.findall(plain, text, re.IGNORECASE)]
    meant = _stems(what)
    return bool(asked) and all(meant.isdisjoint(_stems(one)) for one in asked)


def _stems(what: str) -> set[str]:
    """The words of an attribute, their endings cut; words that many attributes share say nothing."""
    plain = {
        word.removesuffix("ies").removesuffix("y").removesuffix("s") for word in words(what.replace("e-mail", "email"))
    }
    return plain - {"favourite", "favorite", "current", "number", "name", "home"} or plain
