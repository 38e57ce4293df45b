"""Energy by hand, and meters that are there or not."""

from pathlib import Path

import pytest
import torch

from reverie.contracts import Cost
from reverie.evaluation import TECHNOLOGIES, Work, break_even_spikes, count_operations, metered, work_of_spikes
from reverie.evaluation import energy as module
from reverie.functional import event_linear


def test_a_dense_product_by_hand():
    """512 → 512 in float32, one sample: 0.26 million multiply-accumulates and as many weights."""
    cost = Cost()
    with count_operations(cost):
        torch.ones(1, 512) @ torch.ones(512, 512)
    energy = Work.of(cost).energy(TECHNOLOGIES["float32"])
    assert energy.arithmetic == pytest.approx(512 * 512 * 4.6e-12)
    bytes_moved = 4 * (512 * 512 + 2 * 512)
    assert energy.sram == pytest.approx(energy.arithmetic + bytes_moved * 12.5e-12)
    assert energy.dram == pytest.approx(energy.arithmetic + bytes_moved * 243.75e-12)


def test_a_spiking_layer_wins_only_where_spikes_are_few():
    table = TECHNOLOGIES["float32"]
    limit = break_even_spikes(table, table)
    dense = Work(512.0 * 512, 0.0, 512.0 * 512).energy(table).sram
    few, many = (work_of_spikes(share * limit * 512 * 512, 0).energy(table).sram for share in (0.9, 1.1))
    assert few < dense < many
    assert break_even_spikes(table, TECHNOLOGIES["int8"]) < limit


def test_events_are_counted_as_what_they_are_and_not_skipped_unseen():
    x = torch.zeros(100, 200)
    x[:, :2] = 1
    cost = Cost()
    with count_operations(cost):
        event_linear(x, torch.ones(150, 200))
    assert cost.macs == 100 * 200 * 150
    assert cost.synops == 100 * 2 * 150


def test_meters_wrap_around(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    meter = tmp_path / "intel-rapl:0"
    meter.mkdir()
    (meter / "name").write_text("package-0\n")
    (meter / "energy_uj").write_text("900\n")
    (meter / "max_energy_range_uj").write_text("1000\n")
    monkeypatch.setattr(module, "_METERS", tmp_path)
    with metered() as joules:
        (meter / "energy_uj").write_text("150\n")
    assert joules == {"intel-rapl:0 package-0": pytest.approx(250e-6)}
    monkeypatch.setattr(module, "_METERS", tmp_path / "none")
    with metered() as joules:
        pass
    assert joules == {}
