"""A generative classifier: one small variational autoencoder per class (van de Ven, Li, Tolias, 2021, CVPR Workshops).

Nothing is shared between classes, so nothing is forgotten. A sample goes to the class under whose model it is most
likely, the likelihood being estimated by importance sampling::

    log p(x | c) ≈ log 1/S Σ_s p_c(x | z_s) p(z_s) / q_c(z_s | x),     p_c(x | z) = N(x; decoder_c(z), 1)
"""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64, Num
from torch import Tensor

from reverie.contracts import State
from reverie.evaluation import count_operations
from reverie.functional import log_normal
from reverie.layers import Autoencoder
from reverie.learners.base import Classifier
from reverie.learners.gradient import batches

__all__ = ["GenerativeClassifier"]


@dataclass(kw_only=True, eq=False, repr=False)
class GenerativeClassifier(Classifier):
    """One autoencoder per class.

    Parameters
    ----------
    class_hidden : tuple of int
        Hidden units of each class's encoder; the decoder mirrors them.
    class_latent : int
        Dimensions of z.
    iterations, batch_size, learning_rate
        Per experience, shared by the classes that come in it, and of Adam.
    importance_samples : int
        S.
    reconstruction : {"bernoulli", "gaussian"}
        For inputs in 0…1, or for others.
    """

    class_hidden: tuple[int, ...] = (85, 85)
    class_latent: int = 5
    iterations: int = 2000
    batch_size: int = 128
    learning_rate: float = 1e-3
    importance_samples: int = 50
    reconstruction: str = "bernoulli"
    device: str = "cpu"
    seed: int = 0

    def _begin(self, shape: tuple[int, ...]) -> None:
        self.models_: list[Autoencoder | None] = []

    def _grow(self, n_classes: int) -> None:
        self.models_ += [None] * (n_classes - len(self.models_))

    def _new(self) -> Autoencoder:
        return Autoencoder(
            self.n_features_in_,
            self.class_hidden,
            self.class_latent,
            generator=self.generator_,
            reconstruction=self.reconstruction,
        ).to(self.device)

    def _learn(
        self, x: Num[Tensor, "n *shape"], y: Int64[Tensor, " n"], candidates: Int64[Tensor, " c"] | None
    ) -> None:
        flat = x.flatten(1).float().to(self.device)
        here = y.unique().tolist()
        for label in here:
            model = self.models_[label] = self.models_[label] or self._new()
            self._fit(model, flat[y.to(self.device) == label], max(1, self.batch_size // len(here)))

    def _fit(self, model: Autoencoder, x: Tensor, size: int) -> None:
        optimizer = torch.optim.Adam(model.parameters(), lr=self.learning_rate, fused=True)
        stream = batches(len(x), size, self.generator_)

        def step() -> None:
            batch = x[next(stream).to(self.device)]
            loss = model.loss(batch, model.encode(batch), classes=None, gate=None, generator=self.generator_)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

        with count_operations(self.cost_, times=self.iterations):
            step()
        for _ in range(self.iterations - 1):
            step()

    def _scores(self, x: Num[Tensor, "n *shape"]) -> Float[Tensor, "n k"]:
        flat = x.flatten(1).float().to(self.device)
        own = torch.Generator().manual_seed(self.seed)  # its own: asking changes nothing
        noise = torch.randn(self.importance_samples, 1, self.class_latent, generator=own).to(self.device)
        likelihood = torch.full((len(flat), len(self.models_)), -torch.inf, device=self.device)
        for label, model in enumerate(self.models_):
            if model is not None:
                likelihood[:, label] = self._log_likelihood(model, flat, noise)
        return likelihood

    def _log_likelihood(self, model: Autoencoder, x: Tensor, noise: Tensor) -> Tensor:
        _, mean, log_var = model.encode(x)
        estimates = []
        for step in noise:
            z = mean + step * (0.5 * log_var).exp()
            out = model.decode(z)
            if self.reconstruction == "bernoulli":
                out = torch.sigmoid(out)
            error = -0.5 * (x - out).square().sum(1) - 0.5 * x.shape[1] * math.log(2 * math.pi)
            prior = log_normal(z, torch.zeros_like(z), torch.zeros_like(z))
            estimates.append(error + prior - log_normal(z, mean, log_var))
        return torch.logsumexp(torch.stack(estimates), dim=0) - math.log(self.importance_samples)

    def _state(self) -> State:
        return {"models": [None if model is None else dict(model.state_dict()) for model in self.models_]}

    def _restore(self, state: State) -> None:
        for label, weights in enumerate(state["models"]):
            if weights is not None:
                model = self.models_[label] = self._new()
                model.load_state_dict(weights)
