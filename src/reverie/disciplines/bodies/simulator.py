"""A body that is any callable or network: a card names it, the user supplies it. A card alone runs no code."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from reverie.disciplines.bodies.base import BuiltBody, Misplaced, declared_dimensions
from reverie.disciplines.card import Card, SimulatorBody
from reverie.disciplines.units import scale

__all__ = ["Simulator"]


class Simulator(BuiltBody):
    """Calls `simulator(**inputs)` with arrays in the card's units; it returns the output, or a dictionary of them."""

    exact = False

    def __init__(self, card: Card, simulators: Mapping[str, Callable[..., Any]]) -> None:
        body = card.body
        assert isinstance(body, SimulatorBody)
        if body.simulator not in simulators:
            given = ", ".join(sorted(simulators)) or "none"
            raise Misplaced(
                f"the simulator {body.simulator!r} is not given. Given: {given}. Open the card with "
                f"simulators={{{body.simulator!r}: function}}, or distil it.",
                ("body", "simulator"),
            )
        self._card, self._call = card, simulators[body.simulator]

    def dimensions(self) -> None:
        declared_dimensions(self._card)

    def run(self, values: Mapping[str, Any], *, kind: str) -> dict[str, Any]:
        card = self._card
        given = {}
        for name, thing in card.inputs.items():
            factor, offset = scale(thing.unit)
            value = values[name].detach().cpu().numpy() if kind == "torch" else np.asarray(values[name], dtype=float)
            given[name] = (value - offset) / factor
        answer = self._call(**given)
        answers = answer if isinstance(answer, dict) else {next(iter(card.outputs)): answer}
        found: dict[str, Any] = {}
        for name, output in card.outputs.items():
            factor, offset = scale(output.unit)
            value = np.asarray(answers[name], dtype=float) * factor + offset
            if kind == "torch":
                import torch

                found[name] = torch.as_tensor(value, dtype=torch.float64)
            else:
                found[name] = float(value) if kind == "math" else value
        return found
