"""What the commands share: options, and how they speak to people."""

from typing import Annotated

import typer

__all__ = ["Json", "Settings", "say"]

Json = Annotated[bool, typer.Option("--json", help="Print the results as JSON, alone, on standard output.")]
Settings = Annotated[list[str] | None, typer.Option("--set", help="key=value: a hyper-parameter. Repeatable.")]


def say(text: str) -> None:
    """A line on standard error."""
    typer.echo(text, err=True)
