"""A life that can be learned: a layer whose synapses change by a rule, unrolled so that gradients pass through it.

Each synapse has a fixed and a plastic part (Miconi et al., 2018, Differentiable plasticity, ICML) ::

    y_t = f((W + A ∘ P_t) x_t),     P_{t+1} = P_t + rule(x_t, y_t)

W, A (how plastic each synapse is) and the coefficients of the rule are what is learned, by gradients through the whole
life; P is what a life writes, and begins at zero. `torch.vmap` runs many lives at once.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from reverie.contracts import Rule, SynapseView
from reverie.errors import BadData

__all__ = ["Moment", "Unrolled", "unroll"]


class Moment(NamedTuple):
    """What happens at one time.

    Attributes
    ----------
    pre : Tensor, shape [n, n_in]
    post : Tensor, shape [n, n_out], optional
        What the postsynaptic cells are driven to from outside; None: what they answer.
    modulator : float or Tensor
        The third factor; with 0, nothing is written.
    """

    pre: Float[Tensor, "n n_in"]
    post: Float[Tensor, "n n_out"] | None = None
    modulator: float | Float[Tensor, "..."] = 1.0


class Unrolled(NamedTuple):
    """What came of a life.

    Attributes
    ----------
    answers : Tensor, shape [t, n, n_out]
        What the cells answered at each time, driven or not.
    plastic : Tensor, shape [n_out, n_in]
        P after the last moment.
    """

    answers: Float[Tensor, "t n n_out"]
    plastic: Float[Tensor, "n_out n_in"]


def unroll(
    rule: Rule[Any],
    life: Sequence[Moment],
    fixed: Float[Tensor, "n_out n_in"],
    gain: float | Float[Tensor, "..."] = 1.0,
    *,
    activity: Callable[[Tensor], Tensor] = torch.tanh,
) -> Unrolled:
    """Live through some moments.

    Parameters
    ----------
    rule : Rule
        Its coefficients may be tensors; gradients reach them.
    life : sequence of Moment
    fixed : Tensor
        W.
    gain : float or Tensor
        A: one number, or one for each synapse.
    activity : callable
        f.

    Examples
    --------
    A pattern that was written once is completed from its half:

    >>> from reverie.plasticity import Hebb
    >>> pattern = torch.tensor([[1.0, -1.0, 1.0, -1.0]])
    >>> half = pattern * torch.tensor([1.0, 1.0, 0.0, 0.0])
    >>> found = unroll(Hebb(rate=1.0), [Moment(pattern, pattern), Moment(half, modulator=0.0)], torch.zeros(4, 4))
    >>> found.answers[1].sign()
    tensor([[ 1., -1.,  1., -1.]])
    """
    if not life:
        raise BadData("There are no moments. Expected one at least.")
    plastic = torch.zeros_like(fixed)
    state: Any = None
    answers = []
    for place, moment in enumerate(life):
        weight = fixed + gain * plastic
        answer = activity(moment.pre @ weight.T)
        answers.append(answer)
        view = SynapseView(moment.pre, answer if moment.post is None else moment.post, plastic)
        state = rule.begin(view) if place == 0 else state
        change, state = rule(view, state, moment.modulator)
        plastic = plastic + change
    return Unrolled(torch.stack(answers), plastic)
