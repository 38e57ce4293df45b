"""`reverie demo`: a page with a brain that learns before one's eyes; one command, one minute."""

import json
from typing import Annotated

import typer

from reverie.cli.common import Json
from reverie.errors import MissingData

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo")(demo)


def demo(
    seconds: Annotated[float, typer.Option(min=0, help="About how long the lessons last.")] = 60.0,
    port: Annotated[int, typer.Option(help="0: any that is free.")] = 0,
    open_page: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in a browser.")] = True,
    as_json: Json = False,
) -> None:
    """Show a brain that learns digits, sleeps and forgets, on its live page. Keeps nothing. Ctrl-C ends it."""
    try:
        from reverie.server.demo import demo as show
    except ImportError:
        raise MissingData(
            "The service needs packages that are not installed. Run: pip install 'reverie[serve]'"
        ) from None

    def ready(address: str) -> None:
        typer.echo(json.dumps({"address": address}) if as_json else f"Look at {address}")
        if open_page:
            typer.launch(address)

    def told(line: str) -> None:
        typer.echo(json.dumps({"told": line}) if as_json else line)

    show(seconds=seconds, port=port, ready=ready, told=told)
