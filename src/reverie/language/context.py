"""What a memory has to say to a question, within a budget of tokens: what a prompt tells a model.

Three lists, each the newest first: what is known of whom the question names, and of the user (the profile); what else
was told as a fact; and what was said. Each line has its date and its source. What is likeliest to be needed takes the
room first: the facts that the question asks for, then the rest of the profile, up to half of it, then what recall
finds. Hearsay stands apart and is called so; hearsay that carries instructions, and what no longer holds, is left out.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from reverie.errors import BadData
from reverie.language.recollection import Recollection
from reverie.memory.episodic import Episode

__all__ = ["Context", "estimated_tokens", "prompt_context"]

_HEADINGS = {
    "profile": "What is known:",
    "facts": "Also told:",
    "said": "What was said:",
    "hearsay": "Hearsay, which nobody vouches for:",
}
_LONGEST = 1200  # letters of one line
_PROFILE = 0.5  # of the budget, at most, for facts that the question does not ask for


@dataclass(frozen=True)
class Context:
    """What a prompt is told.

    Attributes
    ----------
    text : str
        Empty where nothing is known.
    tokens : int
        How many it has, as counted.
    ids : tuple of int
        Of the episodes in it, in order; what `confirm` takes.
    left_out : int
        How many more there were than had room.
    """

    text: str
    tokens: int
    ids: tuple[int, ...]
    left_out: int


def estimated_tokens(text: str) -> int:
    """Tokens of a text, without a tokenizer: never fewer than one for four bytes of it, nor than one for each word.

    Examples
    --------
    >>> estimated_tokens("Ana's city is Rome."), estimated_tokens("")
    (5, 0)
    """
    return max(-(-len(text.encode()) // 4), len(text.split()))


def prompt_context(
    asked: Iterable[Episode],
    profile: Iterable[Episode],
    found: Iterable[Recollection],
    tokens: int,
    count: Callable[[str], int] = estimated_tokens,
) -> Context:
    """Put together what is known within a budget.

    Parameters
    ----------
    asked, profile : iterable of Episode
        Facts that the question asks for, of whom it names or of the user; what else is known of these people.
    found : iterable of Recollection
        What recall found, the best first.
    tokens : int
        The budget.
    count : callable
        How many tokens a text has, by the tokenizer of the model that will read it.
    """
    if tokens < 1:
        raise BadData(f"tokens is {tokens}. Expected at least 1.")
    lines: dict[str, list[tuple[Episode, str]]] = {name: [] for name in _HEADINGS}
    shown: set[int] = set()
    left_out = 0

    def written() -> str:
        parts = []
        for name, heading in _HEADINGS.items():
            newest = sorted(lines[name], key=lambda one: (one[0].heard, one[0].id), reverse=True)
            parts += [heading, *(line for _, line in newest), ""] if newest else []
        return "\n".join(parts).strip()

    def take(name: str, one: Episode, line: str, budget: float) -> None:
        nonlocal left_out
        if one.id in shown:
            return
        shown.add(one.id)
        lines[name].append((one, line))
        if count(written()) > budget:
            lines[name].pop()
            left_out += 1

    for some, share in ((asked, 1.0), (profile, _PROFILE)):
        for one in some:
            take("profile", one, _fact(one), share * tokens)
    for hit in found:
        episode = hit.episode
        if episode is None or hit.over or hit.instructs or not hit.text:
            continue
        name = "hearsay" if not episode.trusted else "facts" if episode.value is not None else "said"
        take(name, episode, _fact(episode) if name == "facts" else _said(episode, hit), tokens)
    text = written()
    ids = tuple(one.id for name in _HEADINGS for one, _ in lines[name])
    return Context(text, count(text), ids, left_out)


def _fact(one: Episode) -> str:
    """A fact in a line: since when, and who said so when."""
    since = "" if one.valid_from == one.heard else f"since {one.valid_from:%Y-%m-%d}, "
    return f"- {one.who}: {one.what}: {_short(one.value or '')} ({since}told {one.heard:%Y-%m-%d} by {one.source})"


def _said(one: Episode, hit: Recollection) -> str:
    """What was said, in a line; dates that it names are resolved."""
    dates = "".join(f" [{date.words}: {date}]" for date in hit.dates if date.words != str(date))
    return f"- {one.heard:%Y-%m-%d}, {one.source}: {_short(hit.text)}{dates}"


def _short(text: str) -> str:
    """A text within a line; line breaks that it has are indented, so that code stays code."""
    text = text.strip().replace("\n", "\n  ")
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
