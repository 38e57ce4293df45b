"""Pictures as people have them: deep, transparent, turned, of any shape, torn."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from reverie.errors import BadData, CorruptFile, MissingData
from reverie.streams import Pictures, as_pictures

RAMP = np.tile(np.linspace(0, 4095, 64).round(), (16, 1))


def encoded(picture: Image.Image, kind: str = "PNG", **options) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize(
    "file",
    [
        encoded(Image.fromarray(RAMP.astype(np.uint16))),
        encoded(Image.fromarray(RAMP.astype(np.uint16)), "TIFF"),
        encoded(Image.fromarray(RAMP.astype(np.int32)), "TIFF"),
        encoded(Image.fromarray((RAMP / 4095).astype(np.float32)), "TIFF"),
        RAMP.astype(np.uint16),
        RAMP.astype(np.int32),
        RAMP / 4095,
    ],
    ids=["png", "tiff", "int32", "float", "array", "array-int32", "array-float"],
)
def test_a_deep_ramp_stays_a_ramp(file):
    pictures = Pictures([file])
    shown = pictures.arrays((64, 16), colour=False, levels=pictures.levels())[0, 0].astype(int)
    assert shown[0] <= 5 and shown[-1] >= 250
    assert (np.diff(shown) >= 0).all() and len(set(shown.tolist())) > 55


def test_a_slightly_brighter_square_keeps_its_contrast_beside_dead_pixels():
    plain = np.full((28, 28), 1000, dtype=np.uint16)
    square = plain.copy()
    square[8:20, 8:20] = 1040
    plain[0, 0] = 65535
    square[27, 27] = 0
    pictures = Pictures([encoded(Image.fromarray(one)) for one in (plain, square)])
    assert pictures.levels() == (1000, 1040)
    shown = pictures.arrays((28, 28), colour=False, levels=pictures.levels())
    assert shown[0, 10, 10] == 0 and shown[1, 10, 10] == 255


def test_levels_of_one_bright_pixel_and_of_constant_pictures():
    flat = np.full((8, 8), 700, dtype=np.uint16)
    dot = flat.copy()
    dot[3, 3] = 720
    assert Pictures([flat, dot]).levels() == (700, 720)
    assert Pictures([flat]).levels() == (700, 701)
    assert Pictures([flat.astype(np.uint8)]).levels() == (0, 255)


def test_deep_pictures_and_those_of_eight_bits_are_not_mixed():
    deep, eight = RAMP.astype(np.uint16), np.zeros((16, 64), dtype=np.uint8)
    with pytest.raises(BadData, match="Picture 0 has more than eight bits and Picture 1 has eight"):
        Pictures([deep, eight]).levels()
    with pytest.raises(BadData, match="eight bits; the first pictures had more"):
        Pictures([eight]).arrays((8, 8), colour=False, levels=(0, 4095))
    with pytest.raises(BadData, match="more than eight bits; the first pictures had eight"):
        Pictures([deep]).arrays((8, 8), colour=False)
    few = np.arange(64, dtype=np.uint16).reshape(8, 8)
    assert Pictures([few]).arrays((8, 8), colour=False).tolist() == [few.tolist()]


def sixteen_bits(values: np.ndarray, kind: int) -> bytes:
    """A PNG of 16 bits for each channel, which PIL does not write."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    head = struct.pack(">IIBBBBB", values.shape[1], values.shape[0], 16, kind, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def test_colours_of_sixteen_bits_are_read_or_refused_where_only_their_lower_half_is_used():
    colours = np.stack([RAMP * 16, RAMP, RAMP * 8], axis=2)
    shown = Pictures([sixteen_bits(colours, 2)]).arrays((64, 16), colour=True)
    assert shown[0, 0, -1].tolist() == [255, 15, 127]
    with pytest.raises(BadData, match="uses only the lower ones"):
        Pictures([sixteen_bits(colours / 16, 2)]).arrays((64, 16), colour=True)


@pytest.mark.parametrize("mode", ["LA", "RGBA", "P"])
def test_what_is_transparent_is_white(mode):
    drawn = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    drawn.paste((0, 0, 0, 255), (2, 2, 6, 6))
    if mode == "P":
        file = encoded(drawn.convert("RGB").quantize(4), transparency=0)
        shown = Pictures([file]).arrays((8, 8), colour=False)[0]
        assert (shown == 255).all()
        return
    file = encoded(drawn.convert(mode))
    for colour in (False, True):
        shown = Pictures([file]).arrays((8, 8), colour=colour)[0]
        assert (shown[0] == 255).all() and (shown[3, 3] == 0).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_phone_s_picture_is_upright(orientation):
    upright = np.zeros((40, 20), dtype=np.uint8)
    upright[:10, :10] = 255  # light above left
    back = {1: [], 2: ["FLIP_LEFT_RIGHT"], 3: ["ROTATE_180"], 4: ["FLIP_TOP_BOTTOM"], 5: ["TRANSPOSE"]}
    back |= {6: ["ROTATE_90"], 7: ["TRANSVERSE"], 8: ["ROTATE_270"]}
    stored = Image.fromarray(upright)
    for turn in back[orientation]:
        stored = stored.transpose(getattr(Image.Transpose, turn))
    exif = Image.Exif()
    exif[0x0112] = orientation
    pictures = Pictures([encoded(stored, "JPEG", exif=exif, quality=95)])
    assert pictures.size == (20, 40)
    shown = pictures.arrays((20, 40), colour=False)[0]
    assert shown[5, 5] > 240 and max(shown[35, 5], shown[5, 15], shown[35, 15]) < 15


def test_colours_are_pixels_and_no_mode():
    grey = Image.new("RGB", (80, 80), (90, 90, 90))
    assert not Pictures([encoded(grey), encoded(grey, "JPEG")]).colour
    grey.putpixel((3, 3), (200, 0, 0))
    assert Pictures([encoded(Image.new("L", (8, 8))), encoded(grey)]).colour
    assert not Pictures([sixteen_bits(np.stack([RAMP, RAMP], axis=2) * 16, 4)]).colour  # grey, with transparency


def test_aspect_ratio_is_squashed_cropped_or_boxed():
    wide = np.zeros((10, 30), dtype=np.uint8)
    wide[:, 10:20] = 200
    pictures = Pictures([wide])
    assert pictures.arrays((10, 10), colour=False, fit="crop").min() > 190
    assert pictures.arrays((10, 10), colour=False, fit="squash")[0, 5, 0] < 10
    boxed = pictures.arrays((30, 30), colour=False, fit="box")[0]
    assert boxed[0].tolist() == [255] * 30 and boxed[15].tolist() == wide[5].tolist()


def test_every_size_fits_every_other():
    for width in (1, 2, 7, 100, 161, 223, 287, 300):
        pictures = Pictures([np.full((200, width), 7, dtype=np.uint8), np.full((width, 288), 7, dtype=np.uint16)])
        for fit in ("squash", "crop", "box"):
            for place, levels in ((0, (0, 255)), (1, (0, 14))):
                assert pictures[[place]].arrays((224, 101), colour=False, fit=fit, levels=levels).shape == (1, 101, 224)


def test_torn_missing_and_foreign_files_are_named_before_and_while_they_are_decoded(tmp_path):
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3)).astype(np.uint8))
    thumbnail = encoded(noise, "JPEG")
    files = {}
    for kind, suffix in (("PNG", "png"), ("JPEG", "jpg"), ("GIF", "gif"), ("WEBP", "webp"), ("AVIF", "avif")):
        whole = encoded(noise, kind)
        (tmp_path / f"whole.{suffix}").write_bytes(whole)
        (tmp_path / f"torn.{suffix}").write_bytes(whole[: len(whole) // 2])
        files |= {f"whole.{suffix}": True, f"torn.{suffix}": False}
    with_thumbnail = thumbnail[:2] + b"\xff\xe1" + struct.pack(">H", 2 + len(thumbnail)) + thumbnail + thumbnail[2:-200]
    (tmp_path / "thumb.jpg").write_bytes(with_thumbnail)
    (tmp_path / "text.png").write_text("hello")
    files |= {"thumb.jpg": False, "text.png": False, "gone.png": False}
    pictures = Pictures([tmp_path / name for name in files])
    faulty = {place for place, _ in pictures.faults()}
    assert faulty == {place for place, good in enumerate(files.values()) if not good}
    for place, name in enumerate(files):
        if place not in faulty:
            assert pictures[[place]].arrays((8, 8), colour=True).shape == (1, 8, 8, 3)
        elif name != "thumb.jpg":
            with pytest.raises((CorruptFile, MissingData), match=name):
                pictures[[place]].arrays((8, 8), colour=True)


def test_heic_is_read_and_says_what_to_install(monkeypatch):
    pillow_heif = pytest.importorskip("pillow_heif")
    drawn = Image.new("RGB", (64, 64), (200, 30, 30))
    file = io.BytesIO()
    pillow_heif.from_pillow(drawn).save(file)
    shown = Pictures([file.getvalue()]).arrays((8, 8), colour=True)
    assert abs(shown[0, 4, 4].astype(int) - [200, 30, 30]).max() < 8
    monkeypatch.setitem(__import__("sys").modules, "pillow_heif", None)
    with pytest.raises(MissingData, match=r"pip install 'reverie\[photo\]'"):
        Pictures([file.getvalue()]).arrays((8, 8), colour=True)
    assert Pictures([file.getvalue()]).faults() == [(0, "needs pip install 'reverie[photo]'")]


def test_a_large_photo_is_decoded_at_a_smaller_scale(monkeypatch):
    file = encoded(Image.new("RGB", (1600, 1200), (10, 200, 30)), "JPEG")
    seen = []
    from PIL import ImageOps

    upright = ImageOps.exif_transpose
    monkeypatch.setattr(ImageOps, "exif_transpose", lambda picture: seen.append(picture.size) or upright(picture))
    shown = Pictures([file]).arrays((100, 100), colour=True, fit="crop")
    assert seen == [(400, 300)]
    assert abs(shown[0, 50, 50].astype(int) - [10, 200, 30]).max() < 4


def test_slices_and_lists_are_pictures_and_a_user_s_image_stays_as_it_was():
    image = Image.open(io.BytesIO(encoded(Image.new("RGB", (64, 32), "red"), "JPEG")))
    pictures = Pictures([image, np.zeros((32, 64), dtype=np.uint8), np.zeros((5, 5, 4), dtype=np.uint8)])
    assert (
        len(pictures[1:]) == 2 and len(pictures[[2, 0]]) == 2 and pictures[[2, 0]].names == ["Picture 2", "Picture 0"]
    )
    assert pictures.colour and pictures.size == (64, 32) and image.size == (64, 32)
    assert pictures[[2]].arrays((5, 5), colour=True).min() == 255
    with pytest.raises(IndexError):
        pictures[[3]]
    with pytest.raises(BadData, match="Picture 0 has shape"):
        Pictures([np.zeros((3, 5, 5))])


def test_layouts_of_arrays():
    levels = np.random.default_rng(0).integers(0, 255, (5, 28, 30)).astype(np.uint8)
    colours = np.random.default_rng(1).integers(0, 255, (5, 28, 30, 3)).astype(np.uint8)
    assert (as_pictures(levels[:, None]) == levels).all() and (as_pictures(levels[..., None]) == levels).all()
    assert (as_pictures(np.moveaxis(colours, 3, 1)) == colours).all() and as_pictures(colours) is colours
    transparent = np.concatenate([colours, np.zeros((5, 28, 30, 1), dtype=np.uint8)], axis=3)
    assert (as_pictures(transparent) == 255).all()
    transparent[..., 3] = 255
    assert (as_pictures(transparent) == colours).all()
    assert as_pictures(transparent / 255).max() <= 1
    for x in (levels, levels.reshape(5, -1), np.zeros((5, 4, 28, 28))):
        assert as_pictures(x) is x


@pytest.mark.parametrize("shape", [(5, 3, 32, 3), (5, 1, 28, 1), (5, 3, 8, 4)])
def test_layouts_that_can_be_read_in_two_ways_are_refused_with_both(shape):
    with pytest.raises(BadData, match=r"Pictures\(list\(x\)\); where they come first, Pictures\(list\(numpy\.moveaxis"):
        as_pictures(np.zeros(shape))
