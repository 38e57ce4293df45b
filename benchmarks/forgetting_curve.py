"""How a store forgets and how rehearsal holds it, beside people.

Delays: savings of four people who learned lists of syllables and learned them again after 19 minutes to 31 days
(Ebbinghaus 1885; Mack and Seitz, in Heller, Mack & Seitz 1991; Dros, in Murre & Dros 2015, PLoS ONE 10: e0120644,
table 3, all four as tabulated there). The store's curve has one number that is fitted to their mean, the stability
of what was heard once; an exponential has one too.

Rehearsals: Ebbinghaus learned series of 12 syllables to the same point on six days in a row, in 158, 109, 75, 56, 37
and 31 repetitions (1885, chapter VIII). The store is given the stability with which it agrees on the second day;
what it says of the third to the sixth follows from the rule of rehearsal alone, which was fitted to reviews of flash
cards.

What is measured is a store on the disk: episodes that are heard, rehearsed, and asked for their strength later.
"""

import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from common import ROOT, Claim, arguments, finish
from reverie.memory.episodic import SQLiteStore, strength

MINUTES = (19, 63, 525, 1440, 2880, 8640, 44640)
SAVINGS = {
    "Ebbinghaus": (0.582, 0.442, 0.358, 0.337, 0.278, 0.254, 0.211),
    "Mack": (0.544, 0.432, 0.285, 0.316, 0.365, 0.309, 0.258),
    "Seitz": (0.442, 0.325, 0.270, 0.270, 0.286, 0.205, 0.201),
    "Dros": (0.472, 0.373, 0.276, 0.317, 0.230, 0.168, 0.041),
}
REPETITIONS = (158, 109, 75, 56, 37, 31)
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)

Values = NDArray[np.float64]


class Subject:
    """A store that hears one thing."""

    def __init__(self, folder: Path) -> None:
        self.store = SQLiteStore(folder / "episodes.db", encoder="none", dimension=1)

    def hear(self, stability: float | None = None) -> int:
        """Hear it now, as new; with a stability in days, or its own."""
        heard = self.store.add("wux caz", np.ones(1, np.float32), heard=BEGAN)
        if stability is not None:
            self.store.restore(heard, stability=stability)
        return heard

    def after(self, episode: int, delay: timedelta) -> float:
        """How likely it is recalled so long after it was heard."""
        found = self.store.get(episode)
        assert found is not None
        return strength(found, BEGAN + delay)

    def delays(self, stability: float) -> Values:
        """The same after each of the delays."""
        heard = self.hear(stability)
        return np.array([self.after(heard, timedelta(minutes=one)) for one in MINUTES])

    def days(self, stability: float) -> Values:
        """Heard once, rehearsed daily: how likely it is recalled each day, before it is rehearsed."""
        heard, found = self.hear(stability), []
        for day in range(1, len(REPETITIONS)):
            found.append(self.after(heard, day * DAY))
            self.store.rehearse([heard], BEGAN + day * DAY)
        return np.array(found)

    def rehearsed(self, times: list[timedelta], asked: timedelta) -> float:
        """How likely what was rehearsed at some times is recalled later."""
        heard = self.hear()
        for one in times:
            self.store.rehearse([heard], BEGAN + one)
        return self.after(heard, asked)


def fitted(curve: Callable[[float], Values], people: Values) -> tuple[float, Values]:
    """The one number of a curve with which its squared distance is least, by golden section over its logarithm."""
    low, high = np.log(1e-7), np.log(1e3)
    grid = np.linspace(low, high, 60)
    at = grid[int(np.argmin([((curve(float(np.exp(one))) - people) ** 2).sum() for one in grid]))]
    for width in (0.2, 0.02):
        near = np.linspace(at - 2 * width, at + 2 * width, 21)
        at = near[int(np.argmin([((curve(float(np.exp(one))) - people) ** 2).sum() for one in near]))]
    best = float(np.exp(at))
    return best, curve(best)


def explained(curve: Values, people: Values) -> float:
    """Share of the variance."""
    return float(1 - ((curve - people) ** 2).sum() / ((people - people.mean()) ** 2).sum())


def plot(path: Path, subject: Subject, stability: float, exponential: float, daily: float) -> None:
    """Delays on the left, rehearsals on the right."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "reverie"
    from matplotlib import pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    hours = np.array(MINUTES) / 60
    for name, values in SAVINGS.items():
        left.plot(hours, values, "o", ms=4, alpha=0.6, label=name)
    left.plot(hours, np.mean(list(SAVINGS.values()), axis=0), "k_", ms=12, label="mean of the four")
    many = np.geomspace(hours[0], hours[-1], 60)
    heard = subject.hear(stability)
    left.plot(many, [subject.after(heard, timedelta(hours=float(one))) for one in many], "k-", label="store")
    left.plot(many, np.exp(-many / 24 / exponential), "k:", label="exponential")
    left.set(xscale="log", ylim=(0, 1), xlabel="hours after learning", ylabel="savings, strength")
    left.legend(fontsize=7, frameon=False)
    days = np.arange(2, len(REPETITIONS) + 1)
    right.plot(days, 1 - np.array(REPETITIONS[1:]) / REPETITIONS[0], "o", ms=4, label="Ebbinghaus")
    right.plot(days, subject.days(daily), "k-", label="store")
    right.set(ylim=(0, 1), xlabel="day of daily rehearsal", ylabel="savings, strength", xticks=days)
    right.legend(fontsize=7, frameon=False)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def main() -> None:
    options = arguments("How a store forgets and how rehearsal holds it, beside people.")
    command = f"python benchmarks/forgetting_curve.py{' --quick' if options.quick else ''}"
    people = np.mean(list(SAVINGS.values()), axis=0)
    daily_people = 1 - np.array(REPETITIONS[1:]) / REPETITIONS[0]
    with tempfile.TemporaryDirectory() as folder:
        subject = Subject(Path(folder))
        stability, curve = fitted(subject.delays, people)
        rate, exponential = fitted(lambda days: np.exp(-np.array(MINUTES) / 1440 / days), people)
        daily, _ = fitted(lambda one: subject.days(one)[:1], daily_people[:1])
        rehearsals = subject.days(daily)
        spaced = subject.rehearsed([one * 5 * DAY for one in range(1, 5)], 60 * DAY)
        massed = subject.rehearsed([one * timedelta(minutes=10) for one in range(1, 5)], 60 * DAY)
        if options.json:
            plot(ROOT / "results" / "forgetting_curve.svg", subject, stability, rate, daily)
        subject.store.close()
    own = {name: explained(curve, np.array(values)) for name, values in SAVINGS.items()}
    points = {f"{one} minutes: people": float(value) for one, value in zip(MINUTES, people, strict=True)}
    points |= {f"{one} minutes: store": float(value) for one, value in zip(MINUTES, curve, strict=True)}
    days = {f"day {at}: Ebbinghaus": float(value) for at, value in enumerate(daily_people, 2)}
    days |= {f"day {at}: store": float(value) for at, value in enumerate(rehearsals, 2)}
    finish(
        [
            Claim(
                "variance over seven delays of the mean savings of four people that the store's curve explains",
                *(explained(curve, people), "share", 0.85, ">=", [], 0.0, command),
                {"an exponential": explained(exponential, people)} | own | points,
            ),
            Claim(
                "distance of the store from Ebbinghaus on days three to six of daily rehearsal",
                *(float(np.abs(rehearsals[1:] - daily_people[1:]).mean()), "share", None, "=", [], 0.0, command),
                days,
            ),
            Claim(
                "strength after 60 days, four rehearsals five days apart over four in a row",
                *(spaced / massed, "times", 1.0, ">=", [], 0.0, command),
                {"apart": spaced, "in a row": massed},
            ),
        ],
        options,
    )


if __name__ == "__main__":
    main()
