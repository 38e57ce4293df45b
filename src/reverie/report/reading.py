"""What a run folder says, checked and completed: runs made elsewhere, earlier and by other code are read as well."""

from dataclasses import dataclass
from math import isfinite, nan
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from reverie.errors import CorruptFile
from reverie.record import RunFolder, read_json

__all__ = ["Results", "Run", "checked", "final_row_mean", "mean_of", "read_run"]

Matrix = list[list[float | None]]
Model = TypeVar("Model", bound=BaseModel)


class Results(BaseModel):
    """`results.json`. Only the names and the accuracies must be there; what is missing stays null."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    stream: str
    scenario: str
    learner: str
    seed: int
    accuracy: Matrix
    config: dict[str, Any] = {}
    final_accuracy: float | None = None
    forgetting: float | None = None
    backward_transfer: float | None = None
    forward_transfer: float | None = None
    seconds: dict[str, float | None] = {}
    samples: int | None = None
    state_bytes: float | None = None
    stored_samples: int | None = None
    macs: float | None = None
    synops: float | None = None
    bytes_moved: float | None = None
    peak_memory_bytes: float | None = None
    classes: list[Any] = []
    notes: list[str] = []
    version: str | None = None
    machine: dict[str, Any] = {}


class _Asked(BaseModel):
    """`config.json`, of which the report needs only the names."""

    model_config = ConfigDict(extra="allow")

    stream: str
    scenario: str
    learner: str
    seed: int


class _Lived(BaseModel):
    """An experience's line in `events.jsonl`."""

    accuracy: list[float | None]
    classes: list[Any] = []
    time: str | None = None


@dataclass(frozen=True)
class Run:
    """One run folder.

    Attributes
    ----------
    config : dict
        As it stands in `config.json`.
    results : Results or None
        None while the run is not finished.
    accuracy : Matrix
        Row i has the accuracies after experience i, so far.
    classes : list of list of str
        The classes that came with each experience; empty lists where nothing is known.
    warnings : list of str
        In the order in which they came, each once.
    last : str or None
        When the last experience was finished.
    """

    path: Path
    config: dict[str, Any]
    results: Results | None
    accuracy: Matrix
    classes: list[list[str]]
    warnings: list[str]
    last: str | None

    @property
    def learner(self) -> str:
        return str(self.config["learner"])


def read_run(folder: RunFolder) -> Run:
    """Read a run folder, finished or not.

    Raises
    ------
    CorruptFile
        Where a file holds something else than a run's numbers; the message says which file and which key.
    """
    config = read_json(folder.config_path)
    checked(_Asked, config, folder.config_path)
    raw = read_json(folder.results_path) if folder.results_path.exists() else None
    events = list(folder.events())
    results = None if raw is None else checked(Results, raw, folder.results_path)
    lived = [
        checked(_Lived, event, folder.events_path)
        for event in events
        if isinstance(event, dict) and event.get("event") == "experience"
    ]
    warnings = [
        str(event.get("text")) for event in events if isinstance(event, dict) and event.get("event") == "warning"
    ]
    return Run(
        path=folder.path,
        config=config,
        results=results,
        accuracy=results.accuracy if results else [event.accuracy for event in lived],
        classes=_new_classes([event.classes for event in lived]),
        warnings=list(dict.fromkeys(warnings)),
        last=lived[-1].time if lived else None,
    )


def checked(model: type[Model], value: Any, path: Path, writer: str = "run") -> Model:
    """What a file of a run or of a life holds, or an error that names the file and the key."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise CorruptFile(
            f"{path}: {where} is not what a {writer} writes ({first['msg']}). "
            "Restore the file, or run again in another folder."
        ) from None


def _new_classes(named: list[list[Any]]) -> list[list[str]]:
    """The classes that each experience adds, whether events name the new ones or all so far."""
    seen: set[str] = set()
    new = []
    for names in named:
        new.append([name for name in map(str, names) if name not in seen])
        seen.update(new[-1])
    return new


def mean_of(values: list[float | None]) -> float:
    """Mean of the values that are there, else not-a-number."""
    known = [value for value in values if value is not None and isfinite(value)]
    return sum(known) / len(known) if known else nan


def final_row_mean(accuracy: Matrix) -> float:
    """Mean of the last row, not-a-number while there is none."""
    return mean_of(accuracy[-1]) if accuracy else nan
