"""A meta-trained sense as a folder: numbers and their digest, no code. `load_sense` gives what a `Brain` takes."""

from pathlib import Path
from typing import Any

import torch

from reverie.checkpoint import load_head, load_tree, save_state
from reverie.errors import BadData, CorruptFile
from reverie.meta.network import LARGEST, MetaSense, Pictured

__all__ = ["expect_room", "load_sense", "save_sense"]

_KIND = "meta sense"


def expect_room(folder: Path) -> None:
    """Refuse a place where a sense cannot be saved: a file, or a folder of other things.

    Raises
    ------
    BadData
        Says which.
    """
    if folder.exists() and not folder.is_dir():
        raise BadData(f"{folder} is a file. Give the name of a new folder.")
    if folder.exists() and any(folder.iterdir()) and not (folder / "state.json").exists():
        raise BadData(f"{folder} is not empty, and holds no sense. Give the name of a new folder.")


def save_sense(folder: str | Path, sense: MetaSense, *, about: dict[str, Any] | None = None) -> None:
    """Save a sense, whole or not at all.

    Parameters
    ----------
    about : dict, optional
        How it came about; kept beside it.
    """
    folder = Path(folder)
    expect_room(folder)
    networks = [one for one in sense.networks if isinstance(one, Pictured)]
    form = {"size": list(sense.size), "channels": sense.channels, "widths": [list(one.widths) for one in networks]}
    save_state(
        folder,
        {str(number): dict(one.state_dict()) for number, one in enumerate(networks)},
        kind=_KIND,
        about={"form": form} | (about or {}),
    )


def load_sense(folder: str | Path) -> MetaSense:
    """Load a sense, frozen.

    Raises
    ------
    MissingData, CorruptFile
        There is none, or it is torn or altered.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_sense(folder, MetaSense([Pictured(widths=(2, 2, 2, 2))], (28, 28)))
    ...     load_sense(folder).size
    (28, 28)
    """
    folder = Path(folder)
    head = load_head(folder, kind=_KIND)
    state = load_tree(folder, head)
    try:
        form = head["about"]["form"]
        size, channels = (int(form["size"][0]), int(form["size"][1])), int(form["channels"])
        widths = [tuple(int(width) for width in one) for one in form["widths"]]
        bounded = all(0 < one <= LARGEST for some in (*widths, size) for one in some)
        if (
            channels not in (1, 3)
            or not bounded
            or not all(len(one) == 4 for one in widths)
            or len(widths) != len(state)
        ):
            raise ValueError("its form")
        with torch.device("meta"):  # no memory is taken before the tensors that are there fit
            networks = [Pictured(channels, one) for one in widths]
        for number, network in enumerate(networks):
            network.load_state_dict(state[str(number)], assign=True)
        return MetaSense(networks, size)
    except (KeyError, TypeError, ValueError, IndexError, RuntimeError, BadData) as error:
        raise CorruptFile(
            f"{folder} holds no sense as save_sense writes it ({error}). Restore it from a copy."
        ) from None
