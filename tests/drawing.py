"""Pictures of animals, as far as a machine can draw."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

SHAPES = {"cat": "triangle", "dog": "circle", "fish": "bars"}


def draw(folder: Path, label: str, count: int, seed: int) -> None:
    """Pictures of one kind of animal, as far as a machine can draw."""
    generator = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        pixels = generator.integers(0, 60, (24, 24, 3), dtype=np.uint8)
        picture = Image.fromarray(pixels)
        pen = ImageDraw.Draw(picture)
        x, y = generator.integers(3, 8, 2).tolist()
        if SHAPES[label] == "triangle":
            pen.polygon([(x, y + 12), (x + 6, y), (x + 12, y + 12)], fill=(250, 160, 40))
        elif SHAPES[label] == "circle":
            pen.ellipse([x, y, x + 12, y + 12], fill=(230, 200, 120))
        else:
            for offset in (0, 5, 10):
                pen.rectangle([x, y + offset, x + 14, y + offset + 1], fill=(80, 160, 250))
        picture.save(folder / f"{label}{seed}-{number}.png")
