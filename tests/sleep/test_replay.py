"""Replay: learns what traces show, can be stopped anywhere, and mirrors only where that changes no class."""

import pytest
import torch
from torch import Tensor

from reverie.errors import BadData, CorruptFile
from reverie.layers import TraceCode, VisualCortex
from reverie.sleep import Replay
from reverie.sleep.replay import _cycle, map_network, mirrors_keep_classes


def strokes(n: int, seed: int) -> tuple[Tensor, Tensor]:
    """A bar above or below (0, 1), or to the left or the right (2, 3)."""
    source = torch.Generator().manual_seed(seed)
    y = torch.randint(4, (n,), generator=source)
    x = torch.randint(0, 60, (n, 10, 10), dtype=torch.uint8, generator=source)
    for one, kind in zip(x, y.tolist(), strict=True):
        side = slice(1, 3) if kind % 2 == 0 else slice(7, 9)
        if kind < 2:
            one[side] += 150
        else:
            one[:, side] += 150
    return x, y


@pytest.fixture(scope="module")
def code() -> TraceCode:
    cortex = VisualCortex((10, 10), filters=6, patch=3, generator=torch.Generator().manual_seed(0))
    return TraceCode.of(cortex, strokes(200, 0)[0])


def made(code: TraceCode, monkeypatch: pytest.MonkeyPatch, kinds: tuple[int, ...] = (0, 1), seed: int = 1) -> Replay:
    monkeypatch.setattr("reverie.sleep.replay._LEAST_STEPS", 30)
    monkeypatch.setattr("reverie.layers.map_network._UNITS", (16, 16, 16, 16))
    x, y = strokes(800, 1)
    some = torch.isin(y, torch.tensor(kinds))
    of = torch.searchsorted(torch.tensor(kinds), y[some])
    return Replay(code, code(x[some]), of, len(kinds), epochs=2, generator=torch.Generator().manual_seed(seed))


def test_it_learns(code: TraceCode, monkeypatch: pytest.MonkeyPatch) -> None:
    replay = made(code, monkeypatch)
    replay.advance(1000)
    assert replay.finished and replay.step == replay.steps >= 30
    x, y = strokes(300, 2)
    some = y < 2
    right = replay.network(code.decode(code(x[some]))).argmax(1) == y[some]
    assert float(right.double().mean()) > 0.95


def test_stopped_and_gone_on_with_is_the_same_and_draws_from_its_own_generator(
    code: TraceCode, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = made(code, monkeypatch), made(code, monkeypatch)
    one.advance(12)
    torch.manual_seed(5)
    two.advance(5)
    third = made(code, monkeypatch, seed=7)
    third.load_state_dict(two.state_dict())
    third.advance(7)
    for name, value in one.network.state_dict().items():
        assert torch.equal(value, third.network.state_dict()[name])
    again = map_network(dict(one.network.state_dict()))
    maps = torch.randn(3, code.components, code.grid, code.grid)
    assert torch.equal(again(maps), one.network.eval()(maps))


def test_mirror_images_are_shown_where_they_keep_their_class(code: TraceCode, monkeypatch: pytest.MonkeyPatch) -> None:
    assert made(code, monkeypatch, (0, 1)).mirrors  # above and below
    assert not made(code, monkeypatch, (2, 3)).mirrors  # left and right
    x, y = strokes(500, 3)
    assert not mirrors_keep_classes(code, code(x), y, 4)


def test_the_rate_rises_and_falls() -> None:
    rates = [_cycle(step / 100) for step in range(101)]
    assert rates[0] == pytest.approx(0.04) and rates[25] == pytest.approx(1) and rates[100] == pytest.approx(1e-4)
    assert rates[:26] == sorted(rates[:26]) and rates[25:] == sorted(rates[25:], reverse=True)


@pytest.mark.parametrize("harm", ["step", "order", "network", "optimiser", "generator"])
def test_a_damaged_state_is_refused(harm: str, code: TraceCode, monkeypatch: pytest.MonkeyPatch) -> None:
    replay = made(code, monkeypatch)
    replay.advance(2)
    state = replay.state_dict()
    wrong = {
        "step": {"step": 10**6},
        "order": {"order": state["order"] + 5},
        "network": {"network": {}},
        "optimiser": {"optimiser": {"0": {"step": torch.tensor(1.0), "exp_avg": torch.ones(1)}}},
        "generator": {"generator": torch.zeros(3)},
    }[harm]
    with pytest.raises(CorruptFile):
        made(code, monkeypatch).load_state_dict(state | wrong)
    with pytest.raises(CorruptFile):
        map_network({"head.bias": torch.zeros(2)})


def test_too_few_traces_are_refused(code: TraceCode) -> None:
    with pytest.raises(BadData, match="There are 1 traces"):
        Replay(code, code(strokes(1, 0)[0]), torch.zeros(1).long(), 1, epochs=1, generator=torch.Generator())
