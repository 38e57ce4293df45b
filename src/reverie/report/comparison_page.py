"""The page of a comparison: for every stream its learners in a table, and what they keep over time."""

import math
from itertools import product
from pathlib import Path
from statistics import stdev
from typing import Any

from reverie.errors import CorruptFile
from reverie.record import RunFolder, read_json
from reverie.report.life_page import life_comparison_page
from reverie.report.lives import is_life
from reverie.report.plots import Line
from reverie.report.reading import Results, Run, mean_of, read_run
from reverie.report.run_page import QUESTIONS, means, short_and_long
from reverie.report.sections import Fact, Page, Section, facts, made_with, plot
from reverie.report.summary import summarise
from reverie.report.tables import per_cent, side_by_side

__all__ = ["comparison_page"]

_CURVES, _MOST = 10, 10_000


def comparison_page(folder: Path) -> Page:
    """Read a comparison's folder, finished or not, and say what its page shows."""
    asked = _asked(folder / "compare.json")
    places = [RunFolder(place) for place in sorted(folder.glob("runs/*/*/seed-*"))]
    if is_life(asked):
        return life_comparison_page(asked, [place for place in places if place.config_path.exists()])
    runs = [read_run(place) for place in places if place.config_path.exists()]
    runs.sort(key=lambda run: _place(run, asked["streams"]))
    done = [run.results for run in runs if run.results]
    wanted = set(product(asked["streams"], asked["learners"], asked["seeds"]))
    total = len(wanted | {_identity(run) for run in runs})
    scenario = str(asked.get("scenario", "class"))
    question = QUESTIONS.get(scenario, "")
    lead = f"{scenario}-incremental" + (f": {question}" if question else "")
    lead += f" · {len(asked['learners'])} learners · seeds {', '.join(map(str, asked['seeds']))}"
    lead += f" · {len(done)} of {total} runs finished"
    sections: list[Section] = []
    for stream in dict.fromkeys(results.stream for results in done):
        sections += _stream(stream, [run for run in runs if run.results and run.results.stream == stream])
    badges, notes = short_and_long([note for results in done for note in results.notes])
    return Page(
        kind="Comparison",
        title=", ".join(map(str, asked["streams"])),
        lead=lead,
        badges=badges,
        notes=notes,
        warnings=_unfinished(runs, wanted) + list(dict.fromkeys(text for run in runs for text in run.warnings)),
        headline=_headline(done),
        sections=[*sections, facts("Configuration", asked), *made_with(done)],
    )


def _asked(path: Path) -> dict[str, Any]:
    asked = read_json(path)
    for key in ("streams", "learners", "seeds"):
        if not isinstance(asked, dict) or not isinstance(asked.get(key), list):
            raise CorruptFile(f"{path} has no list {key!r}. Expected what a comparison writes; run it again.")
        if not all(isinstance(one, str | int) for one in asked[key]) or len(asked[key]) > _MOST:
            raise CorruptFile(f"{path}: {key} holds other than up to {_MOST} names or numbers. Run it again.")
    if math.prod(len(asked[key]) for key in ("streams", "learners", "seeds")) > _MOST:
        raise CorruptFile(f"{path} asks for more than {_MOST} runs. Run the comparison again.")
    return {str(key): value for key, value in asked.items()}


def _place(run: Run, streams: list[Any]) -> int:
    """Where a run's stream stands among those that were asked for."""
    return streams.index(run.config["stream"]) if run.config["stream"] in streams else len(streams)


def _identity(run: Run) -> tuple[Any, Any, Any]:
    return run.config["stream"], run.config["learner"], run.config["seed"]


def _unfinished(runs: list[Run], wanted: set[tuple[Any, Any, Any]]) -> list[str]:
    begun = {_identity(run) for run in runs}
    waiting = [(*_identity(run), f"{len(run.accuracy)} experiences") for run in runs if run.results is None]
    waiting += [(*key, "not begun") for key in wanted - begun]
    if not waiting:
        return []
    named = sorted(f"{learner} on {stream}, seed {seed} ({state})" for stream, learner, seed, state in waiting)
    return [f"Not finished: {'; '.join(named)}. Continue with --resume."]


def _headline(done: list[Results]) -> list[Fact]:
    """For every stream the most accurate learner that learns in sequence."""
    rows = summarise([results.model_dump() for results in done])
    best: dict[str, Fact] = {}
    for row in sorted(rows, key=lambda row: row.learner == "joint"):
        spread = f"± {100 * row.spread:.2f} over {row.seeds} seeds" if row.seeds > 1 else ""
        best.setdefault(row.stream, Fact(f"{row.stream}: {row.learner}", per_cent(row.mean), spread))
    return [best[stream] for stream in dict.fromkeys(row.stream for row in rows)]


def _stream(stream: str, runs: list[Run]) -> list[Section]:
    here = [run.results for run in runs if run.results]
    badges = list(dict.fromkeys(note for results in here for note in short_and_long(results.notes)[0]))
    sections = [Section("table", stream, table=side_by_side(here), badges=badges)]
    rows = summarise([results.model_dump() for results in here])
    lines = [_mean_curve(row.learner, [each for each in here if each.learner == row.learner]) for row in rows[:_CURVES]]
    if max(len(line.points) for line in lines) > 1:
        text = "Mean accuracy on all experiences so far; a band is ± one standard deviation over seeds."
        text += f" The {_CURVES} most accurate of {len(rows)} are drawn." if len(rows) > _CURVES else ""
        sections.append(plot(f"{stream}: kept over time", text, lines))
    return sections


def _mean_curve(learner: str, results: list[Results]) -> Line:
    """Mean over seeds after each experience, with its spread."""
    at: dict[int, list[float]] = {}
    for each in results:
        for place, value in means(each.accuracy):
            at.setdefault(place, []).append(value)
    places = sorted(at)
    return Line(
        learner,
        [(place, mean_of([*at[place]])) for place in places],
        [stdev(at[place]) if len(at[place]) > 1 else 0.0 for place in places],
    )
