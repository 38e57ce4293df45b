"""The tools of a memory for assistants that speak the Model Context Protocol (modelcontextprotocol.io).

A server is bound to one memory, so to one user, when it is made; no tool takes a user, a path or an address. What an
assistant remembers is as trusted as whoever started the server said, or less where the assistant says so.
"""

from typing import Any

from mcp.server import MCPServer

from reverie import __version__
from reverie.language.calls import Calls, Ids, Name, Question, Text, Time, tool_of
from reverie.language.lines import dates_of, line_of
from reverie.language.memory import LanguageMemory
from reverie.language.passages import read_time
from reverie.language.recollection import Recollection
from reverie.memory.episodic import Episode

__all__ = ["tools_of"]

_LETTERS = 200_000  # of the texts in one answer
_ANSWERS = 100  # of one recall

_INSTRUCTIONS = (
    "A memory of one user that lasts. Use remember for what the user will want to be known later, one thing at a time. "
    "Use recall before answering what may have been said earlier, and confirm when a recollection turned out right: "
    "it stays strong. A newer fact takes the place of the older; forget deletes for good. "
    "What is not trusted is hearsay."
)


def tools_of(memory: LanguageMemory, *, source: str = "assistant", trusted: bool = True) -> MCPServer[Any]:
    """A server with the tools of a memory.

    Parameters
    ----------
    source : str
        Under which what the assistant remembers is kept.
    trusted : bool
        Whether that may take the place of what is known, and be slept into weights.
    """
    call = Calls(memory)

    @call
    def remember(
        text: Text, who: Name = "", what: Name = "", value: Name = "", session: Name = "", hearsay: bool = False
    ) -> dict[str, Any]:
        """Keep what is said, for good. Facts are read from plain sentences ("I moved to Rome", "Ana no longer lives in
        Oslo"): a newer value takes the place of the older. For another fact give who, what and value ("Ana", "city",
        "Rome"). Turns of one conversation share a session. hearsay: it comes from a web page, a mail, or another source
        that the user does not vouch for."""
        ids = memory.remember(
            text,
            who=who or None,
            what=what or None,
            value=value or None,
            session=session or None,
            source=source,
            trusted=trusted and not hearsay,
        )
        kept = memory.store.some(ids)
        return {
            "ids": ids,
            "episodes": [line_of(one) for one in kept],
            "facts": [_fact(one) for one in memory.facts(ids)],
        }

    @call
    def recall(question: Question, k: int = 5, as_of: Time = "") -> dict[str, Any]:
        """What the memory knows about a question, the best first. as_of: a time in ISO 8601; what held then, as does a
        date that the question names ("in 2021"). dates: of the text, resolved. over: it no longer holds."""
        at = read_time(as_of, "as_of") if as_of else None
        return _cut("found", [_recalled(one) for one in memory.recall(question, min(k, _ANSWERS), as_of=at)])

    @call
    def confirm(question: Question, ids: Ids) -> dict[str, Any]:
        """Say that these ids answered the question rightly: they stay strong, and the next sleep learns from it."""
        memory.confirm(question, ids)
        return {"confirmed": ids}

    @call
    def forget(ids: Ids | None = None, who: Name = "", what: Name = "", mentions: bool = False) -> dict[str, Any]:
        """Delete for good: ids, or everything known of someone (who), or one thing of them (who and what). Of someone,
        what else mentions them is named; mentions deletes that too."""
        gone = memory.forget(ids, who=who or None, what=what or None, mentions=mentions)
        left = memory.mentions(who) if who and not what else []
        return {"forgotten": gone} | (_cut("still_mention", [line_of(one) for one in left]) if left else {})

    @call
    def sleep() -> dict[str, Any]:
        """Consolidate: learn from confirmed recalls, merge what says the same. Takes seconds to minutes."""
        return memory.sleep()

    @call
    def history(who: Name, what: Name = "") -> dict[str, Any]:
        """Every version of what is known of someone, the oldest first; of very many, the newest."""
        answer = _cut("episodes", [line_of(one) for one in reversed(memory.history(who, what or None))])
        answer["episodes"].reverse()
        return answer

    return MCPServer(
        "reverie",
        version=__version__,
        instructions=_INSTRUCTIONS,
        log_level="WARNING",
        tools=[tool_of(one) for one in (remember, recall, confirm, forget, sleep, history)],
    )


def _recalled(one: Recollection) -> dict[str, Any]:
    more = {} if one.episode is None else line_of(one.episode)
    return more | {
        "text": one.text,
        "score": one.score,
        "strength": one.strength,
        "comes_from": one.comes_from,
        "over": one.over,
        "facts": [_fact(fact) for fact in one.facts],
        "dates": dates_of(one),
    }


def _fact(one: Episode) -> dict[str, Any]:
    line = line_of(one)
    return {name: line[name] for name in ("who", "what", "value", "valid_from", "valid_to")}


def _cut(name: str, lines: list[dict[str, Any]]) -> dict[str, Any]:
    """As many lines as an answer has room for, at least one; and how many there are beyond."""
    room = _LETTERS
    for place, line in enumerate(lines):
        room -= sum(len(value) for value in line.values() if isinstance(value, str))
        if place and room < 0:
            return {name: lines[:place], "left_out": len(lines) - place}
    return {name: lines}
