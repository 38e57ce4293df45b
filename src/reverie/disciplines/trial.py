"""Modules tried on a user's table: the error on rows held out, with modules and without, and the guard's verdict.

Every split trains the fusion and the very same network without modules on the same rows; ridge and a random forest
stand beside them. The verdict is of the model that learned from all rows.
"""

from collections.abc import Mapping, Sequence
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


@dataclass
class Trial:
    """What was found.

    Attributes
    ----------
    errors : dict
        Mean test error over the splits, by contestant: `with`, `without`, `ridge`, `forest`.
    model : FusedRegressor or FusedClassifier
        Learned from all rows.
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
    return Trial(
        task="classification" if classes else "regression",
        measure="share of wrong classes" if classes else "root mean squared error",
        rows=len(y),
        errors={name: float(np.mean(values)) for name, values in errors.items()},
        splits=splits,
        coverage=float(np.mean(covered)) if covered else None,
        model=fused(theories).fit(columns, y, groups),
        columns=columns,
        y=y,
        notes=notes,
    )


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
