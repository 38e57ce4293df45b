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
from reverie.files import make_folder, need_folder, read_file, remove_file, replace_file, sweep_temporary
from reverie.record import read_json, write_json

__all__ = [
    "TENSORS",
    "drop_other_tensors",
    "join_state",
    "load_head",
    "load_state",
    "load_tree",
    "pack_state",
    "places_of",
    "read_tensors",
    "save_parts",
    "save_state",
    "split_state",
    "state_bytes",
    "unpack_state",
    "write_tensors",
]

TENSORS = "tensors-*.safetensors"
"""The names of tensor files."""

_FORMAT = "reverie-state-1"
_TENSOR, _DICT = "__tensor__", "__dict__"  # a dictionary with one of these keys alone stands for a tensor, or for items


def save_state(folder: Path, state: dict[str, Any], *, kind: str, about: dict[str, Any] | None = None) -> None:
    """Save a state (tensors, JSON values, dictionaries of these) as a whole or not at all.

    Parameters
    ----------
    kind : str
        What the state belongs to; `load_state` refuses another kind.
    about : dict, optional
        Written beside it; `load_head` gives it back.
    """
    save_parts(folder, *split_state(state), kind=kind, about=about or {})


def save_parts(folder: Path, tree: Any, tensors: dict[str, Tensor], *, kind: str, about: dict[str, Any]) -> None:
    """Save a state that `split_state` has taken apart; the tensors may be in another form by now."""
    make_folder(folder)
    named = write_tensors(folder, tensors)
    head = {"format": _FORMAT, "kind": kind, **named, "about": about, "tree": tree}
    write_json(folder / "state.json", head | {"check": _check(head)})
    drop_other_tensors(folder, named["file"])


def split_state(state: dict[str, Any]) -> tuple[Any, dict[str, Tensor]]:
    """The JSON part of a state, and its tensors under names of their own."""
    tensors: dict[str, Tensor] = {}
    tree = _take_tensors(state, tensors)
    return tree, tensors


def join_state(tree: Any, tensors: dict[str, Tensor]) -> dict[str, Any]:
    """The state that `split_state` has taken apart."""
    state: dict[str, Any] = _put_tensors(tree, tensors)
    return state


def places_of(tree: Any) -> dict[str, str]:
    """Of each tensor's name, the place in the state: the keys on the way to it.

    Examples
    --------
    >>> places_of({"a": {"b": [{"__tensor__": "0"}]}})
    {'0': '/a/b/0'}
    """
    found: dict[str, str] = {}

    def walk(value: Any, place: str) -> None:
        if isinstance(value, list):
            for index, item in enumerate(value):
                walk(item, f"{place}/{index}")
        elif isinstance(value, dict):
            if value.keys() == {_TENSOR}:
                found[str(value[_TENSOR])] = place
                return
            for key, item in value.items():
                walk(item, f"{place}/{key}")

    walk(tree, "")
    return found


def write_tensors(folder: Path, tensors: dict[str, Tensor]) -> dict[str, str]:
    """Write tensors to a file named after them: its name and its SHA-256, for the head that will point to it."""
    from safetensors.torch import save

    data = save({name: tensor.contiguous().clone() for name, tensor in tensors.items()})  # it refuses shared memory
    digest = hashlib.sha256(data).hexdigest()
    name = f"tensors-{digest[:16]}.safetensors"
    make_folder(folder)
    need_folder(folder)
    replace_file(folder / name, data)
    return {"file": name, "sha256": digest}


def drop_other_tensors(folder: Path, name: str) -> None:
    """Once the head points to a file, remove those of before, and what a kill has left."""
    need_folder(folder)
    sweep_temporary(folder, (TENSORS, "state.json"))
    for old in folder.glob(TENSORS):
        if old.name != name:
            remove_file(old)


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
    try:
        data = read_file(path)
    except MissingData:
        raise MissingData(f"{path} is missing. Restore it, or start in a new folder.") from None
    if hashlib.sha256(data).hexdigest() != sha256:
        raise CorruptFile(f"{path} is torn or altered (its SHA-256 differs). Restore it, or start in a new folder.")
    try:
        tensors: dict[str, Tensor] = load(data)
    except SafetensorError as error:
        raise CorruptFile(f"{path} is not a safetensors file ({error}). Restore it, or start anew.") from None
    return tensors


def load_head(folder: Path, *, kind: str) -> dict[str, Any]:
    """What `save_state` wrote beside the tensors, its `about` among it; checked.

    Raises
    ------
    MissingData, CorruptFile
        See `load_state`.
    """
    head = read_json(folder / "state.json")
    if not isinstance(head, dict) or head.get("format") != _FORMAT:
        raise CorruptFile(f"{folder} is not a Reverie checkpoint of format {_FORMAT}. Give the folder of one.")
    if head.pop("check", None) != _check(head):
        raise CorruptFile(f"{folder / 'state.json'} is torn or altered (its checksum differs). Restore it from a copy.")
    if head.get("kind") != kind:
        kinds = f"{head.get('kind')!r}, not of {kind!r}"
        raise CorruptFile(f"{folder} holds the state of {kinds}. Give a matching checkpoint.")
    return head


def load_state(folder: Path, *, kind: str) -> dict[str, Any]:
    """Load what `save_state` saved, or say what is wrong with it.

    Raises
    ------
    MissingData
        Where there is no checkpoint.
    CorruptFile
        Where it is torn, altered, or of another kind.
    """
    return load_tree(folder, load_head(folder, kind=kind))


def load_tree(folder: Path, head: dict[str, Any]) -> dict[str, Any]:
    """The state that a head (`load_head`) belongs to."""
    try:
        file, sha256, tree = str(head["file"]), str(head["sha256"]), head["tree"]
        state: dict[str, Any] = _put_tensors(tree, read_tensors(folder, file, sha256))
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        if isinstance(error, CorruptFile):
            raise
        raise CorruptFile(f"{folder / 'state.json'} is not what was saved ({error!r}). Restore a copy.") from None
    return state


def _check(head: dict[str, Any]) -> str:
    """Of what JSON makes of it, so that it is the same after reading."""
    return hashlib.sha256(json.dumps(head).encode()).hexdigest()


def state_bytes(state: dict[str, Any]) -> int:
    """The size of a state: its tensors' bytes and the length of the rest as JSON."""
    tree, tensors = split_state(state)
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors.values()) + len(json.dumps(tree))


def pack_state(state: dict[str, Any]) -> bytes:
    """A state as one safetensors file, the JSON part in its header."""
    from safetensors.torch import save

    tree, tensors = split_state(state)
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
    except (SafetensorError, ValueError, KeyError, IndexError, TypeError, RecursionError) as error:
        raise CorruptFile(f"This is not a packed state ({type(error).__name__}: {error}).") from None
    return state


def _take_tensors(value: Any, tensors: dict[str, Tensor]) -> Any:
    """Move the tensors of a tree into `tensors`; a tensor's place keeps its name there."""
    if isinstance(value, Tensor):
        name = str(len(tensors))
        tensors[name] = value.detach().to("cpu").contiguous()
        return {_TENSOR: name}
    if isinstance(value, dict):
        tree = {key: _take_tensors(item, tensors) for key, item in value.items()}
        # A user's word is a key somewhere in here: it may be one of ours.
        return {_DICT: list(tree.items())} if tree.keys() & {_TENSOR, _DICT} else tree
    if isinstance(value, list | tuple):
        return [_take_tensors(item, tensors) for item in value]
    return value


def _put_tensors(value: Any, tensors: dict[str, torch.Tensor]) -> Any:
    if isinstance(value, dict):
        if value.keys() == {_TENSOR}:
            return tensors[value[_TENSOR]]
        items = value[_DICT] if value.keys() == {_DICT} else value.items()
        return {key: _put_tensors(item, tensors) for key, item in items}
    if isinstance(value, list):
        return [_put_tensors(item, tensors) for item in value]
    return value
