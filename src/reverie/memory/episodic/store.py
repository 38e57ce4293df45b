"""What every store of episodes does, whichever database holds it.

A store belongs to one user. What a method has done is durable when it returns, and happens whole or not at all;
`transaction` makes one of several. Nothing is ever deleted by row: who asks for an id gets what is still known of
it, and an id is never given again. Each change moves the clock of the store on and is stamped on the rows that it
touched, so that who keeps a copy in memory (`reverie.memory.episodic.mirror`) reads only what is new.

Versions of a fact are told apart by who and what. A newer one takes the place of the older, from the time on when it
begins to hold: `valid_to` of the older is set, and `history` shows both. Of an attribute with several values none takes
another's place. A fact from an untrusted source takes no trusted one's place.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reverie.errors import BadData, CorruptFile
from reverie.memory.episodic.episode import KINDS, Confirmed, Episode, said_in, same_key
from reverie.memory.episodic.forgetting import encode_strength, rehearse
from reverie.memory.episodic.rows import COLUMNS, EPOCH, TIMES, episode_of, holes, moment, parts, stamp
from reverie.untrusted import parse_json

__all__ = ["SCHEMA", "EpisodicStore"]

SCHEMA = 2
"""Version of the tables, the newest that is read; a store of a newer one is refused."""

_THERE = "forgotten IS NULL AND merged IS NULL"
_LIVE = f"{_THERE} AND (valid_to IS NULL OR valid_to > ?) AND (value IS NULL OR valid_from <= ?)"
_EMPTY = "text = NULL, value = NULL, vector = NULL"
_NAMELESS = "who = NULL, what = NULL, who_key = NULL, what_key = NULL"


class EpisodicStore(ABC):
    """Episodes of one user.

    A subclass says how to reach a database, in the methods that are abstract. Its tables are `episodes`, `recalls`,
    `answers`, `named` and `clock`, and hold the rows of this user alone.

    Attributes
    ----------
    encoder : str
        By what the vectors were made.
    dimension : int
        How many numbers each has.
    """

    encoder: str
    dimension: int
    shelf: Path | None = None
    """A file beside the database for what a search needs (`reverie.memory.episodic.shelf`); None: nowhere."""

    # the database

    @property
    def changing(self) -> bool:
        """Whether a change has begun that has not ended."""
        return False

    @abstractmethod
    def transaction(self) -> AbstractContextManager[None]:
        """All that is done within is one change, or none if it raises; may be nested."""

    @abstractmethod
    def alone(self) -> AbstractContextManager[None]:
        """While one sleeps, whoever else wants to, in whichever process, is refused; the rest goes on."""

    @abstractmethod
    def close(self) -> None:
        """Give the database back."""

    @abstractmethod
    def _run(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Run a statement that returns nothing; how many rows it touched."""

    @abstractmethod
    def _ask(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows that a statement returns."""

    @abstractmethod
    def _pack(self, vector: NDArray[np.float32]) -> Any:
        """A vector as the database takes it."""

    @abstractmethod
    def _unpack(self, value: Any) -> NDArray[np.float32]:
        """A vector as the database gave it."""

    @abstractmethod
    def _erased(self) -> None:
        """Called after content was taken away, outside of a transaction: leave no copy of it in the database."""

    def _key(self, name: str) -> str:
        """By what versions of one fact are told to be that."""
        return same_key(name)

    def _agree(self, name: str, schema: int, encoder: str | None, dimension: int | None) -> None:
        """Take over by what the vectors are made; refuse another encoder, and tables of a newer version."""
        if schema > SCHEMA:
            raise BadData(
                f"{name} was written by a newer Reverie (tables of version {schema}, this one knows {SCHEMA}). "
                "Install that version: pip install --upgrade reverie"
            )
        try:
            made = self.get_named("encoder")
            self.encoder, self.dimension = str(made["name"]), int(made["dimension"])
        except (KeyError, TypeError, ValueError, OverflowError):
            raise CorruptFile(f"{name} does not say by what its vectors were made. Restore it from a copy.") from None
        given = (encoder or self.encoder, dimension or self.dimension)
        if given != (self.encoder, self.dimension):
            raise BadData(
                f"{name} was made with the encoder {self.encoder!r} of {self.dimension} numbers; given is {given[0]!r} "
                f"of {given[1]}. Open it without naming an encoder, or export it and import it into a new memory."
            )

    # writing

    def add(
        self,
        text: str | None,
        vector: NDArray[np.float32] | None,
        *,
        who: str | None = None,
        what: str | None = None,
        value: str | None = None,
        kind: str = "episodic",
        source: str = "user",
        trusted: bool = True,
        session: str | None = None,
        valid_from: datetime | None = None,
        heard: datetime | None = None,
        novelty: float = 1.0,
        importance: float = 0.5,
        several: bool = False,
    ) -> int:
        """Keep an episode; its id.

        A fact whose value is what already holds is a rehearsal of that, and no new episode: its id comes back. A fact
        takes the place of the one that held when it began to.

        Parameters
        ----------
        text, vector : optional
            None: of a fact that was read in the text of another episode.
        several : bool
            Whether the fact's attribute has several values: then the fact takes no other value's place.
        """
        if vector is not None:
            vector = np.ascontiguousarray(vector, dtype=np.float32)
            if vector.shape != (self.dimension,) or not np.isfinite(vector).all():
                raise BadData(f"vector has shape {vector.shape}. Expected {self.dimension} finite numbers.")
        if (text is None or vector is None) and value is None:
            raise BadData("Without a text there must be a fact. Give who, what and value.")
        if kind not in KINDS:
            raise BadData(f"kind is {kind!r}. Expected one of {', '.join(KINDS)}.")
        if len({who is None, what is None, value is None}) > 1:
            raise BadData("A fact needs all of who, what and value; free text has none of them. Give all or none.")
        now = heard or datetime.now(UTC)
        begins = valid_from or now
        with self.transaction():
            ends = None
            if who is not None and what is not None and value is not None:
                same, ends = self._same(who, what, value, trusted, begins), None
                if same is not None and (same.text is not None or text is None):
                    self.rehearse([same.id], now)
                    return same.id
                if same is not None:  # read in a longer text; from now on this one says it
                    self.supersede([same.id], begins)
                if not several:
                    ends = self._make_room(who, what, trusted, begins)
            last = self.count()
            stability, difficulty = encode_strength(now.astimezone(UTC), pinned=importance >= 1)
            row = {
                "id": last + 1, "text": text, "who": who, "what": what, "value": value, "kind": kind, "source": source,
                "trusted": int(trusted), "session": session, "valid_from": stamp(begins), "valid_to": stamp(ends),
                "heard": stamp(now), "novelty": float(novelty), "importance": float(importance),
                "stability": stability, "difficulty": difficulty, "rehearsed": stamp(now), "stage": 0,
                "vector": None if vector is None else self._pack(vector), "changed": self._tick(),
                "who_key": None if who is None else self._key(who),
                "what_key": None if what is None else self._key(what),
            }  # fmt: skip
            places = ", ".join("?" * len(row))
            self._run(f"INSERT INTO episodes ({', '.join(row)}) VALUES ({places})", list(row.values()))
        return last + 1

    def _rivals(self, who: str, what: str, trusted: bool) -> list[Episode]:
        """The versions whose place a fact may take."""
        versions = [one for one in self.history(who, what) if one.forgotten is None and one.merged is None]
        return [one for one in versions if trusted or not one.trusted]

    def _same(self, who: str, what: str, value: str, trusted: bool, at: datetime) -> Episode | None:
        """The version that says the same, as trusted, and holds at a time."""
        for one in self._rivals(who, what, trusted):
            says = one.value is not None and same_key(one.value) == same_key(value) and one.trusted == trusted
            if says and one.holds(at, at):
                return one
        return None

    def _make_room(self, who: str, what: str, trusted: bool, begins: datetime) -> datetime | None:
        """End the validity of what a fact replaces; when a later version begins."""
        rivals = self._rivals(who, what, trusted)
        held = [one for one in rivals if one.valid_from <= begins and (one.valid_to is None or one.valid_to > begins)]
        self.supersede([one.id for one in held], begins)
        return min((one.valid_from for one in rivals if one.valid_from > begins), default=None)

    def end(self, who: str, what: str, value: str | None, when: datetime, *, trusted: bool = True) -> list[Episode]:
        """Say that a fact, or every value of an attribute, no longer holds from a time on; what it has ended.

        What is not trusted ends nothing that is.
        """
        with self.transaction():
            held = [one for one in self._rivals(who, what, trusted) if one.value is not None and one.holds(when, when)]
            ended = [one for one in held if value is None or same_key(one.value or "") == same_key(value)]
            self.supersede([one.id for one in ended], when)
        return ended

    def supersede(self, ids: Iterable[int], when: datetime | None = None) -> None:
        """These held until then."""
        at = stamp(when or datetime.now(UTC))
        self._update(ids, "valid_to = ?", (at,))

    def rehearse(self, ids: Iterable[int], when: datetime | None = None) -> None:
        """These were recalled, and rightly: they are stronger."""
        now = (when or datetime.now(UTC)).astimezone(UTC)
        with self.transaction():
            for one in self.some(ids):
                stability, difficulty = rehearse(one.stability, one.difficulty, one.rehearsed, now)
                last = stamp(max(now, one.rehearsed))
                self._update([one.id], "stability = ?, difficulty = ?, rehearsed = ?", (stability, difficulty, last))

    def restore(self, id: int, **fields: Any) -> None:
        """Set fields of an episode to what another store says of it: valid_to, stability, difficulty, rehearsed."""
        unknown = fields.keys() - {"valid_to", "stability", "difficulty", "rehearsed"}
        if unknown:
            raise BadData(f"{', '.join(sorted(unknown))} cannot be restored.")
        values = [stamp(value) if name in TIMES else float(value) for name, value in fields.items()]
        if fields:
            self._update([id], ", ".join(f"{name} = ?" for name in fields), values)

    def mark(self, ids: Iterable[int], *, night: int | None, stage: int) -> None:
        """Say which night moved these into the weights, and on how many nights that was proven."""
        self._update(ids, "night = ?, stage = ?", (night, stage))

    def weigh(self, ids: Iterable[int], importance: float) -> None:
        """Give these an importance; 1 pins them."""
        self._update(ids, "importance = ?", (float(importance),))

    def date(self, id: int, valid_from: datetime, *, several: bool = False) -> None:
        """Say since when an episode holds; the versions of a fact end where the next one now begins.

        What was said to be over at a time stays so. `several` as in `add`.
        """
        with self.transaction():
            one = self.get(id)
            if one is None or one.forgotten is not None or one.merged is not None:
                raise BadData(f"There is no memory {id}. Expected the id of one that is there.")
            rivals: list[Episode] = []
            if one.who is not None and one.what is not None and not several:
                rivals = [r for r in self._rivals(one.who, one.what, one.trusted) if r.id != id]
                rivals = [r for r in rivals if r.trusted == one.trusted]
            begins = {r.valid_from for r in rivals}
            chained = one.valid_to is None or one.valid_to in begins
            ends = min((at for at in begins if at > valid_from), default=None) if chained else one.valid_to
            if ends is not None and ends <= valid_from:
                raise BadData(
                    f"valid_from is {valid_from.isoformat()}, and it held until {ends.isoformat()}. Give an earlier"
                    " time."
                )
            times = (stamp(valid_from), stamp(ends))
            self._update([id], "valid_from = ?, valid_to = ?", times)
            for other in rivals:
                held = other.valid_from <= valid_from and (other.valid_to is None or other.valid_to > valid_from)
                if other.valid_to == one.valid_from or held:
                    later = (begins | {valid_from}) - {other.valid_from}
                    following = min((at for at in later if at > other.valid_from), default=None)
                    self._update([other.id], "valid_to = ?", (stamp(following),))

    def merge(self, ids: Iterable[int], into: int) -> None:
        """Another episode says the same and stands for these: their content goes, they stay to be explained."""
        with self.transaction():
            if self.get(into) is None:
                raise BadData(f"There is no episode {into} to merge into.")
            self._update([one for one in ids if one != into], f"{_EMPTY}, merged = ?", (into,))
        self._erased()

    def drop_text(self, ids: Iterable[int]) -> None:
        """Delete text, value and vector of episodes that live in the weights; their keys stay, as cues."""
        self._update(ids, _EMPTY)
        self._erased()

    def forget(self, ids: Iterable[int], when: datetime | None = None) -> list[int]:
        """Take the content of these away, and of all that were merged with them; the ids that were there.

        The key of what lives in the weights is kept until `bury`: the next night needs it to find what to forget.
        """
        at = stamp(when or datetime.now(UTC))
        with self.transaction():
            found = sorted({one.id for one in self.some(self._family(ids)) if one.forgotten is None})
            self._update(found, f"{_EMPTY}, forgotten = ?", (at,))
            self._update([one.id for one in self.some(found) if one.night is None], _NAMELESS)
            for part in parts(found):
                answered = f"SELECT recall FROM answers WHERE episode IN ({holes(part)})"
                self._run(f"DELETE FROM recalls WHERE id IN ({answered})", part)
                self._run(f"DELETE FROM answers WHERE recall IN ({answered})", part)
        self._erased()
        return found

    def bury(self, ids: Iterable[int]) -> None:
        """The weights have forgotten these too: their keys go, and only the fact that they were is left."""
        gone = [one.id for one in self.some(ids) if one.forgotten is not None]
        self._update(gone, _NAMELESS)
        self._erased()

    def confirm(
        self, question: str, ids: Iterable[int], when: datetime | None = None, *, rehearse: bool = True
    ) -> None:
        """Log for the night that these answered a question, and rehearse them."""
        now = when or datetime.now(UTC)
        with self.transaction():
            there = [one.id for one in self.some(ids) if one.forgotten is None]
            if not there:
                return
            ((last,),) = self._ask("SELECT coalesce(max(id), 0) FROM recalls")
            self._run("INSERT INTO recalls (id, question, at) VALUES (?, ?, ?)", (last + 1, question, stamp(now)))
            for one in there:
                self._run("INSERT INTO answers (recall, episode) VALUES (?, ?)", (last + 1, one))
            if rehearse:
                self.rehearse(there, now)

    def _update(self, ids: Iterable[int], change: str, values: Sequence[Any] = ()) -> None:
        with self.transaction():
            now = self._tick()
            for part in parts(ids):
                sql = f"UPDATE episodes SET {change}, changed = ? WHERE id IN ({holes(part)})"
                self._run(sql, [*values, now, *part])

    def _tick(self) -> int:
        """Move the clock on; the first that a change does, so that changes of one user come one after another."""
        self._run("UPDATE clock SET at = at + 1")
        return self.clock

    # reading

    @property
    def clock(self) -> int:
        """Moves on with each change."""
        try:
            return int(self._ask("SELECT at FROM clock")[0][0])
        except (IndexError, TypeError, ValueError):
            raise CorruptFile("The memory has lost its clock. Restore it from a copy.") from None

    def count(self) -> int:
        """How many episodes there ever were: the largest id."""
        return int(self._ask("SELECT coalesce(max(id), 0) FROM episodes")[0][0])

    def get(self, id: int) -> Episode | None:
        """What is known of an id; None where there never was one."""
        return next(iter(self.some([id])), None)

    def some(self, ids: Iterable[int]) -> list[Episode]:
        """Those of some ids that there are."""
        found: list[Episode] = []
        for part in parts(ids):
            found += self._episodes(f"WHERE id IN ({holes(part)})", part)
        return found

    def all(self) -> list[Episode]:
        """Every episode that ever was, forgotten ones without their content."""
        return self._episodes()

    def latest(self, limit: int, *, before: int | None = None) -> list[Episode]:
        """So many of those that are there, the newest first, of ids below `before`."""
        last = 2**63 - 1 if before is None else max(0, min(before, 2**63 - 1))
        return self._episodes(f"WHERE {_THERE} AND id < ?", [last, limit], "ORDER BY id DESC LIMIT ?")

    def held(self) -> tuple[int, int]:
        """How many texts there are, and how many facts, of all versions."""
        ((texts, facts),) = self._ask(f"SELECT count(text), count(value) FROM episodes WHERE {_THERE}")
        return int(texts), int(facts)

    def facts(self, now: datetime | None = None) -> list[Episode]:
        """The facts that hold at a time; None: now."""
        at = stamp(now or datetime.now(UTC))
        return self._episodes(f"WHERE {_LIVE} AND value IS NOT NULL", [at, at])

    def live(self, now: datetime | None = None) -> list[Episode]:
        """What is there and holds at a time; None: now."""
        at = stamp(now or datetime.now(UTC))
        return self._episodes(f"WHERE {_LIVE}", [at, at])

    def read_in(self, ids: Iterable[int]) -> list[Episode]:
        """The facts that were read in the texts of these."""
        found: list[Episode] = []
        for part in parts(ids):
            sessions = [said_in(id) for id in part]
            found += self._episodes(f"WHERE text IS NULL AND session IN ({holes(part)})", sessions)
        return found

    def history(self, who: str, what: str | None = None) -> list[Episode]:
        """Every version of what is known of someone, the oldest first."""
        order = "ORDER BY what_key, valid_from, id"
        if what is None:
            return self._episodes("WHERE who_key = ?", [self._key(who)], order)
        return self._episodes("WHERE who_key = ? AND what_key = ?", [self._key(who), self._key(what)], order)

    def waiting(self, now: datetime | None = None) -> list[Episode]:
        """Facts for the next night: trusted, holding at a time (None: now), not yet in the weights."""
        at = stamp(now or datetime.now(UTC))
        return self._episodes(f"WHERE {_LIVE} AND value IS NOT NULL AND trusted = 1 AND night IS NULL", [at, at])

    def learned(self) -> list[Episode]:
        """Facts that a night has moved into the weights, every version of them that is not forgotten."""
        return self._episodes("WHERE night IS NOT NULL AND forgotten IS NULL AND who IS NOT NULL")

    def keys(self) -> list[tuple[str, str]]:
        """Who and what of every fact that is in the store or in the weights."""
        rows = self._ask(
            "SELECT who, what FROM episodes WHERE id IN (SELECT max(id) FROM episodes "
            "WHERE who IS NOT NULL AND forgotten IS NULL GROUP BY who_key, what_key) ORDER BY id"
        )
        return [(who, what) for who, what in rows]

    def tombstones(self, since: datetime | None = None) -> list[Episode]:
        """What was forgotten since then."""
        return self._episodes("WHERE forgotten >= ?", [stamp(since or EPOCH)])

    def confirmed(self, since: datetime | None = None) -> list[Confirmed]:
        """Recalls that were confirmed since then, the oldest first."""
        rows = self._ask(
            "SELECT recalls.id, question, at, episode FROM recalls JOIN answers ON recall = recalls.id "
            "WHERE at >= ? ORDER BY recalls.id, episode",
            [stamp(since or EPOCH)],
        )
        found: dict[int, tuple[str, datetime, list[int]]] = {}
        for number, question, at, episode in rows:
            found.setdefault(number, (question, moment(at), []))[2].append(episode)
        return [Confirmed(question, tuple(ids), at) for question, at, ids in found.values()]

    def changes(self, since: int = 0) -> Iterator[tuple[Episode, NDArray[np.float32] | None]]:
        """Episodes that were changed after the clock stood so, by their ids, with their vectors."""
        rows = self._ask(f"SELECT {COLUMNS}, vector FROM episodes WHERE changed > ?", [since])
        for *row, vector in sorted(rows, key=lambda row: int(row[0])):  # by SQL it would read the whole table for that
            yield episode_of(row), None if vector is None else self._unpack(vector)

    def vectors(self, ids: Iterable[int]) -> dict[int, NDArray[np.float32]]:
        """The vectors of those that have one."""
        found: dict[int, NDArray[np.float32]] = {}
        for part in parts(ids):
            sql = f"SELECT id, vector FROM episodes WHERE id IN ({holes(part)}) AND vector IS NOT NULL"
            found |= {number: self._unpack(vector) for number, vector in self._ask(sql, part)}
        return found

    def _episodes(self, where: str = "", values: Sequence[Any] = (), order: str = "ORDER BY id") -> list[Episode]:
        return [episode_of(row) for row in self._ask(f"SELECT {COLUMNS} FROM episodes {where} {order}", values)]

    def _family(self, ids: Iterable[int]) -> list[int]:
        """These, those that they were merged into, those that were merged into these, and the facts read in them."""
        family, new = set(), set(ids)
        while new:
            family |= new
            near = {one.merged for one in self.some(new) if one.merged is not None}
            near |= {one.id for one in self.read_in(new)}
            for part in parts(new):
                near |= {row[0] for row in self._ask(f"SELECT id FROM episodes WHERE merged IN ({holes(part)})", part)}
            new = near - family
        return sorted(family)

    # what else there is to be kept

    def get_named(self, name: str, default: Any = None) -> Any:
        """A value that was kept under a name."""
        data = self.get_bytes(name)
        if data is None:
            return default
        try:
            return parse_json(data)
        except ValueError as error:
            raise CorruptFile(f"The memory's {name!r} is damaged ({error}). Restore it from a copy.") from None

    def set_named(self, name: str, value: Any) -> None:
        """Keep what JSON can say under a name."""
        self.set_bytes(name, json.dumps(value).encode())

    def get_bytes(self, name: str) -> bytes | None:
        """Bytes that were kept under a name."""
        rows = self._ask("SELECT data FROM named WHERE name = ?", [name])
        return bytes(rows[0][0]) if rows else None

    def set_bytes(self, name: str, data: bytes | None) -> None:
        """Keep bytes under a name; None: no longer."""
        with self.transaction():
            self._run("DELETE FROM named WHERE name = ?", [name])
            if data is not None:
                self._run("INSERT INTO named (name, data) VALUES (?, ?)", [name, data])
