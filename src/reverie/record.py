"""The run folder: the border between those who compute and those who show.

A run is a folder::

    config.json     what was asked for
    events.jsonl    one JSON object per line, as things happen
    results.json    the numbers; written once, at the end
    checkpoint/     the learner after the last finished experience
    report.html     made from the above by `reverie report`

Every file but the event log is replaced whole (temporary file, fsync, rename, fsync of the folder), so that a kill at
any instant leaves either the old one or the new one. A torn last line of the log is cut off when the run goes on.
"""

import json
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from reverie.errors import CorruptFile, MissingData
from reverie.files import (
    make_folder,
    open_file,
    read_file,
    replace_file,
    size_of,
    sweep_temporary,
    sync_folder,
    write_all,
)
from reverie.untrusted import parse_json

__all__ = ["RunFolder", "read_json", "replace_file", "sync_folder", "write_json"]


_LARGEST = 256 * 2**20  # bytes of a JSON file


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file whole; not-a-number becomes null, for JSON has none."""
    replace_file(path, json.dumps(_finite(value), indent=1, allow_nan=False).encode() + b"\n")


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def read_json(path: Path) -> Any:
    """Read a JSON file, or say which file is not there or not JSON."""
    try:
        return _parsed(read_file(path, largest=_LARGEST), str(path))
    except MissingData:
        raise MissingData(f"No file {path}. Expected one written by an earlier run; check the folder's name.") from None


def _parsed(data: bytes, name: str, advice: str = "Delete it, or restore it from a copy.") -> Any:
    """The value of a JSON text, or an error that says what it is called, what is wrong and what to do."""
    try:
        return parse_json(data.decode())
    except ValueError as error:
        raise CorruptFile(f"{name} is not JSON ({error}). {advice}") from None


class RunFolder:
    """Read and write one run folder.

    Parameters
    ----------
    path : Path
        The folder; made at the first write.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    @property
    def config_path(self) -> Path:
        return self.path / "config.json"

    @property
    def events_path(self) -> Path:
        return self.path / "events.jsonl"

    @property
    def results_path(self) -> Path:
        return self.path / "results.json"

    @property
    def checkpoint_path(self) -> Path:
        return self.path / "checkpoint"

    @property
    def report_path(self) -> Path:
        return self.path / "report.html"

    @property
    def controls(self) -> list["RunFolder"]:
        """The runs that stand beside this one, in `controls/`."""
        folder = self.path / "controls"
        return [RunFolder(path) for path in sorted(folder.iterdir())] if folder.is_dir() else []

    def begin(self, config: dict[str, Any]) -> None:
        """Make the folder, sweep temporary files that a kill has left, write the config."""
        make_folder(self.path)
        sweep_temporary(self.path, ("config.json", "events.jsonl", "results.json", "report.html"))
        write_json(self.config_path, config)

    def config(self) -> dict[str, Any]:
        config: dict[str, Any] = read_json(self.config_path)
        return config

    def results(self) -> dict[str, Any] | None:
        """The numbers, or None while the run is not finished."""
        return read_json(self.results_path) if self.results_path.exists() else None

    def append(self, event: dict[str, Any]) -> None:
        """Add one event to the log."""
        line = json.dumps(_finite(event), allow_nan=False).encode() + b"\n"
        new, before = not self.events_path.exists(), size_of(self.events_path)
        handle = open_file(self.events_path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        try:
            try:
                write_all(handle, line)
                os.fsync(handle)
            except BaseException:
                os.ftruncate(handle, before)  # the log is as before
                raise
        finally:
            os.close(handle)
        if new:
            sync_folder(self.path)

    def events(self) -> Iterator[dict[str, Any]]:
        """The events, oldest first. A torn last line is left out; a torn line elsewhere is an error."""
        if not self.events_path.exists():
            return
        *lines, _ = read_file(self.events_path).split(b"\n")  # behind the last end of line: nothing, or a torn line
        for number, line in enumerate(lines, 1):
            advice = "The run cannot be continued from it; start again in another folder."
            yield _parsed(line, f"{self.events_path} line {number}", advice)

    def rewind(self, events: list[dict[str, Any]]) -> None:
        """Replace the log by these events: what happened up to the last checkpoint."""
        text = "".join(json.dumps(_finite(event), allow_nan=False) + "\n" for event in events)
        replace_file(self.events_path, text.encode())
