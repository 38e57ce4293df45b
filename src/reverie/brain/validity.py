"""Whether a state or an entry is one that a brain writes: types, shapes and sizes that agree with one another.

Checksums tell what was altered by accident. A stranger's file has checksums that fit; so before anything is allocated
or computed of it, its parts are held against each other here.
"""

import math
from typing import Any

import torch
from torch import Tensor

from reverie.brain.history import History
from reverie.brain.lesson import TARGETS
from reverie.brain.numbers import Numbers
from reverie.brain.tags import Tags
from reverie.errors import BadData, CorruptFile
from reverie.memory.thin import thin_problem
from reverie.memory.third import numbers_of

__all__ = ["check_entry", "check_settings", "check_state"]

_LARGEST = 16 * 2**30  # bytes of matrices
_DRAWN = 2**28  # numbers of an encoder's random projection
_COLUMNS = 2**20  # classes
_VERSIONS = 10**12


def check_settings(made: Any) -> None:
    """What `brain.json` says that a brain was made with.

    Raises
    ------
    CorruptFile
    """
    names = {"encoder": str, "settings": dict, "forgettable": bool, "seed": int}
    _need(isinstance(made, dict), "settings that are no mapping")
    for name, kind in names.items():
        _need(isinstance(made.get(name), kind), f"settings whose {name} is {made.get(name)!r}")
    ridge, budget = made.get("ridge"), made.get("budget")
    _need(ridge == "gcv" or (_number(ridge) and ridge > 0), f"a ridge of {ridge!r}")
    _need(budget is None or (isinstance(budget, int) and 0 < budget < 2**50), f"a budget of {budget!r}")
    for name in ("balanced", "aside", "sketch"):
        _need(isinstance(made.get(name, False), bool), f"settings whose {name} is {made.get(name)!r}")
    _need(made.get("targets", TARGETS[0]) in TARGETS, f"targets that are {made.get('targets')!r}")
    traces = made.get("traces", 0)
    _need(_number(traces) and 0 <= traces < 2**50, f"settings whose traces is {traces!r}")
    try:
        History.of(made)
    except BadData as error:
        raise CorruptFile(f"It holds settings whose {error}") from None
    width = made["settings"].get("width", 1)
    _need(isinstance(width, int) and width <= _DRAWN, f"a width of {width!r}")


def check_state(state: Any) -> None:
    """A snapshot's state.

    Raises
    ------
    CorruptFile
    """
    _need(isinstance(state, dict), "a state that is no mapping")
    for name, kind in {"senses": dict, "memory": dict, "labels": list, "ledger": dict, "history": list}.items():
        _need(isinstance(state.get(name), kind), f"a state whose {name} is no {kind.__name__}")
    for name in ("version", "oldest", "nights"):
        value = state.get(name)
        _need(isinstance(value, int) and 0 <= value < _VERSIONS, f"a state whose {name} is {value!r}")
    _need(all(isinstance(event, dict) for event in state["history"]), "a history of something else than events")
    _labels(state["labels"])
    _senses(state["senses"])
    k = _memory(state["memory"])
    _need(k <= len(state["labels"]), f"sums of {k} classes for {len(state['labels'])} labels")
    numbers = state.get("numbers")
    if numbers is not None:
        _need(isinstance(numbers, dict), "numbers to learn that are no mapping")
        digits, d = Numbers.from_state(numbers).width, len(state["memory"].get("sum_h", ()))
        _need(not state["memory"] or digits < d, f"{digits} digits in keys of {d} inputs")
    if "tags" in state:
        tags, d = Tags.from_state(state["tags"]).width, len(state["memory"].get("sum_h", ()))
        _need(not state["memory"] or tags < d, f"{tags} labels in keys of {d} inputs")
        _need(not state["memory"] or not state["memory"]["per_class"], "labels in sums of classes")
    watch = state.get("watch")
    _need(isinstance(watch, dict) and isinstance(watch.get("usual"), dict), "a watch that is none")
    _need(all(_number(value) for value in watch["values"]), "a watch of something else than numbers")
    pairs = watch["usual"].values()
    _need(all(isinstance(pair, list) and len(pair) == 2 and all(map(_number, pair)) for pair in pairs), "a watch")
    if "aside" in state:
        _aside(state["aside"], len(state["labels"]), state["memory"])
    if "traces" in state:
        _traces(state["traces"], state.get("deeper"), len(state["labels"]))
    else:
        _need("deeper" not in state, "a deeper cortex without traces")
    for name, batch in state["ledger"].items():
        _batch(batch, len(state["labels"]), f"what was learned as {name!r}")


def check_entry(entry: Any, known: list[Any]) -> None:
    """An entry of the log, of a brain that knows these labels.

    Raises
    ------
    CorruptFile
    """
    _need(isinstance(entry, dict) and isinstance(entry.get("event"), dict), "an entry without an event")
    labels = len(known)
    if entry.get("kind") in ("learn", "correct"):
        new = entry.get("new_labels")
        _need(isinstance(new, list), "an entry without new labels")
        _labels([*known, *new])
        _batch(entry.get("batch"), labels + len(new), "an entry")
        if "aside" in entry:
            _aside(entry["aside"], labels + len(new))
        for name in ("traces", "untraced"):
            if name in entry:
                _codes(entry[name], labels + len(new))
        if entry["kind"] == "learn":
            _need(entry["name"] is None or isinstance(entry["name"], str), "a contribution whose name is no word")
        if entry["kind"] == "correct" and entry["gone"] is not None:
            _batch(entry["gone"], labels, "an entry")
    elif entry.get("kind") == "forget":
        batches = entry.get("batches")
        _need(isinstance(batches, list) and isinstance(entry.get("names"), list), "an entry that forgets nothing")
        for batch in batches:
            _batch(batch, labels, "an entry")
        if "aside" in entry:
            _aside(entry["aside"], labels)
        if "untraced" in entry:
            _codes(entry["untraced"], labels)
    else:
        _need(entry.get("kind") == "rename", f"an entry of kind {entry.get('kind')!r}")
        _need(entry["label"] in known, f"another name for {entry['label']!r}, which is no label")
        _labels([entry["to"] if label == entry["label"] else label for label in known])


def _aside(aside: Any, labels: int, memory: dict[str, Any] | None = None) -> None:
    keys, columns = aside["keys"], aside["columns"]
    _need(_indices(columns) and isinstance(keys, Tensor) and keys.ndim == 2, "keys aside that are none")
    _need(not keys.is_floating_point() and keys.dtype != torch.bool, "keys aside that are no whole numbers")
    _need(len(keys) == len(columns) and bool((columns < labels).all()), "keys aside of labels that there are not")
    if "codes" in aside:
        codes, coded = aside["codes"], aside["coded"]
        _need(
            codes.dtype == torch.uint8 and codes.ndim == 2 and len(codes) == len(columns), "codes aside that are none"
        )
        _need(coded.dtype == torch.bool and coded.shape == columns.shape, "codes aside that are none")
    if memory is not None:
        names, d = aside["names"], len(memory.get("sum_h", ()))
        _need(isinstance(names, list) and len(names) == len(columns), "keys aside without their names")
        _need(len(keys) == 0 or keys.shape[1] == d, f"keys aside of {keys.shape[1]} inputs for sums of {d}")


def _traces(traces: dict[str, Any], deeper: dict[str, Any] | None, labels: int) -> None:
    _need(isinstance(traces["budget"], int) and 0 <= traces["budget"] < 2**50, "traces without their bytes")
    if traces["code"] is None:
        _need(deeper is None, "a deeper cortex without traces")
        return
    shape, names, of_name = traces["shape"], traces["names"], traces["of_name"]
    sides = isinstance(shape, list) and len(shape) in (2, 3) and all(isinstance(one, int) and one > 0 for one in shape)
    _need(sides and math.prod(shape) <= _DRAWN, f"traces of pictures of {shape!r}")
    _codes(traces | {"columns": traces["columns"].long()}, labels)
    _need(isinstance(names, list) and all(isinstance(name, str) for name in names), "traces under names that are none")
    sound = of_name.dtype == torch.int32 and of_name.shape == traces["columns"].shape
    _need(sound and bool(((of_name >= -1) & (of_name < len(names))).all()), "traces under names that there are not")
    if deeper is not None:
        columns, numbers = deeper["columns"], deeper["numbers"]
        _need(_indices(columns) and bool((columns < labels).all()), "a deeper cortex of labels that there are not")
        _need(len(columns.unique()) == len(columns) == len(deeper["network"]["head.bias"]), "a deeper cortex")
        _need(
            len(numbers) == 2 and all(_number(one) and one >= 0 for one in numbers), f"a deeper cortex by {numbers!r}"
        )
        _need(all(_finite(part) for part in deeper["network"].values()), "a deeper cortex that is not finite")
        inputs = deeper["network"]["layers.0.weight"].shape[1]
        _need(inputs == len(traces["code"]["sign"]), "a deeper cortex of another code")


def _codes(entry: dict[str, Any], labels: int) -> None:
    codes, columns = entry["codes"], entry["columns"]
    _need(isinstance(codes, Tensor) and codes.dtype == torch.uint8 and codes.ndim == 2, "traces that are none")
    _need(_indices(columns) and len(columns) == len(codes), "traces without classes")
    _need(bool((columns < labels).all()), "traces of labels that there are not")


def _labels(labels: list[Any]) -> None:
    kinds = {type(label) for label in labels}
    _need(kinds <= {int} or kinds <= {str}, "labels that are neither all whole numbers nor all words")
    _need(len(set(labels)) == len(labels), "a label twice")


def _senses(senses: dict[str, Any]) -> None:
    shape, module = senses.get("shape"), senses.get("module", {})
    _need(isinstance(senses.get("encoder"), str) and isinstance(senses.get("settings"), dict), "senses without encoder")
    _need(isinstance(module, dict), "senses without a module")
    for name, value in module.items():
        _need(isinstance(value, Tensor) and _finite(value), f"an encoder whose {name} is not finite")
    if shape is None:
        return
    if "inner" in senses:
        _together(senses)
        return
    _need(isinstance(shape, list) and all(isinstance(side, int) and side > 0 for side in shape), f"a shape {shape!r}")
    size = math.prod(shape)
    width = senses["settings"].get("width", 1)
    _need(isinstance(width, int) and max(1, size) * max(1, width) <= _DRAWN, f"an encoder of {size} × {width} numbers")
    kept, grid = senses.get("kept"), senses.get("grid")
    _need(kept is None or _indices(kept), "pruned inputs that are none")
    if grid is not None:
        step, centre = grid["step"], grid["centre"]
        _need(_finite(step) and _finite(centre) and bool((step > 0).all()), "a grid without steps")


def _together(senses: dict[str, Any]) -> None:
    inner, widths = senses["inner"], senses.get("widths", [])
    _need(isinstance(inner, dict) and isinstance(widths, list) and len(widths) == len(inner), "senses without widths")
    _need(all(isinstance(width, int) and 0 < width <= _DRAWN for width in widths), "senses whose widths are no sizes")
    for part in inner.values():
        _need(isinstance(part, dict) and "inner" not in part, "senses within senses")
        _senses(part)


def _memory(memory: dict[str, Any]) -> int:
    """How many classes the sums are of."""
    if not memory:
        return 0
    sum_h, sum_y, cross, n = memory["sum_h"], memory["sum_y"], memory["cross"], memory["n"]
    d, k = len(sum_h), len(sum_y)
    of_grams = memory["codes"] if "codes" in memory else memory["upper"]
    grams = k if memory["per_class"] else 1
    if "thin" in memory:
        grams = _thin(memory, d, k)
    _need(_number(n) and n >= 0 and k <= _COLUMNS, f"sums of {n!r} samples and {k} classes")
    _need(8 * d * d * max(1, grams) <= _LARGEST, f"sums of {d} inputs and {k} classes, too many to be held")
    _need(tuple(cross.shape) == (d, k) and len(memory["sum_yy"]) == k, "sums whose shapes differ")
    _need(tuple(of_grams.shape) == (grams, d * (d + 1) // 2), "sums whose shapes differ")
    for name, value in memory.items():
        _need(not isinstance(value, Tensor) or _finite(value), f"sums whose {name} are not finite")
    _need(bool((sum_y >= 0).all()), "classes of fewer than no samples")
    settled = memory.get("settled")
    if "sketch" in memory:
        _sketch(memory["sketch"], d, k)
    if "sharp" in memory:
        _sharp(memory["sharp"], memory.get("sketch"), d)
    _need(settled is None or all(_number(value) and value > 0 for value in settled), f"a settled λ of {settled!r}")
    return k


def _thin(memory: dict[str, Any], d: int, k: int) -> int:
    """How many classes have matrices, where the others have thin factors."""
    dense, rest = memory["dense"], memory["rest"]
    _need(bool(memory["per_class"]) and isinstance(memory["thin"], dict) and _indices(dense), "factors of no classes")
    columns = dense.tolist()
    _need(
        columns == sorted(set(columns)) and (not columns or columns[-1] < k), "matrices of classes that there are not"
    )
    _need(_finite(rest) and tuple(rest.shape) == (d * (d + 1) // 2,), "sums whose shapes differ")
    problem = thin_problem(memory["thin"], d, set(range(k)) - set(columns))
    _need(problem is None, problem or "")
    return len(columns)


def _sharp(sharp: dict[str, Any], sketch: dict[str, Any] | None, d: int) -> None:
    """A sharpening of sums of d inputs, along directions of its own, or the first ones of a sketch."""
    directions, numbers = sharp["directions"], sharp["numbers"]
    if sketch is None:
        m = _directions(directions, d)
    else:
        m, most = directions, sketch["directions"].shape[1]
        _need(isinstance(m, int) and 0 < m <= most, f"a sharpening along {m!r} directions of {most}")
    known = len(numbers) in (3, 5) and all(_number(one) and one >= 0 for one in numbers)
    most = m if sketch is None else min(m, sketch["t"])
    _need(known and max(numbers[4:], default=0) <= most, f"a sharpening by {numbers!r}")


def _directions(directions: Any, d: int) -> int:
    """How many directions there are, for sums of d inputs."""
    sound = isinstance(directions, Tensor) and directions.dtype == torch.int8 and directions.ndim == 2
    _need(sound and len(directions) == d and 0 < directions.shape[1] <= d, "directions of another size than the sums")
    return int(directions.shape[1])


def _sketch(sketch: Any, d: int, k: int) -> None:
    """A sketch beside sums of d inputs and k classes."""
    _need(isinstance(sketch, dict) and isinstance(sketch["sums"], dict), "a sketch that is none")
    t, third, sums = (sketch[name] for name in ("t", "third", "sums"))
    m = _directions(sketch["directions"], d)
    _need(isinstance(t, int) and 0 <= t <= m, f"a sketch with third moments along {t!r} of {m} directions")
    for part in (sketch["centre"], sketch["step"]):
        _need(_finite(part) and tuple(part.shape) == (m,), "a sketch without steps")
    _need(bool((sketch["step"] > 0).all()), "a sketch without steps")
    _need(_whole_numbers(third) and tuple(third.shape) == (numbers_of(t),), "third moments of another size")
    _need(_memory(sums) <= k and len(sums["sum_h"]) == m and bool(sums["per_class"]), "a sketch of other sums")


def _sketched(part: Any, labels: int, whose: str) -> None:
    """What an entry adds to a sketch."""
    _need(isinstance(part, dict) and isinstance(part.get("third"), dict), f"{whose}: nothing for a sketch")
    _batch(part.get("batch"), labels, whose)
    third = part["third"]
    rows = third["sums"] if "sums" in third else third["rows"]
    _need(_whole_numbers(rows) and rows.ndim == (1 if "sums" in third else 2), f"{whose}: third moments")
    _need("sums" in third or rows.dtype == torch.int8, f"{whose}: third moments")
    weights = third.get("weights")
    _need(weights is None or (_indices(weights) and len(weights) == len(rows)), f"{whose}: weights")


def _whole_numbers(value: Any) -> bool:
    return isinstance(value, Tensor) and value.dtype in (torch.int8, torch.int32, torch.int64)


def _batch(batch: Any, labels: int, whose: str) -> None:
    """Contributions: their columns are labels that there are, and their shapes agree."""
    _need(isinstance(batch, dict) and isinstance(batch.get("d"), int) and batch["d"] >= 0, f"{whose}: no contribution")
    d, parts = batch["d"], batch.get("factors", [batch])
    if "sketch" in batch:
        _sketched(batch["sketch"], labels, whose)
    _need(batch.get("form") in ("sums", "factors") and isinstance(parts, list), f"{whose}: of no form that is known")
    for part in parts:
        columns = part.get("columns")
        known = isinstance(columns, list) and all(isinstance(one, int) and 0 <= one < labels for one in columns)
        _need(known, f"{whose}: columns of labels that there are not")
        if batch["form"] == "sums":
            _need(_memory(part["sums"]) == len(columns) and len(part["sums"]["sum_h"]) == d, f"{whose}: sums")
        else:
            r = part["r"]
            _need(r.ndim == 2 and r.shape[1] == len(columns) + d and _finite(r), f"{whose}: factors")


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _finite(value: Any) -> bool:
    return isinstance(value, Tensor) and (not value.is_floating_point() or bool(torch.isfinite(value).all()))


def _indices(value: Any) -> bool:
    return isinstance(value, Tensor) and value.dtype == torch.int64 and value.ndim == 1 and bool((value >= 0).all())


def _need(sound: bool, what: str) -> None:
    if not sound:
        raise CorruptFile(f"It holds {what}.")
