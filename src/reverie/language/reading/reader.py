"""Reading facts in a sentence: what its clauses say, by the patterns of its language, and nothing that they do not say.

A clause is read where a pattern fits from its first word on. A sentence that asks, quotes, doubts, or sets a condition
is not read; neither is a fact about nobody in particular ("it", "yesterday"), nor a value that only says in which
state something is ("my car is broken"): that is no value of an attribute.
"""

import re
from collections.abc import Iterator

from reverie.language.attributes import USER, Attributes, default_attributes
from reverie.language.fact import Fact, Said
from reverie.language.reading import LANGUAGES
from reverie.language.reading.patterns import UPPER, Language, Pattern, plain_letters

__all__ = ["read_sentence"]

_LONGEST_VALUE = 15  # words
_LONGEST_SENTENCE = 1000  # characters
_CONTRACTIONS = (
    (re.compile(r"\bcan't\b", re.IGNORECASE), "can not"),
    (re.compile(r"\bcannot\b", re.IGNORECASE), "can not"),
    (re.compile(r"\bwon't\b", re.IGNORECASE), "will not"),
    (re.compile(r"n't\b", re.IGNORECASE), " not"),
    (re.compile(r"\bI'm\b", re.IGNORECASE), "I am"),
    (re.compile(r"\b(I|we|they|you)'ve\b", re.IGNORECASE), r"\1 have"),
    (re.compile(r"\b(we|they|you)'re\b", re.IGNORECASE), r"\1 are"),
)
_STATE = re.compile(r"[a-zà-ÿ]+(?:ed|ful|ous|able|ible|less|ly)")
_DOING = re.compile(r"[a-z]{2,}ing")
_COLOURS_WORDS = "red green blue yellow black white brown grey gray pink purple orange gold silver blond blonde"
_COLOURS = frozenset(_COLOURS_WORDS.split())


def read_sentence(sentence: str, speaker: str = USER, attributes: Attributes | None = None) -> list[Said]:
    """What a sentence in normal form says, in the order in which it says it.

    Parameters
    ----------
    speaker : str
        Who "I" is.
    attributes : Attributes, optional
        None: the package's list.
    """
    attributes = attributes or default_attributes()
    if len(sentence) > _LONGEST_SENTENCE:
        return []
    for language in LANGUAGES:
        if language.writes.search(sentence):
            found = list(_Reader(language, sentence, speaker, attributes).read())
            if found:
                return found
    return []


class _Reader:
    """One sentence, as one language reads it."""

    def __init__(self, language: Language, sentence: str, speaker: str, attributes: Attributes) -> None:
        self.language, self.sentence, self.speaker, self.attributes = language, sentence, speaker, attributes
        self.text = sentence
        if language.code == "en":
            for pattern, plain in _CONTRACTIONS:
                self.text = pattern.sub(plain, self.text)
        letters = [sign for sign in self.text if sign.isalpha()]
        self.shouted = len(letters) > 3 and all(not sign.islower() for sign in letters) and letters[0].isupper()
        self.whispered = bool(letters) and not any(sign.isupper() for sign in letters)
        self.shown = plain_letters(self._shown())

    def _shown(self) -> str:
        """The text as patterns see it: where all letters are large, or all small, names are made to look like names."""
        if self.shouted:
            return re.sub(r"[^\W\d_]+", lambda word: self._cased(word[0]), self.text)
        if self.whispered and self.language.code == "en":
            known = r"\b(i|(?<=live in )\w+|(?<=living in )\w+|(?<=moved to )\w+|(?<=lives in )\w+)\b"
            seen = re.sub(known, lambda word: self._named(word[0]), self.text)
            return seen if len(seen) == len(self.text) else self.text
        return self.text

    def _cased(self, word: str) -> str:
        small = word.lower()
        if len(small) != len(word) or small == "i":
            return word
        common = small in self.language.no_names or small in self.language.no_values or small in _WORDS
        return small if common else small[0].upper() + small[1:]

    def _named(self, word: str) -> str:
        common = word != "i" and (word in self.language.no_names or word in _WORDS)
        return word if common else word[0].upper() + word[1:]

    def read(self) -> Iterator[Said]:
        if self.language.doubts.search(self.shown):
            return
        after = 0
        for start in self.language.clauses.finditer(self.shown):
            if start.end() < after:
                continue
            filler = self.language.fillers.match(self.shown, start.end())
            begin = filler.end() if filler else start.end()
            for at in sorted({start.end(), begin}, reverse=True):
                facts, after = self._clause(at, start.end())
                yield from facts
                if facts:
                    break

    def _clause(self, at: int, begins: int) -> tuple[list[Said], int]:
        """What the clause from a place on says, and where that ends."""
        if self.shown.count('"', 0, at) % 2:  # somebody's words
            return [], at
        for expression, pattern in self.language.compiled:
            found = expression.match(self.shown, at)
            if found is None:
                continue
            facts = list(self._facts(found, pattern))
            if not facts:
                continue
            head, tail = self.text[:at], self.text[found.end() :]
            covers = self._says_nothing(head) and len(tail.split()) <= 8 and not re.match(r"\s*(?:and|but|;)\b", tail)
            since = self._since(found, pattern, begins)
            covers = covers and len(facts) == 1
            return [Said(fact, pattern.ends, self.sentence, covers, since) for fact in facts], found.end()
        return [], at

    def _since(self, found: re.Match[str], pattern: Pattern, begins: int) -> str:
        """The words of a clause that may say since when; of any attribute, only what follows "since" or "from"."""
        if not pattern.dated and pattern.what:
            return ""
        over = _CLAUSE_END.search(self.shown, found.end())
        last = over.start() if over else len(self.text)
        if pattern.what:
            start, end = found.span("value") if "value" in found.re.groupindex else (found.start(), found.start())
            return f"{self.text[begins:start]} … {self.text[end:last]}"
        since = _SINCE.search(self.text, found.start(), last)
        return f"{self.text[begins : found.start()]} {since[0] if since else ''}".strip()

    def _says_nothing(self, head: str) -> bool:
        filler = self.language.fillers.match(head)
        return not head[filler.end() if filler else 0 :].strip(" ,;:-–—")

    def _facts(self, found: re.Match[str], pattern: Pattern) -> Iterator[Fact]:
        groups = {name: found.span(name) for name in found.re.groupindex if found.span(name)[0] >= 0}
        words = {name: self.text[start:end] for name, (start, end) in groups.items()}
        shown = {name: self.shown[start:end] for name, (start, end) in groups.items()}
        who = self._who(words.get("who", ""), shown.get("who", ""))
        what = pattern.what or words.get("what", "")
        if who is None or not self._is_attribute(what, free=not pattern.what):
            return
        if "value" not in words and not pattern.value:
            if pattern.ends:
                yield Fact(who, self.attributes.of(what).name, "")
            return
        value = pattern.value or self._value(words["value"])
        owner, _, relation = who.rpartition("'s ")
        if what == "name" and owner:
            who, what = owner, relation
        name = self.attributes.of(what).name
        if not self._is_value(value, what, free=not pattern.what):
            return
        for one in self._each(value, name):
            yield Fact(who, name, one)

    def _who(self, who: str, shown: str) -> str | None:
        """Who is meant; None for nobody in particular."""
        speaker = self.language.speaker.split()
        if not who or shown.strip().casefold() in speaker:
            return self.speaker
        own = next(
            (word for word in speaker if re.match(rf"{word}(?:\s|的|(?<=的)|(?<=[我们]))", shown, re.IGNORECASE)), None
        )
        if own is not None:
            relation = who[len(own) :].lstrip(" 的").strip()
            named = re.fullmatch(rf"(.*\b(?:{'|'.join(self.language.relations.split())})) ([{UPPER}].*)", relation)
            if named:
                return named[2]
            return f"{self.speaker}'s {self.attributes.of(relation).name}"
        if re.match(r"(?:the )?user\b", shown, re.IGNORECASE):
            return self.attributes.person(who)
        words = shown.casefold().replace("'s", "").split()
        if words[0] == "the":
            words = words[1:]
        if not words or self.language.no_names.intersection(words) or any(word.isdigit() for word in words):
            return None
        owner, of, relation = who.partition("的") if self.language.code == "zh" else ("", "", "")
        german = (
            re.fullmatch(rf"(\S+)s ({'|'.join(self.language.relations.split())})", who)
            if self.language.code == "de"
            else None
        )
        if of or german is not None:
            owner, relation = (german[1], german[2]) if german is not None else (owner, relation)
            return f"{owner}'s {self.attributes.of(relation).name}"
        return self.attributes.person(who)

    def _is_attribute(self, what: str, *, free: bool) -> bool:
        words = what.casefold().split()
        if not words:
            return False
        if not free or self.attributes.knows(what):
            return True
        if self.language.code != "en":
            return False
        states = self.language.no_states | self.language.no_names
        return (
            words[-1] not in states
            and words[-1] not in {"favorite"}
            and words[0] not in self.language.no_names
            and not words[-1].endswith("ing")
            and (len(words) <= 4)
        )

    def _value(self, value: str) -> str:
        cut = self.language.cuts.search(value)
        value = value[: cut.start()] if cut else value
        value = _AFTER.sub("", value.strip())
        return (
            value.strip(" ,;:!\"'").removesuffix(".") if not re.search(r"(?:Inc|Ltd|Co|Jr|Sr|St)\.$", value) else value
        )

    def _is_value(self, value: str, what: str, *, free: bool) -> bool:
        kept = value.casefold() if self.shouted else value  # "The Who" is a name, "the who" is none
        words = [word.strip(".,'\"") for word in kept.split()]
        if not words or len(words) > _LONGEST_VALUE or not any(sign.isalnum() for sign in value):
            return False
        if words[0].casefold() in _POINTS or words[0] in self.language.no_values:
            return False
        if not free:
            pointed = what in {"likes", "dislikes", "activity"} and not _POINTS.isdisjoint(words)
            return not pointed and (words[0] not in self.language.no_names or len(words) > 1)
        return not self.language.no_values.intersection(words) and not self._is_state(words, value, what)

    def _is_state(self, words: list[str], value: str, what: str) -> bool:
        """Whether a value only says in which state something is: "broken", "really nice", "at home"."""
        if self.language.code == "en" and (words[0] in _BEFORE or (words[0].endswith("ly") and len(words) > 1)):
            return True
        if any(sign.isupper() or sign.isdigit() for sign in value) and not self.shouted:
            return False
        if self.language.code == "en" and words[0] in {"a", "an", "the"}:
            return (
                words[-1]
                in {"mess", "lot", "joke", "bit", "disaster", "nightmare", "dream", "blast", "problem"}
                | self.language.no_states
            )
        if _COLOURS.issuperset(words) or self.attributes.of(what).name == "marital status":
            return False
        if self.language.code == "de":
            return True  # its nouns have a large first letter
        last = words[-1]
        if words[0] in self.language.no_states or last in self.language.no_states:
            return True
        if len(words) <= 2 and _STATE.fullmatch(last):
            return True
        return bool(_DOING.fullmatch(words[0])) and self.attributes.of(what).name not in _DONE

    def _each(self, value: str, what: str) -> list[str]:
        """Each of several values: "Norwegian and French" are two languages."""
        if what in {"likes", "dislikes", "activity", "family"} or not self.attributes.of(what).several:
            return [value]
        return [one.strip() for one in re.split(r",? (?:and|und|et|y|e) |, |[、和]", value) if one.strip()]


_BEFORE_WORDS = (
    "in at on by with to from under over of for about like very really so too quite pretty just always never "
    "still already almost going off up down out back near here there currently next last this to as"
)
_BEFORE = frozenset(_BEFORE_WORDS.split())
_CLAUSE_END = re.compile(r"[,;:，。；]|\s(?:and|but|so|because|und|aber|weil|et|mais|y|pero|porque)\s")
_SINCE = re.compile(r"\b(?:since|from|as of|starting|seit|ab|depuis|à partir|desde|a partir)\b .*|从.*", re.IGNORECASE)
_POINTS_WORDS = (
    "another everything something it this that's him her them you these those there here what how he she they he's "
    "she's it's they're"
)
_POINTS = frozenset(_POINTS_WORDS.split())
_DONE_WORDS = "hobby activity interest likes dislikes skill"
_DONE = frozenset(_DONE_WORDS.split()) | {
    "favourite hobby",
    "favourite activity",
    "passion",
}
_AFTER = re.compile(
    r"(?:,? (?:now|too|so much|very much|a lot|again|any ?more|these days|right now|lately|as well|at the moment|currently|"
    r"though|actually|instead|by the way|more than anything|the most|sometimes|together|and (?:I|we|also|love|loves|like|likes|enjoy|hate) [^,]*|since [^,]*|as of [^,]*|from \d[^,]*|from (?:today|tomorrow|next|january|february|march|april|may|june|july|august|september|october|november|december)\b[^,]*|starting [^,]*|"
    r"today|yesterday))+$",
    re.IGNORECASE,
)
_COMMON = (
    "my our your his her their the a an is are was in on of at to from lives live living moved works work as like "
    "likes love loves hate hates city job dog cat name no longer not now any more favourite favorite colour color "
    "food friend sister brother mother father wife husband town school bed tears work pieces death and or but "
    "with by for has have had doctor phone number email address birthday hobby allergy language does do did "
    "actually just another different bigger smaller new s t re ve here there sin peace fear hope hell denial "
    "color"
)
_WORDS = frozenset(_COMMON.split())
