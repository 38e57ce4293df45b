"""A memory of 100,000 texts with the default encoder: bytes on disk, a question in process, a call on the command line.

The texts are surrogates: sentences of made-up words, drawn so that the n-th most frequent word comes 1/n times as often
(Zipf), half of them turns of conversations, one in ten a fact. They are put into the store as they are, without reading
facts in them. Times are ratios in one run, medians of interleaved calls: a
question beside one exact product of a matrix of float32 rows with a vector, and a command beside the same command on an
empty memory.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from common import WORK, Claim, arguments, finish, kept
from reverie.language import LanguageMemory
from reverie.text import encode_text

COMMAND = "python benchmarks/memory_scale.py"
SIZE, SMALL = 100_000, 2_000
_WORDS, _SESSION, _PART = 20_000, 20, 5_000
_REPEATS = 7


def main() -> None:
    options = arguments(__doc__ or "")
    size = SMALL if options.quick else SIZE

    place = WORK / "memory_scale" / f"{size}.json"
    found = kept(place, options, lambda: measured(size))
    if found is None:
        return
    n = f"{size:,} memories (surrogate texts)"
    claims = [
        Claim.of(
            f"{n}, default encoder: bytes on disk",
            {0: found["bytes"]},
            "bytes",
            400e6 * size / SIZE,
            "<=",
            COMMAND,
            {"of them the shelf": found["shelf"], "texts": found["texts"]},
        ),
        Claim.of(
            f"{n}: a question in process, relative to the exact product of a float32 matrix alone",
            {0: found["question"] / found["product"]},
            "ratio",
            None if options.quick else 2.0,
            "=" if options.quick else "<=",
            COMMAND,
            {"seconds": found["question"], "product seconds": found["product"]},
        ),
        Claim.of(
            f"{n}: recall on the command line, relative to an empty memory",
            {0: found["call"] / found["empty"]},
            "ratio",
            3.0,
            "<=",
            COMMAND,
            {"seconds": found["call"], "empty seconds": found["empty"]},
        ),
        Claim.of(
            f"{n}: remember on the command line, relative to an empty memory",
            {0: found["told"] / found["told empty"]},
            "ratio",
            3.0,
            "<=",
            COMMAND,
            {"seconds": found["told"], "empty seconds": found["told empty"]},
        ),
        Claim.of(
            f"{n}: opened without the shelf, once",
            {0: found["anew"]},
            "seconds",
            None,
            "=",
            COMMAND,
        ),
    ]
    finish(claims, options)


def measured(size: int) -> dict[str, Any]:
    """What is measured on one memory."""
    with tempfile.TemporaryDirectory(prefix="reverie-scale-") as work:
        large, empty = Path(work) / "large", Path(work) / "empty"
        LanguageMemory.open(empty).close()
        texts = surrogates(size)
        with LanguageMemory.open(large) as memory:
            for start in range(0, size, _PART):
                part = texts[start : start + _PART]
                with memory.store.transaction():
                    for n, (text, vector) in enumerate(zip(part, encode_text(part), strict=True), start):
                        said = {"who": f"Person {n}", "what": "thing", "value": text.split()[0]}
                        fact: dict[str, Any] = said if n % 10 == 0 else {}
                        memory.store.add(text, vector, session=f"s{n // _SESSION}" if n % 2 else None, **fact)
            began = time.perf_counter()
            memory.recall(texts[0])
            anew = time.perf_counter() - began
        files = {file.name: file.stat().st_size for file in large.iterdir()}
        found: dict[str, Any] = {"bytes": sum(files.values()), "shelf": files.get("episodes.search", 0), "anew": anew}
        found["texts"] = sum(len(text.encode()) for text in texts)
        chance = np.random.default_rng(1)
        questions = [texts[n] for n in chance.integers(size, size=_REPEATS)]
        matrix = np.concatenate([encode_text(texts[n : n + _PART]) for n in range(0, size, _PART)])
        vector = encode_text([questions[0]])[0]
        with LanguageMemory.open(large) as memory:
            memory.recall(questions[0])
            ask, multiply = _interleaved(lambda n: memory.recall(questions[n]), lambda n: matrix @ vector)
        found["question"], found["product"] = ask, multiply
        del matrix
        found["call"], found["empty"] = _interleaved(
            lambda n: _called("recall", large, questions[n]), lambda n: _called("recall", empty, questions[n])
        )
        found["told"], found["told empty"] = _interleaved(
            lambda n: _called("remember", large, f"The new thing {n} is here."),
            lambda n: _called("remember", empty, f"The new thing {n} is here."),
        )
        return found


def surrogates(size: int) -> list[str]:
    """Sentences of six to eighteen made-up words."""
    chance = np.random.default_rng(0)
    syllables = [a + b for a in "bdfgklmnprstvz" for b in ("a", "e", "i", "o", "u", "an", "er")]
    words = ["".join(chance.choice(syllables, int(chance.integers(1, 5)))) for _ in range(_WORDS)]
    share = 1 / np.arange(1, _WORDS + 1)
    lengths = chance.integers(6, 19, size)
    drawn = iter(chance.choice(_WORDS, int(lengths.sum()), p=share / share.sum()).tolist())
    return [" ".join(words[next(drawn)] for _ in range(length)).capitalize() + "." for length in lengths.tolist()]


def _interleaved(*contestants: Callable[[int], object]) -> list[float]:
    """Median seconds of each, taken in turn."""
    seconds: list[list[float]] = [[] for _ in contestants]
    for n in range(_REPEATS):
        for each, contestant in zip(seconds, contestants, strict=True):
            began = time.perf_counter()
            contestant(n)
            each.append(time.perf_counter() - began)
    return [median(each) for each in seconds]


def _called(command: str, folder: Path, text: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "reverie", "memory", command, str(folder), text, "--json"],
        check=True,
        capture_output=True,
    )


if __name__ == "__main__":
    main()
