"""Small data of one's own: pictures in class folders, a table with categories and missing cells, and sentences."""

from pathlib import Path

import numpy as np
from PIL import Image

__all__ = ["KINDS", "made"]

KINDS = ("pictures", "table", "sentences")


def made(kind: str, folder: Path) -> str:
    """Write four classes of 12 samples each, and return the path."""
    return {"pictures": _pictures, "table": _table, "sentences": _sentences}[kind](folder)


def _pictures(folder: Path) -> str:
    """Bars across and along, wide and narrow, in pictures of different sizes."""
    generator = np.random.default_rng(0)
    for place, label in enumerate(("across", "along", "broad across", "broad along")):
        (folder / "pictures" / label).mkdir(parents=True)
        for number in range(12):
            side, period = 20 + 2 * (number % 3), 3 if place < 2 else 8
            bars = (np.arange(side) + generator.integers(period)) % period < period // 2
            pixels = np.broadcast_to(bars[:, None] if place % 2 == 0 else bars, (side, side)) * 180
            noisy = (pixels + generator.integers(0, 60, (side, side))).astype(np.uint8)
            Image.fromarray(noisy).save(folder / "pictures" / label / f"{number}.png")
    return str(folder / "pictures")


def _table(folder: Path) -> str:
    """A number and a category tell the class together; both lack cells, and a column tells nothing."""
    generator = np.random.default_rng(0)
    lines = ["size,town,noise,label"]
    for row in range(48):
        label = row % 4
        size = "" if row % 11 == 5 else f"{(5.0, 50.0)[label // 2] + generator.normal():.3f}"
        town = "" if row % 13 == 7 else ("Rome", "Oslo")[label % 2]
        lines.append(f"{size},{town},{generator.normal():.3f},kind {label}")
    (folder / "table.csv").write_text("\n".join(lines))
    return str(folder / "table.csv")


def _sentences(folder: Path) -> str:
    generator = np.random.default_rng(0)
    topics = {
        "sun": "warm light bright day noon",
        "rain": "wet grey drops cloud puddle",
        "snow": "cold white flakes frost ice",
        "wind": "loud gusts storm air leaves",
    }
    rows = [
        f'"{" ".join(generator.permutation(words.split())[:4])} number {number}",{name}'
        for name, words in topics.items()
        for number in range(12)
    ]
    (folder / "sentences.csv").write_text("text,label\n" + "\n".join(rows))
    return str(folder / "sentences.csv")
