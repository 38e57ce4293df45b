"""The cortex of a memory: a language model that learns at night what the day has heard, and answers without looking.

A night (`LanguageCortex.sleep`): the facts that wait are told in all wordings, what earlier nights have learned is
dreamed key by key, and so is a little of what the model said of itself before its first night, for its general ability.
In the morning everything is asked, with nothing before the question. Where too little of what was known is left, or
the general ability has fallen, nothing of the night is kept, and the report says why. A fact has arrived when its
question is answered; how often that was proven is its stage. What a night finds lost is told again where its text is
still kept.

Forgetting goes back: the model of the day before the fact was learned, which has never heard of it, learns in one night
what today's model still is to know, key by key, told by today's model itself. Where the fact's night has been folded
with others (`reverie.language.cortex.nights`), that is the day before the first of them. Such a night has as many steps
as it takes to tell all that again. The certificate says since which night everything was learned anew, what was
answered before and after, and what a model that never heard of it would have said.
"""

import copy
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from statistics import mean
from typing import Any

import torch

from reverie.errors import BadData
from reverie.language.cortex.adapters import Adapter, adapter_of, add_adapter, cut_adapter, rank_of
from reverie.language.cortex.causal import CausalModel, Completion
from reverie.language.cortex.consolidation import NightPlan, consolidate, knows, sureness
from reverie.language.cortex.dreaming import dream
from reverie.language.cortex.keyed import fact_of, folded, key_of
from reverie.language.cortex.known import Known
from reverie.language.cortex.naming import names, words
from reverie.language.cortex.nights import Night, Nights, base_model
from reverie.language.cortex.selection import Rule, Waiting, need_times_gain, times_confirmed, unknown
from reverie.language.cortex.wordings import Wordings
from reverie.language.fact import Fact, Key
from reverie.language.recollection import SURE
from reverie.memory.episodic import Episode, EpisodicStore

__all__ = ["Gate", "Known", "LanguageCortex"]

_SAID, _PROBED = 192, 64  # sentences of the model's own: replayed, and kept apart to measure its general ability
_STAGES = 3
_TRIED = "cortex nights tried"


@dataclass(frozen=True)
class Gate:
    """What a night must leave as it was.

    Parameters
    ----------
    retention : float
        Share of what was known in the evening that must be known in the morning, 0…1.
    general : float
        Largest growth of the loss on sentences of the model's own, nat per token.
    arrived : float
        Share of tonight's facts that must be known in the morning, 0…1.
    """

    retention: float = 0.95
    general: float = 0.25
    arrived: float = 0.5


class LanguageCortex:
    """A language model that sleeps with a memory.

    Parameters
    ----------
    store : EpisodicStore
        Of the memory; its nights are kept there.
    wordings : Wordings, optional
        In which facts are told at night and asked for.
    plan : NightPlan, optional
    gate : Gate, optional
    base : CausalModel, optional
        The model of before the first night. None: the one that the memory names (`Nights.choose`).
    rule : callable
        By which facts are chosen where a night has a limit (`reverie.language.cortex.selection`).
    """

    def __init__(
        self, store: EpisodicStore, *, wordings: Wordings | None = None, plan: NightPlan | None = None,
        gate: Gate | None = None,
        base: CausalModel | None = None,
        rule: Rule = need_times_gain,
    ) -> None:  # fmt: skip
        self._store, self.nights, self._rule = store, Nights(store), rule
        self.wordings, self.plan, self.gate = wordings or Wordings(), plan or NightPlan(), gate or Gate()
        if self.plan.rank is None:
            raise BadData("plan.rank is None. A cortex keeps an adapter for each night: give a rank.")
        self._base = base
        self._now: tuple[int, CausalModel] | None = None

    # awake

    def answer(self, question: str) -> Known | None:
        """What the weights say to a question that is about a key they have learned; None where it is about none.

        The question is about a key if it names who, and either what or nothing that the person's other keys answer.
        """
        asked = f" {' '.join(words(question))} "
        about = [key for key in self._learned() if names(question, key.who)]
        named = [key for key in about if f" {' '.join(words(key.what))} " in asked]
        if not about:
            return None
        model = self.model
        if named:
            key = max(named, key=lambda one: len(one.who) + len(one.what))
            said = model.complete([self.wordings.question(key)])[0]
            return Known(said.text, said.confidence, key)
        said = model.complete([question.strip()])[0]
        for one in dream(model, about, self.wordings):
            if one.fact.value == said.text:
                return Known(said.text, said.confidence, one.fact.key)
        return None

    @property
    def model(self) -> CausalModel:
        """The model as it is after the last night."""
        count = len(self.nights.all())
        if self._now is None or self._now[0] != count:
            self._now = count, self.nights.model_before(self.base)
        return self._now[1]

    @property
    def base(self) -> CausalModel:
        """The model as it was given, without what it has learned."""
        if self._base is None:
            name = self.nights.model
            if name is None:
                raise BadData(
                    "No language model was chosen for this memory. Name one: reverie memory sleep --model tiny"
                )
            self._base = base_model(name)
        return self._base

    @cached_property
    def _own_words(self) -> list[str]:
        """What the model says of itself before its first night: some to measure by, the rest to replay."""
        return self.base.sample(_SAID + _PROBED, torch.Generator().manual_seed(0))

    @cached_property
    def _first_loss(self) -> float:
        """Of the model before its first night, on what it says of itself."""
        return _loss(self.base, self._own_words[:_PROBED])

    def _learned(self) -> list[Key]:
        return list(dict.fromkeys(key_of(one) for one in self._in_weights()))

    def _in_weights(self) -> list[Episode]:
        """The newest version of what is in the weights; what was heard of it since is not there yet."""
        newest: dict[tuple[str, str], Episode] = {}
        for one in self._store.learned():
            newest[folded(key_of(one))] = one
        return list(newest.values())

    # asleep

    def sleep(self, *, drop_text: bool = False, limit: int | None = None) -> dict[str, Any]:
        """One night: what waits goes into the weights, and what was there stays.

        Parameters
        ----------
        drop_text : bool
            Delete the text of what was proven to have arrived, tonight or earlier, and is said surely.
        limit : int, optional
            Facts of the night, chosen by the rule. None: all that wait.

        Returns
        -------
        dict
            The night's report. `verdict` is "kept", "rolled back" or "nothing to do"; `general` is by how many nat per
            token the model's own sentences cost more than in the evening, `worn` than before its first night.
        """
        if limit is not None and limit < 0:
            raise BadData(f"limit is {limit}. Expected a number of facts, 0 or more, or None for all that wait.")
        waiting = self._store.waiting()
        some = waiting if limit is None or limit >= len(waiting) else self._chosen(waiting, limit)
        tonight = {key_of(one): one for one in some}  # one of each key: of facts that hold there is one
        number = self.nights.next
        if not tonight:
            return {"verdict": "nothing to do", "waiting": len(waiting), "audit": self._audit(drop_text)}
        evening = self.model
        changed = {folded(key) for key in tonight}
        keys = [key for key in self._learned() if folded(key) not in changed]
        known = [one.fact for one in dream(evening, keys, self.wordings)]
        facts = [fact_of(one) for one in tonight.values()]
        generator = self._next_generator()
        before = _loss(evening, self._own_words[:_PROBED])
        morning = consolidate(
            evening,
            facts,
            known,
            wordings=self.wordings,
            plan=self.plan,
            generator=generator,
            general=self._own_words[_PROBED:],
        )
        adapter, morning, right = self._cut(evening, adapter_of(morning.network), [*facts, *known])
        arrived = [one for one, there in zip(tonight.values(), right[: len(facts)], strict=True) if there]
        report: dict[str, Any] = {
            "night": number,
            "tonight": len(facts),
            "arrived": len(arrived),
            "known": len(known),
            "retained": mean(right[len(facts) :]) if known else 1.0,
            "general": (loss := _loss(morning, self._own_words[:_PROBED])) - before,
            "worn": loss - self._first_loss,
            "rank": rank_of(adapter),
            "waiting": len(waiting) - len(arrived),
        }
        reason = self._harm(report)
        if reason is not None:
            return report | {"verdict": "rolled back", "reason": reason, "waiting": len(waiting)}
        ids = [one.id for one in arrived]
        heard = tuple(one.id for one in tonight.values())
        with self._store.transaction():
            if any(one.forgotten is not None for one in self._store.some(heard)):
                return report | {"verdict": "rolled back", "reason": "a fact of the night was forgotten meanwhile"}
            self.nights.keep(Night(number, heard, report), adapter)
            self._store.mark(ids, night=number, stage=1)
        return report | {"verdict": "kept", "audit": self._audit(drop_text, skip=set(ids))}

    def _chosen(self, waiting: list[Episode], limit: int) -> list[Episode]:
        """So many of those that wait, by the rule; who asked for a key has asked for every version of it."""
        gain = unknown(self.model, [fact_of(one) for one in waiting], self.wordings)
        there = Waiting(waiting, times_confirmed(self._store, waiting), gain)
        chosen = self._rule(there, limit, torch.Generator().manual_seed(self.nights.next))
        return [waiting[place] for place in chosen]

    def _next_generator(self) -> torch.Generator:
        """Of the next night; one that is tried again after it was rolled back is another."""
        tried = int(self._store.get_named(_TRIED, 0)) + 1
        self._store.set_named(_TRIED, tried)
        return torch.Generator().manual_seed(tried)

    def _harm(self, report: dict[str, Any]) -> str | None:
        """Why a night may not be kept."""
        if report["retained"] < self.gate.retention:
            return f"only {report['retained']:.3f} of what was known is left; {self.gate.retention} are asked for"
        if report["general"] > self.gate.general:
            return f"sentences of the model's own cost {report['general']:.2f} nat more; {self.gate.general} may be"
        if report["arrived"] < self.gate.arrived * report["tonight"]:
            return f"only {report['arrived']} of {report['tonight']} facts have arrived"
        return None

    def _cut(
        self, evening: CausalModel, adapter: Adapter, facts: list[Fact]
    ) -> tuple[Adapter, CausalModel, list[bool]]:
        """The adapter with the fewest directions, halved again and again, that answers as many as it does whole.

        Also the model with it, and which of the facts that answers.
        """
        best, model = adapter, _with(evening, adapter)
        right = knows(model, facts, self.wordings)
        least = sum(right)
        rank = rank_of(adapter)
        while rank > 1:
            rank //= 2
            less = cut_adapter(adapter, rank)
            tried = _with(evening, less)
            answered = knows(tried, facts, self.wordings)
            if sum(answered) < least:
                break
            best, model, right = less, tried, answered
        return best, model, right

    def _audit(self, drop_text: bool, skip: set[int] | None = None) -> dict[str, int]:
        """Ask for what is in the weights and whose value is still kept: proven once more, or to be told again."""
        kept = [one for one in self._in_weights() if one.value is not None and one.valid_to is None]
        sure = sureness(self.model, [fact_of(one) for one in kept], self.wordings) if kept else []
        lost = [one for one, how in zip(kept, sure, strict=True) if how is None]
        proven = [one for one, how in zip(kept, sure, strict=True) if how is not None]
        with self._store.transaction():
            self._store.mark([one.id for one in lost], night=None, stage=0)
            by_stage: dict[tuple[int | None, int], list[int]] = defaultdict(list)
            for one in proven:
                if one.id not in (skip or set()):
                    by_stage[one.night, min(one.stage + 1, _STAGES)].append(one.id)
            for (night, stage), ids in by_stage.items():
                self._store.mark(ids, night=night, stage=stage)
            if drop_text:
                said_surely = [one.id for one, how in zip(kept, sure, strict=True) if how is not None and how >= SURE]
                self._store.drop_text(said_surely)
        return {"proven": len(proven), "lost": len(lost)}

    # forgetting

    def forget(self) -> dict[str, Any]:
        """Take out of the weights what the store has forgotten since the last night; a certificate."""
        told_in = self.nights.told_in()
        gone = [one for one in self._store.tombstones() if one.id in told_in]
        if not gone:
            return {"forgotten": []}
        first = min(told_in[one.id] for one in gone)
        today, never = self.model, self.nights.model_before(self.base, first)
        keys = list(dict.fromkeys(key_of(one) for one in gone if one.who is not None))
        newest = {folded(key_of(one)): one.id for one in gone}
        still = [key_of(one) for one in self._in_weights() if one.id > newest.get(folded(key_of(one)), 0)]
        stays = [one.fact for one in dream(today, still, self.wordings)]
        later = {key_of(one): one.id for one in self._in_weights() if told_in.get(one.id, 0) >= first}
        told = [fact for fact in stays if fact.key in later]
        number = self.nights.next
        if stays:
            rebuilt = consolidate(
                never, told, [fact for fact in stays if fact.key not in later], wordings=self.wordings,
                plan=self.plan.anew(sum(len(self.wordings.of(fact.what)) for fact in told)),
                generator=self._next_generator(), general=self._own_words[_PROBED:],
            )  # fmt: skip
            adapter, rebuilt, right = self._cut(never, adapter_of(rebuilt.network), [*told, *stays])
        else:
            adapter, rebuilt, right = {}, never, []
        stays_so = set(map(folded, still))
        cues = [
            wording.cue(key) for key in keys if folded(key) not in stays_so for wording in self.wordings.of(key.what)
        ]
        were, are, would = (model.complete(cues) if cues else [] for model in (today, rebuilt, never))
        certificate: dict[str, Any] = {
            "forgotten": [one.id for one in gone],
            "since_night": first,
            "cues": len(cues),
            "answered_as_before": _same(were, are),
            "chance": _same(were, would),
            "retained": mean(right[len(told) :]) if stays else 1.0,
        }
        if certificate["retained"] < self.gate.retention:
            return certificate | {"verdict": "put off", "reason": "too little of the rest was left; it is tried again"}
        with self._store.transaction():
            self.nights.keep(Night(number, tuple(later.values()), certificate), adapter, instead_of=first)
            self._store.bury([one.id for one in gone])
        self._now = None
        return certificate | {"verdict": "forgotten"}


def _with(model: CausalModel, adapter: Adapter) -> CausalModel:
    network = copy.deepcopy(model.network)
    add_adapter(network, adapter)
    return model.with_network(network)


def _same(ones: list[Completion], others: list[Completion]) -> float:
    return mean(one.text == other.text for one, other in zip(ones, others, strict=True)) if ones else 0.0


@torch.no_grad()
def _loss(model: CausalModel, sentences: list[str]) -> float:
    return float(model.loss(model.encode(sentences)))
