"""The habit of an actor on place cells, as a policy."""

from copy import copy

import torch
from jaxtyping import Float
from torch import Tensor

from reverie.agents.actions import Actions
from reverie.agents.actor import Actor
from reverie.agents.life import Policy

__all__ = ["habit_of"]


def habit_of(actor: Actor | None, actions: Actions, seed: int, synapses: Float[Tensor, "c a"] | None = None) -> Policy:
    """What is best at each observation.

    Parameters
    ----------
    actor : Actor, or None
        None: nothing is known yet, deeds are random, and the random numbers are its own.
    synapses : Tensor, optional
        Those by which deeds are chosen; the actor's habit unless given.
    """
    generator = torch.Generator().manual_seed(seed)
    if actor is None:
        return lambda seen: [
            actions.act(int(deed)) for deed in torch.randint(len(actions), (len(seen),), generator=generator)
        ]
    fixed = copy(actor)
    fixed.habit = actor.habit if synapses is None else synapses
    return lambda seen: [actions.act(int(deed)) for deed in fixed.habits(torch.as_tensor(seen).float())]
