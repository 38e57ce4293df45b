"""Frozen modules inside a network that is trained by gradients: the stack as an nn.Module.

    y = w₀ · network(x) + Σ wᵢ · (aᵢ + bᵢ · theoryᵢ(x)) + Σ vᵢ · (aᵢ + bᵢ · theoryᵢ(x) + residualᵢ(x))

Training touches the network, the calibration a, b, the residuals, and the weights (a softmax: not negative, sum one).
The modules are frozen, batch norm included, and `verify` proves it. There is no guard here: for a guarantee on held-out
rows take `FusedRegressor`.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from reverie.disciplines.frozen import Frozen
from reverie.errors import BadData

__all__ = ["JointFusion"]


class JointFusion(nn.Module):
    """A network and frozen modules, in one.

    Parameters
    ----------
    network : nn.Module
        [n, d] → [n, 1].
    modules : sequence of Frozen
        Their first output is used.
    columns : sequence of str
        Names of the d columns.
    rename : mapping
        A module's input → the column, where they differ.
    """

    def __init__(
        self,
        network: nn.Module,
        modules: Sequence[Frozen],
        columns: Sequence[str],
        *,
        rename: Mapping[str, str] | None = None,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        self.network, self.modules_ = network, nn.ModuleList(modules)
        self._places: list[list[int]] = []
        for one in modules:
            if one.card is None:
                raise BadData("A frozen module without a card has no input names. Freeze it with card=.")
            names = [(rename or {}).get(name, name) for name in one.card.inputs]
            missing = [name for name in names if name not in columns]
            if missing:
                raise BadData(
                    f"{one.card.name} needs {', '.join(missing)}; given: {', '.join(columns)}. Add or rename."
                )
            self._places.append([list(columns).index(name) for name in names])
        many, d = len(modules), len(columns)
        self.a, self.b = nn.Parameter(torch.zeros(many)), nn.Parameter(torch.ones(many))
        self.logits = nn.Parameter(torch.zeros(1 + 2 * many))
        self.residuals = nn.ModuleList(
            nn.Sequential(nn.Linear(d, 16), nn.SiLU(), nn.Linear(16, 1)) for _ in range(many)
        )
        with torch.no_grad():
            for weight in self.residuals.parameters():
                weight.copy_((torch.rand(weight.shape, generator=generator) * 2 - 1) * weight.shape[-1] ** -0.5)

    def forward(self, x: Tensor) -> Tensor:
        """[n, d] → [n, 1]."""
        members = [self.network(x)]
        pairs = zip(self.modules_, self.residuals, self._places, strict=True)
        for place, (module, residual, columns) in enumerate(pairs):
            theory = self.a[place] + self.b[place] * module(x[:, columns])[:, :1].to(x.dtype)
            members += [theory, theory + residual(x)]
        weights = torch.softmax(self.logits, dim=0)
        return torch.stack(members, dim=-1) @ weights

    def verify(self) -> None:
        """Prove that the modules are what they were; call it every epoch."""
        for module in self.modules_:
            assert isinstance(module, Frozen)
            module.verify()
