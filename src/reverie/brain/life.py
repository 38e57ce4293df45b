"""A life of a brain as its folder tells it: a snapshot, and what came after it, log by log, held against its chain."""

from collections.abc import Callable, Iterator

from reverie.brain.journal import Journal
from reverie.checkpoint import unpack_state
from reverie.contracts import State
from reverie.errors import CorruptFile

__all__ = ["Life"]


class Life:
    """A snapshot and what came after it; iterate once for (version, entry), oldest first.

    Parameters
    ----------
    base : int
        The snapshot's version.
    state : State or None
        Of the snapshot; None before the first one.
    chain : bytes
        Of the snapshot; empty for one of the first format.
    journal_of : callable
        The log that follows a version.
    acknowledged : (version, chain), optional
        What must be met on the way.
    first_format : bool
        Whether logs may have no head.

    Attributes
    ----------
    version, chain : int, bytes
        Of the last entry that was given.
    journal : Journal
        The log that it came from.
    """

    def __init__(
        self,
        base: int,
        state: State | None,
        chain: bytes,
        journal_of: Callable[[int], Journal],
        *,
        acknowledged: tuple[int, bytes] | None,
        first_format: bool,
    ) -> None:
        self.base, self.state, self.version, self.chain = base, state, base, chain
        self.journal = journal_of(base)
        self._folder = self.journal.path.parent.parent
        self._journal_of, self._acknowledged, self._first_format = journal_of, acknowledged, first_format

    def __iter__(self) -> Iterator[tuple[int, State]]:
        self._compare()
        if self.journal.size or self.chain:  # a snapshot of the first format may have no log
            yield from self._entries()
        while self.version > self.journal.begins[0]:  # where a snapshot is lost, the log behind it goes on all the same
            following = self._journal_of(self.version)
            if not following.follows(self.version, self.chain):
                break
            self.journal = following
            yield from self._entries()
        if self._acknowledged is not None and self.version < self._acknowledged[0]:
            first, last = self.version + 1, self._acknowledged[0]
            lost = f"version {first} is" if first == last else f"versions {first} to {last} are"
            raise CorruptFile(
                f"{self._folder}: {lost} missing: a log or a snapshot was deleted or cut. Restore it from a copy, "
                "or open with recover=True (on the command line: reverie brain recover) and go on from what is there."
            )

    def _entries(self) -> Iterator[tuple[int, State]]:
        """Those of one log."""
        journal, begins = self.journal, (self.version, self.chain)
        for number, payload in journal.records():
            if self.version == begins[0]:
                self._expect(begins)
            if number != self.version + 1:
                raise CorruptFile(
                    f"{journal.path} holds version {number} where {self.version + 1} was expected. "
                    "Restore it from a copy."
                )
            self.version, self.chain = number, journal.chain
            self._compare()
            yield number, unpack_state(payload)
        if self.version == begins[0]:
            self._expect(begins)

    def _expect(self, begins: tuple[int, bytes]) -> None:
        """The log must begin where the snapshot has ended. Those of the first format do not say where they begin."""
        journal = self.journal
        if journal.old and not self._first_format:
            raise CorruptFile(f"{journal.path} is damaged at byte 0: it has no head. Restore it from a copy.")
        if not journal.old and begins[1] and journal.begins != begins:
            raise CorruptFile(f"{journal.path} does not go on from version {begins[0]}. Restore it from a copy.")

    def _compare(self) -> None:
        """What was acknowledged is what is read."""
        known = self._acknowledged
        if known is not None and self.version == known[0] and self.chain and self.chain != known[1]:
            raise CorruptFile(
                f"{self._folder}: version {self.version} is not the one that was acknowledged: a snapshot or a log "
                "was exchanged. Restore it from a copy, or recover."
            )
