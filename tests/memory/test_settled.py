"""A settled memory's novelty, in single precision, against that of one that is not."""

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
