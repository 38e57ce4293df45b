"""Units as texts have them, and whole texts in the manner of textbooks: read rightly, or refused with the phrase."""

import pytest

from reverie.disciplines.extraction import propose
from reverie.disciplines.unit_words import unit_at
from reverie.disciplines.units import UnitError, dimensions, scale

READ = {
    "m, t": "m",
    "km/h.": "km/hour",
    "kilometres per hour": "km/hour",
    "metres per second squared": "m/s**2",
    "degrees Celsius": "degC",
    "°C and": "degC",
    "J kg^-1": "J/kg",
    "J kg^{-1} K^{-1}": "J/(kg*K)",
    "kg m^-3": "kg/m**3",
    "m s⁻¹": "m/s",
    "m s^-2": "m/s**2",
    "W m⁻² K⁻⁴": "W/(m**2*K**4)",
    "W/(m^2 K^4)": "W/(m**2*K**4)",
    "J/(kg K)": "J/(kg*K)",
    "J/(mol K) is": "J/(mol*K)",
    "cubic metres": "m**3",
    "square kilometres per year": "km**2/year",
    "1/s": "1/s",
    "1/year": "1/year",
    "Pa·s": "Pa*s",
    "N m is": "N*m",
    r"\mathrm{m/s}": "m/s",
    r"m\,s^{-1}": "m/s",
    "mg/L": "mg/L",
    "per cent": "percent",
    "euro per kilogram": "euro/kg",
    "Ω": "ohm",
}


@pytest.mark.parametrize("text", READ)
def test_units_of_texts(text):
    read = unit_at(text).unit
    assert (dimensions(read), scale(read)) == (dimensions(READ[text]), pytest.approx(scale(READ[text])))


@pytest.mark.parametrize("text", ["Germany", "France.", "the pipe", "general", "practice", "a year", "", "$", "1998"])
def test_prose_is_no_unit(text):
    assert unit_at(text) is None


@pytest.mark.parametrize(("text", "phrase"), [("J/kg K", "J/kg K"), ("m/blorp", "m/blorp"), ("m q^2", "m q^2")])
def test_what_begins_as_a_unit_and_is_none_is_named(text, phrase):
    with pytest.raises(UnitError, match=phrase.replace("^", r"\^")):
        unit_at(text)


FORCE = "F = m a, where F is the force in N, m is the mass in kg and a is the acceleration in m/s^2. "
HOLDS = [
    FORCE + "For example, for m = 2 kg and a = 3 m/s^2, F = 6 N.",
    FORCE + "This rule is common in Germany. For example, for m = 2 kg and a = 3 m/s^2, F = 6 N.",
    FORCE + "Paris is the largest city in France. For example, for m = 2 kg and a = 3 m/s^2, F = 6 N.",
    "F = m a, where F is the force in N, m is the mass in kg and a is the acceleration in m s^-2. "
    "For example, for m = 2 kg and a = 3 m s^-2, F = 6 N.",
    "F = m a, where F is the force in N, m is the mass in kg and a is the acceleration in m s⁻². "
    "For example, for m = 2000 g and a = 3 m s⁻², F = 6 N.",
    "F = m a, where F is the force in newtons, m is the mass in kilograms and a is the acceleration in metres per "
    "second squared. For example, for m = 1,000 kg and a = 3 m/s^2, F = 3,000 N.",
    "d = v t, where d is the distance in kilometres, v is the speed in kilometres per hour and t is the time in hours. "
    "For example, for v = 80 km/h and t = 2 h, d = 160 km.",
    "Q = c m T, where Q is the heat in J, c is the heat capacity in J/(kg K), m is the mass in kg and T is the rise "
    "in K. For example, for c = 4186 J/(kg K), m = 2 kg and T = 3 K, Q = 25116 J.",
    "V = a b h, where V is the volume in cubic metres, a is the length in m, b is the width in m and h is the height "
    "in m. For example, for a = 2 m, b = 3 m and h = 4 m, V = 24 m^3.",
    "N = r t, where N is the number of decays, a number, r is the rate in 1/s and t is the time in s. "
    "For example, for r = 4 1/s and t = 3 s, N = 12.",
    r"The energy is $E = m g h$, where $E$ is the energy in J, $m$ is the mass in kg, $g = 9.81$ m s^{-2} is the "
    r"gravity and $h$ is the height in m. For example, for $m = 2$ kg and $h = 3$ m, $E = 58.86$ J.",
    "p = n R T / V, where p is the pressure in Pa, n is the amount in mol, R = 8.314 J/(mol K) is the gas constant, "
    "T is the temperature in K and V is the volume in m^3. For example, for n = 2 mol, T = 300 K and V = 0.5 m^3, "
    "p = 9976.8 Pa.",
]


@pytest.mark.parametrize("text", HOLDS)
def test_texts_that_are_read(text):
    first = propose(text)[0]
    assert first.holds, first.problems


REFUSED = [
    ("T = a + b, where T is the temperature in degrees Celsius, a is the first in degrees Celsius and b is the second "
     "in kg. For example, for a = 2, b = 3, T = 5.", "mass"),
    (FORCE + "For example, for m = 1 kg and a = 1 m/s^2, F = 1 N.", "other numbers"),
    (FORCE + "For example, for m = 3 kg and a = 3 m/s^2, F = 9 N.", "other numbers"),
    (FORCE + "Here m is the mass in tonne and m is the length in metre. For example, for m = 2 kg and a = 3 m/s^2, "
     "F = 6 N.", "two units"),
    (FORCE + "For example, for m = 2 zork and a = 3 m/s^2, F = 6 N.", "zork"),
    ("Q = c m, where Q is the heat in J, c is the heat in J/kg K and m is the mass in kg. For example, for c = 2, "
     "m = 3 kg, Q = 6 J.", "ambiguous"),
    ("d = v t, where d is the distance in km, v is the speed in kilometres per hour and t is the time in h. "
     "For example, for v = 80 km/h and t = 2 h, d = 171 km.", "expects"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "said"), REFUSED)
def test_texts_that_are_refused(text, said):
    first = propose(text)[0]
    assert not first.holds
    assert said in " ".join(first.problems)


def test_what_is_said_of_one_formula_does_not_reach_the_next():
    text = (
        "d = v t, where d is the distance in km, v is the speed in km/h and t = 2 h is the time. For example, for "
        "v = 80 km/h, d = 160 km. "
        "s = v t, where s is the way in m, v is the speed in m/s and t is the time in s. For example, for v = 4 m/s "
        "and t = 3 s, s = 12 m."
    )
    first, second = propose(text)
    assert first.holds, first.problems
    assert second.holds, second.problems
    assert (first.card.inputs["v"].unit, second.card.inputs["v"].unit) == ("km/h", "m/s")
    assert "t" in second.card.inputs
    assert first.card.constants["t"].value == 2


def test_thousands_are_read_and_decimal_commas_are_not_cut():
    read = propose(FORCE + "For example, for m = 1,250 kg and a = 2 m/s^2, F = 2,500 N.")[0]
    assert read.holds, read.problems
    cut = propose(FORCE + "For example, for m = 1,5 kg and a = 2 m/s^2, F = 3 N.")[0]
    assert not cut.holds
