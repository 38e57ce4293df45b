"""A store for LangGraph (`langgraph.store.base.BaseStore`): items of a memory, kept by namespace and key.

An item is one pinned episode: its text is the value as JSON, its source and session are its address, so that neither a
night nor another item of the same content touches it. A deleted item is gone from the file.
"""

import asyncio
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from langgraph.store.base import (
    BaseStore,
    GetOp,
    Item,
    ListNamespacesOp,
    MatchCondition,
    Op,
    PutOp,
    Result,
    SearchItem,
    SearchOp,
)

from reverie.errors import BadData
from reverie.language.memory import LanguageMemory
from reverie.memory.episodic import Episode
from reverie.untrusted import parse_json

__all__ = ["ReverieStore"]

_MARK = "langgraph "
Namespace = tuple[str, ...]


class ReverieStore(BaseStore):  # type: ignore[misc]
    """The items of a memory.

    Parameters
    ----------
    memory : LanguageMemory
        May hold other things too: they are neither listed nor found here.
    """

    supports_ttl = False

    def __init__(self, memory: LanguageMemory) -> None:
        self.memory = memory

    def batch(self, ops: Iterable[Op]) -> list[Result]:
        """Do one after another; answers in this order."""
        return [self._do(op) for op in ops]

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        """As `batch`, in a thread."""
        return await asyncio.to_thread(self.batch, [*ops])

    def _do(self, op: Op) -> Result:
        match op:
            case GetOp(namespace, key):
                one = self._items().get((*namespace, key))
                return None if one is None else Item(**_item(one))
            case PutOp(namespace, key, value):
                return self._put((*namespace, key), value)
            case SearchOp():
                return self._search(op)
            case ListNamespacesOp():
                return self._namespaces(op)
        raise BadData(f"{type(op).__name__} is no operation of a store that is known here.")

    def _items(self) -> dict[Namespace, Episode]:
        """All items by namespace and key, in the order in which they were put."""
        return {
            tuple(parse_json(one.source.removeprefix(_MARK))): one
            for one in self.memory.store.live()
            if one.source.startswith(_MARK) and one.text is not None
        }

    def _put(self, address: Namespace, value: Any) -> None:
        old = self._items().get(address)
        where = _MARK + json.dumps(address, ensure_ascii=False)
        with self.memory.store.transaction():
            if old is not None:
                self.memory.forget([old.id])
            if value is not None:
                now = datetime.now(UTC)
                text = json.dumps(
                    {"value": value, "created": (now if old is None else _created(old)).isoformat()}, ensure_ascii=False
                )
                self.memory.remember(text, source=where, session=where, heard=now, pinned=True, read=False, whole=True)

    def _search(self, op: SearchOp) -> list[SearchItem]:
        depth = len(op.namespace_prefix)
        items = {
            one.source: one
            for address, one in self._items().items()
            if address[:-1][:depth] == op.namespace_prefix and _fits(_value(one), op.filter or {})
        }
        most = op.offset + op.limit
        if not op.query or not items:
            newest = sorted(items.values(), key=lambda one: (one.heard, one.id), reverse=True)
            return [SearchItem(**_item(one)) for one in newest[op.offset : most]]
        found = self.memory.recall(op.query, most, source=items)
        hits = [(items[one.episode.source], one.score) for one in found if one.episode is not None]
        return [SearchItem(**_item(one), score=score) for one, score in hits[op.offset : most]]

    def _namespaces(self, op: ListNamespacesOp) -> list[Namespace]:
        spaces = {address[:-1] for address in self._items()}
        kept = {
            space[: op.max_depth] for space in spaces if all(_match(space, one) for one in op.match_conditions or ())
        }
        return sorted(kept)[op.offset : op.offset + op.limit]


def _said(one: Episode) -> dict[str, Any]:
    return dict(parse_json(one.text or "{}"))


def _value(one: Episode) -> dict[str, Any]:
    return dict(_said(one)["value"])


def _created(one: Episode) -> datetime:
    return datetime.fromisoformat(_said(one)["created"])


def _item(one: Episode) -> dict[str, Any]:
    *namespace, key = parse_json(one.source.removeprefix(_MARK))
    return {
        "value": _value(one),
        "key": key,
        "namespace": tuple(namespace),
        "created_at": _created(one),
        "updated_at": one.heard,
    }


_COMPARED = {
    "$eq": lambda a, b: a == b,
    "$ne": lambda a, b: a != b,
    "$gt": lambda a, b: a > b,
    "$gte": lambda a, b: a >= b,
    "$lt": lambda a, b: a < b,
    "$lte": lambda a, b: a <= b,
}


def _fits(value: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """Whether a value passes a filter: equal parts, or the comparisons of LangGraph ("$gte" and so on)."""
    for name, asked in wanted.items():
        operators = (
            asked if isinstance(asked, dict) and any(str(key).startswith("$") for key in asked) else {"$eq": asked}
        )
        for operator, other in operators.items():
            if operator not in _COMPARED:
                raise BadData(f"The filter has the operator {operator!r}. Expected one of {', '.join(_COMPARED)}.")
            try:
                fits = _COMPARED[operator](value.get(name), other)
            except TypeError:
                return False
            if not fits:
                return False
    return True


def _match(space: Namespace, condition: MatchCondition) -> bool:
    """Whether a namespace begins, or ends, as a path with "*" for any part says."""
    path = tuple(condition.path)
    if len(space) < len(path):
        return False
    part = space[: len(path)] if condition.match_type == "prefix" else space[len(space) - len(path) :]
    return all(asked in ("*", given) for asked, given in zip(path, part, strict=True))
