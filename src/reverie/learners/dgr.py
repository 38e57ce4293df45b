"""Deep generative replay (Shin, Lee, Kim, Kim, 2017, NeurIPS): a second network dreams the past.

A variational autoencoder learns what samples look like. In the next experience it dreams samples of the past, the
previous classifier names them, and classifier and generator learn both: 1/t of the present and 1 − 1/t of the dreams.
"""

from copy import deepcopy
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from reverie.contracts import State
from reverie.functional import cross_entropy_among
from reverie.layers import Autoencoder, Perceptron
from reverie.learners.gradient import GradientLearner, earlier_self

__all__ = ["DGR"]


@dataclass(kw_only=True, eq=False, repr=False)
class DGR(GradientLearner):
    """Deep generative replay with two networks.

    Parameters
    ----------
    latent : int
        Dimensions of the generator's z; its hidden layers mirror the classifier's.
    reconstruction : {"bernoulli", "gaussian"}
        For inputs in 0…1, or for others.
    """

    latent: int = 100
    reconstruction: str = "bernoulli"

    def _begin(self, shape: tuple[int, ...]) -> None:
        super()._begin(shape)
        self.generator_network_ = self._new_generator()
        self.previous_: Perceptron | None = None
        self.previous_generator_: Autoencoder | None = None

    def _new_generator(self) -> Autoencoder:
        return Autoencoder(
            self.n_features_in_,
            self.hidden,
            self.latent,
            generator=self.generator_,
            reconstruction=self.reconstruction,
        ).to(self.device)

    def _trained(self) -> list[nn.Parameter]:
        return [*self.network_.parameters(), *self.generator_network_.parameters()]

    def _loss(self, x: Float[Tensor, "n *shape"], y: Int64[Tensor, " n"]) -> Float[Tensor, ""]:
        x = x.flatten(1)
        present = cross_entropy_among(self.network_(x), y, self._among(self.present_)) + self._imitation(x)
        if self.previous_ is None or self.previous_generator_ is None:
            return present
        dreamt = self.previous_generator_.dream(self.batch_size, generator=self.generator_)
        with torch.no_grad():
            named = self.previous_(dreamt)
        logits = self.network_(dreamt)
        replayed = []
        for among in self._among_past(named.shape[1]):
            answer = named if among is None else named.masked_fill(~among, -torch.inf)
            padded = None if among is None else nn.functional.pad(among, (0, logits.shape[1] - among.shape[1]))
            replayed.append(cross_entropy_among(logits, answer.argmax(1), padded))
        past = torch.stack(replayed).mean() + self._imitation(dreamt)
        return self._share * present + (1 - self._share) * past

    def _imitation(self, x: Float[Tensor, "n d"]) -> Float[Tensor, ""]:
        """The generator's own loss."""
        encoded = self.generator_network_.encode(x)
        return self.generator_network_.loss(x, encoded, classes=None, gate=None, generator=self.generator_)

    def _sleep(self) -> None:
        assert isinstance(self.network_, Perceptron)
        self.previous_ = deepcopy(self.network_).requires_grad_(False)
        self.previous_generator_ = deepcopy(self.generator_network_).requires_grad_(False)

    def _state(self) -> State:
        state = super()._state() | {"generator": dict(self.generator_network_.state_dict()), "previous": None}
        if self.previous_ is not None and self.previous_generator_ is not None:
            state["previous"] = dict(self.previous_.state_dict())
            state["previous_generator"] = dict(self.previous_generator_.state_dict())
        return state

    def _restore(self, state: State) -> None:
        super()._restore(state)
        self.generator_network_.load_state_dict(state["generator"])
        self.previous_, self.previous_generator_ = earlier_self(self, state["previous"]), None
        if self.previous_ is not None:
            dreamer = self._new_generator()
            dreamer.load_state_dict(state["previous_generator"])
            self.previous_generator_ = dreamer.requires_grad_(False)
