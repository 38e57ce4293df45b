"""Distillation: the smallest form that holds.

A formula is already the smallest form of what it says: exact, and it goes on outside the sampled range. What has no
formula (a simulator, a network) is tried in the order of its size: short polynomials, tables of vectors, a network in
int8, the same in float32. A form holds when its error, over the spread of the answers, stays below the tolerance on the
sampled domain and on the user's real rows: fidelity on the domain alone has hidden an error three times as large.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from reverie.disciplines.frozen import Frozen, freeze, sample_inputs
from reverie.disciplines.module import Module
from reverie.disciplines.polynomial import fit_polynomial
from reverie.disciplines.student import Student, quantise
from reverie.disciplines.threads import one_thread
from reverie.disciplines.vectors import fit_vectors
from reverie.errors import ReverieError

__all__ = ["Distilled", "Form", "distil"]


@dataclass(frozen=True)
class Form:
    """One form that was tried.

    Attributes
    ----------
    bytes : int
        What it takes on disk.
    domain, rows, outside : float
        Root mean square error over the standard deviation of the answers: on samples of the domain, on real rows (not
        a number without them), and half a range outside.
    """

    kind: str
    bytes: int
    domain: float
    rows: float
    outside: float
    holds: bool


@dataclass(frozen=True)
class Distilled:
    """The smallest form that holds, frozen; and all that were tried, the smallest first."""

    frozen: Frozen
    kind: str
    forms: tuple[Form, ...]


def distil(
    module: Module,
    rows: Mapping[str, Any] | None = None,
    *,
    tolerance: float = 0.05,
    samples: int = 4000,
    steps: int = 1500,
    hidden: tuple[int, ...] = (32, 32),
    seed: int = 0,
) -> Distilled:
    """Find the smallest form of a module that holds.

    Parameters
    ----------
    rows : mapping of columns, optional
        Real rows: half of the samples are drawn around some of them, the others test.
    tolerance : float
        Largest error over the spread of the answers.
    samples, steps : int
        Samples of the domain, and updates of the student.

    Raises
    ------
    ReverieError
        Where no form holds; it lists the errors.

    Examples
    --------
    >>> distil(Module.of("medicine.half_life")).kind
    'equation'
    """
    if module.body.exact:
        kind = {"expression": "equation", "ode": "equation", "table": "table", "rules": "rules"}[module.card.body.kind]
        size = len(module.card.dump().encode())
        return Distilled(freeze(module, seed=seed), kind, (Form(kind, size, 0.0, 0.0 if rows else np.nan, 0.0, True),))
    x, y, tests = _samples(module, rows, samples, seed)
    spread = y.std(0)
    spread[spread == 0] = 1.0

    def measured(kind: str, network: nn.Module, size: int) -> Form:
        errors = {}
        for name, (at, truth) in tests.items():
            with torch.no_grad():
                gap = (network(torch.as_tensor(at)).double().numpy() - truth) / spread
            errors[name] = float(np.sqrt(np.mean(gap**2)))
        holds = max(errors["domain"], errors.get("rows", 0.0)) <= tolerance
        return Form(kind, size, errors["domain"], errors.get("rows", np.nan), errors["outside"], holds)

    tried: list[tuple[Form, nn.Module]] = []
    for degree in (1, 2, 3):
        short = fit_polynomial(x, y, degree)
        if short is not None:
            tried.append((measured(f"polynomial of degree {degree}", short, _bytes(short)), short))
    for count in (8, 32, 128):
        table = fit_vectors(x, y, count, seed=seed)
        tried.append((measured(f"{count} vectors", table, _bytes(table)), table))
    student = train_student(x, y, steps=steps, hidden=hidden, seed=seed)
    small = quantise(student)
    tried += [(measured("int8 network", small, _bytes(small)), small)]
    tried += [(measured("network", student, _bytes(student)), student)]
    tried.sort(key=lambda pair: pair[0].bytes)
    forms = tuple(form for form, _ in tried)
    for form, network in tried:
        if form.holds:
            probes = torch.as_tensor(x[:256])
            return Distilled(freeze(network, card=module.card, probes=probes), form.kind, forms)
    listed = "; ".join(f"{form.kind} {max(form.domain, np.nan_to_num(form.rows)):.3f}" for form in forms)
    raise ReverieError(
        f"{module.card.name}: no form holds within {tolerance:g} (error over spread: {listed}). "
        "Narrow the ranges of the card, give more samples or steps, or a larger tolerance."
    )


def _samples(
    module: Module, rows: Mapping[str, Any] | None, samples: int, seed: int
) -> tuple[NDArray[Any], NDArray[Any], dict[str, tuple[NDArray[Any], NDArray[Any]]]]:
    """Inputs and answers to learn from, and tests: domain, outside, and real rows where there are any."""
    card, source = module.card, np.random.default_rng(seed)

    def answer(x: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        found = module({name: x[:, place] for place, name in enumerate(card.inputs)})
        y = np.stack([found[name] for name in card.outputs], axis=1)
        good = np.isfinite(y).all(1)
        return x[good], y[good]

    x = sample_inputs(card, samples, seed).numpy()
    fresh = sample_inputs(card, 1000, seed + 1).numpy()
    low, high = x.min(0), x.max(0)
    tests = {"domain": answer(fresh), "outside": answer((fresh - (low + high) / 2) * 1.5 + (low + high) / 2)}
    if rows is not None:
        given = np.stack([np.asarray(rows[name], dtype=float) for name in card.inputs], axis=1)
        order = source.permutation(len(given))
        kept, held = given[order[: len(given) // 2]], given[order[len(given) // 2 :]]
        near = kept[source.integers(len(kept), size=samples // 2)]
        near = near + 0.1 * kept.std(0) * source.standard_normal(near.shape)
        x = np.concatenate([x[: samples // 2], np.clip(near, low, high)])
        tests["rows"] = answer(held)
    return (*answer(x), tests)


@one_thread()
def train_student(
    x: NDArray[Any], y: NDArray[Any], *, steps: int, hidden: tuple[int, ...], seed: int, batch_norm: bool = False
) -> Student:
    """A student that answers y at x; inputs [n, d], answers [n, k]."""
    source = torch.Generator().manual_seed(seed)
    student = Student(x.shape[1], y.shape[1], hidden=hidden, batch_norm=batch_norm, generator=source)
    rows, goal = torch.tensor(x, dtype=torch.float32), torch.tensor(y, dtype=torch.float32)
    with torch.no_grad():
        for name, value in (("x", rows), ("y", goal)):
            getattr(student, f"{name}_mean").copy_(value.mean(0))
            getattr(student, f"{name}_sd").copy_(value.std(0, correction=0).clamp_min(1e-9))
    optimiser = torch.optim.Adam(student.parameters(), lr=0.01)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for _ in range(steps):
        chosen = torch.randint(len(rows), (min(256, len(rows)),), generator=source)
        optimiser.zero_grad(set_to_none=True)
        (((student(rows[chosen]) - goal[chosen]) / student.y_sd).square().mean()).backward()
        optimiser.step()
        schedule.step()
    return student.eval()


def _bytes(network: nn.Module) -> int:
    return sum(value.numel() * value.element_size() for value in network.state_dict().values())
