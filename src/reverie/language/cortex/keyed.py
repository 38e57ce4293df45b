"""The fact that an episode holds, and when two keys are one."""

from reverie.language.fact import Fact, Key
from reverie.memory.episodic import Episode
from reverie.memory.episodic.episode import same_key

__all__ = ["fact_of", "folded", "key_of"]


def key_of(one: Episode) -> Key:
    """Who and what an episode is about."""
    return Key(one.who or "", one.what or "")


def fact_of(one: Episode) -> Fact:
    """What an episode says; its value is empty where its text was dropped."""
    return Fact(*key_of(one), one.value or "")


def folded(key: Key) -> tuple[str, str]:
    """The same for keys that mean the same: capitals and signs aside."""
    return same_key(key.who), same_key(key.what)
