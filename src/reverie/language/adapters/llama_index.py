"""A block of an agent's memory in LlamaIndex (`llama_index.core.memory.Memory`): what was said lasts, and comes back.

Messages that leave the agent's short-term memory are remembered; before an answer, what the memory knows of the last
question is put into the prompt (`LanguageMemory.context`).
"""

import asyncio
from typing import Any

from llama_index.core.base.llms.types import ChatMessage, MessageRole
from llama_index.core.memory import BaseMemoryBlock

from reverie.language.memory import LanguageMemory

__all__ = ["ReverieBlock"]

_SAID = {MessageRole.USER: True, MessageRole.ASSISTANT: False}  # whether it may replace what is known


class ReverieBlock(BaseMemoryBlock[str]):  # type: ignore[misc]
    """Long-term memory of an agent.

    Parameters
    ----------
    memory : LanguageMemory
    tokens : int
        The most that a prompt is told.
    """

    name: str = "reverie"
    memory: Any
    tokens: int = 800

    def __init__(self, memory: LanguageMemory, **fields: Any) -> None:
        super().__init__(memory=memory, **fields)

    async def _aget(self, messages: list[ChatMessage] | None = None, **block_kwargs: Any) -> str:
        asked = [one.content for one in messages or () if one.role == MessageRole.USER and (one.content or "").strip()]
        if not asked:
            return ""
        told = await asyncio.to_thread(self.memory.context, asked[-1], self.tokens)
        return str(told.text)

    async def _aput(self, messages: list[ChatMessage]) -> None:
        for one in messages:
            if one.role in _SAID and (one.content or "").strip():
                await asyncio.to_thread(
                    self.memory.remember,
                    one.content,
                    source=one.role.value,
                    speaker=None if one.role == MessageRole.USER else one.role.value,
                    trusted=_SAID[one.role],
                    session=one.additional_kwargs.get("session_id"),
                )

    async def atruncate(self, content: str, tokens_to_truncate: int) -> str | None:
        """As many lines as remain; the last are the least."""
        from reverie.language.context import estimated_tokens

        lines = content.split("\n")
        budget = estimated_tokens(content) - tokens_to_truncate
        while lines and estimated_tokens("\n".join(lines)) > budget:
            lines.pop()
        return "\n".join(lines) or None
