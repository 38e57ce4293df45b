"""The page as a browser shows it: on a phone, in the dark, without a network."""

import shutil

import pytest

from reverie.report import write_report

QUIET = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
QUIET += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]

pytestmark = pytest.mark.browser


@pytest.fixture
def browse(tmp_path):
    """Open a file in a browser with a viewport and a colour scheme; every request and complaint is kept."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no chromium found; get it with: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    requests, complaints = [], []
    with sync_playwright() as playwright:
        context = None

        def open_page(file, *, width, height, scheme):
            nonlocal context
            context = playwright.chromium.launch_persistent_context(
                tmp_path / "browser",
                executable_path=chromium,
                args=QUIET,
                viewport={"width": width, "height": height},
                color_scheme=scheme,
            )
            page = context.new_page()
            page.on("request", lambda request: requests.append(request.url))
            page.on("console", lambda message: complaints.append(message.text))
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.goto(file.as_uri())
            return page, requests, complaints

        yield open_page
        if context is not None:
            context.close()


def lightness(colour):
    """Of a computed colour such as rgb(20, 23, 27), in 0…1."""
    red, green, blue = (int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(","))
    return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255


@pytest.mark.parametrize("kind", ["run", "comparison"])
@pytest.mark.parametrize(("scheme", "width"), [("dark", 360), ("light", 1100)])
def test_phone_and_desk(tmp_path, put_run, put_comparison, browse, kind, scheme, width):
    folder = tmp_path / kind
    if kind == "run":
        long = "a_learner_with_a_very_long_name_that_cannot_be_broken_anywhere"
        put_run(folder, learner=long, accuracy=[[0.5] * n for n in range(1, 16)], notes=["simulated", long * 3])
        put_run(folder / "controls" / "naive", learner="naive")
    else:
        put_comparison(folder)
    page, requests, complaints = browse(write_report(folder), width=width, height=740, scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")

    assert complaints == []
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
