"""What the commands of a brain read: the options that say how, and how what was left out is told."""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from reverie.cli.common import print_rows, say
from reverie.cli.labels import split_labels
from reverie.errors import BadData

if TYPE_CHECKING:
    from reverie.brain import Brain
    from reverie.streams import Samples

__all__ = [
    "Batch",
    "Data",
    "Drop",
    "IdColumn",
    "LabelColumn",
    "Reading",
    "Separator",
    "SkipBad",
    "TextColumn",
    "expect_targets",
    "labelled",
    "no_labels",
    "print_csv",
    "told",
]

Data = Annotated[
    Path,
    typer.Argument(
        help="A picture, a recording, a folder of them or of class folders, .npz, .csv, .tsv, .jsonl, .json, .parquet, "
        ".arrow, or .txt; - for JSON lines or CSV from standard input."
    ),
]
LabelColumn = Annotated[
    list[str] | None,
    typer.Option(
        "--label-column", help="The column of the labels; of numbers, repeatable.  [default: label, or as learned]"
    ),
]
TextColumn = Annotated[str | None, typer.Option(help="The column of the sentences.  [default: text]")]
Drop = Annotated[list[str] | None, typer.Option("--drop", help="A column to leave out. Repeatable.")]
IdColumn = Annotated[str | None, typer.Option(help="The column by which answers name rows.  [default: their number]")]
SkipBad = Annotated[
    bool, typer.Option("--skip-bad", help="Leave out rows and files that cannot be read; they are listed.")
]
Separator = Annotated[
    str, typer.Option(help="For a brain that learns several labels of a sample: what stands between them in a cell.")
]
Batch = Annotated[int, typer.Option(min=1, help="With -: rows that are learned, or answered, at once.")]

_TOLD = 20  # of what was left out


@dataclass(frozen=True)
class Reading:
    """How data are read, as the options of a command say."""

    label_column: tuple[str, ...] = ()
    text_column: str | None = None
    drop: tuple[str, ...] = ()
    id_column: str | None = None
    skip_bad: bool = False

    def read(self, data: Path, part: Literal["train", "test"], brain: "Brain") -> "Samples":
        """All of a file or a folder, for a brain."""
        from reverie.streams import read_samples

        if str(data) == "-":
            raise BadData("Standard input (-) is learned and answered in batches, and has no other use. Give a file.")
        return read_samples(data, part=part, **self._columns(brain))

    def batches(self, part: Literal["train", "test"], batch: int, brain: "Brain") -> Iterator["Samples"]:
        """Standard input, for a brain."""
        from reverie.streams import read_stream

        file: Any = sys.stdin.buffer
        yield from read_stream(file, part=part, batch=batch, **self._columns(brain))

    def _columns(self, brain: "Brain") -> dict[str, Any]:
        numbers = brain.mind.numbers
        learned = tuple(numbers.names) if numbers is not None and all(numbers.names) else ()
        return {
            "label_column": self.label_column or learned or None,
            "target": None if brain.targets == "classes" else brain.targets,
            "text_column": self.text_column,
            "drop": self.drop,
            "id_column": self.id_column,
            "skip_bad": self.skip_bad,
        }


def labelled(samples: "Samples", label: str | None, data: Path) -> "Samples":
    """The same samples, all of them with one label where one is given."""
    if label is None:
        return samples
    if samples.y is not None:
        raise BadData(f"{data} has labels of its own. Leave --label out, or give the files of one class.")
    if not label.strip():
        raise BadData("The label is empty. Give it a name.")
    return samples._replace(y=[label.strip()] * len(samples.names))


def no_labels(samples: "Samples", data: Path) -> BadData:
    """The error for data that are to be learned and have no labels."""
    from reverie.streams import Table

    columns = f" It has the columns {', '.join(samples.x.names[:20])}." if isinstance(samples.x, Table) else ""
    return BadData(
        f"{data} has no labels.{columns} Expected class folders, an array y, or a column label; name another column by "
        "--label-column, or give all of it one label by --label."
    )


def expect_targets(brain: "Brain", samples: "Samples", data: Path, *, separator: str = ";") -> "Samples":
    """The same samples, with a note on columns that the brain does not know; labels of another kind are refused.

    For a brain of several senses, files that a table's columns name are looked for beside it.
    """
    from reverie.senses import TableSense, Together
    from reverie.streams import Table
    from reverie.streams.paired import paired

    if brain.targets == "classes" and samples.target == "numbers":
        raise BadData(
            f"The labels are numbers to predict ({samples.y[0] if samples.y is not None else ''}, …), and this brain "
            "learns classes. To learn numbers, make another brain: reverie brain create FOLDER --target numbers. If "
            "they name classes, write words in place of the numbers, or give another column (--label-column)."
        )
    if brain.targets == "numbers" and samples.y is not None and samples.target != "numbers":
        samples = _as_numbers(samples, samples.y)
    if brain.targets == "labels":
        samples = split_labels(samples, separator)
    sense = brain.mind.senses.sense
    if isinstance(samples.x, Table) and isinstance(sense, Together):
        return samples._replace(x=paired(samples.x, list(sense.inner), data.parent))
    if isinstance(samples.x, Table) and isinstance(sense, TableSense) and sense.shape is not None:
        unknown = sense.left_out(samples.x)
        if unknown:
            note = f"Left out, for the brain has not learned them: the columns {', '.join(unknown[:20])}."
            return samples._replace(notes=[*samples.notes, note])
    return samples


def _as_numbers(samples: "Samples", labels: Any) -> "Samples":
    """Samples whose labels, such as the names of folders, are read as numbers."""
    import numpy as np

    from reverie.streams.bad_samples import refuse_bad
    from reverie.streams.labels import clean_numbers

    found, bad = clean_numbers(labels)
    if bad:
        listed = [(samples.names[place], reason) for place, reason in bad]
        raise refuse_bad("This brain learns numbers", listed, len(found), "labels")
    return samples._replace(y=np.array(found), target="numbers")


def told(samples: "Samples") -> dict[str, Any]:
    """Say on standard error what was decided and left out; the same for the results."""
    for note in samples.notes:
        say(note)
    if samples.bad:
        say(f"Left out, for they cannot be read: {len(samples.bad)}.")
        for name, reason in samples.bad[:_TOLD]:
            say(f"  {name}: {reason}")
        if len(samples.bad) > _TOLD:
            say(f"  … and {len(samples.bad) - _TOLD} more; --json lists all.")
    return ({"notes": samples.notes} if samples.notes else {}) | (
        {"bad": [{"name": name, "reason": reason} for name, reason in samples.bad]} if samples.bad else {}
    )


def print_csv(result: dict[str, Any], *, header: bool) -> None:
    """Answers as lines: name, label, confidence, novelty, new; and the set of labels, as JSON, where there is one."""
    keys = ("names", "labels", "confidence", "novelty", "new")
    sets = [[json.dumps(some)] for some in result["sets"]] if "sets" in result else [[]] * len(result["names"])
    rows: list[tuple[Any, ...]] = []
    if header:
        rows.append(("name", "label", "confidence", "novelty", "new", *(["set"] if "sets" in result else [])))
    for name, label, confidence, novelty, new, some in zip(*(result[key] for key in keys), sets, strict=True):
        rows.append((name, label, f"{confidence:.6g}", f"{novelty:.6g}", json.dumps(new), *some))
    print_rows(rows)
