"""What an agent is made with: how it senses, learns, dreams, and how many worlds it may know."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from jaxtyping import Float
from torch import Generator, Tensor

from reverie.agents.actor import Actor
from reverie.errors import BadData

__all__ = ["Settings"]

_LARGEST, _WIDEST = 10_000_000, 2000  # lives times places; cells of a world's keys


@dataclass(frozen=True)
class Settings:
    """Of an agent.

    Parameters
    ----------
    first : int
        Random steps from which the senses form.
    rest : int
        Steps from one night to the next, at least.
    expansion, octaves : int, float
        Cells of the world's keys, and how far apart their scales are; see `StateCells`.
    levels : int
        Deeds for each direction of a space of numbers; see `Actions`.
    places, winners : int
        Place cells of the actor, and how many fire.
    critic_rate, actor_rate, discount, trace : float
        See `Actor`.
    lives, steps, passes, anywhere, longest
        See `Dreaming`.
    regions : int
        How many worlds there may be. With more than one, up to 32 steps are held until it is clear where they belong.
    """

    first: int = 50
    rest: int = 100
    expansion: int = 60
    octaves: float = 2.0
    levels: int = 5
    places: int = 1000
    winners: int = 20
    critic_rate: float = 0.8
    actor_rate: float = 0.3
    discount: float = 0.99
    trace: float = 0.9
    lives: int = 32
    steps: int = 300
    passes: int = 3
    anywhere: float = 0.3
    longest: int = 500
    regions: int = 1

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> "Settings":
        """Settings by name; a whole number will do where a number is expected.

        Raises
        ------
        BadData
            A name is not known, or a value is out of range.
        """
        known = {field.name: field.type for field in fields(cls)}
        kept: dict[str, Any] = {}
        for name, value in given.items():
            if name not in known:
                raise BadData(f"Unknown setting {name!r} of an agent. Known: {', '.join(known)}.")
            whole = known[name] in (int, "int")
            fits = isinstance(value, int) or (not whole and isinstance(value, float))
            largest = 1 if name in ("discount", "anywhere", "trace") else 1_000_000
            if isinstance(value, bool) or not fits or not 0 <= value <= largest or (whole and value < 1):
                kind = "a whole number of 1 or more" if whole else f"a number in 0…{largest}"
                raise BadData(f"{name} is {value!r}. Expected {kind}, at most {largest}.")
            kept[name] = value if whole else float(value)
        made = cls(**kept)
        if made.lives * made.places > _LARGEST or made.expansion > _WIDEST:
            raise BadData(
                f"lives × places is {made.lives * made.places} and expansion {made.expansion}. Expected {_LARGEST} "
                f"and {_WIDEST} at most."
            )
        if made.first < 2 or made.levels < 2 or made.winners > made.places or made.discount >= 1:
            raise BadData(
                f"These settings do not fit: first is {made.first} and levels {made.levels} (2 or more), winners "
                f"{made.winners} of {made.places} places, discount {made.discount} (below 1)."
            )
        return made

    def actor(self, low: Float[Tensor, " d"], high: Float[Tensor, " d"], deeds: int, generator: Generator) -> Actor:
        """An actor with these settings, for a box of states."""
        return Actor(
            low,
            high,
            deeds,
            cells=self.places,
            winners=self.winners,
            critic_rate=self.critic_rate,
            actor_rate=self.actor_rate,
            discount=self.discount,
            trace=self.trace,
            generator=generator,
        )
