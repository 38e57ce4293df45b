"""The page of one run: what was kept, beside the controls, and what it cost."""

from math import isfinite

from reverie.record import RunFolder
from reverie.report.plots import Line
from reverie.report.reading import Results, Run, final_row_mean, mean_of, read_run
from reverie.report.sections import Fact, Heat, Page, Section, facts, plot
from reverie.report.summary import human_bytes, human_count, human_seconds
from reverie.report.tables import per_cent, points, side_by_side, whole

__all__ = ["QUESTIONS", "run_page", "short_and_long"]

QUESTIONS = {
    "class": "which of all classes seen so far?",
    "task": "which class of the given task?",
    "domain": "which position within a task that is not given?",
}
"""What is asked in each scenario."""

_CURVES = 10


def run_page(folder: RunFolder) -> Page:
    """Read a run folder with its controls and say what its page shows."""
    run = read_run(folder)
    controls = [read_run(control) for control in folder.controls if control.config_path.exists()]
    config, results = run.config, run.results
    question = QUESTIONS.get(str(config["scenario"]), "")
    lead = f"{config['scenario']}-incremental" + (f": {question}" if question else "")
    count = len(run.accuracy)
    lead += f" · {count} experience{'' if count == 1 else 's'} · seed {config['seed']} · class order "
    lead += f"{config['order']} (shuffled)" if config.get("order") else "natural"
    badges, notes = short_and_long(results.notes if results else [])
    warnings = list(run.warnings)
    if results is None:
        warnings.insert(0, f"This run is not finished: {count} experiences so far. Continue it with --resume.")
    waiting = [control.learner for control in controls if control.results is None]
    if waiting:
        warnings.append(f"Controls that are not finished: {', '.join(waiting)}.")
    return Page(
        kind="Run",
        title=f"{config['learner']} on {config['stream']}",
        lead=lead,
        badges=badges,
        notes=notes,
        warnings=warnings,
        headline=_headline(run),
        sections=_sections(run, [control.results for control in controls if control.results]),
    )


def short_and_long(notes: list[str]) -> tuple[list[str], list[str]]:
    """Notes of a word or two, to be shown as badges, and the others; each once."""
    once = list(dict.fromkeys(notes))
    return [note for note in once if len(note) <= 20], [note for note in once if len(note) > 20]


def _headline(run: Run) -> list[Fact]:
    results = run.results
    if results is None:
        return [Fact("accuracy so far", per_cent(final_row_mean(run.accuracy)))] if run.accuracy else []
    return [
        Fact("final average accuracy", per_cent(results.final_accuracy)),
        Fact("forgetting", points(results.forgetting), "percentage points"),
        Fact("stored raw samples", whole(results.stored_samples)),
        Fact("state", human_bytes(results.state_bytes)),
        Fact("learning and sleep", human_seconds(_awake_and_asleep(results))),
    ]


def _awake_and_asleep(results: Results) -> float | None:
    parts = [results.seconds.get(part) for part in ("learn", "sleep")]
    known = [part for part in parts if part is not None]
    return sum(known) if known else None


def _sections(run: Run, controls: list[Results]) -> list[Section]:
    results, sections = run.results, []
    if run.accuracy:
        sections.append(
            Section(
                "heat",
                "Accuracy after each experience",
                "A row is a moment, a column one experience. A column that keeps its colour is remembered.",
                heat=Heat(run.accuracy, _padded(run.classes, max(map(len, run.accuracy)))),
            )
        )
    if len(run.accuracy) > 1:
        sections.append(_retention(run))
    if results and controls:
        everyone = [results, *controls]
        sections.append(
            Section("table", "Beside its controls", table=side_by_side(everyone, chosen=results.learner)),
        )
        if len(run.accuracy) > 1:
            lines = [Line(each.learner, means(each.accuracy)) for each in controls]
            text = "Mean accuracy on all experiences so far."
            own = Line(results.learner, means(results.accuracy), strong=True)
            sections.append(plot("Kept over time, beside its controls", text, [*lines[:_CURVES], own]))
    if results:
        sections += [_costs(results), facts("Configuration", results.config or run.config)]
        made = {"reverie": results.version, "last experience": run.last, **results.machine}
        sections.append(facts("Versions and machine", made))
    else:
        sections.append(facts("Configuration", run.config))
    return sections


def _padded(classes: list[list[str]], count: int) -> list[list[str]]:
    """Exactly so many lists: the log may tell of fewer experiences than the results, or of more."""
    return [*classes, *([[]] * count)][:count]


def _retention(run: Run) -> Section:
    rows = run.accuracy
    count = len(rows)
    shown = (
        range(count) if count <= _CURVES else sorted({round(k * (count - 1) / (_CURVES - 1)) for k in range(_CURVES)})
    )
    lines = []
    for j in shown:
        kept = [(i + 1, value) for i, row in enumerate(rows) if j < len(row) and (value := row[j]) is not None]
        lines.append(Line(f"experience {j + 1}", kept))
    text = "Accuracy on each experience's test set from when it was learned, and the mean over all so far."
    text += f" {_CURVES} of {count} are drawn." if count > _CURVES else ""
    return plot("Retention", text, [*lines, Line("mean", means(rows), strong=True)])


def means(accuracy: list[list[float | None]]) -> list[tuple[int, float]]:
    """Mean accuracy on all experiences so far, after each."""
    return [(index, mean) for index, row in enumerate(accuracy, 1) if isfinite(mean := mean_of(row))]


def _costs(results: Results) -> Section:
    seconds = results.seconds
    listed = [
        Fact("samples learned", whole(results.samples)),
        Fact("learning", human_seconds(seconds.get("learn")), "awake"),
        Fact("sleep", human_seconds(seconds.get("sleep"))),
        Fact("predicting", human_seconds(seconds.get("predict")), "all questions asked on the way"),
        Fact("multiply-accumulates", human_count(results.macs)),
        Fact("synaptic operations", human_count(results.synops), "those whose input is not zero"),
        Fact("bytes moved", human_bytes(results.bytes_moved)),
        Fact("state", human_bytes(results.state_bytes)),
        Fact("peak memory", human_bytes(results.peak_memory_bytes), "of the process"),
        Fact("backward transfer", points(results.backward_transfer, sign=True), "percentage points"),
        Fact("forward transfer", points(results.forward_transfer, sign=True), "percentage points"),
    ]
    return Section("facts", "Costs and transfer", "Operations are those of learning and sleep.", facts=listed)
