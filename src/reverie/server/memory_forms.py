"""What clients of a memory send and get. Everything is bounded, and nothing that is not expected is accepted."""

from typing import Annotated, Any, NotRequired

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StrictInt, StrictStr
from typing_extensions import TypedDict

from reverie.language.answers import Found, Line, Remembered
from reverie.server.forms import whole

__all__ = [
    "Change",
    "Confirm",
    "Confirmed",
    "Forget",
    "Forgotten",
    "Found",
    "Ids",
    "Lines",
    "Listed",
    "Memory",
    "Night",
    "Question",
    "Remember",
    "Remembered",
    "Sleep",
]

Id = Annotated[StrictInt, Field(ge=1, lt=2**53), BeforeValidator(whole)]  # beyond, JSON's numbers are not exact
Ids = Annotated[list[Id], Field(min_length=1, max_length=1000)]
Name = Annotated[StrictStr, Field(min_length=1, max_length=1000)]
Time = Annotated[StrictStr, Field(min_length=1, max_length=40)]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Remember(_Form):
    """What is said; and a fact, a time, a conversation where it has them. hearsay: the user does not vouch for it."""

    text: Annotated[StrictStr, Field(min_length=1, max_length=100_000)]
    who: Name | None = None
    what: Name | None = None
    value: Name | None = None
    session: Name | None = None
    source: Name | None = None
    valid_from: Time | None = None
    pinned: StrictBool = False
    hearsay: StrictBool = False


class Question(_Form):
    """A question, how many answers, as of when, of what score at least; and of whom, when heard, and where from."""

    question: Annotated[StrictStr, Field(min_length=1, max_length=10_000)]
    k: Annotated[StrictInt, Field(ge=1, le=100), BeforeValidator(whole)] = 5
    as_of: Time | None = None
    threshold: Annotated[float, Field(ge=0, le=1)] | None = None
    who: Name | None = None
    since: Time | None = None
    until: Time | None = None
    kind: Name | None = None
    source: Name | None = None


class Confirm(_Form):
    """A question, and what answered it rightly."""

    question: Annotated[StrictStr, Field(min_length=1, max_length=10_000)]
    ids: Ids


class Change(_Form):
    """What is to be mended: since when it holds, whether it is pinned, how important it is."""

    id: Id
    valid_from: Time | None = None
    pinned: StrictBool | None = None
    importance: Annotated[float, Field(strict=True, ge=0, lt=1)] | None = None


class Forget(_Form):
    """Ids, or someone, or one thing of them; `mentions`: also what else mentions them."""

    ids: Ids | None = None
    who: Name | None = None
    what: Name | None = None
    mentions: StrictBool = False


class Sleep(_Form):
    """Of a language model that sleeps with the memory: whether proven texts go, and how many facts it learns."""

    drop_text: StrictBool = False
    limit: Annotated[StrictInt, Field(ge=1, le=2**31), BeforeValidator(whole)] | None = None


class Memory(TypedDict):
    """What the memory holds."""

    texts: int
    facts: int
    encoder: str
    asleep: bool


class Lines(TypedDict):
    """Memories."""

    episodes: list[Line]
    left_out: NotRequired[int]


class Listed(Lines):
    """Memories, the newest first; `before` continues the list."""

    before: NotRequired[int]


class Confirmed(TypedDict):
    """What stays strong."""

    confirmed: list[int]


class Forgotten(TypedDict):
    """What is gone, and what still mentions the person."""

    forgotten: list[int]
    still_mention: NotRequired[list[Line]]
    left_out: NotRequired[int]


class Night(TypedDict):
    """How far the night is, or how the last one was."""

    asleep: bool
    stage: NotRequired[str]
    seconds: NotRequired[float]
    report: NotRequired[dict[str, Any]]
    error: NotRequired[str]
