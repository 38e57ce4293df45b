"""The command line: thin commands over the library."""

from reverie.cli.main import app, main

__all__ = ["app", "main"]
