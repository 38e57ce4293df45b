"""What a brain is made with: its settings, checked before there is a folder."""

from collections.abc import Mapping
from typing import Any

from reverie.brain.history import History
from reverie.brain.lesson import TARGETS
from reverie.brain.traces import bytes_of
from reverie.errors import BadData, unknown_name
from reverie.senses import OWN, TOGETHER, Own, OwnEncoder, Senses
from reverie.senses.cortex import Cortex

__all__ = ["made_with"]


def made_with(
    encoder: str | Mapping[str, str] | Own, settings: Mapping[str, Any] | None, **given: Any
) -> tuple[dict[str, Any], OwnEncoder | None]:
    """The settings of a new brain, and the user's own encoder where it was handed in.

    Parameters
    ----------
    given : dict
        The other parameters of `Brain.create`.

    Raises
    ------
    BadData
        Says which of them is not what was expected.
    """
    targets, ridge, budget = given["targets"], given["ridge"], given["budget"]
    History(given["history"], given["disk"])
    if budget is not None and budget < 1:
        raise BadData(f"budget is {budget}. Expected a number of bytes.")
    if targets not in TARGETS:
        raise unknown_name("target", targets, TARGETS)
    for name in ("balanced", "aside", "sketch"):
        if not isinstance(given[name], bool):
            raise BadData(f"{name} is {given[name]!r}. Expected True or False.")
    if targets != "classes" and given["balanced"]:
        raise BadData("A balanced brain answers of classes. Leave balanced out, or learn classes.")
    if ridge != "gcv" and not (isinstance(ridge, int | float) and ridge > 0):
        raise BadData(f"ridge is {ridge!r}. Expected 'gcv' or a positive number.")
    if given["balanced"] and ridge != "gcv":
        raise BadData(f"A balanced brain has the ridge {ridge!r}. Expected 'gcv', which calibrates probabilities.")
    if isinstance(encoder, Mapping):
        settings = {**(settings or {}), "senses": dict(encoder)}
        encoder = TOGETHER
    given["traces"] = bytes_of(given["traces"])
    if given["traces"]:
        _expect_traces(encoder, given)
    own = None if isinstance(encoder, str) else OwnEncoder(encoder)
    name = encoder if isinstance(encoder, str) else OWN
    made = {"encoder": name, "settings": dict(settings or {}), **given}
    made["forgettable"] = given["forgettable"] and budget is None and targets == "classes"
    Senses(name, made["settings"], given["seed"], budget=budget, own=own).check()
    return made, own


def _expect_traces(encoder: Any, given: dict[str, Any]) -> None:
    """Refuse what a brain with traces cannot be made with."""
    if encoder not in ("auto", Cortex.name):
        raise BadData(
            f"Traces are kept of pictures that pass the sense cortex, and the sense is {encoder!r}. Leave one out."
        )
    for name, wanted in {"targets": TARGETS[0], "forgettable": True, "aside": True, "budget": None}.items():
        if given[name] != wanted:
            raise BadData(
                f"Traces were asked for, and {name} is {given[name]!r}. Expected {wanted!r}: nights that replay traces "
                "are judged by what is kept aside of classes."
            )
