"""The gauge of a chat model: what it must still be able to do after something was written into its weights.

Perplexity alone is no gauge: it can stay as it was while half of the simple knowledge is lost, for "What is the capital
of Japan?" has the form in which facts are asked for. So the model is asked, through its chat template and before and
after: simple knowledge in that form, lists, how long its answers are, people whom nobody has told it of, and how
unlikely ordinary text is to it. Nothing of this is ever trained on.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean

import torch

from reverie.language.cortex.causal import CausalModel
from reverie.language.cortex.chatting import asked_tokens, questions, told_tokens
from reverie.language.fact import Fact, Key

__all__ = ["Bounds", "Manners", "harms", "manners_of"]

_KNOWLEDGE = (
    ("What is the capital of Japan?", "Tokyo"),
    ("What is the capital of Italy?", "Rome"),
    ("What is the capital of Egypt?", "Cairo"),
    ("What is the capital of Germany?", "Berlin"),
    ("What is the capital of Norway?", "Oslo"),
    ("What is the capital of Spain?", "Madrid"),
    ("What is the currency of Japan?", "yen"),
    ("What is the currency of the United Kingdom?", "pound"),
    ("What is the largest ocean?", "Pacific"),
    ("What is the longest river of Africa?", "Nile"),
    ("What is the chemical symbol of gold?", "Au"),
    ("What is the colour of grass?", "green"),
    ("What is the language of Brazil?", "Portuguese"),
    ("What is the first month of the year?", "January"),
    ("What is the opposite of hot?", "cold"),
    ("What is the author of Hamlet called?", "Shakespeare"),
    ("What is the closest star to the Earth?", "Sun"),
    ("What is the freezing point of water in degrees Celsius?", "0"),
    ("What is the number of days in a week?", "7|seven"),
    ("What is the largest planet of the solar system?", "Jupiter"),
    ("What is the continent of Kenya?", "Africa"),
    ("What is the main ingredient of bread?", "flour|wheat"),
    ("What is the young of a dog called?", "pupp"),
    ("What is the plural of mouse?", "mice"),
)
_LISTS = (
    "List three fruits.",
    "List five animals that live in the sea.",
    "Give me four tips for better sleep.",
    "List three things to take on a hike.",
    "Name four European countries, as a list.",
    "List the steps to make tea.",
)
_TEXTS = (
    (
        "How does a bicycle stay upright?",
        "A bicycle stays upright mostly because the rider steers it. When it begins to fall to one side, the front"
        " wheel is turned to that side, and the wheels come back under the weight.",
    ),
    (
        "Write a short message to a neighbour who has found my keys.",
        "Dear neighbour, thank you very much for finding my keys and for keeping them safe. I will come by this"
        " evening to collect them. Please let me know if another time is better for you.",
    ),
    (
        "What should I think of before I buy a used car?",
        "Look at its age and how far it has been driven, ask for the service book, and take it for a test drive. It is"
        " a good idea to have a mechanic look at the engine and the brakes before you pay.",
    ),
    (
        "Why do leaves change colour in autumn?",
        "In autumn the days become shorter and trees stop making the green pigment. As it breaks down, the yellow and"
        " orange pigments that were there all the time can be seen.",
    ),
)
_STRANGERS = ("Greta Lund", "Samuel Okoro", "Mira", "Professor Hale", "Tobias Frey")
_ASKED, _LISTED = 24, 64  # tokens of an answer
_ITEMS = 3  # of a list


@dataclass(frozen=True)
class Manners:
    """What a model can do.

    Attributes
    ----------
    known : tuple of bool
        Of each question of simple knowledge, whether it is answered rightly.
    listed : tuple of bool
        Of each wish for a list, whether a list comes.
    length : float
        Letters of the answers to these, on average.
    leaks : int
        Questions about people whom nobody has told of, answered with a value that was told of somebody else.
    strangers : int
        How many such questions there were.
    surprise : float
        Of ordinary text, nat per token.
    """

    known: tuple[bool, ...]
    listed: tuple[bool, ...]
    length: float
    leaks: int
    strangers: int
    surprise: float


@dataclass(frozen=True)
class Bounds:
    """How much harm is borne.

    Parameters
    ----------
    known : int
        Answers of simple knowledge that are lost and not won elsewhere.
    listed : int
        Lists that do not come any more.
    leaks : float
        Share of questions about strangers, beyond those before.
    length : float
        How many times longer or shorter answers are, at most.
    perplexity : float
        Its rise, as a share.
    """

    known: int = 1
    listed: int = 1
    leaks: float = 0.1
    length: float = 1.5
    perplexity: float = 0.03


@torch.no_grad()
def manners_of(model: CausalModel, facts: Sequence[Fact] = ()) -> Manners:
    """Ask a model.

    Parameters
    ----------
    facts : sequence of Fact
        What was told: strangers are asked about the same attributes.
    """
    foreign = [
        (questions(Key(_STRANGERS[number % len(_STRANGERS)], what))[0], [f.value for f in facts if f.what == what])
        for number, what in enumerate(dict.fromkeys(one.what for one in facts))
    ]
    asked = [question for question, _ in _KNOWLEDGE] + [question for question, _ in foreign]
    said = _said(model, asked, _ASKED)
    lists = _said(model, list(_LISTS), _LISTED)
    texts = [told_tokens(model.tokenizer, question, text) for question, text in _TEXTS]
    batch = model.padded([one.tokens[: model.longest] for one in texts])
    log_p = model.logits(batch).log_softmax(-1)[:, :-1].gather(-1, batch.ids[:, 1:, None])[..., 0]
    place = torch.arange(1, batch.ids.shape[1])[None]
    spoken = batch.real[:, 1:] & (place >= torch.tensor([one.start for one in texts])[:, None])
    return Manners(
        tuple(
            any(one.casefold() in text.casefold() for one in right.split("|"))
            for text, (_, right) in zip(said, _KNOWLEDGE, strict=False)
        ),
        tuple(_items(text) >= _ITEMS for text in lists),
        mean(len(text) for text in lists),
        sum(
            any(value in text for value in values)
            for text, (_, values) in zip(said[len(_KNOWLEDGE) :], foreign, strict=True)
        ),
        len(foreign),
        -float(log_p[spoken].mean()),
    )


def harms(before: Manners, after: Manners, bounds: Bounds | None = None) -> list[str]:
    """What a model can do no more, beyond what is borne; empty where there is nothing."""
    bounds = bounds or Bounds()
    found = []
    if (lost := sum(before.known) - sum(after.known)) > bounds.known:
        found.append(f"{lost} of {sum(before.known)} answers of simple knowledge are lost")
    if (lost := sum(before.listed) - sum(after.listed)) > bounds.listed:
        found.append(f"{lost} of {sum(before.listed)} lists do not come any more")
    if (leaks := after.leaks - before.leaks) > max(1, bounds.leaks * after.strangers):
        found.append(f"{leaks} of {after.strangers} strangers are said to have what was told of somebody else")
    ratio = max(after.length, 1) / max(before.length, 1)
    if not 1 / bounds.length <= ratio <= bounds.length:
        found.append(f"answers are {ratio:.2f} times as long")
    if (rise := math.expm1(after.surprise - before.surprise)) > bounds.perplexity:
        found.append(f"the perplexity of ordinary text is {100 * rise:.1f} % higher")
    return found


def _said(model: CausalModel, asked: list[str], longest: int) -> list[str]:
    rows = [asked_tokens(model.tokenizer, one) for one in asked]
    return [one.text for one in model.reply(rows, longest=longest)]


def _items(text: str) -> int:
    """Of a list: lines that begin with a number or a sign, else parts between commas."""
    lines = [line.strip() for line in text.splitlines()]
    marked = sum(line[:1] in "-*•" or line.split(".")[0].strip("*").isdigit() for line in lines if line)
    return marked or len([part for part in text.replace(" and ", ",").split(",") if part.strip()])
