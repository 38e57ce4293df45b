"""The blocks of a language model: where its feed-forward layers write, and how to run only the upper ones.

A fact changes only layers from the middle on, so what lies below is computed once and kept while it is learned. The
upper blocks are run by themselves where that gives the very same numbers; where a model adds something on its way
(positions, a scale), all of it is run.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from reverie.errors import BadData

__all__ = ["Upper", "blocks_of", "writer_of"]


def blocks_of(network: nn.Module) -> nn.ModuleList:
    """The blocks that a model runs one after the other.

    Raises
    ------
    BadData
        Where none are found.
    """
    config: Any = network.config
    count = getattr(config, "num_hidden_layers", None)
    for module in network.modules():
        if isinstance(module, nn.ModuleList) and len(module) == count:
            return module
    raise BadData(
        f"{type(network).__name__} has no list of {count} blocks. Expected a decoder of transformers, such as Llama,"
        " Qwen, Mistral, Gemma or GPT-2."
    )


def writer_of(block: nn.Module, width: int) -> str:
    """The name, within a block, of the linear layer with which its feed-forward part writes: the last of that width."""
    found: str | None = None
    for name, module in block.named_modules():
        weight = getattr(module, "weight", None)
        if isinstance(weight, Tensor) and weight.ndim == 2 and not isinstance(module, nn.Embedding):
            n_out = weight.shape[1] if type(module).__name__ == "Conv1D" else weight.shape[0]
            found = name if n_out == width else found
    if found is None:
        raise BadData(f"A block of {type(block).__name__} has no linear layer that is {width} wide.")
    return found


class Upper:
    """A model from one of its blocks on.

    Parameters
    ----------
    network : torch.nn.Module
        A causal language model of `transformers`.
    first : int
        The first block that is run.
    """

    def __init__(self, network: Any, first: int) -> None:
        self._network, self._first = network, first
        self._blocks = blocks_of(network)
        self._body = network.base_model
        self._place = next(name for name, module in self._body.named_children() if module is self._blocks)
        self.apart = False

    @torch.no_grad()
    def lower(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        """What the first block is given, and what the model ends with; or, where it is not run apart, the ids."""
        kept: list[Tensor] = []

        def keep(_: nn.Module, args: tuple[Any, ...], given: dict[str, Any]) -> None:
            kept.append((args[0] if args else given["hidden_states"]).detach())

        handle = self._blocks[self._first].register_forward_pre_hook(keep, with_kwargs=True)
        try:
            ends = self._body(input_ids=ids, use_cache=False).last_hidden_state
        finally:
            handle.remove()
        try:
            self.apart = torch.equal(self._run(kept[0]), ends)
        except (RuntimeError, IndexError, KeyError, TypeError, ValueError):  # a model that counts its blocks otherwise
            self.apart = False
        return (kept[0] if self.apart else ids), ends

    def __call__(self, given: Tensor) -> Tensor:
        """The last hidden states, shape [n, t, width], from what `lower` gave."""
        if not self.apart:
            found: Tensor = self._body(input_ids=given, use_cache=False).last_hidden_state
            return found
        return self._run(given)

    def _run(self, given: Tensor) -> Tensor:
        with self._only_upper():
            found: Tensor = self._body(inputs_embeds=given, use_cache=False).last_hidden_state
        return found

    @contextmanager
    def _only_upper(self) -> Iterator[None]:
        config = self._network.config
        count = config.num_hidden_layers
        setattr(self._body, self._place, self._blocks[self._first :])
        config.num_hidden_layers = count - self._first
        try:
            yield
        finally:
            setattr(self._body, self._place, self._blocks)
            config.num_hidden_layers = count
