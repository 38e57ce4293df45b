"""What an episode is worth, and how its text goes."""

from collections.abc import Iterable
from datetime import datetime

from reverie.memory.episodic.episode import Episode
from reverie.memory.episodic.forgetting import strength
from reverie.memory.episodic.store import EpisodicStore

__all__ = ["let_go", "worth"]


def worth(episode: Episode, now: datetime | None = None) -> float:
    """What is lost if it goes: how likely it is recalled, times ½ + its importance; if pinned, infinite."""
    return float("inf") if episode.pinned else strength(episode, now) * (0.5 + episode.importance)


def let_go(store: EpisodicStore, episodes: Iterable[Episode], when: datetime | None = None) -> list[int]:
    """Let the texts of episodes go: of what lives in the weights the text alone, of the rest everything; their ids."""
    known: list[int] = []
    others: list[int] = []
    for one in episodes:
        (known if one.stage > 0 else others).append(one.id)
    with store.transaction():
        store.drop_text(known)
        store.forget(others, when)
    return sorted([*known, *others])
