"""Consolidation: a network learns in sleep what the fast memory answers to dreams.

    L = − Σ_k q_k log p_k,      q = the memory's probabilities of a dreamed key,   p = the network's

Dreams are selected by need: half of them evenly, half in proportion to how far the network still is from the memory on
each class, KL(q ‖ p) averaged over the last dreams of it (Mattar & Daw, 2018, Nature Neuroscience 21: replay goes where
it changes most).
After the last step the weakest synapses are cut and the others learn on for a while (Tononi & Cirelli, 2014, Neuron 81:
sleep renormalises synapses). The training can be stopped after any step and gone on with: its state is all of it.
"""

import torch
from jaxtyping import Float, Num
from torch import Tensor, nn

from reverie.contracts import State
from reverie.errors import BadData, CorruptFile
from reverie.functional import one_hot_logits
from reverie.layers import Perceptron
from reverie.memory import AssociativeMemory
from reverie.sleep.dreams import Dreamer
from reverie.sleep.optimising import load_optimiser, need_shape, optimiser_state

__all__ = ["Consolidation", "cortex_network"]

_BATCH = 128
_MEMORY = 0.9  # of the running mean of a class's need, from step to step


class Consolidation:
    """The training of a network on a memory's dreams.

    Parameters
    ----------
    memory : AssociativeMemory
        The teacher.
    dreamer : Dreamer
    hidden : sequence of int
        Units of each hidden layer.
    steps : int
        Optimiser steps in all.
    learning_rate : float
        Of Adam.
    cut : float
        Share of the synapses that are cut after four fifths of the steps, 0…1.
    seed : int
    """

    def __init__(
        self,
        memory: AssociativeMemory,
        dreamer: Dreamer,
        *,
        hidden: tuple[int, ...] = (400, 400),
        steps: int = 1000,
        learning_rate: float = 1e-3,
        cut: float = 0.5,
        seed: int = 0,
    ) -> None:
        if steps < 1 or not 0 <= cut < 1 or not learning_rate > 0:
            raise BadData(
                f"steps is {steps}, cut {cut}, learning_rate {learning_rate}. Expected steps ≥ 1, 0 ≤ cut < 1, "
                "learning_rate > 0."
            )
        self.memory, self.dreamer, self.steps, self.cut = memory, dreamer, steps, cut
        self.generator = torch.Generator().manual_seed(seed)
        self.step = 0
        probe, _ = dreamer.dream(1000, self.generator)
        perceptron = Perceptron(probe.shape[1], hidden, self.generator)
        perceptron.head.grow(len(memory.value_sums), self.generator)
        spread, mean = torch.std_mean(probe, 0)
        scale = Standardised(mean, 1 / (spread + 0.1 * spread.mean() + 1e-12))
        self.network = nn.Sequential(scale, perceptron)
        self.optimiser = torch.optim.Adam(perceptron.parameters(), lr=learning_rate)
        self.masks: list[Tensor] = []
        self.need = torch.ones(len(memory.value_sums))

    @property
    def finished(self) -> bool:
        return self.step >= self.steps

    def advance(self, steps: int) -> None:
        """Take this many steps, or as many as there are left."""
        for _ in range(min(steps, self.steps - self.step)):
            if self.cut > 0 and self.step == self.steps * 4 // 5:
                self._cut_synapses()
            there = self.need[self.dreamer.classes].mean()
            keys, of = self.dreamer.dream(_BATCH, self.generator, self.need + there)
            with torch.no_grad():
                logits = one_hot_logits(self.memory.read(keys), self.memory.value_sums)
                target = torch.softmax(logits, 1).float()
            self.optimiser.zero_grad()
            loss = nn.functional.cross_entropy(self.network(keys), target, reduction="none")
            loss.mean().backward()
            self.optimiser.step()
            self._feel(loss.detach() + torch.special.entr(target).sum(1).neg(), of)
            self._silence()
            self.step += 1

    def _feel(self, divergence: Float[Tensor, " n"], of: Tensor) -> None:
        """Follow the need of the classes that were dreamed of."""
        for column in of.unique().tolist():
            now = float(divergence[of == column].mean().clamp_min(1e-6))
            self.need[column] += (1 - _MEMORY) * (now - self.need[column])

    def _cut_synapses(self) -> None:
        self.masks = [
            parameter.detach().abs()
            >= parameter.detach().abs().flatten().kthvalue(max(1, int(self.cut * parameter.numel()))).values
            for parameter in self._synapses()
        ]
        self._silence()

    def _silence(self) -> None:
        with torch.no_grad():
            for parameter, mask in zip(self._synapses(), self.masks, strict=False):
                parameter.mul_(mask)

    def _synapses(self) -> list[nn.Parameter]:
        return [parameter for parameter in self.network.parameters() if parameter.ndim == 2]

    def state_dict(self) -> State:
        return {
            "step": self.step,
            "network": dict(self.network.state_dict()),
            "optimiser": optimiser_state(self.optimiser),
            "need": self.need.clone(),
            "masks": {str(index): mask for index, mask in enumerate(self.masks)},
            "generator": self.generator.get_state(),
        }

    def load_state_dict(self, state: State) -> None:
        """Go on from there.

        Raises
        ------
        CorruptFile
            It is not of a consolidation like this one. Then this object is not to be used further.
        """
        try:
            self._load(state)
        except (KeyError, TypeError, ValueError, RuntimeError, AttributeError) as error:
            said = f"{type(error).__name__}: {error}"
            raise CorruptFile(f"This is not the state of a consolidation of this memory ({said}).") from None

    def _load(self, state: State) -> None:
        self.step = int(state["step"])
        self.network.load_state_dict(state["network"])
        load_optimiser(self.optimiser, list(self.network.parameters()), state["optimiser"])
        need_shape(state["need"], self.need.shape)
        self.need = state["need"].clone()
        self.masks = [state["masks"][str(index)] for index in range(len(state["masks"]))]
        for parameter, mask in zip(self._synapses(), self.masks, strict=bool(self.masks)):
            need_shape(mask, parameter.shape)
        self.generator.set_state(state["generator"])


class Standardised(nn.Module):
    """Keys in units of their own spread."""

    mean: Tensor
    scale: Tensor

    def __init__(self, mean: Float[Tensor, " d"], scale: Float[Tensor, " d"]) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("scale", scale)

    def forward(self, keys: Num[Tensor, "n d"]) -> Float[Tensor, "n d"]:
        return (keys.float() - self.mean) * self.scale


def cortex_network(state: State) -> nn.Module:
    """The network whose `state_dict` this is."""
    sizes = [len(value) for name, value in state.items() if name.endswith("weight") and "encoder" in name]
    source = torch.Generator().manual_seed(0)
    perceptron = Perceptron(len(state["0.mean"]), sizes, source)
    perceptron.head.grow(len(state["1.head.bias"]), source)
    network = nn.Sequential(Standardised(state["0.mean"], state["0.scale"]), perceptron)
    network.load_state_dict(state)
    return network
