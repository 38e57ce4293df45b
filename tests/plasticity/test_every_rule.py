"""Every rule that exists satisfies every check on every kind of layer, and so do its variants."""

import importlib
import pkgutil
from functools import partial
from inspect import isabstract
from pathlib import Path

import pytest

from reverie import checks, plasticity
from reverie.contracts import Modulator, Rule
from reverie.plasticity import STDP, EProp, Oja, RewardSTDP, SoftHebb, ThreeFactor

RULES = {
    name: part
    for name in plasticity.__all__
    if isinstance(part := getattr(plasticity, name), type) and issubclass(part, Rule) and not isabstract(part)
}
VARIANTS = {
    **RULES,
    "EProp, leaky read-out": partial(EProp, tau_readout=5.0),
    "SoftHebb, all Hebbian": partial(SoftHebb, loser=1.0, adaptation=0.0001),
    "ThreeFactor of Oja": partial(ThreeFactor, Oja(rate=0.1), tau=3.0),
    "ThreeFactor of STDP": partial(ThreeFactor, STDP()),
    "RewardSTDP, fast": partial(RewardSTDP, tau_eligibility=2.0),
}


@pytest.mark.parametrize("kind", checks.LAYER_KINDS)
@pytest.mark.parametrize("rule", VARIANTS)
def test_rule_on_layer(rule, kind):
    for check in checks.RULE_CHECKS:
        check(VARIANTS[rule], kind)


def test_every_rule_and_modulator_there_is_was_checked():
    """A class in any file of the folder is exported, and an exported rule is a row of the test above."""
    defined = set()
    for module in pkgutil.walk_packages(plasticity.__path__, "reverie.plasticity."):
        for part in vars(importlib.import_module(module.name)).values():
            concrete = isinstance(part, type) and issubclass(part, Rule | Modulator) and not isabstract(part)
            if concrete and part.__module__ == module.name:
                defined.add(part.__name__)
    assert defined <= set(plasticity.__all__)
    assert len(defined) >= 16
    assert {name for name in defined if issubclass(getattr(plasticity, name), Rule)} == set(RULES) <= set(VARIANTS)


def test_the_page_has_a_section_for_every_part_and_its_examples_run():
    from mktestdocs import check_md_file

    page = Path(__file__).resolve().parents[2] / "docs" / "plasticity.md"
    check_md_file(page, memory=True)
    text = page.read_text(encoding="utf-8") + page.with_name("cortex.md").read_text(encoding="utf-8")
    for name in plasticity.__all__:
        assert f":members: {name}" in text or f", {name}" in text
