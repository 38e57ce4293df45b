"""The page as a browser shows it: on a phone, in the dark, without a network."""

import pytest

from access import violations
from reverie.report import write_report

pytestmark = pytest.mark.browser


def lightness(colour):
    """Of a computed colour such as rgb(20, 23, 27), in 0…1."""
    red, green, blue = (int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(","))
    return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255


@pytest.mark.parametrize("kind", ["run", "comparison"])
@pytest.mark.parametrize(("scheme", "width"), [("dark", 360), ("light", 1100)])
def test_phone_and_desk(tmp_path, put_run, put_comparison, browser, kind, scheme, width):
    folder = tmp_path / kind
    if kind == "run":
        long = "a_learner_with_a_very_long_name_that_cannot_be_broken_anywhere"
        put_run(folder, learner=long, accuracy=[[0.5] * n for n in range(1, 16)], notes=["simulated", long * 3])
        put_run(folder / "controls" / "naive", learner="naive")
    else:
        put_comparison(folder)
    page, complaints = browser(width=width, height=740, scheme=scheme)
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto(write_report(folder).as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")

    assert complaints == []
    assert violations(page) == []
    assert [address for address in requests if not address.startswith("data:")] == [(folder / "report.html").as_uri()]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    look = "getComputedStyle(document.querySelector('{}')).{}"
    paper = lightness(page.evaluate(look.format("body", "backgroundColor")))
    dark = scheme == "dark"
    assert paper < 0.2 if dark else paper > 0.8
    for part in ("h1", "td", "dd", ".lead", ".plot svg text", ".warning, .note"):
        ink = lightness(page.evaluate(look.format(part, "fill" if "svg" in part else "color")))
        assert abs(ink - paper) > 0.4, part
    size = page.evaluate("document.querySelector('.plot svg text').getBoundingClientRect().height")
    assert size >= 9, "letters of a plot are too small to read"
