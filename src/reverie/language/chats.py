"""Conversations and memories as other programs export them, as things that are told to a memory.

Known are lists of messages with `role` and `content` (alone, under `messages`, or a line each), the exports of
ChatGPT (`mapping`) and of Claude (`chat_messages`), memories of mem0 (`memory`), the entities and relations of the
memory server of the Model Context Protocol, and LoCoMo. Facts are read from what people say; not from what an
assistant, a system prompt or a tool says: it speaks of many things, and "I" is not the user there.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from hashlib import sha256
from typing import Any

from reverie.errors import BadData
from reverie.language.passages import check_text
from reverie.language.told import Told, time_of

__all__ = ["told_in"]

_NAME = 1000  # characters
_LOCOMO_TIME = "%I:%M %p on %d %B, %Y"


def told_in(value: Any, number: int = 0) -> Iterator[Told] | None:
    """What a JSON value tells, if it is of a kind that is known here; else None.

    Parameters
    ----------
    number : int
        Where it stands in its file; chats that have no name are told apart by it.

    Examples
    --------
    >>> [one.text for one in told_in([{"role": "user", "content": "I moved to Oslo."}])]
    ['I moved to Oslo.']
    >>> told_in({"text": "a line of our own"}) is None
    True
    """
    if isinstance(value, list):
        if value and all(isinstance(one, dict) and "role" in one and "content" in one for one in value):
            return _chat(value, number)
        parts = [told_in(one, place) for place, one in enumerate(value)]
        if value and all(part is not None for part in parts):
            return (one for part in parts if part is not None for one in part)
        return None
    if not isinstance(value, dict):
        return None
    for field, reader in _KINDS:
        if field in value:
            return reader(value, number)
    return None


def _messages(value: dict[str, Any], number: int) -> Iterator[Told]:
    name = value.get("id") or value.get("title")
    yield from _chat(_list(value["messages"], "messages"), number, session=_name(name, "chat") if name else None)


def _one_message(value: dict[str, Any], number: int) -> Iterator[Told]:
    """A message in a line of its own: all of a file are one chat, unless they name theirs."""
    name = value.get("session") or value.get("thread_id") or value.get("conversation_id")
    yield from _chat([value], number, session=_name(name, "chat") if name else "chat in lines")


def _chat(messages: list[Any], number: int, session: str | None = None) -> Iterator[Told]:
    for message in messages:
        if not isinstance(message, dict) or "role" not in message or "content" not in message:
            raise BadData("a message has no role or no content")
        text = _content(message["content"])
        if not text.strip():
            continue
        if session is None:
            session = f"chat {number} {sha256(text.encode('utf-8', 'replace')).hexdigest()[:12]}"
        at = next((message[name] for name in ("timestamp", "created_at", "create_time") if message.get(name)), None)
        yield _turn(text, str(message["role"]), session, time_of(at))


def _turn(text: str, role: str, session: str, at: datetime | None) -> Told:
    role = _name(role, "role")
    person = role.casefold() in {"user", "human"}
    given: dict[str, Any] = {"source": "user" if person else role, "session": session, "speaker": "user"}
    return Told(check_text(text), given | ({} if at is None else {"heard": at}), read=person)


def _content(content: Any) -> str:
    """The text of a message: of several parts, those that are text."""
    if isinstance(content, str):
        return content
    if isinstance(content, dict):
        content = content.get("parts", [content])
    if isinstance(content, list):
        texts = [one if isinstance(one, str) else one.get("text") if isinstance(one, dict) else None for one in content]
        return "\n".join(text for text in texts if isinstance(text, str))
    return ""


def _chatgpt(value: dict[str, Any], number: int) -> Iterator[Told]:
    """The branch of a conversation that was shown last."""
    nodes = value["mapping"]
    if not isinstance(nodes, dict):
        raise BadData("mapping is no object")
    current = value.get("current_node")
    seen: list[Any] = []
    if current not in nodes:
        ordered = sorted(nodes.values(), key=lambda node: _when(node.get("message")) if isinstance(node, dict) else 0.0)
    else:
        while isinstance(current, str) and current in nodes and len(seen) <= len(nodes):
            seen.append(nodes[current])
            current = nodes[current].get("parent") if isinstance(nodes[current], dict) else None
        ordered = seen[::-1]
    named = value.get("conversation_id") or value.get("id") or value.get("title") or number
    session = _name(f"chatgpt {named}", "the conversation's name")
    for node in ordered:
        message = node.get("message") if isinstance(node, dict) else None
        if not isinstance(message, dict) or not isinstance(message.get("author"), dict):
            continue
        role, text = str(message["author"].get("role")), _content(message.get("content"))
        if role in {"user", "assistant"} and text.strip():
            yield _turn(text, role, session, time_of(message.get("create_time")))


def _when(message: Any) -> float:
    at = message.get("create_time") if isinstance(message, dict) else None
    return float(at) if isinstance(at, int | float) else 0.0


def _claude(value: dict[str, Any], number: int) -> Iterator[Told]:
    session = _name(f"claude {value.get('uuid') or value.get('name') or number}", "the conversation's name")
    for message in _list(value["chat_messages"], "chat_messages"):
        text = _content(message.get("text") or message.get("content")) if isinstance(message, dict) else ""
        if text.strip():
            yield _turn(text, str(message.get("sender", "assistant")), session, time_of(message.get("created_at")))


def _mem0(value: dict[str, Any], number: int) -> Iterator[Told]:
    at = time_of(value.get("updated_at") or value.get("created_at"))
    text = _text(value["memory"], "memory")
    yield Told(text, {"source": "mem0"} | ({} if at is None else {"heard": at}))


def _results(value: dict[str, Any], number: int) -> Iterator[Told]:
    for one in _list(value["results"], "results"):
        if not isinstance(one, dict) or "memory" not in one:
            raise BadData("a result has no memory")
        yield from _mem0(one, number)


def _graph(value: dict[str, Any], number: int) -> Iterator[Told]:
    for one in _list(value["entities"], "entities"):
        yield from _entity(one, number)
    for one in _list(value.get("relations", []), "relations"):
        yield from _relation(one, number)


def _entity(value: dict[str, Any], number: int) -> Iterator[Told]:
    """What was observed of somebody: "Lives in Oslo" is said of who is named."""
    who = _name(value.get("name"), "name").replace("_", " ").strip()
    for one in _list(value.get("observations", []), "observations"):
        seen = _text(one, "an observation").strip()
        says = seen if who.casefold() in seen.casefold() else f"{who} {seen[0].lower()}{seen[1:]}"
        yield Told(seen if says is seen else f"{who}: {seen}", {"source": "mcp memory"}, says=says)


def _relation(value: dict[str, Any], number: int) -> Iterator[Told]:
    parts = [_name(value.get(name), name).replace("_", " ").strip() for name in ("from", "relationType", "to")]
    yield Told(check_text(" ".join(parts) + "."), {"source": "mcp memory"})


def _typed(value: dict[str, Any], number: int) -> Iterator[Told]:
    if value["type"] == "entity":
        yield from _entity(value, number)
    elif value["type"] == "relation":
        yield from _relation(value, number)
    else:
        raise BadData(f"the type is {str(value['type'])[:50]!r}, expected entity or relation")


def _locomo(value: dict[str, Any], number: int) -> Iterator[Told]:
    talk = value["conversation"]
    if not isinstance(talk, dict):
        raise BadData("conversation is no object")
    name = _name(str(value.get("sample_id", number)), "sample_id")
    sessions = [key for key in talk if key.startswith("session_") and isinstance(talk[key], list)]
    for session in sessions:
        said = talk.get(f"{session}_date_time", "")
        try:
            at = {"heard": time_of(datetime.strptime(said, _LOCOMO_TIME).isoformat())} if said else {}
        except (TypeError, ValueError):
            raise BadData(f"the time {str(said)[:50]!r} is none; expected one as 1:56 pm on 8 May, 2023") from None
        for turn in talk[session]:
            if not isinstance(turn, dict) or not isinstance(turn.get("text"), str) or "speaker" not in turn:
                raise BadData("a turn has no speaker or no text")
            if turn["text"].strip():
                who = _name(turn["speaker"], "speaker")
                given = {"source": who, "session": f"{name} {session}", "speaker": who}
                yield Told(check_text(f"{who}: {turn['text']}"), given | at)


_Reader = Callable[[dict[str, Any], int], Iterator[Told]]
_KINDS: tuple[tuple[str, _Reader], ...] = (
    ("messages", _messages),
    ("mapping", _chatgpt),
    ("chat_messages", _claude),
    ("memory", _mem0),
    ("results", _results),
    ("entities", _graph),
    ("conversation", _locomo),
    ("type", _typed),
    ("role", _one_message),
)


def _list(value: Any, what: str) -> list[Any]:
    if not isinstance(value, list):
        raise BadData(f"{what} is no list")
    return value


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise BadData(f"{what} is {type(value).__name__}. Expected text.")
    return check_text(value, what)


def _name(value: Any, what: str) -> str:
    return check_text(value if isinstance(value, str) else str(value or ""), what, longest=_NAME)
