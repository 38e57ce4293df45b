"""The simulated cell behaves as the physics and the cited spreads say."""

import numpy as np
import pytest

from reverie.streams import memristor
from reverie.streams.memristor import COMPLIANCE_A, Cell, drive, sweeps


def test_current_is_that_of_the_model():
    """1 mA · exp(−2) · sinh(1) at a gap of 2 g₀ and a voltage of V₀."""
    current = Cell().current(np.array([0.5e-9]), np.array([0.25]))
    assert current == pytest.approx(1e-3 * np.exp(-2) * np.sinh(1))
    assert Cell().voltage(np.array([0.5e-9]), current) == pytest.approx(0.25)


def test_growth_velocity_at_room_temperature():
    """At 1 V and a gap of 1 nm: γ = 15.2, field term = γ a₀ q V / (L k T); heating by 2100 K/W is a few kelvin."""
    gap, volt = np.array([1e-9]), np.array([1.0])
    kelvin = 298 + 2100 * float(Cell().current(gap, volt)[0])
    kt = 8.617333e-5 * kelvin
    expected = -10 * np.exp(-0.6 / kt) * np.sinh(15.2 * 0.25 / 12 * 1.0 / kt)
    assert Cell().gap_velocity(gap, volt) == pytest.approx(expected)


def test_positive_voltage_grows_the_filament_and_negative_voltage_dissolves_it():
    gap = np.array([0.8e-9])
    wide = np.array([1.0])
    assert drive(Cell(), gap, np.array([1.2]), np.array([1e-6]), wide)[1] < gap
    assert drive(Cell(), gap, np.array([-1.2]), np.array([1e-6]), wide)[1] > gap


def test_current_never_exceeds_compliance():
    volts, seconds = np.linspace(0.05, 1.5, 30), np.full(30, 1e-6)
    currents, _ = drive(Cell(), np.full(10, 1.5e-9), volts, seconds, COMPLIANCE_A)
    assert (currents <= COMPLIANCE_A[:, None] * (1 + 1e-9)).all()
    assert currents[:, -1] == pytest.approx(COMPLIANCE_A)


def test_resistance_falls_and_spread_shrinks_with_compliance():
    levels = np.repeat(np.arange(10), 400)
    shown = sweeps(levels, np.random.default_rng(1))
    current = 10 ** (shown[:, 49].astype(float) * 7 - 9)
    mean = np.array([current[levels == level].mean() for level in range(10)])
    slope = np.polyfit(np.log(COMPLIANCE_A), np.log(mean), 1)[0]
    assert 0.9 < slope < 1.2, "resistance goes about as 1/compliance"
    spread = np.array([np.log(current[levels == level]).std() for level in range(10)])
    cited = 0.1 * np.sqrt(100e-6 / COMPLIANCE_A)
    assert (spread > cited).all(), "the filament's own spread is in it"
    assert spread[0] > 2 * spread[-1]
    assert spread[0] < 1.5 * cited[0]


def test_it_is_called_simulated():
    stream = memristor()
    assert any("SIMULATED" in note for note in stream.notes)
    assert "SIMULATED" in (memristor.__doc__ or "")
