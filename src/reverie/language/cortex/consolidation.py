"""One night in the weights: today's facts go in, and what was known stays.

Tonight's facts are told in every wording (re-voiced), beside the dreams of all earlier keys. What the dreams say is
taken as true where the wordings have voted: learning it as text keeps the weights as sure as they were, where the
softer targets of distillation make them a little less sure each night. Now and then everything is asked, awake as it
were, and what is missed is told more often.
"""

import copy
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil

import torch
from torch import nn

from reverie.errors import BadData, MissingData
from reverie.language.cortex.adapters import is_transposed
from reverie.language.cortex.causal import CausalModel
from reverie.language.cortex.rehearsal import Missed, rehearse
from reverie.language.cortex.wordings import Wordings
from reverie.language.fact import Fact
from reverie.language.recollection import SURE

__all__ = ["NightPlan", "consolidate", "knows", "merged", "sureness", "told"]

_FEWEST, _LEAST = 24, 8  # steps of a night, sentences replayed in each
_TOLD, _OVER = 4, 1.5  # times that everything is told in a night, and replayed


@dataclass(frozen=True)
class NightPlan:
    """How much a night does.

    Parameters
    ----------
    rank : int, optional
        Of the night's adapter, a LoRA on every linear layer (Hu et al., 2021, arXiv:2106.09685); None: all
        weights learn.
    steps : int
        Steps of the optimiser, at most: a night has as many as it needs to tell everything four times and to replay
        everything one and a half times, and at least 24; then as many again while something of it is not
        known surely.
    told, replayed : int
        Sentences in a step: of tonight's facts, and of the dreams at most.
    learning_rate : float
        Of Muon.
    """

    rank: int | None = 64
    steps: int = 90
    told: int = 12
    replayed: int = 64
    learning_rate: float = 4e-3

    def __post_init__(self) -> None:
        if self.rank is not None and self.rank < 1:
            raise BadData(f"rank is {self.rank}. Expected at least 1, or None for all weights.")
        if min(self.steps, self.told, self.replayed) < 1:
            raise BadData(
                f"steps, told and replayed are {self.steps}, {self.told} and {self.replayed}. Expected at least 1 each."
            )

    def steps_for(self, told: int, replayed: int) -> int:
        """Steps of a night with so many sentences."""
        return min(self.steps, max(_FEWEST, ceil(_TOLD * told / self.told), ceil(_OVER * replayed / self.replayed)))

    def anew(self, told: int) -> "NightPlan":
        """The plan of a night that tells again what many nights have told: it has the steps for so many sentences."""
        return replace(self, steps=max(self.steps, ceil(_TOLD * told / self.told)))


def told(facts: list[Fact], wordings: Wordings) -> list[str]:
    """Facts as sentences, each in all its wordings."""
    return [wording.tell(fact) for fact in facts for wording in wordings.of(fact.what)]


def sureness(model: CausalModel, facts: list[Fact], wordings: Wordings) -> list[float | None]:
    """How sure the model answers each fact's question with its value, 0…1; None where it answers otherwise."""
    said = model.complete([wordings.question(fact.key) for fact in facts]) if facts else []
    return [one.confidence if one.text == fact.value else None for fact, one in zip(facts, said, strict=True)]


def knows(model: CausalModel, facts: list[Fact], wordings: Wordings, *, sure: float = 0.0) -> list[bool]:
    """Whether the model, asked with nothing before it, answers each fact's question with its value.

    Parameters
    ----------
    sure : float
        How sure of it the model must be, 0…1.
    """
    return [one is not None and one >= sure for one in sureness(model, facts, wordings)]


def consolidate(
    model: CausalModel,
    tonight: list[Fact],
    known: list[Fact],
    *,
    wordings: Wordings,
    plan: NightPlan,
    generator: torch.Generator,
    general: Sequence[str] = (),
) -> CausalModel:
    """The model of the morning, with the night's adapter not yet merged; the evening's is left as it was.

    Parameters
    ----------
    tonight : list of Fact
        Heard since the last night.
    known : list of Fact
        What is to stay: the dreams of the earlier keys, none of them tonight's.
    general : sequence of str
        Sentences that are to stay as likely as they are, replayed with the dreams.
    """
    if not tonight and not known:
        raise BadData("There is nothing to consolidate: no fact was given, neither of tonight nor of before.")
    keys = {fact.key for fact in tonight}
    if any(fact.key in keys for fact in known):
        raise BadData("A fact is both tonight's and known from before. Expected the dreams without tonight's keys.")
    morning = model.with_network(_learning(model.network, plan.rank, generator))

    def ask() -> Missed:
        missed = [
            [fact for fact, right in zip(facts, knows(morning, facts, wordings), strict=True) if not right]
            for facts in (tonight, known)
        ]
        return Missed(*(told(facts, wordings) for facts in missed))

    today, before = told(tonight, wordings), [*told(known, wordings), *general]
    steps = done = plan.steps_for(len(today), len(before))
    while True:
        rehearse(
            morning,
            today,
            before,
            ask=ask,
            steps=steps,
            told_batch=plan.told,
            batch=min(plan.replayed, max(_LEAST, ceil(_OVER * len(before) / steps))),
            learning_rate=plan.learning_rate,
            generator=generator,
        )
        done += steps
        if done > plan.steps or all(knows(morning, tonight, wordings, sure=SURE)):
            break
    return morning


def merged(model: CausalModel) -> CausalModel:
    """The model with its adapter in its weights, where it has one."""
    merge = getattr(model.network, "merge_and_unload", None)
    return model if merge is None else model.with_network(merge())


def _learning(network: nn.Module, rank: int | None, generator: torch.Generator) -> nn.Module:
    """A copy of a network whose weights learn, or an adapter on them."""
    network = copy.deepcopy(network)
    if rank is None:
        return network.requires_grad_(True)
    try:
        from peft import LoraConfig, get_peft_model
    except ImportError:
        raise MissingData("Nights need a package that is not installed. Run: pip install 'reverie[language]'") from None
    config = LoraConfig(
        r=rank, lora_alpha=rank, target_modules="all-linear", fan_in_fan_out=any(map(is_transposed, network.modules()))
    )
    with torch.random.fork_rng(), warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # peft asks transformers for what goes by another name by now
        torch.manual_seed(int(torch.randint(2**31, (), generator=generator)))
        return get_peft_model(network, config)
