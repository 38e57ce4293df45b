"""Frozen stays frozen: through training, batch norm, a disk, a flipped bit; distilled forms hold where they say so."""

import sys

import numpy as np
import pytest
import torch
from torch import nn

from disciplines.example import CARD
from reverie.disciplines.card import parse_card
from reverie.disciplines.distil import distil, train_student
from reverie.disciplines.frozen import DriftError, freeze, load_frozen, sample_inputs, save_frozen
from reverie.disciplines.library import names
from reverie.disciplines.module import Module
from reverie.disciplines.student import quantise
from reverie.disciplines.training import Job, train_all, train_card
from reverie.errors import BadData, CorruptFile, MissingData, ReverieError

SIMULATOR = """\
card: physics.bowl
version: 1.0.0
title: A simulated ball in a bowl
status: empirical
valid_from: 2020-01-01
source: {title: made for the tests, reference: none}
inputs: {a: {range: [-2, 2]}, b: {range: [-2, 2]}}
outputs: {height: {}}
body: {kind: simulator, simulator: bowl}
examples: [{given: {a: 1, b: 1}, expect: {height: SUM}}]
"""
SMOOTH = SIMULATOR.replace("SUM", "2.0")
WAVY = SIMULATOR.replace("SUM", "0.4546")


def smooth(a, b):
    return a**2 + b**2


def wavy(a, b):
    return np.sin(2 * a) * b / (1 + b**2)


def student(batch_norm=True):
    x = np.random.default_rng(0).uniform(-2, 2, (500, 2))
    return train_student(x, smooth(*x.T)[:, None], steps=100, hidden=(16,), seed=0, batch_norm=batch_norm)


def test_batch_norm_drifts_when_only_gradients_are_off_and_not_when_frozen():
    """1000 joint steps; the control shows that the test can see drift."""
    model, card = student(), parse_card(SMOOTH)
    probes = sample_inputs(card, 64, 1).float()
    frozen = freeze(model, card=card, probes=probes)
    with torch.no_grad():
        before = model(probes)
    for kept in (model, frozen):
        kept.requires_grad_(False)
        head = nn.Linear(3, 1)
        joint = nn.ModuleList([kept, head])
        optimiser = torch.optim.Adam(joint.parameters(), lr=0.01)
        joint.train()
        source = torch.Generator().manual_seed(0)
        for _ in range(1000 if kept is frozen else 100):
            x = torch.randn(32, 2, generator=source) * 3
            optimiser.zero_grad()
            head(torch.cat([x, kept(x).float()], dim=1)).square().mean().backward()
            optimiser.step()
    frozen.verify()
    with torch.no_grad():
        assert torch.equal(frozen(probes), before)
        model.eval()
        assert float((model(probes) - before).std() / before.std()) > 0.1


def test_every_change_is_noticed():
    frozen = freeze(student(), card=parse_card(SMOOTH))
    assert not list(frozen.parameters())
    frozen.inner.get_buffer("layers.0.weight")[0, 0] += 1e-6
    with pytest.raises(DriftError, match="a tensor differs"):
        frozen.verify()
    frozen = freeze(student(), card=parse_card(SMOOTH))
    frozen.inner.train()
    with pytest.raises(DriftError, match="training mode"):
        frozen.verify()
    frozen = freeze(student(), card=parse_card(SMOOTH))
    frozen.inner.layers[2].negative = True
    frozen.inner.layers[2].forward = lambda x: -x
    with pytest.raises(DriftError, match="outputs on the probe points have moved"):
        frozen.verify()


@pytest.mark.parametrize("made", ["formula", "student", "int8", "polynomial"])
def test_a_module_comes_back_from_its_folder_and_a_flipped_bit_is_refused(tmp_path, made):
    if made == "formula":
        frozen = freeze(Module.of("medicine.one_compartment_oral"))
    elif made == "polynomial":
        frozen = distil(Module(parse_card(SMOOTH), simulators={"bowl": smooth}), steps=1).frozen
    else:
        frozen = freeze(student() if made == "student" else quantise(student()), card=parse_card(SMOOTH))
    save_frozen(frozen, tmp_path / "m")
    again = load_frozen(tmp_path / "m")
    assert again.digest == frozen.digest
    assert torch.equal(again(frozen.probes), frozen(frozen.probes))
    path = next((tmp_path / "m").glob("*.safetensors"))
    data = bytearray(path.read_bytes())
    data[-9] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(CorruptFile, match="torn or altered"):
        load_frozen(tmp_path / "m")
    with pytest.raises(MissingData, match="no frozen module"):
        load_frozen(tmp_path)


def test_an_altered_card_is_refused(tmp_path):
    save_frozen(freeze(Module(parse_card(CARD))), tmp_path)
    card = tmp_path / "card.yaml"
    card.write_text(card.read_text().replace("9.81", "9.82"))
    with pytest.raises(DriftError):
        load_frozen(tmp_path)


def test_a_formula_passes_gradients_and_agrees_with_the_module():
    module = Module.of("medicine.one_compartment_oral")
    frozen = freeze(module)
    x = torch.tensor([[4.0, 2.0, 0.04]], requires_grad=True)
    y = frozen(x)
    y.sum().backward()
    assert y.item() == pytest.approx(6.78, rel=2e-3)
    step = 1e-4
    up, down = (module.row(dose=4.0, time=2.0 + s, clearance=0.04)["concentration"] for s in (step, -step))
    assert float(x.grad[0, 1]) == pytest.approx((up - down) / (2 * step), rel=1e-3)


def test_the_smallest_form_that_holds():
    polynomial = distil(Module(parse_card(SMOOTH), simulators={"bowl": smooth}), steps=1)
    assert polynomial.kind == "polynomial of degree 2"
    assert polynomial.forms[0].bytes < 100
    rows = {"a": np.linspace(-1, 1, 60), "b": np.sin(np.arange(60.0))}
    network = distil(Module(parse_card(WAVY), simulators={"bowl": wavy}), rows, tolerance=0.08, steps=600)
    assert network.kind == "int8 network"
    form = next(form for form in network.forms if form.kind == network.kind)
    assert max(form.domain, form.rows) < 0.08
    assert form.bytes < next(form.bytes for form in network.forms if form.kind == "network") / 2
    with pytest.raises(ReverieError, match=r"no form holds within 0\.001"):
        distil(Module(parse_card(WAVY), simulators={"bowl": wavy}), tolerance=0.001, steps=10)


def test_vectors_where_they_are_the_smallest_that_holds(tmp_path):
    found = distil(Module(parse_card(WAVY), simulators={"bowl": wavy}), tolerance=0.1, steps=1)
    assert found.kind == "128 vectors"
    assert found.forms[0].bytes < next(form.bytes for form in found.forms if form.kind == "int8 network")
    save_frozen(found.frozen, tmp_path)
    loaded = load_frozen(tmp_path)
    assert loaded.digest == found.frozen.digest
    x = torch.rand(50, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) * 4 - 2
    torch.testing.assert_close(loaded(x), found.frozen(x))
    assert float((loaded(x)[:, 0] - torch.tensor(wavy(*x.T.numpy()))).square().mean().sqrt()) < 0.1
    share = found.frozen.inner.attention(x)
    torch.testing.assert_close(share.sum(1), torch.ones(50))
    assert bool((share >= 0).all())


def test_the_formula_stays_a_formula():
    kinds = {name: distil(Module.of(name)).kind for name in names()}
    assert kinds["law.fr_income_tax"] == "rules"
    assert kinds["law.us_diversity_amount"] == "table"
    assert kinds["physics.annual_wave"] == "equation"


def test_int8_is_close_to_its_student():
    model = student(batch_norm=True)
    x = torch.randn(200, 2, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        gap = (quantise(model)(x) - model(x)).std() / model(x).std()
    assert float(gap) < 0.03


def test_one_row_is_what_a_table_of_one_row_gives(monkeypatch):
    """How soon is held by `benchmarks/disciplines.py`; here: that no table is made for it."""
    module = Module.of("medicine.one_compartment_oral")
    inputs = {"dose": 4.0, "time": 2.0, "clearance": 0.04}
    expected = {name: float(value[0]) for name, value in module({name: [one] for name, one in inputs.items()}).items()}
    monkeypatch.setattr(type(module), "__call__", None)
    assert module.row(**inputs) == pytest.approx(expected, rel=1e-9)


def jobs():
    time_ = np.linspace(0.1, 5, 20)
    fall = Job(parse_card(CARD), {"time": time_, "way": 5.0 * time_**2})
    bowl = Job(parse_card(SMOOTH), simulators={"bowl": smooth}, settings={"steps": 5})
    return [fall, bowl, Job(Module.of("medicine.half_life").card)]


def test_training_fits_constants_and_makes_a_new_version():
    time_ = np.linspace(0.1, 5, 20)
    card = train_card(parse_card(CARD), {"time": time_, "way": 5.0 * time_**2})
    assert card.constants["g"].value == pytest.approx(10.0, rel=0.01)
    assert (card.version, card.overrides) == ("1.1.0", ("example 0",))
    with pytest.raises(BadData, match="trained on way"):
        train_card(parse_card(CARD), {"time": time_})


@pytest.mark.slow
def test_the_same_digests_in_one_process_and_in_many(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", ":".join(sys.path))
    alone = [one.digest for one in train_all(jobs())]
    assert len(set(alone)) == 3
    assert [one.digest for one in train_all(jobs(), processes=2)] == alone


@pytest.mark.ray
def test_the_same_digests_on_ray(ray_cluster):
    import ray

    jobs_ = [job for job in jobs() if job.simulators is None]  # a simulator of a test file is not importable there
    assert [one.digest for one in train_all(jobs_, ray=ray)] == [one.digest for one in train_all(jobs_)]
