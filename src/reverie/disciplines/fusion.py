"""Theory and data in one model, with a guard against theory that does not help: a stack.

Members are the plain model, and for each module its calibrated theory and theory + a model of what it leaves over.
Their weights are not negative, sum to one, and come from rows that the members had not seen. The guard drops a module
that does not help on those rows, and says so in words. Concatenation, gates and bare residuals are not safe (see
`benchmarks/disciplines.py`). Because the stack is a sum, every prediction splits exactly into shares.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

from reverie.disciplines.bases import train_base
from reverie.disciplines.folds import fold_masks
from reverie.disciplines.guard import judge
from reverie.disciplines.stack import mixture_weights, simplex_weights
from reverie.disciplines.tabular import as_columns, as_matrix
from reverie.disciplines.theory import Theory
from reverie.errors import BadData

__all__ = ["FusedClassifier", "FusedRegressor"]


class _Fused(BaseEstimator):  # type: ignore[misc]
    """What regression and classification share."""

    _classes = False

    def __init__(
        self,
        *,
        modules: Sequence[Any] = (),
        base: Any = None,
        columns: Sequence[str] | None = None,
        features: Sequence[str] | None = None,
        folds: int | None = None,
        guard: bool = True,
        seed: int = 0,
    ) -> None:
        self.modules, self.base, self.columns, self.features = modules, base, columns, features
        self.folds, self.guard, self.seed = folds, guard, seed

    def fit(self, X: Any, y: Any, groups: Any = None) -> Any:
        """Learn.

        Parameters
        ----------
        X : data frame, mapping of columns, or array of shape [n, d] with `columns` naming its columns
        y : array, shape [n]
        groups : array, shape [n], optional
            Rows of one group (a patient) are never on both sides of a fold.
        """
        columns = as_columns(X, self.columns)
        goal = self._goal(np.asarray(y))
        theories = [one if isinstance(one, Theory) else Theory(one) for one in self.modules]
        names = [one.name for one in theories]
        if len(set(names)) != len(names):
            raise BadData(f"Modules named twice: {', '.join(names)}. Give each once.")
        taken = self.features or [c for c in columns if np.asarray(columns[c]).dtype.kind in "biuf"]
        if not taken:
            raise BadData(f"No numeric column to learn from. Given: {', '.join(columns)}.")
        self._features = list(taken)
        x = as_matrix(columns, self._features)
        n = len(x)
        if n != len(goal):
            raise BadData(f"X has {n} rows and y {len(goal)}. Expected as many of both.")
        if n < 4:
            raise BadData(f"{n} rows are too few to hold any out. Give at least 4.")
        folds = self.folds or (10 if n < 100 else 5)
        masks = fold_masks(n, folds, groups, self.seed, goal if self._classes else None)
        train = np.concatenate([masks, np.ones((1, n), dtype=bool)])  # the folds, and all rows
        self._theories = theories
        self._calibrated = [self._calibrate(theory, columns, goal, train) for theory in theories]
        said = [np.stack([self._say(one, columns) for one in row]) for row in self._calibrated]
        self._base_answers, answers = self._train(x, goal, train, said)
        members = self._members(answers, said)  # [B, members, n, k]
        held = np.zeros((members.shape[1], n, goal.shape[1]))
        for fold, rows in enumerate(masks):
            held[:, ~rows] = members[fold][:, ~rows]
        self.member_names_ = ["network"] + [f"{kind} {name}" for name in names for kind in ("theory", "corrected")]
        self.weights_, self.verdict_ = judge(
            held,
            goal,
            names,
            [t.confirmed for t in theories],
            weigh=self._weigh,
            losses=self._losses,
            masks=masks,
            groups=None if groups is None else np.asarray(groups),
            guard=self.guard,
            classes=self._classes,
        )
        self._mean = goal.mean(0)
        self._gaps = np.sort(np.abs(np.tensordot(self.weights_, held, axes=1) - goal).max(1))
        self.n_features_in_ = len(columns)
        return self

    # What differs between values and classes.

    def _goal(self, y: NDArray[Any]) -> NDArray[Any]:
        raise NotImplementedError

    def _calibrate(
        self, theory: Theory, columns: Mapping[str, Any], goal: NDArray[Any], train: NDArray[Any]
    ) -> list[Any]:
        """The theory, calibrated on each of the masks [B, n], the last of which has all rows."""
        raise NotImplementedError

    def _say(self, calibrated: Any, columns: Mapping[str, Any]) -> NDArray[Any]:
        raise NotImplementedError

    def _weigh(self, held: NDArray[Any], goal: NDArray[Any]) -> NDArray[Any]:
        raise NotImplementedError

    def _losses(self, held: NDArray[Any], goal: NDArray[Any]) -> NDArray[Any]:
        raise NotImplementedError

    def _train(
        self, x: NDArray[Any], goal: NDArray[Any], train: NDArray[Any], said: list[NDArray[Any]]
    ) -> tuple[Any, NDArray[Any]]:
        """Plain models and models of what is left over, all of them at once: answers [1 + modules, B, n, k]."""
        raise NotImplementedError

    def _members(self, answers: NDArray[Any], said: list[NDArray[Any]]) -> NDArray[Any]:
        """Members of every fold, [B, members, n, k]."""
        parts = [answers[0]]
        for place, theory in enumerate(said):
            parts += [theory, self._corrected(theory, answers[1 + place])]
        return np.stack(parts, axis=1)

    def _corrected(self, theory: NDArray[Any], left_over: NDArray[Any]) -> NDArray[Any]:
        raise NotImplementedError

    def _final(self, X: Any) -> NDArray[Any]:
        """The members trained on all rows, [members, m, k]."""
        if not hasattr(self, "weights_"):
            from sklearn.exceptions import NotFittedError

            raise NotFittedError("This model has not learned yet. Call fit first.")
        columns = as_columns(X, self.columns)
        x = as_matrix(columns, self._features)
        said = [self._say(row[-1], columns)[None] for row in self._calibrated]
        return np.asarray(self._members(self._base_answers(x, said), said)[0])

    def shares(self, X: Any) -> dict[str, NDArray[Any]]:
        """How each prediction comes about: parts that sum to it exactly.

        Returns
        -------
        dict of arrays, shape [m] (regression) or [m, classes]
            `mean` of the rows learned, `network`, and for each module its theory and what was added to correct it.
        """
        members = self._final(X)
        mean = np.broadcast_to(self._mean, members.shape[1:])
        found = {"mean": mean.copy(), "network": self.weights_[0] * (members[0] - mean)}
        for place, theory in enumerate(self._theories):
            bare, corrected = members[1 + 2 * place], members[2 + 2 * place]
            w_bare, w_corrected = self.weights_[1 + 2 * place : 3 + 2 * place]
            found[f"theory {theory.name}"] = (w_bare + w_corrected) * (bare - mean)
            found[f"correction of {theory.name}"] = w_corrected * (corrected - bare)
        return {name: value if self._classes else value[:, 0] for name, value in found.items()}

    def theories(self, X: Any) -> dict[str, NDArray[Any]]:
        """What each module says, calibrated on the rows learned; shape [m] or [m, classes]."""
        columns = as_columns(X, self.columns)
        pairs = zip(self._theories, self._calibrated, strict=True)
        found = {theory.name: self._say(row[-1], columns) for theory, row in pairs}
        return {name: value if self._classes else value[:, 0] for name, value in found.items()}

    @property
    def module_weights_(self) -> dict[str, float]:
        """The weight of each module: of its theory and of its theory with correction."""
        pairs = self.weights_[1:].reshape(-1, 2).sum(1)
        return {theory.name: float(weight) for theory, weight in zip(self._theories, pairs, strict=True)}


class FusedRegressor(RegressorMixin, _Fused):  # type: ignore[misc]
    """A regressor with modules of theory.

    Parameters
    ----------
    modules : sequence of Module, Chain or Theory
    base : None, scikit-learn regressor, or nn.Module
        What learns from data: two layers of 32 units, if nothing else is given.
    columns : sequence of str, optional
        Names of the columns of arrays.
    features : sequence of str, optional
        What the base sees; all numeric columns by default. Modules see what they declare.
    folds : int, optional
        Ten below a hundred rows, else five.
    guard : bool
        Whether modules that do not help are dropped, and, below 20 rows, those that are not confirmed.
    seed : int

    Attributes
    ----------
    weights_ : array
        Of `member_names_`; not negative, sum one.
    verdict_ : Verdict
        What the guard found, in numbers and words.

    Examples
    --------
    >>> from reverie.disciplines import Module
    >>> speed = np.linspace(5.0, 70.0, 12)
    >>> law = Module.of("physics.stopping_distance")
    >>> model = FusedRegressor(modules=[law], columns=["speed"]).fit(speed[:, None], law({"speed": speed})["distance"])
    >>> round(model.module_weights_["physics.stopping_distance"], 2)
    1.0
    """

    def _goal(self, y: NDArray[Any]) -> NDArray[Any]:
        try:
            goal = np.asarray(y, dtype=float)
        except (TypeError, ValueError):
            raise BadData("The target holds words. Expected numbers; use FusedClassifier for classes.") from None
        if goal.ndim != 1 or not np.isfinite(goal).all():
            raise BadData(f"The target has shape {goal.shape} or gaps. Expected one finite number for each row.")
        return goal[:, None]

    def _calibrate(
        self, theory: Theory, columns: Mapping[str, Any], goal: NDArray[Any], train: NDArray[Any]
    ) -> list[Any]:
        whole = theory.calibrate(columns, goal[:, 0])
        parts = [({name: np.asarray(v)[rows] for name, v in columns.items()}, goal[rows, 0]) for rows in train[:-1]]
        return [*(theory.calibrate(*part, near=whole) for part in parts), whole]

    def _say(self, calibrated: Any, columns: Mapping[str, Any]) -> NDArray[Any]:
        return np.asarray(calibrated.predict(columns))[:, None]

    def _weigh(self, held: NDArray[Any], goal: NDArray[Any]) -> NDArray[Any]:
        return simplex_weights(held[..., 0].T, goal[:, 0])

    def _losses(self, held: NDArray[Any], goal: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(((held - goal) ** 2)[:, 0])

    def _train(
        self, x: NDArray[Any], goal: NDArray[Any], train: NDArray[Any], said: list[NDArray[Any]]
    ) -> tuple[Any, NDArray[Any]]:
        many = len(train)
        goals = np.concatenate([np.broadcast_to(goal, (many, *goal.shape)), *(goal - one for one in said)])
        masks = np.concatenate([train] * (1 + len(said)))
        ask = train_base(self.base, x, goals, masks, classes=False, seed=self.seed)

        def final(rows: NDArray[Any], said: list[NDArray[Any]]) -> NDArray[Any]:
            return ask(rows, None).reshape(1 + len(said), many, len(rows), 1)[:, -1:]

        return final, ask(x, None).reshape(1 + len(said), many, len(x), 1)

    def _corrected(self, theory: NDArray[Any], left_over: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(theory + left_over)

    def predict(self, X: Any) -> NDArray[Any]:
        """The answer for each row, shape [m]."""
        return np.asarray(np.tensordot(self.weights_, self._final(X), axes=1)[:, 0])

    def interval(self, X: Any, *, coverage: float = 0.9) -> tuple[NDArray[Any], NDArray[Any]]:
        """Bounds that hold the truth with the stated probability: conformal, from the errors on held-out rows."""
        n = len(self._gaps)
        place = min(int(np.ceil(coverage * (n + 1))), n) - 1
        middle = self.predict(X)
        return middle - self._gaps[place], middle + self._gaps[place]


class FusedClassifier(ClassifierMixin, _Fused):  # type: ignore[misc]
    """A classifier with modules of theory: a module's answer becomes class probabilities by logistic regression.

    Parameters are those of `FusedRegressor`; `base` is a scikit-learn classifier with `predict_proba`, or an nn.Module
    that gives logits.
    """

    _classes = True

    def _goal(self, y: NDArray[Any]) -> NDArray[Any]:
        self.classes_, place = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise BadData(f"The target has one class, {self.classes_[0]!r}. Expected at least two.")
        return np.asarray(np.eye(len(self.classes_))[place])

    def _calibrate(
        self, theory: Theory, columns: Mapping[str, Any], goal: NDArray[Any], train: NDArray[Any]
    ) -> list[Any]:
        from reverie.disciplines.scores import Scored

        return [Scored.fit(theory, columns, goal, rows) for rows in train]

    def _say(self, calibrated: Any, columns: Mapping[str, Any]) -> NDArray[Any]:
        return np.asarray(calibrated.predict(columns))

    def _weigh(self, held: NDArray[Any], goal: NDArray[Any]) -> NDArray[Any]:
        return mixture_weights((held * goal).sum(-1).T)

    def _losses(self, held: NDArray[Any], goal: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(-np.log(np.clip((held * goal).sum(-1), 1e-12, None)))

    def _train(
        self, x: NDArray[Any], goal: NDArray[Any], train: NDArray[Any], said: list[NDArray[Any]]
    ) -> tuple[Any, NDArray[Any]]:
        many = len(train)
        goals = np.broadcast_to(goal, ((1 + len(said)) * many, *goal.shape))
        masks = np.concatenate([train] * (1 + len(said)))

        def offset(rows: int, said: list[NDArray[Any]]) -> NDArray[Any]:
            logits = [np.broadcast_to(np.log(np.clip(one, 1e-6, 1.0)), (many, rows, goal.shape[1])) for one in said]
            return np.concatenate([np.zeros((many, rows, goal.shape[1])), *logits])

        ask = train_base(self.base, x, goals, masks, classes=True, seed=self.seed, offset=offset(len(x), said))

        def final(rows: NDArray[Any], said: list[NDArray[Any]]) -> NDArray[Any]:
            found = ask(rows, offset(len(rows), said))
            return found.reshape(1 + len(said), many, len(rows), goal.shape[1])[:, -1:]

        return final, ask(x, offset(len(x), said)).reshape(1 + len(said), many, len(x), goal.shape[1])

    def _corrected(self, theory: NDArray[Any], left_over: NDArray[Any]) -> NDArray[Any]:
        return left_over  # the theory's logits are inside already

    def predict_proba(self, X: Any) -> NDArray[Any]:
        """Probability of each class in `classes_`, shape [m, classes]."""
        return np.asarray(np.tensordot(self.weights_, self._final(X), axes=1))

    def predict(self, X: Any) -> NDArray[Any]:
        """The most likely class of each row."""
        return np.asarray(self.classes_[self.predict_proba(X).argmax(1)])
