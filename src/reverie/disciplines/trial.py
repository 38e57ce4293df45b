"""Modules tried on a user's table: the error on rows held out, with modules and without, and the guard's verdict.

Every split trains the fusion and the very same network without modules on the same rows; ridge and a random forest
stand beside them. The verdict is of the model that learned from all rows. On request also: what fewer rows would have
given (data efficiency), and how far from the theory the rows lie, from first to last (drift).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reverie.disciplines.dataset import Table, features, match_card, match_columns
from reverie.disciplines.fusion import FusedClassifier, FusedRegressor
from reverie.disciplines.module import Module
from reverie.disciplines.theory import Theory
from reverie.errors import BadData, unknown_name

__all__ = ["Trial", "try_modules"]

FEWEST = 8
FEWER = (10, 20, 50, 100, 200, 500, 1000)
PARTS = 10
"""Parts of the rows, in their order, in which drift is looked for."""


@dataclass
class Trial:
    """What was found.

    Attributes
    ----------
    errors : dict
        Mean test error over the splits, by contestant: `with`, `without`, `ridge`, `forest`.
    model : FusedRegressor or FusedClassifier
        Learned from all rows.
    efficiency : list of dict
        `rows`, and the errors `with` and `without` modules after so many, mean over the splits; empty unless asked for.
    drift : dict
        By module the mean of measured − theory in each tenth of the rows, in the order of the table; likewise.
    """

    task: str
    measure: str
    rows: int
    errors: dict[str, float]
    splits: int
    coverage: float | None
    model: Any
    columns: dict[str, NDArray[Any]]
    y: NDArray[Any]
    notes: list[str] = field(default_factory=list)
    efficiency: list[dict[str, float]] = field(default_factory=list)
    drift: dict[str, list[float]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The results alone."""
        ratio = self.errors["with"] / self.errors["without"] if self.errors["without"] else 1.0
        return {
            "task": self.task,
            "measure": self.measure,
            "rows": self.rows,
            "splits": self.splits,
            "error_with": self.errors["with"],
            "error_without": self.errors["without"],
            "ratio": ratio,
            "controls": {name: self.errors[name] for name in ("ridge", "forest")},
            "weights": {n: float(w) for n, w in zip(self.model.member_names_, self.model.weights_, strict=True)},
            "module_weights": self.model.module_weights_,
            "used": list(self.model.verdict_.used),
            "dropped": dict(self.model.verdict_.reasons),
            "verdict": self.model.verdict_.words,
            "coverage_90": self.coverage,
            "notes": self.notes,
        }


def try_modules(
    table: Table,
    target: str,
    modules: Sequence[Module],
    *,
    rename: Mapping[str, str] | None = None,
    group: str | None = None,
    task: str = "auto",
    splits: int = 5,
    test: float = 0.25,
    seed: int = 0,
    curves: bool = False,
) -> Trial:
    """Try modules on a table.

    Parameters
    ----------
    target : str
        The column to answer.
    rename : mapping
        Input of a card → column, where the names differ; `card.input` names one card's.
    group : str, optional
        Rows with the same value are never on both sides of a split.
    task : str
        auto, regression, or classification (auto: words, or two values, are classes).
    curves : bool
        Look for data efficiency and drift too; it takes a few times as long.
    """
    if target not in table.columns:
        raise unknown_name("column", target, table.columns)
    if group is not None and group not in table.columns:
        raise unknown_name("column", group, table.columns)
    if task not in ("auto", "regression", "classification"):
        raise unknown_name("task", task, ("auto", "regression", "classification"))
    table, notes = _with_target(table, target)
    y = table.columns[target]
    classes = task == "classification" or (task == "auto" and (y.dtype == object or len(set(y.tolist())) == 2))
    if y.dtype == object and not classes:
        raise BadData(f"{target} holds words. Expected numbers, or --task classification.")
    given, more = features(table, {target, *([group] if group else [])})
    notes += more
    if not given:
        raise BadData(f"Nothing to learn from beside {target}: no column with numbers or few words.")
    renamed = rename or {}
    theories = [_theory(module, table, target, renamed) for module in modules]
    columns = {name: value for name, value in table.columns.items() if name != target} | given
    for theory in theories:
        held = {name: np.asarray(columns[column]) for name, column in theory.rename.items()}
        notes += [f"{theory.name}: {note}" for note in theory.module.inspect(held)]
    kind: Any = FusedClassifier if classes else FusedRegressor
    groups = table.columns[group] if group else None

    def fused(chosen: list[Theory]) -> Any:
        return kind(modules=chosen, features=list(given), seed=seed)

    errors: dict[str, list[float]] = {}
    covered = []
    for rows, held_out in _splits(y, groups, splits, test, seed, classes):
        parts = [{name: value[chosen] for name, value in columns.items()} for chosen in (rows, held_out)]
        inner = None if groups is None or len(set(groups[rows])) < 2 else groups[rows]
        for name, chosen in (("with", theories), ("without", [])):
            model = fused(chosen).fit(parts[0], y[rows], inner)
            errors.setdefault(name, []).append(_error(model, parts[1], y[held_out], classes))
            if name == "with" and not classes:
                low, high = model.interval(parts[1])
                covered.append(float(np.mean((low <= y[held_out]) & (y[held_out] <= high))))
        for name, model in _controls(classes).items():
            at = [_filled(given, chosen, rows) for chosen in (rows, held_out)]
            errors.setdefault(name, []).append(_error(model.fit(at[0], y[rows]), at[1], y[held_out], classes))
    means = {name: float(np.mean(values)) for name, values in errors.items()}
    efficiency: list[dict[str, float]] = []
    if curves:
        contestants = {"with": theories, "without": []}
        kept = list(_splits(y, groups, splits, test, seed, classes))
        efficiency = _efficiency(fused, contestants, columns, y, groups, kept, classes=classes, seed=seed)
        efficiency.append({"rows": len(kept[0][0]), "with": means["with"], "without": means["without"]})
    model = fused(theories).fit(columns, y, groups)
    return Trial(
        task="classification" if classes else "regression",
        measure="share of wrong classes" if classes else "root mean squared error",
        rows=len(y),
        errors=means,
        splits=splits,
        coverage=float(np.mean(covered)) if covered else None,
        model=model,
        columns=columns,
        y=y,
        notes=notes,
        efficiency=efficiency,
        drift=_drift(model, columns, y) if curves and not classes else {},
    )


def _efficiency(
    fused: Callable[[list[Theory]], Any],
    contestants: Mapping[str, list[Theory]],
    columns: Mapping[str, NDArray[Any]],
    y: NDArray[Any],
    groups: Any,
    splits: Sequence[tuple[NDArray[Any], NDArray[Any]]],
    *,
    classes: bool,
    seed: int,
) -> list[dict[str, float]]:
    """Errors after fewer rows: for each size that leaves rows, the mean over the splits."""
    found: dict[int, dict[str, list[float]]] = {}
    for rows, held_out in splits:
        order = np.random.default_rng(seed).permutation(rows)
        asked = {name: value[held_out] for name, value in columns.items()}
        for few in (order[:n] for n in FEWER if n < len(rows)):
            if classes and len(set(y[few].tolist())) < len(set(y.tolist())):
                continue  # a class that nobody has seen
            inner = None if groups is None or len(set(groups[few])) < 2 else groups[few]
            for name, theories in contestants.items():
                model = fused(theories).fit({c: value[few] for c, value in columns.items()}, y[few], inner)
                errors = found.setdefault(len(few), {}).setdefault(name, [])
                errors.append(_error(model, asked, y[held_out], classes))
    return [{"rows": n} | {k: float(np.mean(v)) for k, v in errors.items()} for n, errors in sorted(found.items())]


def _drift(model: Any, columns: Mapping[str, NDArray[Any]], y: NDArray[Any]) -> dict[str, list[float]]:
    """Mean of measured − calibrated theory in each part of the rows."""
    return {
        name: [float(np.mean(part)) for part in np.array_split(y - said, min(PARTS, len(y)))]
        for name, said in model.theories(columns).items()
    }


def _with_target(table: Table, target: str) -> tuple[Table, list[str]]:
    y = table.columns[target]
    good = np.isfinite(y) if y.dtype != object else np.array([str(one).strip() != "" for one in y])
    notes = [f"{int((~good).sum())} rows without {target} left out"] if not good.all() else []
    table = table.rows(good)
    if len(table) < FEWEST:
        raise BadData(f"{len(table)} rows have a {target}. Expected at least {FEWEST}: some must be held out.")
    if len(set(table.columns[target].tolist())) < 2:
        raise BadData(f"{target} has the same value in every row. Choose another target.")
    return table, notes


def _theory(module: Module, table: Table, target: str, rename: Mapping[str, str]) -> Theory:
    """Which column is which input; what is missing and has no default is said."""
    found = match_card(module.card, [name for name in table.columns if name != target], rename)
    output = match_columns(target, module.outputs) or module.outputs[0]
    return Theory(module, output=output, rename=found)


def _splits(
    y: NDArray[Any], groups: Any, splits: int, test: float, seed: int, classes: bool
) -> list[tuple[NDArray[Any], NDArray[Any]]]:
    from sklearn.model_selection import GroupShuffleSplit, ShuffleSplit, StratifiedShuffleSplit

    if groups is not None:
        return list(GroupShuffleSplit(splits, test_size=test, random_state=seed).split(y, y, groups))
    if classes and min(np.unique(y, return_counts=True)[1]) >= 2 and len(y) * test >= len(np.unique(y)):
        return list(StratifiedShuffleSplit(splits, test_size=test, random_state=seed).split(y, y))
    return list(ShuffleSplit(splits, test_size=test, random_state=seed).split(y))


def _error(model: Any, rows: Any, y: NDArray[Any], classes: bool) -> float:
    answers = model.predict(rows)
    return float(np.mean(answers != y)) if classes else float(np.sqrt(np.mean((answers - y) ** 2)))


def _filled(given: Mapping[str, NDArray[Any]], chosen: NDArray[Any], train: NDArray[Any]) -> NDArray[Any]:
    """A matrix without gaps; they get the mean of the training rows."""
    table = np.stack(list(given.values()), axis=1)
    known = np.where(np.isfinite(table[train]).any(0), table[train], 0.0)
    return np.asarray(np.where(np.isfinite(table[chosen]), table[chosen], np.nanmean(known, axis=0)))


def _controls(classes: bool) -> dict[str, Any]:
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
    from sklearn.linear_model import LogisticRegression, RidgeCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if classes:
        return {
            "ridge": make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)),
            "forest": RandomForestClassifier(100, random_state=0),
        }
    return {
        "ridge": make_pipeline(StandardScaler(), RidgeCV(np.logspace(-3, 3, 13))),
        "forest": RandomForestRegressor(100, random_state=0),
    }
