"""A state on disk: tensors as safetensors, the rest as JSON, never pickle.

A checkpoint is a folder with `state.json`, which names the tensor file that belongs to it and its SHA-256, and holds
one of itself. The JSON is replaced last and atomically: whatever the instant of a kill, it points to a whole tensor
file.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from reverie.errors import CorruptFile, MissingData
from reverie.record import read_json, replace_file, write_json

__all__ = [
    "drop_other_tensors",
    "load_state",
    "pack_state",
    "read_tensors",
    "save_state",
    "state_bytes",
    "unpack_state",
    "write_tensors",
]

_FORMAT = "reverie-state-1"


def save_state(folder: Path, state: dict[str, Any], *, kind: str) -> None:
    """Save a state (tensors, JSON values, dictionaries of these) as a whole or not at all.

    Parameters
    ----------
    kind : str
        What the state belongs to; `load_state` refuses another kind.
    """
    tensors: dict[str, Tensor] = {}
    tree = _take_tensors(state, "", tensors)
    named = write_tensors(folder, tensors)
    head = {"format": _FORMAT, "kind": kind, **named, "tree": tree}
    write_json(folder / "state.json", head | {"check": _check(head)})
    drop_other_tensors(folder, named["file"])


def write_tensors(folder: Path, tensors: dict[str, Tensor]) -> dict[str, str]:
    """Write tensors to a file named after them: its name and its SHA-256, for the head that will point to it."""
    from safetensors.torch import save

    data = save({name: tensor.contiguous().clone() for name, tensor in tensors.items()})  # it refuses shared memory
    digest = hashlib.sha256(data).hexdigest()
    name = f"tensors-{digest[:16]}.safetensors"
    folder.mkdir(parents=True, exist_ok=True)
    replace_file(folder / name, data)
    return {"file": name, "sha256": digest}


def drop_other_tensors(folder: Path, name: str) -> None:
    """Once the head points to a file, remove those of before, and what a kill has left."""
    for old in (*folder.glob("tensors-*.safetensors"), *folder.glob(".*.tmp")):
        if old.name != name:
            old.unlink()


def read_tensors(folder: Path, name: str, sha256: str) -> dict[str, Tensor]:
    """The tensors that a head points to.

    Raises
    ------
    MissingData, CorruptFile
        Where the file is not there, or not what it was.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    path = folder / Path(name).name
    if not path.exists():
        raise MissingData(f"{path} is missing. Restore it, or start in a new folder.")
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != sha256:
        raise CorruptFile(f"{path} is torn or altered (its SHA-256 differs). Restore it, or start in a new folder.")
    try:
        tensors: dict[str, Tensor] = load(data)
    except SafetensorError as error:
        raise CorruptFile(f"{path} is not a safetensors file ({error}). Restore it, or start anew.") from None
    return tensors


def load_state(folder: Path, *, kind: str) -> dict[str, Any]:
    """Load what `save_state` saved, or say what is wrong with it.

    Raises
    ------
    MissingData
        Where there is no checkpoint.
    CorruptFile
        Where it is torn, altered, or of another kind.
    """

    head = read_json(folder / "state.json")
    if not isinstance(head, dict) or head.get("format") != _FORMAT:
        raise CorruptFile(f"{folder} is not a Reverie checkpoint of format {_FORMAT}. Give the folder of one.")
    if head.pop("check", None) != _check(head):
        raise CorruptFile(f"{folder / 'state.json'} is torn or altered (its checksum differs). Restore it from a copy.")
    if head["kind"] != kind:
        raise CorruptFile(f"{folder} holds the state of {head['kind']!r}, not of {kind!r}. Give a matching checkpoint.")
    state: dict[str, Any] = _put_tensors(head["tree"], read_tensors(folder, head["file"], head["sha256"]))
    return state


def _check(head: dict[str, Any]) -> str:
    """Of what JSON makes of it, so that it is the same after reading."""
    return hashlib.sha256(json.dumps(head).encode()).hexdigest()


def state_bytes(state: dict[str, Any]) -> int:
    """The size of a state: its tensors' bytes and the length of the rest as JSON."""
    tensors: dict[str, Tensor] = {}
    tree = _take_tensors(state, "", tensors)
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors.values()) + len(json.dumps(tree))


def pack_state(state: dict[str, Any]) -> bytes:
    """A state as one safetensors file, the JSON part in its header."""
    from safetensors.torch import save

    tensors: dict[str, Tensor] = {}
    tree = _take_tensors(state, "", tensors)
    data: bytes = save({name: tensor.clone() for name, tensor in tensors.items()}, {"tree": json.dumps(tree)})
    return data


def unpack_state(data: bytes) -> dict[str, Any]:
    """The state that `pack_state` made bytes of."""
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        length = int.from_bytes(data[:8], "little")
        tree = json.loads(json.loads(data[8 : 8 + length])["__metadata__"]["tree"])
        state: dict[str, Any] = _put_tensors(tree, load(data))
    except (SafetensorError, ValueError, KeyError, IndexError) as error:
        raise CorruptFile(f"This is not a packed state ({type(error).__name__}: {error}).") from None
    return state


def _take_tensors(value: Any, path: str, tensors: dict[str, Tensor]) -> Any:
    """Move the tensors of a tree into `tensors`; a tensor's place keeps its name there."""
    if isinstance(value, Tensor):
        tensors[path] = value.detach().to("cpu").contiguous()
        return {"__tensor__": path}
    if isinstance(value, dict):
        return {key: _take_tensors(item, f"{path}/{key}", tensors) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_take_tensors(item, f"{path}/{index}", tensors) for index, item in enumerate(value)]
    return value


def _put_tensors(value: Any, tensors: dict[str, torch.Tensor]) -> Any:
    if isinstance(value, dict):
        if value.keys() == {"__tensor__"}:
            return tensors[value["__tensor__"]]
        return {key: _put_tensors(item, tensors) for key, item in value.items()}
    if isinstance(value, list):
        return [_put_tensors(item, tensors) for item in value]
    return value
