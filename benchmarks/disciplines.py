"""Discipline modules on measured data: with good, useless and half-wrong modules, beside their rivals and controls.

For each set, size and seed: rows are drawn from those not held out for the test; the same rows train every contestant.
Every error is divided by that of the same network without a module (root mean square; log loss for classes), means
over seeds first. Useless modules answer about rows that were shuffled; half-wrong ones are mirrored about their mean
where their first input is above its median.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common import Claim, arguments, finish, one_thread
from discipline_particulars import particulars
from discipline_sets import SETS, DataSet
from reverie.disciplines import FusedClassifier, FusedRegressor, Theory
from reverie.disciplines.networks import SideBySide
from reverie.disciplines.rivals import KINDS, Rival
from reverie.disciplines.tabular import as_matrix

SIZES = (10, 20, 50, 100, 200)
HERE = Path(__file__).resolve().parent
CELLS = HERE / "cells"


ROW = "row of the set"
"""A column that no model learns from: by it a module about shuffled rows knows which row it is asked about."""


class Spoiled:
    """A module that answers wrongly: about another row of the set, or mirrored on half of its inputs.

    Which other row is settled once: the module has one answer for each row, as a useless theory would.
    """

    def __init__(self, theory: Theory, how: str, data: DataSet) -> None:
        self.card, self.outputs, self._inner, self._how = theory.module.card, theory.module.outputs, theory, how
        inputs = theory.columns(data.columns)
        first = next(name for name in theory.module.inputs if name in inputs and np.ptp(inputs[name]) > 0)
        self._other = {name: value[np.random.default_rng(7).permutation(len(value))] for name, value in inputs.items()}
        self._first, self._median = first, float(np.median(inputs[first]))
        with np.errstate(all="ignore"):
            self._centre = float(np.nanmean(theory.answer(data.columns)))

    def __call__(self, columns: Any, constants: Any = None) -> dict[str, NDArray[Any]]:
        columns = self._inner.columns(columns)
        if self._how == "useless":
            columns = {name: value[columns[ROW]] for name, value in self._other.items()}
        answers = dict(self._inner.module(columns, constants))
        if self._how == "half-wrong":
            wrong = np.asarray(columns[self._first]) > self._median
            answers = {name: np.where(wrong, 2 * self._centre - v, v) for name, v in answers.items()}
        return answers


def error(data: DataSet, model: Any, rows: Any, y: NDArray[Any]) -> float:
    if data.classes:
        given = model.predict_proba(rows)[np.arange(len(y)), y.astype(int)]
        return float(-np.log(np.clip(given, 1e-6, None)).mean())
    return float(np.sqrt(np.mean((model.predict(rows) - y) ** 2)))


def cell(data: DataSet, n: int, seed: int, *, rivals: bool) -> dict[str, float]:
    """Every contestant on one draw of rows."""
    pool, test = data.split(seed)
    rows, test = pool[:n], test[:2000]
    train, asked = (
        {name: value[chosen] for name, value in data.columns.items()} | {ROW: chosen} for chosen in (rows, test)
    )
    y = data.y[rows]
    groups = None if data.groups is None or len(set(data.groups[rows])) < 2 else data.groups[rows]
    kind: Any = FusedClassifier if data.classes else FusedRegressor
    found: dict[str, float] = {}
    for name, how in (("fused", ""), ("useless", "useless"), ("half-wrong", "half-wrong")):
        theories = data.theories if not how else [Theory(Spoiled(one, how, data)) for one in data.theories]
        model = kind(modules=theories, features=data.features, seed=seed).fit(train, y, groups)
        found[name] = error(data, model, asked, data.y[test])
        if not how:
            plain = kind(features=data.features, seed=seed).fit(train, y, groups)
            found["network"] = error(data, plain, asked, data.y[test])
            if not data.classes:
                low, high = model.interval(asked)
                found["coverage"] = float(np.mean((low <= data.y[test]) & (data.y[test] <= high)))
                bare = data.theories[0].calibrate(train, y).predict(asked)
                found["theory"] = float(np.sqrt(np.mean((bare - data.y[test]) ** 2)))
            found["weight"] = float(1 - model.weights_[0])
    many = 1 + len(data.theories)
    found["ensemble"] = error(data, Networks(data, 1000 + seed, many).fit(train, y), asked, data.y[test])
    for name, model in controls(data).items():
        model.fit(as_matrix(train, data.features), y)
        found[name] = error(data, model, as_matrix(asked, data.features), data.y[test])
    if not data.classes and rivals:
        for name in KINDS:
            for how in ("", "useless"):
                theories = data.theories if not how else [Theory(Spoiled(one, how, data)) for one in data.theories]
                rival = Rival(modules=theories, kind=name, features=data.features, seed=seed).fit(train, y)
                found[f"{name}{' useless' if how else ''}"] = error(data, rival, asked, data.y[test])
    return found


class Networks:
    """The network of the fusion, without modules: several together."""

    def __init__(self, data: DataSet, seed: int, many: int) -> None:
        self._data, self._seed, self._many = data, seed, many

    def fit(self, rows: dict[str, Any], y: NDArray[Any]) -> "Networks":
        goal = np.eye(2)[y.astype(int)] if self._data.classes else y[:, None].astype(float)
        x = as_matrix(rows, self._data.features)
        self._nets = SideBySide(loss="entropy" if self._data.classes else "squares", seed=self._seed)
        self._nets.fit(x, np.stack([goal] * self._many), np.ones((self._many, len(y)), dtype=bool))
        return self

    def predict(self, rows: Any) -> NDArray[Any]:
        return np.asarray(self.predict_proba(rows)[:, 0])

    def predict_proba(self, rows: Any) -> NDArray[Any]:
        return np.asarray(self._nets.predict(as_matrix(rows, self._data.features)).mean(0))


def controls(data: DataSet) -> dict[str, Any]:
    from sklearn.ensemble import (
        GradientBoostingClassifier,
        GradientBoostingRegressor,
        RandomForestClassifier,
        RandomForestRegressor,
    )
    from sklearn.linear_model import LogisticRegression, RidgeCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if data.classes:
        return {
            "ridge": make_pipeline(StandardScaler(), LogisticRegression()),
            "forest": RandomForestClassifier(100, random_state=0),
            "boosting": GradientBoostingClassifier(random_state=0),
        }
    return {
        "ridge": make_pipeline(StandardScaler(), RidgeCV(np.logspace(-3, 3, 13))),
        "forest": RandomForestRegressor(100, random_state=0),
        "boosting": GradientBoostingRegressor(random_state=0),
    }


def sizes(data: DataSet) -> list[int]:
    """Those that leave rows, and all of them."""
    most = min(min(len(data.split(seed)[0]) for seed in range(10)), data.most)
    return sorted({*(n for n in SIZES if n <= most), *((most,) if most > 20 else ())})


def measure(
    seeds: list[int], wanted: list[int] | None, *, rivals: int = 2, only: list[str] | None = None, run: bool = True
) -> list[dict[str, Any]]:
    """All cells; those measured before are read again, so that a stopped run goes on. Rivals: for so many seeds."""
    CELLS.mkdir(exist_ok=True)
    table = []
    for make in SETS:
        if only is not None and make.__name__ not in only:
            continue
        data = make()
        for n in sizes(data):
            if wanted is not None and n not in wanted:
                continue
            for seed in seeds if n <= 1000 else seeds[:1]:
                path = CELLS / f"{make.__name__}-{n}-{seed}.json"
                if not path.exists() and not run:
                    continue
                if not path.exists():
                    began = time.perf_counter()
                    path.write_text(json.dumps(cell(data, n, seed, rivals=seed < rivals and n <= 200)))
                    print(f"  {data.name}, n = {n}, seed {seed}: {time.perf_counter() - began:.1f} s", file=sys.stderr)
                found = json.loads(path.read_text())
                table.append({"set": data.name, "n": n, "seed": seed, "classes": data.classes, **found})
    return table


def ratio(table: list[dict[str, Any]], name: str, over: str = "network") -> dict[tuple[str, int], float]:
    """For each set and size: the mean error of a contestant over that of another."""
    groups: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for row in table:
        if name in row:
            groups.setdefault((row["set"], row["n"]), []).append(row)
    return {
        key: float(np.mean([r[name] for r in rows]) / np.mean([r[over] for r in rows])) for key, rows in groups.items()
    }


def geometric(values: Any) -> float:
    found = list(values)
    return float(np.exp(np.mean(np.log(found)))) if found else float("nan")


COMMAND = "python benchmarks/disciplines.py"


def claims(table: list[dict[str, Any]], seeds: list[int], quick: bool) -> list[Claim]:
    """What is said of the cells: gain with good modules; cells with harm, which are named; intervals.

    A set whose theory is exact (income tax) counts with a ratio of 0.001; the mean without it stands beside.
    """
    command = f"{COMMAND}{' --quick' if quick else ''}"
    rows: list[Claim] = []
    good = ratio(table, "fused")

    def of(sizes: tuple[int, ...], name: str, *, without: str = "") -> float:
        return geometric(
            max(v, 1e-3) for (s, n), v in ratio(table, name).items() if n in sizes and not s.startswith(without or "!")
        )

    for sizes, bound in (((10, 20), 0.60), ((50,), None), ((100,), 0.90), ((200,), None)):
        if not any(n in sizes for _, n in good):
            continue
        beside = {
            name: of(sizes, name) for name in ("ensemble", "ridge", "forest", "boosting", "useless", "half-wrong")
        }
        beside |= {name: of(sizes, name) for name in KINDS} | {
            f"{k}, useless": of(sizes, f"{k} useless") for k in KINDS
        }
        beside["fused, without the income tax"] = of(sizes, "fused", without="income tax")
        beside = {name: value for name, value in beside.items() if value == value}
        named = " and ".join(map(str, sizes))
        text = f"Good modules, {named} rows: error over that of the same network, geometric mean over sets"
        rows.append(Claim(text, of(sizes, "fused"), "ratio", bound, "<=", seeds, 0.0, command, beside))
    for name, text, bound in (
        ("fused", "good modules", 1.02),
        ("useless", "useless modules (about shuffled rows)", 1.02),
        ("half-wrong", "modules wrong on half of the inputs", 1.05),
    ):
        found = {key: value for key, value in ratio(table, name).items() if key[1] >= 20}
        worse = {f"{s}, n = {n}": v for (s, n), v in sorted(found.items(), key=lambda pair: -pair[1]) if v > bound}
        text = f"Harm, {text}, 20 rows or more: cells (of {len(found)}) worse than {bound:g} times the network"
        beside = worse | {"the worst": max(found.values(), default=0.0)}
        none, way = (None, "=") if quick else (0.0, "<=")
        rows.append(Claim(text, float(len(worse)), "cells", none, way, seeds, 0.0, command, beside))
    covered = [row["coverage"] for row in table if "coverage" in row and row["n"] >= 20]
    if covered:
        rows.append(
            Claim(
                "Intervals of the fusion that promise 90 %: share of test rows inside, 20 rows or more",
                float(np.mean(covered)),
                "fraction",
                None,
                "=",
                seeds,
                float(np.std(covered)),
                command,
            )
        )
    return rows


def main() -> None:
    options = arguments(__doc__.splitlines()[0])
    one_thread()
    seeds = [0] if options.quick else list(range(10))
    small = ["stopping", "enzyme", "theophylline", "income_tax", "preston"]
    table = measure(
        seeds, [20] if options.quick else None, only=small if options.quick else None, run=not options.finished
    )
    done = sorted({row["seed"] for row in table})
    found = claims(table, done, options.quick) + particulars(f"{COMMAND}{' --quick' if options.quick else ''}")
    if not options.quick:
        for (name, n), value in sorted(ratio(table, "fused").items()):
            cells = [row for row in table if row["set"] == name and row["n"] == n]
            beside = {
                k: float(np.mean([r[k] for r in cells if k in r]))
                for k in cells[0]
                if k not in ("set", "n", "seed", "classes")
            }
            text = f"{name}, {n} rows: error over that of the same network"
            found.append(Claim(text, value, "ratio", None, "=", [row["seed"] for row in cells], 0.0, COMMAND, beside))
    finish(found, options)


if __name__ == "__main__":
    main()
