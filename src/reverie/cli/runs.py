"""The commands that run learners on streams: thin, over `runs` and `report`.

Heavy libraries are imported where they are needed.
"""

import json
import os
import sys
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reverie.cli.common import Json, Settings, say
from reverie.errors import BadData

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reverie.report import LifeRow
    from reverie.runs import RunConfig

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (run, compare, report, home, data):
        app.command()(command)
    app.command(name="learners")(list_learners)
    app.command(name="streams")(list_streams)


CONTROLS = ("naive", "joint", "ncm", "slda", "exact-raw", "bir")
"""What stands beside the best learner when `run` is given no learner: the controls, and a replay method."""


BESIDE_THE_AGENT = ("three-factor", "stream-ac")
"""What stands beside the agent when `run` is given an environment and no learner."""


Stream = Annotated[
    str | None,
    typer.Option(help="A stream's name, the path of your own data, or gym:NAME, an environment. [default: digits]"),
]
Scenario = Annotated[str | None, typer.Option(help="class, task or domain. [default: class]")]
Order = Annotated[int | None, typer.Option(help="Seed of the class order; 0 is the natural one. [default: 0]")]
PerExperience = Annotated[int | None, typer.Option("--classes-per-experience", help="Classes that come at a time.")]
Device = Annotated[str | None, typer.Option(help="Where networks live: cpu, cuda. [default: cpu]")]
Config = Annotated[Path | None, typer.Option("--config", help="YAML file with the same keys as the flags.")]


def run(
    stream: Stream = None,
    scenario: Scenario = None,
    learner: Annotated[str | None, typer.Option(help="A learner's name, or module:Class.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of everything random. [default: 0]")] = None,
    order: Order = None,
    classes_per_experience: PerExperience = None,
    settings: Settings = None,
    config: Config = None,
    out: Annotated[Path | None, typer.Option(help="The run folder. [default: a new one in runs/]")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in --out, or start it.")] = False,
    device: Device = None,
    trust: Annotated[
        bool, typer.Option("--trust", help="Let --config name code (module:name), which then runs.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Let a learner live through a stream, or in an environment. Without --learner: the best one, with its controls."""
    from reverie.record import RunFolder
    from reverie.runs import RunConfig, execute
    from reverie.runs.config import environment_name, parse_settings
    from reverie.untrusted import no_links

    values: dict[str, Any] = RunConfig.read(config, trust=trust) if config is not None else {}
    flags = {
        "stream": stream,
        "scenario": scenario,
        "learner": learner,
        "seed": seed,
        "order": order,
        "classes_per_experience": classes_per_experience,
        "device": device,
    }
    values |= {key: value for key, value in flags.items() if value is not None}
    values["settings"] = {**(values.get("settings") or {}), **parse_settings(settings or [])}
    with_controls = "learner" not in values
    controls: tuple[str, ...] = CONTROLS
    if with_controls and environment_name(str(values.get("stream"))) is not None:
        values["learner"], controls = "agent", BESIDE_THE_AGENT
    chosen = RunConfig.make(values)
    _check_device(chosen.device)
    if resume and out is None:
        raise BadData("--resume needs --out FOLDER: the folder of the run to go on with.")
    folder = RunFolder(out or _new_folder("runs", chosen))
    results = []
    with _progress(quiet=as_json) as listener:
        results.append(execute(chosen, folder, resume=resume, listener=listener))
        for name in controls if with_controls else ():
            own = {key: value for key, value in chosen.settings.items() if key.startswith("stream.")}
            control = chosen.model_copy(update={"learner": name, "settings": own})
            place = RunFolder(no_links(folder.path, "controls", name))
            results.append(execute(control, place, resume=True, listener=listener))
    from reverie.report import write_report

    report_path = write_report(folder.path)
    if as_json:
        typer.echo(json.dumps(results[0]))
        return
    _table(results)
    typer.echo(f"\nReport: {report_path}")


def compare(
    learners: Annotated[str, typer.Option(help="Names, separated by commas.")],
    stream: Annotated[str, typer.Option(help="Names or paths, separated by commas.")] = "digits",
    seeds: Annotated[str, typer.Option(help="Numbers, separated by commas.")] = "0,1,2",
    scenario: Scenario = None,
    order: Order = None,
    classes_per_experience: PerExperience = None,
    settings: Settings = None,
    device: Device = None,
    jobs: Annotated[int, typer.Option(min=1, help="Processes at once.")] = 1,
    ray: Annotated[str | None, typer.Option(help="Address of a Ray cluster, or 'local'.")] = None,
    out: Annotated[Path | None, typer.Option(help="The folder. [default: a new one in compare/]")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the comparison in --out, or start it.")] = False,
    as_json: Json = False,
) -> None:
    """Compare learners over streams and seeds. An estimate of the time comes first, measured on a few samples.

    Of environments (gym:NAME) there is no estimate.
    """
    from reverie.report.summary import human_seconds
    from reverie.runs import Grid
    from reverie.runs import compare as run_all
    from reverie.runs.config import parse_settings

    if resume and out is None:
        raise BadData("--resume needs --out FOLDER: the folder of the comparison to go on with.")
    values = {"scenario": scenario, "order": order, "classes_per_experience": classes_per_experience, "device": device}
    grid = Grid(
        streams=_list(stream, "--stream"),
        learners=_list(learners, "--learners"),
        seeds=_numbers(seeds),
        settings=parse_settings(settings or []),
        **_checked({key: value for key, value in values.items() if value is not None}),
    )
    _check_device(grid.device)
    folder = out or Path("compare") / datetime.now().strftime("%Y%m%d-%H%M%S")
    total, done = len(grid.streams) * len(grid.learners) * len(grid.seeds), 0

    def tell(place: str, results: dict[str, Any]) -> None:
        nonlocal done
        done += 1
        say(f"[{done}/{total}] {place.removeprefix('runs/')}: {_outcome(results)}")

    def announce(seconds: dict[str, float]) -> None:
        each = ", ".join(f"{learner} {human_seconds(value)}" for learner, value in seconds.items())
        at_once = f", {jobs} at once" if jobs > 1 else ""
        say(f"About {human_seconds(sum(seconds.values()) / jobs)}{at_once}: {each}.")

    results = run_all(grid, folder, jobs=jobs, ray=ray, resume=resume, progress=tell, announce=announce)
    from reverie.report import write_report

    report_path = write_report(folder)
    if as_json:
        typer.echo(json.dumps(results))
        return
    _table(results)
    typer.echo(f"\nReport: {report_path}")


def report(folder: Annotated[Path, typer.Argument(help="A run's or a comparison's folder.")]) -> None:
    """Write report.html from a run folder or a comparison."""
    from reverie.report import write_report

    typer.echo(str(write_report(folder)))


def home(
    folder: Annotated[Path, typer.Argument(help="Of brains, memories, agents and runs.")] = Path("."),
    open_page: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
) -> None:
    """Write home.html: what lies in a folder, and the way to the page of each."""
    from reverie.report import write_home

    page = write_home(folder)
    typer.echo(str(page))
    if open_page:
        typer.launch(page.resolve().as_uri())


def data(as_json: Json = False) -> None:
    """List the data sets: what is there, what is missing, and how to get it."""
    from reverie.streams import catalogue

    entries = catalogue()
    if as_json:
        typer.echo(json.dumps(entries))
        return
    for entry in entries:
        there = f"there: {entry['path']}" if entry["path"] else f"missing. {entry['how_to_get']}"
        typer.echo(f"{entry['name']:<10} for {', '.join(entry['streams'])}\n           {there}")


def list_learners(as_json: Json = False) -> None:
    """List the learners and their variants."""
    from reverie.runs.build import known_learners, known_players
    from reverie.runs.protocol import VARIANTS

    known = known_learners() | known_players()
    lines = {name: _first_line(sys.modules[cls.__module__].__doc__) for name, cls in sorted(known.items())}
    for name, (base, settings) in VARIANTS.items():
        lines[name] = f"{base} with " + ", ".join(f"{key} = {value}" for key, value in settings.items())
    _listing(lines, as_json)


def list_streams(as_json: Json = False) -> None:
    """List the streams."""
    from reverie import streams

    factories = streams.FACTORIES
    lines = {name: _first_line(factory.__doc__) for name, factory in factories.items()}
    lines["gym:NAME"] = "An environment that Gymnasium knows, such as gym:CartPole-v1: for learners that act."
    _listing(lines | {"PATH": "Your own data: .npz, .csv, .tsv, .jsonl, or a folder of class folders."}, as_json)


def _listing(lines: dict[str, str], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(lines))
        return
    for name in sorted(lines):
        typer.echo(f"{name:<16} {lines[name]}")


def _first_line(text: str | None) -> str:
    return " ".join((text or "").strip().split("\n\n")[0].split()).rstrip(": ")


def _list(text: str, option: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise BadData(f"{option} is {text!r}. Expected one or more names, separated by commas.")
    return list(dict.fromkeys(names))


def _numbers(text: str) -> list[int]:
    try:
        return list(dict.fromkeys(int(part) for part in _list(text, "--seeds")))
    except ValueError:
        raise BadData(f"--seeds is {text!r}. Expected whole numbers, separated by commas.") from None


def _checked(values: dict[str, Any]) -> dict[str, Any]:
    """The values, checked as those of a run are."""
    from reverie.runs import RunConfig

    config = RunConfig.make(values)
    return {key: getattr(config, key) for key in values}


def _check_device(device: str) -> None:
    import torch

    try:
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError):
        raise BadData(f"device is {device!r}, which this machine has not. Expected 'cpu' or one that it has.") from None


def _new_folder(parent: str, config: "RunConfig") -> Path:
    """A folder that is not there yet, named by time, stream and learner."""
    stream = Path(config.stream).stem.replace(":", "-")
    stem = f"{datetime.now():%Y%m%d-%H%M%S}-{stream}-{config.learner.replace(':', '-')}"
    for number in range(1000):
        folder = Path(parent) / (stem if number == 0 else f"{stem}-{number}")
        if not folder.exists():
            return folder
    raise BadData(f"{parent}/ holds a thousand runs of this second. Give --out FOLDER.")


@contextmanager
def _progress(quiet: bool) -> "Iterator[Any]":
    """Live progress on standard error."""
    import warnings

    from rich.console import Console

    console = Console(stderr=True, quiet=quiet and not os.environ.get("REVERIE_PROGRESS"))
    warnings.simplefilter("ignore")  # what matters is told as an event

    def listener(event: dict[str, Any]) -> None:
        kind = event["event"]
        if kind == "warning":
            say(f"Warning: {event['text']}")
        elif kind == "experience":
            cells = " ".join(f"{value:.3f}" for value in event["accuracy"])
            seconds = sum(event["seconds"].values())
            console.print(f"  experience {event['index'] + 1}: {cells}  [dim]({seconds:.1f} s)[/dim]", highlight=False)
        elif kind == "look":
            told = f"  step {event['step']}: return {event['mean']:.4g}"
            console.print(f"{told}  [dim]({sum(event['cpu_seconds'].values()):.1f} CPU-s)[/dim]", highlight=False)
        elif kind == "finished":
            results = event["results"]
            console.print(
                f"[bold]{results['learner']}[/bold] on {results['stream']}: {_outcome(results)}", highlight=False
            )

    yield listener


def _outcome(results: dict[str, Any]) -> str:
    """The one number of a run."""
    final = results.get("final_accuracy")
    return f"{final:.4f}" if final is not None else f"return {results['final_return']:.4g}"


def _table(results: list[dict[str, Any]]) -> None:
    """One line per stream and learner: mean ± standard deviation over seeds, and costs."""
    if results[0]["scenario"] == "acting":
        return _table_of_lives(results)
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    from reverie.report.summary import human_bytes, human_seconds, summarise

    notes = list(dict.fromkeys(note for result in results for note in result.get("notes", [])))
    streams = list(dict.fromkeys(result["stream"] for result in results))
    title = f"{', '.join(streams)}, {results[0]['scenario']}-incremental: final average accuracy"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    headings = ("learner", "accuracy", "seeds", "forgotten", "time", "state", "raw kept")
    for heading in headings if len(streams) == 1 else ("stream", *headings):
        table.add_column(heading, justify="left" if heading in ("stream", "learner") else "right", no_wrap=True)
    for row in summarise(results):
        cells = (
            row.learner,
            f"{row.mean:.4f} ± {row.spread:.4f}" if row.seeds > 1 else f"{row.mean:.4f}",
            str(row.seeds),
            f"{row.forgetting:.4f}",
            human_seconds(row.seconds),
            human_bytes(row.state_bytes),
            str(row.stored_samples),
        )
        table.add_row(*(cells if len(streams) == 1 else (row.stream, *cells)))
    console = Console()
    console.print(table)
    for note in notes:
        console.print(f"Note: {note}", highlight=False)


def _table_of_lives(results: list[dict[str, Any]]) -> None:
    """One line per environment and learner: return at the last look, steps to the goal, and costs."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    from reverie.report import human_bytes, human_count, human_return, human_seconds, summarise_lives

    streams = list(dict.fromkeys(result["stream"] for result in results))
    seeds, steps = len({result["seed"] for result in results}), max(result["steps"] for result in results)
    title = f"{', '.join(streams)}: mean return after {steps} steps, {seeds} seed{'' if seeds == 1 else 's'}"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    headings = ("learner", "return", "goal", "dreamt", "CPU", "state", "raw kept")
    for heading in headings if len(streams) == 1 else ("environment", *headings):
        table.add_column(heading, justify="left" if heading in ("environment", "learner") else "right", no_wrap=True)
    for row in summarise_lives(results):
        cells = (
            row.learner,
            human_return(row.mean, row.spread if row.seeds > 1 else None),
            "–" if row.goal != row.goal else _reached(row) if row.reached else "never",
            human_count(row.dreamt),
            human_seconds(row.cpu_seconds),
            human_bytes(row.state_bytes),
            f"{row.stored_samples:g}",
        )
        table.add_row(*(cells if len(streams) == 1 else (row.stream, *cells)))
    console = Console()
    console.print(table)
    for note in dict.fromkeys(f"{result['learner']}: {note}" for result in results for note in result["notes"]):
        console.print(f"Note: {note}", highlight=False)


def _reached(row: "LifeRow") -> str:
    """Steps to the goal; with several seeds the median, and how many of them got there."""
    return f"{row.reached_at:g}" + (f" ({row.reached}/{row.seeds})" if row.seeds > 1 else "")
