"""A `Memory` with the method names of mem0 (docs.mem0.ai), for programs that were written for it.

    from reverie.language.adapters.mem0 import Memory

What differs: nothing is asked of a language model, so what is added is kept as it was said, and facts are read by rules
beside it; a changed fact takes the place of the older, which stays in `history`; `score` is the probability that a
memory answers. Metadata, images and graphs are not kept, and are refused.
"""

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

from reverie.errors import BadData
from reverie.language.memory import LanguageMemory
from reverie.language.users import open_memory
from reverie.memory.episodic import Episode

__all__ = ["Memory"]

_ROLES = {"user": True, "assistant": False}  # whether what they say may replace what is known
Row = dict[str, Any]


class Memory:
    """Memories of many users, each in a folder of its own (`reverie.language.users`).

    Parameters
    ----------
    place : str
        The folder of all, or "postgresql://…".
    encoder : str, optional
        Of new memories: "hash", "minilm", or the folder of a sentence-transformers model.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, Memory(folder) as memory:
    ...     told = memory.add("I moved to Oslo.", user_id="ana@example.com")
    ...     found = memory.search("Where do I live?", user_id="ana@example.com")["results"]
    ...     told["results"][0]["event"], found[0]["memory"]
    ('ADD', 'I moved to Oslo.')
    """

    def __init__(self, place: str, *, encoder: str | None = None) -> None:
        self._place, self._encoder = str(place), encoder
        self._open: dict[str, LanguageMemory] = {}

    def add(
        self,
        messages: str | Mapping[str, str] | Sequence[Mapping[str, str]],
        *,
        user_id: str,
        run_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        infer: bool = True,
    ) -> dict[str, list[Row]]:
        """Keep what was said.

        Parameters
        ----------
        messages : str, mapping or sequence of mappings
            A text of the user's, or messages with `role` ("user", "assistant"; "system" is passed over) and `content`.
            What the assistant said is hearsay: it replaces nothing that is known.
        run_id : str, optional
            The conversation.
        infer : bool
            Whether facts are read.

        Returns
        -------
        dict
            `results`: of each memory `id`, `memory` and `event`: "ADD", or "NONE" where it was known.
        """
        if metadata:
            raise BadData("Metadata is not kept. Put what matters into the text, or give run_id.")
        memory = self._of(user_id)
        given: list[Mapping[str, str]]
        if isinstance(messages, str):
            given = [{"role": "user", "content": messages}]
        else:
            given = [messages] if isinstance(messages, Mapping) else [*messages]
        said = [_said(one) for one in given]
        rows: list[Row] = []
        for role, text in (one for one in said if one is not None):
            before = memory.store.clock
            ids = memory.remember(
                text,
                source=role,
                speaker=None if role == "user" else role,
                trusted=_ROLES[role],
                session=run_id,
                read=infer,
            )
            rows += [
                {"id": str(one.id), "memory": one.text, "event": "ADD" if _new(memory, one, before) else "NONE"}
                for one in memory.store.some(ids)
            ]
        return {"results": rows}

    def search(
        self, query: str, *, user_id: str, limit: int = 100, threshold: float | None = None
    ) -> dict[str, list[Row]]:
        """What answers a question, the best first, with the probability that it does as `score`."""
        found = self._of(user_id).recall(query, limit, threshold=threshold)
        hits = [one for one in found if one.episode is not None and not one.over]
        return {"results": [_row(one.episode, user_id) | {"score": one.score} for one in hits if one.episode]}

    def get(self, memory_id: str, *, user_id: str) -> Row | None:
        """A memory, or None."""
        one = self._of(user_id).store.get(_number(memory_id))
        return None if one is None or one.text is None else _row(one, user_id)

    def get_all(self, *, user_id: str, limit: int = 100) -> dict[str, list[Row]]:
        """The newest memories."""
        found, _ = self._of(user_id).latest(limit)
        return {"results": [_row(one, user_id) for one in found if one.text is not None]}

    def update(self, memory_id: str, data: str, *, user_id: str) -> dict[str, str]:
        """Put another text in the place of a memory; it gets a new id, which is told."""
        memory = self._of(user_id)
        old = memory.store.get(_number(memory_id))
        if old is None or old.text is None:
            raise BadData(f"There is no memory {memory_id!r} of this user. Expected an id that add or search gave.")
        with memory.store.transaction():
            memory.forget([old.id])
            ids = memory.remember(
                data, source=old.source, trusted=old.trusted, session=old.session, pinned=old.pinned, whole=True
            )
        return {"message": "Memory updated.", "id": str(ids[0])}

    def delete(self, memory_id: str, *, user_id: str) -> dict[str, str]:
        """Forget a memory for good."""
        if not self._of(user_id).forget([_number(memory_id)]):
            raise BadData(f"There is no memory {memory_id!r} of this user. Expected an id that add or search gave.")
        return {"message": "Memory deleted."}

    def delete_all(self, *, user_id: str) -> dict[str, str]:
        """Forget all that is known of and from a user, for good."""
        memory = self._of(user_id)
        memory.forget([one.id for one in memory.history() if one.forgotten is None])
        return {"message": "Memories deleted."}

    def history(self, memory_id: str, *, user_id: str) -> list[Row]:
        """The versions of the facts that a memory says, the oldest first; of what says no fact, itself."""
        memory = self._of(user_id)
        one = memory.store.get(_number(memory_id))
        facts = memory.facts([_number(memory_id)])
        if not facts:
            return [] if one is None else [_row(one, user_id)]
        seen: dict[int, Episode] = {}
        for fact in facts:
            seen |= {version.id: version for version in memory.history(fact.who, fact.what)}
        return [_row(version, user_id) for version in sorted(seen.values(), key=lambda some: some.id)]

    def close(self) -> None:
        """Give all stores back."""
        while self._open:
            self._open.popitem()[1].close()

    def __enter__(self) -> "Memory":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _of(self, user: str) -> LanguageMemory:
        if user not in self._open:
            self._open[user] = open_memory(self._place, user=user, encoder=self._encoder)
        return self._open[user]


def _said(message: Mapping[str, str]) -> tuple[str, str] | None:
    """Who says what; None for what the system says."""
    role, content = message.get("role"), message.get("content")
    if role == "system":
        return None
    if role not in _ROLES or not isinstance(content, str):
        raise BadData(
            f"A message has the role {role!r} and a content of type {type(content).__name__}. Expected the role "
            f'"user", "assistant" or "system", and a text.'
        )
    return role, content


def _number(memory_id: str) -> int:
    if not (isinstance(memory_id, str) and memory_id.isascii() and memory_id.isdigit() and len(memory_id) < 19):
        raise BadData(f"memory_id is {memory_id!r}. Expected an id that add or search gave, such as '12'.")
    return int(memory_id)


def _new(memory: LanguageMemory, one: Episode, before: int) -> bool:
    """Whether an episode came after the store's clock had stood so."""
    return any(
        episode.id == one.id and episode.heard == episode.rehearsed for episode, _ in memory.store.changes(before)
    )


def _row(one: Episode, user: str) -> Row:
    text = one.text if one.text is not None else None if one.value is None else f"{one.who}: {one.what}: {one.value}"
    return {
        "id": str(one.id),
        "memory": text,
        "user_id": user,
        "run_id": one.session,
        "created_at": one.heard.isoformat(),
        "updated_at": one.rehearsed.isoformat(),
    }
