"""The closed vocabulary: what has one reading is read, everything else is refused."""

import csv
import os
import random
from pathlib import Path

import pytest
import sympy

from reverie.disciplines.formula import FormulaError, read_formula
from reverie.disciplines.latex import read_latex

x, y, a = sympy.symbols("x y a")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("x + y * a", x + y * a),
        ("-x^2", -(x**2)),
        ("x ** 2 / y / a", x**2 / (y * a)),
        ("x - y - a", x - y - a),
        ("2e-3 * x", sympy.Float("0.002") * x),
        ("max(x, y) + log10(x)", sympy.Max(x, y) + sympy.log(x) / sympy.log(10)),
        ("sin(pi * x)", sympy.sin(sympy.pi * x)),
        ("x <= y and not a > 1", sympy.And(x <= y, sympy.Not(a > 1))),
        ("x^-1", 1 / x),
    ],
)
def test_plain(text, meant):
    assert read_formula(text, ["x", "y", "a"]) == meant


@pytest.mark.parametrize("text", ["x y", "2x", "x +", "(x", "x)", "b * x", "x ? y", "sin x", "sin(x, y)", "x..2", ""])
def test_what_has_no_single_reading_is_refused(text):
    with pytest.raises(FormulaError):
        read_formula(text, ["x", "y", "a"])


def test_an_unknown_name_is_named_with_the_known_ones():
    with pytest.raises(FormulaError, match=r"uses 'z', which is not declared\. Declared: x, y"):
        read_formula("x * z", ["y", "x"])


@pytest.mark.parametrize(
    ("text", "names", "meant"),
    [
        (r"\frac{1}{2} m v^2", "m v", "m*v**2/2"),
        (r"\sqrt{x_{1}^{2} + x_2^2}", "x1 x2", "sqrt(x1**2 + x2**2)"),
        (r"e^{- \frac{E}{k_B T}}", "E k_B T", "exp(-E/(k_B*T))"),
        (r"kT", "k T", "k*T"),
        (r"\mu_{\mathrm{drift}} q", "mu_drift q", "mu_drift*q"),
        (r"\sin^{2}{\left(\theta \right)}", "theta", "sin(theta)**2"),
        (r"\left| x - y \right|", "x y", "Abs(x - y)"),
        (r"\ln 2 \cdot x", "x", "log(2)*x"),
        (r"q(E + v B)", "q E v B", "q*(E + v*B)"),
    ],
)
def test_latex(text, names, meant):
    names = names.split()
    expected = sympy.sympify(meant, locals={name: sympy.Symbol(name) for name in names})
    assert sympy.simplify(read_latex(text, names) - expected) == 0


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (r"a / b c", "a b c"),  # (a/b)c or a/(bc)?
        (r"\sin x y", "x y"),
        (r"2 \frac{1}{2}", ""),
        (r"\sin^{-1} x", "x"),
        (r"x^12", "x"),
        (r"\sqrt[3]{x}", "x"),
        (r"E_f", "E f"),
        (r"ab", "a b ab"),
        (r"\frac{d x}{d t}", "x t"),
        (r"x_1", "x1 x_1"),
        (r"x \pm y", "x y"),
    ],
)
def test_latex_with_two_readings_is_refused(text, names):
    with pytest.raises(FormulaError):
        read_latex(text, names.split())


def feynman():
    path = Path(os.environ.get("REVERIE_DATA", "")) / "disciplines" / "physics" / "FeynmanEquations.csv"
    if not path.is_file():
        pytest.skip("no FeynmanEquations.csv under REVERIE_DATA")
    with path.open(encoding="utf-8-sig") as file:
        return [row for row in csv.DictReader(file) if row["Formula"]]


def test_the_feynman_equations_are_read_as_they_are_meant():
    right, wrong = 0, []
    for row in feynman():
        names = [row[f"v{i}_name"] for i in range(1, 11) if row.get(f"v{i}_name")]
        meant = sympy.sympify(row["Formula"], locals={n: sympy.Symbol(n) for n in names} | {"arcsin": sympy.asin})
        try:
            got = read_latex(sympy.latex(meant), names)
        except FormulaError:
            continue
        source = random.Random(0)
        at = {symbol: source.uniform(1.1, 2.0) for symbol in meant.free_symbols}
        same = abs(complex(meant.evalf(subs=at)) - complex(got.evalf(subs=at))) < 1e-9 * abs(
            complex(got.evalf(subs=at))
        )
        right += same
        wrong += [] if same else [row["Filename"]]
    assert wrong == []
    assert right >= 93
