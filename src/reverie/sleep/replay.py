"""Replay: a network learns from traces, which are shown again shifted, and mirrored where that changes no class.

    L = − Σ_k q_k log p_k,    q = .9 for the trace's class and .1 spread over all

Steps follow one cycle of the learning rate. Whether mirror images may be shown is asked of the traces themselves: by
the nearest class mean, mirrored ones must be recognised nearly as often. The training can be stopped after any step and
gone on with: its state is all of it.

References: McClelland, McNaughton & O'Reilly, 1995, Psychological Review 102 (the cortex learns slowly from what the
hippocampus replays); Loshchilov & Hutter, 2019, ICLR (AdamW); Smith & Topin, 2019 (one cycle).
"""

import math

import torch
from jaxtyping import Float, Int64, UInt8
from torch import Tensor, nn

from reverie.contracts import State
from reverie.errors import BadData, CorruptFile
from reverie.layers import MapNetwork, TraceCode
from reverie.sleep.optimising import load_optimiser, optimiser_state

__all__ = ["Replay", "map_network", "mirrors_keep_classes"]

_BATCH = 128
_LEAST_STEPS = 300
_RATE, _DECAY, _SMOOTHED = 3e-3, 0.05, 0.1
_RISING = 0.25  # share of the steps in which the rate rises
_FROM, _TO = 1 / 25, 1e-4  # of the rate, where the cycle begins and ends
_SHIFT = 1  # places by which a map is shifted, at most
_ASKED = 2000  # traces by which it is seen whether mirror images keep their class
_NEARLY = 0.85


class Replay:
    """The training of a network on traces.

    Parameters
    ----------
    code : TraceCode
    codes : Tensor, uint8, shape [n, size]
    of : Tensor, int64, shape [n]
        Their classes, 0…`classes` − 1.
    epochs : int
        How often each is shown; more often where that would be less than 300 steps.
    generator : torch.Generator
        Of the first weights and of all that is drawn.

    Attributes
    ----------
    network : MapNetwork
    step, steps : int
        Taken, and in all.
    mirrors : bool
        Whether mirror images are shown.
    """

    def __init__(
        self,
        code: TraceCode,
        codes: UInt8[Tensor, "n size"],
        of: Int64[Tensor, " n"],
        classes: int,
        *,
        epochs: int,
        generator: torch.Generator,
    ) -> None:
        if len(codes) < 2 or epochs < 1:
            raise BadData(
                f"There are {len(codes)} traces and {epochs} epochs. Expected two traces and an epoch or more."
            )
        self.code, self.codes, self.of, self.generator = code, codes, of, generator
        self.batch = min(_BATCH, len(codes))
        each = len(codes) // self.batch
        self.steps = each * max(epochs, -(-_LEAST_STEPS // each))
        self.step = 0
        self.mirrors = mirrors_keep_classes(code, codes, of, classes)
        self.network = MapNetwork(code.components, classes, generator)
        self.optimiser = torch.optim.AdamW(self.network.parameters(), lr=_RATE, weight_decay=_DECAY)
        self.order = torch.zeros(len(codes), dtype=torch.int64)

    @property
    def finished(self) -> bool:
        return self.step >= self.steps

    def advance(self, steps: int) -> None:
        """Take this many steps, or as many as there are left."""
        each = len(self.codes) // self.batch
        self.network.train()
        for _ in range(min(steps, self.steps - self.step)):
            place = self.step % each
            if place == 0:
                self.order = torch.randperm(len(self.codes), generator=self.generator)
            chosen = self.order[place * self.batch : (place + 1) * self.batch]
            maps = self._seen_again(self.code.decode(self.codes[chosen]))
            for group in self.optimiser.param_groups:
                group["lr"] = _RATE * _cycle(self.step / self.steps)
            self.optimiser.zero_grad()
            loss = nn.functional.cross_entropy(self.network(maps), self.of[chosen], label_smoothing=_SMOOTHED)
            loss.backward()
            self.optimiser.step()
            self.step += 1
        self.network.eval()

    def _seen_again(self, maps: Float[Tensor, "n c side side"]) -> Float[Tensor, "n c side side"]:
        """Shifted all alike; each second one mirrored."""
        if self.mirrors:
            turned = torch.rand(len(maps), generator=self.generator) < 0.5
            maps = torch.where(turned[:, None, None, None], self.code.mirrored(maps), maps)
        side = maps.shape[-1]
        down, across = torch.randint(0, 2 * _SHIFT + 1, (2,), generator=self.generator).tolist()
        wide = nn.functional.pad(maps, (_SHIFT,) * 4)
        return wide[:, :, down : down + side, across : across + side].contiguous()

    def state_dict(self) -> State:
        return {
            "step": self.step,
            "network": dict(self.network.state_dict()),
            "optimiser": optimiser_state(self.optimiser),
            "order": self.order,
            "generator": self.generator.get_state(),
        }

    def load_state_dict(self, state: State) -> None:
        """Go on from there.

        Raises
        ------
        CorruptFile
            It is not of a replay like this one. Then this object is not to be used further.
        """
        try:
            self._load(state)
        except (KeyError, TypeError, ValueError, RuntimeError, AttributeError, IndexError) as error:
            said = f"{type(error).__name__}: {error}"
            raise CorruptFile(f"This is not the state of a replay of these traces ({said}).") from None

    def _load(self, state: State) -> None:
        order, step = state["order"], state["step"]
        if not isinstance(step, int) or not 0 <= step <= self.steps:
            raise ValueError(f"step {step!r} of {self.steps}")
        if order.dtype != torch.int64 or order.shape != self.order.shape:
            raise ValueError("an order of other traces")
        if len(order) and not 0 <= int(order.min()) <= int(order.max()) < len(order):
            raise ValueError("an order of other traces")
        self.network.load_state_dict(state["network"])
        load_optimiser(self.optimiser, list(self.network.parameters()), state["optimiser"])
        self.step, self.order = step, order.clone()
        self.generator.set_state(state["generator"])


def map_network(state: State) -> MapNetwork:
    """The network that a state of tensors belongs to.

    Raises
    ------
    CorruptFile
        It is of no such network.
    """
    try:
        components, classes = state["layers.0.weight"].shape[1], len(state["head.bias"])
        network = MapNetwork(components, classes, torch.Generator().manual_seed(0))
        network.load_state_dict(state)
    except (KeyError, TypeError, ValueError, RuntimeError, AttributeError, IndexError) as error:
        raise CorruptFile(f"It holds a deeper cortex that is none ({type(error).__name__}: {error}).") from None
    return network.eval()


def mirrors_keep_classes(
    code: TraceCode, codes: UInt8[Tensor, "n size"], of: Int64[Tensor, " n"], classes: int
) -> bool:
    """Whether the mirror images of traces are recognised nearly as often as they themselves, by the nearest mean."""
    step = 2 * -(-len(codes) // (2 * _ASKED))
    maps, answers = code.decode(codes[::step]).flatten(1), of[::step]  # these give the means, and others are asked
    known = answers.unique()
    means = torch.stack([maps[answers == one].mean(0) for one in known])
    asked, right = code.decode(codes[1::step]), of[1::step]
    scores = [
        float((known[torch.cdist(x.flatten(1), means).argmin(1)] == right).double().mean())
        for x in (asked, code.mirrored(asked))
    ]
    by_chance = 1 / max(1, min(classes, len(known)))
    return scores[1] - by_chance >= _NEARLY * (scores[0] - by_chance)


def _cycle(done: float) -> float:
    """The learning rate after a share of the steps, in units of the largest."""
    if done < _RISING:
        return _FROM + (1 - _FROM) * (1 - math.cos(math.pi * done / _RISING)) / 2
    return _TO + (1 - _TO) * (1 + math.cos(math.pi * (done - _RISING) / (1 - _RISING))) / 2
