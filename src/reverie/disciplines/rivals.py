"""Other ways to join theory and network, to compare with: none of them has a guard, and none is safe.

Concatenation feeds the theory's answer to the network. A residual network learns what the theory leaves over. A gate,
attention and a mixture of experts weigh members by the input, with weights that are trained with the network:

    gate        g(x) · theory + (1 - g(x)) · network(x)
    attention   Σ softmax(q(x) · k_i / √d) · member_i
    mixture     Σ softmax(router(x))_i · expert_i, two networks and the theories
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from torch import Tensor, nn

from reverie.disciplines.bases import train_base
from reverie.disciplines.tabular import as_columns, as_matrix
from reverie.disciplines.theory import Theory
from reverie.disciplines.threads import one_thread
from reverie.errors import unknown_name

__all__ = ["KINDS", "Rival"]

KINDS = ("concatenation", "residual", "gate", "attention", "mixture")


class Rival(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """A regressor with modules, joined in another way than by a guarded stack.

    Parameters
    ----------
    modules : sequence of Module or Theory
    kind : str
        One of `KINDS`.
    columns, features : sequence of str, optional
        As in `FusedRegressor`.
    """

    def __init__(
        self,
        *,
        modules: Sequence[Any],
        kind: str = "concatenation",
        columns: Sequence[str] | None = None,
        features: Sequence[str] | None = None,
        seed: int = 0,
    ) -> None:
        self.modules, self.kind, self.columns, self.features, self.seed = modules, kind, columns, features, seed

    @one_thread()
    def fit(self, X: Any, y: Any) -> "Rival":
        """Learn n rows."""
        if self.kind not in KINDS:
            raise unknown_name("kind of fusion", self.kind, KINDS)
        columns, y = as_columns(X, self.columns), np.asarray(y, dtype=float)
        self._features = list(self.features or columns)
        theories = [one if isinstance(one, Theory) else Theory(one) for one in self.modules]
        self._calibrated = [theory.calibrate(columns, y) for theory in theories]
        x, said = self._see(columns)
        rows = np.ones((1, len(y)), dtype=bool)
        if self.kind == "residual":
            goal = (y - said.mean(1))[None, :, None]
            self._base = train_base(None, x, goal, rows, classes=False, seed=self.seed)
        elif self.kind == "concatenation":
            both = np.concatenate([x, said], axis=1)
            self._base = train_base(None, both, y[None, :, None], rows, classes=False, seed=self.seed)
        else:
            self._fit_joint(x, said, y)
        return self

    def _see(self, columns: dict[str, Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        said = np.stack([one.predict(columns) for one in self._calibrated], axis=1)
        return as_matrix(columns, self._features), said

    def _fit_joint(self, x: NDArray[Any], said: NDArray[Any], y: NDArray[Any], steps: int = 200) -> None:
        source = torch.Generator().manual_seed(self.seed)
        rows = torch.as_tensor(x, dtype=torch.float32)
        sd = rows.std(0, correction=0)
        self._scale = (rows.mean(0), torch.where(sd > 1e-6, sd, torch.inf), rows.amin(0), rows.amax(0))
        self._mean, self._sd = float(y.mean()), float(y.std()) or 1.0
        self._net = _Joint(rows.shape[1], said.shape[1], self.kind, source)
        optimiser = torch.optim.AdamW(self._net.parameters(), lr=0.01, weight_decay=0.1, fused=True)
        seen, goal = self._prepare(x, said), torch.as_tensor((y - self._mean) / self._sd, dtype=torch.float32)
        for _ in range(steps * (3 if len(y) > 256 else 1)):
            chosen = torch.randint(len(y), (256,), generator=source) if len(y) > 256 else slice(None)
            optimiser.zero_grad(set_to_none=True)
            loss = (self._net(seen[0][chosen], seen[1][chosen]) - goal[chosen]).square().mean()
            loss.backward()
            optimiser.step()

    def _prepare(self, x: NDArray[Any], said: NDArray[Any]) -> tuple[Tensor, Tensor]:
        mean, sd, low, high = self._scale
        beyond = (high - low) / 4
        rows = torch.as_tensor(x, dtype=torch.float32).clamp(low - beyond, high + beyond)
        return (rows - mean) / sd, torch.as_tensor((said - self._mean) / self._sd, dtype=torch.float32)

    def predict(self, X: Any) -> NDArray[Any]:
        """The answer for each row, shape [m]."""
        x, said = self._see(as_columns(X, self.columns))
        if self.kind == "residual":
            return np.asarray(said.mean(1) + self._base(x, None)[0, :, 0])
        if self.kind == "concatenation":
            return np.asarray(self._base(np.concatenate([x, said], axis=1), None)[0, :, 0])
        with torch.no_grad():
            found = self._net(*self._prepare(x, said)).double().numpy()
        return np.asarray(found * self._sd + self._mean)


class _Joint(nn.Module):
    """Networks and theories, weighed by the input."""

    def __init__(self, n_in: int, theories: int, kind: str, source: torch.Generator) -> None:
        super().__init__()
        experts = 2 if kind == "mixture" else 1
        self.kind = kind
        self.experts = nn.ModuleList(_small(n_in, 1) for _ in range(experts))
        members = experts + theories
        self.router = _small(n_in, 8 if kind == "attention" else members)
        self.keys = nn.Parameter(torch.zeros(members, 8))
        with torch.no_grad():
            for weight in self.parameters():
                bound = weight.shape[-1] ** -0.5
                weight.copy_((torch.rand(weight.shape, generator=source) * 2 - 1) * bound)

    def forward(self, x: Tensor, said: Tensor) -> Tensor:
        """Standardised answers, shape [n]."""
        members = torch.cat([*(expert(x) for expert in self.experts), said], dim=1)
        scores = self.router(x)
        if self.kind == "attention":
            scores = scores @ self.keys.T / 8**0.5
        return (torch.softmax(scores, dim=1) * members).sum(1)


def _small(n_in: int, n_out: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(n_in, 32), nn.SiLU(), nn.Linear(32, 32), nn.SiLU(), nn.Linear(32, n_out))
