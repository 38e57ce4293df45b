"""Branches: each fact in a few thin changes of its own, of which at each token the one that fits acts alone.

A night's fact is a pair of thin matrices for each of some layers that write (B A, as in a LoRA). Added together, the
facts of one person disturb each other: all of them answer "Ana's … is". So they compete, as the branches of a dendrite
do: at each token and each layer the branch whose directions the layer's input fits best acts, and all others are
silent::

    b* = argmax_b |A_b k|²        W k  →  W k + B_b* A_b* k

They act only where the model speaks: what is said to it is understood as by the base.

A branch is learned without a look at any other, and none changes another. So a fact is changed by putting another
branch in its place, and forgotten by deleting it: the model is then, bit for bit, one that never heard it. Where none
is active, the model is the base, bit for bit.

Winner-take-all between dendritic branches, and plasticity within one of them: Losonczy, Makara & Magee, 2008, Nature
452. A store of edits beside the weights that acts near its own keys: Hartvigsen et al., 2023, NeurIPS (GRACE).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from reverie.errors import CorruptFile
from reverie.language.cortex.adapters import Adapter

__all__ = ["acting", "answers_of", "check_branch"]


@contextmanager
def acting(network: nn.Module, branches: Sequence[Adapter], *, last: int = 1) -> Iterator[None]:
    """Let branches act in a network while this lasts; with none, nothing is changed.

    Parameters
    ----------
    last : int
        At how many last places of what the network is given. One is right where a model generates: the last token of
        the prompt foretells the first of the answer, and from there on it is given one at a time.
    """
    layers = sorted({name for branch in branches for name in branch})
    handles = [
        network.get_submodule(name).register_forward_hook(
            _winner([branch[name] for branch in branches if name in branch], last)
        )
        for name in layers
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def check_branch(network: nn.Module, branch: Adapter) -> None:
    """Refuse a branch of another model.

    Raises
    ------
    CorruptFile
    """
    for name, (a, b) in branch.items():
        try:
            weight: Any = network.get_submodule(name).weight
        except AttributeError:
            weight = torch.empty(0, 0)
        if sorted(weight.shape) != sorted((b.shape[0], a.shape[1])):
            raise CorruptFile(
                f"A fact in the weights has a layer {name!r} that the model has not. Open the memory with the model"
                " that it has slept with."
            )


def _winner(pairs: list[tuple[Tensor, Tensor]], last: int) -> Any:
    def act(_: nn.Module, args: tuple[Tensor, ...], out: Tensor) -> Tensor:
        spoken = out[:, -last:] + answers_of(args[0][:, -last:], pairs)
        return torch.cat([out[:, :-last], spoken], 1)

    return act


def answers_of(k: Float[Tensor, "*shape n_in"], pairs: list[tuple[Tensor, Tensor]]) -> Float[Tensor, "*shape n_out"]:
    """What the branch that fits best adds, at each place."""
    if len(pairs) == 1:
        a, b = pairs[0]
        return (k @ a.T) @ b.T
    best = k.new_full(k.shape[:-1], -1.0)
    found = k.new_zeros(*k.shape[:-1], pairs[0][1].shape[0])
    for a, b in pairs:
        z = k @ a.T
        fit = z.square().sum(-1)
        wins = fit > best
        best = torch.where(wins, fit, best)
        found = torch.where(wins[..., None], z @ b.T, found)
    return found
