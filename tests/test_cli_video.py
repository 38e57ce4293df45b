"""`reverie video`: learn, predict, track; masks and overlays are written, and what does not fit is told."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from commands import here
from reverie.streams import video
from scenes import BALL, CAR, scene


def _run(*words: object) -> dict:
    done = here("video", *words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _written(folder: Path, *, seed: int = 0, objects: bool = False, n: int = 3) -> Path:
    frames, masks = scene(n, seed=seed)
    if objects:
        masks = np.where(masks == CAR, 1, np.where(masks == BALL, 2, 0)).astype(np.uint8)
    for name, pictures in (("frames", frames), ("masks", masks)):
        (folder / name).mkdir(parents=True)
        for number, picture in enumerate(pictures):
            Image.fromarray(picture).save(folder / name / f"{number:05}.png")
    return folder


def test_classes_are_learned_and_told_of_another_video(tmp_path):
    first, other = _written(tmp_path / "a", seed=1), _written(tmp_path / "b", seed=2)
    kept = tmp_path / "kept"
    done = _run("learn", kept, first, "--classes", "0,1")
    assert (done["frames"], done["classes"]) == (3, [0, 1])
    done = _run("learn", kept, first, "--classes", "2,3,4")
    assert done["classes"] == [0, 1, 2, 3, 4]
    assert done["state_bytes"] > 1000
    found = _run("predict", kept, other, "--out", tmp_path / "out", "--overlay", tmp_path / "o.gif")
    assert found["frames"] == 3
    assert found["mean_iou"] > 0.6
    assert (tmp_path / "o.gif").read_bytes()[:3] == b"GIF"
    with Image.open(tmp_path / "o.gif") as moving:
        assert moving.n_frames == 3
    for frame in video(other / "frames", masks=tmp_path / "out"):  # what was written is read again
        assert (frame.mask == scene(3, seed=2)[1][frame.number]).mean() > 0.8
    assert "Mean IoU" in here("video", "predict", kept, other).stdout


def test_objects_are_tracked_from_the_first_mask(tmp_path):
    given = _written(tmp_path / "a", objects=True, n=4)
    done = _run("track", tmp_path / "out", given, "--overlay", tmp_path / "o.gif")
    assert (done["frames"], done["objects"]) == (4, [1, 2])
    assert done["region_j"] > 0.6
    assert len(list((tmp_path / "out").glob("*.png"))) == 4
    alone = _run("track", tmp_path / "out2", given / "frames", "--mask", given / "masks" / "00000.png")
    assert "region_j" not in alone
    for number in range(4):
        one, two = ((tmp_path / name / f"{number:05}.png").read_bytes() for name in ("out", "out2"))
        assert one == two


def test_a_film_is_tracked_into_a_film(tmp_path):
    pytest.importorskip("av")
    from reverie.vision.overlay import moving_picture

    frames, masks = scene(4, height=48, width=64)
    with moving_picture(tmp_path / "in.mp4", rate=8) as take:
        for frame in frames:
            take(frame)
    Image.fromarray((masks[0] == CAR).astype(np.uint8)).save(tmp_path / "first.png")
    done = _run("track", tmp_path / "out", tmp_path / "in.mp4", "--mask", tmp_path / "first.png", "--overlay",
                tmp_path / "out.mp4")  # fmt: skip
    assert done == {"frames": 4, "objects": [1]}
    shown = video(tmp_path / "out.mp4")
    assert shown.rate == 8
    assert len(list(shown)) == 4
    assert not list(tmp_path.glob(".*.tmp"))


def test_what_is_wrong_is_told(tmp_path):
    given = _written(tmp_path / "a")
    Image.new("L", (10, 10)).save(tmp_path / "small.png")
    for words, said in (
        (["predict", tmp_path / "none", given], "No file"),
        (["learn", tmp_path / "kept", given / "frames"], "No frame of"),
        (["learn", tmp_path / "kept", given, "--classes", "sky"], "Expected whole numbers"),
        (["track", tmp_path / "out", given / "frames"], "The first frame has no mask"),
        (["track", tmp_path / "out", given / "frames", "--mask", tmp_path / "small.png"], "Expected the same"),
        (["track", tmp_path / "out", given, "--overlay", tmp_path / "o.png"], "Expected .gif or .mp4"),
        (["learn", tmp_path / "kept", tmp_path / "nothing"], "is not there"),
    ):
        done = here("video", *words)
        assert done.returncode == 2
        assert said in done.stderr
    assert not (tmp_path / "kept").exists()
