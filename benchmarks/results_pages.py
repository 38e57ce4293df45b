"""Write the pages of results, and the table of the README, from `benchmarks/results/*.json`; a test compares them.

python benchmarks/results_pages.py            # write
python benchmarks/results_pages.py --check    # say what differs, and fail
"""

import argparse
import ast
import json
import sys
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
RESULTS, PAGES, README = ROOT / "benchmarks" / "results", ROOT / "docs" / "results", ROOT / "README.md"
_BEGIN, _END = "<!-- results; benchmarks/results_pages.py writes this -->", "<!-- end of results -->"
_MOST = 14  # lines of a plot

Claim = dict[str, Any]


class Row(NamedTuple):
    """A row of the README's table: a job, which claim it shows, and the peers beside it, by their names there."""

    job: str
    file: str
    claim: str
    what: str
    peers: dict[str, str]


_LINEAR, _NEAREST = "joint logistic regression", "five nearest neighbours"
_KEPT = {"logistic regression, all samples kept": _LINEAR, "nearest neighbours": _NEAREST}
_TREES = {"logistic regression": "logistic regression", "forest": "random forest", "boosting": "gradient boosting"}

ROWS = (
    Row("Photos of clothes, class by class", "senses", "clothes: accuracy, class by class", "accuracy", _KEPT),
    Row("Spoken digits", "senses", "spoken digits: accuracy, official cut", "accuracy", _KEPT),
    Row("Movements of unseen people", "senses", "activities: accuracy, unseen people", "accuracy", _KEPT),
    Row("Who will not repay a credit", "senses", "credit: area under the curve", "area under the curve", _TREES),
    Row("Who survived (few rows)", "senses", "titanic: area under the curve", "area under the curve", _TREES),
    Row(
        "Pictures of ten kinds, 2 MB of state",
        "nights",
        "CIFAR-10, 2 MB: accuracy after a night",
        "accuracy",
        {"before the night": "awake"},
    ),
    Row(
        "What was said in long conversations",
        "locomo",
        "LoCoMo r@5, held out both ways, categories 1–4",
        "evidence among the first five (weights tuned on others)",
        {"MiniLM": "MiniLM", "BM25": "BM25 of windows of 3"},
    ),
    Row(
        "A robot arm whose load changes",
        "control",
        "3 joints, exact sensors, load: below 0.5° after",
        "seconds to recover",
        {"PID": "PID 4", "delta rule": "delta rule 0.8"},
    ),
    Row(
        "Theory and 10 or 20 rows",
        "disciplines",
        "Good modules, 10 and 20 rows: error over that of the same network, geometric mean over sets",
        "error, of a network's",
        {"ridge": "ridge", "forest": "forest", "boosting": "boosting"},
    ),
)


def load(file: str) -> list[Claim]:
    """The claims of a file."""
    claims: list[Claim] = json.loads((RESULTS / f"{file}.json").read_text())
    return claims


def table() -> str:
    """The table of the README."""
    lines = ["| job | measured | Reverie | beside it |", "|---|---|---|---|"]
    for row in ROWS:
        one = next(one for one in load(row.file) if one["claim"] == row.claim)
        beside = ", ".join(f"{name} {_number(one['baselines'][key])}" for name, key in row.peers.items())
        lines.append(
            f"| [{row.job}](docs/results/{row.file}.md) | {row.what} | **{_number(one['value'])}** | {beside} |"
        )
    return "\n".join(lines)


def page(file: str) -> str:
    """The page of a file: protocol, command, plot, and every claim with its bound and what stands beside it."""
    claims = load(file)
    script = ROOT / "benchmarks" / f"{file}.py"
    said = (ast.get_docstring(ast.parse(script.read_text())) or "").split("\n") if script.exists() else [file]
    title, protocol = said[0].rstrip("."), "\n".join(said[1:]).strip()
    made = sorted({(one["made"]["date"], one["made"]["machine"]["cpu"], one["made"]["commit"]) for one in claims})
    commands = "\n".join(sorted({one["command"] for one in claims}))
    missed = sum(not one["holds"] for one in claims)
    bounds = sum(one["bound"] is not None and one["direction"] != "=" for one in claims)
    lines = [
        f"# {title}",
        "",
        f"Figures: {len(claims)}. With a bound: {bounds}. Bounds missed: {missed}.",
        "",
        "```text",
        commands,
        "```",
        "",
    ]
    if _drawn(claims):
        lines += [f"![Each dot is a peer's value, divided by ours]({file}.svg)", ""]
    lines += ["| figure | measured | seeds | bound | beside it |", "|---|---|---|---|---|"]
    for one in claims:
        spread = f" ± {_number(one['spread'])}" if one["spread"] else ""
        bound = "" if one["bound"] is None or one["direction"] == "=" else f"{one['direction']} {_number(one['bound'])}"
        bound += "" if one["holds"] else " **missed**"
        beside = ", ".join(f"{name} {_number(value)}" for name, value in one["baselines"].items())
        unit = f" {one['unit']}" if one["unit"] else ""
        cells = (one["claim"], _number(one["value"]) + spread + unit, str(len(one["seeds"]) or 1), bound, beside)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    machines = "; ".join(f"{date}, {cpu}, version {commit}" for date, cpu, commit in made)
    lines += ["", f"Measured: {machines}.", ""]
    if protocol:
        lines += ["## Protocol", "", "```text", protocol, "```", ""]
    return "\n".join(lines)


def index(files: list[str]) -> str:
    """The page that lists all."""
    lines = [
        "# Results",
        "",
        "Each page is made from a file of `benchmarks/results`. Every number has its command, seeds, spread and bound,",
        "and what stands beside it in the same run. A bound that is missed says so. `make bench` measures all again.",
        "",
    ]
    lines += ["```{toctree}", ":maxdepth: 1", "", *files, "```", ""]
    return "\n".join(lines)


def pages() -> dict[Path, str]:
    """Every page, and the README with its table."""
    files = sorted(path.stem for path in RESULTS.glob("*.json"))
    made = {PAGES / f"{file}.md": page(file) for file in files} | {PAGES / "index.md": index(files)}
    before, begin, rest = README.read_text().partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise SystemExit(f"README.md has no place for the table. Put {_BEGIN} and {_END} where it belongs.")
    return made | {README: f"{before}{begin}\n\n{table()}\n\n{end}{after}"}


def draw(folder: Path) -> None:
    """The plots of all pages, into a folder."""
    from matplotlib.figure import Figure

    for file in sorted(path.stem for path in RESULTS.glob("*.json")):
        claims = _drawn(load(file))
        if not claims:
            continue
        figure = Figure(figsize=(9, 0.9 + 0.42 * len(claims)), layout="constrained")
        axes = figure.subplots()
        axes.axvline(1.0, color="#2a78d6", linewidth=2)
        for row, one in enumerate(reversed(claims)):
            for name, value in one["baselines"].items():
                if value > 0:
                    axes.plot(value / one["value"], row, "o", color="#777777", markersize=5)
                    axes.annotate(name, (value / one["value"], row), fontsize=6, rotation=20, xytext=(3, 3),
                                  textcoords="offset points")  # fmt: skip
        axes.set_yticks(range(len(claims)), [_short(one["claim"]) for one in reversed(claims)], fontsize=7)
        axes.set_xscale("log")
        axes.set_xlabel("value of a peer, divided by ours (the line)")
        figure.savefig(folder / f"{file}.svg", metadata={"Date": None})


def _drawn(claims: list[Claim]) -> list[Claim]:
    """Claims that a plot shows."""
    return [one for one in claims if one["value"] > 0 and any(value > 0 for value in one["baselines"].values())][:_MOST]


def _short(text: str) -> str:
    return text if len(text) <= 70 else f"{text[:69]}…"


def _number(value: float) -> str:
    """Three digits that count; large numbers in full."""
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}" if abs(value) >= 1 else f"{value:.3f}"


def main() -> None:
    """Write, or check."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--check", action="store_true", help="say which pages differ from the results, and fail")
    check = parser.parse_args().check
    made = pages()
    wrong = [path for path, text in made.items() if not path.exists() or path.read_text() != text]
    gone = [path for path in PAGES.glob("*.md") if path not in made]
    if check and (wrong or gone):
        names = ", ".join(str(path.relative_to(ROOT)) for path in [*wrong, *gone])
        sys.exit(f"These differ from benchmarks/results: {names}. Run: python benchmarks/results_pages.py")
    if not check:
        PAGES.mkdir(exist_ok=True)
        for path in gone:
            path.unlink()
        for path in wrong:
            path.write_text(made[path])


if __name__ == "__main__":
    main()
