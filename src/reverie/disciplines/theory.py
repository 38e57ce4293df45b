"""A module as a member of a fusion: which output, which columns, and its calibration on a user's rows.

Calibration is Bayesian and small: constants that a card lets be fitted stay near their values (the prior is their sd),
then `a + b · theory` with b near 1. With few rows a confirmed theory stays what it is; with many, the rows decide.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reverie.errors import BadData

__all__ = ["Calibrated", "Theory"]

Columns = Mapping[str, Any]


@dataclass(frozen=True)
class Theory:
    """A module and how it meets the data.

    Parameters
    ----------
    module : Module
        Or a chain: what has a card, inputs, outputs, and answers columns.
    output : str, optional
        Which of its outputs; its first by default.
    rename : mapping
        The module's input → the data's column, where the two differ.
    """

    module: Any
    output: str | None = None
    rename: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return str(self.module.card.card)

    @property
    def confirmed(self) -> bool:
        return bool(self.module.card.status == "confirmed")

    def columns(self, columns: Columns) -> dict[str, Any]:
        """The columns under the module's own names."""
        given = dict(columns)
        for inner, outer in self.rename.items():
            if outer not in columns:
                raise BadData(f"{self.name}: there is no column {outer!r} for {inner}. Given: {', '.join(columns)}.")
            given[inner] = columns[outer]
        return given

    def answer(self, columns: Columns, constants: Mapping[str, float] | None = None) -> NDArray[Any]:
        """The theory's answer, shape [n]; not a number where it says nothing."""
        outputs = self.module.outputs
        output = self.output or outputs[0]
        if output not in outputs:
            raise BadData(f"{self.name} has no output {output!r}. It has: {', '.join(outputs)}.")
        answers = self.module(self.columns(columns), constants)
        return np.asarray(answers[output], dtype=float)

    def free(self) -> dict[str, tuple[float, float]]:
        """Constants that may be fitted: value and sd."""
        card = self.module.card
        found = {name: card.constants[name] for name in card.calibrate}
        return {name: (one.value, one.sd) for name, one in found.items() if one.sd > 0}

    def calibrate(self, columns: Columns, y: NDArray[Any], *, near: "Calibrated | None" = None) -> "Calibrated":
        """Fit what may be fitted to n rows; `near`: a fit to similar rows, to start from."""
        free = self.free()
        y = np.asarray(y, dtype=float)
        deviations = np.zeros(len(free))
        if near is not None and free:
            deviations = np.array([(near.constants[name] - value) / sd for name, (value, sd) in free.items()])
        if free:
            deviations = _fit(self, columns, y, free, deviations, rounds=2 if near is None else 1)
        constants = {
            name: float(value + sd * z) for (name, (value, sd)), z in zip(free.items(), deviations, strict=True)
        }
        raw = self.answer(columns, constants or None)
        a, b = _line(raw, y)
        return Calibrated(self, constants, a, b, float(np.mean(y)))


@dataclass(frozen=True)
class Calibrated:
    """A theory with its fitted constants and line; where the theory says nothing, the mean of the rows."""

    theory: Theory
    constants: dict[str, float]
    a: float
    b: float
    otherwise: float

    def predict(self, columns: Columns) -> NDArray[Any]:
        raw = self.theory.answer(columns, self.constants or None)
        found: NDArray[Any] = np.where(np.isfinite(raw), self.a + self.b * raw, self.otherwise)
        return found


def _fit(
    theory: Theory,
    columns: Columns,
    y: NDArray[Any],
    free: Mapping[str, tuple[float, float]],
    z: NDArray[Any],
    *,
    rounds: int,
) -> NDArray[Any]:
    """Maximum a posteriori: squares over the noise plus squares of deviations in sd; the noise is found on the way."""
    from scipy.optimize import least_squares

    spread = float(np.std(y)) or 1.0

    def errors(z: NDArray[Any]) -> NDArray[Any]:
        constants = {n: v + sd * one for (n, (v, sd)), one in zip(free.items(), z, strict=True)}
        gap = np.where(np.isfinite(found := theory.answer(columns, constants)), found - y, 10 * spread)
        return np.clip(gap, -1e3 * spread, 1e3 * spread)

    z = np.clip(z, -5.9, 5.9)
    noise = max(float(np.sqrt(np.mean(errors(z) ** 2))), 1e-3 * spread)
    for _ in range(rounds):

        def balance(z: NDArray[Any], noise: float = noise) -> NDArray[Any]:
            return np.concatenate([errors(z) / noise, z])

        z = least_squares(balance, z, bounds=(-6.0, 6.0), max_nfev=15, x_scale=1.0).x
        noise = max(float(np.sqrt(np.mean(errors(z) ** 2))), 1e-3 * spread)
    return np.asarray(z)


def _line(raw: NDArray[Any], y: NDArray[Any]) -> tuple[float, float]:
    """a + b · raw by Bayes: a is drawn to 0 within the spread of y, b to 1 within a half; the noise is found."""
    good = np.isfinite(raw)
    if not good.any():
        return float(np.mean(y)), 0.0
    x, y = raw[good], y[good]
    spread = max(float(np.var(y)), 1e-12)
    noise = max(float(np.mean((y - x) ** 2)), 1e-6 * spread)
    design = np.stack([np.ones_like(x), x], axis=1)
    a, b = 0.0, 1.0
    for _ in range(3):
        prior = np.diag([noise / spread, noise / 0.25])
        a, b = np.linalg.solve(design.T @ design + prior, design.T @ y + prior @ [0.0, 1.0])
        noise = max(float(np.mean((y - a - b * x) ** 2)), 1e-6 * spread)
    return float(a), float(b)
