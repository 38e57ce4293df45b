"""Small networks trained side by side: one tensor holds them all, so that five folds cost little more than one.

Each network has its own rows (a mask), targets and first weights. Two hidden layers, AdamW, standardised inputs.
"""

from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from reverie.disciplines.threads import one_thread

__all__ = ["SideBySide"]


class SideBySide:
    """Networks `d → hidden → hidden → k`.

    Parameters
    ----------
    loss : str
        "squares" on standardised targets, or "entropy" on class probabilities.
    hidden : int
    steps : int, optional
        Updates (200 for squares, 30 for entropy, where more overfits), each of at most `batch` rows; three times as
        many where there are more rows than that.
    decay : float, optional
        Weight decay of AdamW (0.1 for squares, 3 for entropy).
    seed : int
        Of the first weights and the mini-batches.
    """

    def __init__(
        self,
        *,
        loss: Literal["squares", "entropy"] = "squares",
        hidden: int = 32,
        steps: int | None = None,
        batch: int = 256,
        lr: float = 0.01,
        decay: float | None = None,
        seed: int = 0,
    ) -> None:
        self.loss, self.hidden, self.batch, self.lr, self.seed = loss, hidden, batch, lr, seed
        squares = loss == "squares"
        self.steps = steps if steps is not None else 200 if squares else 30
        self.decay = decay if decay is not None else 0.1 if squares else 3.0

    @one_thread()
    def fit(
        self, x: NDArray[Any], y: NDArray[Any], mask: NDArray[Any], offset: NDArray[Any] | None = None
    ) -> "SideBySide":
        """Train B networks.

        Parameters
        ----------
        x : array, shape [n, d]
        y : array, shape [B, n, k]
            Targets of each network; for "entropy" the class probabilities.
        mask : array of bool, shape [B, n]
            The rows that each network may see.
        offset : array, shape [B, n, k], optional
            Logits that are given: the network learns what is missing.
        """
        source = torch.Generator().manual_seed(self.seed)
        rows = torch.as_tensor(x, dtype=torch.float32)
        self._mean, self._sd = rows.mean(0), rows.std(0, correction=0)
        self._sd = torch.where(self._sd > 1e-6 * (1 + self._mean.abs()), self._sd, torch.inf)  # a constant says nothing
        low, high = rows.amin(0), rows.amax(0)
        self._low, self._high = low - (high - low) / 4, high + (high - low) / 4
        rows = self._seen(x)
        target, seen = torch.tensor(y, dtype=torch.float64), torch.tensor(mask, dtype=torch.float64)[..., None]
        count = seen.sum(1, keepdim=True)
        if self.loss == "squares":
            self._y_mean = (target * seen).sum(1, keepdim=True) / count
            spread = ((target - self._y_mean).square() * seen).sum(1, keepdim=True) / count
            self._y_sd = spread.sqrt().clamp_min(1e-9)
            target = (target - self._y_mean) / self._y_sd
        goal, weight = target.float(), (seen / count).float()
        given = torch.zeros_like(goal) if offset is None else torch.as_tensor(offset, dtype=torch.float32)
        self._weights = _first_weights(len(goal), rows.shape[1], self.hidden, goal.shape[2], self.seed)
        n = len(rows)
        steps = self.steps * (3 if n > self.batch else 1)
        optimiser = torch.optim.AdamW(self._weights, lr=self.lr, weight_decay=self.decay, fused=True)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
        for _ in range(steps):
            chosen = torch.randint(n, (self.batch,), generator=source) if n > self.batch else slice(None)
            out = _forward(self._weights, rows[chosen]) + given[:, chosen]
            if self.loss == "squares":
                each = (out - goal[:, chosen]).square()
            else:
                each = -(torch.log_softmax(out, -1) * goal[:, chosen]).sum(-1, keepdim=True)
            optimiser.zero_grad(set_to_none=True)
            (each * weight[:, chosen]).sum().mul(n / each.shape[1]).backward()
            optimiser.step()
            schedule.step()
        self._weights = [value.detach() for value in self._weights]
        return self

    def _seen(self, x: NDArray[Any]) -> Tensor:
        """Standardised, and no further than a quarter beyond the rows learned: networks do not extrapolate."""
        rows = torch.as_tensor(x, dtype=torch.float32).clamp(self._low, self._high)
        return (rows - self._mean) / self._sd

    @one_thread()
    def predict(self, x: NDArray[Any], offset: NDArray[Any] | None = None) -> NDArray[Any]:
        """What each network answers, shape [B, m, k]: values, or probabilities."""
        out = _forward(self._weights, self._seen(x)).double()
        if self.loss == "squares":
            return np.asarray((out * self._y_sd + self._y_mean).numpy())
        if offset is not None:
            out = out + torch.as_tensor(offset, dtype=torch.float64)
        return np.asarray(torch.softmax(out, -1).numpy())


def _first_weights(count: int, n_in: int, hidden: int, k: int, seed: int) -> list[Tensor]:
    """A network's first weights depend on its place alone: the plain one is the same whatever stands beside it."""
    copies = []
    for place in range(count):
        source = torch.Generator().manual_seed(seed * 100_003 + place)
        copies.append(
            [
                (torch.rand(shape, generator=source) * 2 - 1) * fan_in**-0.5
                for fan_in, fan_out in ((n_in, hidden), (hidden, hidden), (hidden, k))
                for shape in ((fan_in, fan_out), (1, fan_out))
            ]
        )
    return [torch.stack(parts).requires_grad_() for parts in zip(*copies, strict=True)]


def _forward(weights: list[Tensor], x: Float[Tensor, "n d"]) -> Float[Tensor, "B n k"]:
    w1, b1, w2, b2, w3, b3 = weights
    h = torch.nn.functional.silu(x @ w1 + b1)
    h = torch.nn.functional.silu(h @ w2 + b2)
    return h @ w3 + b3
