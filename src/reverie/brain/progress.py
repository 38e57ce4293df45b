"""A night that is not over, in a folder of its own: what it takes to go on with it."""

import json
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from reverie.brain.night import Plan
from reverie.checkpoint import TENSORS, load_state, save_state
from reverie.contracts import State
from reverie.errors import CorruptFile, MissingData
from reverie.files import remove_folder
from reverie.untrusted import no_links

__all__ = ["Progress"]

_SAVE_EVERY = 5.0  # seconds between two saves


class Progress:
    """Saved now and then; it belongs to one version and one plan."""

    def __init__(self, folder: Path, version: int, plan: Plan) -> None:
        self.folder = no_links(folder.parent, folder.name)
        self.of = {"version": version, "plan": json.loads(json.dumps(asdict(plan)))}
        self.saved = time.perf_counter()

    def load(self) -> State | None:
        """What was saved of this night."""
        try:
            state = load_state(self.folder, kind="night")
        except (MissingData, CorruptFile):
            return None
        return state["training"] if state.get("of") == self.of else None

    def save(self, training: State) -> None:
        """Save now and then."""
        if time.perf_counter() - self.saved > _SAVE_EVERY:
            save_state(self.folder, {"of": self.of, "training": training}, kind="night")
            self.saved = time.perf_counter()

    def remove(self) -> None:
        """Where that fails, it is of another version than the next night, and that one replaces it."""
        with suppress(OSError):
            remove_folder(self.folder, ("state.json", TENSORS))
