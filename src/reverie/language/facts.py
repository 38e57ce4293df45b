"""Reading a fact where a sentence says one plainly, and telling kinds of memory apart.

A fact is read from "Ana's city is Rome." and "The city of Ana is Rome.", from one sentence that is nothing else, and
no model guesses. Who is meant by a pronoun is not guessed. A text is procedural where it says how something is done,
semantic where it says a fact, else episodic.
"""

import re

from reverie.language.fact import Fact

__all__ = ["kind_of", "read_fact"]

_NAME = r"[^\W_][\w.&’'-]*(?: [^\W_][\w.&’'-]*){0,4}"
_SAYS = (
    re.compile(rf"(?P<who>{_NAME})['’]s? (?P<what>{_NAME}) (?:is|are) (?P<value>[^\n?]+?)[.!]?"),
    re.compile(rf"[Tt]he (?P<what>{_NAME}) of (?P<who>{_NAME}) (?:is|are) (?P<value>[^\n?]+?)[.!]?"),
)
_HEDGES = (
    "not no never maybe perhaps probably possibly likely unknown if or but because is are was were has which who where "
    "when that"
)
_POINTERS = "i it he she they we you this that there here what who where when how one someone everyone nobody let"
_UNSURE, _POINTS = frozenset(_HEDGES.split()), frozenset(_POINTERS.split())
_PROCEDURE = re.compile(
    r"\b(?:how to|in order to|step \d|first,? .*\bthen\b|whenever|every time|make sure|"
    r"if .*, (?:then )?(?:run|use|do|press|click|call|ask|write|open|check|always|never)\b)|"
    r"^to \w+(?: \w+){0,6}, \w+|"
    r"^(?:always|never|don't|do not|please|run|use|press|click|install|open|restart|turn|add|mix|put)\b",
    re.IGNORECASE,
)


def read_fact(text: str) -> Fact | None:
    """The fact that a sentence says plainly, or None.

    Examples
    --------
    >>> read_fact("Ana Sofia's favourite city is Rome.")
    Fact(who='Ana Sofia', what='favourite city', value='Rome')
    >>> read_fact("The capital of France is Paris")
    Fact(who='France', what='capital', value='Paris')
    >>> read_fact("It's city is perhaps Rome"), read_fact("I met Ana in Rome.")
    (None, None)
    """
    for says in _SAYS:
        found = says.fullmatch(text.strip())
        if found is None:
            continue
        fact = Fact(found["who"], found["what"], found["value"].strip())
        words = fact.value.casefold().replace(",", " ").split()
        plain = len(words) <= 12 and not _UNSURE.intersection(words) and not re.search(r"[.!;:]\s", fact.value)
        if plain and not _POINTS.intersection(fact.who.casefold().split()):
            return fact
    return None


def kind_of(text: str, *, fact: bool) -> str:
    """Which kind of memory a text is: "procedural", "semantic" where it says a fact, else "episodic".

    Examples
    --------
    >>> kind_of("To restart the server, run make serve.", fact=False)
    'procedural'
    >>> kind_of("Ana's city is Rome.", fact=True), kind_of("Yesterday I met Ana.", fact=False)
    ('semantic', 'episodic')
    """
    if fact:
        return "semantic"
    return "procedural" if _PROCEDURE.search(text.strip()) else "episodic"
