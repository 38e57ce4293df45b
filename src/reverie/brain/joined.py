"""What several senses answer together: their evidence is multiplied, and one to which a sample is strange counts less.

For a sample with keys h_s, and π_c the share of class c::

    p(c | h) ∝ π_c Π_s (w_s p_s(c | h_s) / π_sc + 1 − w_s)
    w_s = v_s / max v,     v_s = min(1, (1 − u_s) / u_s)

With probability 1 − w_s the key tells nothing: so a strange one cannot overrule the others, however sure it is. u_s is
how unfamiliar the key is to its sense (`reverie.memory.familiarity`): for 95 % of samples of known classes it is below
½, and v is 1; for noise it is near 1, and v near 0. What a sample lacks has no weight. A sense that has never met a
class has no evidence for or against it. The product is exact where senses are independent, given the class (naive
Bayes).

References: Hinton, 2002, Neural Computation 14 (products of experts); Huber, 1964, Annals of Mathematical Statistics 35
(contaminated distributions).
"""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int64, Num
from torch import Tensor

from reverie.memory import AssociativeMemory
from reverie.memory.familiarity import unfamiliarity
from reverie.senses import Part

__all__ = ["Joined"]


_LEAST = 1e-6  # weight of a sense that has something


class _Voice(NamedTuple):
    part: Part
    memory: AssociativeMemory

    def heard(self, keys: Num[Tensor, "n d"]) -> tuple[Int64[Tensor, " m"], Num[Tensor, "m p"]]:
        """Which samples have something for this sense, and its part of their keys."""
        rows = keys[:, self.part.there].nonzero().flatten()
        return rows, keys[rows][:, self.part.inputs]


class Joined:
    """Memories of the parts of a key; they stay as they are when the memory of all changes.

    Parameters
    ----------
    memory : AssociativeMemory
        Of whole keys.
    parts : list of Part
    columns : Int64[Tensor, " k"]
        Value columns of the labels that are known.
    """

    def __init__(self, memory: AssociativeMemory, parts: list[Part], columns: Int64[Tensor, " k"]) -> None:
        self.columns = columns
        counts = memory.value_sums[columns]
        self.balanced = memory.balanced
        self.prior = self._log_prior(counts)
        self.voices = []
        for part in parts:
            own = memory.part(part.inputs, part.there)
            own.unit = part.unit
            if int((own.value_sums > 0.5).sum()) > 1:
                self.voices.append(_Voice(part, own))

    def _log_prior(self, counts: Tensor) -> Float[Tensor, " k"]:
        counts = torch.ones_like(counts) if self.balanced else counts
        return (counts / counts.sum()).log()

    def logits(self, keys: Num[Tensor, "n d"]) -> Float[Tensor, "n k"]:
        """log p(c | h)."""
        weights, evidence = keys.new_zeros(len(self.voices), len(keys), dtype=torch.float64), []
        for index, voice in enumerate(self.voices):
            rows, own = voice.heard(keys)
            found = torch.zeros(len(keys), len(self.columns), dtype=torch.float64)
            if len(rows):
                strange = unfamiliarity(voice.memory, own)
                weights[index, rows] = ((1 - strange) / strange).clamp(_LEAST, 1)
                found[rows] = self._evidence(voice.memory, own)
            evidence.append(found)
        weights = (weights / weights.amax(0).clamp_min(_LEAST)).clamp(max=1 - _LEAST)  # no sense vetoes
        told = [torch.log(w[:, None] * one.exp() + 1 - w[:, None]) for w, one in zip(weights, evidence, strict=True)]
        total = self.prior + sum(told)
        return torch.log_softmax(total, 1)

    def _evidence(self, memory: AssociativeMemory, keys: Num[Tensor, "n d"]) -> Float[Tensor, "n k"]:
        """log p_s(c | h) − log π_sc; nothing for classes that this sense has never met."""
        decision = memory.decision()
        found = torch.log_softmax(decision.logits(keys), 1) - self._log_prior(memory.value_sums[decision.columns])
        evidence = found.new_zeros(len(keys), len(self.columns))
        evidence[:, torch.searchsorted(self.columns.sort().values, decision.columns)] = found
        return evidence[:, self.columns.argsort().argsort()]

    def unfamiliarity(self, keys: Num[Tensor, "n d"]) -> Float[Tensor, " n"]:
        """How little each sample is like the known classes, to the sense that knows it best; 1 where it has nothing."""
        least = torch.ones(len(keys), dtype=torch.float64)
        for voice in self.voices:
            rows, own = voice.heard(keys)
            if len(rows):
                least[rows] = torch.minimum(least[rows], unfamiliarity(voice.memory, own))
        return least
