"""Reading facts from what is said, and telling kinds of memory apart.

In layers, of which none invents: a text is brought into its normal form and cut into sentences
(`reverie.language.normal`); each sentence is read by the patterns of English, German, French, Spanish or Chinese
(`reverie.language.reading`); "I", "my" and "we" are whoever speaks. Who is meant by another pronoun is not guessed.
A text is procedural where it says how something is done, semantic where it says a fact, else episodic.
"""

import re

from reverie.language.attributes import USER, Attributes
from reverie.language.fact import Fact, Said
from reverie.language.normal import normal_form, sentences_of
from reverie.language.reading.patterns import UPPER
from reverie.language.reading.reader import read_sentence

__all__ = ["kind_of", "read_fact", "read_facts"]

_LONGEST = 100_000  # characters of a text in which facts are looked for
_SPEAKER = re.compile(rf"([^\W\d_][\w.'-]{{0,30}}(?: [{UPPER}][\w.'-]{{0,30}}){{0,3}})\s?(?::\s|：)\s*(?=\S)")
_PROCEDURE = re.compile(
    r"\b(?:how to|in order to|step \d|first,? .*\bthen\b|whenever|every time|make sure|"
    r"if .*, (?:then )?(?:run|use|do|press|click|call|ask|write|open|check|always|never)\b)|"
    r"^to \w+(?: \w+){0,6}, \w+|"
    r"^(?:always|never|don't|do not|please|run|use|press|click|install|open|restart|turn|add|mix|put)\b",
    re.IGNORECASE,
)
_LABELS_WORDS = "note ps fact facts todo warning update info example tip question answer re fwd"
_LABELS = frozenset(_LABELS_WORDS.split())


def read_facts(text: str, *, speaker: str | None = None, attributes: Attributes | None = None) -> list[Said]:
    """The facts that a text says plainly, in the order in which it says them.

    Parameters
    ----------
    speaker : str, optional
        Who "I" is. None: the name with which the text begins, as in "Ana: I moved."; else the user.
    attributes : Attributes, optional
        Which attributes there are. None: the package's list.

    Examples
    --------
    >>> [tuple(one.fact) for one in read_facts("Hi Mel! I moved to Paris last month, and I love old books.")]
    [('user', 'city', 'Paris'), ('user', 'likes', 'old books')]
    >>> [(one.fact.value, one.ends) for one in read_facts("Ana doesn't live in Oslo any more.")]
    [('Oslo', True)]
    >>> read_facts("The weather's nice today is what I think. Does Ana live in Rome?")
    []
    """
    if len(text) > _LONGEST:
        return []
    plain = normal_form(text)
    named = _SPEAKER.match(plain)
    if named and named[1].casefold() not in _LABELS:
        speaker = speaker or (USER if named[1].casefold() in {"user", "the user"} else named[1])
        plain = plain[named.end() :]
    sentences = sentences_of(plain)
    found = [one for sentence in sentences for one in read_sentence(sentence, speaker or USER, attributes)]
    alone = len(sentences) == 1 and len(found) == 1
    return [one if alone else one._replace(whole=False) for one in found]


def read_fact(text: str) -> Fact | None:
    """The fact that a text says plainly, where it says one and nothing else; or None.

    Examples
    --------
    >>> read_fact("Ana Sofia's favourite city is Rome.")
    Fact(who='Ana Sofia', what='favourite city', value='Rome')
    >>> read_fact("The capital of France is Paris")
    Fact(who='France', what='capital', value='Paris')
    >>> read_fact("It's city is perhaps Rome"), read_fact("I met Ana in Rome.")
    (None, None)
    """
    found = [one for one in read_facts(text) if one.whole and not one.ends]
    return found[0].fact if found else None


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
