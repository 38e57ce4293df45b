"""Told once, slept on, known: facts go into the weights of a language model, night by night, and the text is dropped.

    python benchmarks/consolidation.py --json benchmarks/results/consolidation.json

A world of 250 people with four attributes (1000 facts) is what a small GPT, trained from nothing, knows. Each day it
hears 60 facts of 15 people who are new and 12 facts of old ones that have changed, each once; each night these go into
its weights, and their text is dropped. Recall is the greedy answer to the fact's question, word for word, with nothing
before it: nothing is retrieved. Chance is one in thirty. The settings of a night were chosen on the world of seed 0;
the seeds measured are others. Beside it, with the same steps and the same sentences in each: fine-tuning on the day's
facts alone; learning without forgetting (Li & Hoiem, 2017), which distils on the day's sentences; replay of what the
model says freely, distilled; replay of the true old facts, which keeps what may not be kept. Last, a memory that has
no keys of the old facts: how what the model knew by itself wears off.
"""

import argparse
import copy
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import mean, stdev
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

import numpy as np
import torch

from common import WORK, Claim, finish, kept, parser
from reverie.language.cortex.causal import CausalModel
from reverie.language.cortex.consolidation import NightPlan, consolidate, knows, merged, told
from reverie.language.cortex.cortex import LanguageCortex
from reverie.language.cortex.dreaming import dream
from reverie.language.cortex.rehearsal import rehearse
from reverie.language.cortex.tiny import biographies, tiny_model, train_tiny
from reverie.language.cortex.wordings import GENERAL, Wordings
from reverie.language.cortex.world import ATTRIBUTES, WORLD_WORDINGS, World
from reverie.language.fact import Fact, Key
from reverie.language.facts import read_fact
from reverie.memory.episodic import SQLiteStore

PEOPLE, NEW, CHANGED, FEW = 250, 15, 12, 4
SEEDS, LONG = (1, 2, 3), 30
LONG_LIVES = {"cued": (1,), "lora": SEEDS}  # seeds that live for thirty nights; all others, ten
ALL_WEIGHTS = NightPlan(rank=None, learning_rate=1.5e-3)
ONE_WORDING = Wordings(dict.fromkeys(ATTRIBUTES, GENERAL[1:2]))
METHODS = {
    "cued": "cued dreams, all weights",
    "lora": "cued dreams, one adapter a night",
    "open": "cued dreams, keys read from the text, general wordings",
    "true": "replay of the true old facts (keeps them)",
    "free": "replay of free dreams, distilled",
    "lwf": "learning without forgetting",
    "naive": "fine-tuning",
}


def born(seed: int) -> tuple[World, CausalModel]:
    """A world, and the model that knows it; trained once and kept."""
    generator = torch.Generator().manual_seed(seed)
    world = World(people=PEOPLE, generator=generator)
    place = WORK / "consolidation" / f"tiny-{seed}"
    if not (place / "config.json").exists():
        model = tiny_model(generator=generator)
        train_tiny(model, biographies(world.facts, generator=generator), generator=generator)
        model.save(place)
    return world, CausalModel.load(place)


def wordings_of(method: str) -> Wordings:
    """The wordings of a closed list of attributes; or those that fit any, where the keys are read from the text."""
    return Wordings() if method == "open" else WORLD_WORDINGS


def night(method: str, model: CausalModel, tonight: list[Fact], truth: dict[Key, str], seed: int) -> CausalModel:
    """One night of a method. Only `true` may look at the values of what is not tonight's."""
    generator = torch.Generator().manual_seed(seed)
    keys = [key for key in truth if key not in {fact.key for fact in tonight}]
    if method in ("cued", "lora", "open"):
        wordings = wordings_of(method)
        known = [one.fact for one in dream(model, keys, wordings)]
        plan = NightPlan() if method == "lora" else ALL_WEIGHTS
        if method == "open":
            tonight = [fact for fact in map(read_fact, told(tonight, ONE_WORDING)) if fact is not None]
        return merged(consolidate(model, tonight, known, wordings=wordings, plan=plan, generator=generator))
    if method == "true":
        known = [Fact(*key, truth[key]) for key in keys]
        return consolidate(model, tonight, known, wordings=WORLD_WORDINGS, plan=ALL_WEIGHTS, generator=generator)
    sentences = told(tonight, WORLD_WORDINGS)
    replayed: list[str] = []
    if method == "lwf":
        replayed = sentences
    elif method == "free":
        replayed = model.sample(1000, generator)
    morning = CausalModel(copy.deepcopy(model.network).requires_grad_(True), model.tokenizer)
    rehearse(
        morning,
        sentences,
        replayed,
        teacher=model,
        generator=generator,
        steps=ALL_WEIGHTS.steps,
        told_batch=ALL_WEIGHTS.told,
        batch=ALL_WEIGHTS.replayed,
        learning_rate=ALL_WEIGHTS.learning_rate,
    )
    return morning


def live(method: str, seed: int, nights: int, place: Path) -> dict[str, Any]:
    """A life of nights; what is known is asked after each."""
    world, model = born(seed)
    old = list(world.facts)
    truth = {fact.key: fact.value for fact in old}
    changed: dict[Key, str] = {}
    stale: dict[Key, str] = {}
    new: list[Fact] = []
    rows = []
    for number in range(1, nights + 1):
        met = world.meet(NEW)
        turned = world.change([fact for fact in old if fact.key not in changed], CHANGED)
        stale |= {fact.key: truth[fact.key] for fact in turned}
        begun = process_time()
        model = night(method, model, met + turned, truth, 1000 * seed + number)
        seconds = process_time() - begun
        truth |= {fact.key: fact.value for fact in met + turned}
        changed |= {fact.key: fact.value for fact in turned}
        new += met
        groups = {
            "old": [fact for fact in old if fact.key not in changed],
            "new": new,
            "first": new[: 4 * NEW],
            "changed": [Fact(*key, value) for key, value in changed.items()],
            "stale": [Fact(*key, value) for key, value in stale.items()],
        }
        shares = {name: mean(knows(model, facts, wordings_of(method))) for name, facts in groups.items()}
        rows.append(shares | {"seconds": seconds})
        print(f"    {place.stem} {number}: {rows[-1]}", flush=True)
    return {"nights": rows}


def hear(store: SQLiteStore, facts: list[Fact]) -> list[Fact]:
    """Keep facts in a store, each as a sentence; the same facts."""
    for fact in facts:
        store.add(GENERAL[1].tell(fact), np.ones(2, np.float32), **fact._asdict())
    return facts


def forgetting(seed: int, nights: int) -> dict[str, Any]:
    """A memory sleeps for some nights, then forgets a fifth of the second: what is left of that, and of the rest."""
    world, model = born(seed)
    heard: list[Fact] = []
    with TemporaryDirectory() as folder:
        store = SQLiteStore(Path(folder) / "episodes.db", encoder="hash", dimension=2)
        cortex = LanguageCortex(store, wordings=WORLD_WORDINGS, base=model)
        for _ in range(nights):
            heard += hear(store, world.meet(NEW))
            report = cortex.sleep(drop_text=True)
            print(f"    {report}", flush=True)
        gone = heard[4 * NEW : 4 * NEW + CHANGED]
        rest = [fact for fact in heard if fact not in gone]
        rows = [mean(knows(cortex.model, facts, WORLD_WORDINGS)) for facts in (gone, rest)]
        store.forget([one.id for fact in gone for one in store.history(fact.who, fact.what)])
        rows += [mean(knows(cortex.model, facts, WORLD_WORDINGS)) for facts in (gone, rest)]
        certificate = cortex.forget()
        rows += [mean(knows(cortex.model, facts, WORLD_WORDINGS)) for facts in (gone, rest)]
        store.close()
    names = ("known", "rest_known", "row_deleted", "rest_row_deleted", "forgotten", "rest_forgotten")
    return dict(zip(names, rows, strict=True)) | {"certificate": certificate}


def wear(seed: int, nights: int) -> dict[str, Any]:
    """A memory that has no key of what the model knew before its first night: what is left of that, night by night."""
    world, model = born(seed)
    before, heard, rows = list(world.facts), list[Fact](), []
    with TemporaryDirectory() as folder:
        store = SQLiteStore(Path(folder) / "episodes.db", encoder="hash", dimension=2)
        cortex = LanguageCortex(store, wordings=WORLD_WORDINGS, base=model)
        for _ in range(nights):
            heard += hear(store, world.meet(FEW))
            report = cortex.sleep()
            shares = [mean(knows(cortex.model, facts, WORLD_WORDINGS)) for facts in (before, heard)]
            rows.append({"before": shares[0], "heard": shares[1], "worn": report.get("worn", 0.0)})
            print(f"    {report['verdict']}: {rows[-1]}", flush=True)
        store.close()
    return {"first": mean(knows(model, before, WORLD_WORDINGS)), "nights": rows}


def main() -> None:
    options = _parser().parse_args()
    torch.set_num_threads(1)
    if options.model == "smollm2":
        import smollm2

        smollm2.run(options)
        return
    few = options.quick
    seeds = [int(seed) for seed in ("1" if few else options.seeds).split(",")]
    place = WORK / "consolidation" / ("quick" if few else "whole")
    nights = 2 if few else 10
    command = f"python benchmarks/consolidation.py{' --quick' if few else ''}"
    lives: dict[str, dict[int, list[dict[str, float]]]] = {}
    for seed in seeds:
        for method in METHODS if not few else ("cued", "naive"):
            if options.only and method not in options.only.split(","):
                continue
            where = place / f"{method}-{seed}.json"
            long = LONG if seed in LONG_LIVES.get(method, ()) and not few else nights
            if (found := kept(where, options, partial(live, method, seed, long, where))) is not None:
                lives.setdefault(method, {})[seed] = found["nights"]
    claims = _claims(lives, nights, "=" if few else ">=", command)
    if not few:
        long_ones = {method: _long(lives.get(method, {})) for method in LONG_LIVES}
        claims += _claims({method: found for method, found in long_ones.items() if found}, LONG, "=", command)

    def measured(name: str, measure: Callable[[int, int], dict[str, Any]], nights: int) -> dict[int, dict[str, Any]]:
        wanted = seeds if not options.only or name in options.only.split(",") else []
        found = {seed: kept(place / f"{name}-{seed}.json", options, partial(measure, seed, nights)) for seed in wanted}
        return {seed: one for seed, one in found.items() if one is not None}

    nights = 2 if few else 3
    claims += _forgetting_claims(measured("forgetting", forgetting, nights), nights, command)
    nights = 2 if few else 8
    claims += _worn_claims(measured("worn", wear, nights), nights, command)
    finish(claims, options)


def _long(lives: dict[int, list[dict[str, float]]]) -> dict[int, list[dict[str, float]]]:
    return {seed: life for seed, life in lives.items() if len(life) >= LONG}


def _parser() -> argparse.ArgumentParser:
    found = parser(__doc__.split("\n")[0])
    found.add_argument("--seeds", default=",".join(map(str, SEEDS)), help="worlds, each with a model of its own")
    found.add_argument("--only", default="", help="some of: " + ", ".join((*METHODS, "forgetting", "worn")))
    found.add_argument("--model", default="tiny", choices=("tiny", "smollm2"), help="smollm2: benchmarks/smollm2.py")
    return found


def _claims(lives: dict[str, dict[int, list[dict[str, float]]]], nights: int, sense: str, command: str) -> list[Claim]:
    """What is known after the last night, by the cued dreams and by what stands beside them."""
    found = []
    bounds = {"old": 0.95, "new": 0.95, "changed": 0.95, "stale": 0.03}
    whats = {
        "old": "old facts (1000 less the changed ones)",
        "new": "new facts of all nights",
        "changed": "changed facts, by their new value",
        "stale": "changed facts, by their old value",
    }
    for method in ("cued", "lora", "open"):
        for name, what in whats.items():
            if method not in lives:
                continue
            each = {seed: life[nights - 1][name] for seed, life in lives[method].items()}
            beside = {
                METHODS[other]: mean(life[nights - 1][name] for life in lives[other].values())
                for other in METHODS
                if other in lives and other != method
            }
            direction = "=" if method == "open" else sense if sense == "=" or name != "stale" else "<="
            said = f"{nights} nights, {METHODS[method]}, nothing of the text kept, empty context: {what}"
            found.append(Claim.of(said, each, "fraction", bounds[name], direction, command, beside))
        if method in lives:
            seconds = [row["seconds"] for life in lives[method].values() for row in life[:nights]]
            found.append(
                Claim(
                    f"{nights} nights, {METHODS[method]}: processor time of a night",
                    mean(seconds),
                    "s",
                    None,
                    "=",
                    list(lives[method]),
                    stdev(seconds) if len(seconds) > 1 else 0.0,
                    command,
                )
            )
    return found


def _forgetting_claims(found: dict[int, dict[str, Any]], nights: int, command: str) -> list[Claim]:
    if not found:
        return []

    def say(what: str, name: str, bound: float | None, sense: str, beside: dict[str, str]) -> Claim:
        each = {seed: one[name] for seed, one in found.items()}
        baselines = {label: mean(one[other] for one in found.values()) for label, other in beside.items()}
        said = f"{CHANGED} facts of the second of {nights} nights are forgotten, and the memory sleeps: {what}"
        return Claim.of(said, each, "fraction", bound, sense, command, baselines)

    before = {"before": "known", "their rows deleted, without the sleep": "row_deleted"}
    return [
        say("recall of the forgotten (chance 0.033)", "forgotten", 0.1, "<=", before),
        say("recall of the others", "rest_forgotten", 0.95, ">=", {"before": "rest_known"}),
    ]


def _worn_claims(found: dict[int, dict[str, Any]], nights: int, command: str) -> list[Claim]:
    if not found:
        return []

    def say(what: str, name: str, unit: str, beside: dict[str, float]) -> Claim:
        each = {seed: one["nights"][-1][name] for seed, one in found.items()}
        return Claim.of(f"{nights} nights of {4 * FEW} facts: {what}", each, unit, None, "=", command, beside)

    first = {"before the first night": mean(one["first"] for one in found.values())}
    return [
        say("what the model knew before and the memory has no key of", "before", "fraction", first),
        say("what was told", "heard", "fraction", {}),
        say("loss on the model's own sentences", "worn", "nat per token more", {}),
    ]


if __name__ == "__main__":
    main()
