"""Write down what a brain answers, for another machine."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from reverie.edge import numpy_predictor
from reverie.edge.onnx_graph import onnx_bytes
from reverie.edge.parts import Parts
from reverie.errors import BadData
from reverie.record import replace_file

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
        `path`, `format` ("onnx" or "numpy"), `bytes`, `classes`.
    """
    path = Path(path)
    if path.exists() or path.is_symlink():
        raise BadData(f"{path} is there already. Give a new name.")
    if not path.parent.is_dir():
        raise BadData(f"There is no folder {path.parent}. Make it first.")
    if path.suffix.lower() == ".onnx":
        replace_file(path, onnx_bytes(parts))
        size = path.stat().st_size
    else:
        path.mkdir()
        with (path / "model.npz").open("wb") as file:
            np.savez(file, **parts.arrays)  # type: ignore[arg-type]
        replace_file(path / "model.json", json.dumps(parts.about, ensure_ascii=False).encode())
        replace_file(path / "predict.py", Path(numpy_predictor.__file__).read_bytes())
        size = sum(file.stat().st_size for file in path.iterdir())
    return {
        "path": str(path),
        "format": "onnx" if path.suffix.lower() == ".onnx" else "numpy",
        "bytes": size,
        "classes": parts.about["classes"],
    }
