"""Curves as inline SVG. Colours are the page's own CSS variables, so a plot is dark where the page is dark."""

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf, isfinite
from typing import Any

__all__ = ["COLOURS", "Line", "curves", "trends"]

COLOURS = 8
"""How many colours the page has; further lines use them again, dashed."""

_SERIES = "#fd00{:02x}"  # stand-ins that matplotlib passes through, replaced by variables below
_INK, _SOFT, _GRID = "#fd00f0", "#fd00f1", "#fd00f2"
_VARIABLES = {"f0": "--ink", "f1": "--soft", "f2": "--line"} | {f"{i:02x}": f"--c{i}" for i in range(COLOURS)}


@dataclass(frozen=True)
class Line:
    """One curve.

    Attributes
    ----------
    points : sequence of (float, float)
        For `curves` the number of the experience (from 1), and accuracy as a fraction; not-a-number leaves a gap.
    spread : sequence of float
        Standard deviation at each point, drawn as a band; empty for none.
    strong : bool
        Drawn over the others, in the colour of the text.
    """

    name: str
    points: Sequence[tuple[float, float]]
    spread: Sequence[float] = ()
    strong: bool = False


def curves(lines: Sequence[Line]) -> str:
    """Draw accuracy after each experience, in per cent.

    Returns
    -------
    str
        An `<svg>` element without names or legend: those are the page's, which knows how to break lines.
    """
    floor = _floor(lines)

    def frame(axes: Any) -> None:
        last = int(max((place for line in lines for place, _ in line.points), default=1))
        axes.set_xlim(0.8, last + 0.2)
        axes.set_xticks(range(1, last + 1, -(-last // 12)))
        ticks = range(floor, 101, 20 if floor < 60 else 10 if floor < 80 else 5)
        axes.set_ylim(floor, 100)
        axes.set_yticks(ticks, [f"{tick} %" for tick in ticks])

    return _drawn(lines, frame, across="after experience", scale=100.0, bounds=(float(floor), 100.0))


def trends(lines: Sequence[Line], *, across: str, logarithmic: bool = False) -> str:
    """Draw any quantity over another; `logarithmic`: over its logarithm."""

    def frame(axes: Any) -> None:
        if logarithmic:
            axes.set_xscale("log")
            places = sorted({place for line in lines for place, _ in line.points})
            axes.set_xticks(places, [f"{place:g}" for place in places])
            axes.minorticks_off()

    return _drawn(lines, frame, across=across)


def _drawn(
    lines: Sequence[Line],
    frame: Callable[[Any], None],
    *,
    across: str,
    scale: float = 1.0,
    bounds: tuple[float, float] = (-inf, inf),
) -> str:
    import matplotlib
    from matplotlib.figure import Figure

    # the salt makes the ids inside equal from call to call, and different from those of the page's other plots
    salt = repr((lines, across))
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": salt, "font.size": 10}):
        figure = Figure(figsize=(4.6, 2.8), layout="constrained")
        axes = figure.subplots()
        for index, line in enumerate(lines):
            colour = _INK if line.strong else _SERIES.format(index % COLOURS)
            x, y = [place for place, _ in line.points], [scale * value for _, value in line.points]
            axes.plot(
                x,
                y,
                color=colour,
                linewidth=2.2 if line.strong else 1.6,
                linestyle="-" if line.strong or index < COLOURS else (0, (4, 2)),
                marker="o",
                markersize=3.5,
                markeredgewidth=0,
                zorder=3 if line.strong else 2,
                clip_on=False,
            )
            if any(line.spread):
                low = [max(bounds[0], value - scale * spread) for value, spread in zip(y, line.spread, strict=True)]
                high = [min(bounds[1], value + scale * spread) for value, spread in zip(y, line.spread, strict=True)]
                axes.fill_between(x, low, high, color=colour, alpha=0.16, linewidth=0)
        frame(axes)
        axes.set_xlabel(across, color=_SOFT)
        axes.tick_params(length=0, labelcolor=_SOFT, pad=5)
        axes.grid(True, axis="y", color=_GRID, linewidth=0.8)
        axes.set_axisbelow(True)
        for side, spine in axes.spines.items():
            spine.set_visible(side == "bottom")
            spine.set_color(_GRID)
        buffer = io.StringIO()
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(buffer, format="svg", transparent=True, metadata=nothing)
    return _for_page(buffer.getvalue())


def _floor(lines: Sequence[Line]) -> int:
    """Where the axis begins, in per cent: 0, but higher where nothing is below, so that high curves stay apart."""
    lowest = min((value for line in lines for _, value in line.points if isfinite(value)), default=0.0)
    return max(floor for floor in (0, 40, 60, 80) if floor == 0 or 100 * lowest >= floor + 5)


def _for_page(svg: str) -> str:
    """Put variables in place of colours, and take out what would reach beyond the plot: fonts, styles, names."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"#fd00([0-9a-f]{2})", lambda found: f"var({_VARIABLES[found[1]]})", svg)
    svg = re.sub(r"<style.*?</style>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'<g id="[^"]*"', "<g", svg)
    svg = re.sub(r"(font: [\d.]+px|font-family:) [^;\"]*", r"\1 inherit", svg)
    return re.sub(r' (width|height)="[\d.]+pt"', "", svg, count=2)
