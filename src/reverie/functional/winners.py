"""k winners take all: an inhibitory cell that everyone excites lets only the liveliest k of its exciters fire.

The code of a sample is then short: k indices and k values, and a product with it needs k rows of the weights::

    i_1 … i_k = the k largest of x,   v_j = x_(i_j)          y = Σ_j v_j W[i_j, :]

The gradient reaches the winners only: dL/dv_j = W[i_j, :] · dL/dy.

References: Majani, Erlanson, Abu-Mostafa, 1988, NeurIPS 1 (k winners take all); Ahmad & Scheinkman, 2019,
arXiv:1903.11257 (as a layer, with boosting).
"""

import math

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from reverie.errors import BadData

__all__ = ["boosting", "code_product", "code_to_dense", "k_winners"]


def k_winners(x: Float[Tensor, "n width"], k: int) -> tuple[Int64[Tensor, "n k"], Float[Tensor, "n k"]]:
    """Indices and values of the k largest of each row, in no particular order.

    Examples
    --------
    >>> k_winners(torch.tensor([[0.1, 3.0, 2.0]]), 1)
    (tensor([[1]]), tensor([[3.]]))
    """
    if not 1 <= k <= x.shape[1]:
        raise BadData(f"k is {k} and a sample has {x.shape[1]} values. Expected 1 ≤ k ≤ {x.shape[1]}.")
    values, indices = x.topk(k, dim=1, sorted=False)
    # topk takes NaN for the largest number, so that none is overlooked; the sum is quicker to look at
    if math.isnan(values.detach().sum()) and bool(values.isnan().any()):
        raise BadData("The activity holds NaN, among which there are no winners. Look for it in the input and weights.")
    return indices, values


def code_to_dense(
    indices: Int64[Tensor, "n k"], values: Float[Tensor, "n k"], width: int
) -> Float[Tensor, "n {width}"]:
    """Each value in its place, zero elsewhere; values at the same place add up.

    Examples
    --------
    >>> code_to_dense(torch.tensor([[2, 0]]), torch.tensor([[5.0, 7.0]]), 4)
    tensor([[7., 0., 5., 0.]])
    """
    try:
        return values.new_zeros(len(values), width).scatter_add(1, indices, values)
    except (IndexError, RuntimeError) as error:
        _refuse_outside(indices, width, error)
        raise


def code_product(
    indices: Int64[Tensor, "n k"], values: Float[Tensor, "n k"], weight: Float[Tensor, "width n_out"]
) -> Float[Tensor, "n n_out"]:
    """`code_to_dense(indices, values, width) @ weight`, reading the rows of `weight` that are named and no other.

    Parameters
    ----------
    weight : Tensor, shape [width, n_out]
        One row per input, the transpose of torch's own linear layer: a winner's weights lie side by side.

    Examples
    --------
    >>> code_product(torch.tensor([[1]]), torch.tensor([[2.0]]), torch.tensor([[1.0, 1.0], [3.0, 4.0]]))
    tensor([[6., 8.]])
    """
    try:
        return torch.nn.functional.embedding_bag(indices, weight, per_sample_weights=values, mode="sum")
    except (IndexError, RuntimeError) as error:
        _refuse_outside(indices, len(weight), error)
        raise


def boosting(duty: Float[Tensor, " width"], share: float, strength: float) -> Float[Tensor, " width"]:
    """Homeostasis: exp(β (share − duty)) lifts a unit that wins too seldom and holds down one that wins too often.

    Parameters
    ----------
    duty : Tensor, shape [width]
        How often each unit won lately, 0…1.
    share : float
        How often it should: k / width.
    strength : float
        β, no unit; 0: no boosting.
    """
    return (strength * (share - duty)).exp()


def _refuse_outside(indices: Tensor, width: int, error: Exception) -> None:
    """Say so, if that was the cause; looked at only once the product has failed, for it costs as much as a product."""
    low, high = (int(indices.min()), int(indices.max())) if indices.numel() else (0, 0)
    if low < 0 or high >= width:
        raise BadData(
            f"Indices run from {low} to {high}, and there are {width} units. Expected 0…{width - 1}."
        ) from error
