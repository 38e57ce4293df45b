"""Coefficients of each synapse: equal ones are as one number, each has a gradient, other shapes are refused."""

from dataclasses import replace

import pytest
import torch

from reverie.contracts import SynapseView
from reverie.errors import BadData
from reverie.meta import Moment, unroll
from reverie.plasticity import BCM, STDP, Hebb, Oja, RewardSTDP, Sanger, TripletSTDP, learn

SCALING = [
    (Hebb(rate=0.1), "rate"),
    (Oja(rate=0.1), "rate"),
    (BCM(rate=0.1), "rate"),
    (Sanger(rate=0.1), "rate"),
    (STDP(), "potentiation"),
    (STDP(), "depression"),
    (RewardSTDP(), "potentiation"),
    (RewardSTDP(), "depression"),
    (TripletSTDP(), "potentiation"),
    (TripletSTDP(), "depression"),
    (TripletSTDP(), "triplet_potentiation"),
    (TripletSTDP(), "triplet_depression"),
]
OUT, IN = 3, 4


def moments(rows):
    generator = torch.Generator().manual_seed(0)
    spikes = (torch.rand(6, rows, OUT + IN, generator=generator) < 0.6).double()
    return [Moment(one[:, OUT:], one[:, :OUT]) for one in spikes]


def grown(rule, rows):
    """What is written in a life that begins with some weights."""
    weight = torch.linspace(-0.2, 0.3, OUT * IN, dtype=torch.float64).reshape(OUT, IN)
    life = moments(rows)
    state = rule.begin(SynapseView(life[0].pre, life[0].post, weight))
    for one in life:
        change, state = rule(SynapseView(one.pre, one.post, weight), state)
        weight = weight + change
    return weight


@pytest.mark.parametrize("rows", [1, OUT, IN])  # as many rows as cells: nothing may be taken for something else
@pytest.mark.parametrize(("rule", "name"), SCALING, ids=lambda one: one if isinstance(one, str) else type(one).__name__)
def test_each_synapse_has_its_own(rule, name, rows):
    value = getattr(rule, name)
    one = torch.tensor(value, dtype=torch.float64, requires_grad=True)
    each = torch.full((OUT, IN), value, dtype=torch.float64, requires_grad=True)
    by_one, by_each = grown(replace(rule, **{name: one}), rows), grown(replace(rule, **{name: each}), rows)
    torch.testing.assert_close(by_each, by_one, rtol=1e-10, atol=1e-14)
    by_one.sum().backward()
    by_each.sum().backward()
    assert one.grad.abs() > 0
    torch.testing.assert_close(each.grad.sum(), one.grad, rtol=1e-9, atol=1e-14)
    assert (each.grad != 0).sum() > OUT


def test_one_synapse_that_does_not_learn():
    rate = torch.full((OUT, IN), 0.5, dtype=torch.float64)
    rate[1, 2] = 0.0
    plain, some = (unroll(Hebb(rate=one), moments(1), torch.zeros(OUT, IN).double()).plastic for one in (0.5, rate))
    assert some[1, 2] == 0
    assert plain[1, 2] > 0
    plain[1, 2] = 0
    torch.testing.assert_close(some, plain)


def test_in_place_and_many_at_once():
    view = SynapseView(torch.ones(2, IN), torch.ones(2, OUT), torch.zeros(OUT, IN))
    rate = torch.arange(OUT * IN).reshape(OUT, IN) / 10
    learn(Hebb(rate=rate), view, (), 0.5, high=0.4)
    torch.testing.assert_close(view.weight, (rate / 2).clamp(max=0.4))
    rates = torch.stack([rate, 2 * rate])
    life = [Moment(torch.ones(1, IN), torch.ones(1, OUT))]
    found = torch.vmap(lambda one: unroll(Hebb(rate=one), life, torch.zeros(OUT, IN)).plastic)(rates)
    torch.testing.assert_close(found, rates)


def test_another_shape_is_refused():
    view = SynapseView(torch.ones(1, IN), torch.ones(1, OUT), torch.zeros(OUT, IN))
    with pytest.raises(BadData, match=r"\(4, 3\)"):
        Hebb(rate=torch.ones(IN, OUT))(view, ())
