"""Chains: one module's output is another's input, and what is not known goes along.

The constants of a card have an sd, and so may the inputs; a chain draws them together, passes every draw through all
modules, and gives the mean and the bounds of what comes out. Units are converted between the links, and a link whose
dimensions do not fit is refused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reverie.contracts import Discipline
from reverie.disciplines.card import CardError
from reverie.disciplines.module import Module
from reverie.disciplines.units import dimensions, scale
from reverie.errors import BadData

__all__ = ["Chain", "Spread"]


@dataclass(frozen=True)
class Spread:
    """What is known of an output, row by row: its mean, sd, and bounds. Arrays of shape [n]."""

    mean: NDArray[Any]
    sd: NDArray[Any]
    low: NDArray[Any]
    high: NDArray[Any]


@dataclass(frozen=True)
class _Head:
    """What a chain says of itself, where a card is asked for."""

    card: str
    status: str
    calibrate: tuple[str, ...] = ()


class Chain(Discipline):
    """Modules, each of which may use outputs of those before it.

    Parameters
    ----------
    modules : sequence of Module
        In the order of computing.
    links : mapping
        Input of a later module → output of an earlier one, where the names differ.

    Examples
    --------
    >>> chain = Chain([Module.of("biology.allometric_clearance"), Module.of("medicine.half_life")])
    >>> float(chain({"weight": [70.0]})["half_life"].round(2)[0])
    8.66
    """

    def __init__(self, modules: Sequence[Module], links: Mapping[str, str] | None = None) -> None:
        if len(modules) < 2:
            raise BadData(f"A chain has at least two modules; {len(modules)} given.")
        self.modules, self.links = list(modules), dict(links or {})
        confirmed = all(one.card.status == "confirmed" for one in modules)
        self.card = _Head(" → ".join(one.card.card for one in modules), "confirmed" if confirmed else "empirical")
        self._joints: list[dict[str, tuple[str, float, float]]] = []
        known: dict[str, str] = {}
        for module in self.modules:
            joints = {}
            for name, thing in module.card.inputs.items():
                source = self.links.get(name, name)
                if source in known:
                    joints[name] = (source, *self._conversion(known[source], thing.unit, source, name, module))
            if known and not joints:
                raise BadData(
                    f"{module.card.card} uses nothing from the modules before it ({', '.join(known)}). "
                    f"Name a link: links={{'{next(iter(module.card.inputs), 'input')}': 'output'}}."
                )
            self._joints.append(joints)
            known |= {name: thing.unit for name, thing in module.card.outputs.items()}

    def _conversion(self, given: str, wanted: str, source: str, name: str, module: Module) -> tuple[float, float]:
        if dimensions(given) != dimensions(wanted):
            raise CardError(
                f"{module.card.name}: {name} is in {wanted}, but {source} comes in {given}, of another dimension. "
                "Put a module between them that converts, or link another output."
            )
        old, new = scale(given), scale(wanted)
        return old.factor / new.factor, (old.offset - new.offset) / new.factor

    @property
    def inputs(self) -> list[str]:
        """What must be given, in the order of computing."""
        named = [
            n
            for module, joints in zip(self.modules, self._joints, strict=True)
            for n in module.inputs
            if n not in joints
        ]
        return list(dict.fromkeys(named))

    @property
    def outputs(self) -> list[str]:
        """The outputs of the last module, then those on the way."""
        return [name for module in reversed(self.modules) for name in module.outputs]

    def __call__(
        self, columns: Mapping[str, Any], constants: Mapping[str, Any] | None = None
    ) -> dict[str, NDArray[np.float64]]:
        """Answer n rows: every output of every module. `constants` are named module.constant."""
        given = dict(columns)
        found: dict[str, NDArray[np.float64]] = {}
        for module, joints in zip(self.modules, self._joints, strict=True):
            for name, (source, factor, offset) in joints.items():
                given[name] = found[source] * factor + offset
            own = {
                name.rpartition(".")[2]: value
                for name, value in (constants or {}).items()
                if name.rpartition(".")[0] == module.card.card
            }
            found.update(module(given, own))
        return found

    def spread(
        self,
        columns: Mapping[str, Any],
        *,
        sd: Mapping[str, Any] | None = None,
        noise: float = 0.0,
        coverage: float = 0.9,
        draws: int = 400,
        seed: int = 0,
    ) -> dict[str, Spread]:
        """Outputs with their uncertainty.

        Parameters
        ----------
        columns : mapping of arrays, shape [n]
        sd : mapping, optional
            Standard deviation of inputs, in their units: a number, or an array of shape [n].
        noise : float
            Standard deviation of a measurement of the last output, added to its draws.
        coverage : float
            What lies between `low` and `high`.
        draws : int
            Constants vary together for all rows of a draw: they are one nature, seen by every row.
        """
        source = np.random.default_rng(seed)
        free = {
            f"{module.card.card}.{name}": one
            for module in self.modules
            for name, one in module.card.constants.items()
            if one.sd > 0
        }
        n = max(np.size(value) for value in columns.values())
        kept: dict[str, list[NDArray[Any]]] = {}
        for _ in range(draws):
            constants = {name: _positive(one.value, one.sd, source) for name, one in free.items()}
            drawn = dict(columns)
            for name, width in (sd or {}).items():
                drawn[name] = np.asarray(columns[name]) + np.asarray(width) * source.standard_normal(n)
            found = self(drawn, constants)
            found[self.outputs[0]] = found[self.outputs[0]] + noise * source.standard_normal(n)
            for name, value in found.items():
                kept.setdefault(name, []).append(value)
        edges = ((1 - coverage) / 2, (1 + coverage) / 2)
        result = {}
        for name, values in kept.items():
            table = np.stack(values)
            low, high = np.nanquantile(table, edges, axis=0)
            result[name] = Spread(np.nanmean(table, axis=0), np.nanstd(table, axis=0), low, high)
        return result


def _positive(value: float, sd: float, source: np.random.Generator) -> float:
    """Log-normal for what is positive and uncertain, as constants of nature mostly are; else normal."""
    if value <= 0 or sd / value < 0.05:
        return float(value + sd * source.standard_normal())
    width = np.sqrt(np.log1p((sd / value) ** 2))
    return float(value * np.exp(width * source.standard_normal() - width**2 / 2))
