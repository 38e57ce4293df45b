"""The commands of a brain: `reverie brain …`. Thin, over `reverie.brain`."""

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reverie.cli.common import Json, OwnEncoder, Settings, handed_in, say
from reverie.cli.labels import label_answers, print_labels, tell_labels
from reverie.cli.numbers import estimates, given_targets, print_estimates, tell_estimates
from reverie.cli.reading import (
    Batch,
    Data,
    Drop,
    IdColumn,
    LabelColumn,
    Reading,
    Separator,
    SkipBad,
    TextColumn,
    expect_targets,
    labelled,
    no_labels,
    print_csv,
    told,
)
from reverie.errors import BadData, MissingData

if TYPE_CHECKING:
    from reverie.brain import Brain, Learned
    from reverie.streams import Samples

__all__ = ["app"]

app = typer.Typer(help="A brain is a folder: it learns at once, sleeps, forgets on request.", no_args_is_help=True)

_BATCH = 1000  # samples made durable at once
_OF_THE_BRAIN = (
    "forgettable",
    "balanced",
    "aside",
    "sketch",
    "traces",
    "ridge",
    "history",
    "disk",
)  # settings; the others are the encoder's

Folder = Annotated[Path, typer.Argument(help="The brain's folder.")]


@app.command()
def create(
    folder: Folder,
    encoder: Annotated[
        str,
        typer.Option(
            "--encoder",
            "--sense",
            help="auto (the first samples choose), photo, cortex, sound, series, table, minilm, words, hash, "
            "expansion, raw; or your own, package.module:function or a folder of `reverie meta train`; or several, "
            "seen=photo,heard=sound.",
        ),
    ] = "auto",
    target: Annotated[
        str,
        typer.Option(
            help="What it learns of samples: classes; numbers (prices, sizes, …); or several labels of each: labels."
        ),
    ] = "classes",
    budget: Annotated[int | None, typer.Option(help="Bytes that its state may have.")] = None,
    seed: Annotated[int, typer.Option(help="Of everything random.")] = 0,
    settings: Settings = None,
    as_json: Json = False,
) -> None:
    """Make a brain. `--set forgettable=false`: one sum for all classes; smaller, and no class is forgotten alone.

    `--set balanced=true`: answer as if all classes were equally frequent.

    `--set traces=20MB`: keep a code of a few hundred bytes of each picture; nights replay them to train a deeper net.

    `--set history=20`: keep the last 20 snapshots, and of older ones one a day (10). `--set disk=3`: the folder may be
    3 times its newest snapshot (2); older versions go first.
    """
    from reverie.brain import Brain
    from reverie.runs.config import parse_settings
    from reverie.senses import ENCODERS

    given = parse_settings(settings or [])
    own = {name: given.pop(name) for name in _OF_THE_BRAIN if name in given}
    for name in ("forgettable", "balanced", "aside", "sketch"):
        if not isinstance(own.get(name, True), bool):
            raise BadData(f"{name} is {own[name]!r}. Expected true or false.")
    own_folder = encoder not in ENCODERS and Path(encoder).is_dir()  # a folder called "sound" does not hide the sense
    encoding: Any = handed_in(encoder) if ":" in encoder or own_folder else encoder
    if "=" in encoder:
        encoding = dict(part.partition("=")[::2] for part in encoder.split(","))
    made = Brain.create(folder, encoder=encoding, targets=target, settings=given, budget=budget, seed=seed, **own)
    made.close()
    typer.echo(
        json.dumps({"folder": str(folder)})
        if as_json
        else f"Made a brain in {folder}. Now: reverie brain learn {folder} DATA"
    )


@app.command()
def learn(
    folder: Folder,
    data: Data,
    label: Annotated[str | None, typer.Option(help="The label of all of it, where the data has none.")] = None,
    label_column: LabelColumn = None,
    text_column: TextColumn = None,
    drop: Drop = None,
    id_column: IdColumn = None,
    skip_bad: SkipBad = False,
    name: Annotated[
        str | None, typer.Option(help="Keep what this adds under a name, so that it can be forgotten.")
    ] = None,
    batch: Batch = _BATCH,
    separator: Separator = ";",
    ray: Annotated[str | None, typer.Option(help="Address of a Ray cluster, or 'local': learn in shards.")] = None,
    shards: Annotated[int, typer.Option(min=1, help="With --ray: how many.")] = 4,
    encoder: OwnEncoder = None,
    as_json: Json = False,
) -> None:
    """Learn labelled data; what is reported as learned is durable. With -, each batch is reported in a line."""
    began = time.perf_counter()
    reading = Reading(tuple(label_column or ()), text_column, tuple(drop or ()), id_column, skip_bad)
    with _open(folder, encoder) as brain:
        if str(data) == "-":
            if ray is not None:
                raise BadData("Standard input (-) is learned as it comes, and not in shards. Leave --ray out.")
            _learn_stream(brain, reading.batches("train", batch, brain), label, name, separator, as_json)
            return
        samples = labelled(reading.read(data, "train", brain), label, data)
        if samples.y is None:
            if not brain.classes or ray is not None:
                raise no_labels(samples, data)
            samples = expect_targets(brain, samples, data)
            _learn_what_is_new(brain, samples, name, as_json)
            return
        samples, about = expect_targets(brain, samples, data, separator=separator), told(samples)
        y: Any = samples.y
        total = len(samples.names)
        if ray is not None:
            from reverie.runs.shards import learn_in_shards

            done = [learn_in_shards(brain, samples.x, y, address=ray, shards=shards)]
        elif name is not None:
            done = [brain.learn(samples.x, given_targets(samples), name=name)]
        else:
            done = []
            for start in range(0, total, _BATCH):
                some = samples.cut(slice(start, start + _BATCH))
                done.append(brain.learn(some.x, given_targets(some)))
                if not as_json and total > _BATCH:
                    say(f"  {min(start + _BATCH, total)} of {total}")
        result = _learned(brain, total, began, done) | about
    if as_json:
        typer.echo(json.dumps(result))
        return
    _warn(done)
    typer.echo(f"Learned {result['samples']} samples in {result['seconds']:.1f} s. {_knows(result)}")


def _knows(result: dict[str, Any]) -> str:
    """What a brain knows after a change."""
    if "targets" in result:
        known = f"It predicts {_some(result['targets']) or 'numbers'}"
    else:
        known = f"It knows {len(result['classes'])} classes: {_some(result['classes'])}"
    return f"{known}. Version {result['version']}."


def _about(brain: "Brain") -> dict[str, Any]:
    """What a brain knows; `targets`: the names of its numbers."""
    numbers = brain.mind.numbers
    named = (
        {} if brain.targets != "numbers" else {"targets": [] if numbers is None else list(filter(None, numbers.names))}
    )
    return {"classes": brain.classes, **named, "version": brain.version}


def _learned(brain: "Brain", samples: int, began: float, done: list["Learned"]) -> dict[str, Any]:
    clipped = sum(one.clipped for one in done)
    return {
        "samples": samples,
        **_about(brain),
        "seconds": time.perf_counter() - began,
        "state_bytes": brain.state_bytes,
    } | ({"clipped": clipped} if clipped else {})


def _learn_stream(
    brain: "Brain", batches: Iterator["Samples"], label: str | None, name: str | None, separator: str, as_json: bool
) -> None:
    """Learn each batch as it comes, and acknowledge it once it is durable."""
    began, total = time.perf_counter(), 0
    done: list["Learned"] = []
    for some in batches:
        samples = labelled(some, label, Path("-"))
        if samples.y is None:
            raise no_labels(samples, Path("-"))
        samples, about = expect_targets(brain, samples, Path("-"), separator=separator), told(samples)
        done.append(brain.learn(samples.x, given_targets(samples), name=name))
        total += len(samples.names)
        result = _learned(brain, total, began, done) | about
        typer.echo(json.dumps(result) if as_json else f"Learned {total} samples. {_knows(result)}")
        sys.stdout.flush()
    if not as_json:
        _warn(done)


def _warn(done: list["Learned"]) -> None:
    """Say, once, what the first experience has decided, and that numbers lie outside of what it has shown."""
    for kind in ("note", "warning"):
        said = next((word for one in done if (word := getattr(one, kind))), "")
        if said:
            say(said)


def _learn_what_is_new(brain: "Brain", samples: "Samples", name: str | None, as_json: bool) -> None:
    from reverie.brain import NEW

    about = told(samples)
    learned = brain.learn(samples.x, name=name)
    result = {
        "samples": learned.samples,
        "new": learned.new,
        "classes": brain.classes,
        "names": samples.names,
        "novelty": learned.novelty.tolist(),
        "seconds": learned.seconds,
        "state_bytes": brain.state_bytes,
        "version": learned.version,
        **({"clipped": learned.clipped} if learned.clipped else {}),
        **about,
    }
    if as_json:
        typer.echo(json.dumps(result))
        return
    _warn([learned])
    for sample, novelty in list(zip(_shown(samples), learned.novelty.tolist(), strict=True))[:20]:
        typer.echo(f"{sample[:40]:<40}  {'this is new' if novelty >= NEW else 'like what it knows'}  {novelty:.2f}")
    typer.echo(
        f"{learned.samples} of {len(samples.names)} are new: class {learned.new[0]!r}. Give it a name: "
        f"reverie brain rename {brain.folder} {learned.new[0]!r} NAME"
        if learned.new
        else "Nothing new; nothing learned."
    )


@app.command()
def correct(
    folder: Folder,
    sample: Annotated[Path, typer.Argument(help="One sample: a picture, a recording, or a table or .txt of one row.")],
    to: Annotated[str, typer.Option(help="The right label; it may be new.")],
    was: Annotated[
        str | None, typer.Option(help="The label under which it was learned, if it was: that is taken back.")
    ] = None,
    label_column: LabelColumn = None,
    text_column: TextColumn = None,
    drop: Drop = None,
    encoder: OwnEncoder = None,
    as_json: Json = False,
) -> None:
    """Correct an answer: the sample counts as often as it needs to; prints what else is answered differently now."""
    reading = Reading(tuple(label_column or ()), text_column, tuple(drop or ()))
    with _open(folder, encoder) as brain:
        samples = expect_targets(brain, reading.read(sample, "test", brain), sample)
        about = told(samples)
        done = brain.correct(samples.x, _label(brain, to), was=None if was is None else _label(brain, was))
    if as_json:
        result = {
            "name": samples.names[0],
            "before": done.before,
            "after": done.after,
            "to": done.to,
            "was": done.was,
            "changed": done.changed,
            "weight": done.weight,
            "others": {str(label): share for label, share in done.others.items()},
            "new": done.new,
            "seconds": done.seconds,
            "version": done.version,
        }
        typer.echo(json.dumps(result | about))
        return
    if done.changed:
        typer.echo(f"It answered {done.before}, and answers {done.after} now. The sample counts {done.weight} times.")
    else:
        typer.echo(
            f"It answers {done.after} still: no weight up to 1024 changes that. The sample was learned once. If "
            "samples like it were learned under a wrong label, take them back: --was LABEL, or reverie brain forget."
        )
    if done.was is not None:
        typer.echo(f"It counts no longer as {done.was}.")
    changed = sorted(((share, str(label)) for label, share in done.others.items() if share > 0), reverse=True)
    shown = ", ".join(f"{label} {share:.0%}" for share, label in changed[:10])
    more = f" and {len(changed) - 10} classes more" if len(changed) > 10 else ""
    typer.echo(f"Dreams that are answered differently now, by class: {shown or 'none'}{more}.")
    typer.echo(f"Version {done.version}. To take this back: reverie brain undo {folder}")


@app.command()
def rename(
    folder: Folder,
    label: Annotated[str, typer.Argument(help="A class.")],
    to: Annotated[str, typer.Argument(help="Its new name.")],
    encoder: OwnEncoder = None,
    as_json: Json = False,
) -> None:
    """Give a class another name."""
    with _open(folder, encoder) as brain:
        brain.rename(_label(brain, label), _label(brain, to))
        result: dict[str, Any] = {"classes": brain.classes, "version": brain.version}
    typer.echo(json.dumps(result) if as_json else f"It knows {_some(result['classes'])}. Version {result['version']}.")


@app.command()
def predict(
    folder: Folder,
    data: Data,
    by: Annotated[str, typer.Option(help="Who answers: memory, or the cortex that sleep trained.")] = "memory",
    label_column: LabelColumn = None,
    text_column: TextColumn = None,
    drop: Drop = None,
    id_column: IdColumn = None,
    skip_bad: SkipBad = False,
    batch: Batch = _BATCH,
    separator: Separator = ";",
    threshold: Annotated[
        float | None,
        typer.Option(help="Of several labels: from which probability on one is given.  [default: the sums choose]"),
    ] = None,
    coverage: Annotated[
        float | None,
        typer.Option(
            help="Tell sets of labels, so large a share of which holds the right one; of numbers, the share that lies "
            "between the limits.  [numbers: 0.9]"
        ),
    ] = None,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print a line for each sample: its file, row or id, and the answer.")
    ] = False,
    encoder: OwnEncoder = None,
    as_json: Json = False,
) -> None:
    """Recognise samples: label, confidence, novelty (0 to 1; new from 0.5 on); numbers, their limits; or labels."""
    if as_csv and as_json:
        raise BadData("Given --csv and --json. Expected one of them.")
    reading = Reading(tuple(label_column or ()), text_column, tuple(drop or ()), id_column, skip_bad)
    with _open(folder, encoder, writer=False) as brain:
        stream = str(data) == "-"
        parts = reading.batches("test", batch, brain) if stream else iter([reading.read(data, "test", brain)])
        for place, given in enumerate(parts):
            samples = expect_targets(brain, given, data, separator=separator)
            if brain.targets == "labels":
                if coverage is not None or by != "memory":
                    raise BadData("This brain learns several labels of a sample. Leave --coverage and --by out.")
                result = label_answers(brain, samples, threshold) | told(samples)
                if as_json:
                    typer.echo(json.dumps(result))
                elif as_csv:
                    print_labels(result, separator, header=place == 0)
                else:
                    tell_labels(_shown(samples), result)
                sys.stdout.flush()
                continue
            if threshold is not None:
                raise BadData(f"This brain learns {brain.targets}. Leave --threshold out: it is for several labels.")
            if brain.targets == "numbers":
                result = estimates(brain, samples, 0.9 if coverage is None else coverage) | told(samples)
                if as_json:
                    typer.echo(json.dumps(result))
                elif as_csv:
                    print_estimates(result, header=place == 0)
                else:
                    tell_estimates(_shown(samples), result, samples.y is not None)
                sys.stdout.flush()
                continue
            result = _answers(brain, samples, by, coverage) | told(samples)
            if as_json:
                typer.echo(json.dumps(result))
            elif as_csv:
                print_csv(result, header=place == 0)
            else:
                _tell_answers(samples, result)
            sys.stdout.flush()


def _answers(brain: "Brain", samples: "Samples", by: str, coverage: float | None) -> dict[str, Any]:
    from reverie.brain import NEW

    if coverage is not None and by != "memory":
        raise BadData("Given --coverage and --by cortex. Sets are the memory's; leave one of the two out.")
    labels, confidence, novelty = brain.answer(samples.x, by=by)
    result: dict[str, Any] = {
        "names": samples.names,
        "labels": labels.tolist(),
        "confidence": confidence.tolist(),
        "novelty": novelty.tolist(),
        "new": [value >= NEW for value in novelty.tolist()],
    }
    if samples.y is not None:
        right = sum(str(a) == str(b) for a, b in zip(result["labels"], samples.y, strict=True))
        result["accuracy"] = float(right / len(samples.y))
    if coverage is not None:
        result |= {"sets": brain.predict_sets(samples.x, coverage=coverage), "coverage": coverage}
        if samples.y is not None:
            held = sum(str(b) in map(str, some) for some, b in zip(result["sets"], samples.y, strict=True))
            result["covered"] = float(held / len(samples.y))
    return result


def _tell_answers(samples: "Samples", result: dict[str, Any]) -> None:
    shown = list(
        zip(_shown(samples), *(result[key] for key in ("labels", "confidence", "novelty", "new")), strict=True)
    )
    for place, (sample, label, sure, novelty, new) in enumerate(shown[:20]):
        others = [str(one) for one in result["sets"][place][1:]] if "sets" in result else []
        typer.echo(
            f"{sample[:40]:<40}  {label}{' or ' if others else ''}{' or '.join(others)}  confidence {sure:.2f}  "
            f"novelty {novelty:.2f}" + ("  this is new" if new else "")
        )
    if len(shown) > 20:
        typer.echo(f"… and {len(shown) - 20} more; --json and --csv print all.")
    if samples.y is not None:
        typer.echo(f"Accuracy: {result['accuracy']:.4f} of {len(samples.y)} samples.")
    if "sets" in result:
        held = f"; {result['covered']:.1%} of these do" if "covered" in result else ""
        size = sum(map(len, result["sets"])) / len(result["sets"])
        typer.echo(
            f"{result['coverage']:.0%} of new samples have the right label in their set{held}. "
            f"A set has {size:.2f} labels on average."
        )


def _shown(samples: "Samples") -> list[str]:
    """Sentences as they are; other samples by their names."""
    return [str(x) for x in samples.x] if isinstance(samples.x, list) and _are_words(samples.x) else samples.names


def _are_words(x: list[Any]) -> bool:
    return all(isinstance(one, str) for one in x)


@app.command()
def sleep(folder: Folder, settings: Settings = None, encoder: OwnEncoder = None, as_json: Json = False) -> None:
    """Prune, dream, consolidate, verify. `--set keep=0.5`, `hidden=[400,400]`, `steps=1000`, `bits=16`, …"""
    from dataclasses import fields

    from reverie.brain import Plan
    from reverie.errors import unknown_name
    from reverie.runs.config import parse_settings

    given = parse_settings(settings or [])
    known = [field.name for field in fields(Plan)]
    for key in given:
        if key not in known:
            raise unknown_name("setting of a night", key, known)
    if "hidden" in given:
        given["hidden"] = tuple(given["hidden"] or ())
    with _open(folder, encoder) as brain:
        report = brain.sleep(Plan(**given))
    if as_json:
        typer.echo(json.dumps(report))
        return
    explained = report["explained"]
    before, after = (size / 1e6 for size in report["state_bytes"])
    typer.echo(
        f"The night is {report['verdict']}"
        + (f": {report['reason']}." if report["reason"] else ".")
        + (f" Left out: {report['left_out']}." if report["left_out"] else "")
        + f" {report['seconds']:.1f} s; inputs {report['inputs'][0]} → {report['inputs'][1]}, "
        f"state {before:.2f} → {after:.2f} MB, explained variance {explained[0]:.4f} → {explained[1]:.4f}."
        + _sharpened(report["sharpened"])
        + _deepened(report.get("deeper", {}))
    )


def _sharpened(told: dict[str, Any]) -> str:
    """What the night has measured on the keys aside."""
    if "loss" not in told:
        return ""
    found = (
        f"log-loss {told['loss']:.4f} → {told['sharp_loss']:.4f} (± {told['error']:.4f}), accuracy "
        f"{told['accuracy']:.4f} → {told['sharp_accuracy']:.4f} on {told['aside']} keys aside"
    )
    if "third_loss" in told:
        found += f"; with third moments {told['third_loss']:.4f} (± {told['third_error']:.4f})"
    return f" Sharpened: {found}." if told["sharpened"] else f" Not sharpened, for it is not surely better: {found}."


def _deepened(told: dict[str, Any]) -> str:
    """What the night has measured of a deeper cortex."""
    if "deep_loss" not in told:
        return f" No deeper cortex was trained: {told['left_out']}." if "left_out" in told else ""
    found = (
        f"log-loss {told['loss']:.4f} → {told['deep_loss']:.4f} (± {told['error']:.4f}), accuracy "
        f"{told['accuracy']:.4f} → {told['deep_accuracy']:.4f} on {told['aside']} samples aside; "
        f"{told['traces']} traces were replayed in {told['seconds']:.1f} s"
    )
    if told["deepened"]:
        return f" A deeper cortex answers with the memory: {found}."
    return f" The deeper cortex is left out, for it is not surely better: {found}."


@app.command()
def traces(
    folder: Folder,
    erase: Annotated[bool, typer.Option("--erase", help="Remove all, from earlier versions too.")] = False,
    encoder: OwnEncoder = None,
    as_json: Json = False,
) -> None:
    """How many traces of pictures are kept, and in how many bytes; or remove them all."""
    with _open(folder, encoder, writer=erase) as brain:
        erased = brain.erase_traces() if erase else 0
        kept = brain.mind.traces
        result: dict[str, Any] = {
            "erased": erased,
            **({"count": 0, "room": 0, "bytes": 0, "each": 0} if kept is None else kept.about()),
        }
    if as_json:
        typer.echo(json.dumps(result))
        return
    if erase:
        typer.echo(f"Removed {erased} traces. Versions before this one are no longer kept.")
        return
    typer.echo(
        "This brain keeps no traces."
        if kept is None
        else f"{result['count']} traces of at most {result['room']}, {result['bytes'] / 1e6:.3f} MB; "
        f"{result['each']} bytes each."
    )


@app.command()
def forget(
    folder: Folder,
    label: Annotated[str | None, typer.Option(help="A class.")] = None,
    name: Annotated[str | None, typer.Option(help="What was learned under this name.")] = None,
    data: Annotated[Path | None, typer.Option(help="Labelled samples that were learned.")] = None,
    label_column: LabelColumn = None,
    text_column: TextColumn = None,
    drop: Drop = None,
    separator: Separator = ";",
    encoder: OwnEncoder = None,
    as_json: Json = False,
) -> None:
    """Forget a class, a name, or samples: as if they had never been learned."""
    with _open(folder, encoder) as brain:
        if data is not None:
            reading = Reading(tuple(label_column or ()), text_column, tuple(drop or ()))
            samples = expect_targets(brain, reading.read(data, "train", brain), data, separator=separator)
            brain.forget(label, name=name, x=samples.x, y=given_targets(samples))
        else:
            brain.forget(None if label is None else _label(brain, label), name=name)
        result = _about(brain)
    typer.echo(json.dumps(result) if as_json else f"Forgotten. {_knows(result)}")


@app.command()
def merge(
    folder: Folder,
    other: Annotated[Path, typer.Argument(help="Another brain's folder.")],
    encoder: OwnEncoder = None,
    as_json: Json = False,
) -> None:
    """Add what another brain has learned."""
    with _open(folder, encoder) as brain, _open(other, encoder, writer=False) as friend:
        brain.merge(friend)
        result = _about(brain) | {"samples": sum(brain.counts.values())}
    typer.echo(json.dumps(result) if as_json else f"Merged. {_knows(result)}")


@app.command()
def history(folder: Folder, encoder: OwnEncoder = None, as_json: Json = False) -> None:
    """What happened, whether the stream has drifted, and to which versions one can go back."""
    from dataclasses import asdict

    with _open(folder, encoder, writer=False) as brain:
        events, versions = brain.history(), brain.versions()
        try:
            drift: dict[str, Any] | None = asdict(brain.drift())
        except MissingData:  # River is not installed
            drift = None
    if as_json:
        typer.echo(json.dumps({"events": events, "versions": versions, "drift": drift}))
        return
    for event in events:
        what = " ".join(
            f"{key} {event[key]}"
            for key in ("samples", "new", "name", "label", "verdict", "was", "to", "damage")
            if event.get(key)
        )
        kept = " " if event["version"] in versions else "-"
        typer.echo(f"{kept} {event['version']:>6}  {event['time']}  {event['kind']:<8}  {what}")
    typer.echo("Versions marked - are no longer kept.")
    if drift and drift["found"]:
        typer.echo(
            f"Drift: since version {drift['since']}, samples differ from their class {drift['now']:.2f} times as much "
            f"as its spread explains ({drift['before']:.2f} before)."
        )


@app.command()
def rollback(
    folder: Folder,
    to: Annotated[int, typer.Option(help="A version; see history.")],
    encoder: OwnEncoder = None,
    as_json: Json = False,
) -> None:
    """Be again as at an earlier version."""
    with _open(folder, encoder) as brain:
        brain.rollback(to)
        result: dict[str, Any] = {"classes": brain.classes, "version": brain.version}
    typer.echo(json.dumps(result) if as_json else f"As at version {to} again; this is version {result['version']}.")


@app.command()
def undo(folder: Folder, encoder: OwnEncoder = None, as_json: Json = False) -> None:
    """Be again as before the last change. Once more: do it again."""
    with _open(folder, encoder) as brain:
        last = brain.history()[-1]["kind"] if brain.history() else ""
        to = brain.undo()
        result: dict[str, Any] = {"undone": last, "to": to, "classes": brain.classes, "version": brain.version}
    typer.echo(
        json.dumps(result)
        if as_json
        else f"Undone: {last}. As at version {to} again; this is version {result['version']}."
    )


@app.command()
def recover(folder: Folder, encoder: OwnEncoder = None, as_json: Json = False) -> None:
    """Where files are damaged or missing, go on from the last state that can be read, and say what is lost."""
    with _open(folder, encoder, recover=True) as brain:
        event = brain.history()[-1] if brain.history() else {}
        if event.get("kind") != "recover":
            event = {}
        result: dict[str, Any] = {"version": brain.version, "damage": event.get("damage"), "lost": event.get("lost")}
    if as_json:
        typer.echo(json.dumps(result))
        return
    lost = "No version is lost."
    if result["lost"] is not None:
        first, last = result["lost"]
        lost = f"Version {first} is lost." if first == last else f"Versions {first} to {last} are lost."
    said = f"{lost} What was wrong: {result['damage']}" if result["damage"] else "Nothing was damaged."
    typer.echo(f"Version {result['version']}. {said}")


@app.command()
def export(
    folder: Folder,
    file: Annotated[Path, typer.Argument(help="NAME.onnx, or else a new folder for Python with NumPy alone.")],
    by: Annotated[str, typer.Option(help="Whose answers: memory, or the cortex that sleep trained.")] = "memory",
    int8: Annotated[
        bool, typer.Option("--int8", help="Weights of eight bits, where 99.5 % of the labels stay.")
    ] = False,
    encoder: OwnEncoder = None,
    as_json: Json = False,
) -> None:
    """Export the brain's answers to a machine without torch."""
    with _open(folder, encoder, writer=False) as brain:
        result = brain.export(file, by=by, int8=int8)
    if as_json:
        typer.echo(json.dumps(result))
        return
    typer.echo(f"{result['path']}: {result['bytes'] / 1e6:.2f} MB, {len(result['classes'])} classes.")
    if "agreement" in result:
        typer.echo(f"{result['agreement']:.2%} of the labels are the same as with whole weights.")
    if "left_out" in result:
        typer.echo(f"Left out: {result['left_out']}.")
    if "takes" in result:
        typer.echo(f"It takes {result['takes']}: reverie.senses makes them where samples come in.")
    if result["format"] == "numpy":
        typer.echo(f"There: python {file}/predict.py SAMPLES.npy")


@app.command()
def cost(
    folder: Folder,
    budget_bytes: Annotated[int | None, typer.Option("--bytes", help="Bytes that its state may have.")] = None,
    ms: Annotated[float | None, typer.Option(help="Milliseconds that learning or answering a sample may take.")] = None,
    no_sleep: Annotated[bool, typer.Option("--no-sleep", help="Do not measure a night.")] = False,
    encoder: OwnEncoder = None,
    as_json: Json = False,
) -> None:
    """Bytes, operations and time of learning, answering and sleeping, on a copy; whether a budget is met."""
    from reverie.brain import cost_of

    with _open(folder, encoder, writer=False) as brain:
        result = cost_of(brain, budget_bytes=budget_bytes, budget_ms=ms, sleep=not no_sleep)
    if as_json:
        typer.echo(json.dumps(result))
        return
    typer.echo(f"State    {result['state_bytes'] / 1e6:>9.3f} MB")
    typer.echo(
        f"Folder   {result['disk_bytes'] / 1e6:>9.3f} MB of at most {result['disk_room'] / 1e6:.3f} MB: the last "
        f"{result['history']} snapshots, before them one a day; older versions go first"
    )
    if result["traces"]:
        kept = result["traces"]
        typer.echo(
            f"Traces   {kept['bytes'] / 1e6:>9.3f} MB, within the state: {kept['count']} of at most {kept['room']}, "
            f"{kept['each']} bytes each"
        )
    for name in ("learn", "predict") if result["learn"] else ():
        one = result[name]
        alone = f", {one['us_alone']:.0f} µs alone" if "us_alone" in one else ""
        typer.echo(f"{name.capitalize():<8} {one['us']:>9.1f} µs and {one['macs'] / 1e6:.3f} million MACs each{alone}")
    if result["aside_bytes"]:
        typer.echo(f"Nights   {result['aside_bytes'] / 1e6:>9.3f} MB of the state are keys by which they are judged")
    if sketch := result["sketch"]:
        typer.echo(
            f"Sketch   {sketch['bytes'] / 1e6:>9.3f} MB of the state, along {sketch['directions']} directions (third "
            f"moments along {sketch['third']}); --set sketch=false, when a brain is made, leaves it out"
        )
    for one in result["numbers"]:
        how = "learned as its logarithm" if one["logarithm"] else "learned as it is"
        shown = f"{one['explained']:.3f} of its variance explained in new samples, as the sums expect"
        typer.echo(f"Number   {one['name'] or '(no name)'}: {how}, {shown}")
    if result["sleep"]:
        night = result["sleep"]
        typer.echo(
            f"Sleep    {night['seconds']:>9.1f} s and {night['macs'] / 1e9:.1f} billion MACs; "
            f"then {night['state_bytes'] / 1e6:.3f} MB"
        )
    if result["met"] is not None:
        typer.echo("The budget is met." if result["met"] else "The budget is NOT met.")


@app.command()
def serve(
    folder: Folder,
    port: Annotated[int, typer.Option(help="0: any that is free.")] = 8765,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    token: Annotated[
        str | None, typer.Option(envvar="REVERIE_TOKEN", help="What clients must know. [default: a new one]")
    ] = None,
    served_as: Annotated[
        list[str] | None, typer.Option("--served-as", help="Further host names under which it is reached.")
    ] = None,
    encoder: OwnEncoder = None,
    as_json: Json = False,
) -> None:
    """Serve the brain: a live page and an HTTP interface. Ctrl-C or SIGTERM stops it."""
    try:
        from reverie.server import serve as run
    except ImportError:
        raise MissingData(
            "The service needs packages that are not installed. Run: pip install 'reverie[serve]'"
        ) from None

    def ready(address: str) -> None:
        typer.echo(json.dumps({"address": address}) if as_json else f"Open {address}\nCtrl-C stops it.")

    own = None if encoder is None else handed_in(encoder)
    run(folder, encoder=own, host=host, port=port, token=token, hosts=tuple(served_as or ()), ready=ready)


def _open(folder: Path, encoder: str | None, *, writer: bool = True, recover: bool = False) -> "Brain":
    from reverie.brain import Brain

    own = None if encoder is None else handed_in(encoder)
    return Brain.open(folder, writer=writer, recover=recover, encoder=own)


def _label(brain: "Brain", word: str) -> Any:
    """A label as the brain knows it: a whole number where its labels are numbers."""
    known = brain.classes
    if not known or not isinstance(known[0], int):
        return word
    try:
        return int(word)
    except ValueError:
        raise BadData(
            f"The label is {word!r}, and those that are known are whole numbers. Give a whole number."
        ) from None


def _some(labels: list[Any]) -> str:
    shown = ", ".join(str(label) for label in labels[:10])
    return shown + (f" and {len(labels) - 10} more" if len(labels) > 10 else "")
