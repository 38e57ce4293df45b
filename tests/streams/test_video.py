"""Videos as streams: folders of frames and masks, files through PyAV, and what is refused."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from reverie.errors import BadData, CorruptFile, MissingData
from reverie.streams import video
from scenes import scene


def _frames(folder: Path, n: int = 4, **options: int):
    frames, masks = scene(n, **options)
    (folder / "frames").mkdir(parents=True)
    for index, frame in enumerate(frames):
        Image.fromarray(frame).save(folder / "frames" / f"{index + 8}.png")  # 8, 9, 10, 11
    return frames, masks


def _masks(folder: Path, masks, draw) -> None:
    (folder / "masks").mkdir()
    for index, mask in enumerate(masks):
        draw(mask).save(folder / "masks" / f"{index + 8}.png")


def _with_palette(mask, colours=(0, 0, 0, 128, 0, 0, 0, 128, 0, 128, 128, 0, 0, 0, 128)):
    picture = Image.fromarray(mask)
    picture.putpalette(list(colours))
    return picture


_COLOURS = np.array([(10, 20, 30), (200, 0, 0), (0, 200, 0), (0, 0, 200), (9, 9, 9)], np.uint8)
_TABLE = {tuple(colour): place for place, colour in enumerate(_COLOURS.tolist())}


def _film(path: Path, frames, codec: str = "mpeg4", rate: int = 10) -> Path:
    av = pytest.importorskip("av")
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=Fraction(rate))
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.bit_rate = 4_000_000
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    return path


def test_a_folder_is_read_in_the_order_of_its_numbers(tmp_path):
    frames, _ = _frames(tmp_path)
    read = list(video(tmp_path / "frames"))
    assert [frame.name for frame in read] == ["8.png", "9.png", "10.png", "11.png"]
    assert [frame.number for frame in read] == [0, 1, 2, 3]
    for frame, wanted in zip(read, frames, strict=True):
        assert np.array_equal(frame.picture, wanted)
        assert frame.mask is None


@pytest.mark.parametrize("draw", [Image.fromarray, _with_palette, lambda m: Image.fromarray(m.astype(np.uint16))])
def test_masks_beside_the_frames_are_found(tmp_path, draw):
    _, masks = _frames(tmp_path)
    _masks(tmp_path, masks, draw)
    for _ in range(2):  # twice the same
        for frame, wanted in zip(video(tmp_path), masks, strict=True):
            assert np.array_equal(frame.mask, wanted)


def test_masks_in_colours_are_read_by_a_table(tmp_path):
    _, masks = _frames(tmp_path)
    _masks(tmp_path, masks, lambda mask: Image.fromarray(_COLOURS[mask]))
    with pytest.raises(BadData, match="give a table from colours to classes"):
        list(video(tmp_path))
    for frame, wanted in zip(video(tmp_path, table=_TABLE), masks, strict=True):
        assert np.array_equal(frame.mask, wanted)
    written = tmp_path / "table.json"
    written.write_text(json.dumps({"#{:02x}{:02x}{:02x}".format(*c): place for c, place in _TABLE.items()}))
    assert np.array_equal(next(iter(video(tmp_path, table=written))).mask, masks[0])
    partly = dict(list(_TABLE.items())[:-1])
    with pytest.raises(BadData, match="1 colours that are not in the table: #090909"):
        list(video(tmp_path, table=partly))


def test_a_table_reads_palettes_by_their_colours(tmp_path):
    _, masks = _frames(tmp_path)
    _masks(tmp_path, masks, _with_palette)
    table = {"#000000": 5, "#800000": 6, "#008000": 7, "#808000": 8, "#000080": 9}
    assert np.array_equal(next(iter(video(tmp_path, table=table))).mask, masks[0] + 5)


def test_masks_of_differing_palettes_are_refused(tmp_path):
    _, masks = _frames(tmp_path)
    _masks(tmp_path, masks, _with_palette)
    _with_palette(masks[1], (128, 0, 0, 0, 0, 0)).save(tmp_path / "masks" / "9.png")
    with pytest.raises(BadData, match="another palette"):
        list(video(tmp_path))


def test_masks_of_two_levels_are_zero_and_one(tmp_path):
    _, masks = _frames(tmp_path)
    _masks(tmp_path, masks, lambda mask: Image.fromarray(((mask == 2) * 255).astype(np.uint8)))
    assert np.array_equal(next(iter(video(tmp_path))).mask, masks[0] == 2)


def test_frames_without_a_mask_have_none(tmp_path):
    _, masks = _frames(tmp_path)
    _masks(tmp_path, masks[:1], Image.fromarray)
    assert [frame.mask is None for frame in video(tmp_path)] == [False, True, True, True]


def test_a_mask_of_another_size_is_refused(tmp_path):
    _, masks = _frames(tmp_path)
    _masks(tmp_path, masks[:, :-1], Image.fromarray)
    with pytest.raises(BadData, match="64×47 pixels, its frame 64×48"):
        list(video(tmp_path))


def test_a_torn_mask_is_named(tmp_path):
    _, masks = _frames(tmp_path)
    _masks(tmp_path, masks, Image.fromarray)
    file = tmp_path / "masks" / "9.png"
    file.write_bytes(file.read_bytes()[:90])
    with pytest.raises(CorruptFile, match=r"9\.png"):
        list(video(tmp_path))


def test_folders_without_frames_or_fitting_masks_are_refused(tmp_path):
    with pytest.raises(BadData, match="holds no frames"):
        video(tmp_path)
    with pytest.raises(MissingData, match="is not there"):
        video(tmp_path / "nothing")
    _frames(tmp_path)
    (tmp_path / "masks").mkdir()
    with pytest.raises(BadData, match="holds no masks"):
        video(tmp_path)
    Image.new("L", (64, 48)).save(tmp_path / "masks" / "other.png")
    with pytest.raises(BadData, match="Name the masks as the frames"):
        video(tmp_path)


def test_frames_of_two_sizes_are_refused(tmp_path):
    _frames(tmp_path)
    Image.new("RGB", (60, 48)).save(tmp_path / "frames" / "10.png")
    with pytest.raises(BadData, match=r"10\.png has 60×48 pixels"):
        list(video(tmp_path))


def test_large_frames_are_reduced_and_that_is_said(tmp_path):
    (tmp_path / "frames").mkdir()
    (tmp_path / "masks").mkdir()
    Image.new("RGB", (3840, 2160), (9, 8, 7)).save(tmp_path / "frames" / "a.png")
    mask = np.zeros((2160, 3840), np.uint8)
    mask[:, 1920:] = 3
    Image.fromarray(mask).save(tmp_path / "masks" / "a.png")
    seen = video(tmp_path)
    (frame,) = seen
    assert frame.picture.shape == (360, 640, 3)
    assert frame.mask[5, [318, 321]].tolist() == [0, 3]
    assert "frames of 3840×2160 are reduced to 640×360" in seen.notes[0]


def test_frames_can_be_left_out_and_reading_resumed(tmp_path):
    _frames(tmp_path, 7)
    assert [frame.number for frame in video(tmp_path, every=2)] == [0, 2, 4, 6]
    assert [frame.number for frame in video(tmp_path, start=3, every=2)] == [3, 5]


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv", "film.avi"])
def test_a_file_is_read_frame_by_frame(tmp_path, name):
    frames, _ = scene(6)
    seen = video(_film(tmp_path / name, frames))
    assert seen.rate == 10
    for _ in range(2):
        read = list(seen)
        assert [frame.number for frame in read] == list(range(6))
        for frame in read:
            errors = [np.abs(frame.picture.astype(int) - wanted).mean() for wanted in frames]
            assert int(np.argmin(errors)) == frame.number


def test_a_file_may_have_masks(tmp_path):
    frames, masks = scene(3)
    (tmp_path / "masks").mkdir()
    path = _film(tmp_path / "film.mp4", frames)
    for index, mask in enumerate(masks):
        Image.fromarray(mask).save(tmp_path / "masks" / f"{index:05}.png")
    for frame, wanted in zip(video(path, masks=tmp_path / "masks"), masks, strict=True):
        assert np.array_equal(frame.mask, wanted)
    (tmp_path / "masks" / "00001.png").rename(tmp_path / "masks" / "one.png")
    with pytest.raises(BadData, match="has no number"):
        video(path, masks=tmp_path / "masks")


def test_torn_files_are_refused(tmp_path):
    frames, _ = scene(30)
    path = _film(tmp_path / "film.mp4", frames)
    data = path.read_bytes()
    (tmp_path / "cut.mp4").write_bytes(data[: len(data) // 2])  # its index lies at the end
    (tmp_path / "text.mp4").write_text("#EXTM3U\n/etc/passwd\n")
    (tmp_path / "empty.mp4").touch()
    for name in ("cut.mp4", "text.mp4", "empty.mp4"):
        with pytest.raises(CorruptFile, match="cannot be read as a video"):
            video(tmp_path / name)
    (tmp_path / "film.txt").write_bytes(data)
    with pytest.raises(BadData, match=r"suffix '\.txt'"):
        video(tmp_path / "film.txt")


def test_a_file_that_ends_too_soon_gives_what_there_is_and_says_so(tmp_path):
    frames, _ = scene(30)
    path = _film(tmp_path / "film.avi", frames)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    seen = iter(video(path))
    got = []
    with pytest.raises(CorruptFile, match="torn"):
        for frame in seen:
            got.append(frame.number)
    assert 3 < len(got) < 30


def test_sound_alone_is_refused(tmp_path):
    av = pytest.importorskip("av")
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=16000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.rate = 16000
        for _ in range(5):
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with pytest.raises(BadData, match="no pictures"):
        video(path)


def test_settings_out_of_range_are_refused(tmp_path):
    _frames(tmp_path)
    for wrong in ({"every": 0}, {"start": -1}, {"side": 3}):
        with pytest.raises(BadData, match="Expected 16 or more, 1 or more, 0 or more"):
            video(tmp_path, **wrong)
    for table in ({}, {"red": 1}, {(1, 2): 3}, {(1, 2, 3): -1}, {(1, 2, 3): "sky"}):
        with pytest.raises(BadData, match="Expected"):
            video(tmp_path, table=table)
