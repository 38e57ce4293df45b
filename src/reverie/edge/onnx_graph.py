"""The answer of a brain as an ONNX graph: samples in, labels and probabilities out.

It computes what the brain computes, in the same order and precision, so that labels are the same.
"""

from typing import Any

import numpy as np

from reverie.edge.parts import Parts
from reverie.errors import MissingData

__all__ = ["onnx_bytes"]

_OPSET = 17
_MANTISSA = 24  # bits of float32


def onnx_bytes(parts: Parts) -> bytes:
    """The model, serialised.

    Input `samples`: float32, for pixels uint8, and float64 where float32 cannot tell a column's numbers apart. Outputs
    `labels` [n] (words or int64; whole numbers beyond 64 bits as words) and `probabilities` [n, k]. Where the parts
    have a front, `samples` are its input.
    """
    try:
        from onnx import TensorProto, checker, compose, helper
    except ImportError:
        raise MissingData("ONNX is not installed. Run: pip install 'reverie[edge]'") from None
    about, graph = parts.about, _Graph(parts)
    kind = TensorProto.UINT8 if about["pixels"] else TensorProto.DOUBLE if _needs_double(parts) else TensorProto.FLOAT
    samples = helper.make_tensor_value_info("samples", kind, ["n", *about["shape"]])
    graph.answer(graph.keys())
    words = _as_words(about["classes"])
    outputs = [
        helper.make_tensor_value_info("labels", TensorProto.STRING if words else TensorProto.INT64, ["n"]),
        helper.make_tensor_value_info("probabilities", TensorProto.DOUBLE, ["n", len(about["classes"])]),
    ]
    made = helper.make_graph(graph.nodes, "brain", [samples], outputs, graph.constants)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", _OPSET)], producer_name="reverie")
    model.ir_version = 8
    helper.set_model_props(model, {"encoder": str(about["encoder"]), "by": str(about["by"])})
    if parts.front is not None:
        model = compose.merge_models(parts.front, model, io_map=[("numbers", "samples")], prefix1="front_")
        model.graph.input[0].name, first = "samples", model.graph.input[0].name
        for node in model.graph.node:
            node.input[:] = ["samples" if name == first else name for name in node.input]
    checker.check_model(model)
    return bytes(model.SerializeToString())


def _needs_double(parts: Parts) -> bool:
    """Whether the numbers of a column lie so far from zero that float32 cannot tell those apart that the brain can."""
    if "step" not in parts.arrays:
        return False
    return bool((np.abs(parts.arrays["centre"]) > 2**_MANTISSA * parts.arrays["step"]).any())


def _as_words(classes: list[Any]) -> bool:
    """Whether labels are written as text: words, or whole numbers for which 64 bits are too few."""
    return isinstance(classes[0], str) or not all(-(2**63) <= label < 2**63 for label in classes)


class _Graph:
    """Nodes and constants, in the order in which they come."""

    def __init__(self, parts: Parts) -> None:
        self.about, self.arrays = parts.about, parts.arrays
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def op(self, kind: str, *inputs: str, out: str | None = None, **attributes: Any) -> str:
        """Add a node; the name of its (first) output."""
        from onnx import helper

        name = out or f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def constant(self, values: Any, dtype: Any = np.float32) -> str:
        """Add an array; its name."""
        from onnx import TensorProto, helper, numpy_helper

        name = f"c{len(self.constants)}"
        if dtype is str:
            made = helper.make_tensor(name, TensorProto.STRING, [len(values)], [value.encode() for value in values])
        else:
            made = numpy_helper.from_array(np.ascontiguousarray(values, dtype=dtype), name)
        self.constants.append(made)
        return name

    def weights(self, name: str, dtype: Any) -> str:
        """A matrix of the parts; eight bits are widened where the model runs."""
        matrix = self.arrays[name]
        if f"{name}.scale" not in self.arrays:
            return self.constant(matrix, dtype)
        wide = self.cast(self.constant(matrix, np.int8), dtype)
        return self.op("Mul", wide, self.constant(self.arrays[f"{name}.scale"], dtype))

    def keys(self) -> str:
        seen = "samples"
        if self.about["kind"] == "integer cortex":
            levels = self.op("Round", self.op("Mul", seen, self.constant(255.0))) if not self.about["pixels"] else seen
            levels = self.op("Clip", self.cast(levels, np.float32), self.constant(0.0), self.constant(255.0))
            return self._integer_cortex(levels)
        if self.about["pixels"]:
            seen = self.op("Div", self.cast(seen, np.float32), self.constant(255.0))
        seen = self._on_grid(seen)
        kinds = {
            "cortex": self._cortex,
            "expansion": self._expansion,
            "integer expansion": self._integer_expansion,
            "mixed expansion": self._mixed_expansion,
            "raw": self._flat,
        }
        keys = kinds[self.about["kind"]](seen)
        if "kept" in self.arrays:
            keys = self.op("Gather", keys, self.constant(self.arrays["kept"], np.int64), axis=1)
        return keys

    def answer(self, keys: str) -> None:
        if "weights" in self.arrays:
            keys = self.cast(keys, np.float64)
            scores = self.op("MatMul", keys, self.weights("weights", np.float64))
            scores = self.op("Add", scores, self.constant(self.arrays["intercept"], np.float64))
            if "curves" in self.arrays:
                scores = self.op("Sub", scores, self._bent(keys))
            scores = self.op("Mul", scores, self.constant(self.arrays["slope"], np.float64))
        else:
            scores, layer = self.op("Sub", keys, self.constant(self.arrays["mean"])), 0
            scores = self.op("Mul", scores, self.constant(self.arrays["scale"]))
            while f"w{layer}" in self.arrays:
                scores = self.op("MatMul", scores, self.weights(f"w{layer}", np.float32))
                scores = self.op("Add", scores, self.constant(self.arrays[f"b{layer}"]))
                layer += 1
                if f"w{layer}" in self.arrays:
                    scores = self.op("Relu", scores)
            scores = self.cast(scores, np.float64)
        self.op("Softmax", scores, out="probabilities", axis=1)
        best = self.op("ArgMax", scores, axis=1, keepdims=0)
        classes = self.about["classes"]
        names = self.constant([str(label) for label in classes], str) if _as_words(classes) else None
        self.op("Gather", names or self.constant(classes, np.int64), best, out="labels", axis=0)

    def _bent(self, keys: str) -> str:
        """½ uᵀ curve u of each class."""
        at = self.op("MatMul", keys, self.weights("along", np.float64))  # [n, m]
        turned = self.op("MatMul", at, self.constant(self.arrays["curves"], np.float64))  # [k, n, m]
        squares = self.op("ReduceSum", self.op("Mul", turned, at), self.constant([2], np.int64), keepdims=0)
        return self.op("Mul", self.op("Transpose", squares, perm=[1, 0]), self.constant(0.5, np.float64))

    def cast(self, name: str, dtype: Any) -> str:
        from onnx import TensorProto

        kinds = {
            np.float32: TensorProto.FLOAT,
            np.float64: TensorProto.DOUBLE,
            np.int32: TensorProto.INT32,
            np.int8: TensorProto.INT8,
        }
        return self.op("Cast", name, to=kinds[dtype])

    def _on_grid(self, x: str) -> str:
        """As whole numbers within the limit, or those in deviations; as it is where there is no grid."""
        if "step" not in self.arrays:
            return x
        centre, step = (self.constant(self.arrays[name], np.float64) for name in ("centre", "step"))
        away = self.op("Sub", self.cast(self._flat(x), np.float64), centre)
        least, most = (self.constant(sign * self.about["limit"], np.float64) for sign in (-1, 1))
        codes = self.op("Clip", self.op("Round", self.op("Div", away, step)), least, most)
        if self.about["deviation"]:
            codes = self.op("Div", codes, self.constant(self.about["deviation"], np.float64))
        return self.cast(codes, np.float32)

    def _flat(self, x: str) -> str:
        return self.op("Flatten", x, axis=1)

    def _expansion(self, x: str) -> str:
        flat, length = self._with_constant(self._scaled(x))
        unit = self.op("Div", flat, self.op("Max", length, self.constant(1e-12)))
        active = self.op("MatMul", unit, self.weights("projection", np.float32))
        return self._spikes(self.op("Add", active, self.constant(self.arrays["bias"])))

    def _mixed_expansion(self, x: str) -> str:
        flat = self.op("MatMul", self._flat(x), self.weights("narrow", np.float32))
        narrow = self._spikes(self.op("Add", flat, self.constant(self.arrays["narrow_bias"])))
        return self.op("Concat", self._expansion(x), narrow, axis=1)

    def _integer_expansion(self, x: str) -> str:
        x = self._scaled(x)
        _, length = self._with_constant(x)
        near = self.op("Div", self.constant(1.0), length)
        constant, bias = (self.constant(self.arrays[name]) for name in ("constant", "bias"))
        levels, part = self.constant(127.0 * 128), self.constant(128.0)
        largest = self.op("Max", self.op("ReduceMax", self.op("Abs", x), axes=[1]), self.constant(1e-30))
        codes = self.op("Round", self.op("Mul", x, self.op("Div", levels, largest)))
        high = self.op("Round", self.op("Div", codes, part))
        low = self.op("Sub", codes, self.op("Mul", part, high))
        sums = self.op("Add", self.op("Mul", self._whole(high), part), self._whole(low))
        scale = self.op("Mul", self.op("Mul", self.op("Div", largest, levels), near), self.constant(self.about["unit"]))
        active = self.op("Add", self.op("Mul", sums, scale), self.op("Mul", near, constant))
        return self._spikes(self.op("Add", active, bias))

    def _whole(self, codes: str) -> str:
        """The product with the kernel, of whole numbers."""
        kernel = self.constant(self.arrays["kernel"], np.int8)
        return self.cast(self.op("MatMulInteger", self.cast(codes, np.int8), kernel), np.float32)

    def _scaled(self, x: str) -> str:
        scaled = self.op("Mul", self._flat(x), self.constant(self.about["input_scale"]))
        largest = np.finfo(np.float32).max
        return self.op("Clip", scaled, self.constant(-largest), self.constant(largest))

    def _with_constant(self, x: str) -> tuple[str, str]:
        """A one beside each sample's numbers, and the length of all of them."""
        flat = self.op("Pad", x, self.constant([0, 0, 0, 1], np.int64), self.constant(1.0))
        squares = self.op("ReduceSum", self.op("Mul", flat, flat), self.constant([1], np.int64))
        return flat, self.op("Sqrt", squares)

    def _spikes(self, active: str) -> str:
        if self.about["winners"]:
            from onnx import helper

            count = self.constant([self.about["winners"] + 1], np.int64)
            self.nodes.append(helper.make_node("TopK", [active, count], ["top", "where"], axis=1))
            first, last, axis = (self.constant([number], np.int64) for number in (-1, 2**31, 1))
            active = self.op("Sub", active, self.op("Slice", "top", first, last, axis))
        return self._counts(active, self.constant(127 / 4))

    def _counts(self, activity: str, gain: str) -> str:
        rounded = self.op("Round", self.op("Mul", activity, gain))
        return self.op("Clip", rounded, self.constant(0.0), self.constant(127.0))

    def _rounded(self, x: str) -> str:
        """To bfloat16 and back, where the brain computes in it."""
        from onnx import TensorProto

        if not self.about["bfloat16"]:
            return x
        return self.op("Cast", self.op("Cast", x, to=TensorProto.BFLOAT16), to=TensorProto.FLOAT)

    def _colours_first(self, x: str) -> str:
        if len(self.about["shape"]) == 2:
            return self.op("Unsqueeze", x, self.constant([1], np.int64))
        return self.op("Transpose", x, perm=[0, 3, 1, 2])

    def _integer_cortex(self, x: str) -> str:
        """In whole numbers below 2²⁴, which are exact in float32; so that squares are, too, grey levels ± 128."""
        side, (rows, columns), colours = self.about["patch"], self.about["regions"], (*self.about["shape"], 1)[2]
        inputs = side * side * colours
        x = self._colours_first(self.op("Sub", x, self.constant(128.0)))
        every = self.constant(np.ones((1, colours, side, side)))
        sums = self.cast(self.op("Conv", x, every), np.float64)
        squares = self.cast(self.op("Conv", self.op("Mul", x, x), every), np.float64)
        size = self.constant(inputs, np.float64)
        varied = self.op("Sub", self.op("Mul", squares, size), self.op("Mul", sums, sums))
        variance = self.op("Div", varied, self.constant(inputs * inputs, np.float64))
        spread = self.op("Sqrt", self.op("Add", variance, self.constant(self.about["floor"], np.float64)))
        scale = self.cast(self.op("Div", self.constant(1.0, np.float64), spread), np.float32)
        kernel = self.arrays["kernel"].reshape(-1, side, side, colours).transpose(0, 3, 1, 2)
        products = self.op("Conv", x, self.cast(self.constant(kernel, np.int8), np.float32))
        simple = self.cast(self.op("Round", self.op("Mul", products, scale)), np.int32)
        upper, lower = (self.constant(self.arrays[name][:, None, None], np.int32) for name in ("upper", "lower"))
        zero, axes, counts = self.constant(0, np.int32), self.constant([2, 3], np.int64), []
        halves = [self.op("Max", self.op("Sub", *pair), zero) for pair in ((simple, upper), (lower, simple))]
        for top, bottom in rows:
            for left, right in columns:
                start, end = self.constant([top, left], np.int64), self.constant([bottom, right], np.int64)
                weight = self.constant(self.arrays["weight"] / np.float32((bottom - top) * (right - left)))
                for cells in halves:
                    total = self.op("ReduceSum", self.op("Slice", cells, start, end, axes), axes, keepdims=0)
                    square = self.op("Mul", self.cast(total, np.float32), weight)
                    counts.append(self.op("Round", self.op("Sqrt", square)))
        return self.op("Min", self.op("Concat", *counts, axis=1), self.constant(127.0))

    def _cortex(self, x: str) -> str:
        side, (rows, columns), colours = self.about["patch"], self.about["regions"], (*self.about["shape"], 1)[2]
        inputs = side * side * colours
        x = self._colours_first(x)
        windows = np.eye(inputs, dtype=np.float32).reshape(inputs, side, side, colours).transpose(0, 3, 1, 2)
        seen = self.op("Conv", x, self.constant(windows))  # patches: n, inputs, height, width
        seen = self.op("Sub", seen, self.op("ReduceMean", seen, axes=[1]))
        variance = self.op("ReduceMean", self.op("Mul", seen, seen), axes=[1])
        spread = self.op("Sqrt", self.op("Add", variance, self.constant(10 / 255**2)))
        seen = self._rounded(self.op("Div", seen, spread))
        kernel = self.op("Transpose", self.weights("kernel", np.float32), perm=[1, 0])
        kernel = self.op("Unsqueeze", self._rounded(kernel), self.constant([2, 3], np.int64))
        simple = self.op("Conv", seen, kernel, self._rounded(self.constant(self.arrays["bias"])))
        simple = self._rounded(simple)
        level = self.constant(self.about["threshold"])
        halves = [self.op("Relu", self.op("Sub", cells, level)) for cells in (simple, self.op("Neg", simple))]
        axes, regions = self.constant([2, 3], np.int64), []
        for top, bottom in rows:
            for left, right in columns:
                start, end = self.constant([top, left], np.int64), self.constant([bottom, right], np.int64)
                for cells in halves:
                    here = self.op("Slice", cells, start, end, axes)
                    regions.append(self.op("ReduceMean", here, axes=[2, 3], keepdims=0))
        activity = self.op("Sqrt", self.op("Concat", *regions, axis=1))
        return self._counts(activity, self.constant(self.arrays["gain"]))
