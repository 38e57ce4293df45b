"""Turns of a chat in which the model speaks: what was said to it is run once, what it says again and again.

A branch acts only where the model speaks. So while a fact is learned nothing changes in the prompt, nor in the blocks
below the first that learns: both are computed once and kept. The upper blocks are run by themselves where that gives
the very same numbers; where a model adds something on its way (positions, a scale), all of it is run.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from inspect import signature
from typing import Any

import torch
from torch import Tensor, nn

from reverie.language.cortex.blocks import blocks_of
from reverie.language.cortex.causal import CausalModel
from reverie.language.cortex.chatting import Told

__all__ = ["Turns"]


class Turns:
    """Some chats, side by side: prompts end together, and what is said begins together.

    Parameters
    ----------
    model : CausalModel
    chats : sequence of Told
        Each a prompt and what the model says to it.
    first : int
        The first block that is run again.

    Attributes
    ----------
    ids, real : Tensor, shape [n, t]
        From the last token of the prompt on, which foretells the first that is said; after its end a turn is not real.
    foretells : Tensor, shape [n, t]
        Where the next token is real, too: where something that is said is foretold.
    apart : bool
        Whether the upper blocks are run by themselves.
    """

    def __init__(self, model: CausalModel, chats: Sequence[Told], first: int) -> None:
        said = model.padded([one.tokens[one.start - 1 :] for one in chats])
        heard = model.padded([one.tokens[: one.start - 1] for one in chats], left=True)
        self.ids, self.real = said.ids, said.real
        self.foretells = said.real & said.real.roll(-1, 1)
        self.foretells[:, -1] = False
        self._heard = heard
        self._mask = torch.cat([heard.real, torch.ones_like(said.real)], 1)
        self._positions = (self._mask.long().cumsum(1) - 1).clamp(min=0)
        self._network: Any = model.network
        body: Any = self._network.base_model
        self._body = body
        self._blocks, self._first = blocks_of(self._network), first
        self._place = next(name for name, module in body.named_children() if module is self._blocks)
        self._past: list[tuple[Tensor, Tensor]] = []
        self._given = self.ids
        takes = signature(body.forward).parameters
        self._name = "cache" if "cache" in takes else "past_key_values"  # the older name, before it was changed
        self.apart = False

    @property
    def longest(self) -> int:
        """Tokens of the longest turn: in so many last ones of each chat a branch acts."""
        return int(self.ids.shape[1])

    @torch.no_grad()
    def ends(self) -> Tensor:
        """The last hidden states of what is said, shape [n, t, width], while nothing acts; computed once."""
        self._network.eval()
        begun = self.ids.shape[1]
        positions = self._positions[:, :-begun]
        heard = self._body(
            input_ids=self._heard.ids, attention_mask=self._heard.real, position_ids=positions, use_cache=True
        )
        past = heard[self._name]
        try:
            self._past = [(one.keys.clone(), one.values.clone()) for one in past.layers]
        except AttributeError:  # a memory of another kind, or none
            self._past = []
        with self._kept() as given:
            found: Tensor = self._rest(past, input_ids=self.ids)
        try:
            self.apart = bool(self._past) and torch.equal(self._upper(given[0]), found)
        except (RuntimeError, IndexError, KeyError, TypeError, ValueError):  # a model that counts its blocks otherwise
            self.apart = False
        if self.apart:
            self._given = given[0]
            return found
        return self()

    def __call__(self) -> Tensor:
        """The last hidden states of what is said, shape [n, t, width]; what acts there acts, and can be learned."""
        if self.apart:
            return self._upper(self._given)
        whole = torch.cat([self._heard.ids, self.ids], 1)
        found: Tensor = self._body(
            input_ids=whole, attention_mask=self._mask, position_ids=self._positions, use_cache=False
        ).last_hidden_state
        return found[:, -self.longest :]

    def _upper(self, given: Tensor) -> Tensor:
        from transformers import DynamicCache

        with self._only_upper():
            return self._rest(DynamicCache(self._past), inputs_embeds=given)

    def _rest(self, past: Any, **given: Tensor) -> Tensor:
        found: Tensor = self._body(
            **given,
            **{self._name: past},
            attention_mask=self._mask,
            position_ids=self._positions[:, -self.longest :],
            use_cache=True,
        ).last_hidden_state
        return found

    @contextmanager
    def _kept(self) -> Iterator[list[Tensor]]:
        """What the first block is given."""
        found: list[Tensor] = []

        def keep(_: nn.Module, args: tuple[Any, ...], given: dict[str, Any]) -> None:
            found.append((args[0] if args else given["hidden_states"]).detach())

        handle = self._blocks[self._first].register_forward_pre_hook(keep, with_kwargs=True)
        try:
            yield found
        finally:
            handle.remove()

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
