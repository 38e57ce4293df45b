"""A copy of a store in memory, by which it is searched: exact, and brought up to date by what has changed.

Vectors are rows of one matrix; a question is compared with all of them at once. The vector of a turn's window is the
sum of its turns' vectors, those around it counted as their words are (`reverie.memory.episodic.lexical`), and is not
kept: its cosine follows from the turns' cosines and one length per window. A linear map that sleep has learned
(`reverie.sleep.retriever`) is folded into the question and into those lengths.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from operator import index
from typing import Any, SupportsIndex

import numpy as np
from numpy.typing import NDArray

from reverie.errors import CorruptFile
from reverie.memory.episodic.episode import Episode, said_in
from reverie.memory.episodic.forgetting import retrievability
from reverie.memory.episodic.lexical import WindowIndex
from reverie.memory.episodic.maps import Maps, Matrix
from reverie.memory.episodic.shelf import keep, kept, wipe
from reverie.memory.episodic.store import EpisodicStore
from reverie.memory.episodic.vectors import Vectors
from reverie.memory.episodic.words import says_i, says_you, speaker_of, words_of

__all__ = ["ASSISTANT", "USER", "WIDE", "Mirror", "asks_of_user", "who_speaks"]

USER, ASSISTANT = "user", "assistant"
WIDE = 60.0
"""As how many words those around a turn count at most, in its window of five."""

_REACH = 2  # turns before and after, in the window of vectors
_OF_USER = 0.2
_USER_NAMES = frozenset({"user", "human", "i", "me"})
_CHUNK = 500  # windows measured at once
_EVER = np.inf
_SAYS = 10.0  # different words that say two thirds of what a turn can say
_LARGE = 2000  # episodes from which on, and changes after which, reading them again takes longer than writing a copy

Numbers = NDArray[np.float64]
Places = NDArray[np.int64]


class Mirror:
    """A store's episodes, each at a place 0, 1, … in the order of their ids.

    Parameters
    ----------
    store : EpisodicStore
    maps : Maps, optional

    Attributes
    ----------
    clock : int
        Up to when it has taken over what was changed.
    """

    def __init__(self, store: EpisodicStore, maps: Maps | None = None) -> None:
        self.store, self.maps = store, maps
        self._empty()
        self.refresh()

    def _empty(self) -> None:
        self.episodes = Lines(self.store)
        self.words = WindowIndex()
        self._place: dict[int, int] = {}
        self._read_in: dict[str, list[int]] = {}
        self._speakers: dict[str, int] = {"": 0, USER: 1}
        self._people: Counter[str] = Counter()
        self._whom: dict[int, str] = {}  # of whom an episode says a fact, by its place
        self._names: dict[str, frozenset[str]] = {}
        self.clock = 0
        self._stale: set[int] = set()
        self._vectors = Vectors(self.store.dimension)
        self._unkept = 0  # episodes that have changed since the shelf was written
        self._numbers = np.zeros((0, len(_COLUMNS)))
        self._whole = True  # False: taking over was interrupted, and what is here may be half of it

    def __len__(self) -> int:
        return len(self.episodes)

    def refresh(self) -> None:
        """Take over what has changed in the store, whoever changed it; all of it where that was interrupted before."""
        clock = self.store.clock
        if not self._whole:
            self._empty()
        elif clock == self.clock:
            return
        begun = not self.clock and self._take_kept()
        self._whole, gone = False, False
        for episode, vector in self.store.changes(self.clock):
            if episode.id in self._place:
                gone |= self._change(self._place[episode.id], episode)
            else:
                self._append(episode, vector)
            self._unkept += 1
        self.clock = clock
        self._measure()
        self._whole = True
        if (
            begun and gone and self.store.shelf is not None
        ):  # whoever erased that was stopped before the shelf was wiped
            wipe(self.store.shelf)

    # what is kept beside the store (`reverie.memory.episodic.shelf`)

    def keep(self) -> None:
        """Write what a search needs beside the store, where reading the store again would take long."""
        if len(self) < _LARGE or self.store.shelf is None or self.store.changing:
            return
        self.refresh()
        if self._unkept < max(_LARGE, len(self) // 20) and self.store.shelf.exists():
            return
        arrays = {f"vectors {name}": array for name, array in self._vectors.arrays().items()}
        arrays |= {f"index {name}": array for name, array in self.words.arrays().items()}
        arrays |= {"ids": np.array(list(self._place)), "numbers": self._numbers[: len(self)]}
        told = {"sessions": self.words.told, "read in": self._read_in, "speakers": self._speakers}
        told |= {"people": self._people, "whom": self._whom}
        if keep(self.store, self.clock, arrays, told | {"maps": _digest(self.maps), "columns": list(_COLUMNS)}):
            self._unkept = 0

    def _take_kept(self) -> bool:
        """Begin with what was kept, where it is the store's and whole; False: begin with nothing."""
        found = kept(self.store)
        if found is None:
            return False
        clock, arrays, told = found
        try:
            if told["maps"] != _digest(self.maps) or told["columns"] != list(_COLUMNS):
                return False
            ids, numbers = arrays["ids"], arrays["numbers"]
            n = len(ids)
            if ids.dtype != np.int64 or numbers.shape != (n, len(_COLUMNS)) or numbers.dtype != np.float64:
                raise ValueError("numbers of another size")
            vectors = Vectors.of(_named("vectors ", arrays), n, self.store.dimension)
            words = WindowIndex.of(_named("index ", arrays), told["sessions"], n)
            read_in = {str(name): [int(place) for place in places] for name, places in told["read in"].items()}
            speakers = {str(name): int(code) for name, code in told["speakers"].items()}
            people = Counter({str(name): int(times) for name, times in told["people"].items()})
            whom = {int(place): str(name) for place, name in told["whom"].items()}
            if list(speakers.values()) != list(range(len(speakers))) or not _codes(numbers, len(speakers)):
                raise ValueError("speakers of other numbers")
            if not all(0 <= place < n for places in read_in.values() for place in places):
                raise ValueError("facts of other places")
        except (AttributeError, KeyError, TypeError, ValueError):
            return False
        self._vectors, self.words, self._read_in, self._speakers = vectors, words, read_in, speakers
        self._people, self._whom = people, whom
        self._numbers = np.array(numbers)
        self._place = dict(zip(ids.tolist(), range(n), strict=True))
        self.episodes = Lines(self.store, ids.tolist())
        self.clock = clock
        return True

    def use(self, maps: Maps | None) -> None:
        """See through other maps."""
        self._whole = False
        self.maps = maps
        self._unkept = max(self._unkept, len(self))
        self._stale.update(range(len(self)))
        self._measure()
        self._whole = True

    def _append(self, episode: Episode, vector: Matrix | None) -> None:
        place = len(self)
        if place == len(self._numbers):
            self._numbers = _room(self._numbers, max(64, 2 * place))
        text = episode.text or ""
        self.words.add(words_of(text), session=episode.session)
        self.episodes.append(episode)
        self._place[episode.id] = place
        if episode.text is None and episode.value is not None and episode.session is not None:
            self._read_in.setdefault(episode.session, []).append(place)
        self._vectors.append(None if vector is None else vector / max(float(np.linalg.norm(vector)), 1e-12))
        speaker = who_speaks(episode)
        self._numbers[place, _COLUMNS["speaker"]] = self._speakers.setdefault(speaker, len(self._speakers))
        if episode.who:
            self._whom[place] = episode.who.casefold()
        self._people.update({speaker, self._whom.get(place, "")} - {""})
        self._numbers[place, _COLUMNS["saying"]] = 1 - np.exp(-self.words.distinct(place) / _SAYS)
        self._write(place, episode)
        self._stale.add(place)

    def _change(self, place: int, episode: Episode) -> bool:
        """Take over what an episode is now; whether its text is gone."""
        if episode.forgotten is not None:
            speaker = list(self._speakers)[int(self._numbers[place, _COLUMNS["speaker"]])]
            self._numbers[place, _COLUMNS["speaker"]] = 0
            self._people.subtract({speaker, self._whom.pop(place, "")} - {""})
        gone = episode.text is None and bool(self._numbers[place, _COLUMNS["there"]] > 0)
        if gone:
            self.words.remove(place)
            self._vectors.clear(place)
            self._numbers[place, [_COLUMNS["speaker"], _COLUMNS["saying"]]] = 0
            self._stale.add(place)
        self.episodes[place] = episode
        self._write(place, episode)
        return gone

    def _write(self, place: int, episode: Episode) -> None:
        row = self._numbers[place]
        row[_COLUMNS["from"]] = episode.valid_from.timestamp()
        row[_COLUMNS["to"]] = _EVER if episode.valid_to is None else episode.valid_to.timestamp()
        row[_COLUMNS["there"]] = episode.text is not None
        row[_COLUMNS["fact"]] = episode.value is not None
        row[_COLUMNS["heard"]] = episode.heard.timestamp()
        row[_COLUMNS["rehearsed"]] = episode.rehearsed.timestamp()
        row[_COLUMNS["stability"]] = np.inf if episode.pinned else episode.stability
        row[_COLUMNS["importance"]] = episode.importance

    def _column(self, name: str) -> Numbers:
        return self._numbers[: len(self), _COLUMNS[name]]

    # lengths of vectors and of sums of them, as the map of turns leaves them

    def _measure(self) -> None:
        """Bring the lengths up to date of windows in which something has changed."""
        if not self._stale:
            return
        changed = np.array(sorted(self._stale), dtype=np.int64)
        self._stale.clear()
        places = np.unique(self.words.window(changed, _REACH))
        places = places[places >= 0]
        for start in range(0, len(places), _CHUNK):
            some = places[start : start + _CHUNK]
            window = self.words.window(some, _REACH)
            turns = self._vectors[window] * (window >= 0)[..., None]
            if self.maps is not None:
                turns = self.maps.of_turns(turns)
            lengths = np.linalg.norm(turns, axis=2)
            counts = np.repeat(self.words.share(_REACH, WIDE)[some, None], window.shape[1], axis=1)
            counts[:, _REACH] = 1
            whole = (turns * (counts / np.maximum(lengths, 1e-12))[..., None]).sum(axis=1)
            self._numbers[some, _COLUMNS["length"]] = lengths[:, _REACH]
            self._numbers[some, _COLUMNS["window"]] = np.linalg.norm(whole, axis=1)

    # what search asks for; one number for each place

    def cosines(self, question: Matrix) -> tuple[Numbers, Numbers]:
        """Of a question's vector with each turn, and with each turn's window."""
        product = (self._vectors @ self._folded(question)).astype(np.float64)
        turns = product / np.maximum(self._column("length"), 1e-6)
        whole = turns + self.words.share(_REACH, WIDE) * (self.words.spread(turns, _REACH) - turns)
        return turns, whole / np.maximum(self._column("window"), 1e-6)

    def speaks(self, question: str) -> Numbers:
        """1 where a speaker whom the question names speaks, or is named in what nobody else in particular says.

        "I" in a question may be about what the user said: a fifth, unless it speaks to somebody, too ("What did you
        tell me?").
        """
        asked = set(words_of(question))
        speaker, found = self._column("speaker"), np.zeros(len(self))
        if asks_of_user(question):
            found[speaker == self._speakers[USER]] = _OF_USER
        for name, code in self._speakers.items():
            words = self._words_of(name)
            if words and words <= asked:
                found[speaker == code] = 1
                named = self.words.having(list(words))
                found[named[speaker[named] <= self._speakers[USER]]] = 1
        return found

    def cosine(self, question: Matrix, places: Places) -> Numbers:
        """Of a question's vector with some turns."""
        product = (self._vectors[places] @ self._folded(question)).astype(np.float64)
        return product / np.maximum(self._column("length")[places], 1e-6)

    def _folded(self, question: Matrix) -> Matrix:
        """A question's vector of length one, with what sleep has learned folded in."""
        if self.maps is not None:
            question = self.maps.of_question(question)
        question = question / max(float(np.linalg.norm(question)), 1e-12)
        return question if self.maps is None else self.maps.folded(question)

    def saying(self) -> Numbers:
        """How much each turn says: 1 − exp(−n / 10) of n different words of content."""
        return self._column("saying")

    def days_from(self, since: datetime, until: datetime) -> Numbers:
        """How many days before or after a time each was heard, or began to hold; 0 within."""
        distances = [
            np.maximum(np.maximum(since.timestamp() - at, at - until.timestamp()), 0.0)
            for at in (self._column("heard"), self._column("from"))
        ]
        return np.asarray(np.minimum(*distances) / 86_400)

    @property
    def people(self) -> dict[str, frozenset[str]]:
        """Who speaks, and of whom facts are known, in small letters; with the words of their names."""
        return {name: self._words_of(name) for name, times in self._people.items() if times > 0}

    def _words_of(self, name: str) -> frozenset[str]:
        if name not in self._names:
            self._names[name] = frozenset(words_of(name))
        return self._names[name]

    def strengths(self, now: datetime | None = None) -> Numbers:
        """How likely each is recalled at a time."""
        days = ((now or datetime.now(UTC)).timestamp() - self._column("rehearsed")) / 86_400
        return retrievability(days, self._column("stability"))

    def there(
        self,
        as_of: datetime | None = None,
        *,
        now: datetime | None = None,
        during: tuple[datetime, datetime] | None = None,
    ) -> Places:
        """The places of what is there and held at a time.

        Parameters
        ----------
        as_of : datetime, optional
            None: what holds now; what is no fact is there whenever it was said.
        during : two datetimes, optional
            Beside what holds now, what held at some time from one to the other.
        """
        there = self._column("there") > 0
        begins, ends = self._column("from"), self._column("to")
        if as_of is not None:
            at = as_of.timestamp()
            return np.flatnonzero(there & (begins <= at) & (at < ends))
        at = (now or datetime.now(UTC)).timestamp()
        plain = self._column("fact") == 0
        holds = (plain | (begins <= at)) & (at < ends)
        if during is not None:
            since, until = (one.timestamp() for one in during)
            holds |= (plain | (begins <= until)) & (since < ends)
        return np.flatnonzero(there & holds)

    def read_in(self, id: int) -> list[Episode]:
        """The facts that were read in the text of an episode, and are not forgotten."""
        found = [self.episodes[place] for place in self._read_in.get(said_in(id), ())]
        return [one for one in found if one.forgotten is None and one.merged is None]

    @property
    def texts(self) -> int:
        """How many episodes have their text."""
        return int(self._column("there").sum())

    def weakest(self, count: int, *, kept: Iterable[int] = ()) -> list[Episode]:
        """So many of those that may go: versions that no longer hold, then those of least worth; pinned ones never.

        Parameters
        ----------
        kept : iterable of int
            Ids that shall stay.
        """
        may_go = (self._column("there") > 0) & (self._column("importance") < 1)
        may_go[[self._place[id] for id in kept]] = False
        places = np.flatnonzero(may_go)
        worth = (self.strengths() * (0.5 + self._column("importance")))[places]
        holds = self._column("to")[places] > datetime.now(UTC).timestamp()
        order = np.lexsort((places, worth, holds))[: max(0, count)]
        return [self.episodes[place] for place in places[order]]

    def novelty(self, vector: Matrix) -> float:
        """1 − the largest cosine to what is there."""
        if len(self) == 0:
            return 1.0
        length = max(float(np.linalg.norm(vector)), 1e-12)
        return float(1 - (self._vectors @ (vector / length)).max())


class Lines:
    """The episodes by their places. Those that were kept by number alone are read from the store when asked for."""

    def __init__(self, store: EpisodicStore, ids: Sequence[int] = ()) -> None:
        self._store, self._ids = store, list(ids)
        self._read: dict[int, Episode] = {}

    def __len__(self) -> int:
        return len(self._ids)

    def append(self, episode: Episode) -> None:
        """One more."""
        self._read[len(self._ids)] = episode
        self._ids.append(episode.id)

    def __setitem__(self, place: int, episode: Episode) -> None:
        self._read[place] = episode

    def __getitem__(self, place: SupportsIndex) -> Episode:
        place = index(place)
        place += len(self) if place < 0 else 0
        found = self._read.get(place)
        if found is None:
            found = self._store.get(self._ids[place])
            if found is None:
                raise CorruptFile(f"The memory has lost episode {self._ids[place]}. Restore it from a copy.")
            self._read[place] = found
        return found

    def __iter__(self) -> Iterator[Episode]:
        if len(self._read) < len(self._ids):
            missing = [place for place in range(len(self)) if place not in self._read]
            several = {one.id: one for one in self._store.some(self._ids[place] for place in missing)}
            self._read |= {place: several[self._ids[place]] for place in missing if self._ids[place] in several}
        return (self[place] for place in range(len(self)))


def _codes(numbers: Numbers, speakers: int) -> bool:
    """Whether each episode has one of the speakers."""
    column = numbers[:, _COLUMNS["speaker"]]
    return bool(((column >= 0) & (column < speakers)).all())


def _named(begin: str, arrays: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    return {name.removeprefix(begin): array for name, array in arrays.items() if name.startswith(begin)}


def _digest(maps: Maps | None) -> str | None:
    """Which maps the lengths were measured with."""
    if maps is None:
        return None
    return sha256(b"".join(b"-" if part is None else part.tobytes() for part in maps)).hexdigest()


_COLUMNS = {
    name: number
    for number, name in enumerate(
        (
            *("from", "to", "there", "fact", "heard", "rehearsed", "stability", "importance"),
            *("speaker", "saying", "length", "window"),
        )
    )
}


def who_speaks(episode: Episode) -> str:
    """Whose words a text is, in small letters; empty where nobody says so."""
    text = episode.text or ""
    named = speaker_of(text)
    if named:
        return USER if named in _USER_NAMES else named
    if episode.source == ASSISTANT and episode.session is not None:
        return ASSISTANT  # a turn of a chat; what it notes for the user has no session
    return USER if episode.source in (USER, ASSISTANT) and says_i(text) else ""


def asks_of_user(question: str) -> bool:
    """Whether who asks does so of themselves."""
    return says_i(question) and not says_you(question)


def _room(array: NDArray[Any], rows: int) -> NDArray[Any]:
    """The same, with room for more rows."""
    larger = np.zeros((rows, array.shape[1]), dtype=array.dtype)
    larger[: len(array)] = array
    return larger
