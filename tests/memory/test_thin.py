"""Thin factors beside the matrices that they stand for, to the last bit."""

import numpy as np
import pytest
import torch
from torch import Tensor

from reverie.checkpoint import state_bytes
from reverie.memory import AssociativeMemory
from reverie.memory import thin as thin_file
from reverie.memory.contribution import contribution
from reverie.memory.sums import Sums, bytes_of_sums
from reverie.memory.thin import ThinGram, factored, pack_thin, thin_problem, unpack_thin

D = 90


def codes(n: int, d: int = D, *, seed: int = 0, high: int = 128, low: int = 0) -> Tensor:
    kind = torch.uint8 if low == 0 and high <= 256 else torch.int32
    return torch.randint(low, high, (n, d), generator=torch.Generator().manual_seed(seed)).to(kind)


def gram_of(thin: ThinGram) -> Tensor:
    gram = torch.zeros(thin.d, thin.d, dtype=torch.float64)
    thin.add_to(gram, +1)
    return gram.triu()


def whole(keys: Tensor) -> Tensor:
    return (keys.long().T @ keys.long()).double().triu()


RANGES = [(0, 128), (0, 256), (-128, 128), (0, 2**12), (-(2**16), 2**16 + 1)]


@pytest.mark.parametrize(("low", "high"), RANGES)
@pytest.mark.parametrize("step", [1, 7, 300])
def test_rounding_gives_back_the_exact_sums(low: int, high: int, step: int) -> None:
    keys = codes(300, 700, low=low, high=high)
    thin = ThinGram(700)
    for part in keys.split(step):
        assert thin.add(part)
    assert torch.equal(gram_of(thin), whole(keys))
    assert thin.samples == 300
    assert all(block.error < 0.5 for block in thin.blocks)
    assert len(thin.blocks) < (60 if step == 1 else 300 // step + 2)  # one-sample writes are joined
    if high == 128 and low == 0:
        assert {block.r.dtype for block in thin.blocks} == {torch.float32}


def test_the_worst_keys_are_exact_or_refused() -> None:
    keys = torch.full((300, 700), 127, dtype=torch.uint8)
    keys[::2, ::3] = 126
    thin = ThinGram(700)
    assert all(thin.add(part) for part in keys.split(1))
    assert torch.equal(gram_of(thin), whole(keys))
    huge = torch.full((256, 700), 2**22, dtype=torch.int64)
    assert not thin.add(huge)  # refused: the bound is passed
    assert torch.equal(gram_of(thin), whole(keys))


def test_the_error_is_bounded_by_what_is_said() -> None:
    keys = codes(200, 600)
    thin = ThinGram(600)
    for part in keys.split(9):
        thin.add(part)
    seen = 0
    for block in thin.blocks:
        values = block.values()
        part = keys[seen : seen + block.samples].long()
        seen += block.samples
        error = float((values.T @ values - (part.T @ part).double()).abs().max())
        assert error <= block.error
        assert error > 0


def test_what_is_left_is_factored_again_only_where_it_is_exact() -> None:
    keys = codes(60, 400)
    thin = factored(whole(keys), 60)
    assert thin is not None
    assert torch.equal(gram_of(thin), whole(keys))
    assert factored(whole(keys), 30) is None  # more directions than samples
    assert factored(torch.zeros(4, 4, dtype=torch.float64), 0) is not None


@pytest.mark.parametrize("halved", [False, True])
def test_packing_and_restricting(halved: bool) -> None:
    thin = ThinGram(D)
    for part in codes(40).split(13):
        thin.add(part)
    other = ThinGram(D)
    other.add(codes(5, low=-3000, high=3000))
    inputs = torch.tensor([3, 1, 80, *range(10, 70)])
    for cut in (False, True):
        if cut:
            thin.restrict(inputs)
            other.restrict(inputs)
        if halved:
            thin.halve()
        state = pack_thin({0: thin, 2: other})
        assert thin_problem(state, thin.d, {0, 1, 2}) is None
        again = unpack_thin(state, thin.d, [0, 1, 2])
        assert torch.equal(gram_of(again[0]), gram_of(thin))
        assert torch.equal(gram_of(again[2]), gram_of(other))
        assert again[1].samples == 0
        assert again[0].samples == 40


@pytest.mark.parametrize(
    "spoil",
    [
        lambda state: state.pop("errors"),
        lambda state: state["errors"].fill_(0.5),
        lambda state: state["table"][:, 0].fill_(9),
        lambda state: state["table"][:, 1].add_(1),
        lambda state: state["table"][:, 1].fill_(2**40),
        lambda state: state["table"][:, 2].fill_(-1),
        lambda state: state["table"][:, 3].fill_(7),
        lambda state: state["table"][:, 4].fill_(2),
        lambda state: state["float32"].fill_(torch.nan),
        lambda state: state.update(float32=state["float32"][:-1]),
        lambda state: state.update(table=state["table"].float()),
    ],
)
def test_factors_of_strangers_are_checked(spoil) -> None:
    thin = ThinGram(D)
    thin.add(codes(40))
    state = pack_thin({0: thin})
    assert thin_problem(state, D, {0}) is None
    spoil(state)
    assert thin_problem(state, D, {0}) is not None


class Plain:
    """The same life with matrices of whole numbers."""

    def __init__(self, k: int) -> None:
        self.grams = torch.zeros(k, D, D, dtype=torch.int64)

    def add(self, keys: Tensor, columns: Tensor, sign: int) -> None:
        for key, column in zip(keys.long(), columns.tolist(), strict=True):
            self.grams[column] += sign * torch.outer(key, key)


@pytest.mark.parametrize("seed", range(6))
def test_any_life_of_sums_is_exact(seed: int) -> None:
    """Writes by batches, labels and factors, subtraction, merging, dropping, restricting, packing, in any order."""
    chance = np.random.default_rng(seed)
    high = [128, 128, 256, 2**12, 2**16, 128][seed]
    keys = codes(400, high=high, seed=seed)
    columns = torch.from_numpy(chance.integers(0, 5, 400) ** 2 // 4)  # uneven: some become matrices
    memory, plain = AssociativeMemory(per_class=True), Plain(5)
    here: list[int] = []
    kinds = set()
    many = (columns == 0).nonzero().flatten()[:50]  # more than half as many as inputs
    memory.write_labels(keys[many], columns[many], width=5)
    plain.add(keys[many], columns[many], +1)
    for _ in range(40):
        step = chance.integers(0, 7)
        chosen = torch.from_numpy(chance.choice(400, chance.integers(1, 20), replace=False))
        if step <= 1:
            memory.write_labels(keys[chosen], columns[chosen], width=5)
        elif step == 2:
            batch = contribution(keys[chosen], columns[chosen], per_class=True)
            memory.absorb(batch)
        elif step == 3:
            batch = contribution(keys[chosen], columns[chosen], per_class=True)
            memory.write_labels(keys[chosen], columns[chosen], width=5, batch=batch)
        elif step == 4:
            other = AssociativeMemory(per_class=True)
            other.write_labels(keys[chosen], columns[chosen], width=5)
            memory.merge(other)
        elif step == 5 and len(here) > 20:
            chosen = torch.tensor([here.pop(int(chance.integers(len(here)))) for _ in range(9)])
            if chance.integers(2):
                batch = contribution(keys[chosen], columns[chosen], per_class=True)
                memory.expect_written(batch)
                memory.absorb(batch, sign=-1)
            else:
                memory.erase(keys[chosen], torch.nn.functional.one_hot(columns[chosen], 5))
            plain.add(keys[chosen], columns[chosen], -1)
            continue
        else:
            state = memory.state_dict()
            memory.load_state_dict(state)
            continue
        plain.add(keys[chosen], columns[chosen], +1)
        here += chosen.tolist()
        sums = memory._need()
        kinds |= {type(gram) for gram in sums.grams}
    sums = memory._need()
    for column in range(len(sums.grams)):
        assert torch.equal(sums.gram(column).triu(), plain.grams[column].double().triu())
    assert torch.equal(sums.total().triu(), plain.grams.sum(0).double().triu())
    assert kinds == {Tensor, ThinGram}
    inputs = torch.arange(0, D, 2)
    memory.restrict(inputs)
    sums = memory._need()
    assert torch.equal(sums.total().triu(), plain.grams.sum(0)[inputs][:, inputs].double().triu())
    memory.forget_column(0)
    rest = plain.grams[1:].sum(0)[inputs][:, inputs]
    assert torch.equal(sums.total().triu(), rest.double().triu())
    again = Sums.unpack(sums.pack())
    assert torch.equal(again.total().triu(), rest.double().triu())


@pytest.mark.parametrize("per_class", [True, False])
def test_it_answers_as_with_matrices(per_class: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    keys, columns = codes(200), torch.arange(200) % 6
    found = []
    for least in (64, 10**9):
        monkeypatch.setattr(thin_file, "_LEAST", least)
        memory = AssociativeMemory(per_class=per_class)
        for part in torch.arange(200).split(30):
            memory.write_labels(keys[part], columns[part], width=6)
        if per_class:
            memory.forget_column(2)
        found.append(memory)
    thin, dense = found
    assert torch.equal(thin.read(keys), dense.read(keys))
    assert torch.equal(thin.novelty(keys), dense.novelty(keys))
    for mine, theirs in zip(thin.moments()[2], dense.moments()[2], strict=True):
        assert torch.equal(mine, theirs)
    if per_class:
        assert state_bytes(thin.state_dict()) < 0.9 * state_bytes(dense.state_dict())


def test_sums_from_before_are_read_and_go_on() -> None:
    keys, columns = codes(100), torch.arange(100) % 4
    now = AssociativeMemory(per_class=True)
    now.write_labels(keys, columns)
    sums = now._need()
    packed = now.state_dict()
    row, column = torch.triu_indices(D, D)
    upper = torch.stack([sums.gram(index)[row, column] for index in range(4)]).int()
    old = {name: value for name, value in packed.items() if name not in ("thin", "rest", "dense")} | {"upper": upper}
    then = AssociativeMemory(per_class=True)
    then.load_state_dict(old)
    assert torch.equal(then.read(keys), now.read(keys))
    for memory in (then, now):
        memory.write_labels(keys[:9], columns[:9] + 1, width=5)
        memory.forget_column(1)
    assert torch.equal(then.read(keys), now.read(keys))


def test_keys_that_are_no_whole_numbers_have_matrices() -> None:
    memory = AssociativeMemory(per_class=True)
    memory.write(codes(9).float() / 7, torch.eye(3)[torch.arange(9) % 3])
    assert all(isinstance(gram, Tensor) for gram in memory._need().grams)


def test_sixteen_bits_halve_factors_too() -> None:
    keys = codes(300, 600)
    memory = AssociativeMemory(ridge=1e5, per_class=True)
    memory.write_labels(keys, torch.arange(300) % 3)
    before, size = memory.read(keys), state_bytes(memory.state_dict()["thin"])
    memory.halve()
    assert (memory.read(keys) - before).abs().max() < 2e-3
    assert state_bytes(memory.state_dict()["thin"]) < 0.55 * size
    again = AssociativeMemory(ridge=1e5, per_class=True)
    again.load_state_dict(memory.state_dict())
    assert torch.equal(again.read(keys), memory.read(keys))
    for one in (memory, again):
        one.write_labels(keys[:5], torch.zeros(5, dtype=torch.int64))
        one.forget_column(1)
    assert torch.equal(again.read(keys), memory.read(keys))


def test_bytes_are_told_before_they_are_spent() -> None:
    memory = AssociativeMemory(per_class=True)
    memory.write_labels(codes(200, 300), torch.arange(200) % 4)
    sums = memory._need()
    held = sum(block.r.nbytes for gram in sums.grams if isinstance(gram, ThinGram) for block in gram.blocks)
    held += sums.total().nbytes + sums.cross.nbytes
    assert bytes_of_sums([50] * 4, 300, per_class=True) == held
