"""One self-contained page from a run folder or a comparison: no network, no scripts, light and dark, phone and desk."""

import json
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from reverie import __version__
from reverie.errors import MissingData
from reverie.record import RunFolder, read_json, replace_file
from reverie.report.plots import curves
from reverie.report.published import SOURCE, published
from reverie.report.summary import Row, human_bytes, human_count, human_seconds, summarise

__all__ = ["write_report"]

Results = dict[str, Any]
Section = dict[str, Any]


def write_report(path: Path) -> Path:
    """Write `report.html` into a run folder or a comparison's folder, and return its path.

    Raises
    ------
    MissingData
        Where the folder is neither.
    """
    path = Path(path)
    if (path / "compare.json").exists():
        page = _comparison(path)
    elif (path / "config.json").exists():
        page = _run(RunFolder(path))
    else:
        raise MissingData(f"{path} is not a run folder (config.json) or a comparison (compare.json). Give one that is.")
    import jinja2

    source = Path(__file__).with_name("page.html.j2").read_text(encoding="utf-8")
    template = jinja2.Environment(autoescape=True, trim_blocks=True, undefined=jinja2.StrictUndefined).from_string(
        source
    )
    blank = {"text": "", "svg": "", "matrix": [], "rows": [], "json": "", "caption": "", "header": []}
    page["sections"] = [blank | section for section in page["sections"]]
    target = path / "report.html"
    replace_file(target, template.render(version=__version__, **page).encode())
    return target


# one run


def _run(folder: RunFolder) -> dict[str, Any]:
    config, results = folder.config(), folder.results()
    events = list(folder.events())
    lived = [event for event in events if event.get("event") == "experience"]
    rows = [event["accuracy"] for event in lived]
    notes = [event["text"] for event in events if event.get("event") == "warning"]
    lead = [f"{config['scenario']}-incremental, seed {config['seed']}, class order {config.get('order', 0)}"]
    if results is None:
        notes.append(f"This run is not finished: {len(rows)} experiences so far. Continue it with --resume.")
    else:
        notes += results["notes"]
    return {
        "title": f"{config['learner']} on {config['stream']}",
        "lead": lead,
        "notes": notes,
        "figures": _figures(results) if results else [],
        "sections": _run_sections(folder, config, results, rows),
    }


def _figures(results: Results) -> list[tuple[str, str]]:
    seconds = results["seconds"]
    return [
        ("final average accuracy", f"{results['final_accuracy']:.4f}"),
        ("forgetting", f"{results['forgetting']:.4f}"),
        ("raw samples stored", str(results["stored_samples"])),
        ("state", human_bytes(results["state_bytes"])),
        ("learning and sleep", human_seconds(seconds["learn"] + seconds["sleep"])),
        ("samples learned", str(results["samples"])),
    ]


def _run_sections(
    folder: RunFolder, config: Results, results: Results | None, rows: list[list[float]]
) -> list[Section]:
    sections: list[Section] = []
    controls = [found for control in folder.controls if (found := control.results()) is not None]
    if results is not None and controls:
        everyone = [results, *controls]
        sections.append(_table("Beside its controls", everyone, chosen=results["learner"]))
        sections.append(
            {
                "title": "What is kept, over time",
                "text": "Mean accuracy on all experiences so far.",
                "svg": curves({each["learner"]: _means(each["accuracy"]) for each in everyone}),
            }
        )
    if rows:
        sections.append(
            {
                "title": "Accuracy matrix",
                "caption": "Rows: after each experience. Columns: the test set of each experience so far.",
                "matrix": rows,
            }
        )
        lines = {
            f"experience {j + 1}": [(i + 1, rows[i][j]) for i in range(j, len(rows))] for j in range(min(10, len(rows)))
        }
        sections.append(
            {"title": "Retention of each experience", "text": "At most ten are drawn.", "svg": curves(lines)}
        )
    if results is not None:
        costs = [
            ("time to learn", human_seconds(results["seconds"]["learn"])),
            ("time asleep", human_seconds(results["seconds"]["sleep"])),
            ("time to predict, all questions", human_seconds(results["seconds"]["predict"])),
            ("multiply-accumulates", human_count(results["macs"])),
            ("synaptic operations", human_count(results["synops"])),
            ("bytes moved by products", human_bytes(results["bytes_moved"])),
            ("peak memory of the process", human_bytes(results["peak_memory_bytes"])),
            ("backward transfer", f"{results['backward_transfer']:+.4f}"),
            ("forward transfer", _signed(results["forward_transfer"])),
        ]
        rows_ = [{"cells": list(pair), "bar": None, "chosen": False} for pair in costs]
        caption = "Counted in learning and sleep, without the questions asked in between."
        sections.append({"title": "Costs", "caption": caption, "header": ["what", "value"], "rows": rows_})
        sections.append({"title": "Configuration", "json": json.dumps(results["config"], indent=1)})
        sections.append({"title": "Made with", "json": json.dumps(_made_with(results), indent=1)})
    else:
        sections.append({"title": "Configuration", "json": json.dumps(config, indent=1)})
    return sections


def _signed(value: float | None) -> str:
    return "–" if value is None else f"{value:+.4f}"


def _made_with(results: Results) -> Results:
    return {"version": results["version"], "machine": results["machine"]}


def _means(accuracy: list[list[float]]) -> list[tuple[float, float]]:
    return [(index, mean(row)) for index, row in enumerate(accuracy, 1)]


def _table(title: str, results: list[Results], *, chosen: str = "") -> Section:
    rows = summarise(results)
    joint = {row.stream: row.mean for row in rows if row.learner == "joint"}
    known = {row.learner: published(row.stream, row.scenario, row.learner) for row in rows}
    with_published = any(value is not None for value in known.values())
    header = ["learner", "accuracy", "seeds", "forgetting"]
    header += ["published"] if with_published else []
    header += ["to joint"] if joint else []
    header += ["raw samples", "state", "learn + sleep", "predict", "MACs", ""]
    lines = []
    for row in rows:
        cells = [row.learner, _accuracy(row), str(row.seeds), f"{row.forgetting:.3f}"]
        value = known[row.learner]
        cells += ["–" if value is None else f"{value:.3f}"] if with_published else []
        cells += [f"{row.mean - joint[row.stream]:+.3f}" if row.stream in joint else "–"] if joint else []
        cells += [
            str(row.stored_samples),
            human_bytes(row.state_bytes),
            human_seconds(row.seconds),
            human_seconds(row.predict_seconds),
            human_count(row.macs),
        ]
        lines.append({"cells": cells, "bar": row.mean, "chosen": row.learner == chosen})
    caption = "Final average accuracy, mean ± standard deviation over seeds."
    caption += f" Published: {SOURCE}." if with_published else ""
    return {"title": title, "caption": caption, "header": header, "rows": lines}


def _accuracy(row: Row) -> str:
    return f"{row.mean:.4f} ± {row.spread:.4f}" if row.seeds > 1 else f"{row.mean:.4f}"


# a comparison


def _comparison(path: Path) -> dict[str, Any]:
    asked = read_json(path / "compare.json")
    finished: list[Results] = []
    unfinished: list[str] = []
    for place in sorted(path.glob("runs/*/*/seed-*")):
        results = RunFolder(place).results()
        if results is None:
            unfinished.append(str(place.relative_to(path / "runs")))
        else:
            finished.append(results)
    notes = list(dict.fromkeys(note for results in finished for note in results["notes"]))
    if unfinished:
        notes.append(f"Not finished: {', '.join(unfinished)}. Continue with --resume.")
    sections: list[Section] = []
    for stream in dict.fromkeys(results["stream"] for results in finished):
        here = [results for results in finished if results["stream"] == stream]
        sections.append(_table(stream, here))
        lines, bands = {}, {}
        for row in summarise(here)[:10]:
            runs = [_means(results["accuracy"]) for results in here if results["learner"] == row.learner]
            steps = list(zip(*runs, strict=False))
            lines[row.learner] = [(step[0][0], mean(value for _, value in step)) for step in steps]
            bands[row.learner] = [stdev(value for _, value in step) if len(step) > 1 else 0.0 for step in steps]
        sections.append(
            {
                "title": f"{stream}: what is kept, over time",
                "text": "Mean accuracy on all experiences so far; bands are ± one standard deviation over seeds. "
                "The ten best are drawn.",
                "svg": curves(lines, bands=bands),
            }
        )
    sections.append({"title": "Configuration", "json": json.dumps(asked, indent=1)})
    return {
        "title": f"Comparison: {', '.join(asked['streams'])}",
        "lead": [f"{asked['scenario']}-incremental, {len(finished)} runs"],
        "notes": notes,
        "figures": [],
        "sections": sections,
    }
