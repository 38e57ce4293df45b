"""The command `reverie`, and what it says when something is wrong."""

import os
import signal
import sys
from typing import Annotated, Any

import typer

from reverie import __version__
from reverie.cli import agents, brain, demo, doctor, memory, meta, modules, runs, video
from reverie.cli.common import say
from reverie.errors import ReverieError

__all__ = ["app", "main"]

app = typer.Typer(
    help="Models that keep learning: awake from a stream at once, asleep by consolidation, without keeping raw data.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=True,
)
runs.register(app)
doctor.register(app)
demo.register(app)
app.add_typer(brain.app, name="brain")
app.add_typer(agents.app, name="agent")
app.add_typer(memory.app, name="memory")
app.add_typer(modules.app, name="modules")
app.add_typer(meta.app, name="meta")
app.add_typer(video.app, name="video")


@app.callback(invoke_without_command=True)
def _version(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit


def main() -> None:
    """Run the command line; a user's error is one line on standard error and exit code 2."""
    # Threads that wait for one another sleep instead of spinning: beside other work, two that spin are far slower than
    # one (200 steps of a small network: 10 to 76 s, asleep 2.4 s, one thread 1.9 s). Before torch is imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    debug = "--debug" in sys.argv
    if debug:
        sys.argv.remove("--debug")
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    try:
        code = app(standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except _Stopped:
        say("Stopped. What was finished is kept; give the same --out with --resume to go on.")
        sys.exit(130)
    except Exception as error:
        if debug:
            raise
        code = _explain(error)
        if code is None:
            raise
        sys.exit(code)


class _Stopped(BaseException):
    """Ctrl-C or SIGTERM."""


def _interrupt(number: int, frame: Any) -> None:
    raise _Stopped


def _explain(error: Exception) -> int | None:
    """Say a user's error in one line and give the exit code; None for an error that is ours."""
    format_message = getattr(error, "format_message", None)
    if format_message is not None:  # what typer says of words it does not know
        say(f"Error: {' '.join(format_message().split())}")
    elif isinstance(error, ReverieError):
        say(f"Error: {' '.join(str(error).split())}")
    elif isinstance(error, OSError):
        what = error.strerror or type(error).__name__
        say(f"Error: {what}: {error.filename or 'no file named'}. Nothing was written half; mend it and run again.")
    else:
        return None
    return 2
