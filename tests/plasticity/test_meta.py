"""Rules that are themselves learned: coefficients through `torch.func`, over many lives at once."""

import torch

from reverie.contracts import SynapseView
from reverie.plasticity import Oja


def test_a_rate_is_learned_through_the_lives_it_leads():
    """The best rate of Oja's rule for ten short lives, by gradient descent, is better than the first guess."""
    generator = torch.Generator().manual_seed(0)
    lives = torch.randn(10, 15, 4, 6, generator=generator) * torch.tensor([2.0, 1.0, 1.0, 1.0, 1.0, 1.0])
    starts = 0.3 * torch.randn(10, 1, 6, generator=generator)

    def missed(rate: torch.Tensor) -> torch.Tensor:
        def life(rows: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
            for now in rows.unbind():
                weight = weight + Oja(rate=rate)(SynapseView(now, now @ weight.T, weight), ())[0]
            return 1 - weight[0, 0].square() / weight.square().sum()

        return torch.func.vmap(life)(lives, starts).mean()

    rate = torch.tensor(0.005)
    first = float(missed(rate))
    for _ in range(30):
        rate = rate - 0.003 * torch.func.grad(missed)(rate)
    assert float(missed(rate)) < 0.6 * first
    assert float(rate) > 0.02
