"""How much each parameter matters for what was learned, and the price of moving it.

Synaptic intelligence (Zenke, Poole, Ganguli, 2017, ICML) integrates along the path of learning how much each
parameter θ lowered the loss, and divides by how far it went::

    ω = Σ_steps (− ∂L/∂θ · Δθ),      Ω = ω / ((θ_end − θ_start)² + ε)

Both it and elastic weight consolidation (Kirkpatrick et al., 2017, PNAS 114) then charge Σ Ω (θ − θ*)².
"""

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor

__all__ = ["path_importance", "quadratic_penalty"]


def path_importance(
    path_integral: Float[Tensor, "*shape"], moved: Float[Tensor, "*shape"], *, damping: float = 0.1
) -> Float[Tensor, "*shape"]:
    """Importance Ω of each parameter from its path integral ω and the distance it has moved.

    Examples
    --------
    >>> path_importance(torch.tensor([0.6]), torch.tensor([0.5]), damping=0.05)
    tensor([2.])
    """
    return path_integral / (moved.square() + damping)


def quadratic_penalty(
    parameters: Mapping[str, Tensor], anchors: dict[str, Tensor], importance: dict[str, Tensor]
) -> Float[Tensor, ""]:
    """Σ Ω (θ − θ*)² over the parameters that have an anchor θ*. A parameter that has grown is charged for its old part.

    Examples
    --------
    >>> old, new = torch.tensor([1.0]), torch.tensor([3.0, 7.0])
    >>> quadratic_penalty({"w": new}, {"w": old}, {"w": torch.tensor([0.5])})
    tensor(2.)
    """
    total = torch.zeros(())
    for name, anchor in anchors.items():
        old_part = parameters[name][: anchor.shape[0]]
        total = total + (importance[name] * (old_part - anchor).square()).sum()
    return total
