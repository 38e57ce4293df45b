"""How a tool of a memory is called: with arguments of known kinds and sizes, few calls at a time, and plain errors.

An argument that a tool does not have is refused: of a misspelt one the assistant would think that it was heeded. What
an error says is the reason, without the paths of the machine.
"""

import re
from collections.abc import Callable, Coroutine
from functools import partial, wraps
from typing import Annotated, Any, ParamSpec, TypeVar

from anyio import to_thread
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.tools import Tool
from mcp.server.mcpserver.utilities.func_metadata import ArgModelBase
from mcp_types import ToolAnnotations
from pydantic import BeforeValidator, ConfigDict, Field, create_model, model_validator

from reverie.errors import ReverieError
from reverie.language.memory import LanguageMemory

__all__ = ["Calls", "Id", "Ids", "Name", "Question", "Text", "Time", "tool_of"]

P = ParamSpec("P")
T = TypeVar("T")

_MOST = 32  # calls at once
_PATH = re.compile(r"(?<![\w/\\.])(?:[A-Za-z]:)?(?:[/\\][^\s'\"`/\\,;()]+){2,}[/\\]?")


def _given(value: Any) -> Any:
    """Nothing, for what is null: many assistants send all arguments that a tool has."""
    return "" if value is None else value


# These are annotated as `str`, never as `str | None`: of any other type the server reads a text such as "null" or
# "[1]" as JSON, and the value that was said would be lost.
Text = Annotated[str, Field(max_length=100_000)]
Question = Annotated[str, Field(max_length=10_000)]
Name = Annotated[str, BeforeValidator(_given), Field(max_length=1000)]
Time = Annotated[str, BeforeValidator(_given), Field(max_length=40)]
Id = Annotated[int, Field(strict=True, ge=1, lt=2**63)]
Ids = Annotated[list[Id], Field(max_length=1000, fail_fast=True)]


class _OnlyKnown(ArgModelBase):
    """Arguments of which each must be known."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _named(cls, given: Any) -> Any:
        unknown = [name for name in given if name not in cls.model_fields]
        if unknown:
            known = ", ".join(cls.model_fields) or "none"
            raise ValueError(f"There is no argument {unknown[0][:50]!r}. Expected some of: {known}.")
        return given


def tool_of(function: Callable[..., Any], *, reads: bool = False, destroys: bool = False, again: bool = False) -> Tool:
    """A tool that refuses arguments which it does not have.

    Parameters
    ----------
    reads, destroys, again : bool
        Whether it changes nothing, whether it takes something away, and whether a second call changes nothing more.
    """
    hints = ToolAnnotations(
        read_only_hint=reads, destructive_hint=destroys, idempotent_hint=reads or again, open_world_hint=False
    )
    tool = Tool.from_function(function, annotations=hints)
    known = tool.fn_metadata.arg_model
    tool.fn_metadata.arg_model = create_model(known.__name__, __base__=(known, _OnlyKnown))
    tool.parameters = tool.fn_metadata.arg_model.model_json_schema(by_alias=True)
    return tool


class Calls:
    """The calls of the tools of one memory."""

    def __init__(self, memory: LanguageMemory) -> None:
        self.memory = memory
        self._waiting = 0

    def __call__(self, tool: Callable[P, T]) -> Callable[P, Coroutine[Any, Any, T]]:
        """A tool that answers while others do, and refuses where too many wait."""

        @wraps(tool)
        async def wrapper(*args: P.args, **kwargs: P.kwargs) -> T:
            if self._waiting >= _MOST:
                raise ToolError(f"{_MOST} calls wait for their answers already. Call again when some have come.")
            self._waiting += 1
            try:
                return await to_thread.run_sync(partial(self._said_plainly, tool, *args, **kwargs))
            finally:
                self._waiting -= 1

        return wrapper

    def _said_plainly(self, tool: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """What a tool answers; an error says its reason."""
        try:
            return tool(*args, **kwargs)
        except ReverieError as error:
            raise ToolError(self._without_paths(str(error))) from None
        except OSError as error:
            raise ToolError(f"The machine refuses ({error.strerror or type(error).__name__}).") from None
        except MemoryError:
            raise ToolError("The machine has too little memory for that.") from None

    def _without_paths(self, text: str) -> str:
        folder = self.memory.folder
        for path in () if folder is None else (folder.absolute(), folder.resolve()):
            text = text.replace(str(path), "the memory")
        encoder = self.memory.store.encoder
        text = text.replace(encoder, "its encoder") if "/" in encoder or "\\" in encoder else text
        return _PATH.sub("…", text)
