"""A code that a picture shares with its mirror image."""

import torch

from reverie.layers import Mirrored, VisualCortex
from reverie.memory import AssociativeMemory
from reverie.plasticity import CompetitiveHebb, develop


def grown(x: torch.Tensor, source: torch.Generator) -> VisualCortex:
    cortex = VisualCortex(tuple(x.shape[1:]), filters=6, patch=3, generator=source)
    develop(cortex, x, rule=CompetitiveHebb(), patches=2000, generator=source)
    return cortex


class Even(torch.nn.Module):
    """Counts without the last bit, whose means are not rounded."""

    def __init__(self, encoder: torch.nn.Module) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.encoder(x) // 2 * 2


def test_a_read_out_of_both_is_that_of_all_pictures_learned_both_ways() -> None:
    """Filters and their mirror images, every picture learned both ways: the answers are those of the added code."""
    source = torch.Generator().manual_seed(0)
    x = torch.randint(256, (60, 9, 9), dtype=torch.uint8, generator=source)
    y = torch.eye(2)[torch.arange(60) % 2]
    cortex = Even(grown(x, source))
    both = Mirrored(cortex)

    def closed(pictures: torch.Tensor) -> torch.Tensor:
        """What the filters and their mirror images see."""
        return torch.cat([cortex(pictures), cortex(pictures.flip(2))], 1)

    long, short = AssociativeMemory(ridge=200.0), AssociativeMemory(ridge=50.0)
    long.write(torch.cat([closed(x), closed(x.flip(2))]), torch.cat([y, y]))
    short.write(both(x), y)
    asked = torch.randint(256, (20, 9, 9), dtype=torch.uint8, generator=source)
    assert torch.allclose(long.read(closed(asked)), short.read(both(asked)), atol=1e-9)
    assert not torch.allclose(long.read(closed(asked)), short.read(both(asked.flip(1))), atol=0.1)


def test_it_keeps_what_mirroring_does_not_change_and_nothing_else() -> None:
    source = torch.Generator().manual_seed(1)
    x = torch.randint(256, (5, 9, 9), dtype=torch.uint8, generator=source)
    both = Mirrored(grown(x, source))
    assert torch.equal(both(x), both(x.flip(2)))
    assert not torch.equal(both(x), both(x.flip(1)))
    assert both(x).dtype == torch.uint8
