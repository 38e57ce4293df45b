"""A brain on MNIST, CIFAR-10 and CLINC150: class-incremental, one pass, nothing stored; before and after its night.

Each measurement is kept in `.work/brain` and not made again. Pictures pass the visual cortex grown from the first two
classes alone; sentences pass MiniLM and a random expansion. Beside them: the learners that are controls everywhere,
joint training, and the same brain with random filters. Nothing is chosen on test data.
"""

import json
import os
import shutil
import tempfile
import time
from argparse import Namespace
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import mean, median
from typing import Any

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.metrics import roc_auc_score
from sklearn.naive_bayes import GaussianNB

from common import WORK, Claim, arguments, finish, kept
from reverie.brain import Brain, Plan
from reverie.contracts import Learner, Stream
from reverie.learners import NCM, SLDA, Joint
from reverie.streams import clinc150, digits, memristor, split_cifar10, split_mnist
from reverie.streams.locate import find
from reverie.text import encode_text
from standin import stand_in_for

ORDERS = [0, 1, 2]
FAR = 1_000_000  # samples after which learning must be as quick as at first
BATCH = 5000  # samples in a call of `learn`

STREAMS: dict[str, Callable[..., Stream]] = {
    "mnist": split_mnist,
    "cifar10": split_cifar10,
    "clinc150": lambda order: clinc150(order=order, encoder="minilm"),
    "digits": digits,
    "memristor": memristor,
}
PICTURES = {"precision": "bfloat16"}
BRAINS: dict[str, dict[str, Any]] = {
    "mnist": {"encoder": "cortex", "settings": PICTURES | {"filters": 200}},
    "cifar10": {"encoder": "cortex", "settings": PICTURES | {"filters": 400}},
    "clinc150": {"encoder": "expansion", "settings": {"width": 6000, "input_scale": 2.0}},
    "digits": {"encoder": "expansion", "settings": {"width": 500}},
    "memristor": {"encoder": "expansion", "settings": {"width": 500}},
}
# where pruning a half would cost accuracy, sixteen bits do most
NIGHTS = {"cifar10": Plan(bits=16, hidden=(), keep=0.96), "clinc150": Plan(bits=16, hidden=())}
MIRRORED = ("cifar10",)  # pictures that are as likely the other way round are learned both ways
BOUNDS = {"mnist": 0.990, "cifar10": 0.77}
NAMES = {
    "mnist": "Split MNIST",
    "cifar10": "Split CIFAR-10",
    "clinc150": "CLINC150 (MiniLM)",
    "digits": "digits",
    "memristor": "memristor (simulated)",
}


def measured(name: str, options: Namespace, measure: Callable[[], dict[str, Any]]) -> dict[str, Any] | None:
    """A measurement by its name; None where it was not made and shall not be."""
    return kept(WORK / "brain" / f"{name}.json", options, measure)


def live(brain: Brain, stream: Stream, *, mirrored: bool = False) -> float:
    """Learn a stream in its order, once; the seconds that it took."""
    spent = 0.0
    for experience in stream:
        x, y = _numpy(experience.train_x), _numpy(experience.train_y)
        began = time.perf_counter()
        for start in range(0, len(x), BATCH):
            brain.learn(x[start : start + BATCH], y[start : start + BATCH])
            if mirrored:
                brain.learn(x[start : start + BATCH, :, ::-1], y[start : start + BATCH])
        spent += time.perf_counter() - began
    return spent


def tests(stream: Stream) -> tuple[Any, Any]:
    """All test samples of a stream."""
    parts = [(_numpy(experience.test_x), _numpy(experience.test_y)) for experience in stream]
    return np.concatenate([x for x, _ in parts]), np.concatenate([y for _, y in parts])


def accuracy(brain: Brain, x: Any, y: Any, by: Any = "memory") -> float:
    return float((brain.predict(x, by=by) == y).mean())


def life(name: str, order: int, *, settings: dict[str, Any] | None = None, budget: int | None = None) -> dict[str, Any]:
    """A brain's life on a stream, and its night."""
    stream = STREAMS[name](order=order)
    x, y = tests(stream)
    with tempfile.TemporaryDirectory() as place:
        made = BRAINS[name] if budget is None else {"settings": PICTURES}
        made = made | {"settings": made["settings"] | (settings or {})}
        brain = Brain.create(Path(place) / "b", **made, forgettable=False, budget=budget, seed=order)
        found: dict[str, Any] = {"learn seconds": live(brain, stream, mirrored=name in MIRRORED and budget is None)}
        began = time.perf_counter()
        brain.predict(x[:1])
        found["solve seconds"] = time.perf_counter() - began
        found["before"] = accuracy(brain, x, y)
        found["bytes before"] = brain.state_bytes
        if name == "clinc150":
            found["auroc"] = out_of_scope(brain, x)
        shutil.copytree(Path(place) / "b", Path(place) / "awake")
        report = brain.sleep(NIGHTS.get(name, Plan()) if budget is None else Plan())
        found |= {"night seconds": report["seconds"], "verdict": report["verdict"], "reason": report["reason"]}
        found["inputs"] = report["inputs"]
        found["after"], found["bytes after"] = accuracy(brain, x, y), brain.state_bytes
        with Brain.open(Path(place) / "awake", writer=False) as awake:
            found |= predict_times(awake, brain, x)
        if brain.mind.cortex is not None:
            found["cortex"] = accuracy(brain, x, y, by="cortex")
        found["before the harmful night"] = accuracy(brain, x, y)
        harmful = brain.sleep(Plan(keep=0.005, tolerance=1.0, hidden=()))
        found["harmful"] = harmful["verdict"]
        found["after the harmful night"] = accuracy(brain, x, y)
        brain.close()
    return found


def dreamt(name: str) -> dict[str, Any]:
    """Where the night trains no network: what one on dreams would be worth."""
    stream = STREAMS[name](order=0)
    x, y = tests(stream)
    with tempfile.TemporaryDirectory() as place:
        brain = Brain.create(Path(place) / "b", **BRAINS[name], forgettable=False, seed=0)
        live(brain, stream)
        found = {"awake": accuracy(brain, x, y)}
        brain.sleep(Plan(keep=1.0, tolerance=1.0, retention=0.0, hidden=(400, 400), steps=3000))
        found["cortex"] = accuracy(brain, x, y, by="cortex")
        brain.close()
    return found


def predict_times(awake: Brain, asleep: Brain, x: Any) -> dict[str, float]:
    """Seconds for a thousand samples, or all: labels, at once, a hundred or one at a time; labels and novelty.

    Before and after the night, taken in turns.
    """
    x = x[:1000]

    def parted(brain: Brain, size: int) -> None:
        for start in range(0, len(x), size):
            brain.predict(x[start : start + size])

    times: dict[str, list[float]] = {}
    for round_ in range(6):
        for when, brain in (("before", awake), ("after", asleep)):
            for ask, wanted in (
                ("predict", partial(parted, brain, 1000)),
                ("predict by hundreds", partial(parted, brain, 100)),
                ("predict one by one", partial(parted, brain, 1)),
                ("answer", partial(brain.answer, x)),
            ):
                began = time.perf_counter()
                wanted()
                if round_ > 0:  # the first solves the read-out
                    times.setdefault(f"{ask} {when} seconds", []).append(time.perf_counter() - began)
    return {name: median(taken) for name, taken in times.items()}


def out_of_scope(brain: Brain, known: Any) -> float:
    """Area under the ROC curve of novelty: sentences of no known intent against those of the test part."""
    loaded = json.loads(find("clinc150").read_text(encoding="utf-8"))
    strange = encode_text([text for text, _ in loaded["oos_test"]], "minilm")
    scores = np.concatenate([brain.novelty(known), brain.novelty(strange)])
    return float(roc_auc_score(np.r_[np.zeros(len(known)), np.ones(len(strange))], scores))


def controls(name: str) -> dict[str, Any]:
    """Nearest class mean, streaming LDA, the exact memory on what comes in, random filters; joint training.

    Pictures are trained on jointly by a network of 400–400 units, sentences by logistic regression.
    """
    stream = STREAMS[name](order=0)
    x, y = tests(stream)
    found: dict[str, Any] = {}
    learners: dict[str, Learner] = {"ncm": NCM(), "slda": SLDA()}
    if BRAINS[name]["encoder"] == "cortex":
        learners["joint, a network on pixels"] = Joint(precision="bfloat16")
    for label, learner in learners.items():
        for experience in stream:
            learner.partial_fit(experience.train_x, experience.train_y)
        found[label] = float((learner.predict(x) == y).mean())
    with tempfile.TemporaryDirectory() as place:
        with Brain.create(Path(place) / "raw", encoder="raw", forgettable=False) as raw:
            live(raw, stream)
            found["exact memory, raw"] = accuracy(raw, x, y)
        if BRAINS[name]["encoder"] == "cortex":
            own = BRAINS[name]["settings"] | {"epochs": 0}
            with Brain.create(Path(place) / "rnd", encoder="cortex", settings=own, forgettable=False) as unlearned:
                live(unlearned, stream, mirrored=name in MIRRORED)
                found["brain with random filters"] = accuracy(unlearned, x, y)
    if name == "clinc150":
        train_x = np.concatenate([_numpy(experience.train_x) for experience in stream])
        train_y = np.concatenate([_numpy(experience.train_y) for experience in stream])
        joint = LogisticRegression(C=10, max_iter=2000).fit(train_x, train_y)  # C chosen on validation data
        found["joint"] = float(joint.score(x, y))
    return found


def speed() -> dict[str, Any]:
    """Milliseconds per MNIST picture at batch 100 on one core, beside neighbours, taken in turns.

    And far on, in turns with a brain that has only begun.
    """
    from river.naive_bayes import GaussianNB as RiverBayes

    torch.set_num_threads(1)
    experiences = list(split_mnist())
    x = np.concatenate([_numpy(experience.train_x) for experience in experiences])
    y = np.concatenate([_numpy(experience.train_y) for experience in experiences])
    shuffled = np.random.default_rng(0).permutation(len(x))
    x, y = x[shuffled], y[shuffled]
    flat = x.reshape(len(x), -1).astype(np.float32) / 255
    sgd, bayes, slda, river = SGDClassifier(loss="log_loss"), GaussianNB(), SLDA(), RiverBayes()
    with tempfile.TemporaryDirectory() as place:
        small = {"precision": "bfloat16", "filters": 50}
        sizes: dict[str, dict[str, Any]] = {"brain": PICTURES, "brain of 50 filters": small}
        avalanche = avalanche_slda()
        brains = {
            name: Brain.create(Path(place) / name, encoder="cortex", settings=own, forgettable=False)
            for name, own in sizes.items()
        }
        for brain in brains.values():
            brain.learn(x[:2000], y[:2000])

        def one_by_one(part: slice) -> None:
            for row, label in zip(flat[part][:5], y[part][:5], strict=True):
                river.learn_one(dict(enumerate(row.tolist())), int(label))

        def learned_by(brain: Brain) -> Callable[[slice], Any]:
            return lambda part: brain.learn(x[part], y[part])

        contestants: dict[str, Callable[[slice], Any]] = {name: learned_by(brain) for name, brain in brains.items()}
        contestants |= {
            "scikit-learn SGDClassifier": lambda part: sgd.partial_fit(flat[part], y[part], classes=np.arange(10)),
            "scikit-learn GaussianNB": lambda part: bayes.partial_fit(flat[part], y[part], classes=np.arange(10)),
            "streaming LDA (this library's)": lambda part: slda.partial_fit(flat[part], y[part]),
            "River GaussianNB": one_by_one,
        }
        if avalanche is not None:
            contestants["Avalanche StreamingLDA"] = lambda part: avalanche(flat[part][:5], y[part][:5])
        times: dict[str, list[float]] = {name: [] for name in contestants}
        for round_ in range(40):
            part = slice(2000 + 100 * round_, 2100 + 100 * round_)
            for name, learn in contestants.items():
                began = time.perf_counter()
                learn(part)
                count = 5 if name.startswith(("River", "Avalanche")) else 100  # these learn one at a time
                times[name].append(1000 * (time.perf_counter() - began) / count)
        brain = brains["brain"]
        while sum(brain.counts.values()) < FAR:
            start = sum(brain.counts.values()) % 50_000
            brain.learn(x[start : start + 10_000], y[start : start + 10_000])
        young = Brain.create(Path(place) / "young", encoder="cortex", settings=PICTURES, forgettable=False)
        young.learn(x[:2000], y[:2000])
        late: dict[str, list[float]] = {"far on": [], "young again": []}
        for round_ in range(40):
            part = slice(100 * round_, 100 * round_ + 100)
            for when, learner in (("far on", brain), ("young again", young)):
                began = time.perf_counter()
                learner.learn(x[part], y[part])
                late[when].append(10 * (time.perf_counter() - began))
        for one in (*brains.values(), young):
            one.close()
    torch.set_num_threads(os.cpu_count() or 1)
    return {name: median(taken) for name, taken in (times | late).items()}


def avalanche_slda() -> Callable[[Any, Any], None] | None:
    """Avalanche's streaming LDA on pixels, one sample at a time as it is written; None where it is not installed."""
    stand_in_for("torchvision")  # which it imports and does not need here, and which does not load beside a CPU torch
    try:
        from avalanche.training.supervised.deep_slda import StreamingLDA
    except ImportError as missing:
        print(f"Avalanche is left out: {missing}")
        return None
    loss = torch.nn.CrossEntropyLoss()
    slda = StreamingLDA(slda_model=torch.nn.Identity(), criterion=loss, input_size=784, num_classes=10)

    def learn(rows: Any, labels: Any) -> None:
        for row, label in zip(torch.from_numpy(rows), torch.from_numpy(labels), strict=True):
            slda.fit(row[None], label[None])

    return learn


def main() -> None:
    options = arguments("A brain on three streams.")
    command = f"python benchmarks/brain.py{' --quick' if options.quick else ''}"
    claims: list[Claim] = []

    def say(
        claim: str,
        each: dict[int, float],
        unit: str = "fraction",
        bound: float | None = None,
        direction: str = ">=",
        beside: dict[str, float] | None = None,
    ) -> None:
        if not each:  # a night whose network was rolled back has none to be measured
            return
        direction = direction if bound is not None else "="
        claims.append(Claim.of(claim, each, unit, bound, direction, command, beside))

    streams = ["digits"] if options.quick else ["mnist", "clinc150", "cifar10", "digits", "memristor"]
    for name in streams:
        beside = measured(f"{name}-controls", options, partial(controls, name)) or {}
        orders = ORDERS[:1] if options.quick else ORDERS
        lives = {
            order: found
            for order in orders
            if (found := measured(f"{name}-{order}", options, partial(life, name, order))) is not None
        }
        if not lives:
            continue

        def of(part: str, *, to: str | None = None, lives: dict[int, dict[str, Any]] = lives) -> dict[int, float]:
            """A number of each life, or its ratio to another; of those that have it."""
            return {
                order: one[part] if to is None else one[part] / one[to] for order, one in lives.items() if part in one
            }

        strict = name not in ("digits", "memristor")
        title = f"{NAMES[name]}, class-incremental, one pass, nothing stored"
        bound = BOUNDS.get(name, beside.get("joint", 0.005) - 0.005 if name == "clinc150" else None)
        say(f"{title}: accuracy awake", of("before"), bound=bound, beside=beside)
        awake = {"awake": mean(of("before").values())}
        say(f"{title}: accuracy after the night", of("after"), beside=awake)
        fallen = {order: one["before"] - one["after"] for order, one in lives.items()}
        say(f"{title}: accuracy lost in the night", fallen, bound=0.003 if strict else None, direction="<=")
        if name not in NIGHTS:
            least = 0.97 if name == "mnist" else None
            say(f"{title}: a network taught by dreams alone", of("cortex"), bound=least, beside=awake)
        half = 0.5 if strict else None
        share = of("bytes after", to="bytes before")
        say(f"{title}: state bytes after the night / before", share, "ratio", half, "<=")
        for ask, said in (
            ("predict", "labels"),
            ("predict by hundreds", "labels, a hundred at a time"),
            ("predict one by one", "labels, one at a time"),
            ("answer", "labels and novelty"),
        ):
            ratio = of(f"{ask} after seconds", to=f"{ask} before seconds")
            say(f"{title}: time of {said} after the night / before", ratio, "ratio", half, "<=")
        say(f"{title}: state awake", {order: size / 1e6 for order, size in of("bytes before").items()}, "MB")
        spent = {order: one["learn seconds"] + one["solve seconds"] for order, one in lives.items()}
        say(f"{title}: learning it all", spent, "s", 300 if name == "cifar10" else None, "<=")
        say(f"{title}: the night", of("night seconds"), "s")
        undone = {
            order: float(
                one["harmful"] == "rolled back"
                and one["after the harmful night"] == one.get("before the harmful night", one["after"])
            )
            for order, one in lives.items()
        }
        say(f"{title}: harmful nights rolled back", undone, bound=1.0)
        if name == "clinc150":
            say(f"{title}: out-of-scope AUROC of novelty", of("auroc"), bound=0.95)
    for name in NIGHTS if not options.quick else ():
        if found := measured(f"{name}-dreamt", options, partial(dreamt, name)):
            title = f"{NAMES[name]}, class-incremental, one pass, nothing stored"
            say(f"{title}: a network taught by dreams alone", {0: found["cortex"]}, beside={"awake": found["awake"]})
    if not options.quick and (found := measured("speed", options, speed)):
        said = "learn, one core, batch 100, per MNIST picture"
        beside = {name: value for name, value in found.items() if name not in ("brain", "far on", "young again")}
        say(f"{said}: brain", {0: found["brain"]}, "ms", 1.0, "<=", beside)
        say(f"{said}: after {FAR} samples / at first", {0: found["far on"] / found["young again"]}, "ratio", 1.2, "<=")
    for name, bound in (("mnist", 0.985), ("cifar10", 0.68)) if not options.quick else ():
        for megabytes in (10, 5, 20, 2):
            found = measured(
                f"{name}-budget-{megabytes}",
                options,
                partial(life, name, 0, budget=megabytes * 1_000_000),
            )
            if found:
                most = max(found["bytes before"], found["bytes after"]) / 1e6
                title = f"{NAMES[name]} within {megabytes} MB of state"
                say(f"{title}: accuracy awake", {0: found["before"]}, bound=bound if megabytes == 10 else None)
                say(f"{title}: accuracy after the night", {0: found["after"]}, bound=bound if megabytes == 10 else None)
                say(f"{title}: largest state", {0: most}, "MB", megabytes, "<=")
    finish(claims, options)


def _numpy(x: Any) -> Any:
    return x.numpy() if isinstance(x, torch.Tensor) else np.asarray(x)


if __name__ == "__main__":
    main()
