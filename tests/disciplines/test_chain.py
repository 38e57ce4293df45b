"""Chains convert units, refuse what does not fit, and carry uncertainty; joint training leaves modules alone."""

import numpy as np
import pytest
import torch
from torch import nn

from disciplines.example import CARD
from reverie.disciplines import Chain, FusedRegressor, JointFusion, Module, freeze
from reverie.disciplines.card import CardError, parse_card
from reverie.errors import BadData

CLIMB = """\
card: physics.climb
version: 1.0.0
title: Up again, as far
status: confirmed
valid_from: 1638-01-01
source: {title: made for the tests, reference: none}
inputs: {drop: {unit: km, range: [0, 100]}}
outputs: {rise: {unit: m, range: [0, 100000]}}
body: {kind: expression, equations: {rise: drop}}
examples: [{given: {drop: 2}, expect: {rise: 2000}}]
"""
CLEARANCE, HALF_LIFE = Module.of("biology.allometric_clearance"), Module.of("medicine.half_life")


def test_a_chain_is_its_modules_in_turn():
    chain = Chain([CLEARANCE, HALF_LIFE])
    found = chain({"weight": [70.0, 35.0]})
    clearance = 2.8 * np.array([1.0, 0.5**0.75])
    np.testing.assert_allclose(found["half_life"], np.log(2) * 35 / clearance)
    assert (chain.inputs, chain.outputs) == (["weight", "volume"], ["half_life", "clearance"])
    assert chain.card.status == "empirical"


def test_units_are_converted_between_links_and_dimensions_must_fit():
    fall = Module(parse_card(CARD))
    stop = Module(parse_card(CLIMB))
    chain = Chain([fall, stop], {"drop": "way"})
    np.testing.assert_allclose(chain({"time": [2.0]})["rise"], [19.62])
    with pytest.raises(CardError, match="time is in s, but clearance comes in L/hour, of another dimension"):
        Chain([CLEARANCE, fall], {"time": "clearance"})
    with pytest.raises(BadData, match="uses nothing from the modules before it"):
        Chain([CLEARANCE, fall])
    with pytest.raises(BadData, match="at least two"):
        Chain([fall])


def test_uncertainty_is_carried_as_the_formula_of_variances_says():
    """half-life = ln 2 · V / CL, so the relative sd is nearly that of CL."""
    chain = Chain([CLEARANCE, HALF_LIFE])
    small = chain.spread({"weight": [70.0]}, sd={"weight": 2.0}, draws=4000)["half_life"]
    expected = np.hypot(1.0 / 2.8, 0.75 * 2.0 / 70.0)
    assert np.log(small.high / small.low)[0] / (2 * 1.645) == pytest.approx(np.sqrt(np.log1p(expected**2)), rel=0.08)
    wide = chain.spread({"weight": [70.0]}, noise=50.0)["half_life"]
    assert wide.sd[0] == pytest.approx(50.0, rel=0.2)


def test_a_chain_is_a_module_of_a_fusion():
    weight = np.linspace(40, 120, 30)
    truth = Chain([CLEARANCE, HALF_LIFE])({"weight": weight})["half_life"]
    model = FusedRegressor(modules=[Chain([CLEARANCE, HALF_LIFE])]).fit({"weight": weight}, 1.1 * truth)
    assert model.score({"weight": weight}, 1.1 * truth) > 0.99


def test_joint_training_touches_everything_but_the_modules():
    generator = torch.Generator().manual_seed(0)
    law = freeze(Module.of("physics.stopping_distance"))
    model = JointFusion(nn.Linear(2, 1), [law], ["speed", "age"], generator=generator)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    x = torch.rand(64, 2, generator=generator) * 60
    y = law(x[:, :1]).float() * 1.2
    optimiser = torch.optim.Adam(model.parameters(), lr=0.05)
    model.train()
    for _ in range(200):
        optimiser.zero_grad()
        loss = (model(x) - y).square().mean()
        loss.backward()
        optimiser.step()
    model.verify()
    assert loss.item() < 0.05 * y.var().item()
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name]) == name.startswith("modules_."), name
    with pytest.raises(BadData, match="needs speed; given: age"):
        JointFusion(nn.Linear(1, 1), [law], ["age"])
