"""A module as a small table of vectors: what it answers at some places, and between them a blend of the nearest::

    a(x) = softmax(−s ‖z − k_i‖²)        z the standardised inputs, k_i the places
    y(x) = Σ_i a_i(x) v_i                v_i the answers, fitted by least squares

It is attention with keys and values that stay: an embedding of the module that a network can look up. Buffers only.
"""

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor, nn

__all__ = ["Vectors", "fit_vectors"]

_SHARPNESS = (0.5, 1.0, 2.0, 4.0)


class Vectors(nn.Module):
    """Keys and values.

    Parameters
    ----------
    vectors, n_in, n_out : int
    """

    def __init__(self, vectors: int, n_in: int, n_out: int) -> None:
        super().__init__()
        self.shape = {"vectors": vectors, "n_in": n_in, "n_out": n_out}
        self.register_buffer("keys", torch.zeros(vectors, n_in))
        self.register_buffer("values", torch.zeros(vectors, n_out))
        self.register_buffer("sharpness", torch.ones(()))
        self.register_buffer("mean", torch.zeros(n_in))
        self.register_buffer("sd", torch.ones(n_in))

    def forward(self, x: Float[Tensor, "n n_in"]) -> Float[Tensor, "n n_out"]:
        return self.attention(x) @ self.get_buffer("values")

    def attention(self, x: Float[Tensor, "n n_in"]) -> Float[Tensor, "n k"]:
        """How much each vector has to say about each row; rows sum to one."""
        parts = dict(self.named_buffers())
        standard = (x.to(parts["mean"]) - parts["mean"]) / parts["sd"]
        apart = (standard[:, None, :] - parts["keys"]).square().sum(-1)
        return torch.softmax(-parts["sharpness"] * apart, dim=1)


def fit_vectors(x: NDArray[np.float64], y: NDArray[np.float64], vectors: int, *, seed: int = 0) -> Vectors:
    """Places by k-means, answers by least squares, the sharpness that fits best.

    Parameters
    ----------
    x, y : array, shape [n, n_in] and [n, n_out]
    vectors : int
    """
    from sklearn.cluster import KMeans

    found = Vectors(vectors, x.shape[1], y.shape[1])
    parts = dict(found.named_buffers())
    mean, sd = x.mean(0), np.where(x.std(0) > 0, x.std(0), 1.0)
    places = KMeans(vectors, n_init=1, random_state=seed).fit((x - mean) / sd)
    spacing = max(places.inertia_ / len(x), 1e-12)  # mean squared distance of a row from its place
    for name, value in (("keys", places.cluster_centers_), ("mean", mean), ("sd", sd)):
        parts[name].copy_(torch.tensor(value))
    spread = np.where(y.std(0) > 0, y.std(0), 1.0)
    rows, best = torch.tensor(x), (np.inf, 1.0, parts["values"].clone())
    for factor in _SHARPNESS:
        parts["sharpness"].fill_(factor / (2 * spacing))
        table = found.attention(rows).double().numpy()
        ridge = 1e-6 * len(x) / vectors * np.eye(vectors)
        values = np.linalg.solve(table.T @ table + ridge, table.T @ y)
        error = float(np.mean(((table @ values - y) / spread) ** 2))
        if error < best[0]:
            best = error, float(parts["sharpness"]), torch.tensor(values)
    parts["sharpness"].fill_(best[1])
    parts["values"].copy_(best[2])
    return found
