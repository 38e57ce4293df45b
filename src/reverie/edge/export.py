"""Write down what a brain answers, for another machine."""

import io
import json
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from reverie.edge import numpy_predictor
from reverie.edge.onnx_graph import onnx_bytes
from reverie.edge.parts import Parts
from reverie.errors import BadData
from reverie.files import remove_folder, replace_file, sync_folder

__all__ = ["export"]


def export(parts: Parts, path: str | Path) -> dict[str, Any]:
    """Export to `NAME.onnx`, or else to a folder with `predict.py`, `model.json` and `model.npz` (NumPy alone).

    Parameters
    ----------
    path : path
        New; nothing is overwritten.

    Returns
    -------
    dict
        `path`, `format` ("onnx" or "numpy"), `bytes`, `classes`; `takes`, where it is not samples that it takes.
    """
    path = Path(path)
    if os.path.lexists(path):
        raise BadData(f"{path} is there already. Give a new name.")
    if not path.parent.is_dir():
        raise BadData(f"There is no folder {path.parent}. Make it first.")
    kind = "onnx" if path.suffix.lower() == ".onnx" else "numpy"
    if kind == "onnx":
        data = onnx_bytes(parts)
        replace_file(path, data)
        size = len(data)
    elif parts.front is not None:
        raise BadData("The network that sees photos is not exported for NumPy. Give a name that ends in .onnx.")
    else:
        size = _write_folder(path, parts)
    made = {"path": str(path), "format": kind, "bytes": size, "classes": parts.about["classes"]}
    return made | ({"takes": parts.about["takes"]} if "takes" in parts.about else {})


def _write_folder(path: Path, parts: Parts) -> int:
    """The folder, whole or not at all; how many bytes it has."""
    arrays = io.BytesIO()
    np.savez(arrays, **parts.arrays)  # type: ignore[arg-type]
    files = {
        "model.npz": arrays.getvalue(),
        "model.json": json.dumps(parts.about, ensure_ascii=False).encode(),
        "predict.py": Path(numpy_predictor.__file__).read_bytes(),
    }
    new = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        os.mkdir(new)
        for name, data in files.items():
            replace_file(new / name, data)
        os.rename(new, path)
    except BaseException:
        with suppress(OSError):
            remove_folder(new, tuple(files))
        raise
    sync_folder(path.parent)
    return sum(len(data) for data in files.values())
