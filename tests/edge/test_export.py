"""Exported brains give the brain's own labels: through onnxruntime, and through NumPy in a process without torch."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits

from reverie.brain import Brain, Plan
from reverie.edge import Parts, Probes, agreement, numpy_predictor
from reverie.errors import BadData

X, Y = load_digits(return_X_y=True)
PICTURES = (X.reshape(-1, 8, 8) * 15.9).astype(np.uint8)
COLOURS = np.stack([PICTURES, PICTURES.transpose(0, 2, 1), PICTURES // 2], -1)
SMALL = {"filters": 12, "patch": 4, "grid": 2, "patches": 2000}
WORDS = [f"digit {label}" for label in Y]

KINDS: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "grey pictures": (PICTURES, Y, {"encoder": "cortex", "settings": SMALL}),
    "pictures in bfloat16": (PICTURES, Y, {"encoder": "cortex", "settings": SMALL | {"precision": "bfloat16"}}),
    "coloured pictures": (COLOURS, WORDS, {"encoder": "cortex", "settings": SMALL | {"grid": 3, "overlap": 1}}),
    "pictures of floats": ((PICTURES / 255).astype(np.float32), Y, {"encoder": "cortex", "settings": SMALL}),
    "vectors": (X.astype(np.float32), WORDS, {"encoder": "expansion", "settings": {"width": 200}}),
    "winners": (X.astype(np.float32), Y, {"encoder": "expansion", "settings": {"width": 200, "kind": "kwta"}}),
    "scaled vectors": (
        (X / 64).astype(np.float32),
        Y,
        {"encoder": "expansion", "settings": {"width": 200, "input_scale": 2.0}},
    ),
    "raw": (X.astype(np.float32), Y, {"encoder": "raw"}),
    "raw pictures": (PICTURES, Y, {"encoder": "raw"}),
}


@pytest.fixture(autouse=True)
def compiles_small_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reverie.senses.coded._PAYS", 0)
    monkeypatch.setattr("reverie.senses.cortex.pays_here", lambda: True)


@pytest.fixture
def brain(request: Any, tmp_path: Path) -> Any:
    x, y, options = KINDS[request.param]
    with Brain.create(tmp_path / "b", **options, forgettable=False) as made:
        made.learn(x[:1000], y[:1000])
        yield made, x


def through_onnx(path: Path, x: Any) -> tuple[Any, Any]:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    labels, probability = session.run(["labels", "probabilities"], {"samples": x})
    return labels, probability


@pytest.mark.parametrize("brain", KINDS, indirect=True)
@pytest.mark.parametrize(("by", "slept"), [("memory", False), ("memory", True), ("cortex", True)])
def test_the_same_labels(brain: Any, by: Any, slept: bool, tmp_path: Path) -> None:
    made, x = brain
    if slept:
        made.sleep(Plan(hidden=(30, 20), steps=100, retention=0, tolerance=1, keep=0.8))
    expected, probability = made.predict(x, by=by), made.predict_proba(x, by=by)
    report = made.export(tmp_path / "b.onnx", by=by)
    assert report["bytes"] == (tmp_path / "b.onnx").stat().st_size
    made.export(tmp_path / "edge", by=by)
    for labels, found in (
        through_onnx(tmp_path / "b.onnx", x),
        ((one := numpy_predictor.Predictor(tmp_path / "edge")).predict(x), one.predict_proba(x)),
    ):
        assert labels.tolist() == expected.tolist()
        assert np.abs(found - probability).max() < 0.05


@pytest.mark.parametrize("brain", ["scaled vectors"], indirect=True)
@pytest.mark.parametrize("slept", [False, True])
def test_outliers_that_a_scale_takes_beyond_float32(brain: Any, slept: bool, tmp_path: Path) -> None:
    made, x = brain
    if slept:
        made.sleep(Plan(hidden=(), retention=0, tolerance=1))
    x = np.where(x[:50] > 0.2, np.float32(3e38), x[:50])
    expected = made.predict_proba(x)
    made.export(tmp_path / "b.onnx")
    made.export(tmp_path / "edge")
    with np.errstate(over="ignore"):
        found = numpy_predictor.Predictor(tmp_path / "edge").predict_proba(x)
    for other in (found, through_onnx(tmp_path / "b.onnx", x)[1]):
        assert np.abs(other - expected).max() < 1e-6


def test_the_predictor_needs_numpy_alone(tmp_path: Path) -> None:
    assert len(Path(numpy_predictor.__file__).read_text().splitlines()) < 210
    with Brain.create(tmp_path / "b", encoder="cortex", settings=SMALL) as brain:
        brain.learn(PICTURES[:500], WORDS[:500])
        brain.export(tmp_path / "edge")
        expected = brain.predict(PICTURES[500:520]).tolist()
    np.save(tmp_path / "x.npy", PICTURES[500:520])
    watch = "import sys, runpy; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__'); "
    watch += "assert not {'torch', 'reverie', 'sklearn'} & sys.modules.keys()"
    command = [sys.executable, "-c", watch, str(tmp_path / "edge" / "predict.py"), str(tmp_path / "x.npy")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert [line.split("\t")[0] for line in done.stdout.splitlines()] == expected
    np.save(tmp_path / "x.npy", PICTURES[500:520, :5])
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "Expected numbers, n × 8 × 8" in done.stderr


def test_eight_bits_are_a_quarter_and_nearly_the_same(tmp_path: Path) -> None:
    with Brain.create(tmp_path / "b", encoder="expansion", settings={"width": 600}) as brain:
        brain.learn(X[:1200].astype(np.float32), Y[:1200])
        made = {int8: brain.export(tmp_path / f"e{int8}", int8=int8) for int8 in (False, True)}
        sizes = {int8: report["bytes"] for int8, report in made.items()}
        assert made[True]["agreement"] >= 0.995
        brain.export(tmp_path / "b.onnx", int8=True)
        expected = brain.predict(X[1200:])
    assert sizes[True] < 0.3 * sizes[False]
    x = X[1200:].astype(np.float32)
    assert (numpy_predictor.Predictor(tmp_path / "eTrue").predict(x) == expected).mean() > 0.98
    assert (through_onnx(tmp_path / "b.onnx", x)[0] == expected).mean() > 0.98


@pytest.mark.parametrize("encoder", ["raw", "expansion"])
@pytest.mark.parametrize("away", [0.0, 1e6])
def test_tables_of_any_scale_keep_their_answers_in_eight_bits_too(encoder: str, away: float, tmp_path: Path) -> None:
    source = np.random.default_rng(0)
    y = np.arange(300) % 3
    x = (source.normal(size=(300, 4)) + 3 * np.eye(4)[y] + away) * np.array([1e-4, 1.0, 30.0, 1e4])
    x[7, 1] = 1e30  # cut, as the brain cuts it
    with Brain.create(tmp_path / "b", encoder=encoder) as brain:
        brain.learn(x[:150], y[:150])
        expected, labels = brain.predict_proba(x), brain.predict(x)
        for int8 in (False, True):
            brain.export(tmp_path / f"e{int8}", int8=int8)
            brain.export(tmp_path / f"b{int8}.onnx", int8=int8)
    assert (labels[150:] == y[150:]).mean() > 0.9
    given = x if away else x.astype(np.float32)
    plain = numpy_predictor.Predictor(tmp_path / "eFalse").predict_proba(x)
    assert np.abs(plain - expected).max() < 1e-4
    assert (through_onnx(tmp_path / "bFalse.onnx", given)[0] == labels).mean() > 0.99
    assert (numpy_predictor.Predictor(tmp_path / "eTrue").predict(x) == labels).mean() > 0.97
    assert (through_onnx(tmp_path / "bTrue.onnx", given)[0] == labels).mean() > 0.97


def cancelling(n: int) -> tuple[Any, Any]:
    """Classes that are told by a small difference of large inputs: weights of eight bits do not cancel them."""
    source = np.random.default_rng(0)
    y = np.arange(n) % 2
    two = source.normal(size=(n, 2))
    first = two @ [1.0, 0.6] + 0.003 * (2 * y - 1) + source.normal(0, 0.0007, n)
    return np.c_[first, two], y


@pytest.mark.parametrize("aside", [True, False])
@pytest.mark.parametrize("name", ["edge", "b.onnx"])
def test_eight_bits_that_change_labels_are_refused_and_nothing_is_written(
    aside: bool, name: str, tmp_path: Path
) -> None:
    x, y = cancelling(6000)
    with Brain.create(tmp_path / "b", encoder="raw", ridge=1e-3, aside=aside) as brain:
        brain.learn(x[:5000], y[:5000])
        assert (brain.mind.aside is not None) == aside
        assert (brain.predict(x[5000:]) == y[5000:]).mean() > 0.95
        with pytest.raises(BadData, match=r"\d\d\.\d % of the labels.*Expected at least 99\.5 %.*without int8"):
            brain.export(tmp_path / name, int8=True)
        assert [one.name for one in tmp_path.iterdir()] == ["b"]
        assert "agreement" not in brain.export(tmp_path / name)


def test_the_network_and_sharpened_answers_are_compared_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Brain.create(tmp_path / "b", encoder="expansion", settings={"width": 600}) as brain:
        brain.learn(X[:1200].astype(np.float32), Y[:1200])
        brain.sleep(Plan(steps=200, hidden=(40,), retention=0))
        assert brain.mind.memory.sharpening is not None
        for by in ("memory", "cortex"):
            report = brain.export(tmp_path / by, by=by, int8=True)
            assert 0.995 <= report["agreement"] <= 1
            rounded = numpy_predictor.Predictor(tmp_path / by).predict(X[1000:].astype(np.float32))
            assert (rounded == brain.predict(X[1000:], by=by)).mean() > 0.985
        # The same brain, with weights of two bits in place of eight, is refused by both.
        monkeypatch.setattr(Parts, "rounded", two_bits)
        for by in ("memory", "cortex"):
            with pytest.raises(BadData, match="Nothing was written"):
                brain.export(tmp_path / f"{by} again", by=by, int8=True)


def two_bits(parts: Parts) -> Parts:
    matrices = {name for name, array in parts.arrays.items() if array.ndim == 2 and array.dtype.kind == "f"}
    coarse = {name: np.sign(parts.arrays[name]).astype(np.int8) for name in matrices}
    scales = {f"{name}.scale": np.abs(parts.arrays[name]).mean(0) for name in matrices}
    kept = {name: array for name, array in parts.arrays.items() if name not in matrices}
    return Parts(parts.about, kept | coarse | scales, parts.front)


def test_what_rounding_does_to_an_encoder_counts() -> None:
    source = np.random.default_rng(0)
    about = {"kind": "expansion", "pixels": False, "shape": [4], "classes": [0, 1], "winners": 0, "input_scale": 1.0}
    arrays = {
        "projection": source.normal(size=(5, 30)).astype(np.float32),
        "bias": np.zeros(30, np.float32),
        "weights": source.normal(size=(30, 2)),
        "intercept": np.zeros(2),
        "slope": np.ones(()),
    }
    whole = Parts(about, arrays)
    samples = source.normal(size=(400, 4)).astype(np.float32)
    keys = numpy_predictor.Predictor(parts=(about, arrays)).keys(samples)
    wrong = arrays | {
        "projection": np.sign(arrays["projection"]).astype(np.int8),
        "projection.scale": np.full(30, 0.8, np.float32),
    }
    shares = [agreement(whole, Parts(about, wrong), Probes(keys, some)) for some in (samples[:100], samples[:0])]
    assert shares[0] < 0.97
    assert shares[1] == 1.0  # without samples, the encoder's errors are left out
    found = numpy_predictor.Predictor(parts=(about, wrong)).predict(samples)
    truly = (found == numpy_predictor.Predictor(parts=(about, arrays)).predict(samples)).mean()
    assert abs(truly - shares[0]) < 0.08


def test_sums_of_many_whole_numbers_are_exact_and_quick(tmp_path: Path) -> None:
    source = np.random.default_rng(0)
    x = source.normal(size=(100, 3000)).astype(np.float32)
    with Brain.create(tmp_path / "b", encoder="expansion", settings={"width": 40}) as brain:
        brain.learn(x, np.arange(100) % 2)
        brain.sleep(Plan(hidden=(), retention=0, tolerance=1, keep=1.0))
        brain.export(tmp_path / "edge")
        one = numpy_predictor.Predictor(tmp_path / "edge")
        assert one.arrays["kernel"].dtype == np.float32  # widened once, not for every sample
        along = np.sign(one.arrays["kernel"].T)  # sums beyond 2²⁴
        assert np.abs(one.predict_proba(along) - brain.predict_proba(along)).max() < 1e-9


def test_what_cannot_be_exported_says_why(tmp_path: Path) -> None:
    with Brain.create(tmp_path / "b", encoder="raw") as brain:
        with pytest.raises(BadData, match="learned nothing"):
            brain.export(tmp_path / "x")
        brain.learn(X[:200], Y[:200])
        with pytest.raises(BadData, match="no cortex network"):
            brain.export(tmp_path / "x", by="cortex")
        with pytest.raises(BadData, match="Expected 'memory' or 'cortex'"):
            brain.export(tmp_path / "x", by="heart")
        with pytest.raises(BadData, match="no folder"):
            brain.export(tmp_path / "no" / "x.onnx")
        brain.export(tmp_path / "x")
        with pytest.raises(BadData, match="there already"):
            brain.export(tmp_path / "x")
    assert json.loads((tmp_path / "x" / "model.json").read_text())["classes"] == list(range(10))
