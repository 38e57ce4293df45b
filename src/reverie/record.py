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
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from reverie.errors import CorruptFile, MissingData
from reverie.untrusted import parse_json

__all__ = ["RunFolder", "read_json", "replace_file", "write_json"]


def replace_file(path: Path, data: bytes) -> None:
    """Replace a file's content so that a kill at any instant leaves the old content or the new, never a part."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


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
        return parse_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise MissingData(f"No file {path}. Expected one written by an earlier run; check the folder's name.") from None
    except ValueError as error:
        raise CorruptFile(f"{path} is not JSON ({error}). Delete it, or restore it from a copy.") from None


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
        self.path.mkdir(parents=True, exist_ok=True)
        for stray in self.path.glob(".*.tmp"):
            stray.unlink()
        write_json(self.config_path, config)

    def config(self) -> dict[str, Any]:
        config: dict[str, Any] = read_json(self.config_path)
        return config

    def results(self) -> dict[str, Any] | None:
        """The numbers, or None while the run is not finished."""
        return read_json(self.results_path) if self.results_path.exists() else None

    def append(self, event: dict[str, Any]) -> None:
        """Add one event to the log."""
        with self.events_path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(_finite(event), allow_nan=False) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def events(self) -> Iterator[dict[str, Any]]:
        """The events, oldest first. A torn last line is left out; a torn line elsewhere is an error."""
        if not self.events_path.exists():
            return
        lines = self.events_path.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
        for number, line in enumerate(lines, 1):
            if not line.endswith("\n"):
                return
            try:
                yield parse_json(line)
            except ValueError:
                raise CorruptFile(
                    f"{self.events_path} line {number} is not JSON. The run cannot be continued from it; "
                    "start again in another folder."
                ) from None

    def rewind(self, events: list[dict[str, Any]]) -> None:
        """Replace the log by these events: what happened up to the last checkpoint."""
        text = "".join(json.dumps(_finite(event), allow_nan=False) + "\n" for event in events)
        replace_file(self.events_path, text.encode())
