"""What the commands of a brain print of numbers: values, and the limits between which they will lie."""

from typing import TYPE_CHECKING, Any

import typer

from reverie.cli.common import print_rows

if TYPE_CHECKING:
    from reverie.brain import Brain
    from reverie.streams import Samples

__all__ = ["estimates", "given_targets", "print_estimates", "tell_estimates"]

_SHOWN = 20


def given_targets(samples: "Samples") -> Any:
    """What a brain is given to learn of samples: labels, or numbers under the names of their columns."""
    y = samples.y
    if y is None or samples.target != "numbers" or not samples.called:
        return y
    columns = y if getattr(y, "ndim", 1) == 2 else [[value] for value in y]
    return dict(zip(samples.called, zip(*columns, strict=True), strict=True))


def estimates(brain: "Brain", samples: "Samples", coverage: float) -> dict[str, Any]:
    """The answers, as --json prints them; null: there are too few samples to tell a limit."""
    import numpy as np

    found = brain.predict_intervals(samples.x, coverage=coverage)
    numbers = brain.mind.numbers
    result: dict[str, Any] = {
        "names": samples.names,
        "targets": [] if numbers is None else numbers.names,
        **found.told(),
    }
    if samples.y is not None:
        right = np.asarray(samples.y, dtype=np.float64).reshape(len(found.value), -1)
        value, low, high = (part.reshape(right.shape) for part in found[:3])
        spread = ((right - right.mean(0)) ** 2).sum(0)
        left = ((right - value) ** 2).sum(0)
        result["r2"] = [float(1 - a / b) if b > 0 else None for a, b in zip(left, spread, strict=True)]
        result["mae"] = np.abs(right - value).mean(0).tolist()
        result["covered"] = ((low <= right) & (right <= high)).mean(0).tolist()
        if found.value.ndim == 1:
            result |= {key: result[key][0] for key in ("r2", "mae", "covered")}
    return result


def tell_estimates(shown: list[str], result: dict[str, Any], labelled: bool) -> None:
    """Print them for people."""
    rows = list(zip(shown, *(_rows(result[key]) for key in ("values", "low", "high")), strict=True))
    for sample, values, low, high in rows[:_SHOWN]:
        three = [f"{_number(v)} ({_number(a)} … {_number(b)})" for v, a, b in zip(values, low, high, strict=True)]
        names = [f"{name} " if name else "" for name in result["targets"]]
        if len(three) == 1:
            names = [""]
        typer.echo(f"{sample[:40]:<40}  " + "  ".join(map("".join, zip(names, three, strict=True))))
    if len(rows) > _SHOWN:
        typer.echo(f"… and {len(rows) - _SHOWN} more; --json and --csv print all.")
    typer.echo(f"Between the limits lie {result['coverage']:.0%} of new numbers.")
    if labelled:
        for place, name in enumerate(result["targets"]):
            r2, mae, covered = (_list(result[key])[place] for key in ("r2", "mae", "covered"))
            typer.echo(
                f"{name + ': ' if name else ''}R² {_number(r2)}, mean absolute error {_number(mae)}; "
                f"{covered:.1%} of {len(rows)} lie between the limits."
            )


def print_estimates(result: dict[str, Any], *, header: bool) -> None:
    """Answers as lines: name, value, low, high; of several numbers, under their names."""
    rows: list[tuple[Any, ...]] = []
    three = [_rows(result[key]) for key in ("values", "low", "high")]
    if header:
        names = result["targets"]
        several = [f"{name or place}{what}" for place, name in enumerate(names) for what in ("", " low", " high")]
        rows.append(("name", *(several if len(names) > 1 else ("value", "low", "high"))))
    for name, *parts in zip(result["names"], *three, strict=True):
        cells = [_cell(one[place]) for place in range(len(parts[0])) for one in parts]
        rows.append((name, *cells))
    print_rows(rows)


def _list(values: Any) -> list[Any]:
    return values if isinstance(values, list) else [values]


def _rows(values: list[Any]) -> list[list[Any]]:
    return [_list(value) for value in values]


def _number(value: float | None) -> str:
    return "?" if value is None else f"{value:.5g}" if abs(value) < 1e5 else f"{value:,.0f}".replace(",", " ")


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.9g}"
