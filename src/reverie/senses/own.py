"""A sense by a user's own encoder: a torch module that the caller hands in (`reverie.senses.handed_in`).

What it returns is put on a grid, each column on its own, unless it is whole numbers up to 2¹⁶.
"""

from typing import Any

import torch
from jaxtyping import Num
from torch import Tensor, nn

from reverie.contracts import State
from reverie.errors import BadData, MissingData
from reverie.senses.grid import LIMIT, Grid
from reverie.senses.handed_in import OWN, OwnEncoder, digest_of, digest_of_tensors
from reverie.senses.numeric import NumericSense, fractions

__all__ = ["OwnSense"]

_BLOCK = 1000


class OwnSense(NumericSense):
    """Numbers through a module of the user's own.

    Attributes
    ----------
    own : OwnEncoder or None
        As it was handed in. Without it the sense can be carried, but it senses nothing.
    digest : str
        Of the module that the sense formed with.
    called : str
        What the brain's folder calls it.
    """

    name = OWN

    def __init__(self, settings: Any = None, seed: int = 0, *, budget: int | None = None) -> None:
        super().__init__(settings, seed, budget=budget)
        self.own: OwnEncoder | None = None
        self.digest, self.called = "", OWN

    @classmethod
    def recognises(cls, x: Any) -> bool:
        return False

    def form(self, samples: Any) -> None:
        numbers = self.see_first(samples)
        self.module = self.make()
        self.digest = digest_of(self.module)[1]
        with torch.no_grad():
            keys = torch.cat([self.sensed(part, self.module) for part in numbers.split(_BLOCK)])
        whole = not keys.is_floating_point() and -LIMIT <= int(keys.min()) <= int(keys.max()) <= LIMIT
        self.grid = None if whole else Grid.of(keys)

    def make(self) -> nn.Sequential:
        return self._handed_in().module(self.shape or ())

    def numbers(self, samples: Any) -> Num[Tensor, "n *shape"]:
        return fractions(super().numbers(samples))

    def sensed(self, samples: Any, module: nn.Module | None) -> Tensor:
        self._handed_in()
        keys = super().sensed(samples, module)
        if keys.is_complex() or not bool(torch.isfinite(keys).all()):
            raise BadData("The encoder returned numbers that are complex, NaN or infinite. Expected finite ones.")
        return keys.to(torch.uint8) if keys.dtype == torch.bool else keys

    def _coded(self, samples: Any, module: nn.Module | None) -> Tensor:
        keys = super()._coded(samples, module)
        return keys.clamp(-LIMIT, LIMIT) if keys.dtype in (torch.int64, torch.int32) else keys

    def _handed_in(self) -> OwnEncoder:
        if self.own is None:
            made = "" if self.called == OWN else f", {self.called!r}"
            raise MissingData(
                f"This brain senses by an encoder of its user's own{made}, and a file's names are not imported. Hand "
                "it in: Brain.open(folder, encoder=…), or --encoder package.module:function. Its history and its "
                "counts can be read without."
            )
        return self.own

    def state_dict(self) -> State:
        return super().state_dict() | {"module": {}, "digest": self.digest}

    def load_state_dict(self, state: State) -> None:
        """Take the module where it was handed in, if it is the one that the state knows.

        A state from before digests holds the module's tensors; these are compared then.

        Raises
        ------
        BadData
            Another module than at first.
        """
        self.settings, self.seed, self.budget = dict(state["settings"]), state["seed"], state["budget"]
        self.shape = None if state["shape"] is None else tuple(state["shape"])
        self.load_more(state)
        self.kept, self.grid = state["kept"], Grid.from_state(state.get("grid"))
        if self.shape is None:
            return
        self.digest = state.get("digest") or f"tensors {digest_of_tensors(state['module'])}"
        if self.own is None:
            return
        module = self.own.module(self.shape)
        tensors, whole = digest_of(module)
        if self.digest not in (whole, f"tensors {tensors}"):
            raise BadData(
                "The encoder that was handed in is not the one that this brain has learned with: its digest differs. "
                "Hand in the same module, with the same numbers; seed what is random in it."
            )
        self.module, self.digest = module, whole
