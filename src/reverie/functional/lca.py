"""Sparse coding by competition: cells that explain the same input inhibit each other, until few speak.

The locally competitive algorithm. A cell with receptive field d_i is driven by d_i · x; its membrane u leaks, and when
it passes the threshold λ it inhibits the others by the overlap of their fields::

    b = D x       τ du/dt = b − u − (D Dᵀ − I) a       a = T_λ(u) = sign(u) · max(|u| − λ, 0)

Where the membranes rest, the code a is the solution of the LASSO, min ½‖x − Dᵀa‖² + λ‖a‖₁. The dictionary learns by a
local Hebbian step, the residual times the code, then each field is brought back to length one::

    ΔD = η ⟨a (x − Dᵀa)ᵀ⟩

References: Rozell, Johnson, Baraniuk, Olshausen, 2008, Neural Computation 20 (LCA); Olshausen & Field, 1996, Nature 381
(the dictionary).
"""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from reverie.errors import BadData

__all__ = ["Competition", "compete", "competition_step", "dictionary_step", "lasso_objective"]

_LOOK = 10  # steps between two looks at how far the membranes moved


class Competition(NamedTuple):
    """The state of the cells.

    Attributes
    ----------
    membrane : Tensor, shape [n, atoms]
        u.
    code : Tensor, shape [n, atoms]
        a, the cells' activity.
    """

    membrane: Float[Tensor, "n atoms"]
    code: Float[Tensor, "n atoms"]


def competition_step(
    state: Competition,
    drive: Float[Tensor, "n atoms"],
    dictionary: Float[Tensor, "atoms d"],
    *,
    penalty: float,
    rate: float,
) -> Competition:
    """One step of the membranes.

    Parameters
    ----------
    drive : Tensor, shape [n, atoms]
        b, one number for each cell.
    dictionary : Tensor, shape [atoms, d]
        D. The overlaps D Dᵀ are not formed: a D Dᵀ is what the code explains of the input, seen through the fields.
    penalty : float
        λ, in units of the membrane.
    rate : float
        Length of the step in units of τ. It settles below 2 / the largest eigenvalue of D Dᵀ.
    """
    rest = torch.addmm(drive + state.code, state.code @ dictionary, dictionary.T, alpha=-1)
    membrane = torch.lerp(state.membrane, rest, rate)
    return Competition(membrane, torch.nn.functional.softshrink(membrane, penalty))


def compete(
    x: Float[Tensor, "n d"],
    dictionary: Float[Tensor, "atoms n_in"],
    *,
    penalty: float,
    steps: int = 1000,
    tolerance: float = 1e-5,
    rate: float | None = None,
    state: Competition | None = None,
) -> Competition:
    """Let the cells compete until they rest, or for `steps` steps.

    Parameters
    ----------
    x : Tensor, shape [n, d]
        Samples.
    dictionary : Tensor, shape [atoms, d]
        D, receptive fields of length one.
    penalty : float
        λ.
    tolerance : float
        They rest when no membrane moves by more than `tolerance` · λ in a step. 0: all steps are made.
    rate : float, optional
        See `competition_step`; by default 1.5 / the largest eigenvalue of D Dᵀ.
    state : Competition, optional
        To begin with; by default silence.

    Examples
    --------
    With fields that do not overlap, the code is the shrunken drive:

    >>> compete(torch.tensor([[3.0, 0.5]]), torch.eye(2), penalty=1.0).code.round(decimals=3)
    tensor([[2., 0.]])
    """
    _check(x, dictionary, penalty, steps, state)
    drive = x @ dictionary.T
    if rate is None:
        rate = 1.5 / _largest_eigenvalue(dictionary.detach())
    if state is None:
        state = Competition(torch.zeros_like(drive), torch.zeros_like(drive))
    for step in range(1, steps + 1):
        before = state.membrane
        state = competition_step(state, drive, dictionary, penalty=penalty, rate=rate)
        resting = tolerance > 0 and step % _LOOK == 0 and len(x) > 0
        if resting and float((state.membrane - before).detach().abs().max()) <= tolerance * penalty:
            break
    return state


def dictionary_step(
    dictionary: Float[Tensor, "atoms d"], x: Float[Tensor, "n d"], code: Float[Tensor, "n atoms"], *, rate: float
) -> Float[Tensor, "atoms d"]:
    """The dictionary after one Hebbian step: each cell sees its own activity and what is left of the input.

    Parameters
    ----------
    rate : float
        η, per sample.
    """
    residual = x - code @ dictionary
    return torch.nn.functional.normalize(dictionary + rate * (code.T @ residual) / max(1, len(x)))


def lasso_objective(
    x: Float[Tensor, "n d"], dictionary: Float[Tensor, "atoms d"], code: Float[Tensor, "n atoms"], *, penalty: float
) -> Float[Tensor, " n"]:
    """½‖x − Dᵀa‖² + λ‖a‖₁ of each sample."""
    return 0.5 * (x - code @ dictionary).square().sum(1) + penalty * code.abs().sum(1)


def _largest_eigenvalue(dictionary: Tensor) -> float:
    """Of D Dᵀ, which are those of Dᵀ D."""
    small = dictionary if len(dictionary) <= dictionary.shape[1] else dictionary.T
    return float(torch.linalg.eigvalsh(small @ small.T)[-1])


def _check(x: Tensor, dictionary: Tensor, penalty: float, steps: int, state: Competition | None) -> None:
    if x.shape[1] != dictionary.shape[1]:
        raise BadData(
            f"Samples have {x.shape[1]} values and receptive fields {dictionary.shape[1]}. Expected as many; the "
            "dictionary is [atoms, d]."
        )
    if not penalty > 0 or steps < 0:
        raise BadData(f"penalty is {penalty}, steps {steps}. Expected a penalty above 0, and 0 steps or more.")
    if not bool(x.isfinite().all()):
        raise BadData("Samples hold NaN or infinity. Look for it where they come from.")
    lengths = dictionary.detach().norm(dim=1)
    if not bool(((lengths - 1).abs() < 1e-3).all()):
        raise BadData(
            f"Receptive fields are {float(lengths.min()):.4g} to {float(lengths.max()):.4g} long. Expected length "
            "one: torch.nn.functional.normalize(dictionary)."
        )
    if state is not None and state.membrane.shape != (len(x), len(dictionary)):
        raise BadData(
            f"The state is of {tuple(state.membrane.shape)} cells. Expected {(len(x), len(dictionary))}: one for each "
            "sample and atom."
        )
