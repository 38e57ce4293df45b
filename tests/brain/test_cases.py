"""Inputs of real users, by public bug reports of other projects: what is right, end to end in a brain."""

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pandas as pd
import pytest
from PIL import Image
from sklearn.datasets import load_digits, load_wine

from reverie.brain import Brain
from reverie.edge.numpy_predictor import Predictor
from reverie.errors import BadData
from reverie.senses import ENCODERS, TOGETHER
from reverie.streams import Pictures, Table, read_samples

CORTEX = {"filters": 24, "patch": 4, "patches": 5000}


def squares(n: int, *, ground: Any, seed: int, kind: Any = np.uint16, by: int = 300) -> tuple[Any, Any]:
    """Pictures of 24×24; those of class 1 have a square that is brighter by `by`."""
    chance = np.random.default_rng(seed)
    x, y = np.empty((n, 24, 24), dtype=np.float64), np.arange(n) % 2
    for place in range(n):
        x[place] = ground
        if y[place]:
            top, left = chance.integers(4, 12, 2)
            x[place, top : top + 8, left : left + 8] += by
    return x.astype(kind), y


RAMP = np.linspace(0, 4095, 24 * 24).reshape(24, 24)


def share_right(x: Any, y: Any, folder: Path, held: int, **options: Any) -> float:
    with Brain.create(folder / "b", **options) as brain:
        brain.learn(x[:-held], y[:-held])
        return float((brain.predict(x[-held:]) == y[-held:]).mean())


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize(("ground", "by"), [(RAMP, 1500), (1000, 300)], ids=["ramp", "constant"])
def test_files_of_sixteen_bits_are_learned(ground: Any, by: int, suffix: str, tmp_path: Path) -> None:
    x, y = squares(120, ground=ground, seed=0, by=by)
    files = [tmp_path / f"{place}.{suffix}" for place in range(len(x))]
    for picture, file in zip(x, files, strict=True):
        Image.fromarray(picture).save(file)
    assert share_right(Pictures(files), y, tmp_path, 40, encoder="cortex", settings=CORTEX) == 1.0


@pytest.mark.parametrize("kind", [np.uint16, np.int32, np.float32])
@pytest.mark.parametrize(("ground", "by"), [(RAMP, 1500), (1000, 300)], ids=["ramp", "constant"])
def test_arrays_of_sixteen_bits_are_learned(ground: Any, by: int, kind: Any, tmp_path: Path) -> None:
    x, y = squares(120, ground=ground, seed=0, by=by, kind=kind)
    assert share_right(x, y, tmp_path, 40, settings=CORTEX) == 1.0


@pytest.mark.parametrize("kind", ["F", "I"])
def test_files_of_fractions_and_of_whole_numbers_are_learned(kind: str, tmp_path: Path) -> None:
    x, y = squares(80, ground=0.2, seed=0, by=0.3, kind=np.float32)  # type: ignore[arg-type]
    x = x if kind == "F" else (100_000 * x).astype(np.int32)
    for picture, place in zip(x, range(len(x)), strict=True):
        Image.fromarray(picture, mode=kind).save(tmp_path / f"{place}.tif")
    files = Pictures([tmp_path / f"{place}.tif" for place in range(len(x))])
    assert share_right(files, y, tmp_path, 20, encoder="cortex", settings=CORTEX) == 1.0


def test_deep_pictures_and_plain_ones_are_not_mixed(tmp_path: Path) -> None:
    x, y = squares(40, ground=1000, seed=0)
    with Brain.create(tmp_path / "b", encoder="cortex", settings=CORTEX) as brain:
        brain.learn(Pictures(list(x)), y)
        with pytest.raises(BadData, match="eight bits"):
            brain.predict(Pictures([Image.fromarray(np.zeros((24, 24), np.uint8))]))


def test_a_loaders_batch_is_what_its_pictures_are(tmp_path: Path) -> None:
    digits, y = load_digits(return_X_y=True)
    x = (digits.reshape(-1, 8, 8) * 15.9).astype(np.uint8)
    found = []
    for name, given in {"plain": x, "channel first": x[:, None], "channel last": x[..., None]}.items():
        with Brain.create(tmp_path / name, settings=CORTEX) as brain:
            brain.learn(given[:600], y[:600])
            assert brain.sense == "cortex"
            found += [brain.predict_proba(again[600:900]) for again in (x, x[:, None], x[..., None])]
    assert all(np.array_equal(found[0], other) for other in found)
    assert float((found[0].argmax(1) == y[600:900]).mean()) > 0.9


def test_colours_may_come_first_and_what_can_be_read_twice_is_refused(tmp_path: Path) -> None:
    x = np.random.default_rng(0).integers(0, 256, (30, 12, 10, 3), dtype=np.uint8)
    y = np.arange(30) % 3
    with Brain.create(tmp_path / "b", settings=CORTEX) as brain:
        brain.learn(x, y)
        assert np.array_equal(brain.predict_proba(np.moveaxis(x, -1, 1)), brain.predict_proba(x))
        with pytest.raises(BadData, match=r"two ways.*Pictures\(list\(x\)\).*moveaxis"):
            brain.predict(np.zeros((2, 3, 12, 3), np.uint8))


def people(n: int, seed: int = 0) -> Any:
    chance = np.random.default_rng(seed)
    tall = chance.random(n) < 0.5
    height, weight = chance.normal(160 + 25 * tall, 4), chance.normal(65, 10, n)
    return pd.DataFrame({"height": height, "weight": weight}), np.where(tall, "tall", "short")


@pytest.mark.parametrize("encoder", ["auto", "table", "raw", "expansion"])
def test_columns_are_known_by_name(encoder: str, tmp_path: Path) -> None:
    frame, y = people(300)
    asked, right = people(100, seed=1)
    prepare: Any = (lambda x: x) if encoder in ("auto", "table") else Table.of
    with Brain.create(tmp_path / "b", encoder=encoder) as brain:
        brain.learn(prepare(frame), y)
        usual = brain.predict_proba(prepare(asked))
        assert float((brain.predict(prepare(asked)) == right).mean()) > 0.97
        assert np.array_equal(brain.predict_proba(prepare(asked[["weight", "height"]])), usual)
        assert np.array_equal(brain.predict_proba(prepare(asked.assign(shoe=40)[["shoe", "weight", "height"]])), usual)
        with pytest.raises(BadData, match="weight"):
            brain.predict(prepare(asked[["height"]]))
        assert brain.version == 1


def test_files_whose_columns_are_in_another_order_are_read_by_name(tmp_path: Path) -> None:
    frame, y = people(300)
    frame.assign(label=y).to_csv(tmp_path / "first.csv", index=False)
    frame[["weight", "height"]].to_csv(tmp_path / "asked.csv", index=False)
    with Brain.create(tmp_path / "b") as brain:
        learned = read_samples(tmp_path / "first.csv", part="train")
        brain.learn(learned.x, learned.y)
        assert float((brain.predict(read_samples(tmp_path / "asked.csv", part="test").x) == y).mean()) > 0.97


def wine() -> tuple[Any, Any]:
    x, y = load_wine(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(y))
    return x[order], y[order]


@pytest.mark.parametrize("encoder", ["auto", "table", "raw", "expansion"])
def test_columns_of_very_different_size_are_as_good_as_scaled(encoder: str, tmp_path: Path) -> None:
    x, y = wine()
    (tmp_path / "plain").mkdir()
    (tmp_path / "scaled").mkdir()
    plain = share_right(x, y, tmp_path / "plain", 58, encoder=encoder)
    scaled = share_right((x - x.mean(0)) / x.std(0), y, tmp_path / "scaled", 58, encoder=encoder)
    assert plain >= scaled - 1 / 58  # one sample
    assert plain > 0.9


def test_masked_cells_are_missing_ones(tmp_path: Path) -> None:
    x, y = wine()
    gone = np.random.default_rng(1).random(x.shape) < 0.1
    masked = np.ma.masked_array(np.where(gone, -1e9, x), mask=gone)  # what lies below a mask says nothing
    with Brain.create(tmp_path / "masked") as one, Brain.create(tmp_path / "empty", encoder="table") as other:
        one.learn(masked[:120], y[:120])
        assert one.sense == "table"
        other.learn(np.where(gone, np.nan, x)[:120], y[:120])
        assert np.array_equal(one.predict_proba(masked[120:]), other.predict_proba(np.where(gone, np.nan, x)[120:]))
        assert float((one.predict(masked[120:]) == y[120:]).mean()) > 0.93


def test_words_gaps_and_dates_are_features(tmp_path: Path) -> None:
    chance = np.random.default_rng(0)
    town, day = chance.integers(0, 4, 400), chance.integers(0, 360, 400)
    rows = [
        {
            "town": ("Rome", "Oslo", "Bonn", "?")[place],
            "since": str(np.datetime64("2024-01-01") + int(since)),
            "age": "" if place == since % 4 else str(since % 90),
        }
        for place, since in zip(town, day, strict=True)
    ]
    y = np.where((town == 1) | (town == 3), "far", "near")
    assert share_right(rows, y, tmp_path, 100) > 0.97
    with Brain.open(tmp_path / "b") as brain:
        assert brain.sense == "table"
        assert brain.predict([{"town": "Oslo", "since": "", "age": "?"}]).tolist() == ["far"]
        assert np.isfinite(brain.predict_proba([{"town": "Paris", "since": "2031-01-01", "age": 1e12}])).all()


@pytest.mark.parametrize("labels", [[2**63, 2**64, 1], [2**70, -(2**70), 0]])
def test_labels_beyond_64_bits_are_exported_as_text(labels: list[int], tmp_path: Path) -> None:
    x = np.eye(3, dtype=np.float32).repeat(5, 0)
    y = [label for label in labels for _ in range(5)]
    with Brain.create(tmp_path / "b", encoder="raw") as brain:
        brain.learn(x, y)
        assert brain.predict(x).tolist() == y
        brain.export(tmp_path / "b.onnx")
        brain.export(tmp_path / "edge")
    session = onnxruntime.InferenceSession(str(tmp_path / "b.onnx"), providers=["CPUExecutionProvider"])
    assert session.run(["labels"], {"samples": x})[0].tolist() == [str(label) for label in y]
    assert Predictor(tmp_path / "edge").predict(x).tolist() == y


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_class_folder_whose_name_is_latin_1_is_refused_by_name(tmp_path: Path) -> None:
    folder = os.path.join(os.fsencode(tmp_path), b"data", b"caf\xe9")
    os.makedirs(folder)
    with open(os.path.join(folder, b"a.png"), "wb") as file:
        Image.fromarray(np.zeros((12, 12), np.uint8)).save(file, format="png")
    with pytest.raises(BadData, match=r"caf\\xe9.*Rename"):
        read_samples(tmp_path / "data", part="train")


def test_every_sense_can_be_asked_for_by_name(tmp_path: Path) -> None:
    for name in set(ENCODERS) - {TOGETHER}:
        with Brain.create(tmp_path / name, encoder=name) as brain:
            assert brain.sense == name
