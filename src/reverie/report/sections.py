"""The parts of a page: each is plain data that the template knows how to show."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

from reverie.report.plots import COLOURS, Line, curves
from reverie.report.tables import Table

__all__ = ["Fact", "Page", "Section", "facts", "flat", "made_with", "plot"]


@dataclass(frozen=True)
class Fact:
    """A name, its value, and what it means where that is not plain."""

    name: str
    value: str
    meaning: str = ""


@dataclass(frozen=True)
class Key:
    """An entry of a plot's legend; `colour` is the number of one of the page's colours, None that of the text."""

    name: str
    colour: int | None
    dashed: bool


@dataclass(frozen=True)
class Heat:
    """An accuracy matrix; `columns` names the classes that came with each experience."""

    rows: list[list[float | None]]
    columns: list[list[str]]


@dataclass(frozen=True)
class Section:
    """A heading, a sentence, and one thing to see."""

    kind: Literal["heat", "table", "plot", "facts"]
    title: str
    text: str = ""
    table: Table | None = None
    heat: Heat | None = None
    svg: str = ""
    legend: list[Key] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    badges: list[str] = field(default_factory=list)
    folded: bool = False


@dataclass(frozen=True)
class Page:
    """What the template shows, top to bottom.

    Attributes
    ----------
    badges : list of str
        Short notes that no reader may miss, such as "simulated".
    notes : list of str
        What has to be known about the numbers.
    warnings : list of str
        What is wrong or missing.
    """

    kind: str
    title: str
    lead: str
    badges: list[str]
    notes: list[str]
    warnings: list[str]
    headline: list[Fact]
    sections: list[Section]


def plot(title: str, text: str, lines: Sequence[Line], *, svg: str = "") -> Section:
    """A plot with its legend; curves of accuracy, unless another drawing of these lines is given."""
    legend = [
        Key(line.name, None if line.strong else index % COLOURS, not line.strong and index >= COLOURS)
        for index, line in enumerate(lines)
    ]
    return Section("plot", title, text, svg=svg or curves(lines), legend=legend)


def facts(title: str, values: Mapping[str, Any], *, text: str = "") -> Section:
    """A folded list of whatever a mapping holds."""
    return Section("facts", title, text, facts=flat(values), folded=True)


@runtime_checkable
class Made(Protocol):
    """Results that say which version made them, and on what machine."""

    @property
    def version(self) -> str | None: ...

    @property
    def machine(self) -> dict[str, Any]: ...


def made_with(done: Iterable[Made]) -> list[Section]:
    """Versions and machines, each once."""
    machines: list[dict[str, Any]] = []
    for one in done:
        made = {"reverie": one.version, **one.machine}
        if made not in machines:
            machines.append(made)
    name = "Versions and machine" if len(machines) == 1 else "Versions and machine {}"
    return [facts(name.format(number), one) for number, one in enumerate(machines, 1)]


def flat(values: Mapping[str, Any], *, under: str = "") -> list[Fact]:
    """A nested mapping as one list with dotted names.

    Examples
    --------
    >>> [(fact.name, fact.value) for fact in flat({"seed": 0, "params": {"width": 400, "hidden": [2, 3]}})]
    [('seed', '0'), ('params.width', '400'), ('params.hidden', '[2, 3]')]
    """
    found = []
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            found += flat(value, under=f"{under}{name}.")
        else:
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            found.append(Fact(f"{under}{name}", {"null": "–", "{}": "none"}.get(text, text)))
    return found
