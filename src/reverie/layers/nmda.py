"""The NMDA gate as a layer, and a Transformer block whose feed-forward part is gated by it.

The block is torch's `TransformerEncoderLayer` with the norm first and without dropout, under the same names, so that
either loads the other's weights::

    x ← x + attention(norm₁ x)          x ← x + W₂ NMDA_α(W₁ norm₂ x + b₁) + b₂

Reference: Kim, Kwon, Cha, Lee, 2023, NeurIPS 36: the gate sits in the feed-forward part, where they find place-like
units.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from reverie.errors import BadData
from reverie.functional.nmda import check_magnesium, nmda
from reverie.layers.dense import dense

__all__ = ["NMDA", "FeedForward", "TransformerBlock", "replace_activation"]


class NMDA(nn.Module):
    """x · σ(βx − ln α); see `reverie.functional.nmda`.

    Parameters
    ----------
    alpha, beta : float
        Mg²⁺ concentration, 0 or more, and steepness, more than 0.

    Examples
    --------
    >>> torch.equal(NMDA(0.0)(torch.ones(2)), torch.ones(2))
    True
    """

    def __init__(self, alpha: float = 1.0, *, beta: float = 1.0) -> None:
        super().__init__()
        check_magnesium(alpha, beta)
        self.alpha, self.beta = alpha, beta

    def forward(self, x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        return nmda(x, alpha=self.alpha, beta=self.beta)

    def extra_repr(self) -> str:
        return f"alpha={self.alpha:g}, beta={self.beta:g}"


class FeedForward(nn.Module):
    """W₂ f(W₁ x + b₁) + b₂ at every place of a sequence.

    Parameters
    ----------
    width, hidden : int
        Of the sequence, and of the units between.
    activation : nn.Module
        f; by default `NMDA()`.
    generator : torch.Generator
        Source of the weights.
    """

    def __init__(
        self, width: int, hidden: int, *, activation: nn.Module | None = None, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.linear1 = dense(width, hidden, generator)
        self.activation = NMDA() if activation is None else activation
        self.linear2 = dense(hidden, width, generator)

    def forward(self, x: Float[Tensor, "*shape width"]) -> Float[Tensor, "*shape width"]:
        y: Tensor = self.linear2(self.activation(self.linear1(x)))
        return y


class TransformerBlock(nn.Module):
    """Attention, then a gated feed-forward part, each on the normalised input and added to it.

    Parameters
    ----------
    width, heads, hidden : int
        Of the sequence; of the attention, a divisor of `width`; of the feed-forward part.
    activation : nn.Module
        By default `NMDA()`.
    causal : bool
        Each place sees itself and the past only.
    generator : torch.Generator
        Source of the weights.

    Examples
    --------
    >>> block = TransformerBlock(8, 2, 16, causal=True, generator=torch.Generator().manual_seed(0))
    >>> block(torch.rand(3, 5, 8)).shape
    torch.Size([3, 5, 8])
    """

    def __init__(
        self,
        width: int,
        heads: int,
        hidden: int,
        *,
        activation: nn.Module | None = None,
        causal: bool = False,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        if heads < 1 or width % heads:
            raise BadData(f"{heads} heads share a width of {width}. Expected a number of heads that divides it.")
        self.width, self.causal = width, causal
        self.self_attn: nn.MultiheadAttention = nn.utils.skip_init(
            nn.MultiheadAttention, width, heads, batch_first=True
        )
        nn.init.xavier_uniform_(self.self_attn.in_proj_weight, generator=generator)
        self.self_attn.out_proj.load_state_dict(dense(width, width, generator).state_dict())
        nn.init.zeros_(self.self_attn.in_proj_bias)
        nn.init.zeros_(self.self_attn.out_proj.bias)
        feed = FeedForward(width, hidden, activation=activation, generator=generator)
        self.linear1, self.activation, self.linear2 = feed.linear1, feed.activation, feed.linear2
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)

    def forward(self, x: Float[Tensor, "n time width"]) -> Float[Tensor, "n time width"]:
        if x.shape[2] != self.width:
            raise BadData(f"A sequence has width {x.shape[2]}. Expected [n, time, {self.width}].")
        mask = None
        if self.causal:
            mask = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool, device=x.device).triu(1)
        h = self.norm1(x)
        x = x + self.self_attn(h, h, h, attn_mask=mask, is_causal=self.causal, need_weights=False)[0]
        y: Tensor = x + self.linear2(self.activation(self.linear1(self.norm2(x))))
        return y


def replace_activation(model: nn.Module, activation: nn.Module) -> int:
    """Put `activation` into every torch Transformer layer within `model`, and say how many there were.

    Setting `layer.activation` alone is not enough: a layer that was built with ReLU or GELU keeps a note of it, and
    takes a fused path with that old non-linearity when it is asked without gradients. The note is taken away here.

    Examples
    --------
    >>> replace_activation(nn.TransformerEncoderLayer(8, 2, batch_first=True), NMDA(0.1))
    1
    """
    layers = [
        part for part in model.modules() if isinstance(part, nn.TransformerEncoderLayer | nn.TransformerDecoderLayer)
    ]
    if not layers:
        raise BadData(
            f"{type(model).__name__} holds no Transformer layer of torch. Set its activation where it is made."
        )
    for layer in layers:
        layer.activation = activation
        if isinstance(layer, nn.TransformerEncoderLayer):
            layer.activation_relu_or_gelu = 0
    return len(layers)
