"""Dimensions that do not fit are refused; values are converted."""

import pytest

from reverie.disciplines.formula import read_formula
from reverie.disciplines.units import UnitError, dimension_of, dimensions, quantity, scale

KNOWN = {name: dimensions(unit) for name, unit in {"v": "m/s", "t": "s", "d": "m", "n": "1", "T": "degC"}.items()}


@pytest.mark.parametrize(
    "text", ["v * t + d", "max(v * t, d)", "d / (v * t) + 1", "exp(-n)", "abs(d)", "v^2 / d * t", "0 * d + d"]
)
def test_what_fits(text):
    dimension_of(read_formula(text, KNOWN), KNOWN)


@pytest.mark.parametrize("text", ["v + t", "max(v, d)", "d + 1", "exp(t)", "2^t", "d^n", "log(d)", "d < v", "1 - t"])
def test_what_does_not_fit(text):
    with pytest.raises(UnitError, match="dimension"):
        dimension_of(read_formula(text, KNOWN), KNOWN)


def test_scales_and_quantities():
    assert scale("mile/hour").factor == pytest.approx(0.44704)
    assert scale("degC") == pytest.approx((1.0, 273.15))
    assert scale("delta_degC").offset == 0.0
    assert quantity("1 mile/hour", "m/s") == pytest.approx(0.44704)
    assert quantity("20 degC", "kelvin") == pytest.approx(293.15)
    with pytest.raises(UnitError, match="another dimension"):
        quantity("3 kg", "m/s")
    with pytest.raises(UnitError, match="no unit"):
        scale("furlongs per fortnigt")
    assert dimensions("euro") != dimensions("dollar")
