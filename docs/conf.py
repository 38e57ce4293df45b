"""How the documentation is built. The docstrings are its content: pages list what there is, and say it once."""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import typer
from sphinx.application import Sphinx

import reverie
from reverie import disciplines, learners, memory, server, streams
from reverie.cli import app as command_line
from reverie.language import tools

project = "Reverie"
assert (
    disciplines.__doc__ and server.__doc__ and tools.__doc__
)  # loaded here: autodoc loads twice what is new, and pydantic minds
copyright = "the Reverie authors"
version = release = reverie.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3
exclude_patterns = ["_build", "pictures.py"]
default_role = "code"
smartquotes = False  # they make one dash of the two in front of an option

autodoc_typehints = "none"
autodoc_member_order = "bysource"
autodoc_default_options = {  # what scikit-learn adds to every estimator, in its own words
    "exclude-members": "set_fit_request, set_partial_fit_request, set_predict_request, set_predict_proba_request, "
    "set_decision_function_request, set_score_request"
}
napoleon_google_docstring = False
napoleon_use_ivar = True

html_theme = "furo"
html_title = "Reverie"

html_static_path = ["_static"]

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "benchmarks"))
import results_pages  # noqa: E402


def every_class(names: Iterable[str], package: object) -> str:
    """One section for each class: its module's docstring, then its own."""
    sections = []
    for name in names:
        cls = getattr(package, name)
        module = cls.__module__
        own = f".. automodule:: {module}\n\n.. autoclass:: {module}.{name}\n   :members:\n"
        sections.append(
            f"## {name}\n\nOn the command line: `{module.rpartition('.')[2].replace('_', '-')}`.\n\n{rst(own)}"
        )
    return "\n".join(sections)


def rst(text: str) -> str:
    """reStructuredText, which autodoc speaks, inside Markdown."""
    return f"```{{eval-rst}}\n{text}\n```\n"


def all_learners() -> str:
    return every_class(sorted(learners.__all__, key=str.lower), learners)


def all_streams() -> str:
    return "\n".join(
        f"## {name}\n\n{rst(f'.. autofunction:: {factory.__module__}.{factory.__name__}')}"
        for name, factory in sorted(streams.FACTORIES.items())
    )


def all_memories() -> str:
    return "\n".join(
        rst(f".. autoclass:: {getattr(memory, name).__module__}.{name}\n   :members:") for name in memory.__all__
    )


def all_commands() -> str:
    """The help of every command, as it answers `--help`."""
    found = []
    group = typer.main.get_command(command_line)

    def describe(command: object, path: str) -> None:
        context = typer.Context(command, info_name=path)
        if path != "reverie":
            found.append(f"## {path}\n\n{command.help or ''}\n")
            rows = [record for each in command.params if (record := each.get_help_record(context))]
            found.extend(f"`{name}`\n: {text.replace('[', chr(92) + '[')}\n" for name, text in rows if name != "--help")
        for name, inner in getattr(command, "commands", {}).items():
            describe(inner, f"{path} {name}")

    describe(group, "reverie")
    return "\n".join(found)


def changes() -> str:
    """The fragments of what is not released yet."""
    fragments = sorted((ROOT / "changelog.d").glob("*.md"))
    return "\n".join(f"- {' '.join(path.read_text(encoding='utf-8').split())}" for path in fragments)


FILL: dict[str, Callable[[], str]] = {
    "% every learner": all_learners,
    "% every stream": all_streams,
    "% every memory": all_memories,
    "% every command": all_commands,
    "% every change": changes,
}
"""Lines of pages that stand for a list of what exists."""


def fill(app: Sphinx, docname: str, source: list[str]) -> None:
    for mark, content in FILL.items():
        if mark in source[0]:
            source[0] = source[0].replace(mark, content())


def plots(app: Sphinx) -> None:
    results_pages.draw(Path(app.srcdir) / "results")


def setup(app: Sphinx) -> None:
    app.connect("builder-inited", plots)
    app.connect("source-read", fill)
