"""A module: a checked card that answers, in the units that the card declares.

`open_card` reads, checks dimensions, computes the worked examples, and refuses what does not hold.
"""

import warnings
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reverie.contracts import Discipline
from reverie.disciplines.bodies import Ode, build_body
from reverie.disciplines.bodies.base import Misplaced, declared_dimensions
from reverie.disciplines.card import Card, CardError, line_of, read_card
from reverie.disciplines.units import Scale, UnitError, quantity, scale
from reverie.errors import BadData
from reverie.untrusted import parse_yaml, read_text

__all__ = ["Module", "OutOfRange", "StaleKnowledge", "open_card"]

Columns = Mapping[str, Any]


class StaleKnowledge(UserWarning):
    """Rows lie after the last day for which the knowledge is known."""


class OutOfRange(UserWarning):
    """Rows lie outside the range that a card declares."""


class Module(Discipline):
    """A card that answers.

    Parameters
    ----------
    card : Card
    simulators : mapping, optional
        The callables that a simulator card names.
    as_of : date, optional
        The day on which the knowledge is frozen: what came into force later is not used.

    Examples
    --------
    >>> module = Module.of("physics.stopping_distance")
    >>> float(module({"speed": [30.0]})["distance"].round(1)[0])
    196.4
    """

    def __init__(
        self, card: Card, *, simulators: Mapping[str, Callable[..., Any]] = {}, as_of: date | None = None
    ) -> None:
        self.card, self.as_of, self._simulators = card, as_of, simulators
        declared_dimensions(card)
        self.body = build_body(card, simulators=simulators, as_of=as_of)
        self._scales = self.scales()
        self._constants = {name: _based(c.value, c.unit) for name, c in card.constants.items()}

    def __reduce__(self) -> Any:
        """Travels between processes as its card; what is compiled is compiled again."""
        return _opened, (self.card, dict(self._simulators), self.as_of)

    @staticmethod
    def of(name: str) -> "Module":
        """The module of a card of the library, or of a file."""
        from reverie.disciplines.library import find

        return open_card(find(name))

    @property
    def inputs(self) -> list[str]:
        return list(self.card.inputs)

    @property
    def outputs(self) -> list[str]:
        return list(self.card.outputs)

    def __call__(self, columns: Columns, constants: Mapping[str, Any] | None = None) -> dict[str, NDArray[np.float64]]:
        """Answer rows.

        Parameters
        ----------
        columns : mapping of str to array of n numbers (or words, where the card lists choices)
            In the units of the card; others than its inputs are left alone.
        constants : mapping, optional
            Values in place of the card's, in its units; arrays of n for one value per row.

        Returns
        -------
        dict of arrays, shape [n]
            Not a number where the theory says nothing.
        """
        given, n = self._given(columns)
        own = dict(self._constants)
        for name, value in (constants or {}).items():
            own[name] = _based(np.asarray(value, dtype=float), self.card.constants[name].unit)
        with np.errstate(all="ignore"):
            answers = self.body.run({**given, **own}, kind="numpy")
        found = {}
        for name, value in answers.items():
            factor, offset = scale(self.card.outputs[name].unit)
            found[name] = np.broadcast_to((np.asarray(value, dtype=float) - offset) / factor, n).copy()
        return found

    def row(self, **values: float) -> dict[str, float]:
        """Answer one row of numbers, in microseconds."""
        inputs, outputs = self._scales
        given: dict[str, float] = {name: values[name] * unit.factor + unit.offset for name, unit in inputs.items()}
        answers = self.body.run({**given, **self._constants}, kind="math")
        return {name: (answers[name] - unit.offset) / unit.factor for name, unit in outputs.items()}

    def scales(self) -> tuple[dict[str, Scale], dict[str, Scale]]:
        """How inputs and outputs become base units."""
        inputs, outputs = self.card.inputs, self.card.outputs
        return {n: scale(one.unit) for n, one in inputs.items()}, {n: scale(one.unit) for n, one in outputs.items()}

    def constants(self) -> dict[str, float]:
        """The constants in base units."""
        return dict(self._constants)

    def _given(self, columns: Columns) -> tuple[dict[str, NDArray[np.float64]], int]:
        given: dict[str, NDArray[np.float64]] = {}
        missing = [n for n, thing in self.card.inputs.items() if n not in columns and thing.default is None]
        if missing:
            raise BadData(
                f"{self.card.card} needs the column{'s' * (len(missing) > 1)} {', '.join(missing)}; given: "
                f"{', '.join(map(str, columns)) or 'none'}. Add or rename columns: "
                + ", ".join(f"{name} in {self.card.inputs[name].unit}" for name in missing)
            )
        n = max((np.size(columns[name]) for name in self.card.inputs if name in columns), default=1)
        for name, thing in self.card.inputs.items():
            value = np.atleast_1d(np.asarray(columns.get(name, thing.default)))
            given[name] = _based(np.broadcast_to(self._numbers(name, value), n), thing.unit)
        return given, n

    def _numbers(self, name: str, value: NDArray[Any]) -> NDArray[np.float64]:
        choices = self.card.inputs[name].choices
        if choices and value.dtype.kind in "OUS":
            unknown = sorted({str(one) for one in value} - set(choices))
            if unknown:
                raise BadData(
                    f"{self.card.card}: {name} is {', '.join(unknown)}. Expected one of {', '.join(choices)}."
                )
            return np.array([choices.index(str(one)) for one in value], dtype=float)
        try:
            return value.astype(float)
        except (TypeError, ValueError):
            unit = self.card.inputs[name].unit
            raise BadData(f"{self.card.card}: {name} holds words. Expected numbers in {unit}.") from None

    def inspect(self, columns: Columns) -> list[str]:
        """What a reader of the answers must know: rows outside a range, rows later than the knowledge."""
        notes = []
        given, _ = self._given(columns)
        for name, thing in self.card.inputs.items():
            factor, offset = scale(thing.unit)
            value = (given[name] - offset) / factor
            if thing.range is not None:
                outside = int(((value < thing.range[0]) | (value > thing.range[1])).sum())
                if outside:
                    low, high = thing.range
                    notes.append(f"{outside} of {len(value)} rows have {name} outside {low:g}…{high:g} {thing.unit}")
        year = getattr(self.card.body, "year", None)
        last = min(day for day in (self.as_of, self.card.valid_until, date.max) if day is not None)
        if year is not None:
            years = given[year] / scale(self.card.inputs[year].unit).factor
            late = int((years.round() > last.year).sum())
            if late:
                notes.append(f"stale: {late} of {len(years)} rows are later than {last}, the last day known")
        return notes

    def warn(self, columns: Columns) -> None:
        """Say as warnings what `inspect` finds."""
        for note in self.inspect(columns):
            kind = StaleKnowledge if note.startswith("stale") else OutOfRange
            warnings.warn(f"{self.card.name}: {note}", kind, stacklevel=2)

    def at(self, day: date) -> "Module":
        """The module as it stood on a day."""
        return Module(self.card, simulators=self._simulators, as_of=day)

    def _example(self, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """The answers to one row of inputs; of a differential equation on floats: a twentieth of the time."""
        if not isinstance(self.body, Ode) or any(one.choices for one in self.card.inputs.values()):
            return self(given)
        self._given(given)  # says what is missing
        try:
            found = self.row(
                **{name: float(given.get(name, [one.default])[0]) for name, one in self.card.inputs.items()}
            )
        except ArithmeticError:
            found = dict.fromkeys(self.card.outputs, np.nan)
        return {name: [value] for name, value in found.items()}

    def check(self) -> None:
        """Check the dimensions and compute every worked example."""
        self.body.dimensions()
        for index, example in enumerate(self.card.examples):
            place = ("examples", index)
            where = Module(self.card, simulators=self._simulators, as_of=example.as_of) if example.as_of else self
            given: dict[str, Any] = {}
            for name, value in example.given.items():
                thing = self.card.inputs[name]
                try:
                    given[name] = [value] if value in thing.choices else [quantity(value, thing.unit)]
                except UnitError as error:
                    raise Misplaced(str(error), (*place, "given", name)) from None
            try:
                answers = where._example(given)
            except BadData as error:
                raise Misplaced(str(error), place) from None
            for name, value in example.expect.items():
                try:
                    wanted, got = quantity(value, self.card.outputs[name].unit), float(answers[name][0])
                except UnitError as error:
                    raise Misplaced(str(error), (*place, "expect", name)) from None
                if not abs(got - wanted) <= example.tolerance * max(abs(wanted), 1e-12):
                    unit = self.card.outputs[name].unit
                    raise Misplaced(
                        f"the worked example expects {name} = {wanted:g} {unit}, the card computes {got:g}. "
                        "One of the two is wrong.",
                        (*place, "expect", name),
                    )
                low_high = self.card.outputs[name].range
                if low_high is not None and not low_high[0] <= got <= low_high[1]:
                    raise Misplaced(f"{name} = {got:g} lies outside its range {low_high}.", (*place, "expect", name))


def _opened(card: Card, simulators: Mapping[str, Callable[..., Any]], as_of: date | None) -> Module:
    return Module(card, simulators=simulators, as_of=as_of)


def _based(value: Any, unit: str) -> Any:
    factor, offset = scale(unit)
    return value * factor + offset


def open_card(
    path: Path | Card, *, simulators: Mapping[str, Callable[..., Any]] = {}, as_of: date | None = None
) -> Module:
    """Read a card and check it: form, vocabulary, dimensions, worked examples.

    Raises
    ------
    CardError
        It names the card, the line and the unit.
    """
    card = path if isinstance(path, Card) else read_card(path)
    try:
        module = Module(card, simulators=simulators, as_of=as_of)
        module.check()
    except Misplaced as error:
        if isinstance(path, Card):
            where = ".".join(map(str, error.place))
        else:
            where = f"line {line_of(parse_yaml(read_text(path))[1], error.place)}"
        raise CardError(f"{card.name}, {where}: {error}") from None
    return module
