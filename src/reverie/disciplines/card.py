"""The knowledge card: what is known, in which units, from where, since when, and an example that can be recomputed.

A card is YAML. Reading one checks its form; `check_card` checks its dimensions and computes its examples. An error
names the card and the line.
"""

import hashlib
import json
import re
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from reverie.errors import BadData
from reverie.untrusted import parse_yaml, read_text

__all__ = ["Body", "Card", "CardError", "Constant", "Example", "Input", "Output", "Source", "parse_card", "read_card"]

_NAME = r"^[A-Za-z][A-Za-z0-9_]*$"
_EXAMPLES = 100
_LETTERS = 40_000


def _named(value: dict[str, Any]) -> dict[str, Any]:
    for name in value:
        if not re.match(_NAME, name):
            raise ValueError(f"{name!r} is no name; letters, digits and _ make one")
    letters = sum(len(text) for one in value.values() for text in _formulas_of(one))
    if letters > _LETTERS:
        raise ValueError(f"{letters} letters of formulas, more than {_LETTERS}; cut the card in two")
    return value


def _formulas_of(one: Any) -> list[str]:
    if isinstance(one, Step):
        return [one.value, *(text for case in one.exceptions for text in (case.when, case.value))]
    return [one] if isinstance(one, str) else []


Formulas = Annotated[dict[str, str], AfterValidator(_named)]
"""Formulas by name."""


class CardError(BadData):
    """A card that cannot be trusted: the message names the card, the line, and what to do."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(_Strict):
    """Where the knowledge comes from."""

    title: str = Field(min_length=3)
    reference: str = Field(min_length=3, description="DOI, ISBN, article of a statute")
    found: str = Field(default="", description="for an extracted card: file, place and words")


class Input(_Strict):
    """A quantity that is given; `choices` makes it a word instead of a number."""

    unit: str = "dimensionless"
    range: tuple[float, float] | None = None
    meaning: str = ""
    choices: tuple[str, ...] = ()
    default: float | None = None


class Constant(_Strict):
    """A number of the theory; `sd` says how uncertain it is, in the same unit."""

    value: float
    unit: str = "dimensionless"
    sd: float = Field(default=0.0, ge=0)
    meaning: str = ""
    source: str = ""


class Output(_Strict):
    """A quantity that is answered."""

    unit: str = "dimensionless"
    range: tuple[float, float] | None = None
    meaning: str = ""


class Example(_Strict):
    """A worked example: it is computed whenever the card is checked."""

    given: dict[str, float | str]
    expect: dict[str, float | str]
    tolerance: float = Field(default=0.01, gt=0, le=0.1, description="relative")
    as_of: date | None = None
    source: str = ""


Dated = dict[date, float | list[tuple[float, float]]]
"""Values by the day from which they hold; a list is a scale of brackets: from this threshold on, this rate."""


class ExpressionBody(_Strict):
    """Formulas, computed in base units; `let` names steps on the way."""

    kind: Literal["expression"]
    let: Formulas = {}
    equations: Formulas = Field(min_length=1)


class OdeBody(_Strict):
    """A differential equation: states, their start and their rates; `time` is an input."""

    kind: Literal["ode"]
    time: str
    states: Formulas = Field(min_length=1, description="start of each state")
    rates: Formulas = Field(min_length=1)
    units: dict[str, str]
    equations: Formulas = Field(min_length=1)
    steps: int = Field(default=200, ge=10, le=10_000)


class TableBody(_Strict):
    """Values by date: what was in force on the day that is asked about."""

    kind: Literal["table"]
    year: str | None = None
    values: dict[str, Dated] = Field(min_length=1)


class Case(_Strict):
    """One clause: where `when` holds, the step has this value."""

    when: str
    value: str
    reference: str = ""
    since: date | None = None
    until: date | None = None


class Step(_Strict):
    """A step of a rule: its value, unless an exception applies; the first exception that applies counts."""

    value: str
    unit: str | None = None
    exceptions: tuple[Case, ...] = ()
    reference: str = ""


class RulesBody(_Strict):
    """Rules with exceptions, dates and references; `scale(name, x)` applies a dated scale of brackets."""

    kind: Literal["rules"]
    year: str | None = None
    tables: Annotated[dict[str, Dated], AfterValidator(_named)] = {}
    table_units: dict[str, str] = {}
    steps: Annotated[dict[str, Step], AfterValidator(_named)] = Field(min_length=1)


class SimulatorBody(_Strict):
    """A callable that is given when the card is opened, or a trained network that lies beside the card."""

    kind: Literal["simulator"]
    simulator: str


Body = Annotated[ExpressionBody | OdeBody | TableBody | RulesBody | SimulatorBody, Field(discriminator="kind")]


class Card(_Strict):
    """A piece of knowledge.

    Attributes
    ----------
    card : str
        discipline.topic, or deeper.
    status : str
        `confirmed`: theory that stands; `empirical`: a regularity; `contested`; `proposed`: extracted, and no person
        has looked at it yet.
    valid_from, valid_until : date
        When it came into force, and the last day that it is known to hold.
    calibrate : tuple of str
        The constants that may be fitted to a user's rows; all others are kept.
    """

    card: str = Field(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$")
    version: str = Field(pattern=r"^\d+\.\d+\.\d+$")
    title: str = Field(min_length=3)
    status: Literal["confirmed", "empirical", "contested", "proposed"]
    valid_from: date
    valid_until: date | None = None
    source: Source
    confirmed_by: str = ""
    overrides: tuple[str, ...] = ()
    inputs: dict[str, Input] = {}
    constants: dict[str, Constant] = {}
    outputs: dict[str, Output] = Field(min_length=1)
    body: Body
    calibrate: tuple[str, ...] = ()
    examples: tuple[Example, ...] = Field(min_length=1, max_length=_EXAMPLES)

    @field_validator("inputs", "constants", "outputs")
    @classmethod
    def _names(cls, value: dict[str, Any]) -> dict[str, Any]:
        return _named(value)

    @model_validator(mode="after")
    def _whole(self) -> "Card":
        twice = set(self.inputs) & set(self.constants) | set(self.inputs) & set(self.outputs)
        if twice:
            raise ValueError(f"{', '.join(sorted(twice))} is declared twice; every name means one thing")
        for name in self.calibrate:
            if name not in self.constants:
                raise ValueError(f"calibrate names {name!r}, which is no constant of the card")
        for one in self.examples:
            for name in one.given.keys() - self.inputs.keys():
                raise ValueError(f"an example gives {name!r}, which is no input of the card")
            for name in one.expect.keys() - self.outputs.keys():
                raise ValueError(f"an example expects {name!r}, which is no output of the card")
        return self

    @property
    def discipline(self) -> str:
        return self.card.partition(".")[0]

    @property
    def digest(self) -> str:
        """SHA-256 of what the card says, whatever its layout."""
        said = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return hashlib.sha256(said.encode()).hexdigest()

    @property
    def name(self) -> str:
        return f"{self.card}@{self.version}"

    def dump(self) -> str:
        """The card as YAML."""
        said = self.model_dump(mode="json", exclude_defaults=True)
        return yaml.safe_dump(said, sort_keys=False, allow_unicode=True, width=110)


def read_card(path: Path) -> Card:
    """Read a card from a file; its form is checked, `check_card` checks the rest."""
    return parse_card(read_text(path, what="card, a YAML file"), name=path.name)


def parse_card(text: str, *, name: str = "card") -> Card:
    """Read a card from YAML text.

    Raises
    ------
    CardError
        It names the line of the first thing that is wrong.
    """
    try:
        said, tree = parse_yaml(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise CardError(f"{name}{where}: not YAML ({getattr(error, 'problem', error)}). Mend the line.") from None
    if not isinstance(said, dict):
        raise CardError(f"{name}: a card is a mapping (card, version, inputs, …); this is {type(said).__name__}.")
    try:
        return Card.model_validate(said)
    except ValidationError as error:
        first = error.errors()[0]
        place = tuple(part for part in first["loc"] if part not in ("expression", "ode", "table", "rules", "simulator"))
        what = ".".join(map(str, place)) or "the card"
        line = line_of(tree, place)
        raise CardError(f"{said.get('card', name)}, line {line}: {what}: {first['msg']}. Mend the line.") from None


def line_of(tree: Any, place: tuple[Any, ...]) -> int:
    """The line of a place in a YAML document, or of the nearest thing above it."""
    node, line = tree, 1
    for part in place:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == str(part)), None)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            break
    return line
