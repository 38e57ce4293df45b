"""A hundred thousand hostile inputs against library, service and files: no crash, no traceback, no change of state.

Arrays of odd shapes, types and values; labels, names and versions of any kind; requests of random bytes and of nearly
right JSON; pictures, snapshots and logs with flipped, cut and added bytes. Each may be refused with an error that is
Reverie's own (over HTTP: with a documented status and a fixed text); what is accepted must fit, and is taken back.
"""

import io
import json
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from fastapi.testclient import TestClient
from PIL import Image
from sklearn.datasets import load_digits

from common import Claim, arguments, finish
from hostile_files import plain_form
from hostile_service import ATTACKS, attacked
from reverie.brain import Brain
from reverie.checkpoint import pack_state
from reverie.errors import ReverieError
from reverie.server import Limits, create_app
from reverie.streams import Pictures, read_samples

X, Y = load_digits(return_X_y=True)
_LONGEST = 300  # seconds for all lists of files
TOKEN = "a-token-for-the-benchmark"
ODD: list[Any] = [
    None,
    True,
    float("nan"),
    float("inf"),
    -1,
    2**70,
    1e308,
    "",
    "\x00",
    "\ud800",
    "𝕏" * 50,
    "../../etc/passwd",
    b"\xff",
    [],
    {},
    [[]],
    {"a": 1},
    object(),
    np.array(["a"], dtype=object),
    np.zeros((0, 64)),
    np.zeros((2, 0)),
    np.zeros((1, 63)),
    np.array([[1 + 2j] * 64]),
    np.datetime64("now"),
    torch.zeros(2, 64, dtype=torch.bfloat16),
    torch.zeros(3, 64, requires_grad=True),
]


def digest(brain: Brain) -> bytes:
    return bytes(pack_state(brain.state_dict()))


def odd_array(chance: random.Random) -> Any:
    """Something that is not, or not quite, what a brain takes."""
    if chance.random() < 0.3:
        return chance.choice(ODD)
    shape = [chance.choice([0, 1, 2, 8, 63, 64, 65]) for _ in range(chance.randrange(0, 5))]
    if np.prod(shape, dtype=float) > 1e5:
        shape = shape[:2]
    kind = chance.choice(["f2", "f4", "f8", "i1", "u1", "i8", "u8", "?", "c8", "U3", "S2", "O", "M8[s]"])
    source = np.random.default_rng(chance.randrange(2**32))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        array = (source.normal(0, 10.0 ** chance.randrange(-3, 40), shape)).astype(kind)
    if array.size and kind.startswith("f") and chance.random() < 0.5:
        array.flat[0] = chance.choice([np.nan, np.inf, -np.inf, 0, -0.0])
    return array.tolist() if chance.random() < 0.2 else array


def on_the_library(brain: Brain, chance: random.Random) -> None:
    """One hostile call; a ReverieError is a good answer, any other is not."""
    x, y = odd_array(chance), chance.choice([*ODD, odd_array(chance), [0] * 3, ["a"] * 2, [0, "a"]])
    calls: list[Callable[[], Any]] = [
        lambda: brain.predict(x),
        lambda: brain.novelty(x),
        lambda: brain.learn(x, y if y is not None else [1.5]),
        lambda: brain.learn(X[:3], y if y is not None else [1.5]),
        lambda: brain.forget(y if y is not None else object()),
        lambda: brain.forget(x=x, y=y),
        lambda: brain.forget(name=y),
        lambda: brain.rename(0, y),
        lambda: brain.rollback(y),
        lambda: brain.predict(X[:2], by=y),
    ]
    chance.choice(calls)()


def requests(chance: random.Random) -> tuple[str, str, bytes]:
    """Method, path and body of a hostile request."""
    path = chance.choice(
        [
            "/api/learn",
            "/api/predict",
            "/api/forget",
            "/api/rename",
            "/api/rollback",
            "/api/brain",
            "/metrics",
            "/x/../y",
        ]
    )
    method = chance.choice(["POST", "POST", "POST", "GET", "PUT", "DELETE", "OPTIONS", "PATCH", "HEAD"])
    way = chance.random()
    if way < 0.2:
        return method, path, chance.randbytes(chance.randrange(0, 300))
    vectors: Any = [[chance.choice([0, 1.5, -1e308, 1e39, None, "a", [], True]) for _ in range(chance.choice([1, 64]))]]
    body: Any = {
        chance.choice(["samples", "sample", "label", "name", "to", "by", "labels"]): chance.choice(
            [
                {"vectors": vectors},
                {"texts": [chance.choice(["", "a", "\x00", "é" * 99])]},
                {"pictures": [chance.choice(["", "AAAA", "iVBORw0KGgo=", "§"])]},
                vectors,
                chance.choice([None, -1, 2**80, "a", 1.5, [], {}, True]),
            ]
        )
        for _ in range(chance.randrange(0, 4))
    }
    text = json.dumps(body).encode()
    if way < 0.5 and text:
        place = chance.randrange(len(text))
        text = text[:place] + chance.randbytes(1) + text[place + 1 :]
    return method, path, text


def broken(data: bytes, chance: random.Random) -> bytes:
    """The same bytes, but for some."""
    place = chance.randrange(max(1, len(data)))
    way = chance.random()
    if way < 0.4:
        return data[:place] + bytes([data[place] ^ (1 << chance.randrange(8))]) + data[place + 1 :] if data else b"\x00"
    if way < 0.7:
        return data[:place]
    if way < 0.9:
        return data[:place] + chance.randbytes(chance.randrange(1, 40)) + data[place:]
    return chance.randbytes(chance.randrange(0, 200))


def on_files(place: Path, chance: random.Random, whole: dict[Path, bytes], known: list[bytes]) -> None:
    """Damage one file of a brain, open it, mend it. A log that lost its end is one that never had it."""
    file = chance.choice(sorted(whole))
    file.write_bytes(broken(whole[file], chance))
    try:
        with Brain.open(place, writer=False) as brain:
            if digest(brain) not in known:
                raise AssertionError(f"damage of {file.name} was not noticed")
    finally:
        file.write_bytes(whole[file])


def on_samples(place: Path, chance: random.Random, seeds: dict[str, bytes]) -> None:
    """Read a damaged file of samples."""
    name = chance.choice(sorted(seeds))
    (place / name).write_bytes(broken(seeds[name], chance))
    samples = read_samples(place / name, part="train", skip_bad=chance.choice([False, True]))
    plain_form(samples.x, chance.choice([None, (8, 8), (8, 8, 3)]) if isinstance(samples.x, Pictures) else None)


def seeds_of_samples() -> dict[str, bytes]:
    """Whole files of each kind."""
    picture = Image.fromarray((X[0].reshape(8, 8) * 15).astype(np.uint8))
    found = {}
    for kind in ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM"):
        file = io.BytesIO()
        picture.save(file, kind)
        found[f"a.{kind.lower()}"] = file.getvalue()
    file = io.BytesIO()
    np.savez(file, x=X[:5], y=Y[:5])
    found["a.npz"] = file.getvalue()
    found["a.csv"] = b"label,one,two\na,1,2\nb,3,4\n"
    found["a.tsv"] = b"label\ttext\na\tone two\nb\tthree\n"
    found["a.jsonl"] = b'{"label": "a", "text": "one"}\n{"label": "b", "text": "two"}\n'
    found["a.txt"] = b"one two\nthree\n"
    return found


def made(folder: Path) -> list[bytes]:
    """A brain, and its digest at each of its versions."""
    with Brain.create(folder, encoder="expansion", settings={"width": 32}, ridge=1.0) as brain:
        digests = [digest(brain)]
        brain.learn(X[:100], Y[:100])
        digests.append(digest(brain))
        brain.learn(X[100:120], Y[100:120], name="visitor")
        digests.append(digest(brain))
    return digests


class Trial:
    """Counts what was refused, and remembers what was wrong."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.wrong: list[str] = []
        self.refused: dict[str, int] = {}

    def attempt(self, kind: str, action: Callable[[], Any]) -> bool:
        """Whether it was accepted."""
        self.refused.setdefault(kind, 0)
        try:
            action()
        except ReverieError as error:
            self.refused[kind] += 1
            if "Traceback" in str(error):
                self.wrong.append(f"{kind}: a traceback: {error}")
            return False
        except Exception as error:
            self.wrong.append(f"{kind}: {type(error).__name__}: {str(error)[:300]}")
            return False
        return True


def try_library(trial: Trial, base: Path, count: int) -> None:
    brain = _fresh(base)
    before, version = digest(brain), brain.version
    for number in range(count):
        trial.attempt("library", partial(on_the_library, brain, trial.chance))
        if brain.version != version:  # accepted: it did fit. Go on from the old state
            brain.close()
            brain = _fresh(base)
        elif number % 200 == 0 and digest(brain) != before:
            trial.wrong.append("library: the state has changed")
    brain.close()


def try_service(trial: Trial, base: Path, count: int) -> None:
    brain = _fresh(base)
    app = create_app(brain, token=TOKEN, limits=Limits(rate=1e9, burst=10**9))
    with TestClient(app, base_url="http://localhost", raise_server_exceptions=False) as client:
        for _ in range(count):
            method, path, body = requests(trial.chance)
            known = trial.chance.random() < 0.9
            headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {TOKEN}"} if known else {})
            version = brain.version
            answer = client.request(method, path, content=body, headers=headers)
            trial.refused["service"] = trial.refused.get("service", 0) + (answer.status_code >= 400)
            said = f"service: {method} {path} {body[:200]!r}: {answer.status_code} {answer.text[:200]}"
            if answer.status_code >= 500 or "Traceback" in answer.text or str(base) in answer.text:
                trial.wrong.append(said)
            if (not known and answer.status_code < 400) or (brain.version != version and answer.status_code != 200):
                trial.wrong.append(said)


def try_files(trial: Trial, base: Path, known: list[bytes], count: int) -> None:
    folder = base / "files"
    shutil.copytree(base / "kept", folder)
    whole = {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    whole = {file: data for file, data in whole.items() if file.name not in ("lock", "holder.json")}
    for _ in range(count):
        trial.attempt("a brain's files", lambda: on_files(folder, trial.chance, whole, known))


def try_file_lists(trial: Trial) -> tuple[int, float, float]:
    """The lists of `hostile_files.py`, in a process that a hang or a crash may take.

    How many there are, the seconds of the slowest, and the megabytes by which they made the process grow.
    """
    command = [sys.executable, str(Path(__file__).with_name("hostile_files.py"))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        watch = threading.Timer(_LONGEST, process.kill)
        watch.start()
        said = [json.loads(line) for line in process.stdout or ()]
        watch.cancel()
    if process.returncode or said[-1]["answer"] == "begun":
        trial.wrong.append(f"file lists: the process ended ({process.returncode}) within {said[-1]['name']!r}")
    done = [one for one in said if "seconds" in one]
    for one in done:
        kind = f"file lists, {one['kind']}"
        trial.refused[kind] = trial.refused.get(kind, 0) + (one["answer"] == "refused")
        if one["answer"].startswith("wrong"):
            trial.wrong.append(f"{kind}: {one['name']}: {one['answer']}")
    slowest = max(done, key=lambda one: float(one["seconds"]))
    print(f"The slowest of {len(done)}: {slowest['kind']}, {slowest['name']!r}, {slowest['seconds']:.2f} s")
    return len(done), float(slowest["seconds"]), max(one["peak"] for one in done) / 1e6


def _fresh(base: Path) -> Brain:
    shutil.rmtree(base / "b", ignore_errors=True)
    shutil.copytree(base / "kept", base / "b")
    return Brain.open(base / "b")


def main() -> None:
    options = arguments("Hostile inputs against library, service and files.")
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    total = 400 if options.quick else 100_000
    trial = Trial(0)
    with tempfile.TemporaryDirectory() as place:
        base = Path(place)
        known = made(base / "kept")
        try_library(trial, base, round(0.4 * total))
        try_service(trial, base, round(0.3 * total))
        try_files(trial, base, known, round(0.1 * total))
        seeds = seeds_of_samples()
        for _ in range(round(0.2 * total)):
            trial.attempt("files of samples", lambda: on_samples(base, trial.chance, seeds))
    listed, slowest, grown = try_file_lists(trial)
    unanswered, longest = attacked(8 if options.quick else 100)
    trial.wrong += unanswered
    for line in sorted(set(trial.wrong))[:20]:
        print(line)
    command = f"python benchmarks/hostile.py{' --quick' if options.quick else ''}"
    beside = {f"{kind}: refused": float(count) for kind, count in trial.refused.items()}
    # A quick run reports times and claims nothing of them: it is run by the tests, on machines as busy as they are.
    soon, direction = (None, "=") if options.quick else (1.0, "<=")
    said = f"wrong answers to {total + listed} hostile inputs (library, service, files)"
    claims = [
        Claim(said, len(trial.wrong), "answers", 0, "<=", [0], 0.0, command, beside),
        Claim("files of a stranger that were tried, by hand-made lists", listed, "files", None, "=", [0], 0.0, command),
        Claim("the slowest answer to one of these", slowest, "s", soon, direction, [0], 0.0, command),
        Claim("attacks on a running service", len(ATTACKS), "attacks", None, "=", [0], 0.0, command),
        Claim("the slowest answer to who has the token meanwhile", longest, "s", soon, direction, [0], 0.0, command),
        Claim("memory that these took at most", grown, "MB", 1000.0, "<=", [0], 0.0, command),
    ]
    finish(claims, options)


if __name__ == "__main__":
    main()
