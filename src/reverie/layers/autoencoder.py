"""A variational autoencoder that can also classify, dream class by class, and gate its dreams.

One network, two directions (van de Ven, Siegelmann & Tolias, 2020, Nature Communications 11:4069)::

    x → encoder → h → { head: class scores,  mean and log-variance of z }
    z → decoder → x

With `classify` the decoder is the feedback of the classifier itself; with `conditional` every class has its own
mode N(m_c, s_c) of the prior over z; with `gated` > 0 every context silences its own random share of each hidden layer
of the decoder. Modes and gates open as contexts come.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from reverie.functional import bernoulli_nll, gaussian_nll, kl_to_mixture, kl_to_standard_normal, reparameterise
from reverie.layers.dense import Head, dense, hidden_layers

__all__ = ["Autoencoder", "Encoded"]

Encoded = tuple[Tensor, Tensor, Tensor]
"""Hidden activity h, and mean and log-variance of z, each of shape [n, …]."""


class Autoencoder(nn.Module):
    """Encoder, decoder, prior and, if asked for, a classifying head.

    Parameters
    ----------
    n_in : int
        Number of inputs.
    hidden : sequence of int
        Units of the encoder's hidden layers; the decoder mirrors them.
    latent : int
        Dimensions of z.
    classify, conditional : bool
        Give it a head; give every class a mode of the prior.
    gated : float
        Share of the decoder's hidden units that each context silences, 0…1.
    reconstruction : {"bernoulli", "gaussian"}
        What the decoder's output is: logits of inputs in 0…1, or means.
    generator : torch.Generator
        Source of weights and gates.
    """

    mode_means: nn.Parameter
    mode_log_vars: nn.Parameter

    def __init__(
        self,
        n_in: int,
        hidden: Sequence[int],
        latent: int,
        *,
        generator: torch.Generator,
        classify: bool = False,
        conditional: bool = False,
        gated: float = 0.0,
        reconstruction: str = "bernoulli",
    ) -> None:
        super().__init__()
        self.conditional = conditional
        self.gated = gated
        self.reconstruction = reconstruction
        self.encoder = hidden_layers(n_in, hidden, generator)
        top = hidden[-1] if hidden else n_in
        self.head = Head(top) if classify else None
        self.to_mean = dense(top, latent, generator)
        self.to_log_var = dense(top, latent, generator)
        sizes = [latent, *reversed(hidden)]
        self.decoder = nn.ModuleList(dense(size_in, size_out, generator) for size_in, size_out in pairwise(sizes))
        self.to_input = dense(sizes[-1], n_in, generator)
        self.mode_means = nn.Parameter(torch.empty(0, latent))
        self.mode_log_vars = nn.Parameter(torch.empty(0, latent))
        for index, size in enumerate(sizes[1:]):
            self.register_buffer(f"gates_{index}", torch.empty(0, size))

    def grow(self, n_classes: int, n_gates: int, generator: torch.Generator) -> None:
        """Open outputs and modes for `n_classes` classes and gates for `n_gates` contexts."""
        if self.head is not None:
            self.head.grow(n_classes, generator)
        if self.conditional:
            self.mode_means = _more_rows(self.mode_means, n_classes, generator)
            self.mode_log_vars = _more_rows(self.mode_log_vars, n_classes, generator)
        if self.gated:
            for name, gates in list(self.named_buffers()):
                missing = n_gates - gates.shape[0]
                if missing > 0:
                    fresh = torch.rand(missing, gates.shape[1], generator=generator).to(gates.device) >= self.gated
                    self.register_buffer(name, torch.cat([gates, fresh.to(gates.dtype)]))

    def encode(self, x: Float[Tensor, "n d"]) -> Encoded:
        """Hidden activity, and the mean and log-variance of z."""
        h = self.encoder(x)
        return h, self.to_mean(h), self.to_log_var(h)

    def scores(self, x: Float[Tensor, "n d"]) -> Float[Tensor, "n k"]:
        """Class scores (logits)."""
        assert self.head is not None
        logits: Tensor = self.head(self.encoder(x))
        return logits

    def decode(self, z: Float[Tensor, "n z"], gate: Float[Tensor, "n g"] | None = None) -> Float[Tensor, "n d"]:
        """Decoder output before its last non-linearity. `gate`: each sample's weight of every context's gates."""
        for index, layer in enumerate(self.decoder):
            z = layer(z)
            if self.gated and gate is not None:
                z = z * (gate @ self.get_buffer(f"gates_{index}"))
            z = torch.relu(z)
        out: Tensor = self.to_input(z)
        return out

    def loss(
        self,
        x: Float[Tensor, "n d"],
        encoded: Encoded,
        *,
        classes: Float[Tensor, "n k"] | None,
        gate: Float[Tensor, "n g"] | None,
        generator: torch.Generator,
    ) -> Float[Tensor, ""]:
        """Reconstruction error per input, plus Kullback–Leibler divergence per input.

        Parameters
        ----------
        classes : shape [n, k]
            Each sample's probability of each mode; needed by a conditional prior.
        """
        _, mean, log_var = encoded
        mean, log_var = mean.float(), log_var.float()
        z = reparameterise(mean, log_var, generator)
        out = self.decode(z, gate).float()
        error = bernoulli_nll(out, x) if self.reconstruction == "bernoulli" else gaussian_nll(out, x)
        if self.conditional:
            assert classes is not None
            modes = self.mode_means[: classes.shape[1]], self.mode_log_vars[: classes.shape[1]]
            divergence = kl_to_mixture(z, mean, log_var, *modes, classes)
        else:
            divergence = kl_to_standard_normal(mean, log_var)
        return (error + divergence / x.shape[1]).mean()

    @torch.no_grad()
    def dream(
        self,
        n: int,
        *,
        generator: torch.Generator,
        classes: Int64[Tensor, " n"] | None = None,
        gate: Float[Tensor, "n g"] | None = None,
    ) -> Float[Tensor, "n d"]:
        """Decode `n` samples of the prior; of the modes of `classes` if the prior is conditional."""
        device = self.to_mean.weight.device
        z = torch.randn(n, self.to_mean.out_features, generator=generator).to(device)
        if self.conditional:
            assert classes is not None
            z = self.mode_means[classes] + z * (0.5 * self.mode_log_vars[classes]).exp()
        out = self.decode(z, gate).float()
        return torch.sigmoid(out) if self.reconstruction == "bernoulli" else out


def _more_rows(rows: nn.Parameter, n: int, generator: torch.Generator) -> nn.Parameter:
    missing = max(0, n - rows.shape[0])
    fresh = torch.randn(missing, rows.shape[1], generator=generator).to(rows.device)
    return nn.Parameter(torch.cat([rows.detach(), fresh]))
