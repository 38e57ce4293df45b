"""What the learners that descend a gradient share: a network, an optimiser, and the loop over mini-batches.

A learner of this kind writes its loss for one mini-batch (`_loss`), and what it does when an experience is over,
while the data are still in hand (`_finish`) and in sleep (`_sleep`). One call of `partial_fit` is one experience:
`iterations` steps.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int64, Num
from torch import Tensor, nn

from reverie.contracts import State
from reverie.errors import BadData
from reverie.evaluation import count_operations
from reverie.layers import Perceptron
from reverie.learners.base import Classifier

__all__ = ["GradientLearner", "batches", "earlier_self"]


@dataclass(kw_only=True, eq=False, repr=False)
class GradientLearner(Classifier, ABC):
    """Base of the learners that descend a gradient.

    Parameters
    ----------
    hidden : tuple of int
        Units of each hidden layer.
    iterations : int
        Optimiser steps per experience (per call of `partial_fit`).
    batch_size : int
    learning_rate : float
        Of Adam, which starts anew with every experience.
    precision : {"float32", "bfloat16"}
        Of the products in learning; weights, sums and predictions are always float32.
    device : str
        Where the network lives: "cpu", "cuda", …
    seed : int
        Of everything random.
    """

    hidden: tuple[int, ...] = (400, 400)
    iterations: int = 2000
    batch_size: int = 128
    learning_rate: float = 1e-3
    precision: str = "float32"
    device: str = "cpu"
    seed: int = 0

    # what a learner writes

    @abstractmethod
    def _loss(self, x: Float[Tensor, "n *shape"], y: Int64[Tensor, " n"]) -> Float[Tensor, ""]:
        """The loss of one mini-batch of the present experience."""

    def _start(self) -> None:
        """Called before the first mini-batch of an experience."""
        return

    def _step(self) -> None:
        """Called after every optimiser step."""
        return

    def _finish(self, x: Float[Tensor, "n *shape"], y: Int64[Tensor, " n"]) -> None:
        """Called after the last mini-batch, the experience's data still in hand."""
        return

    # the loop

    def _begin(self, shape: tuple[int, ...]) -> None:
        if self.precision not in ("float32", "bfloat16"):
            raise BadData(f"precision is {self.precision!r}. Expected 'float32' or 'bfloat16'.")
        self.groups_: list[list[int]] = []
        self.network_: nn.Module = Perceptron(self.n_features_in_, self.hidden, self.generator_).to(self.device)

    def _grow(self, n_classes: int) -> None:
        assert isinstance(self.network_, Perceptron)
        self.network_.head.grow(n_classes, self.generator_)

    def _learn(
        self, x: Num[Tensor, "n *shape"], y: Int64[Tensor, " n"], candidates: Int64[Tensor, " c"] | None
    ) -> None:
        self.present_ = self._group(candidates)
        x, y = x.float().to(self.device), y.to(self.device)
        self._start()
        x_all, y_all = self._material(x, y)
        optimizer = torch.optim.Adam(self._trained(), lr=self.learning_rate, fused=True)
        stream = batches(len(x_all), self.batch_size, self.generator_)
        for step in range(self.iterations):
            chosen = next(stream).to(self.device)
            if step == self.iterations // 2:  # every step is alike: one is counted for all
                with count_operations(self.cost_, times=self.iterations):
                    self._descend(optimizer, x_all[chosen], y_all[chosen])
            else:
                self._descend(optimizer, x_all[chosen], y_all[chosen])
        self._finish(x, y)

    def _descend(self, optimizer: torch.optim.Optimizer, x: Tensor, y: Tensor) -> None:
        with torch.autocast(x.device.type, dtype=torch.bfloat16, enabled=self.precision == "bfloat16"):
            loss = self._loss(x, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        self._step()

    def _material(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """What mini-batches are drawn from: the present experience."""
        return x, y

    def _trained(self) -> list[nn.Parameter]:
        return list(self.network_.parameters())

    def _scores(self, x: Num[Tensor, "n *shape"]) -> Float[Tensor, "n k"]:
        logits: Tensor = self.network_(x.float().to(self.device))
        return logits

    @property
    def _share(self) -> float:
        """How much the present counts beside the past: 1/t in the t-th experience."""
        return 1 / (self.experience_ + 1)

    # task-incremental learning: answers lie within groups of classes

    def _group(self, candidates: Tensor | None) -> int | None:
        if candidates is None:
            return None
        group = sorted(candidates.tolist())
        if group not in self.groups_:
            self.groups_.append(group)
        return self.groups_.index(group)

    def _among(self, group: int | None) -> Bool[Tensor, "1 k"] | None:
        """Marks the classes of a group; None where there are no groups."""
        return None if group is None else self._group_masks()[group : group + 1]

    def _among_past(self, known: int) -> list[Bool[Tensor, "1 j"] | None]:
        """One mask for every group of the past, over the `known` classes; a single None where there are no groups."""
        if self.present_ is None:
            return [None]
        masks = self._group_masks()[:, :known]
        return [mask[None] for index, mask in enumerate(masks) if index != self.present_ and mask.any()] or [None]

    def _group_masks(self) -> Bool[Tensor, "g k"]:
        masks = torch.zeros(len(self.groups_), len(self.label_book_), dtype=torch.bool, device=self.device)
        for index, group in enumerate(self.groups_):
            masks[index, group] = True
        return masks

    # keeping

    def _state(self) -> State:
        return {"groups": self.groups_, "network": dict(self.network_.state_dict())}

    def _restore(self, state: State) -> None:
        self.groups_ = [list(group) for group in state["groups"]]
        self.network_.load_state_dict(state["network"])


def earlier_self(learner: GradientLearner, weights: State | None) -> Perceptron | None:
    """The frozen network that a learner had before, from its stored weights; None where it had none."""
    if weights is None:
        return None
    network = Perceptron(learner.n_features_in_, learner.hidden, learner.generator_).to(learner.device)
    network.head.grow(len(weights["head.bias"]), learner.generator_)
    network.load_state_dict(weights)
    return network.requires_grad_(False)


def batches(n: int, size: int, generator: torch.Generator) -> Iterator[Int64[Tensor, " b"]]:
    """Indices of mini-batches without end: every epoch shuffled anew, the incomplete last batch left out."""
    while True:
        order = torch.randperm(n, generator=generator)
        yield from order.split(size)[: max(1, n // size)]
