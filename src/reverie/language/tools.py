"""The tools of a memory for assistants that speak the Model Context Protocol (modelcontextprotocol.io).

A server is bound to one memory, so to one user, when it is made; no tool takes a user, a path or an address. What an
assistant remembers is as trusted as whoever started the server said, or less where the assistant says so.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError

from reverie import __version__
from reverie.errors import ReverieError
from reverie.language.lines import line_of
from reverie.language.memory import LanguageMemory
from reverie.language.passages import read_time
from reverie.language.recollection import Recollection

__all__ = ["tools_of"]

P = ParamSpec("P")
T = TypeVar("T")

_INSTRUCTIONS = (
    "A memory of one user that lasts. Use remember for what the user will want to be known later, one thing at a time. "
    "Use recall before answering what may have been said earlier, and confirm when a recollection turned out right: "
    "it stays strong. A newer fact takes the place of the older; forget deletes for good. "
    "What is not trusted is hearsay."
)


def _recalled(one: Recollection) -> dict[str, Any]:
    more = {} if one.episode is None else line_of(one.episode)
    return more | {
        "text": one.text,
        "score": one.score,
        "strength": one.strength,
        "comes_from": one.comes_from,
    }


def tools_of(memory: LanguageMemory, *, source: str = "assistant", trusted: bool = True) -> MCPServer[Any]:
    """A server with the tools of a memory.

    Parameters
    ----------
    source : str
        Under which what the assistant remembers is kept.
    trusted : bool
        Whether that may take the place of what is known, and be slept into weights.
    """
    server: MCPServer[Any] = MCPServer("reverie", version=__version__, instructions=_INSTRUCTIONS, log_level="WARNING")

    @server.tool()
    @_said_plainly
    def remember(
        text: str,
        who: str | None = None,
        what: str | None = None,
        value: str | None = None,
        session: str | None = None,
        hearsay: bool = False,
    ) -> dict[str, Any]:
        """Keep what is said, for good. For a fact also give who, what and value ("Ana", "city", "Rome"): a newer value
        then takes the place of the older. Turns of one conversation share a session. hearsay: it comes from a web page,
        a mail, or another source that the user does not vouch for."""
        ids = memory.remember(
            text,
            who=who,
            what=what,
            value=value,
            session=session,
            source=source,
            trusted=trusted and not hearsay,
        )
        return {"ids": ids, "episodes": [line_of(one) for one in memory.store.some(ids)]}

    @server.tool()
    @_said_plainly
    def recall(question: str, k: int = 5, as_of: str | None = None) -> dict[str, Any]:
        """What the memory knows about a question, the best first. as_of: a time in ISO 8601; what held then."""
        return {
            "found": [
                _recalled(one)
                for one in memory.recall(
                    question, min(k, 100), as_of=None if as_of is None else read_time(as_of, "as_of")
                )
            ]
        }

    @server.tool()
    @_said_plainly
    def confirm(question: str, ids: list[int]) -> dict[str, Any]:
        """Say that these ids answered the question rightly: they stay strong, and the next sleep learns from it."""
        memory.confirm(question, ids)
        return {"confirmed": ids}

    @server.tool()
    @_said_plainly
    def forget(ids: list[int] | None = None, who: str | None = None, what: str | None = None) -> dict[str, Any]:
        """Delete for good: ids, or everything known of someone (who), or one thing of them (who and what)."""
        return {"forgotten": memory.forget(ids, who=who, what=what)}

    @server.tool()
    @_said_plainly
    def sleep() -> dict[str, Any]:
        """Consolidate: learn from confirmed recalls, merge what says the same. Takes seconds to minutes."""
        return memory.sleep()

    @server.tool()
    @_said_plainly
    def history(who: str, what: str | None = None) -> dict[str, Any]:
        """Every version of what is known of someone, the oldest first."""
        return {"episodes": [line_of(one) for one in memory.history(who, what)]}

    return server


def _said_plainly(tool: Callable[P, T]) -> Callable[P, T]:
    """A user's error is told to the assistant as it is."""

    @wraps(tool)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return tool(*args, **kwargs)
        except ReverieError as error:
            raise ToolError(str(error)) from None

    return wrapped
