"""A memory for language: told once, kept at once, slept on, corrected, forgotten.

What is said is kept as it was said, as episodes of one user (`reverie.memory.episodic`), without a language model. A
question is answered by what is said there, ranked by words and by sense; where a language model has been given that
sleeps with the memory, the cortex, it is asked first, and the store has the last word on whatever it has newer.

::

    memory/
        episodes.db     the episodes; SQLite
        episodes.search what a search of a large memory needs; a copy, made anew where it is missing
        sleep.lock      who sleeps now
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from reverie.errors import BadData, MissingData
from reverie.language.attributes import USER, Attributes
from reverie.language.context import Context, estimated_tokens, prompt_context
from reverie.language.dates import dates_in
from reverie.language.fact import Fact
from reverie.language.facts import kind_of
from reverie.language.importing import take_in
from reverie.language.instructions import instructs
from reverie.language.ledger import Ledger, Read, place_of
from reverie.language.likelihood import THRESHOLD, Asked, Coverage, as_written, likelihood, nearness
from reverie.language.lines import read_lines, write_lines
from reverie.language.normal import naming
from reverie.language.passages import check_text, passages_of
from reverie.language.recollection import SURE, Recollection, Why, descending
from reverie.memory.episodic import Episode, EpisodicStore, SQLiteStore, strength
from reverie.memory.episodic.episode import KINDS, same_key
from reverie.memory.episodic.eviction import let_go
from reverie.memory.episodic.maps import load_maps
from reverie.memory.episodic.mirror import Mirror, who_speaks
from reverie.memory.episodic.search import search
from reverie.memory.episodic.words import words_of
from reverie.text import encode_text, encoder_name, encoder_width

if TYPE_CHECKING:
    from reverie.language.cortex import Cortex, Known

__all__ = ["LanguageMemory"]

_NAME, _QUESTION = 1000, 100_000  # characters
_HUGE = 2**70  # Python writes no number of many thousand digits
_MOST = 0.99  # importance of what is not pinned
_MORE = 20  # answers beyond those asked for, among which the newer versions of what is over are looked for
_CONTEXT = 40  # answers that are looked at for a prompt
_PROBE = "The quick brown fox jumps over the lazy dog."


class LanguageMemory:
    """The memory of one user.

    Parameters
    ----------
    store : EpisodicStore
        `open` takes the file of a folder.
    folder : Path, optional
        Where the store lies, and whatever else belongs to the memory.
    capacity : int, optional
        Episodes whose text is kept; the weakest make room. Remembered by the store.
    cortex : BranchCortex or LanguageCortex, optional
        The language model that sleeps with the memory. None: the one that has slept with it before, if one has.
    sure : float
        The confidence from which on the cortex is believed.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, LanguageMemory.open(Path(folder) / "mine") as memory:
    ...     told = memory.remember("Ana's city is Rome.")
    ...     told = memory.remember("Ana's city is Oslo.")
    ...     memory.recall("In which city is Ana?")[0].text, [one.value for one in memory.history("Ana")]
    ("Ana's city is Oslo.", ['Rome', 'Oslo'])
    """

    def __init__(
        self,
        store: EpisodicStore,
        *,
        folder: Path | None = None,
        capacity: int | None = None,
        cortex: "Cortex | None" = None,
        sure: float = SURE,
    ) -> None:
        self.store, self.folder, self.sure = store, folder, sure
        self._cortex = cortex
        self._lock = RLock()
        self._checked = False
        if capacity is not None:
            if capacity < 1:
                raise BadData(f"capacity is {capacity}. Expected at least 1.")
            store.set_named("capacity", capacity)
        self.ledger = Ledger(store)
        self._mirror = Mirror(store, load_maps(store))

    @classmethod
    def open(
        cls,
        folder: str | Path,
        *,
        encoder: str | None = None,
        capacity: int | None = None,
        cortex: "Cortex | None" = None,
        create: bool = True,
    ) -> "LanguageMemory":
        """Open the memory of a folder, or make one.

        Parameters
        ----------
        encoder : str, optional
            "hash", "minilm", or the folder of a sentence-transformers model. None: that of the memory; if new, "hash".
        create : bool
            Make one where there is none.
        """
        folder = Path(folder)
        encoder = None if encoder is None else encoder_name(encoder)
        file = folder / "episodes.db"
        if file.exists():
            store = SQLiteStore(file, encoder=encoder, dimension=None if encoder is None else encoder_width(encoder))
        else:
            if folder.exists() and (not folder.is_dir() or any(one.suffix != ".tmp" for one in folder.iterdir())):
                raise BadData(f"{folder} is not a memory's folder, and not empty. Give the name of a new one.")
            if not create:
                raise MissingData(f"There is no memory in {folder}. Make one: reverie memory remember {folder} TEXT")
            encoder = encoder or "hash"
            width = encoder_width(encoder)
            folder.mkdir(parents=True, exist_ok=True)
            store = SQLiteStore(file, encoder=encoder, dimension=width)
        try:
            return cls(store, folder=folder, capacity=capacity, cortex=cortex)
        except BaseException:
            store.close()
            raise

    def close(self) -> None:
        """Give the store back; what was done is durable already."""
        try:
            with self._lock:
                self._mirror.keep()
        finally:
            self.store.close()

    def __enter__(self) -> "LanguageMemory":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    # awake

    def remember(
        self,
        text: str,
        *,
        who: str | None = None,
        what: str | None = None,
        value: str | None = None,
        source: str = "user",
        trusted: bool = True,
        kind: str | None = None,
        session: str | None = None,
        valid_from: datetime | None = None,
        heard: datetime | None = None,
        importance: float | None = None,
        pinned: bool = False,
        speaker: str | None = None,
        read: bool = True,
        whole: bool = False,
    ) -> list[int]:
        """Keep what is said; durable when it returns. The ids: one, or of a long text one for each passage.

        What a text says of facts is read (`reverie.language.facts`), where no fact is given. A fact that is all that a
        text says is the episode's own; the facts of a text that says more, and of a turn of a conversation, are kept
        beside it (`facts`). A fact that is said to be over ends.

        Parameters
        ----------
        who, what, value : str, optional
            The fact that it says. None: read from the text.
        source : str
            Where it comes from.
        trusted : bool
            Whether it may take the place of what is known, and be slept into weights.
        kind : str, optional
            "episodic", "semantic" or "procedural". None: told by the text.
        session : str, optional
            The conversation that it is a turn of: turns are found by what was said around them.
        valid_from, heard : datetime, optional
            From when on it holds, and when it was said. None: now.
        importance : float, optional
            0…1. None: by how new it is and how much it says.
        pinned : bool
            Never evicted, never pruned.
        speaker : str, optional
            Who "I" is. None: the name with which the text begins ("Ana: I moved."), else the user.
        read : bool
            Whether facts are read.
        whole : bool
            Whether a long text is one episode, and not one for each passage.
        """
        check_text(text)
        _check_names(who=who, what=what, value=value, source=source, session=session, speaker=speaker)
        if importance is not None and not 0 <= importance <= 1:
            raise BadData(f"importance is {importance}. Expected a number from 0 to 1.")
        read_in = Read(None, [])
        if who is not None and what is not None:
            who, what = self.ledger.named(who, what)
        elif read and who is None and what is None and value is None:
            read_in = self.ledger.read(text, speaker=speaker, session=session)
        at = heard or datetime.now(UTC)
        since = valid_from
        if read_in.own is not None:
            who, what, value = read_in.own.fact
            since = since or self.ledger.since(read_in.own, at, trusted)
        passages = [text] if whole or value is not None else passages_of(text)
        if len(passages) > 1 and session is None:
            session = f"text {sha256(text.encode()).hexdigest()[:12]}"
        vectors = self._encoded(passages)
        with self._changing():
            self._mirror.refresh()
            ids = []
            for passage, vector in zip(passages, vectors, strict=True):
                novelty = self._mirror.novelty(vector)
                known = self._same(passage, trusted) if session is None and value is None and novelty < 1e-3 else None
                if known is not None:
                    self.store.rehearse([known], heard)
                    ids.append(known)
                    continue
                weight = _importance(passage, novelty) if importance is None else importance
                ids.append(
                    self.store.add(
                        passage,
                        vector,
                        who=who,
                        what=what,
                        value=value,
                        kind=kind or kind_of(passage, fact=value is not None),
                        source=source,
                        trusted=trusted,
                        session=session,
                        valid_from=since,
                        heard=at,
                        novelty=novelty,
                        importance=1.0 if pinned else weight,
                        several=what is not None and self.attributes.of(what).several,
                    )
                )
            if value is not None and who is not None and what is not None:
                self.ledger.end_opposite(Fact(who, what, value), since or at, trusted)
            for one in read_in.beside:
                id = place_of(one, passages, ids)
                self.ledger.keep(one, id, at=at, since=valid_from, source=source, trusted=trusted)
            self._make_room(ids)
        return ids

    def recall(
        self,
        question: str,
        k: int = 5,
        *,
        as_of: datetime | None = None,
        threshold: float | None = None,
        who: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        kind: str | None = None,
        source: str | Collection[str] | None = None,
    ) -> list[Recollection]:
        """The best answers to a question, the best first; nothing is changed by asking.

        Parameters
        ----------
        as_of : datetime, optional
            What held then. None: what holds now; and where the question names a date ("in 2021"), what held then.
        threshold : float, optional
            Only what has at least this score (`Recollection.score`), 0…1; nothing where nothing has. None: the k best,
            however little they say.
        who : str, optional
            Only what this person said, or what is said of them.
        since, until : datetime, optional
            Only what was heard from then on, and before then.
        kind : str, optional
            Only what is of this kind.
        source : str or collection of str, optional
            Only what comes from there; of several, from one of them.
        """
        check_text(question, "question", longest=_QUESTION)
        if k < 1:
            raise BadData(f"k is {k}. Expected at least 1.")
        if threshold is not None and not 0 <= threshold <= 1:
            raise BadData(f"threshold is {threshold}. Expected a probability from 0 to 1.")
        sources = None if source is None else {source} if isinstance(source, str) else {*source}
        _check_names(who=who)
        for one in sources or ():
            _check_names(source=one)
        vector = self._encoded([question])[0]
        now = datetime.now(UTC)
        named = dates_in(question, now) if as_of is None else []
        during = (named[0].since, named[0].until) if named else None
        with self._lock:
            self._mirror.refresh()
            among = None
            if any(one is not None for one in (who, since, until, kind, sources)):
                among = self._wanted(who, since, until, kind, sources)
            places, ranks = search(
                self._mirror, question, vector, k=k + _MORE, as_of=as_of, during=during, now=now, among=among
            )
            found = [self._mirror.episodes[place] for place in places]
            facts = [(one,) if one.value is not None else tuple(self._mirror.read_in(one.id)) for one in found]
            asked = Asked.of(question, self._mirror)
            sense = self._mirror.cosine(vector, places)
        known = self.attributes
        covers = [
            Coverage.of(asked, one, [(fact.who or "", _asked_for(fact, known)) for fact in said])
            for one, said in zip(found, facts, strict=True)
        ]
        ranks = ranks + np.array([one.worth for one in covers])
        order = np.argsort(-ranks, kind="stable").tolist()
        ranks, sense = ranks[order], sense[order]
        found, facts, covers = ([some[at] for at in order] for some in (found, facts, covers))
        likely = likelihood(covers)
        begins, ends = during or (as_of or now, as_of or now)
        store = [
            Recollection(
                one.text or "", likely * float(near), strength(one, now), "store", one, said,
                tuple(dates_in(one.text or "", one.heard)),
                over=bool(said) and not any(self.ledger.still(fact, begins, ends) for fact in said),
                instructs=not one.trusted and instructs(one.text or ""),
                why=Why(
                    as_written(question, covered.words), covered.asked, covered.others, float(cosine),
                    (now - one.heard).total_seconds() / 86_400,
                ),
            )
            for one, near, said, covered, cosine in zip(found, nearness(ranks), facts, covers, sense, strict=True)
        ]  # fmt: skip
        store = _newer_first(store, lambda fact: self.ledger.still(fact, begins, ends))
        store = descending(sorted(store, key=lambda one: one.instructs))[:k]
        plain = as_of is None and during is None and among is None
        weights = self._known(question) if plain else None
        store = store if weights is None else [weights, *store][:k]
        return store if threshold is None else [one for one in store if one.score >= threshold]

    def context(self, question: str, tokens: int = 800, *, count: Callable[[str], int] = estimated_tokens) -> Context:
        """What a prompt needs to answer a question, within a budget (`reverie.language.context`).

        Parameters
        ----------
        tokens : int
        count : callable
            How many tokens a text has, by the tokenizer of the model that will read it. The default estimates.

        Examples
        --------
        >>> import tempfile
        >>> from datetime import datetime, UTC
        >>> with tempfile.TemporaryDirectory() as folder, LanguageMemory.open(Path(folder) / "mine") as memory:
        ...     told = memory.remember("Ana's city is Rome.", heard=datetime(2026, 1, 31, tzinfo=UTC))
        ...     print(memory.context("Where does Ana live?").text)
        What is known:
        - Ana: city: Rome (told 2026-01-31 by user)
        """
        found = self.recall(question, _CONTEXT)
        found = found if found and found[0].score >= THRESHOLD else []
        now = datetime.now(UTC)
        with self._lock:
            asked = Asked.of(question, self._mirror)
            live = [one for one in self._mirror.episodes if one.value is not None and one.forgotten is None]
            live = [one for one in live if one.merged is None and one.holds(now, now) and one.who is not None]
        known = self.attributes
        people = {*asked.people, USER}
        live = [one for one in live if one.trusted and (one.who or "").casefold() in people]
        covered = {one.id: asked.covered(set(words_of(_asked_for(one, known)))) for one in live}
        live.sort(key=lambda one: (covered[one.id], one.importance, one.heard), reverse=True)
        mine = not asked.people  # a question that names nobody may ask of the user
        wanted = [one for one in live if covered[one.id] and (mine or (one.who or "").casefold() in asked.people)]
        rest = [one for one in live if one not in wanted]
        return prompt_context(wanted, rest, found, tokens, count)

    def _wanted(
        self,
        who: str | None,
        since: datetime | None,
        until: datetime | None,
        kind: str | None,
        sources: set[str] | None,
    ) -> Callable[[Episode], bool]:
        """Whether an episode passes the filters of a recall."""
        if kind is not None and kind not in KINDS:
            raise BadData(f"kind is {kind!r}. Expected one of {', '.join(KINDS)}.")
        for name, at in (("since", since), ("until", until)):
            if at is not None and at.tzinfo is None:
                raise BadData(f"{name} has no time zone. Give one, as in datetime.now(UTC).")
        person = None if who is None else same_key(self.attributes.person(who))
        names = None if who is None else naming(self.attributes.person(who))

        def of_them(one: Episode) -> bool:
            said = one.text or ""
            facts = [one, *self._mirror.read_in(one.id)]
            return (
                same_key(who_speaks(one)) == person
                or any(same_key(fact.who or "") == person for fact in facts)
                or (names is not None and names(said))
            )

        def wanted(one: Episode) -> bool:
            return (
                (kind is None or one.kind == kind)
                and (sources is None or one.source in sources)
                and (since is None or one.heard >= since)
                and (until is None or one.heard < until)
                and (person is None or of_them(one))
            )

        return wanted

    def facts(self, ids: Iterable[int]) -> list[Episode]:
        """The facts that the texts of some episodes say: their own, and those that were read in them."""
        ids = list(ids)
        return [one for one in self.store.some(ids) if one.value is not None] + self.store.read_in(ids)

    def confirm(self, question: str, ids: Iterable[int]) -> None:
        """Say that these answered a question: they are rehearsed, and the night learns from it."""
        check_text(question, "question", longest=_QUESTION)
        ids = list(ids)
        there = {one.id for one in self.store.some(ids) if one.forgotten is None}
        if missing := sorted(set(ids) - there):
            named = ", ".join(str(one) if abs(one) < _HUGE else "of so long a number" for one in missing[:10])
            raise BadData(f"There is no memory {named}. Expected ids that recall gave.")
        self.store.confirm(question, ids)

    def change(
        self,
        id: int,
        *,
        valid_from: datetime | None = None,
        pinned: bool | None = None,
        importance: float | None = None,
    ) -> Episode:
        """Mend what is kept of an episode beside its text; the episode as it is then.

        Parameters
        ----------
        valid_from : datetime, optional
            Since when it holds. The earlier version of a fact ends then.
        pinned : bool, optional
            Whether it is never let go. No longer: its importance is what it was when it came.
        importance : float, optional
            0…1; below 1.
        """
        if importance is not None and not 0 <= importance < 1:
            raise BadData(f"importance is {importance}. Expected a number from 0 to below 1; 1 is pinned=True.")
        if pinned and importance is not None:
            raise BadData("What is pinned has the importance 1. Expected pinned=True, or an importance.")
        if valid_from is None and pinned is None and importance is None:
            raise BadData("Nothing is to be changed. Expected valid_from, pinned or importance.")
        with self._changing():
            one = self.store.get(id) if 0 <= id < 2**63 else None
            if one is None or one.forgotten is not None or one.merged is not None:
                raise BadData("There is no such memory. Expected an id that recall or list gave.")
            if valid_from is not None:
                several = one.what is not None and self.attributes.of(one.what).several
                self.store.date(id, valid_from, several=several)
            if pinned is False and importance is None and one.pinned:
                importance = _importance(one.text or one.value or "", one.novelty)
            if pinned or importance is not None:
                self.store.weigh([id], 1.0 if pinned else importance or 0.0)
        return self.store.some([id])[0]

    def history(self, who: str | None = None, what: str | None = None) -> list[Episode]:
        """Every version of what is known of someone, the oldest first; None: all that was ever heard."""
        _check_names(who=who, what=what)
        if who is None:
            return self.store.all()
        known = self.attributes
        return self.store.history(known.person(who), None if what is None else known.of(what).name)

    def latest(self, limit: int, *, before: int | None = None) -> tuple[list[Episode], bool]:
        """What is there, the newest first, of ids below `before`; and whether there is more."""
        if limit < 1:
            raise BadData(f"limit is {limit}. Expected at least 1.")
        found = self.store.latest(limit + 1, before=before)
        return found[:limit], len(found) > limit

    # what there is to be known of somebody

    @property
    def attributes(self) -> Attributes:
        """Which attributes there are, and which have several values: the package's list, and what was changed in it."""
        return self.ledger.attributes

    def set_attribute(
        self, name: str, *, several: bool | None = None, names: Iterable[str] | None = None, opposite: str | None = None
    ) -> None:
        """Change the list of attributes, for what is told from now on.

        Parameters
        ----------
        name : str
            Of an attribute.
        several : bool, optional
            Whether a further value stands beside the earlier ones.
        names : iterable of str, optional
            What else it is called.
        opposite : str, optional
            The attribute of which a value of this one is no longer a value.
        """
        given = {"several": several, "names": None if names is None else list(names), "opposite": opposite}
        _check_names(name=name, opposite=opposite or None)
        self.ledger.change_attribute(name, {field: value for field, value in given.items() if value is not None})

    # asleep

    @property
    def cortex(self) -> "Cortex | None":
        """The language model that sleeps with the memory; None until one does."""
        if self._cortex is None and self.store.get_named("cortex model") is not None:
            from reverie.language.cortex import cortex_of

            self._cortex = cortex_of(self.store)
        return self._cortex

    def sleep(
        self,
        *,
        model: str | None = None,
        drop_text: bool = False,
        limit: int | None = None,
        told: Callable[[str], None] = lambda stage: None,
    ) -> dict[str, Any]:
        """A night: the retriever learns from confirmed recalls, what says the same is merged, and the cortex learns.

        Other threads may remember and recall meanwhile.

        Parameters
        ----------
        model : str, optional
            The language model that sleeps from now on: "tiny", the one within the package, or the folder of one.
        drop_text, limit
            Of the cortex; see `reverie.language.cortex.LanguageCortex.sleep`.
        told : callable
            Is given what the night does, as each stage begins: "retriever", "forgetting", "model".
        """
        from reverie.sleep.retriever import sleep_on

        with self.store.alone():
            if model is not None:
                from reverie.language.cortex import cortex_of
                from reverie.language.cortex.nights import Nights

                self._cortex = cortex_of(self.store, Nights(self.store).choose(model))
            told("retriever")
            report: dict[str, Any] = {"retriever": sleep_on(self.store, self._encoded)}
            with self._lock:
                self._mirror.refresh()
                self._mirror.use(load_maps(self.store))
            if self.cortex is not None:
                told("forgetting")
                report["forgotten"] = self.cortex.forget()
                told("model")
                report["cortex"] = self.cortex.sleep(drop_text=drop_text, limit=limit)
        return report

    def export_model(
        self, folder: str | Path, form: str, *, gguf: str | Path | None = None, anyway: bool = False
    ) -> dict[str, Any]:
        """Write the language model with what it has learned, for other programs.

        Parameters
        ----------
        folder, form, gguf, anyway
            See `reverie.language.cortex.exporting.export_model`.
        """
        if self.cortex is None:
            raise BadData(
                "No language model has slept with this memory. Let one: reverie memory sleep FOLDER --model MODEL"
            )
        from reverie.language.cortex.exporting import export_model

        return export_model(self.cortex, folder, form, gguf=gguf, anyway=anyway)

    def forget(
        self,
        ids: Iterable[int] | None = None,
        *,
        who: str | None = None,
        what: str | None = None,
        mentions: bool = False,
    ) -> list[int]:
        """Forget episodes, or every version of what is known of someone; the ids that were forgotten.

        Text, value and vector are gone when it returns. What lives in the weights is gone from there after a sleep.

        Parameters
        ----------
        mentions : bool
            Forget also whatever else mentions the person (`mentions`).
        """
        if mentions and (who is None or what is not None):
            raise BadData("mentions is for a person. Expected who it is about, and no ids and nothing of them.")
        if (ids is None) == (who is None):
            raise BadData("Expected either ids or who it is about (and, if you want, what).")
        _check_names(who=who, what=what)
        if ids is None and who is not None:
            ids = [one.id for one in self.history(who, what)]
            ids += [one.id for one in self.mentions(who)] if mentions else []
        with self._lock:
            return self.store.forget(ids or [])

    def mentions(self, who: str) -> list[Episode]:
        """What mentions someone by name: in its text, as whom it is about, or as a value."""
        _check_names(who=who)
        named = naming(self.ledger.attributes.person(who))
        with self._lock:
            self._mirror.refresh()
            kept = [one for one in self._mirror.episodes if one.forgotten is None and one.merged is None]
        return [one for one in kept if any(text and named(text) for text in (one.text, one.who, one.value))]

    # as a file

    def export_lines(self, path: str | Path) -> int:
        """Write all that is remembered to a file of JSON lines; how many (`reverie.language.lines`)."""
        return write_lines(self.store, Path(path))

    def import_lines(self, path: str | Path, *, trusted: bool = False) -> dict[str, int]:
        """Remember what a file says: all of it or, where a line is wrong, nothing; what is known already, not again.

        Lines of `export_lines`, chats and memories of other programs are known (`reverie.language.chats`). Facts are
        read in what people say.

        Parameters
        ----------
        trusted : bool
            Whether lines are as trusted as they say they are; otherwise none is.

        Returns
        -------
        dict
            How many `episodes` are new, how many were `known`, how many `facts` were read beside the texts, and how
            many recalls were `confirmed`.
        """
        told, confirmed = read_lines(Path(path))
        with self._changing():
            counts = take_in(self.store, told, confirmed, self._encoded, trusted=trusted)
            self._make_room([])
        return counts

    # inside

    def _encoded(self, texts: list[str]) -> NDArray[np.float32]:
        vectors = encode_text(texts, self.store.encoder)
        if not self._checked:
            self._check_encoder(vectors.shape[1])
        return vectors

    def _check_encoder(self, width: int) -> None:
        """An encoder of the same name may be another one by now."""
        probe = encode_text([_PROBE], self.store.encoder)[0]
        known = self.store.get_named("probe")
        if width != self.store.dimension or (known is not None and float(probe @ np.array(known, np.float32)) < 0.99):
            raise BadData(
                f"The encoder {self.store.encoder!r} is not the one that this memory was made with: it gives other "
                "vectors. Put that one back, or export the memory and import it into a new one."
            )
        if known is None:
            self.store.set_named("probe", [float(number) for number in probe])
        self._checked = True

    def _same(self, text: str, trusted: bool) -> int | None:
        """An episode with this very text that holds."""
        for one in self._mirror.episodes:
            if one.text == text and one.live and one.trusted == trusted and one.session is None:
                return one.id
        return None

    def _known(self, question: str) -> Recollection | None:
        """What the weights answer, if they are sure, and the store has heard nothing newer."""
        known: Known | None = None if self.cortex is None else self.cortex.answer(question)
        if known is None or known.confidence < self.sure:
            return None
        now = datetime.now(UTC)
        versions = [one for one in self.store.history(*known.key) if one.forgotten is None and one.merged is None]
        learned = [one for one in versions if one.night is not None]
        newest = [one for one in versions if one.trusted and one.holds(now, now)][-1:]
        if not learned or newest != learned[-1:] or not learned[-1].live:
            return None
        return Recollection(known.text, known.confidence, strength(learned[-1]), "weights", learned[-1])

    def _make_room(self, new: list[int]) -> None:
        """Let the weakest go where there are more than the capacity: old versions first, pinned ones never."""
        capacity = self.store.get_named("capacity")
        if capacity is None:
            return
        self._mirror.refresh()
        surplus = self._mirror.texts - int(capacity)
        let_go(self.store, self._mirror.weakest(surplus, kept=new))

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """One change of the store; the mirror does not keep what was undone."""
        with self._lock:
            try:
                with self.store.transaction():
                    yield
            except BaseException:
                if self._mirror.clock > self.store.clock:
                    self._mirror = Mirror(self.store, load_maps(self.store))
                raise


def _newer_first(found: list[Recollection], holds: Callable[[Episode], bool]) -> list[Recollection]:
    """What was found, in its order; but before what is over comes what says its newer version, if that was found."""
    ordered: list[Recollection] = []
    for one in found:
        keys = {(same_key(fact.who or ""), fact.what) for fact in one.facts} if one.over else set()
        ordered += [
            other
            for other in found
            if keys
            and not other.over
            and other not in ordered
            and any((same_key(fact.who or ""), fact.what) in keys and holds(fact) for fact in other.facts)
        ]
        if one not in ordered:
            ordered.append(one)
    return ordered


def _asked_for(fact: Episode, known: Attributes) -> str:
    """Words by which one asks for a fact: the names of its attribute, and its value."""
    attribute = known.of(fact.what or "")
    return " ".join((fact.what or "", *attribute.names, *attribute.asked, fact.value or ""))


def _check_names(**names: str | None) -> None:
    """Refuse what cannot be a name."""
    for name, given in names.items():
        if given is not None:
            check_text(given, name, longest=_NAME)


def _importance(text: str, novelty: float) -> float:
    """How new it is and how much it says, in equal parts; below 1, which pins."""
    says = 1 - float(np.exp(-len(set(words_of(text))) / 10))
    return min(_MOST, 0.5 * min(novelty, 1.0) + 0.5 * says)
