"""Recognise with NumPy alone: `python predict.py samples.npy`. Beside this file lie `model.json` and `model.npz`.

Samples are an .npy array [n, *shape], or an .npz with `x`: pictures as uint8 0…255, or numbers, as the brain learned
them; for a brain of sentences their vectors. Made from a brain by Reverie (MIT licence); needs Python and NumPy.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

_BLOCK = 64  # samples worked on at once
_EXACT_ROWS = 1024  # rows whose products of eight bits have sums that float32 holds, up to 2²⁴


class Predictor:
    """What a brain knew when it was exported.

    Parameters
    ----------
    folder : path
        Where `model.json` and `model.npz` are.
    parts : (about, arrays), optional
        What these would hold.
    """

    def __init__(self, folder: Any = None, *, parts: Any = None) -> None:
        self.about, arrays = _stored(folder) if parts is None else parts
        self.arrays = dict(arrays)
        for name in [name for name in self.arrays if f"{name}.scale" in self.arrays]:
            self.arrays[name] = self.arrays[name] * self.arrays.pop(f"{name}.scale")
        if self.about["kind"] == "integer expansion":
            self.arrays["kernel"] = self.arrays["kernel"].astype(np.float32)  # once, not for every sample
        self.classes = self.about["classes"]

    def predict(self, x: Any) -> Any:
        """The most likely label of each sample."""
        return np.asarray([self.classes[index] for index in self.predict_proba(x).argmax(1)])

    def predict_proba(self, x: Any) -> Any:
        """Probability of each of `classes`, shape [n, k]."""
        x = np.asarray(x)
        if list(x.shape[1:]) != self.about["shape"] or x.dtype.kind not in "uif":
            expected = " × ".join(str(side) for side in self.about["shape"])
            raise ValueError(f"x has shape {x.shape} and type {x.dtype}. Expected numbers, n × {expected}.")
        if self.about["pixels"] and x.dtype != np.uint8:
            raise ValueError(f"x has type {x.dtype}. Expected uint8 pixels 0…255, as the brain has learned.")
        if not len(x):
            return np.zeros((0, len(self.classes)))
        scores = np.concatenate([self.read(self.keys(x[i : i + _BLOCK])) for i in range(0, len(x), _BLOCK)])
        powers = np.exp(scores - scores.max(1, keepdims=True))
        return powers / powers.sum(1, keepdims=True)

    def keys(self, x: Any) -> Any:
        """What the encoder makes of samples."""
        if self.about["kind"] == "integer cortex":
            levels = x if x.dtype == np.uint8 else np.clip(np.round(x.astype(np.float32) * np.float32(255)), 0, 255)
            keys = self._integer_cortex(levels.astype(np.uint8))
        else:
            seen = self._on_grid(x / np.float64(255) if self.about["pixels"] else x).astype(np.float32)
            kinds = {
                "cortex": self._cortex,
                "expansion": self._expansion,
                "integer expansion": self._integer_expansion,
                "mixed expansion": self._mixed_expansion,
                "raw": self._raw,
            }
            keys = kinds[self.about["kind"]](seen)
        return keys[:, self.arrays["kept"]] if "kept" in self.arrays else keys

    def read(self, keys: Any) -> Any:
        """Scores of the classes, of keys."""
        a = self.arrays
        if "weights" in a:
            keys = keys.astype(np.float64)
            scores = keys @ a["weights"] + a["intercept"]
            if "curves" in a:
                at = keys @ a["along"]
                scores -= np.stack([((at @ curve) * at).sum(1) for curve in a["curves"]], 1) / 2
            return scores * a["slope"]
        keys, layer = (keys - a["mean"]) * a["scale"], 0
        while f"w{layer + 1}" in a:
            keys, layer = np.maximum(keys @ a[f"w{layer}"] + a[f"b{layer}"], 0), layer + 1
        return (keys @ a[f"w{layer}"] + a[f"b{layer}"]).astype(np.float64)

    def _on_grid(self, x: Any) -> Any:
        """As whole numbers within the limit, or those in deviations; as it is where there is no grid."""
        if "step" not in self.arrays:
            return x
        away = x.reshape(len(x), -1).astype(np.float64) - self.arrays["centre"]
        codes = np.clip(np.round(away / self.arrays["step"]), -self.about["limit"], self.about["limit"])
        return codes / self.about["deviation"] if self.about["deviation"] else codes

    def _raw(self, x: Any) -> Any:
        return x.reshape(len(x), -1)

    def _scaled(self, x: Any) -> Any:
        largest = np.finfo(np.float32).max
        return np.clip(x.reshape(len(x), -1) * np.float32(self.about["input_scale"]), -largest, largest)

    def _expansion(self, x: Any) -> Any:
        flat = np.concatenate([self._scaled(x), np.ones((len(x), 1), np.float32)], 1)
        unit = flat / np.maximum(np.sqrt((flat * flat).sum(1, keepdims=True)), np.float32(1e-12))
        return self._spikes(unit @ self.arrays["projection"] + self.arrays["bias"])

    def _mixed_expansion(self, x: Any) -> Any:
        flat = x.reshape(len(x), -1).astype(np.float32)
        narrow = self._spikes(flat @ self.arrays["narrow"] + self.arrays["narrow_bias"])
        return np.concatenate([self._expansion(x), narrow], 1)

    def _integer_expansion(self, x: Any) -> Any:
        a, x = self.arrays, self._scaled(x)
        largest = np.maximum(np.abs(x).max(1, keepdims=True), np.float32(1e-30))
        codes = np.round(x * (np.float32(127 * 128) / largest))
        high = np.round(codes / np.float32(128))
        sums = self._whole(high) * np.float32(128) + self._whole(codes - np.float32(128) * high)
        near = 1 / np.sqrt((x * x).sum(1, keepdims=True) + np.float32(1))
        active = sums * (largest / np.float32(127 * 128) * near * np.float32(self.about["unit"]))
        return self._spikes(active + near * a["constant"] + a["bias"])

    def _whole(self, codes: Any) -> Any:
        """The product with the kernel, of whole numbers, exact."""
        kernel = self.arrays["kernel"]
        parts = [slice(first, first + _EXACT_ROWS) for first in range(0, len(kernel), _EXACT_ROWS)]
        return sum((codes[:, part] @ kernel[part]).astype(np.int32) for part in parts).astype(np.float32)

    def _spikes(self, active: Any) -> Any:
        winners = self.about["winners"]
        if winners:
            active = active - np.sort(active, 1)[:, -winners - 1][:, None]
        return np.clip(np.round(active * np.float32(127 / 4)), 0, 127)

    def _patches(self, x: Any) -> Any:
        """What is seen at every place: n, height, width, pixels of a patch."""
        side = self.about["patch"]
        windows = np.lib.stride_tricks.sliding_window_view(x, (side, side), (1, 2))
        if x.ndim == 4:
            windows = np.moveaxis(windows, 3, -1)
        return windows.reshape(*windows.shape[:3], -1)

    def _integer_cortex(self, x: Any) -> Any:
        a, seen = self.arrays, self._patches(x)
        inputs, levels = seen.shape[3], seen.astype(np.int64)
        variance = (inputs * (levels * levels).sum(3) - levels.sum(3) ** 2) / (inputs * inputs)
        scale = (1 / np.sqrt(variance + self.about["floor"])).astype(np.float32)
        products = seen.astype(np.float32) @ a["kernel"].T.astype(np.float32)  # whole numbers below 2²⁴: exact
        simple = np.round(products * scale[..., None]).astype(np.int32)
        halves = np.maximum(simple - a["upper"], 0), np.maximum(a["lower"] - simple, 0)
        counts = []
        for top, bottom in self.about["regions"][0]:
            for left, right in self.about["regions"][1]:
                weight = a["weight"] / np.float32((bottom - top) * (right - left))
                sums = [cells[:, top:bottom, left:right].sum((1, 2)).astype(np.float32) for cells in halves]
                counts += [np.minimum(np.round(np.sqrt(total * weight)), 127) for total in sums]
        return np.concatenate(counts, 1)

    def _cortex(self, x: Any) -> Any:
        (rows, columns), seen = self.about["regions"], self._patches(x)
        n, height, width, inputs = seen.shape
        rounded = _bfloat16 if self.about["bfloat16"] else lambda values: values
        threshold = np.float32(self.about["threshold"])
        seen = seen.reshape(-1, inputs)
        seen = seen - seen.mean(1, keepdims=True)
        seen = seen / np.sqrt((seen * seen).mean(1, keepdims=True) + np.float32(10 / 255**2))
        kernel, bias = rounded(self.arrays["kernel"]), rounded(self.arrays["bias"])
        simple = rounded(rounded(seen) @ kernel + bias).reshape(n, height, width, -1)
        halves = np.maximum(simple - threshold, 0), np.maximum(-simple - threshold, 0)
        regions = []
        for top, bottom in rows:
            for left, right in columns:
                here = (slice(None), slice(top, bottom), slice(left, right))
                regions += [cells[here].mean((1, 2)) for cells in halves]
        activity = np.sqrt(np.concatenate(regions, 1))
        return np.clip(np.round(activity * self.arrays["gain"]), 0, 127)


def _stored(folder: Any) -> Any:
    place = Path(folder) if folder is not None else Path(__file__).resolve().parent
    with np.load(place / "model.npz", allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    return json.loads((place / "model.json").read_text(encoding="utf-8")), arrays


def _bfloat16(values: Any) -> Any:
    """Rounded to the nearest bfloat16, ties to even."""
    bits = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32)
    bits = (bits + 0x7FFF + ((bits >> 16) & 1)) & np.uint32(0xFFFF0000)
    return bits.view(np.float32).reshape(np.shape(values))


def main() -> None:
    """Print a label and its probability for each sample of a file."""
    if len(sys.argv) != 2:
        sys.exit("Usage: python predict.py SAMPLES.npy")
    loaded = np.load(sys.argv[1], allow_pickle=False)
    predictor = Predictor()
    try:
        probability = predictor.predict_proba(loaded["x"] if hasattr(loaded, "files") else loaded)
    except (ValueError, KeyError) as error:
        sys.exit(f"Error: {error}")
    for row in probability:
        print(f"{predictor.classes[int(row.argmax())]}\t{row.max():.4f}")  # noqa: T201


if __name__ == "__main__":
    main()
