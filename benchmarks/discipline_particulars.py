"""What the benchmark of disciplines measures beside errors: exactness, drift, reading, detection, speed, a chain."""

import csv
import timeit
from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
import sympy
import torch
from torch import nn

from common import Claim
from discipline_sets import folder, income_tax, theophylline
from reverie.disciplines import Chain, Module, freeze, parse_card
from reverie.disciplines.distil import train_student
from reverie.disciplines.formula import FormulaError
from reverie.disciplines.latex import read_latex
from reverie.disciplines.library import names
from reverie.disciplines.seeded import seed_errors


def particulars(command: str) -> list[Claim]:
    """All of them; they take half a minute."""
    return [*tax(command), *reading(command), detection(command), drift(command), speed(command), *chain(command)]


def tax(command: str) -> list[Claim]:
    data = income_tax()
    found = []
    for year, wanted in ((2017, 64), (2016, 48), (2015, 32), (2014, 16), (2013, 0)):
        module = Module.of("law.fr_income_tax").at(date(year, 12, 31))
        gaps = np.abs(module(data.columns)["tax"] - data.y)
        stale = sum("stale" in note for note in module.inspect(data.columns))
        beside = {"mean error, euro": float(gaps.mean()), "reported as stale": float(stale), "expected": float(wanted)}
        text = f"Income tax, knowledge of {year}: cases of 64 exact to one euro"
        bound = 64.0 if wanted == 64 else None
        sign = ">=" if wanted == 64 else "="
        found.append(Claim(text, float((gaps <= 1).sum()), "cases", bound, sign, [0], 0.0, command, beside))
    return found


def reading(command: str) -> list[Claim]:
    """The Feynman equations, written by SymPy, read with a closed vocabulary and by SymPy's two readers."""
    with (folder() / "physics" / "FeynmanEquations.csv").open(encoding="utf-8-sig") as file:
        rows = [row for row in csv.DictReader(file) if row["Formula"]]
    readers: dict[str, Callable[[str, list[str]], Any]] = {"closed vocabulary": read_latex}
    readers["SymPy, ANTLR"] = lambda text, _: _sympy(text, "antlr")
    readers["SymPy, Lark"] = lambda text, _: _sympy(text, "lark")
    right = dict.fromkeys(readers, 0)
    wrong = dict.fromkeys(readers, 0)
    for row in rows:
        known = [row[f"v{i}_name"] for i in range(1, 11) if row.get(f"v{i}_name")]
        meant = sympy.sympify(row["Formula"], locals={n: sympy.Symbol(n) for n in known} | {"arcsin": sympy.asin})
        for name, read in readers.items():
            try:
                got = read(sympy.latex(meant), known)
            except Exception:  # whatever a reader raises is a refusal
                continue
            same = _same(meant, got)
            right[name] += same
            wrong[name] += not same
    beside_right = {name: float(value) for name, value in right.items() if name != "closed vocabulary"}
    beside_wrong = {name: float(value) for name, value in wrong.items() if name != "closed vocabulary"}
    of = f"of {len(rows)} Feynman equations"
    texts = (f"Reader, {of} right", f"Reader, {of} silently wrong")
    ours = (right["closed vocabulary"], wrong["closed vocabulary"])
    return [
        Claim(texts[0], ours[0], "formulas", 93, ">=", [0], 0.0, command, beside_right),
        Claim(texts[1], ours[1], "formulas", 0, "<=", [0], 0.0, command, beside_wrong),
    ]


def _sympy(text: str, backend: str) -> Any:
    from sympy.parsing.latex import parse_latex

    got = parse_latex(text, backend=backend)
    if not isinstance(got, sympy.Basic):
        raise FormulaError(f"{backend} gives {type(got).__name__}")
    return got.subs({sympy.Symbol("pi"): sympy.pi})  # which the ANTLR reader leaves to its user


def _same(meant: Any, got: Any) -> bool:
    """Equal at three points, symbols matched by what is left of their names."""
    bare = {_bare(symbol): symbol for symbol in got.free_symbols}
    if set(bare) != {_bare(symbol) for symbol in meant.free_symbols}:
        return False
    source = np.random.default_rng(0)
    for _ in range(3):
        at = {_bare(symbol): float(source.uniform(1.1, 2.0)) for symbol in meant.free_symbols}
        try:
            one = complex(meant.evalf(subs={symbol: at[_bare(symbol)] for symbol in meant.free_symbols}))
            two = complex(got.evalf(subs={symbol: at[name] for name, symbol in bare.items()}))
        except (TypeError, ValueError):
            return False
        if abs(one - two) > 1e-9 * (1 + abs(one)):
            return False
    return True


def _bare(symbol: Any) -> str:
    return "".join(sign for sign in symbol.name.replace("\\", "") if sign not in "_{}, ")


def detection(command: str) -> Claim:
    found = []
    for name in names():
        card = Module.of(name).card
        if card.body.kind == "expression":
            found += seed_errors(card)
    count = len(found)
    beside = {
        "by dimensions alone": sum(one.by_dimension for one in found) / count,
        "by worked examples alone": sum(one.by_example for one in found) / count,
        "errors planted": float(count),
    }
    caught = sum(one.by_dimension or one.by_example for one in found) / count
    return Claim(
        "Planted errors of extraction that are caught", caught, "fraction", 0.98, ">=", [0], 0.0, command, beside
    )


def drift(command: str) -> Claim:
    """1000 joint steps with batch norm: a frozen module, and the same with its gradients off only."""
    x = np.random.default_rng(0).uniform(-2, 2, (500, 2))
    y = (x[:, :1] ** 2 + x[:, 1:] ** 2).astype(float)
    student = train_student(x, y, steps=200, hidden=(16,), seed=0, batch_norm=True)
    probes = torch.as_tensor(x[:100], dtype=torch.float32)
    card = Module.of("law.us_diversity_jurisdiction").card
    frozen = freeze(student, card=card, probes=probes)
    gaps = {}
    for name, kept in (("frozen", frozen), ("gradients off only", student)):
        with torch.no_grad():
            before = kept(probes)
        kept.requires_grad_(False)
        head = nn.Linear(1, 1)
        joint, source = nn.ModuleList([kept, head]), torch.Generator().manual_seed(0)
        optimiser = torch.optim.Adam(head.parameters(), lr=0.01)
        joint.train()
        for _ in range(1000):
            optimiser.zero_grad()
            head(kept(torch.randn(32, 2, generator=source) * 3).float()).square().mean().backward()
            optimiser.step()
        kept.eval()
        with torch.no_grad():
            gaps[name] = float((kept(probes) - before).std() / before.std())
    frozen.verify()
    beside = {"gradients off only": gaps["gradients off only"]}
    text = "Drift after 1000 joint steps with batch norm, in standard deviations of the output"
    return Claim(text, gaps["frozen"], "sd", 0.0, "<=", [0], 0.0, command, beside)


def speed(command: str) -> Claim:
    module = Module.of("medicine.one_compartment_oral")
    module.row(dose=4.0, time=2.0, clearance=0.04)
    call = lambda: module.row(dose=4.0, time=2.0, clearance=0.04)  # noqa: E731
    best = min(timeit.repeat(call, number=200, repeat=15)) / 200 * 1e6
    return Claim("One row of a distilled module (an equation)", best, "µs", 50.0, "<=", [0], 0.0, command)


EFFECT = """
card: medicine.concentration_from_clearance
version: 1.0.0
title: One compartment, with the clearance of a whole body
status: confirmed
valid_from: 1975-01-01
source: {title: "M. Rowland and T. N. Tozer, Clinical Pharmacokinetics", reference: "ISBN 978-0-7817-5009-7"}
inputs: {dose: {unit: mg/kg}, time: {unit: hour}, weight: {unit: kg}, clearance: {unit: L/hour}}
constants: {absorption: {value: 1.5, unit: 1/hour, sd: 0.7}, volume: {value: 0.5, unit: L/kg, sd: 0.1}}
outputs: {concentration: {unit: mg/L}}
body:
  kind: expression
  let:
    elimination: clearance / (weight * volume)
    entering: dose * absorption / (volume * (absorption - elimination))
  equations:
    concentration: entering * (exp(-elimination * time) - exp(-absorption * time))
examples: [{given: {dose: 4, time: 2, weight: 70, clearance: 2.8}, expect: {concentration: 6.78}, tolerance: 0.002}]
"""


def chain(command: str) -> list[Claim]:
    """Biology (clearance grows with weight) into medicine (concentration), on 12 patients whom neither has seen."""
    data = theophylline()
    alone = Module.of("medicine.one_compartment_oral")
    both = Chain([Module.of("biology.allometric_clearance"), Module(parse_card(EFFECT))])
    columns = {name: data.columns[name] for name in ("dose", "time", "weight")}

    def error(found: Any) -> float:
        return float(np.sqrt(np.mean((found - data.y) ** 2)))

    spread = both.spread(columns, noise=0.7, draws=400)["concentration"]
    inside = float(np.mean((spread.low <= data.y) & (data.y <= spread.high)))
    mean = error(np.full(len(data.y), data.y.mean()))
    beside = {"medicine alone, clearance per kilogram": error(alone(columns)["concentration"]), "mean": mean}
    text = "Chain of biology and medicine, theophylline of 12 patients, nothing fitted"
    return [
        Claim(f"{text}: error", error(both(columns)["concentration"]), "mg/L", None, "=", [0], 0.0, command, beside),
        Claim(f"{text}: share inside its 90 % intervals", inside, "fraction", None, "=", [0], 0.0, command),
    ]
