"""The commands of disciplines: `reverie modules …`. Thin, over `reverie.disciplines`."""

import json
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reverie.cli.common import Json, say
from reverie.errors import BadData

if TYPE_CHECKING:
    from reverie.disciplines import Module
    from reverie.disciplines.trial import Trial

__all__ = ["app"]

app = typer.Typer(
    help="Knowledge as modules: checked cards, trained alone, frozen, fused with data behind a guard.",
    no_args_is_help=True,
)

CardName = Annotated[str, typer.Argument(help="A card of the library, or the path of a card.")]
Data = Annotated[Path, typer.Option("--data", help="A CSV with a line of names.")]
Target = Annotated[str, typer.Option("--target", help="The column to answer.")]
Cards = Annotated[str, typer.Option("--cards", help="Cards, comma between them: names of the library, or paths.")]
Rename = Annotated[list[str] | None, typer.Option("--rename", help="input=column, where the names differ. Repeatable.")]
Group = Annotated[str | None, typer.Option("--group", help="Column: its rows stay on one side of a split.")]
Out = Annotated[Path | None, typer.Option("--out", help="Where to write.")]
AsOf = Annotated[datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="Knowledge of this day.")]
Seed = Annotated[int, typer.Option(help="Of everything random.")]


@app.command()
def check(
    cards: Annotated[list[str], typer.Argument(help="Cards: names of the library, or paths.")],
    confirm: Annotated[
        str | None, typer.Option(help="Your name: you have read a proposed card and stand for it.")
    ] = None,
    add: Annotated[Path | None, typer.Option(help="Put the cards in force in this registry.")] = None,
    as_json: Json = False,
) -> None:
    """Check form, vocabulary, dimensions and worked examples; confirm a proposed card; add it to a registry."""
    from reverie.disciplines import Registry, open_card, read_card
    from reverie.disciplines.library import find
    from reverie.record import replace_file

    found: list[dict[str, Any]] = []
    for name in cards:
        path = find(name)
        if confirm is not None:
            card = read_card(path)
            if card.status == "proposed":
                open_card(path)
                card = card.model_copy(update={"status": "confirmed", "confirmed_by": confirm})
                replace_file(path, card.dump().encode())
        card = open_card(path).card
        if add is not None:
            Registry(add).add(card)
        found.append({"card": card.name, "status": card.status, "examples": len(card.examples), "digest": card.digest})
    if as_json:
        typer.echo(json.dumps(found))
        return
    for one in found:
        typer.echo(f"{one['card']}: holds, {one['examples']} examples computed. {one['status']}, {one['digest'][:12]}")
        if one["status"] == "proposed":
            typer.echo("  It is proposed. Read it, and confirm it with --confirm YOUR-NAME.")


@app.command(name="list")
def list_cards(
    registry: Annotated[Path | None, typer.Option(help="A registry's folder. [default: the library]")] = None,
    as_of: AsOf = None,
    as_json: Json = False,
) -> None:
    """List the cards of the library or of a registry: what they need and what they answer."""
    from reverie.disciplines import Registry, read_card
    from reverie.disciplines.library import find, names

    if registry is None:
        cards = [read_card(find(name)) for name in names()]
    else:
        folder = Registry(registry)
        cards = [folder.get(name, as_of=_day(as_of)) for name in folder.names()]
    if as_json:
        typer.echo(json.dumps([_said(card) for card in cards]))
        return
    for card in cards:
        inputs = ", ".join(f"{name} [{one.unit}]" for name, one in card.inputs.items())
        outputs = ", ".join(f"{name} [{one.unit}]" for name, one in card.outputs.items())
        typer.echo(f"{card.name}  {card.title} ({card.status})\n    {inputs} → {outputs}")


def _said(card: Any) -> dict[str, Any]:
    return {
        "card": card.card,
        "version": card.version,
        "title": card.title,
        "status": card.status,
        "inputs": {name: one.unit for name, one in card.inputs.items()},
        "outputs": {name: one.unit for name, one in card.outputs.items()},
        "digest": card.digest,
    }


@app.command()
def train(card: CardName, data: Data, out: Out = None, rename: Rename = None, as_json: Json = False) -> None:
    """Fit the constants that a card lets be fitted to measured rows: the next version of the card."""
    from reverie.disciplines import train_card
    from reverie.disciplines.registry import difference
    from reverie.record import replace_file

    module = _open(card)
    fitted = train_card(module.card, _rows(module, data, rename, outputs=True))
    path = out or Path(f"{fitted.card}-{fitted.version}.yaml")
    replace_file(path, fitted.dump().encode())
    changes = difference(module.card, fitted)
    _answer(
        {"card": fitted.name, "file": str(path), "digest": fitted.digest, "changes": changes},
        "\n".join([f"Wrote {path}.", *(line for line in changes if line.startswith("constants") and ".value" in line)]),
        as_json,
    )


@app.command()
def distil(
    card: CardName,
    out: Annotated[Path, typer.Option("--out", help="Folder of the frozen module.")],
    data: Annotated[Path | None, typer.Option("--data", help="Real rows, on which forms are tested too.")] = None,
    rename: Rename = None,
    tolerance: Annotated[float, typer.Option(help="Largest error over the spread of the answers.")] = 0.05,
    as_json: Json = False,
) -> None:
    """Find the smallest form that holds, freeze it, and write it."""
    from dataclasses import asdict

    from reverie.disciplines import distil as smallest
    from reverie.disciplines import save_frozen

    module = _open(card)
    found = smallest(module, _rows(module, data, rename) if data else None, tolerance=tolerance)
    save_frozen(found.frozen, out)
    tried = [asdict(form) for form in found.forms]
    _answer(
        {
            "card": module.card.name,
            "kind": found.kind,
            "digest": found.frozen.digest,
            "folder": str(out),
            "forms": tried,
        },
        f"{module.card.name}: {found.kind}, {found.forms[0].bytes} bytes, in {out}. Digest {found.frozen.digest[:12]}.",
        as_json,
    )


@app.command()
def freeze(
    card: CardName,
    out: Annotated[Path, typer.Option("--out", help="Folder of the frozen module.")],
    as_of: AsOf = None,
    as_json: Json = False,
) -> None:
    """Freeze a card as it is: buffers only, a digest, probe outputs. What is there is verified first."""
    from reverie.disciplines import freeze as frozen
    from reverie.disciplines import load_frozen, save_frozen

    found = load_frozen(Path(card)) if Path(card).is_dir() else frozen(_open(card, as_of))
    save_frozen(found, out)
    name = found.card.name if found.card else card
    _answer(
        {"card": name, "digest": found.digest, "folder": str(out)},
        f"{name} is frozen in {out}. Digest {found.digest[:12]}, verified.",
        as_json,
    )


@app.command()
def fuse(
    data: Data,
    target: Target,
    cards: Cards,
    rename: Rename = None,
    group: Group = None,
    task: Annotated[str, typer.Option(help="auto, regression or classification.")] = "auto",
    splits: Annotated[int, typer.Option(min=1, help="Random splits into training and test rows.")] = 5,
    as_of: AsOf = None,
    out: Out = None,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Test error with modules and without, weights, and the guard's verdict, on any table."""
    found = _try(data, target, cards, rename, group, task, splits, as_of, seed, curves=out is not None)
    result = {"data": str(data), "target": target, **found.as_json()}
    if out is not None:
        _write_report(out, result, found)
    lines = [
        f"{found.rows} rows, {found.task}; {found.measure} on held-out rows, mean of {found.splits} splits:",
        *(f"  {name:<8} {value:.4g}" for name, value in found.errors.items()),
        "Weights: " + ", ".join(f"{name} {weight:.2f}" for name, weight in result["weights"].items()),
        found.model.verdict_.words,
        *(f"Note: {note}." for note in found.notes),
    ]
    _answer(result, "\n".join(lines), as_json)


@app.command()
def explain(
    data: Data,
    target: Target,
    cards: Cards,
    row: Annotated[int, typer.Option(min=1, help="Which row, from 1.")] = 1,
    rename: Rename = None,
    group: Group = None,
    as_of: AsOf = None,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """One prediction, split into the shares of the network and of every module; they sum to it exactly."""
    found = _try(data, target, cards, rename, group, "auto", 1, as_of, seed)
    if row > found.rows:
        raise BadData(f"Row {row} is asked for; there are {found.rows}. Give a smaller --row.")
    one = {name: value[row - 1 : row] for name, value in found.columns.items()}
    shares = {name: value[0].tolist() for name, value in found.model.shares(one).items()}
    answer = found.model.predict(one)[0]
    result: dict[str, Any] = {"row": row, "prediction": answer if isinstance(answer, str) else float(answer)}
    result |= {"shares": shares, "measured": found.y[row - 1], "verdict": found.model.verdict_.words}
    if found.task == "regression":
        low, high = found.model.interval(one)
        result["interval_90"] = [float(low[0]), float(high[0])]
    lines = [f"Row {row}: {answer}, measured {found.y[row - 1]}", *(f"  {n:<40} {v}" for n, v in shares.items())]
    _answer(result, "\n".join([*lines, found.model.verdict_.words]), as_json)


@app.command()
def diff(
    old: Annotated[str, typer.Argument(help="A card, or NAME@VERSION in --registry.")],
    new: Annotated[str, typer.Argument(help="Another.")],
    registry: Annotated[Path | None, typer.Option(help="A registry's folder.")] = None,
    as_json: Json = False,
) -> None:
    """What changed between two cards, place by place."""
    from reverie.disciplines import Registry, read_card
    from reverie.disciplines.library import find
    from reverie.disciplines.registry import difference

    def card(name: str) -> Any:
        if registry is None:
            return read_card(find(name))
        plain, _, version = name.partition("@")
        return Registry(registry).get(plain, version=version or None)

    lines = difference(card(old), card(new))
    _answer({"changes": lines}, "\n".join(lines) or "They say the same.", as_json)


@app.command()
def rollback(
    registry: Annotated[Path, typer.Argument(help="A registry's folder.")],
    card: Annotated[str, typer.Argument(help="The card's name.")],
    to: Annotated[str, typer.Option("--to", help="The version to put in force.")],
    as_json: Json = False,
) -> None:
    """Put an older version of a card in force; the others are not touched."""
    from reverie.disciplines import Registry

    found = Registry(registry).rollback(card, version=to)
    _answer({"card": found.name, "digest": found.digest}, f"{found.name} is in force.", as_json)


@app.command()
def extract(
    document: Annotated[Path, typer.Argument(help="A .txt, .md, .tex or .pdf file.")],
    name: Annotated[str, typer.Option(help="Name of the first card: discipline.topic.")] = "proposed.card",
    out: Annotated[Path, typer.Option("--out", help="Folder for the proposed cards.")] = Path("proposed"),
    as_json: Json = False,
) -> None:
    """Propose cards for the formulas of a text; nothing is used before a person confirms it."""
    from reverie.disciplines.extraction import propose, read_document
    from reverie.record import replace_file

    found = propose(read_document(document), name=name, source=document.name)
    if not found:
        raise BadData(f"{document.name} holds no formula (left = right). Write one, and what its symbols are.")
    result: list[dict[str, Any]] = []
    lines = []
    for one in found:
        path = out / f"{one.card.card}.yaml" if one.card and one.holds else None
        if path is not None and one.card is not None:
            out.mkdir(parents=True, exist_ok=True)
            replace_file(path, one.card.dump().encode())
        said = {"found": one.found, "place": one.place, "problems": list(one.problems)}
        result.append({**said, "file": str(path) if path else None})
        lines.append(f"{document.name}, {one.place}: {one.found}")
        lines.append(f"  proposed: {path}. Read it, then: modules check {path} --confirm YOUR-NAME" if path else "")
        lines += [f"  refused: {problem}" for problem in one.problems]
    _answer({"proposals": result}, "\n".join(line for line in lines if line), as_json)


def _open(name: str, as_of: datetime | None = None) -> "Module":
    from reverie.disciplines import open_card
    from reverie.disciplines.library import find

    module = open_card(find(name))
    return module.at(as_of.date()) if as_of is not None else module


def _day(as_of: datetime | None) -> date | None:
    return as_of.date() if as_of is not None else None


def _renamed(rename: list[str] | None) -> dict[str, str]:
    pairs = [one.partition("=") for one in rename or []]
    for left, sign, right in pairs:
        if not (left and sign and right):
            raise BadData(f"--rename {left + sign + right}: expected input=column.")
    return {left: right for left, _, right in pairs}


def _try(
    data: Path,
    target: str,
    cards: str,
    rename: list[str] | None,
    group: str | None,
    task: str,
    splits: int,
    as_of: datetime | None,
    seed: int,
    *,
    curves: bool = False,
) -> "Trial":
    from reverie.disciplines.dataset import read_table
    from reverie.disciplines.trial import try_modules

    table = read_table(data)
    modules = [_open(name.strip(), as_of) for name in cards.split(",") if name.strip()]
    if not modules:
        raise BadData("No card is named. Give --cards NAME[,NAME]; reverie modules list shows them.")
    for module in modules:
        if module.card.status == "proposed":
            raise BadData(f"{module.card.name} is only proposed. Read it, then: modules check FILE --confirm NAME.")
    say(f"Trying {len(modules)} module{'s' * (len(modules) > 1)} on {len(table)} rows, {splits} splits …")
    renamed = _renamed(rename)
    return try_modules(
        table, target, modules, rename=renamed, group=group, task=task, splits=splits, seed=seed, curves=curves
    )


def _rows(module: "Module", data: Path, rename: list[str] | None, *, outputs: bool = False) -> dict[str, Any]:
    """A table's columns under a card's names."""
    from reverie.disciplines.dataset import match_card, read_table

    table = read_table(data).columns
    columns = match_card(module.card, list(table), _renamed(rename), outputs=outputs)
    defaults = {name: one.default for name, one in module.card.inputs.items() if name not in columns}
    return {name: table[column] for name, column in columns.items()} | defaults


def _write_report(folder: Path, result: dict[str, Any], found: "Trial") -> None:
    from reverie.record import write_json
    from reverie.report import write_report

    folder.mkdir(parents=True, exist_ok=True)
    shares = {name: value.tolist() for name, value in found.model.shares(found.columns).items()}
    more = {"shares": shares, "efficiency": found.efficiency, "drift": found.drift}
    write_json(folder / "fusion.json", result | more)
    say(f"Report: {write_report(folder)}")


def _answer(result: dict[str, Any], text: str, as_json: bool) -> None:
    typer.echo(json.dumps(result) if as_json else text)
