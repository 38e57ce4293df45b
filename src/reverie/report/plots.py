"""Plots as inline SVG that look right on white and on black paper."""

import io
from collections.abc import Mapping, Sequence

__all__ = ["curves"]

_INK = "#808080"  # legible on light and dark alike
_COLOURS = (
    "#2f7ed8",
    "#e07b39",
    "#3aa66a",
    "#c94f7c",
    "#8d6cc9",
    "#b59a2d",
    "#4aa7b5",
    "#999999",
    "#d05353",
    "#6b8e23",
)


def curves(
    lines: Mapping[str, Sequence[tuple[float, float]]],
    *,
    bands: Mapping[str, Sequence[float]] | None = None,
    y_label: str = "accuracy",
) -> str:
    """Draw lines of (experience, accuracy); a band is a line's standard deviation at each of its points."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib.figure import Figure

    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "reverie", "font.size": 9}):
        figure = Figure(figsize=(6.4, 3.2), layout="constrained")
        axes = figure.subplots()
        for index, (name, points) in enumerate(lines.items()):
            colour = _COLOURS[index % len(_COLOURS)]
            x, y = [place for place, _ in points], [value for _, value in points]
            axes.plot(x, y, marker="o", markersize=3.5, linewidth=1.8, color=colour, label=name)
            if bands and name in bands:
                low = [value - spread for value, spread in zip(y, bands[name], strict=True)]
                high = [value + spread for value, spread in zip(y, bands[name], strict=True)]
                axes.fill_between(x, low, high, color=colour, alpha=0.15, linewidth=0)
        longest = max((point[0] for points in lines.values() for point in points), default=1)
        axes.set_xticks(range(1, int(longest) + 1, max(1, int(longest) // 10)))
        axes.set_ylim(0, 1.03)
        axes.set_xlabel("after experience", color=_INK)
        axes.set_ylabel(y_label, color=_INK)
        axes.tick_params(colors=_INK)
        axes.grid(True, color=_INK, alpha=0.2)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        for side in ("left", "bottom"):
            axes.spines[side].set_color(_INK)
        figure.legend(loc="outside lower center", ncols=min(4, len(lines)), frameon=False, labelcolor=_INK, fontsize=8)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]
