"""Draw the picture of the README from a real run: `python docs/pictures.py`.

A brain with its defaults learns the ten kinds of scikit-learn's digits, two at a time, and is asked for pictures that
it has never seen. Green: right. Red: wrong. Grey: a kind that it has not met yet.
"""

import tempfile
from pathlib import Path

import numpy as np
from matplotlib.animation import FuncAnimation, PillowWriter
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from reverie.brain import Brain

PLACE = Path(__file__).parent / "_static" / "brain.gif"
EACH = 14  # pictures of a kind


def main() -> None:
    """Learn, ask, and draw."""
    x, y = load_digits(return_X_y=True)
    pictures = (x.reshape(-1, 8, 8) * 15.9).astype(np.uint8)
    train_x, test_x, train_y, test_y = train_test_split(pictures, y, test_size=0.3, random_state=0, stratify=y)
    shown = np.concatenate([np.flatnonzero(test_y == digit)[:EACH] for digit in range(10)])
    frames = []
    with tempfile.TemporaryDirectory() as folder, Brain.create(Path(folder) / "b") as brain:
        for first in range(0, 10, 2):
            now = (train_y == first) | (train_y == first + 1)
            brain.learn(train_x[now], train_y[now])
            met = test_y <= first + 1
            right = (brain.predict(test_x[met]) == test_y[met]).mean()
            answers = brain.predict(test_x[shown])
            frames.append((first + 2, right, answers, brain.state_bytes))
    figure = Figure(figsize=(6.4, 5.0), dpi=80)
    axes = figure.add_axes((0.01, 0.01, 0.98, 0.9))
    wall = np.concatenate([np.concatenate(list(test_x[shown[at : at + EACH]]), 1) for at in range(0, 10 * EACH, EACH)])

    def draw(number: int) -> None:
        kinds, right, answers, size = frames[number]
        axes.clear()
        axes.imshow(255 - wall, cmap="gray", interpolation="nearest")
        axes.axis("off")
        for place, (answer, truth) in enumerate(zip(answers, test_y[shown], strict=True)):
            row, column = divmod(place, EACH)
            colour = "#9a9a9a" if truth >= kinds else "#2f9e57" if answer == truth else "#d03b3b"
            axes.add_patch(
                Rectangle((8 * column - 0.2, 8 * row - 0.2), 7.4, 7.4, fill=False, edgecolor=colour, linewidth=1.6)
            )
        figure.suptitle(
            f"{kinds} kinds learned, two at a time: {100 * right:.1f} % of new pictures right.   "
            f"Kept: sums, {size / 1e6:.1f} MB, no picture.",
            fontsize=9,
        )

    PLACE.parent.mkdir(exist_ok=True)
    FuncAnimation(figure, draw, frames=len(frames)).save(PLACE, PillowWriter(fps=0.7))


if __name__ == "__main__":
    main()
