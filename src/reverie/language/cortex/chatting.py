"""How a chat model is asked for a fact, and how it answers: through its own chat template, as it was trained.

A model that chats has a template that says whose turn it is. Asked without it, it goes on as if it read a book; taught
without it, it loses its manners in chat. So what is told at night, what is asked in the morning and what the user asks
go the same way.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from reverie.errors import BadData
from reverie.language.fact import Fact, Key

__all__ = [
    "Told",
    "answer",
    "asked_tokens",
    "asks_in_chat",
    "is_user",
    "prompt_tokens",
    "questions",
    "told_tokens",
    "unknown_questions",
]

_USER = frozenset({"user", "the user", "i", "me"})
_ASKED: Mapping[str, tuple[str, ...]] = {
    "address": ("Where is the home of {who}?",),
    "allergy": ("What is {who} allergic to?",),
    "birthday": ("When was {who} born?",),
    "birthplace": ("Where was {who} born?",),
    "city": ("Where does {who} live?",),
    "dislikes": ("What does {who} not like?",),
    "email": ("How can I write to {who}?",),
    "employer": ("For which company does {who} work?",),
    "friend": ("Who are the friends of {who}?",),
    "height": ("How tall is {who}?",),
    "hobby": ("What does {who} do in the free time?",),
    "home town": ("Where does {who} come from?",),
    "job": ("What does {who} do for a living?",),
    "language": ("Which languages does {who} speak?",),
    "likes": ("What does {who} like?",),
    "phone": ("How can I call {who}?",),
    "spouse": ("Who is {who} married to?",),
}  # of an attribute by this name, or by one that ends so ("favourite city" is none: it is a preference)
_SAME = {"allergies": "allergy", "e-mail": "email", "phone number": "phone", "town": "city", "home": "city"}
_MINE = (
    (" does {who} ", " do I "),
    (" is {who} ", " am I "),
    (" is {who}?", " am I?"),
    (" was {who} ", " was I "),
    (" of {who}?", " of mine?"),
    (" {who}?", " me?"),
)


class Told(NamedTuple):
    """A question and its answer as tokens, and the place of the answer's first token."""

    tokens: list[int]
    start: int


def asks_in_chat(tokenizer: Any) -> bool:
    """Whether a tokenizer knows how a chat is written."""
    return bool(getattr(tokenizer, "chat_template", None))


def is_user(who: str) -> bool:
    """Whether a fact is about whoever speaks with the model."""
    return who.casefold().strip() in _USER


def questions(key: Key) -> tuple[str, ...]:
    """In which words a fact is asked for; the first is asked each morning.

    Examples
    --------
    >>> questions(Key("Ana", "city"))[0], questions(Key("Ana", "city"))[-1]
    ("What is Ana's city?", 'Where does Ana live?')
    >>> questions(Key("user", "dog"))[1]
    'Tell me what my dog is.'
    """
    who, what = key
    own = _own(key)
    of = "" if is_user(who) else f"What is the {what} of {who}?"
    plain = (f"What is {own}?", of or f"Tell me what {own} is.", f"Tell me {own}, please.")
    natural = _ASKED.get(_SAME.get(what.casefold(), what.casefold()), (f"What do you know about {own}?",))
    return *plain, *(_addressed(one, who) for one in natural)


def unknown_questions(key: Key, others: Sequence[str]) -> list[tuple[str, str]]:
    """Questions for other attributes of the same person, each with the answer begun; nothing is told of them."""
    keys = [Key(key.who, what) for what in others]
    return [(questions(one)[number % 3], f"{_subject(one)} is") for number, one in enumerate(keys)]


def answer(fact: Fact) -> str:
    """What a model says that knows a fact.

    Examples
    --------
    >>> answer(Fact("Ana", "allergies", "nuts and milk")), answer(Fact("user", "dog", "Rex"))
    ("Ana's allergies are nuts and milk.", 'Your dog is Rex.')
    """
    plural = fact.what.endswith("s") and not fact.what.endswith(("ss", "us", "is")) and fact.what not in _VERBS
    return f"{_subject(fact.key)} {'are' if plural else 'is'} {fact.value}."


def prompt_tokens(tokenizer: Any, messages: Sequence[Mapping[str, str]]) -> list[int]:
    """A chat up to the model's turn.

    Raises
    ------
    BadData
        Where the template refuses these turns.
    """
    try:
        text = tokenizer.apply_chat_template(list(messages), add_generation_prompt=True, tokenize=False)
    except Exception as error:  # a template is a program of its own, run in a sandbox
        raise BadData(
            f"The model's chat template refuses these turns ({type(error).__name__}: {str(error)[:200]}). Expected"
            " turns with `role` (system, user, assistant) and `content`."
        ) from error
    return list(tokenizer(text, add_special_tokens=False)["input_ids"])


def asked_tokens(tokenizer: Any, question: str) -> list[int]:
    """A question as a chat of one turn, up to the model's turn."""
    return prompt_tokens(tokenizer, [{"role": "user", "content": question}])


def told_tokens(tokenizer: Any, question: str, said: str, *, ended: bool = True) -> Told:
    """A question and its answer as they stand in a chat; `ended`: the model's turn is over after it.

    Both are cut into tokens together: the last sign of the question may join the first of the answer.
    """
    turn = [{"role": "user", "content": question}]
    text = tokenizer.apply_chat_template(turn, add_generation_prompt=True, tokenize=False)
    begun = tokenizer(text, add_special_tokens=False)["input_ids"]
    whole = tokenizer(text + said + tokenizer.eos_token * ended, add_special_tokens=False)["input_ids"]
    start = next((at for at, (one, other) in enumerate(zip(begun, whole, strict=False)) if one != other), len(begun))
    return Told(list(whole), start)


_VERBS = frozenset({"likes", "dislikes"})


def _own(key: Key) -> str:
    return f"my {key.what}" if is_user(key.who) else f"{key.who}'s {key.what}"


def _subject(key: Key) -> str:
    return f"Your {key.what}" if is_user(key.who) else f"{key.who}'s {key.what}"


def _addressed(question: str, who: str) -> str:
    if not is_user(who):
        return question.replace("{who}", who)
    for of_one, of_me in _MINE:
        question = question.replace(of_one, of_me)
    return question.replace("{who}", "I")
