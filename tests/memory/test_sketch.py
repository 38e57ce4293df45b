"""A sketch: the same sums in any order, to the last bit; covariances beside those of whole keys; what it refuses."""

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

import reverie.memory.sharpening as sharpening
from reverie.errors import BadData
from reverie.memory import AssociativeMemory
from reverie.memory.directions import covariances_along
from reverie.memory.sketch import Sketch

D = 400


def keys_of(n: int, *, spread: float = 4.0, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Spike counts of three classes with nearly one mean; the spread of some inputs differs by this factor."""
    source = torch.Generator().manual_seed(seed)
    of = torch.arange(n) % 3
    keys = torch.randn(n, D, generator=source)
    scales = torch.ones(3, D)
    for column in range(3):
        scales[column, 2 * column : 2 * column + 2] = spread
    keys = 60 + 7 * keys * scales[of]
    keys[:, 10] += 3 * of
    return keys.round().clamp(0, 127).to(torch.uint8), of


def sketched(keys: Tensor, of: Tensor, *, per: int = 250) -> AssociativeMemory:
    memory = AssociativeMemory(sketch_bytes=2**40)
    memory.begin_sketch(keys[:600])
    for some in torch.arange(len(keys)).split(per):
        memory.write_labels(keys[some], of[some], batch=memory.contribution(keys[some], of[some]))
    assert memory.sketch is not None and memory.sketch_is_whole
    return memory


def same(one: Sketch | None, two: Sketch | None) -> bool:
    assert one is not None and two is not None and one.same_directions(two)
    sums = one.sums, two.sums
    alike = [torch.equal(getattr(sums[0], name), getattr(sums[1], name)) for name in ("sum_h", "sum_y", "cross")]
    grams = [torch.equal(sums[0].gram(column).triu(), sums[1].gram(column).triu()) for column in range(3)]
    return all(alike) and all(grams) and torch.equal(one.third, two.third)


def test_the_order_does_not_matter() -> None:
    keys, of = keys_of(1200)
    first = sketched(keys, of)
    second = AssociativeMemory(sketch_bytes=2**40)
    second.begin_sketch(keys[:600])
    for some in torch.randperm(1200, generator=torch.Generator().manual_seed(1)).split(31):
        second.absorb(second.contribution(keys[some], of[some]))
    assert same(first.sketch, second.sketch)


def test_what_is_subtracted_was_never_there() -> None:
    keys, of = keys_of(1200)
    memory, rest = sketched(keys, of), sketched(keys[:900], of[:900])
    for some in torch.arange(900, 1200).split(70):
        memory.absorb(memory.contribution(keys[some], of[some]), sign=-1)
    assert same(memory.sketch, rest.sketch)


def test_a_weight_counts_so_many_times() -> None:
    keys, of = keys_of(1200)
    memory, other = sketched(keys, of), sketched(keys, of)
    weights = torch.tensor([1, 7, 40])
    memory.absorb(memory.contribution(keys[:3], of[:3], weights=weights))
    many = torch.arange(3).repeat_interleave(weights)
    other.absorb(other.contribution(keys[many], of[many]))
    assert same(memory.sketch, other.sketch)


def test_merged_and_kept() -> None:
    keys, of = keys_of(1200)
    whole, one = sketched(keys, of), sketched(keys[:800], of[:800])
    two = one.another()
    two.sketch = one.sketch.another()  # type: ignore[union-attr]
    columns = torch.tensor([2, 0, 1])  # of its own order
    two.absorb(two.contribution(keys[800:], columns[of[800:]]))
    one.merge(two, [1, 2, 0])
    again = one.another()
    again.load_state_dict(one.state_dict())
    assert same(one.sketch, whole.sketch) and same(again.sketch, whole.sketch)


def test_covariances_are_nearly_those_of_whole_keys() -> None:
    keys, of = keys_of(3000)
    memory = sketched(keys, of)
    assert memory.sketch is not None
    found = memory.sketch.moments(torch.arange(3))
    per_class = AssociativeMemory(per_class=True)
    per_class.write_labels(keys, of)
    expected = covariances_along(per_class._need(), torch.arange(3), memory.sketch.directions)
    assert found is not None
    for one, two in zip(found.covariances, expected, strict=True):
        assert float((one - two).norm() / two.norm()) < 0.01


def test_keys_aside_are_taken_out_exactly() -> None:
    keys, of = keys_of(1500)
    memory = sketched(keys, of)
    rest = AssociativeMemory(sketch_bytes=2**40)
    rest.sketch = memory.sketch.another()  # type: ignore[union-attr]
    rest.absorb(rest.contribution(keys[300:], of[300:]))
    assert memory.sketch is not None and rest.sketch is not None
    found = memory.sketch.moments(torch.arange(3), without=(keys[:300], of[:300]))
    expected = rest.sketch.moments(torch.arange(3))
    assert found is not None and expected is not None
    assert all(torch.equal(one, two) for one, two in zip(found.covariances, expected.covariances, strict=True))
    assert found.third is not None and expected.third is not None and torch.equal(found.third, expected.third)


def right(logits: Tensor, of: Tensor) -> float:
    return float((logits.argmax(1) == of).double().mean())


def test_it_sharpens() -> None:
    keys, of = keys_of(6000)
    asked, known = keys_of(1000, seed=1)
    memory = sketched(keys, of, per=1000)
    before = right(memory.decision().logits(asked), known)
    report = memory.sharpen(keys[:400], of[:400])
    assert report["sharpened"] and before < 0.6 < 0.75 < right(memory.sharp_logits(asked), known)
    again = memory.another()
    again.load_state_dict(memory.state_dict())
    assert torch.equal(again.sharp_logits(asked[:50]), memory.sharp_logits(asked[:50]))


def skewed(n: int, seed: int) -> tuple[Tensor, Tensor]:
    """Two classes of different means; products of two other inputs tell how far a key is from the mean of its class."""
    source = torch.Generator().manual_seed(seed)
    of = torch.arange(n) % 2
    away, other, noise = (torch.randn(n, *shape, generator=source) for shape in ((8,), (8, 2), (8, 2)))
    product = 0.7 * away[:, :, None] * other + 0.7 * noise
    keys = 60 + 4 * torch.randn(n, D, generator=source)
    keys[:, :8] += 15 * (away + 0.5 * of[:, None])
    keys[:, 8:24] += 14 * other.flatten(1)
    keys[:, 24:40] += 14 * product.flatten(1)
    keys[:, 50:54] += 15 * torch.randn(n, 4, generator=source) * of[:, None]
    return keys.round().clamp(0, 127).to(torch.uint8), of


def test_the_third_cumulant_is_accepted_by_itself() -> None:
    keys, of = skewed(8000, 0)
    memory = AssociativeMemory(sketch_bytes=2**40)
    memory.begin_sketch(keys[:1000])
    memory.absorb(memory.contribution(keys, of))
    report = memory.sharpen(keys[:1500], of[:1500])
    assert report["sharpened"] and report["third_loss"] < report["sharp_loss"] - 2 * report["third_error"]
    assert memory.sharpening is not None and memory.sharpening.gamma > 0
    asked, known = skewed(3000, 5)
    sharp = cross_entropy(memory.sharp_logits(asked), known)
    memory.sharpening = memory.sharpening._replace(gamma=0.0, third=0)
    memory._sharp = None
    assert sharp < cross_entropy(memory.sharp_logits(asked), known)


@pytest.mark.parametrize("gamma", [3.0, 30.0])
def test_a_third_cumulant_that_is_too_strong_is_refused(gamma: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharpening, "_GAMMAS", (gamma,))
    keys, of = keys_of(6000)
    memory = sketched(keys, of, per=1000)
    report = memory.sharpen(keys[:400], of[:400])
    assert report["sharpened"] and report["third_loss"] > report["sharp_loss"]
    assert memory.sharpening is not None and memory.sharpening.third == 0


def test_noise_in_the_sketch_is_refused() -> None:
    keys, of = keys_of(6000)
    memory = sketched(keys, of, per=1000)
    assert memory.sketch is not None
    noise = torch.randint(0, 128, (6000, D), generator=torch.Generator().manual_seed(3), dtype=torch.uint8)
    memory.sketch.absorb(memory.sketch.contribution(noise[:2000], torch.zeros(2000, dtype=torch.int64)), +1)
    memory.sketch.absorb(memory.sketch.contribution(noise[:5], torch.full((5,), 2)), -1)  # covariances that are none
    asked, known = keys_of(1000, seed=1)
    before = right(memory.decision().logits(asked), known)
    memory.sharpen(keys[:400], of[:400])
    after = memory.decision().logits(asked) if memory.sharpening is None else memory.sharp_logits(asked)
    assert right(after, known) >= before - 0.02


def test_small_or_few_keys_are_not_sketched() -> None:
    keys, _ = keys_of(600)
    for some in (keys[:, :399], keys[:150], keys.double()):
        memory = AssociativeMemory(sketch_bytes=2**40)
        memory.begin_sketch(some)
        assert memory.sketch is None
    for memory in (AssociativeMemory(), AssociativeMemory(per_class=True, sketch_bytes=2**40)):
        memory.begin_sketch(keys)
        assert memory.sketch is None


def test_more_samples_than_are_exact_are_refused() -> None:
    keys, of = keys_of(600)
    memory = sketched(keys, of)
    with pytest.raises(BadData, match="sketch=False"):
        memory.expect_room(torch.ones(1, D, dtype=torch.uint8), torch.tensor([2**39]))


def test_pruned_keys_end_it() -> None:
    keys, of = keys_of(1200)
    memory = sketched(keys, of)
    memory.restrict(torch.arange(0, D, 2))
    assert memory.sketch is None and "sketch" not in memory.state_dict()
