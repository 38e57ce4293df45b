"""The live page in a real browser, on a desk and on a phone."""

import pytest
from PIL import Image

from access import violations
from reverie.brain import Brain
from serving import PICTURES, TOKEN, Y

pytestmark = pytest.mark.browser


@pytest.fixture
def service(tmp_path, processes):
    settings = {"filters": 10, "patch": 4, "patches": 2000}
    with Brain.create(tmp_path / "b", encoder="cortex", settings=settings) as brain:
        brain.learn(PICTURES[:300][Y[:300] < 3], [f"digit {label}" for label in Y[:300][Y[:300] < 3]])
    return processes(tmp_path / "b")


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1100, "light")])
def test_show_teach_forget_and_sleep(tmp_path, service, browser, width, scheme):
    from playwright.sync_api import expect

    files = []
    for index in (Y[:600] == 7).nonzero()[0][:6].tolist():
        files.append(tmp_path / f"{index}.png")
        Image.fromarray(PICTURES[index]).save(files[-1])
    page, complaints = browser(width=width, height=800, scheme=scheme)
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(service.address)  # without the token: a closed door
    expect(page.locator("#door")).to_be_visible()
    expect(page.locator("#brain")).to_be_hidden()
    assert violations(page) == []
    page.fill("#token", TOKEN)
    page.click("#door button")
    expect(page.locator("#state")).to_have_text("awake")
    assert TOKEN not in page.url
    expect(page.locator("#classes tbody tr")).to_have_count(3)
    expect(page.locator("#retention canvas")).to_be_visible()

    page.set_input_files("#files", files[0])
    expect(page.locator("#verdict")).to_contain_text("novelty")
    page.set_input_files("#files", files)
    expect(page.locator("#verdict")).to_contain_text("×")
    expect(page.locator("#answers li")).to_have_count(6)
    assert violations(page) == []
    answer = page.locator("#answers li").nth(1)
    answer.get_by_role("textbox").or_(answer.get_by_role("combobox")).fill("<i>odd</i>")
    answer.get_by_role("button", name="Not right").click()
    expect(page.locator("#corrected")).to_contain_text("and answers <i>odd</i> now; this sample counts")
    expect(answer).to_contain_text("<i>odd</i>")
    expect(page.locator("#classes tbody tr")).to_have_count(4)
    expect(page.locator("#history li").first).to_contain_text("correct")
    page.click("#undo")
    expect(page.locator("#corrected")).to_contain_text("Undone")
    expect(page.locator("#undo")).to_be_hidden()
    expect(page.locator("#classes tbody tr")).to_have_count(3)
    page.fill("#label", "<b>seven</b>")
    page.click("#teach button")
    expect(page.locator("#verdict")).to_contain_text("Learned 6 as <b>seven</b>, a new class")
    expect(page.locator("#classes tbody tr")).to_have_count(4)
    expect(page.locator("#classes tbody")).to_contain_text("<b>seven</b>")
    page.fill("#sentence", "how are you")
    page.click("#say button")
    expect(page.locator("#error")).to_contain_text("This brain takes samples of 8×8")
    page.get_by_label("forget digit 2").click()
    expect(page.locator("#classes tbody tr")).to_have_count(3)
    page.click("#sleep")
    expect(page.locator("#nights tbody tr")).to_have_count(1, timeout=60_000)
    expect(page.locator("#history li").first).to_contain_text("sleep")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.screenshot(path=str(tmp_path / "page.png"), full_page=True)
    refused = [line for line in complaints if "409" not in line]  # the sentence, which was meant to be refused
    assert refused == []
    service.end()
    expect(page.locator("#state")).to_contain_text("connection lost", timeout=20_000)
