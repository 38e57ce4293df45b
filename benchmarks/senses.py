"""Photos, sounds, series, tables and sentences of real jobs, learned class by class by a brain with its defaults.

Nothing is stored and nothing is tuned on the test parts. Beside each number stands what people use today, in the same
run: logistic regression trained on everything at once (on the same keys, standardised), the nearest class mean and five
nearest neighbours; for tables a random forest and gradient boosting, for sentences TF-IDF with logistic regression.
Seeds are orders of the classes, or cuts of a table.

    python benchmarks/senses.py [--only photos|sounds|together|series|tables|numbers|sentences] [--json FILE] [--quick]
"""

import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.metrics import r2_score, roc_auc_score
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from common import Claim, finish, one_thread, parser
from reverie.brain import Brain
from reverie.senses import Senses
from reverie.senses.photo_network import photo_features
from reverie.streams import Pictures, Sounds, Table, read_samples

COMMAND = "python benchmarks/senses.py"
DATA = Path(os.environ.get("REVERIE_DATA", "../shared/data"))
Labels = NDArray[Any]


def taken(x: Any, places: NDArray[np.int64]) -> Any:
    """Some of the samples."""
    if isinstance(x, list):
        return [x[place] for place in places.tolist()]
    return x[places.tolist()] if isinstance(x, Pictures | Sounds | Table) else x[places]


class Lived:
    """A brain that has learned class by class, in an order of its own; it is gone at the end."""

    def __init__(self, x: Any, y: Labels, *, seed: int, mixed: bool = False, **made: Any) -> None:
        self._place = tempfile.TemporaryDirectory(prefix="reverie-senses-")
        self.brain = Brain.create(Path(self._place.name) / "brain", **made)
        source = np.random.default_rng(seed)
        classes = source.permutation(np.unique(y))
        parts = [source.permutation(len(y))] if mixed else [np.flatnonzero(y == one) for one in classes]
        for part in parts:
            for places in np.array_split(part, max(1, len(part) // 1000)):
                self.brain.learn(taken(x, places), y[places].tolist())

    def __enter__(self) -> Brain:
        return self.brain

    def __exit__(self, *_: object) -> None:
        self.brain.close()
        self._place.cleanup()

    @property
    def folder_bytes(self) -> int:
        """Of the brain on disk."""
        return sum(file.stat().st_size for file in self.brain.folder.rglob("*") if file.is_file())


def calibration(sure: NDArray[np.float64], right: NDArray[np.bool_], bins: int = 10) -> float:
    """Expected calibration error: |confidence − accuracy| over ten equally wide bins, weighted by their samples."""
    places = np.minimum((sure * bins).astype(int), bins - 1)
    there = [places == place for place in np.unique(places)]
    return float(sum(abs(sure[one].mean() - right[one].mean()) * one.sum() for one in there) / len(sure))


def coverages(brain: Brain, asked: Any, right: Labels) -> dict[float, tuple[float, float]]:
    """How often sets of each coverage hold the right label, and how many labels they have."""
    found = {}
    for coverage in (0.8, 0.9, 0.95):
        sets = brain.predict_sets(asked, coverage=coverage)
        held = [label in some for label, some in zip(right.tolist(), sets, strict=True)]
        found[coverage] = float(np.mean(held)), float(np.mean([len(some) for some in sets]))
    return found


def of_sets(name: str, each: dict[int, dict[float, tuple[float, float]]]) -> Iterator[Claim]:
    """What is claimed of them: at most two points less than was asked for."""
    for coverage in (0.8, 0.9, 0.95):
        share = {seed: found[coverage][0] for seed, found in each.items()}
        size = {"labels a set": float(np.mean([found[coverage][1] for found in each.values()]))}
        claim = f"{name}: share of {coverage:.0%} sets with the right label"
        yield Claim.of(claim, share, "", coverage - 0.02, ">=", COMMAND, size)


def peers(keys: Any, y: Labels, asked: Any, right: Labels) -> dict[str, float]:
    """What is used today, on the same keys, all of them at once."""
    known = {
        "joint logistic regression": make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=300)),
        "nearest class mean": NearestCentroid(),
        "five nearest neighbours": KNeighborsClassifier(5),
    }
    return {name: float(one.fit(keys, y).score(asked, right)) for name, one in known.items()}


def keys_of(x: Any, encoder: str) -> Any:
    """Keys as a brain would have them, for the peers."""
    senses = Senses(encoder)
    samples = senses.take(x)
    senses.form(samples, x)
    parts = [senses.keys(samples[i : i + 500]) for i in range(0, len(samples), 500)]
    return torch.cat(parts).numpy().astype(np.float32)


def photos(seeds: list[int]) -> Iterator[Claim]:
    """Ten kinds of clothes; then with three of them never learned."""
    learned, asked = (read_samples(DATA / "photos/clothes", part=part) for part in ("train", "test"))
    y, right = np.array(learned.y), np.array(asked.y)
    beside = peers(keys_of(learned.x, "photo"), y, keys_of(asked.x, "photo"), right)
    accuracy, errors, state, disk, few, novel = {}, {}, {}, {}, {}, {}
    sets = {}
    for seed in seeds:
        with (life := Lived(learned.x, y, seed=seed)) as brain:
            labels, sure, _ = brain.answer(asked.x)
            accuracy[seed] = float((labels == right).mean())
            errors[seed] = calibration(sure, labels == right)
            sets[seed] = coverages(brain, asked.x, right)
            state[seed], disk[seed] = brain.state_bytes / 1e6, life.folder_bytes / 1e6
        source = np.random.default_rng(seed)
        places = np.concatenate([source.permutation(np.flatnonzero(y == one))[:5] for one in np.unique(y)])
        with Lived(taken(learned.x, places), y[places], seed=seed) as brain:
            few[seed] = float((brain.predict(asked.x) == right).mean())
        unknown = source.permutation(np.unique(y))[:3]
        places = np.flatnonzero(~np.isin(y, unknown))
        with Lived(taken(learned.x, places), y[places], seed=seed) as brain:
            novelty = brain.novelty(asked.x)
        novel[seed] = float(roc_auc_score(np.isin(right, unknown), novelty))
    yield Claim.of("clothes: accuracy, class by class", accuracy, "", 0.90, ">=", COMMAND, beside)
    yield Claim.of("clothes: expected calibration error", errors, "", 0.03, "<=", COMMAND)
    yield from of_sets("clothes", sets)
    yield Claim.of("clothes: state", state, "MB", 30.0, "<=", COMMAND)
    yield Claim.of("clothes: folder on disk", disk, "MB", None, "=", COMMAND)
    yield Claim.of("clothes: accuracy with five photos a class", few, "", 0.75, ">=", COMMAND)
    yield Claim.of(
        "clothes: area under the curve of novelty, three of ten classes unknown", novel, "", 0.83, ">=", COMMAND
    )
    assert isinstance(asked.x, Pictures) and isinstance(learned.x, Pictures)
    yield time_of_a_photo(asked.x, learned.x, y)


def time_of_a_photo(asked: Pictures, learned: Pictures, y: Labels) -> Claim:
    """From the file to the answer, over the network's own pass, interleaved."""
    with Lived(learned, y, seed=0, mixed=True) as brain:
        brain.predict(asked[:1])
        ratios = []
        for place in range(60):
            began = time.process_time()
            brain.predict(asked[place : place + 1])
            whole = time.process_time() - began
            picture = asked[place : place + 1].arrays((224, 224), colour=True, fit="crop")
            began = time.process_time()
            photo_features(picture)
            ratios.append(whole / (time.process_time() - began))
    return Claim.of(
        "clothes: time from file to answer over the network's", {0: float(np.median(ratios))}, "×", 1.6, "<=", COMMAND
    )


def sounds(seeds: list[int]) -> Iterator[Claim]:
    """Spoken digits: the official cut, and speakers who were never heard."""
    files = sorted((DATA / "sound/digits").glob("*.wav"))
    parts = [file.stem.split("_") for file in files]
    y, speaker, take = (np.array(column) for column in zip(*parts, strict=True))
    test = take.astype(int) < 5
    every = Sounds(files)
    keys = keys_of(every, "sound")
    beside = peers(keys[~test], y[~test], keys[test], y[test])
    official, unheard = {}, {}
    for seed in seeds:
        with Lived(taken(every, np.flatnonzero(~test)), y[~test], seed=seed) as brain:
            official[seed] = float((brain.predict(taken(every, np.flatnonzero(test))) == y[test]).mean())
        shares = []
        for one in np.unique(speaker):
            out = speaker == one
            with Lived(taken(every, np.flatnonzero(~out)), y[~out], seed=seed) as brain:
                shares.append(float((brain.predict(taken(every, np.flatnonzero(out))) == y[out]).mean()))
        unheard[seed] = float(np.mean(shares))
    yield Claim.of("spoken digits: accuracy, official cut", official, "", 0.98, ">=", COMMAND, beside)
    yield Claim.of("spoken digits: accuracy, each of six speakers held out", unheard, "", 0.78, ">=", COMMAND)


def together(seeds: list[int]) -> Iterator[Claim]:
    """A digit that is seen and heard, by speakers who were never heard, with noise in either sense."""
    import soundfile
    from sklearn.datasets import load_digits

    files = sorted((DATA / "sound/digits").glob("*.wav"))
    y = np.array([int(file.stem.split("_")[0]) for file in files])
    speaker = np.array([file.stem.split("_")[1] for file in files])
    written = load_digits()
    behind: dict[str, dict[int, float]] = {"as they are": {}, "noisy pictures": {}, "noisy sounds": {}}
    errors: dict[int, float] = {}
    beside: dict[str, dict[str, list[float]]] = {}
    for seed in seeds:
        source = np.random.default_rng(seed)
        out = np.isin(speaker, source.choice(np.unique(speaker), 3, replace=False))
        learned = source.permutation(np.flatnonzero(~out))[:600]
        asked = source.permutation(np.flatnonzero(out))[:400]
        halves = np.array_split(source.permutation(len(written.target)), 2)
        seen = [_drawn(written, half, y[places], source) for half, places in zip(halves, (learned, asked), strict=True)]
        noisy = seen[1] + source.normal(0, 8, seen[1].shape)
        with tempfile.TemporaryDirectory() as place:
            loud = []
            for file in (files[index] for index in asked):
                wave, rate = soundfile.read(file)
                loud.append(Path(place) / file.name)
                soundfile.write(loud[-1], wave + source.normal(0, 3 * wave.std(), len(wave)), rate)
            clear = [files[index] for index in asked]
            pictures = {"as they are": seen[1], "noisy pictures": noisy, "noisy sounds": seen[1]}
            sounds = {"as they are": clear, "noisy pictures": clear, "noisy sounds": loud}
            kinds = {"seen": "auto", "heard": "auto"}
            rows = [{"seen": one, "heard": files[place]} for one, place in zip(seen[0], learned.tolist(), strict=True)]
            with (
                Lived(rows, y[learned], seed=seed, mixed=True, encoder=kinds) as both,
                Lived(seen[0], y[learned], seed=seed, mixed=True) as eye,
                Lived(Sounds([files[index] for index in learned]), y[learned], seed=seed, mixed=True) as ear,
            ):
                for what, found in behind.items():
                    shares = both.predict_proba({"seen": pictures[what], "heard": sounds[what]})
                    right = np.array(both.classes)[shares.argmax(1)] == y[asked]
                    alone = {
                        "seen": float((eye.predict(pictures[what]) == y[asked]).mean()),
                        "heard": float((ear.predict(Sounds(sounds[what])) == y[asked]).mean()),
                        "both": float(right.mean()),
                    }
                    for name, value in alone.items():
                        beside.setdefault(what, {}).setdefault(name, []).append(value)
                    found[seed] = alone["both"] - max(alone["seen"], alone["heard"])
                    if what == "as they are":
                        errors[seed] = calibration(shares.max(1), right)
    for what, found in behind.items():
        means = {name: float(np.mean(values)) for name, values in beside[what].items()}
        yield Claim.of(f"two senses, {what}: ahead of the better one", found, "", 0.0, ">=", COMMAND, means)
    yield Claim.of("two senses: expected calibration error", errors, "", 0.03, "<=", COMMAND)


def _drawn(written: Any, places: NDArray[np.int64], labels: Labels, source: np.random.Generator) -> NDArray[Any]:
    """Pictures of these digits; each but once where there are enough."""
    found = np.empty((len(labels), 8, 8), np.float32)
    for digit in range(10):
        rows, here = np.flatnonzero(written.target[places] == digit), labels == digit
        found[here] = written.images[places[source.choice(rows, here.sum(), replace=len(rows) < here.sum())]]
    return found


def series(seeds: list[int]) -> Iterator[Claim]:
    """What people do, by the phone they carry; of the last six of them nothing is learned."""
    with np.load(DATA / "series/activities_phone.npz") as stored:
        x, y, person = stored["x"].astype(np.float64), stored["y"].astype(int), stored["subject"]
    test = np.isin(person, np.unique(person)[-6:])
    accuracy = {}
    for seed in seeds:
        with Lived(x[~test], y[~test], seed=seed, encoder="series") as brain:
            accuracy[seed] = float((brain.predict(x[test]) == y[test]).mean())
    keys = keys_of(x, "series")
    beside = peers(keys[~test], y[~test], keys[test], y[test])
    yield Claim.of("activities: accuracy, unseen people", accuracy, "", 0.96, ">=", COMMAND, beside)


TABLES: dict[str, tuple[str, str, tuple[str, ...], float]] = {
    "credit": ("credit_data.csv", "Status", ("rownames",), 0.850),
    "attrition": ("attrition.csv", "Attrition", ("rownames",), 0.855),
    "titanic": ("titanic.csv", "Survived", ("rownames", "Name", "SexCode"), 0.852),
    "penguins": ("penguins.csv", "species", ("rownames",), 0.98),
}


def tables(seeds: list[int]) -> Iterator[Claim]:
    """A quarter of the rows to test; the rows come in a random order."""
    for name, (file, label, drop, bound) in TABLES.items():
        read = read_samples(DATA / "tables" / file, part="train", label_column=label, drop=drop)
        y = np.array(read.y)
        many = len(np.unique(y)) > 2
        scores: dict[int, float] = {}
        errors: dict[int, float] = {}
        sets: dict[int, dict[float, tuple[float, float]]] = {}
        others: dict[str, list[float]] = {}
        for seed in seeds:
            order = np.random.default_rng(seed).permutation(len(y))
            test, train = order[: len(y) // 4], order[len(y) // 4 :]
            rows, asked = taken(read.x, train), taken(read.x, test)
            with Lived(rows, y[train], seed=seed, mixed=True) as brain:
                shares = brain.predict_proba(asked)
                best = np.array(brain.classes)[shares.argmax(1)]
                scores[seed] = float((best == y[test]).mean()) if many else float(roc_auc_score(y[test], shares[:, 1]))
                errors[seed] = calibration(shares.max(1), best == y[test])
                sets[seed] = coverages(brain, asked, y[test])
                sense: Any = brain.mind.senses.sense
                inputs, more = (sense.numbers(sense.take(part)).numpy() for part in (rows, asked))
            known: dict[str, Any] = {
                "logistic regression": LogisticRegression(max_iter=1000),
                "random forest": RandomForestClassifier(300, random_state=seed),
                "gradient boosting": HistGradientBoostingClassifier(random_state=seed),
            }
            for what, one in known.items():
                one.fit(inputs, y[train])
                found = one.score(more, y[test]) if many else roc_auc_score(y[test], one.predict_proba(more)[:, 1])
                others.setdefault(what, []).append(float(found))
        measure = "accuracy" if many else "area under the curve"
        beside = {what: float(np.mean(found)) for what, found in others.items()}
        yield Claim.of(f"{name}: {measure}", scores, "", bound, ">=", COMMAND, beside)
        yield Claim.of(f"{name}: expected calibration error", errors, "", 0.03, "<=", COMMAND)
        yield from of_sets(name, sets)


def numbers(seeds: list[int]) -> Iterator[Claim]:
    """The price of houses: a quarter of the rows to test, over ten cuts for each seed."""
    path = DATA / "tables/Sacramento.csv"
    read = read_samples(path, part="train", label_column="price", drop=("rownames",), target="numbers")
    y = np.asarray(read.y, dtype=np.float64)
    logs = np.log(y)
    explained: dict[int, float] = {}
    covered: dict[float, dict[int, float]] = {0.8: {}, 0.9: {}, 0.95: {}}
    others: dict[str, list[float]] = {}
    for seed in seeds:
        shares: list[float] = []
        inside: dict[float, list[float]] = {coverage: [] for coverage in covered}
        for cut in range(10):
            order = np.random.default_rng([seed, cut]).permutation(len(y))
            test, train = order[: len(y) // 4], order[len(y) // 4 :]
            rows, asked = taken(read.x, train), taken(read.x, test)
            with (
                tempfile.TemporaryDirectory(prefix="reverie-senses-") as place,
                Brain.create(Path(place) / "brain", targets="numbers") as brain,
            ):
                brain.learn(rows, y[train])
                for coverage, found in inside.items():
                    limits = brain.predict_intervals(asked, coverage=coverage)
                    found.append(float(((limits.low <= y[test]) & (y[test] <= limits.high)).mean()))
                shares.append(float(r2_score(logs[test], np.log(brain.predict(asked)))))
                sense: Any = brain.mind.senses.sense
                inputs, more = (sense.numbers(sense.take(part)).numpy() for part in (rows, asked))
            for what, one in {
                "ridge regression, λ by cross-validation": RidgeCV(np.logspace(-3, 4, 20)),
                "random forest": RandomForestRegressor(300, random_state=seed),
                "gradient boosting": HistGradientBoostingRegressor(random_state=seed),
            }.items():
                one.fit(inputs, logs[train])
                others.setdefault(what, []).append(float(r2_score(logs[test], one.predict(more))))
        explained[seed] = float(np.mean(shares))
        for coverage, found in inside.items():
            covered[coverage][seed] = float(np.mean(found))
    beside = {what: float(np.mean(found)) for what, found in others.items()}
    yield Claim.of("houses: R² of the logarithm of the price", explained, "", 0.64, ">=", COMMAND, beside)
    for coverage, shares_of in covered.items():
        yield Claim.of(f"houses: coverage of {coverage:.0%} intervals", shares_of, "", None, "=", COMMAND)
    away = {seed: abs(share - 0.9) for seed, share in covered[0.9].items()}
    yield Claim.of("houses: 90% intervals, error of the coverage", away, "", 0.03, "<=", COMMAND)


def sentences(seeds: list[int]) -> Iterator[Claim]:
    """150 intents, ten thousand sentences and more, with the sentence embedder and with words alone."""
    with open(DATA / "clinc150/data_full.json", encoding="utf-8") as file:
        stored = json.load(file)
    (x, y), (asked, right) = (
        ([text for text, _ in stored[part]], np.array([label for _, label in stored[part]]))
        for part in ("train", "test")
    )
    tfidf = TfidfVectorizer(sublinear_tf=True).fit(x)
    regression = LogisticRegression(C=10, max_iter=300).fit(tfidf.transform(x), y)
    today = {"TF-IDF with logistic regression": float(regression.score(tfidf.transform(asked), right))}
    for encoder, bound in (("minilm", None), ("words", today["TF-IDF with logistic regression"])):
        keys, more = keys_of(x, encoder), keys_of(asked, encoder)
        joint = make_pipeline(StandardScaler(), LogisticRegression(C=0.003, max_iter=200)).fit(keys, y)
        beside = today | {"joint logistic regression": float(joint.score(more, right))}
        accuracy, errors, state, sets = {}, {}, {}, {}
        for seed in seeds:
            with Lived(x, y, seed=seed, encoder=encoder) as brain:
                labels, sure, _ = brain.answer(asked)
                accuracy[seed] = float((labels == right).mean())
                errors[seed] = calibration(sure, labels == right)
                sets[seed] = coverages(brain, asked, right)
                state[seed] = brain.state_bytes / 1e6
        least = bound if bound is not None else beside["joint logistic regression"] - 0.003
        yield Claim.of(f"150 intents, {encoder}: accuracy, class by class", accuracy, "", least, ">=", COMMAND, beside)
        yield Claim.of(f"150 intents, {encoder}: expected calibration error", errors, "", 0.03, "<=", COMMAND)
        yield from of_sets(f"150 intents, {encoder}", sets)
        yield Claim.of(f"150 intents, {encoder}: state", state, "MB", None, "=", COMMAND)


SECTIONS: dict[str, Callable[[list[int]], Iterator[Claim]]] = {
    "photos": photos,
    "sounds": sounds,
    "together": together,
    "series": series,
    "tables": tables,
    "numbers": numbers,
    "sentences": sentences,
}


def main() -> None:
    reading = parser(__doc__ or "")
    reading.add_argument("--only", choices=tuple(SECTIONS), help="one of them")
    reading.add_argument("--seeds", type=int, default=3, help="how many orders, or cuts")
    options = reading.parse_args()
    one_thread()
    chosen = ["tables"] if options.quick else [options.only] if options.only else list(SECTIONS)
    seeds = list(range(1 if options.quick else options.seeds))
    finish([claim for name in chosen for claim in SECTIONS[name](seeds)], options)


if __name__ == "__main__":
    main()
