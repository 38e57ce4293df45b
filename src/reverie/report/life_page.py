"""The pages of lives in environments: one life beside its controls, or a comparison over seeds."""

from collections.abc import Callable, Sequence
from math import isfinite
from statistics import mean, stdev
from typing import Any

from reverie.record import RunFolder
from reverie.report.lives import Life, LifeResults, LifeRow, human_return, read_life, summarise_lives
from reverie.report.plots import Line, trends
from reverie.report.sections import Fact, Page, Section, facts, made_with, plot
from reverie.report.summary import human_bytes, human_count, human_seconds
from reverie.report.tables import Cell, Table, TableRow, per_cent, whole

__all__ = ["life_comparison_page", "life_page"]

_POINTS = 300  # drawn of a curve
_CURVES = 10
_CAPTION = (
    "Return: mean over the episodes of the last look, by what the learner does at its best, on seeds of their own. "
    "Goal: steps until a look first reached it, and the share of looks from there on that did."
)
_SPREAD = (
    " ± is one sample standard deviation over seeds; steps to the goal are the median of the seeds that reached it."
)


def life_page(folder: RunFolder) -> Page:
    """Read the run folder of a life with its controls and say what its page shows."""
    life = read_life(folder)
    controls = [read_life(control) for control in folder.controls if control.config_path.exists()]
    results = life.results
    count = len(life.looks)
    warnings = list(life.warnings)
    if results is None:
        warnings.insert(0, f"This life is not over: {count} looks so far. Continue it with --resume.")
    waiting = [control.learner for control in controls if control.results is None]
    if waiting:
        warnings.append(f"Controls that are not finished: {', '.join(waiting)}.")
    everyone = [one.results for one in (life, *controls) if one.results is not None]
    sections = [_looks([life, *controls])] if count else []
    if everyone:
        beside = "Beside its controls, at equal steps" if len(everyone) > 1 else "The life in numbers"
        sections.append(Section("table", beside, table=_table(everyone, chosen=life.learner)))
    lived = [(step, total) for look in life.looks for step, total in look.lived if total is not None]
    if len(lived) > 1:
        line = Line("an episode, while it tries things out", _thinned(lived))
        text = "The return of each episode that was lived."
        sections.append(plot("Lived", text, [line], svg=trends([line], across="steps lived")))
    if results is not None:
        sections += [_costs(results), facts("Configuration", results.config or life.config)]
        sections.append(facts("Versions and machine", {"reverie": results.version, **results.machine}))
    else:
        sections.append(facts("Configuration", life.config))
    return Page(
        kind="Life",
        title=f"{life.learner} in {_name(life.config['stream'])}",
        lead=f"{count} look{'' if count == 1 else 's'} · seed {life.config['seed']}",
        badges=[],
        notes=results.notes if results else [],
        warnings=warnings,
        headline=_headline(life),
        sections=sections,
    )


def life_comparison_page(asked: dict[str, Any], places: Sequence[RunFolder]) -> Page:
    """What the page of a comparison of lives shows.

    Parameters
    ----------
    asked : dict
        As it stands in `compare.json`.
    places : sequence of RunFolder
        The runs that were begun.
    """
    lives = [read_life(place) for place in places]
    done = [life.results for life in lives if life.results is not None]
    total = len(asked["streams"]) * len(asked["learners"]) * len(asked["seeds"])
    sections: list[Section] = []
    for stream in dict.fromkeys(results.stream for results in done):
        here = [life for life in lives if life.results is not None and life.results.stream == stream]
        table = _table([life.results for life in here if life.results is not None])
        sections += [Section("table", _name(stream), table=table), _looks(here)]
    rows = summarise_lives([results.model_dump() for results in done])
    best = {row.stream: row for row in reversed(rows)}
    unfinished = f"{total - len(done)} of {total} runs are not finished. Continue with --resume."
    return Page(
        kind="Comparison",
        title=", ".join(_name(stream) for stream in asked["streams"]),
        lead=f"{len(asked['learners'])} learners · seeds {', '.join(map(str, asked['seeds']))}"
        f" · {len(done)} of {total} runs finished",
        badges=[],
        notes=list(dict.fromkeys(f"{results.learner}: {note}" for results in done for note in results.notes)),
        warnings=([unfinished] if len(done) < total else [])
        + list(dict.fromkeys(text for life in lives for text in life.warnings)),
        headline=[Fact(f"{_name(row.stream)}: {row.learner}", _return(row)) for row in best.values()],
        sections=[*sections, facts("Configuration", asked), *made_with(done)],
    )


def _headline(life: Life) -> list[Fact]:
    results = life.results
    if results is None:
        last = life.looks[-1].mean if life.looks else None
        return [] if last is None else [Fact("return so far", human_return(last))]
    goal = "no goal" if results.goal is None else f"goal {results.goal:g}"
    reached = "never" if results.reached_at is None else f"{whole(results.reached_at)} steps"
    return [
        Fact("return", human_return(results.final_return), "at the last look, at its best"),
        *([Fact("goal reached after", reached, goal)] if results.goal is not None else []),
        Fact("steps lived", whole(results.steps), f"in {whole(results.episodes)} episodes"),
        Fact("steps dreamt", human_count(results.dreamt)),
        Fact("processor", human_seconds(_cpu(results)), "awake and asleep"),
        Fact("state", human_bytes(results.state_bytes), f"{whole(results.stored_samples)} steps kept as they came"),
    ]


def _cpu(results: LifeResults) -> float:
    return sum(results.cpu_seconds.get(part) or 0.0 for part in ("learn", "sleep"))


def _looks(lives: Sequence[Life]) -> Section:
    """Return at each look; of a learner over seeds its mean, with a band of one standard deviation."""
    by_learner: dict[str, list[Life]] = {}
    for life in lives:
        by_learner.setdefault(life.learner, []).append(life)
    lines = [_curve(learner, group, strong=not index) for index, (learner, group) in enumerate(by_learner.items())]
    lines = [line for line in lines if line.points][:_CURVES]
    ordered = [*lines[1:], *lines[:1]]
    text = "Mean return at each look, by what the learner does at its best, over the real steps that it has lived."
    return plot("Return over real steps", text, ordered, svg=trends(ordered, across="steps lived"))


def _curve(learner: str, lives: Sequence[Life], *, strong: bool) -> Line:
    at: dict[int, list[float]] = {}
    for life in lives:
        for look in life.looks:
            if look.mean is not None:
                at.setdefault(look.step, []).append(look.mean)
    steps = [step for step in sorted(at) if len(at[step]) == len(lives)] or sorted(at)
    points = _thinned([(float(step), mean(at[step])) for step in steps])
    spread = [stdev(at[int(step)]) if len(at[int(step)]) > 1 else 0.0 for step, _ in points]
    return Line(learner, points, spread, strong=strong)


def _thinned(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    return points[:: max(1, -(-len(points) // _POINTS))]


_Text = Callable[[LifeRow], str]
_COLUMNS: tuple[tuple[str, _Text, Callable[[LifeRow], float] | None], ...] = (
    ("return", lambda row: _return(row), None),
    ("best look", lambda row: human_return(row.best), None),
    ("steps to goal", lambda row: _goal(row), None),
    ("kept", lambda row: per_cent(row.kept, digits=0), lambda row: row.kept),
    ("steps", lambda row: whole(row.steps), None),
    ("dreamt", lambda row: human_count(row.dreamt), lambda row: row.dreamt),
    ("CPU", lambda row: human_seconds(row.cpu_seconds), lambda row: row.cpu_seconds),
    ("state", lambda row: human_bytes(row.state_bytes), lambda row: row.state_bytes),
    ("steps stored", lambda row: whole(row.stored_samples), lambda row: row.stored_samples),
)


def _table(results: Sequence[LifeResults], *, chosen: str | None = None) -> Table:
    rows = summarise_lives([one.model_dump() for one in results])
    several = any(row.seeds > 1 for row in rows)
    lines = []
    for row in rows:
        cells = [Cell(text(row), _share(value, row, rows)) for _, text, value in _COLUMNS]
        seeds = [Cell(str(row.seeds))] if several else []
        lines.append(TableRow(row.learner, [*cells[:1], *seeds, *cells[1:]], row.learner == chosen))
    names = [name for name, _, _ in _COLUMNS]
    header = ["learner", *names[:1], *(["seeds"] if several else []), *names[1:]]
    return Table(_CAPTION + (_SPREAD if several else ""), header, lines)


def _share(value: Callable[[LifeRow], float] | None, row: LifeRow, rows: Sequence[LifeRow]) -> float | None:
    if value is None:
        return None
    most = max((found for each in rows if isfinite(found := value(each))), default=0.0)
    own = value(row)
    return own / most if most > 0 and isfinite(own) else 0.0


def _return(row: LifeRow) -> str:
    return human_return(row.mean, row.spread if row.seeds > 1 else None)


def _goal(row: LifeRow) -> str:
    if not isfinite(row.goal):
        return "–"
    text = whole(row.reached_at) if row.reached else "never"
    return f"{text} ({row.reached} of {row.seeds})" if row.seeds > 1 else text


def _costs(results: LifeResults) -> Section:
    spent, seconds = results.cpu_seconds, results.seconds
    listed = [
        Fact("awake", human_seconds(spent.get("learn")), "of the processor: acting, learning and the environment"),
        Fact("asleep", human_seconds(spent.get("sleep")), "of the processor"),
        Fact("looks", human_seconds(spent.get("predict")), "of the processor: they are no part of the life"),
        Fact("by the clock", human_seconds(sum(value or 0.0 for value in seconds.values())), "all of it"),
        Fact("state", human_bytes(results.state_bytes)),
        Fact("peak memory", human_bytes(results.peak_memory_bytes), "of the process"),
    ]
    return Section("facts", "Costs", "Operations are not counted here.", facts=listed)


def _name(stream: Any) -> str:
    return str(stream).removeprefix("gym:")
