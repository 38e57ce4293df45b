"""One self-contained page of a run, a comparison, a trial or an agent.

It needs no network and runs no scripts; it is light and dark, for phone and desk.
"""

from pathlib import Path

from reverie import __version__
from reverie.errors import MissingData
from reverie.record import RunFolder, read_json, replace_file
from reverie.report.agent_page import agent_page
from reverie.report.arm_page import arm_page
from reverie.report.comparison_page import comparison_page
from reverie.report.fusion_page import fusion_page
from reverie.report.home_page import home_page
from reverie.report.life_page import life_page
from reverie.report.lives import is_life
from reverie.report.run_page import run_page
from reverie.report.sections import Page

__all__ = ["write_home", "write_report"]


def write_report(path: Path) -> Path:
    """Write `report.html` into a folder.

    Parameters
    ----------
    path : Path
        A run folder (it has a `config.json`) or a comparison's (it has a `compare.json`), finished or not, that of a
        trial of modules (it has a `fusion.json`), of an agent that was watched (it has a `life.json`), or of an arm
        that was shown (it has an `arm.json`).

    Returns
    -------
    Path
        Of the page, which replaces an earlier one whole.

    Raises
    ------
    MissingData
        Where the folder is neither.
    CorruptFile
        Where one of its files is not what a run writes.
    """
    path = Path(path)
    if (path / "compare.json").exists():
        page = comparison_page(path)
    elif (path / "config.json").exists():
        folder = RunFolder(path)
        page = life_page(folder) if is_life(read_json(folder.config_path)) else run_page(folder)
    elif (path / "fusion.json").exists():
        page = fusion_page(path)
    elif (path / "life.json").exists():
        page = agent_page(path)
    elif (path / "arm.json").exists():
        page = arm_page(path)
    else:
        raise MissingData(
            f"{path} is not a run folder (config.json), a comparison (compare.json), a trial of modules (fusion.json), "
            "an agent that was watched (life.json) or an arm that was shown (arm.json). Give one that is."
        )
    return put_page(page, path / "report.html")


def write_home(folder: Path) -> Path:
    """Write `home.html`: every brain, memory, agent and run in a folder, with a way to its page.

    Raises
    ------
    MissingData
        There is no such folder, or nothing of ours in it.
    """
    return put_page(home_page(Path(folder)), Path(folder) / "home.html")


def put_page(page: Page, target: Path) -> Path:
    """Write a page into a file, whole."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    html = environment.get_template("page.html.j2").render(page=page, version=__version__)
    replace_file(target, html.encode("utf-8", errors="replace"))
    return target
