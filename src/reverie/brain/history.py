"""Which old versions a brain's folder keeps.

The newest ten snapshots are kept, and of older ones the last of each day. The whole folder takes at most twice the
bytes of the newest snapshot's tensors, the log included; a folder of less than 16 MiB is left alone. Where it would
take more, the following go, in this order, until it fits:

1. snapshots that are damaged, with all that can be read only by them;
2. the whole form of snapshots older than the last two: each becomes what differs from the next newer one;
3. logs of these, oldest first: the versions between snapshots;
4. these snapshots, oldest first;
5. the log of the last snapshot but one, then that snapshot.

A new snapshot is made when the log has two fifths of the bytes by which the folder may exceed the newest one. So
the last two snapshots with their logs usually fit, and each can be read without the other: where the newest one is
damaged, the one before and its log lead to the same version. While a snapshot is written the folder is larger by it.

Both numbers are settings of `Brain.create`: `history` (ten) and `disk` (twice).
"""

from dataclasses import dataclass
from typing import Any

from reverie.errors import BadData

__all__ = ["History"]

_LEAST = 2**24  # bytes of a folder that is left alone
_LOG = 2.5  # as many logs fit into what the folder may have beyond the newest snapshot


@dataclass(frozen=True)
class History:
    """The rule.

    Parameters
    ----------
    last : int
        How many snapshots are kept whatever the day is, the newest included.
    times : float
        How many times the newest snapshot the folder may be.

    Examples
    --------
    >>> rule = History(last=2)
    >>> rule.room(10_000_000), rule.log(10_000_000)
    (20000000, 4000000)
    >>> rule.kept([(1, "2026-05-01"), (5, "2026-05-01"), (8, "2026-05-02"), (9, "2026-05-02"), (11, "2026-05-02")])
    [5, 9, 11]
    """

    last: int = 10
    times: float = 2.0

    def __post_init__(self) -> None:
        _expect(self.last, self.times)

    @classmethod
    def of(cls, settings: dict[str, Any]) -> "History":
        """The rule of a brain; those that were made before there was one have the usual."""
        last, times = settings.get("history", cls.last), settings.get("disk", cls.times)
        _expect(last, times)
        return cls(last, times)

    def room(self, held: int) -> int:
        """Bytes that the folder may have, where the newest snapshot holds so many."""
        return max(int(self.times * held), _LEAST)

    def log(self, held: int) -> int:
        """Bytes of log after which a snapshot is made."""
        room = self.room(held)
        return int(max(room - room / self.times, 2 * (room - 2 * held)) / _LOG)  # the latter of small brains

    def kept(self, snapshots: list[tuple[int, str]]) -> list[int]:
        """Those that are not thinned out.

        Parameters
        ----------
        snapshots : list of (version, day)
            Oldest first.
        """
        old, new = snapshots[: -self.last], snapshots[-self.last :]
        of_day = {day: version for version, day in old}
        there = {day for _, day in new}
        return sorted({version for day, version in of_day.items() if day not in there} | {v for v, _ in new})


def _expect(last: Any, times: Any) -> None:
    """Refuse settings that are none."""
    if not isinstance(last, int) or isinstance(last, bool) or last < 2:
        raise BadData(f"history is {last!r}. Expected how many of the newest snapshots are kept, 2 or more.")
    if not isinstance(times, int | float) or isinstance(times, bool) or not 1.5 <= times <= 10**6:
        raise BadData(f"disk is {times!r}. Expected how many times its newest snapshot the folder may be: 1.5 or more.")
