"""SIMULATED resistive-switching memory cells: at which compliance current was the filament grown?

Nothing here was measured. A filament grows through an oxide until it carries the compliance current that the
instrument allows; its conduction tells later at which current it was grown. The compact model is that of Guan, Yu &
Wong (2012, IEEE Electron Device Letters 33:1405) with the parameters of its published implementation (Jiang & Wong,
2014, doi:10.4231/D37H1DN48). The gap g (m) between filament tip and electrode, the temperature T (K) and the current
I (A) at cell voltage V (V) are ::

    I     = I₀ exp(−g/g₀) sinh(V/V₀)
    dg/dt = −ν₀ exp(−Eₐ/kT) sinh(γ a₀ qV / (L kT)),      γ = γ₀ − β (g/g₁)³
    T     = T₀ + R_th V I

Each sweep: SET from a random high-resistance gap to 1.5 V under the compliance current, held there for 100 µs, a read
up to 0.3 V, and a RESET to −1.2 V; each ramp in 10 µs. The learner sees read and RESET, not the SET, whose plateau
would be the answer.

Variability, recalled from the literature and to be confirmed against it, not fitted to any learner: the filament's
conductance spreads as the square root of the number of defects in it, 10 % at 100 µA and as 1/√I (Ambrogio et al.,
2014, IEEE Trans. Electron Devices 61:2912; Fantini et al., 2013, IEEE IMW); g₀ and V₀ differ by 1 % between devices;
reading adds 3 % noise to each point. The ten compliance currents, 50 µA to 2 mA in equal ratios, are the
experimenter's choice.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from reverie.contracts import Scenario, Stream
from reverie.streams.data import LabelledData
from reverie.streams.split import Split

__all__ = ["COMPLIANCE_A", "Cell", "drive", "memristor", "sweeps"]

Array = NDArray[np.float64]

COMPLIANCE_A = np.geomspace(50e-6, 2e-3, 10)
"""Compliance currents in ampere; class c was grown under the c-th."""

_K_OVER_Q = 8.617333e-5  # V/K
_STEPS, _SUBSTEPS, _RAMP_S, _HOLD_S = 60, 8, 10e-6, 100e-6
_RUNAWAY_M, _LIMITED_M = 0.05e-9, 0.004e-9  # largest change of the gap in a substep
_POINTS = 50  # of the read sweep, and of the RESET sweep


class Cell(NamedTuple):
    """Model parameters, in SI units. Arrays where devices differ, shape [n]."""

    g_0: Array | float = 0.25e-9
    v_0: Array | float = 0.25
    i_0: Array | float = 1e-3
    velocity: float = 10.0
    activation: float = 0.6
    gamma_0: float = 16.0
    beta: float = 0.8
    g_1: float = 1e-9
    a_0: float = 0.25e-9
    thickness: float = 12e-9
    thermal_resistance: float = 2.1e3
    ambient: float = 298.0
    gap_min: float = 0.2e-9
    gap_max: float = 1.7e-9

    def current(self, gap: Array, voltage: Array) -> Array:
        """Current in A at a gap in m and a voltage in V."""
        return np.asarray(self.i_0 * np.exp(-gap / self.g_0) * np.sinh(voltage / self.v_0))

    def voltage(self, gap: Array, current: Array) -> Array:
        """Voltage in V at which a gap in m carries a current in A."""
        return np.asarray(self.v_0 * np.arcsinh(current / (self.i_0 * np.exp(-gap / self.g_0))))

    def gap_velocity(self, gap: Array, voltage: Array) -> Array:
        """dg/dt in m/s; negative where the filament grows."""
        heat = voltage * self.current(gap, voltage) * self.thermal_resistance
        thermal = _K_OVER_Q * np.minimum(self.ambient + heat, 1500.0)
        gamma = self.gamma_0 - self.beta * (gap / self.g_1) ** 3
        field = gamma * self.a_0 * voltage / (self.thickness * thermal)
        return np.asarray(-self.velocity * np.exp(-self.activation / thermal) * np.sinh(field))


def drive(cell: Cell, gap: Array, volts: Array, seconds: Array, compliance: Array) -> tuple[Array, Array]:
    """Put a source across cells, step by step, the current never above `compliance`.

    Parameters
    ----------
    gap : shape [n]
        Gaps at the start, in m.
    volts, seconds : shape [m]
        Voltage of the source, and duration, of each step.
    compliance : shape [n]
        In A.

    Returns
    -------
    current : shape [n, m]
        At the end of each step, in A.
    gap : shape [n]
        At the end, in m.
    """
    currents = np.empty((len(gap), len(volts)))
    for step, (volt, duration) in enumerate(zip(volts, seconds, strict=True)):
        # the gap at which the source's whole voltage drives the compliance current: there growth stops running away
        limited_at = cell.g_0 * np.log(cell.i_0 * np.sinh(abs(volt) / cell.v_0) / compliance)
        for _ in range(_SUBSTEPS):
            limit = cell.voltage(gap, compliance)
            free = gap > limited_at
            largest = np.where(free, _RUNAWAY_M, _LIMITED_M)
            velocity = cell.gap_velocity(gap, np.clip(volt, -limit, limit))
            moved = gap + np.clip(velocity * duration / _SUBSTEPS, -largest, largest)
            gap = np.clip(np.where(free, np.maximum(moved, limited_at), moved), cell.gap_min, cell.gap_max)
        limit = cell.voltage(gap, compliance)
        currents[:, step] = cell.current(gap, np.clip(volt, -limit, limit))
    return currents, gap


def _ramp(end: float) -> tuple[Array, Array]:
    """Voltages and durations of a linear ramp from 0 V in 10 µs."""
    return np.linspace(end / _STEPS, end, _STEPS), np.full(_STEPS, _RAMP_S / _STEPS)


def _hold(volt: float) -> tuple[Array, Array]:
    """Voltages and durations of 100 µs at one voltage, in steps that lengthen as the cell slows down."""
    seconds = np.geomspace(1e-8, 1e-5, _STEPS)
    return np.full(_STEPS, volt), seconds * (_HOLD_S / seconds.sum())


def sweeps(levels: NDArray[np.int64], generator: np.random.Generator) -> NDArray[np.float32]:
    """Simulate one cell per level and return what an instrument would show, shape [n, 100], in 0…1.

    Parameters
    ----------
    levels : shape [n]
        Indices into `COMPLIANCE_A`.

    Returns
    -------
    array
        log₁₀ of |current|, 1 nA at 0 and 10 mA at 1: 50 points of the read sweep, 50 of the RESET sweep.
    """
    n = len(levels)
    compliance = COMPLIANCE_A[levels]
    cell = Cell(
        g_0=0.25e-9 * (1 + 0.01 * generator.standard_normal(n)), v_0=0.25 * (1 + 0.01 * generator.standard_normal(n))
    )
    _, gap = drive(cell, generator.uniform(1.3e-9, 1.7e-9, n), *_ramp(1.5), compliance)
    _, gap = drive(cell, gap, *_hold(1.5), compliance)
    spread = 0.1 * np.sqrt(100e-6 / compliance)
    grown = cell._replace(i_0=1e-3 * np.exp(spread * generator.standard_normal(n) - spread**2 / 2))
    volts = np.linspace(0.3 / _POINTS, 0.3, _POINTS)
    read = np.stack([grown.current(gap, np.full(n, volt)) for volt in volts], axis=1)
    reset, _ = drive(grown, gap, *_ramp(-1.2), np.full(n, 1.0))
    shown = np.abs(np.concatenate([read, reset[:, -_POINTS:]], axis=1))
    shown = shown * (1 + 0.03 * generator.standard_normal(shown.shape))
    decades = (np.log10(np.maximum(np.abs(shown), 1e-12)) + 9) / 7
    return np.asarray(np.clip(decades, 0, 1), dtype=np.float32)


def memristor(*, scenario: Scenario = "class", order: int = 0, classes_per_experience: int = 2) -> Stream:
    """SIMULATED sweeps of resistive-switching cells; classes are ten compliance currents, two at a time."""
    generator = np.random.default_rng(20120)
    train_y, test_y = (np.repeat(np.arange(len(COMPLIANCE_A)), n) for n in (500, 200))
    names = tuple(f"{current * 1e6:.0f} µA" for current in COMPLIANCE_A)
    data = LabelledData(sweeps(train_y, generator), train_y, sweeps(test_y, generator), test_y, names)
    return Split(
        data,
        name="memristor",
        scenario=scenario,
        order=order,
        classes_per_experience=classes_per_experience,
        protocol={
            "hidden": (100, 100),
            "iterations": 2000,
            "batch_size": 64,
            "learning_rate": 1e-3,
            "latent": 20,
            "reconstruction": "bernoulli",
        },
        notes=("SIMULATED resistive-switching cells (Guan, Yu & Wong 2012 model); nothing was measured.",),
    )
