"""The diagonal of the Fisher information matrix, exactly, without a pass per sample.

F_θ = E_x Σ_c p(c|x) (∂ log p(c|x) / ∂θ)². For the weights of a dense layer with input a and output gradient δ the
gradient of one sample is δ aᵀ, so its square is δ² (a²)ᵀ and the sum over samples is one matrix product (Goodfellow,
2015, arXiv:1510.01799).
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

__all__ = ["diagonal_fisher"]


def diagonal_fisher(
    network: nn.Module, x: Float[Tensor, "n *shape"], among: Bool[Tensor, " k"] | None = None
) -> dict[str, Tensor]:
    """Diagonal Fisher information of every dense layer's weights and biases, averaged over the samples.

    Parameters
    ----------
    network : Module
        Maps samples to logits through layers that have a two-dimensional `weight` and a `bias`.
    among : bool Tensor, shape [k], optional
        The classes over which p is a distribution. None: all.

    Returns
    -------
    dict
        Parameter name → tensor of the parameter's shape.
    """
    layers = {name: module for name, module in network.named_modules() if _is_dense(module)}
    seen: dict[str, tuple[Tensor, Tensor]] = {}
    hooks = [
        module.register_forward_hook(lambda _, args, out, name=name: seen.update({name: (args[0], out)}))
        for name, module in layers.items()
    ]
    try:
        logits = network(x)
    finally:
        for hook in hooks:
            hook.remove()
    if among is not None:
        logits = logits.masked_fill(~among, -torch.inf)
    log_p = torch.log_softmax(logits, dim=1)
    p = log_p.detach().exp()
    fisher = {name: torch.zeros_like(value) for name, value in network.named_parameters()}
    outputs = [out for _, out in seen.values()]
    for c in range(logits.shape[1]):
        if among is not None and not among[c]:
            continue
        deltas = torch.autograd.grad(log_p[:, c].sum(), outputs, retain_graph=True)
        for (name, (a, _)), delta in zip(seen.items(), deltas, strict=True):
            weighted = delta.square() * p[:, c : c + 1]
            fisher[f"{name}.weight"] += weighted.T @ a.square() / len(x)
            fisher[f"{name}.bias"] += weighted.sum(0) / len(x)
    return {name: value.detach() for name, value in fisher.items()}


def _is_dense(module: nn.Module) -> bool:
    weight = getattr(module, "weight", None)
    return isinstance(weight, Tensor) and weight.ndim == 2
