"""Which episodes a night shall take, where it cannot take all: need × gain beside novelty, importance and chance.

    python benchmarks/selection.py --json benchmarks/results/selection.json

Real conversations (LoCoMo, 6 to 10; `benchmarks/locomo.py`): by day half of the questions, drawn anew for each seed,
are asked and confirmed; a night then takes a tenth or a quarter of the turns. What counts is how much of the evidence
of the other half lies within, of all its questions and of those whose evidence no confirmed recall had touched. The
constants of the rule were chosen on conversations 1 to 5. Nothing is said there of weights: turns are no facts.

A surrogate for what the weights gain, as no conversation says what its people will need to know: the embedded model
hears 36 facts of its generated world, 24 of people that it has never met and 12 that it knows. Demand is heavy-tailed,
1 / rank; by day 36 questions drawn by it are asked and confirmed, and the night takes 12 facts. What counts is the
share of later questions that the weights answer with all text gone. Nothing was chosen there.
"""

import argparse
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import mean, stdev
from typing import Any, NamedTuple

import numpy as np
import torch

from common import WORK, Claim, finish, kept, one_thread, parser
from locomo import QUICK, evidence_of, read, sessions
from reverie.language import LanguageMemory
from reverie.language.cortex import LanguageCortex
from reverie.language.cortex.consolidation import knows
from reverie.language.cortex.embedded import embedded_model
from reverie.language.cortex.selection import (
    Rule,
    Unsaid,
    Waiting,
    importance,
    importance_and_novelty,
    most_worth,
    need,
    need_times_gain,
    novelty,
    uniform,
)
from reverie.language.cortex.wordings import GENERAL
from reverie.language.cortex.world import WORLD_WORDINGS, World
from reverie.memory.episodic import Episode, SQLiteStore

SEEDS = range(10)
SHARES = (0.1, 0.25)
PEOPLE, NEW, OLD, BUDGET = 250, 6, 12, 12
OURS = "need × gain"


def need_alone(waiting: Waiting, limit: int, generator: torch.Generator) -> list[int]:
    """As if telling anything would change as much."""
    return [int(place) for place in np.argsort(-need(waiting), kind="stable")[:limit]]


def gain_alone(waiting: Waiting, limit: int, generator: torch.Generator) -> list[int]:
    """As if all were needed as much: in the order of the gain, given what is chosen."""
    return most_worth(waiting, np.ones(len(waiting.episodes)), limit)


RULES: dict[str, Rule] = {
    "uniform": uniform,
    "novelty": novelty,
    "importance": importance,
    "importance + novelty": importance_and_novelty,
    "need alone": need_alone,
    "gain alone": gain_alone,
    OURS: need_times_gain,
}


# conversations


class Talk(NamedTuple):
    """What was said, as a memory keeps it, and the evidence of each question of categories 1 to 4."""

    episodes: list[Episode]
    gain: Unsaid
    evidence: list[frozenset[int]]


def heard(entry: dict[str, Any]) -> Talk:
    """A conversation, remembered turn by turn."""
    rows = list(sessions(entry["conversation"]))
    with tempfile.TemporaryDirectory() as folder, LanguageMemory.open(Path(folder) / "talk") as memory:
        with memory.store.transaction():
            for _, session, text, when in rows:
                memory.remember(text, session=session, heard=when)
        episodes = memory.store.all()
    place = {name: at for at, (name, *_) in enumerate(rows)}
    asked = [evidence_of(one, place) for one in entry["qa"] if one["category"] < 5]
    return Talk(episodes, Unsaid([one.text or "" for one in episodes]), [one for one in asked if one])


def within(talks: list[Talk], seed: int) -> dict[str, float]:
    """By rule, budget and measure: how much of what is asked later lies within what the night takes."""
    found: dict[str, list[float]] = {}
    for number, talk in enumerate(talks):
        order = np.random.default_rng([seed, number]).permutation(len(talk.evidence)).tolist()
        day, later = ([talk.evidence[at] for at in half] for half in np.array_split(order, 2))
        confirmed = [sum(place in one for one in day) for place in range(len(talk.episodes))]
        waiting = Waiting(talk.episodes, confirmed, talk.gain)
        for name, rule in RULES.items():
            for share in SHARES:
                generator = torch.Generator().manual_seed(1000 * seed + number)
                taken = set(rule(waiting, round(share * len(talk.episodes)), generator))
                for one in later:
                    row = f"{name}|{share:.0%}"
                    there = len(one & taken) / len(one)
                    found.setdefault(f"{row}|evidence", []).append(there)
                    found.setdefault(f"{row}|questions with all evidence", []).append(float(there == 1))
                    if not any(confirmed[place] for place in one):
                        found.setdefault(f"{row}|evidence that no confirmed recall had touched", []).append(there)
    return {name: mean(values) for name, values in found.items()}


# the weights


def answered(names: list[str], seed: int) -> dict[str, float]:
    """By rule: the share of later questions that the weights answer after one night, and whether it was kept."""
    base = embedded_model()
    generator = torch.Generator().manual_seed(seed)
    world = World(people=PEOPLE, generator=torch.Generator().manual_seed(0))
    old = [world.facts[at] for at in torch.randperm(len(world.facts), generator=generator)[:OLD].tolist()]
    world.meet(NEW * seed)
    told = [*world.meet(NEW), *old]
    told = [told[at] for at in torch.randperm(len(told), generator=generator).tolist()]
    demand = 1 / (1 + torch.randperm(len(told), generator=generator).double())
    demand /= demand.sum()
    asked = torch.multinomial(demand, len(told), replacement=True, generator=generator).tolist()
    found = {"before": float(demand @ torch.tensor(knows(base, told, WORLD_WORDINGS)).double())}
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            store = SQLiteStore(Path(folder) / "episodes.db", encoder="hash", dimension=2048)
            store.set_named("cortex model", "tiny")
            cortex = LanguageCortex(store, wordings=WORLD_WORDINGS, base=base, rule=RULES[name])
            memory = LanguageMemory(store, cortex=cortex)
            ids = [memory.remember(GENERAL[1].tell(fact), **fact._asdict()) for fact in told]
            for place in asked:
                memory.confirm(WORLD_WORDINGS.question(told[place].key), ids[place])
            report = cortex.sleep(limit=BUDGET)
            right = torch.tensor(knows(cortex.model, told, WORLD_WORDINGS)).double()
            memory.close()
        print(f"    {seed} {name}: {report['verdict']}, {report['arrived']} arrived", flush=True)
        found |= {name: float(demand @ right), f"{name}, kept": float(report["verdict"] == "kept")}
    return found


# what is said of it


def claims_of(
    what: str, unit: str, values: dict[str, dict[int, float]], command: str, sense: str, beside: dict[str, float]
) -> list[Claim]:
    """One claim for each rule beside chance, seed by seed; then need × gain less chance, and less the sum of two."""
    found = []

    def say(claim: str, each: dict[int, float], bound: float | None, direction: str, by: dict[str, float]) -> None:
        found.append(Claim.of(claim, each, unit, bound, direction, command, by))

    def less(one: str, other: str) -> dict[int, float]:
        return {seed: values[one][seed] - value for seed, value in values[other].items()}

    for name, each in values.items():
        more = less(name, "uniform")
        by = {"more than uniform": mean(more.values()), "spread of that": stdev(more.values())} if len(more) > 1 else {}
        say(f"{what}, chosen by {name}", each, None, "=", beside | by)
    for other in ("uniform", "importance + novelty"):
        say(f"{what}, {OURS} less {other}", less(OURS, other), 0.0 if sense == ">=" else None, sense, {})
    return found


def main() -> None:
    options = arguments()
    one_thread()
    few = options.quick
    seeds = list(SEEDS)[: 2 if few else None]
    place = WORK / "selection" / ("quick" if few else "whole")
    command = f"python benchmarks/selection.py{' --quick' if few else ''}"
    parts = options.only.split(",") if options.only else ["talks", "world"]
    claims: list[Claim] = []
    if "talks" in parts:
        data = read()
        talks = [heard(data[number]) for number in (QUICK[1:] if few else range(len(data) // 2, len(data)))]
        rows = measured(seeds, "talks", lambda seed: within(talks, seed), place, options)
        where = "LoCoMo 6" if few else "LoCoMo 6 to 10"
        for share in SHARES:
            for measure in dict.fromkeys(name.split("|")[2] for one in rows.values() for name in one):
                values = {
                    name: {seed: one[f"{name}|{share:.0%}|{measure}"] for seed, one in rows.items()} for name in RULES
                }
                sense = "=" if few or "touched" in measure else ">="
                what = f"{where}, the later half of the questions, a night of {share:.0%} of the turns: {measure}"
                claims += claims_of(what, "share", values, command, sense, {})
    if "world" in parts:
        names = ["uniform", "importance + novelty", OURS] if few else list(RULES)
        rows = measured(seeds[:1] if few else seeds, "world", partial(answered, names), place, options)
        values = {name: {seed: one[name] for seed, one in rows.items()} for name in names}
        before = {"before the night": mean(one["before"] for one in rows.values())} if rows else {}
        what = f"generated world, a night of {BUDGET} of {4 * NEW + OLD} facts: later questions that the weights answer"
        claims += claims_of(what, "share of demand", values, command, "=" if few else ">=", before)
    finish(claims, options)


def measured(
    seeds: list[int], name: str, measure: Callable[[int], dict[str, float]], place: Path, options: argparse.Namespace
) -> dict[int, dict[str, float]]:
    """What was measured, by seed."""
    found = {seed: kept(place / f"{name}-{seed}.json", options, partial(measure, seed)) for seed in seeds}
    return {seed: one for seed, one in found.items() if one is not None}


def arguments() -> argparse.Namespace:
    options = parser(__doc__.split("\n")[0])
    options.add_argument("--only", default="", help="some of: talks, world")
    return options.parse_args()


if __name__ == "__main__":
    main()
