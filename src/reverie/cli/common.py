"""What the commands share: options, and how they speak to people."""

import csv
import io
from collections.abc import Iterable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from reverie.errors import BadData

__all__ = ["Json", "OwnEncoder", "Settings", "handed_in", "imported", "print_rows", "say"]

Json = Annotated[bool, typer.Option("--json", help="Print the results as JSON, alone, on standard output.")]
Settings = Annotated[list[str] | None, typer.Option("--set", help="key=value: a hyper-parameter. Repeatable.")]

OwnEncoder = Annotated[
    str | None,
    typer.Option(
        "--encoder",
        help="Your own, package.module:function or a folder of `reverie meta train`, where the brain was made with it.",
    ),
]


def print_rows(rows: Iterable[Sequence[Any]]) -> None:
    """Print lines of CSV, alone, on standard output."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    typer.echo(text.getvalue(), nl=False)


def handed_in(name: str) -> Any:
    """A user's own encoder: the folder of a sense that `reverie meta train` made, or `package.module:name`."""
    if Path(name).is_dir():
        from reverie.meta import load_sense

        return load_sense(name)
    return imported(name)


def imported(name: str) -> Any:
    """What a user names on the command line as `package.module:name`. No name from a file comes here."""
    module, _, attribute = name.partition(":")
    try:
        return getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise BadData(f"{name!r} cannot be imported: {error}. Expected package.module:name.") from None


def say(text: str) -> None:
    """A line on standard error."""
    typer.echo(text, err=True)
