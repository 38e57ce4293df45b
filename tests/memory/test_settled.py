"""What a settled memory answers sooner, against what it answers otherwise."""

import torch

from reverie.memory import AssociativeMemory


def test_novelty_of_a_settled_memory_is_what_it_was() -> None:
    source = torch.Generator().manual_seed(0)
    mixing = torch.randn(8, 120, generator=source)
    keys = (40 + 8 * torch.randn(4000, 8, generator=source) @ mixing).round().clamp(0, 127)  # few directions vary much
    keys += (torch.rand(4000, 120, generator=source) < 0.02).float()
    memory = AssociativeMemory(ridge="gcv")
    memory.write(keys.to(torch.uint8), torch.eye(4)[torch.arange(4000) % 4])
    strange = torch.randint(128, (50, 120), generator=source)
    asked = torch.cat([keys[:50].to(torch.uint8), strange.to(torch.uint8)])
    before = memory.novelty(asked)
    memory.settle()
    after = memory.novelty(asked)
    assert not torch.equal(after, before)  # it was asked in another way
    torch.testing.assert_close(after, before, rtol=1e-3, atol=0)
    few = keys[:3].to(torch.uint8)
    memory.read(few)
    memory.write(few, torch.eye(4)[:3])
    twin = AssociativeMemory(ridge=memory.chosen_ridge())
    twin.write(keys.to(torch.uint8), torch.eye(4)[torch.arange(4000) % 4])
    twin.write(few, torch.eye(4)[:3])
    torch.testing.assert_close(memory.novelty(asked), twin.novelty(asked), rtol=1e-3, atol=0)


def test_a_settled_memory_reads_spike_counts_in_whole_numbers() -> None:
    source = torch.Generator().manual_seed(0)
    keys = torch.randint(128, (3000, 200), generator=source, dtype=torch.uint8)
    values = torch.eye(7)[torch.arange(3000) % 7] * torch.tensor([1.0, 1, 1, 1, 1, 1, 1e-6])
    memory = AssociativeMemory(ridge="gcv")
    memory.write(keys, values)
    assert memory.glancing() is None
    assert torch.equal(memory.glance(keys), memory.read(keys))
    memory.settle()
    exact, seen = memory.read(keys), memory.glance(keys)
    assert not torch.equal(seen, exact)
    assert ((seen - exact).abs().amax(0) < 1e-3 * exact.std(0)).all()  # the smallest column, too
    assert torch.equal(seen[:1], memory.glance(keys[:1]))
    assert torch.equal(memory.glance(keys.float()), exact)  # these are no spike counts
    assert torch.equal(memory.glance(keys + 128), memory.read(keys + 128))  # nor are these
    readout = memory.glancing()
    assert readout is not None
    torch.testing.assert_close(keys.double() @ readout.weights + readout.intercept, seen, rtol=1e-12, atol=1e-12)
    memory.write(keys[:5], values[:5])  # few: it is settled still, and what it is read by is another
    torch.testing.assert_close(memory.glance(keys), memory.read(keys), rtol=0, atol=1e-3)
    assert not torch.equal(memory.glance(keys), seen)
    memory.write(keys[:1000], values[:1000])
    assert memory.glancing() is None
