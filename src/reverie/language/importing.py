"""Taking in what a file tells: all of it or nothing, and nothing twice.

What is there already is not told again: a turn of a conversation is the same where text and session are, and as often
as the file says it; any other thing where the text, and the fact that it says, are.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reverie.language.facts import kind_of
from reverie.language.ledger import Ledger, Read, place_of
from reverie.language.passages import passages_of
from reverie.language.told import Confirmation, Told
from reverie.memory.episodic import EpisodicStore
from reverie.memory.episodic.episode import same_key

__all__ = ["take_in"]

_MOST = 0.99  # importance of what a stranger tells: below 1, which pins
_NOTHING = Read(None, [])
Same = tuple[str | None, ...]


class _Piece(NamedTuple):
    """A thing that is told, as it is kept."""

    told: Told
    passages: list[str]
    session: str | None
    speaker: str | None


def take_in(
    store: EpisodicStore,
    told: list[Told],
    confirmed: list[Confirmation],
    encode: Callable[[list[str]], NDArray[np.float32]],
    *,
    trusted: bool,
) -> dict[str, int]:
    """Remember what a file tells; to be called within a transaction.

    Parameters
    ----------
    encode : callable
        Vectors of texts.
    trusted : bool
        Whether things are as trusted as they say they are; otherwise none is.

    Returns
    -------
    dict
        How many `episodes` are new, how many were `known`, how many `facts` were read beside the texts, and how many
        recalls were `confirmed`.
    """
    ledger = Ledger(store)
    pieces = [_piece(one) for one in told]
    kept = [one for one in store.all() if one.text is not None]
    known: Counter[Same] = Counter(_same(one.text, one.session, one.who, one.what, one.value) for one in kept)
    ids_of = {_same(one.text, one.session, one.who, one.what, one.value): one.id for one in kept}
    counts = Counter(episodes=0, known=0, facts=0, confirmed=0)
    texts = [text for piece in pieces for text in piece.passages]
    vectors: Iterator[NDArray[np.float32]] = iter(encode(texts)) if texts else iter(())
    new: dict[int, int] = {}
    for piece in pieces:
        own = [next(vectors) for _ in piece.passages]
        read = _NOTHING
        given = dict(piece.told.given)
        if "who" in given and "what" in given:
            given["who"], given["what"] = ledger.named(given["who"], given["what"])
        elif piece.told.read and not {"who", "what", "value"} & given.keys():
            read = ledger.read(piece.told.says or piece.told.text, speaker=piece.speaker, session=piece.session)
        fact = read.own.fact if read.own is not None and len(piece.passages) == 1 else None
        if fact is None and read.own is not None:
            read = Read(None, [read.own, *read.beside])
        elif fact is not None:
            given |= fact._asdict()
        same = _same(piece.passages[0], piece.session, given.get("who"), given.get("what"), given.get("value"))
        if known[same] > 0:
            known[same] -= piece.session is not None
            counts["known"] += 1
            if piece.told.id is not None:
                new[piece.told.id] = ids_of[same]
            continue
        last = store.count()
        ids = _add(store, ledger, piece, own, given, read, trusted=trusted and piece.told.trusted)
        counts["episodes"] += max(ids) > last
        counts["known"] += max(ids) <= last  # the fact was known in other words
        counts["facts"] += len(store.read_in(ids))
        if piece.session is None:
            known[same] += 1
            ids_of[same] = ids[0]
        if piece.told.id is not None:
            new[piece.told.id] = ids[0]
    counts["confirmed"] = _confirm(store, confirmed, new)
    return dict(counts)


def _piece(told: Told) -> _Piece:
    given = told.given
    speaker, session = given.pop("speaker", None), given.get("session")
    passages = [told.text] if told.whole or "value" in given else passages_of(told.text)
    if len(passages) > 1 and session is None:
        session = given["session"] = f"text {sha256(told.text.encode()).hexdigest()[:12]}"
    return _Piece(told, passages, session, speaker)


def _same(text: str | None, session: str | None, who: str | None, what: str | None, value: str | None) -> Same:
    return (text, session, *(None if one is None else same_key(one) for one in (who, what, value)))


def _add(
    store: EpisodicStore,
    ledger: Ledger,
    piece: _Piece,
    vectors: list[NDArray[np.float32]],
    given: dict[str, Any],
    read: Read,
    *,
    trusted: bool,
) -> list[int]:
    """Keep one thing, and the facts that were read in it; the ids of its passages."""
    fields: dict[str, Any] = dict(given)
    if not trusted and isinstance(importance := fields.get("importance"), float):
        fields["importance"] = min(importance, _MOST)
    heard: datetime = fields.setdefault("heard", datetime.now(UTC))
    what = fields.get("what")
    if read.own is not None:
        fields.setdefault("valid_from", ledger.since(read.own, heard, trusted))
    ids = []
    for passage, vector in zip(piece.passages, vectors, strict=True):
        kind = fields.get("kind") or kind_of(passage, fact=fields.get("value") is not None)
        several = isinstance(what, str) and ledger.attributes.of(what).several
        id = store.add(passage, vector, trusted=trusted, several=several, **(fields | {"kind": kind}))
        store.restore(id, **piece.told.later)
        ids.append(id)
    if read.own is not None:
        ledger.end_opposite(read.own.fact, fields["valid_from"], trusted)
    for said in read.beside:
        ledger.keep(
            said,
            place_of(said, piece.passages, ids),
            at=heard,
            since=fields.get("valid_from"),
            source=fields.get("source", "user"),
            trusted=trusted,
        )
    return ids


def _confirm(store: EpisodicStore, confirmed: list[Confirmation], new: dict[int, int]) -> int:
    """Log the recalls that a file says were confirmed; how many are new."""
    there = {(one.question, one.ids) for one in store.confirmed()}
    count = 0
    for one in confirmed:
        ids = tuple(sorted({new[id] for id in one.answers if id in new}))
        if ids and (one.question, ids) not in there:
            store.confirm(one.question, ids, one.at, rehearse=False)
            there.add((one.question, ids))
            count += 1
    return count
