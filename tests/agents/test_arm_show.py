"""The arm on a page: numbers, moving picture, and what is refused."""

import json
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from commands import here
from reverie.agents.arm_show import show_arm
from reverie.errors import BadData, CorruptFile
from reverie.report import write_report


def test_a_page_shows_the_arm_and_each_change(tmp_path: Path) -> None:
    told = show_arm(tmp_path / "arm", between=3.0)
    assert [change["time"] for change in told["changes"]] == [3.0, 6.0, 9.0, 12.0]
    assert all(change["recovered"] < 1 for change in told["changes"])
    picture = Image.open(BytesIO((tmp_path / "arm" / "arm.gif").read_bytes()))
    assert picture.n_frames > 100
    html = write_report(tmp_path / "arm").read_text()
    assert "data:image/gif;base64," in html and "<script" not in html
    assert "load at 3 s, motor at 6 s, friction at 9 s, gravity at 12 s" in html
    mine, pd = (sum(error for _, error in told[name][10:]) for name in ("errors", "errors_pd"))
    assert mine < 0.1 * pd


def test_refuses_numbers_that_are_not_its_own(tmp_path: Path) -> None:
    (tmp_path / "arm.gif").write_bytes(b"GIF")
    (tmp_path / "arm.json").write_text(json.dumps({"joints": 3}))
    with pytest.raises(CorruptFile, match="not what showing writes"):
        write_report(tmp_path)
    with pytest.raises(BadData, match=r"expected 3…60"):
        show_arm(tmp_path, between=1.0)


def test_a_command_shows_it(tmp_path: Path) -> None:
    done = here("agent", "arm", str(tmp_path / "arm"), "--between", "3", "--noise", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert Path(said["page"]).is_file() and len(said["changes"]) == 4
