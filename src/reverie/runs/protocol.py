"""Hyper-parameters that the literature uses for one stream, scenario and learner, where they are not a learner's own.

Split MNIST: van de Ven, Tuytelaars & Tolias, 2022, Nature Machine Intelligence 4:1185, and the code published with it
(regularisation strengths, share of gated units). The later rule in a table wins.
"""

from typing import Any

from reverie.contracts import Scenario
from reverie.senses import KINDS

__all__ = ["VARIANTS", "literature"]

VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "bir-si": ("bir", {"si": 1e8}),
    "ewc-online": ("ewc", {"online": True}),
    "exact-kwta": ("exact", {"encoder": "kwta"}),
    "exact-raw": ("exact", {"encoder": "raw"}),
    **{f"brain-{name}": ("brain", {"sense": name}) for name in sorted(KINDS)},
}
"""Named settings of a learner that comparisons list beside it."""

_MNIST: dict[tuple[str, str], dict[str, Any]] = {
    ("ewc", "task"): {"strength": 1e5},
    ("ewc", "domain"): {"strength": 1e10},
    ("ewc", "class"): {"strength": 1e9},
    ("si", "task"): {"strength": 10.0},
    ("si", "domain"): {"strength": 5e4},
    ("si", "class"): {"strength": 5e3},
    ("bir", "task"): {"gating": 0.0},
    ("bir", "domain"): {"gating": 0.1},
    ("bir", "class"): {"gating": 0.1},
    ("bir-si", "class"): {"si": 1e2},  # ours, and not searched: the paper gives c for CIFAR-100 only
}


def literature(stream: str, scenario: Scenario, learner: str) -> dict[str, Any]:
    """Settings of a learner (by its name or variant) on a stream in a scenario."""
    settings: dict[str, Any] = {}
    base, own = VARIANTS.get(learner, (learner, {}))
    if base == "bir" and scenario == "domain":
        settings["gate_by"] = "experience"
    settings |= own
    if stream == "split-mnist":
        settings |= _MNIST.get((base, scenario), {})
        settings |= _MNIST.get((learner, scenario), {})
    return settings
