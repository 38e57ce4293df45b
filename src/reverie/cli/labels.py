"""What the commands of a brain read and print where a sample has several labels."""

from typing import TYPE_CHECKING, Any

import typer

from reverie.cli.common import print_rows
from reverie.errors import BadData

if TYPE_CHECKING:
    from reverie.brain import Brain
    from reverie.streams import Samples

__all__ = ["label_answers", "print_labels", "split_labels", "tell_labels"]

_SHOWN = 20


def split_labels(samples: "Samples", separator: str) -> "Samples":
    """The same samples, whose labels are lists: each was one cell, with a separator between the labels in it."""
    if not separator.strip():
        raise BadData(f"The separator is {separator!r}. Expected a sign that is no blank, such as ;")
    if samples.y is None:
        return samples
    cells = (str(cell).split(separator) for cell in samples.y)
    split: Any = [list(dict.fromkeys(word for part in cell if (word := part.strip()))) for cell in cells]
    return samples._replace(y=split)


def label_answers(brain: "Brain", samples: "Samples", threshold: float | None) -> dict[str, Any]:
    """The answers, as --json prints them."""
    found = brain.predict_labels(samples.x, threshold=threshold)
    result: dict[str, Any] = {"names": samples.names, **found.told()}
    if samples.y is not None:
        pairs = [({*one}, {*other}) for one, other in zip(found.labels, samples.y, strict=True)]
        both = sum(len(one & other) for one, other in pairs)
        all_of_them = sum(len(one) + len(other) for one, other in pairs)
        result["f1"] = 2 * both / all_of_them if all_of_them else None
        result["accuracy"] = sum(one == other for one, other in pairs) / len(pairs)
    return result


def tell_labels(shown: list[str], result: dict[str, Any]) -> None:
    """Print them for people."""
    rows = list(zip(shown, result["labels"], result["probabilities"], strict=True))
    for sample, labels, probabilities in rows[:_SHOWN]:
        said = ", ".join(f"{label} {sure:.2f}" for label, sure in zip(labels, probabilities, strict=True))
        typer.echo(f"{sample[:40]:<40}  {said or '(none)'}")
    if len(rows) > _SHOWN:
        typer.echo(f"… and {len(rows) - _SHOWN} more; --json and --csv print all.")
    typer.echo(f"Labels are given from a probability of {result['threshold']:.2f} on.")
    if result.get("f1") is not None:
        typer.echo(f"Micro F1 {result['f1']:.3f}; all labels are right for {result['accuracy']:.1%} of {len(rows)}.")


def print_labels(result: dict[str, Any], separator: str, *, header: bool) -> None:
    """Answers as lines: name, labels, and their probabilities; several in a cell, with the separator between them."""
    rows = [("name", "labels", "probabilities")] if header else []
    for name, labels, sure in zip(result["names"], result["labels"], result["probabilities"], strict=True):
        rows.append((name, separator.join(labels), separator.join(f"{one:.6g}" for one in sure)))
    print_rows(rows)
