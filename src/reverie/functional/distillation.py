"""Learning from labels, and from the outputs of an earlier self.

Distillation (Hinton, Vinyals, Dean, 2015, arXiv:1503.02531) with a temperature T::

    L = − T² Σ_k softmax(target / T)_k · log softmax(logits / T)_k

A class that the earlier self did not know has target probability zero (Li & Hoiem, 2017, IEEE TPAMI 40).
"""

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor
from torch.nn import functional as F

__all__ = ["cross_entropy_among", "distillation"]


def cross_entropy_among(
    logits: Float[Tensor, "n k"], y: Int64[Tensor, " n"], among: Bool[Tensor, "#n k"] | None = None
) -> Float[Tensor, ""]:
    """Cross-entropy of class indices `y`; each sample's softmax is taken over the classes that `among` marks.

    Examples
    --------
    >>> logits = torch.tensor([[0.0, 9.0, 0.0]])
    >>> cross_entropy_among(logits, torch.tensor([0]), torch.tensor([[True, False, True]]))
    tensor(0.6931)
    """
    logits = logits.float()
    return F.cross_entropy(logits if among is None else logits.masked_fill(~among, -torch.inf), y)


def distillation(
    logits: Float[Tensor, "n k"],
    target: Float[Tensor, "n j"],
    *,
    temperature: float = 2.0,
    among: Bool[Tensor, "#n j"] | None = None,
) -> Float[Tensor, ""]:
    """Distillation loss, averaged over samples. `target` are logits of the j ≤ k classes that the teacher knew.

    Parameters
    ----------
    among : bool Tensor, shape [n, j] or [1, j], optional
        The classes between which each sample's answer lies (task-incremental); both softmaxes see only these.

    Examples
    --------
    A student that agrees with its teacher pays the teacher's entropy, times T²:

    >>> distillation(torch.zeros(1, 2), torch.zeros(1, 2), temperature=1.0)
    tensor(0.6931)
    """
    logits, target = logits.float(), target.float()
    known = target.shape[1]
    if among is not None:
        target = target.masked_fill(~among, -torch.inf)
        logits = logits[:, :known].masked_fill(~among, -1e9)
    log_p = F.log_softmax(logits / temperature, dim=1)[:, :known]
    q = F.softmax(target / temperature, dim=1)
    return -(q * log_p).sum(1).mean() * temperature**2
