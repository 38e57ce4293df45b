"""The page of a memory in a real browser, on a desk and on a phone, by mouse and by keyboard."""

from datetime import UTC, datetime

import pytest

from access import violations
from reverie.language import LanguageMemory
from serving import TOKEN

pytest.importorskip("mcp", reason="the package mcp is not installed: pip install 'reverie[mcp]'")
pytestmark = pytest.mark.browser


@pytest.fixture
def service(tmp_path, processes):
    with LanguageMemory.open(tmp_path / "m") as memory:
        for number in range(60):
            memory.remember(f"The box {number} holds {number} screws.")
        memory.remember("Ana's city is Rome.", valid_from=datetime(2019, 1, 1, tzinfo=UTC))
        memory.remember("<b>Ben</b> plays chess.", trusted=False, source="a page")
    return processes(tmp_path / "m", what="memory")


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1100, "light")])
def test_look_search_mend_forget_and_sleep(tmp_path, service, browser, width, scheme):
    from playwright.sync_api import expect

    expect.set_options(timeout=30_000)  # the first thing told waits for imports; machines are loaded

    page, complaints = browser(width=width, height=800, scheme=scheme)
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(service.address)
    expect(page.locator("#door")).to_be_visible()
    expect(page.locator("#memory")).to_be_hidden()
    page.get_by_label("needs a token").fill(TOKEN)
    page.get_by_role("button", name="Open").click()
    expect(page.locator("#state")).to_have_text("awake")
    assert TOKEN not in page.url
    items = page.locator("#list > li")
    expect(items).to_have_count(50)
    assert violations(page) == []
    expect(items.first).to_contain_text("<b>Ben</b> plays chess.")
    expect(items.first).to_contain_text("hearsay")
    page.get_by_role("button", name="Older ones").click()
    expect(items).to_have_count(62)

    page.get_by_label("text to remember").fill("Cyd's city is Oslo.")
    page.get_by_role("button", name="Remember").click()
    expect(page.locator("#done")).to_contain_text("Remembered as 63. Cyd: city: Oslo.")
    page.keyboard.press("Escape")
    page.locator("body").click(position={"x": 2, "y": 2})
    page.keyboard.press("/")  # by keyboard alone: search, pin, forget
    expect(page.get_by_label("question")).to_be_focused()
    page.keyboard.type("Which city does Cyd live in?")
    page.keyboard.press("Enter")
    expect(items.first).to_contain_text("Cyd's city is Oslo.")
    expect(page.locator("#done")).to_contain_text("memories found")
    page.get_by_role("button", name="confirm 63").click()
    expect(page.locator("#done")).to_have_text("63 stays strong.")
    pin = page.get_by_role("button", name="pin 63")
    pin.focus()
    page.keyboard.press("Enter")
    expect(pin).to_have_attribute("aria-pressed", "true")
    expect(pin).to_be_focused()
    page.get_by_label("mend 63").click()
    page.get_by_label("since when 63 holds").fill("2020-02-03")
    items.first.get_by_role("button", name="Set the date").click()
    expect(items.first).to_contain_text("since 2020-02-03")
    page.get_by_label("mend 63").click()
    page.get_by_label("what 63 should say").fill("Cyd's city is Lima.")
    items.first.get_by_role("button", name="Correct").click()
    expect(page.locator("#done")).to_have_text("64 is in the place of 63, which is forgotten.")
    expect(items.first).to_contain_text("Cyd's city is Lima.")
    expect(items.first).to_contain_text("since 2020-02-03")
    page.get_by_role("button", name="Show all").click()
    expect(page.locator("#heading")).to_have_text("Newest first")
    page.get_by_role("button", name="forget 62").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#done")).to_have_text("62 is forgotten.")
    assert page.evaluate("document.activeElement.tagName") == "BUTTON"  # the reader's place is not lost
    page.get_by_role("button", name="Sleep now").click()
    expect(page.locator("#night")).to_contain_text("The night is over", timeout=60_000)
    with page.expect_download() as download:
        page.get_by_role("button", name="Export").click()
    assert "Lima" in download.value.path().read_text()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("[...document.querySelectorAll('input')].every((one) => one.labels.length || one.ariaLabel)")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 27)"
    assert dark == (scheme == "dark")
    assert complaints == []
    page.screenshot(path=str(tmp_path / "memory.png"), full_page=True)
    with LanguageMemory.open(tmp_path / "m", create=False) as memory:
        assert [(one.value, one.pinned) for one in memory.history("Cyd", "city") if one.live] == [("Lima", True)]
        assert not any("Ben" in (one.text or "") for one in memory.history())
