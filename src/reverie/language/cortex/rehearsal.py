"""Rehearsal: what was told today is learned beside what is replayed.

    L = CE(told) + CE(replayed)   or, with an earlier self as teacher,   CE(told) + T² · KL(earlier ‖ now)

The one loop behind a night, behind its controls, and behind the first training of a small model: which sentences are
replayed, and whether they are distilled or learned as if they had been told, is passed in. So is what is asked in
between, to spend half of what follows on what was missed (Mattar & Daw, 2018, Nature Neuroscience 21: replay goes where
it changes most).
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from reverie.functional import distillation
from reverie.language.cortex.causal import Batch, CausalModel

__all__ = ["Missed", "rehearse"]

_ASKED_EVERY = 12  # steps
_WARMING = 0.1  # share of the steps over which the learning rate rises


class Missed(NamedTuple):
    """Sentences that the model did not say when it was asked."""

    told: list[str]
    replayed: list[str]


def rehearse(
    model: CausalModel,
    told: list[str],
    replayed: list[str],
    *,
    generator: torch.Generator,
    steps: int,
    teacher: CausalModel | None = None,
    ask: Callable[[], Missed] | None = None,
    told_batch: int = 12,
    batch: int = 64,
    learning_rate: float = 1.5e-3,
    weight_decay: float = 0.0,
    temperature: float = 2.0,
) -> None:
    """Train the parameters of a model that require gradients.

    Parameters
    ----------
    told, replayed : list of str
        Sentences; each step takes `told_batch` and `batch` of them, every one as often as the others. One of the lists
        may be empty.
    teacher : CausalModel, optional
        The earlier self, whose logits on the replayed sentences are the target; None: they are learned as text.
    ask : callable, optional
        What the model misses now; asked now and then, after the first quarter of the steps.
    steps : int
        The learning rate rises over the first tenth of them and falls to zero from two fifths on.
    learning_rate, weight_decay : float
        Of Muon (Jordan et al., 2024) for matrices; of Adam for vectors and embeddings, which take a fifth of the rate.
    """
    optimizers = _optimizers(model.network, learning_rate, weight_decay)
    schedules = [torch.optim.lr_scheduler.LambdaLR(one, lambda step: _rate(step / steps)) for one in optimizers]
    today = _Draws(told, told_batch, generator)
    before = _Draws(replayed, batch, generator)
    model.network.train()
    for step in range(steps):
        if ask is not None and step % _ASKED_EVERY == 0 and step >= steps / 4:
            missed = ask()
            today.focus(missed.told)
            before.focus(missed.replayed)
            model.network.train()
        losses = []
        if told:
            losses.append(model.loss(model.encode(today.draw())))
        if replayed:
            sentences = model.encode(before.draw())
            losses.append(model.loss(sentences) if teacher is None else _distil(model, teacher, sentences, temperature))
        model.network.zero_grad()
        torch.stack(losses).sum().backward()
        nn.utils.clip_grad_norm_(model.network.parameters(), 1.0)
        for optimizer, schedule in zip(optimizers, schedules, strict=True):
            optimizer.step()
            schedule.step()
    model.network.eval()


def _distil(model: CausalModel, teacher: CausalModel, sentences: Batch, temperature: float) -> Float[Tensor, ""]:
    real = sentences.real[:, 1:]
    with torch.no_grad():
        target = teacher.logits(sentences)[:, :-1][real]
    return distillation(model.logits(sentences)[:, :-1][real], target, temperature=temperature)


def _optimizers(network: nn.Module, learning_rate: float, weight_decay: float) -> list[torch.optim.Optimizer]:
    matrices: list[nn.Parameter] = []
    others: list[nn.Parameter] = []
    for name, value in network.named_parameters():
        if value.requires_grad:  # the rows of a table of embeddings are learned apart: Muon would mix them
            tabled = isinstance(network.get_submodule(name.rpartition(".")[0]), nn.Embedding)
            (matrices if value.ndim == 2 and not tabled else others).append(value)
    found: list[torch.optim.Optimizer] = []
    if matrices:
        found.append(
            torch.optim.Muon(matrices, lr=learning_rate, weight_decay=weight_decay, adjust_lr_fn="match_rms_adamw")
        )
    if others:
        found.append(torch.optim.AdamW(others, lr=learning_rate / 5, weight_decay=weight_decay, betas=(0.9, 0.98)))
    return found


def _rate(done: float) -> float:
    return min(1.0, 0.05 + done / _WARMING) * min(1.0, (1 - done) / 0.6)


class _Draws:
    """Batches of sentences, each as often as the others; half of a batch from those missed, if any were."""

    def __init__(self, sentences: list[str], size: int, generator: torch.Generator) -> None:
        self._size, self._generator = size, generator
        self._every = self._endless(sentences)
        self._missed: Iterator[str] | None = None

    def focus(self, missed: list[str]) -> None:
        self._missed = self._endless(missed) if missed else None

    def draw(self) -> list[str]:
        half = self._size // 2 if self._missed is not None else 0
        rest = [next(self._every) for _ in range(self._size - half)]
        return rest + ([next(self._missed) for _ in range(half)] if self._missed is not None else [])

    def _endless(self, sentences: list[str]) -> Iterator[str]:
        while True:
            for index in torch.randperm(len(sentences), generator=self._generator).tolist():
                yield sentences[index]
