"""Streaming actor-critic: two small networks that learn from each step once, without a store and without batches.

With eligibility traces z_v, z_π and steps that cannot overshoot (`reverie.functional.streaming`)::

    δ = r + γ v(y) − v(x)
    z_v ← γλ z_v + ∇v(x)                                       v ← v + step(δ, z_v, κ_v) · δ z_v
    z_π ← γλ z_π + ∇(log π(a | x) + τ sign(δ) H(π(· | x)))     π ← π + step(δ, z_π, κ_π) · δ z_π

Both networks have two hidden layers, each normalised before its leaky rectifier, and begin with sparse weights.
Observations are brought to mean 0 and deviation 1, rewards are divided by the deviation of their discounted sum, both
by what was met so far. Deeds come from a softmax, or from a normal distribution over the range of the body.

Written from the paper's equations. Different from the paper: one weight of each neuron is never zero at first (four
senses would leave none), the mean of the discounted sum is taken off before its variance, and a deed of the body is
scaled to its bounds and cut there.

Reference: Elsayed, Vasan, Mahmood, 2024, "Streaming deep reinforcement learning finally works", arXiv:2410.14606.
"""

import math
from inspect import signature
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Generator, Tensor

from reverie.agents.life import Policy
from reverie.agents.observations import Observations
from reverie.agents.players.base import Place, StepPlayer
from reverie.checkpoint import state_bytes
from reverie.contracts import State
from reverie.errors import BadData, CorruptFile, unknown_name
from reverie.functional import Running, bounded_step, sparse_weights

__all__ = ["StreamAC"]

_LEAST = 1e-5  # of a deviation


class StreamAC(StepPlayer):
    """Acts and learns from each step once.

    Parameters
    ----------
    senses, actions : gymnasium spaces
        A Box of one dimension; a Discrete space or a bounded Box of one dimension.
    seed : int
        Of everything random.
    hidden : int
        Neurons of each of the two hidden layers.
    rate : float
        α.
    kappa_value, kappa_policy : float
        κ_v and κ_π: how far steps stay from overshooting.
    discount, trace : float
        γ and λ, 0…1.
    entropy : float
        τ.
    sparsity : float
        Share of the weights that are zero at first.

    Examples
    --------
    >>> from gymnasium import spaces
    >>> player = StreamAC(spaces.Box(-1, 1, (2,)), spaces.Discrete(3), hidden=8)
    >>> player.begin([0.0, 0.5])
    >>> action = player.act([0.0, 0.5])
    >>> player.observe([0.0, 0.5], action, 1.0, [0.1, 0.5], ended=False, truncated=False)
    >>> player.stored_samples
    0
    """

    def __init__(
        self,
        senses: Any,
        actions: Any,
        *,
        seed: int = 0,
        hidden: int = 128,
        rate: float = 1.0,
        kappa_value: float = 2.0,
        kappa_policy: float = 3.0,
        discount: float = 0.99,
        trace: float = 0.8,
        entropy: float = 0.01,
        sparsity: float = 0.9,
    ) -> None:
        self._senses, self._deeds = Observations(senses), _Deeds(actions)
        self.rate, self.kappa_value, self.kappa_policy = rate, kappa_value, kappa_policy
        self.discount, self.trace, self.entropy = discount, trace, entropy
        self._generator = Generator().manual_seed(seed)
        sizes = len(self._senses), hidden, hidden
        self._value = _Network((*sizes, 1), sparsity, self._generator)
        self._policy = _Network((*sizes, self._deeds.outputs), sparsity, self._generator)
        self._seen, self._sums, self._sum = Running.none(len(self._senses)), Running.none(1), 0.0

    @classmethod
    def make(cls, place: Place, *, seed: int, settings: dict[str, Any], steps: int) -> "StreamAC":
        there = place()
        try:
            return cls(there.observation_space, there.action_space, seed=seed, **_checked(settings))
        finally:
            there.close()

    @classmethod
    def known_settings(cls) -> dict[str, Any]:
        taken = signature(cls).parameters
        return {name: one.default for name, one in taken.items() if name not in ("senses", "actions", "seed")}

    def begin(self, observation: Any) -> None:
        self._seen = self._seen.after(self._senses.state(observation))
        self._rest()

    def act(self, observation: Any) -> Any:
        with torch.no_grad():
            told = self._policy(self._seen.scaled(self._senses.state(observation)))
        self._drawn = self._deeds.draw(told, self._generator)
        return self._deeds.act(self._drawn)

    def observe(
        self, observation: Any, action: Any, reward: float, following: Any, *, ended: bool, truncated: bool
    ) -> None:
        state, then = self._senses.state(observation), self._senses.state(following)
        x = self._seen.scaled(state)
        self._seen = self._seen.after(then)
        y = self._seen.scaled(then)
        self._sum = self.discount * self._sum + reward
        self._sums = self._sums.after(torch.tensor([self._sum]))
        scaled = reward / math.sqrt(float(self._sums.variance) + 1e-8)

        value = self._value(x)[0]
        with torch.no_grad():
            worth = 0.0 if ended else float(self._value(y)[0])
        error = scaled + self.discount * worth - float(value.detach())
        fade = self.discount * self.trace
        likely, spread = self._deeds.measure(self._policy(x), self._drawn)
        aim = likely + self.entropy * math.copysign(1.0, error) * spread
        self._value.learn(value, error, fade=fade, rate=self.rate, kappa=self.kappa_value)
        self._policy.learn(aim, error, fade=fade, rate=self.rate, kappa=self.kappa_policy)
        if ended or truncated:
            self._rest()

    def _rest(self) -> None:
        """Nothing that is over leaves a trace."""
        self._value.rest()
        self._policy.rest()
        self._sum = 0.0

    def habit(self) -> Policy:
        @torch.no_grad()
        def policy(met: Any) -> list[Any]:
            return [self._deeds.best(told) for told in self._policy(self._seen.scaled(torch.as_tensor(met).float()))]

        return policy

    def state_dict(self) -> State:
        return {
            "value": {str(i): weight.detach().clone() for i, weight in enumerate(self._value.weights)},
            "policy": {str(i): weight.detach().clone() for i, weight in enumerate(self._policy.weights)},
            "seen": self._seen._asdict(),
            "sums": self._sums._asdict(),
            "random": self._generator.get_state(),
        }

    def load_state_dict(self, state: State) -> None:
        for name, network in (("value", self._value), ("policy", self._policy)):
            network.load([state[name][str(i)] for i in range(len(network.weights))])
        self._seen, self._sums = Running(**state["seen"]), Running(**state["sums"])
        self._generator.set_state(state["random"])
        self._rest()

    @property
    def state_bytes(self) -> int:
        """With the traces, one for each weight."""
        return state_bytes(self.state_dict()) + 4 * (self._value.size + self._policy.size)

    @property
    def stored_samples(self) -> int:
        return 0


def _checked(settings: dict[str, Any]) -> dict[str, Any]:
    known = StreamAC.known_settings()
    for name, value in settings.items():
        if name not in known:
            raise unknown_name("setting of stream-ac:", name, known)
        whole = name == "hidden"
        most = 4096 if whole else 1.0 if name in ("discount", "trace", "sparsity") else 1000.0
        fits = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
        if not fits or not (1 if whole else 0) <= value <= most:
            raise BadData(
                f"{name} is {value!r}. Expected {'a whole number' if whole else 'a number'}, at most {most:g}."
            )
    return settings


class _Network:
    """Two hidden layers, and a trace for each weight."""

    def __init__(self, sizes: tuple[int, ...], sparsity: float, generator: Generator) -> None:
        self.weights: list[Tensor] = []
        for n_in, n_out in pairwise(sizes):
            self.weights += [sparse_weights(n_out, n_in, generator, sparsity=sparsity), torch.zeros(n_out)]
        for weight in self.weights:
            weight.requires_grad_()
        self.rest()

    def __call__(self, x: Float[Tensor, "*n d"]) -> Float[Tensor, "*n k"]:
        pairs = list(zip(self.weights[::2], self.weights[1::2], strict=True))
        for weight, bias in pairs[:-1]:
            h = F.linear(x, weight, bias)
            x = F.leaky_relu(F.layer_norm(h, h.shape[-1:]))
        return F.linear(x, *pairs[-1])

    @property
    def size(self) -> int:
        return sum(weight.numel() for weight in self.weights)

    def rest(self) -> None:
        self.traces = [torch.zeros_like(weight) for weight in self.weights]

    def learn(self, aim: Float[Tensor, ""], error: float, *, fade: float, rate: float, kappa: float) -> None:
        """Move the weights along the trace of the aim's gradient."""
        for trace, slope in zip(self.traces, torch.autograd.grad(aim, self.weights), strict=True):
            trace.mul_(fade).add_(slope)
        size = sum(float(trace.abs().sum()) for trace in self.traces)
        step = bounded_step(error, size, rate=rate, kappa=kappa)
        with torch.no_grad():
            for weight, trace in zip(self.weights, self.traces, strict=True):
                weight.add_(trace, alpha=step * error)

    def load(self, weights: list[Tensor]) -> None:
        for now, saved in zip(self.weights, weights, strict=True):
            if not isinstance(saved, Tensor) or saved.shape != now.shape or not bool(saved.isfinite().all()):
                raise CorruptFile("The weights of this network are not what was saved. Restore a copy.")
        self.weights = [saved.float().clone().requires_grad_() for saved in weights]


class _Measured(NamedTuple):
    """log π of a deed, and the entropy of π."""

    likely: Float[Tensor, ""]
    spread: Float[Tensor, ""]


class _Deeds:
    """How outputs of a network become deeds: a softmax, or a normal distribution for each number."""

    def __init__(self, space: Any) -> None:
        from gymnasium import spaces

        self.discrete = isinstance(space, spaces.Discrete)
        if self.discrete:
            self._start, self.outputs = int(space.start), int(space.n)
            return
        if not isinstance(space, spaces.Box) or len(space.shape) != 1:
            raise BadData(f"The actions are {space}. Expected a Discrete space, or a Box of one dimension.")
        if not (np.isfinite(space.low).all() and np.isfinite(space.high).all()):
            raise BadData(f"The actions are {space}, without bounds. Give each a lowest and a highest value.")
        self._low, self._high, self._dtype = space.low, space.high, space.dtype
        self.outputs = 2 * space.shape[0]

    def draw(self, told: Float[Tensor, " k"], generator: Generator) -> Tensor:
        if self.discrete:
            return torch.multinomial(told.softmax(0), 1, generator=generator)[0]
        mean, deviation = self._normal(told)
        return mean + deviation * torch.randn(len(mean), generator=generator)

    def measure(self, told: Float[Tensor, " k"], drawn: Tensor) -> _Measured:
        if self.discrete:
            odds = told.log_softmax(0)
            return _Measured(odds[drawn], -(odds.exp() * odds).sum())
        mean, deviation = self._normal(told)
        away = ((drawn - mean) / deviation).square()
        likely = -(away / 2 + deviation.log() + math.log(2 * math.pi) / 2).sum()
        return _Measured(likely, (deviation.log() + (1 + math.log(2 * math.pi)) / 2).sum())

    def act(self, drawn: Tensor) -> Any:
        if self.discrete:
            return self._start + int(drawn)
        share = (drawn.numpy().clip(-1, 1) + 1) / 2
        return (self._low + share * (self._high - self._low)).astype(self._dtype)

    def best(self, told: Float[Tensor, " k"]) -> Any:
        return self.act(told.argmax() if self.discrete else self._normal(told)[0])

    def _normal(self, told: Float[Tensor, " k"]) -> tuple[Tensor, Tensor]:
        mean, deviation = told.chunk(2)
        return mean, F.softplus(deviation) + _LEAST
