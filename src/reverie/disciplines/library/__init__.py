"""The cards that come with Reverie, in our own words, with their references."""

from pathlib import Path

from reverie.errors import unknown_name

__all__ = ["find", "names"]

_HERE = Path(__file__).parent


def names() -> list[str]:
    """The cards of the library.

    Examples
    --------
    >>> "physics.stopping_distance" in names()
    True
    """
    return sorted(path.stem for path in _HERE.glob("*.yaml"))


def find(name: str) -> Path:
    """The file of a card: a path as it is, or a name of the library."""
    path = Path(name)
    if path.suffix in (".yaml", ".yml") or path.is_file():
        return path
    if name not in names():
        raise unknown_name("card", name, names())
    return _HERE / f"{name}.yaml"
