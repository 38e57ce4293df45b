"""What a search needs, kept in a file beside the store, so that who opens a large memory need not read all of it.

The file is a copy, and may be deleted at any time. The store says which file is its own, by a SHA-256, and how its
clock stood then; what has changed since is read from the store, and what is found is read from there too. A file that
is another, or damaged, is passed over. Where content was erased from the store, the file is overwritten and removed.
"""

import json
import os
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from reverie.errors import ReverieError
from reverie.memory.episodic.store import EpisodicStore
from reverie.record import replace_file
from reverie.untrusted import parse_json

__all__ = ["keep", "kept", "wipe"]

_NAME = "shelf"
_FORM = 1  # of the arrays; another is passed over

Arrays = dict[str, NDArray[Any]]


def keep(store: EpisodicStore, clock: int, arrays: Arrays, told: dict[str, Any]) -> bool:
    """Keep what a search needs; False where the store has changed meanwhile, or cannot be written to.

    Parameters
    ----------
    clock : int
        At which the arrays are what the store holds.
    told : dict
        What JSON can say.
    """
    if store.shelf is None or store.changing:
        return False
    text = np.frombuffer(json.dumps(told).encode(), np.uint8)
    try:
        data = save({name: np.ascontiguousarray(array) for name, array in (arrays | {"told": text}).items()})
        with store.transaction():  # nobody forgets meanwhile
            if store.clock != clock:
                return False
            replace_file(store.shelf, data)
            store.set_named(_NAME, {"form": _FORM, "clock": clock, "sha256": sha256(data).hexdigest()})
    except (OSError, ReverieError):  # no room, or another process writes: it is a copy, and may be missing
        return False
    return True


def kept(store: EpisodicStore) -> tuple[int, Arrays, dict[str, Any]] | None:
    """The clock, the arrays and the rest; None where there are none that are this store's."""
    if store.shelf is None:
        return None
    try:
        known = store.get_named(_NAME)
        if not isinstance(known, dict) or known.get("form") != _FORM or not isinstance(known.get("clock"), int):
            return None
        data = store.shelf.read_bytes()
        if sha256(data).hexdigest() != known.get("sha256") or not 0 <= known["clock"] <= store.clock:
            return None
        arrays = load(data)
        told = parse_json(arrays.pop("told").tobytes())
    except (OSError, ReverieError, SafetensorError, KeyError, ValueError):
        return None
    return (known["clock"], arrays, told) if isinstance(told, dict) else None


def wipe(path: Path) -> None:
    """Overwrite the file, and remove it; and what an interrupted `keep` has left."""
    for one in (path, *path.parent.glob(f".{path.name}.*.tmp")):
        if one.is_symlink():
            one.unlink()
            continue
        with suppress(FileNotFoundError):
            with one.open("r+b") as file:
                left = file.seek(0, os.SEEK_END)
                file.seek(0)
                while left > 0:
                    left -= file.write(bytes(min(left, 1 << 20)))
                file.flush()
                os.fsync(file.fileno())
            one.unlink()
