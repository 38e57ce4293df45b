"""What a memory of labels decides by: ridge, or discriminant analysis, from the same sums.

    score_c = μ_cᵀ S⁻¹ h − ½ μ_cᵀ S⁻¹ μ_c + log n_c/n,     S = (W + λI) / n

W is what is left of the Gram matrix within classes. About the mean of all keys, with A = G + λI, M the class means and
N their numbers, W + λI = A − M N Mᵀ, and Woodbury's identity gives the directions as those of ridge, turned among
themselves::

    S⁻¹ M = n P (I − N Mᵀ P)⁻¹,     P = A⁻¹ M

so they follow small writes by rank as ridge does. Which of the two, and λ, is chosen by the sums (`choice`).

Reference: Friedman, 1989, JASA 84.
"""

from typing import Literal, NamedTuple

import torch
from jaxtyping import Float, Int64, Num
from torch import Tensor

from reverie.memory.readout import Readout
from reverie.memory.sums import Sums

__all__ = ["Decision", "discriminant", "places_of"]


class Decision(NamedTuple):
    """A map from keys to logits of the labels that have samples.

    Attributes
    ----------
    columns : Int64[Tensor, " k"]
        Value columns of the labels.
    weights, intercept : Tensor
        Scores are intercept + hᵀ weights.
    slope : float
        Logits are the scores times this.
    """

    kind: Literal["ridge", "discriminant"]
    columns: Int64[Tensor, " k"]
    weights: Float[Tensor, "d k"]
    intercept: Float[Tensor, " k"]
    slope: float

    def logits(self, keys: Num[Tensor, "n d"]) -> Float[Tensor, "n k"]:
        """Logits of keys."""
        parts = [torch.addmm(self.intercept, part.double(), self.weights) for part in keys.split(1024)]
        return torch.cat(parts) * self.slope

    def balanced(self, counts: Float[Tensor, " k"]) -> "Decision":
        """The decision where all labels are equally frequent: by Bayes' rule, p(c | h) is divided by n_c / n.

        Examples
        --------
        >>> counts = torch.tensor([90.0, 10.0], dtype=torch.float64)
        >>> weights = torch.zeros(3, 2, dtype=torch.float64)
        >>> one = Decision("ridge", torch.tensor([0, 1]), weights, (counts / 100).log(), 1.0)
        >>> torch.softmax(one.balanced(counts).logits(torch.zeros(1, 3)), 1)
        tensor([[0.5000, 0.5000]], dtype=torch.float64)
        """
        return self._replace(intercept=self.intercept - (counts / counts.sum()).log() / self.slope)


def discriminant(readout: Readout, sums: Sums, there: Tensor) -> tuple[Float[Tensor, "d k"], Float[Tensor, " k"]]:
    """Weights and intercept for keys about the origin, from a read-out that was solved with λ.

    Parameters
    ----------
    there : Tensor
        Columns that have samples.
    """
    along, places, turned = places_of(readout, sums, there)
    n = sums.n
    directions = n * along @ turned
    own = n * (places @ turned).diagonal()
    return directions, (sums.sum_y[there] / n).log() - own / 2 - sums.mean @ directions


def places_of(
    readout: Readout, sums: Sums, there: Tensor
) -> tuple[Float[Tensor, "d k"], Float[Tensor, "k k"], Float[Tensor, "k k"]]:
    """P, where the classes' means lie along it (B = Mᵀ P), and (I − N B)⁻¹."""
    counts = sums.sum_y[there]
    weights, _ = readout.mapping(sums)
    along = weights[:, there] / counts
    places = (sums.cross[:, there] / counts - sums.mean[:, None]).T @ along
    places = (places + places.T) / 2
    turned = torch.linalg.inv(torch.eye(len(counts), dtype=places.dtype) - counts[:, None] * places)
    return along, places, turned
