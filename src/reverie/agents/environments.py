"""Environments by their name, behind Gymnasium's interface."""

from typing import Any

from reverie.errors import BadData, MissingData, unknown_name

__all__ = ["environment"]

_PACKAGES = ("highway_env",)  # that register environments when they are imported
_LARGEST = 1000  # numbers of an observation: pictures need another sense


def environment(name: str, *, render: bool = False) -> Any:
    """Make an environment.

    Parameters
    ----------
    name : str
        As it is registered: "CartPole-v1". A name with a colon would import a module, and is refused.
    render : bool
        Whether frames are drawn (`render()` gives an array).

    Raises
    ------
    MissingData
        Gymnasium, or the simulator that this environment needs, is not installed.
    BadData, UnknownName
        There is no such environment, or its observations are not a short list of numbers.
    """
    try:
        import gymnasium
    except ImportError:
        raise MissingData("Environments need the package gymnasium: pip install 'reverie[agents]'") from None
    if not isinstance(name, str) or ":" in name:
        raise BadData(f"The environment is {name!r}. Expected a registered name such as CartPole-v1, without a module.")
    if name not in gymnasium.registry:
        _register_more()
    if name not in gymnasium.registry:
        raise unknown_name("environment", name, [known for known in gymnasium.registry if "/" not in known])
    try:
        made = gymnasium.make(name, **({"render_mode": "rgb_array"} if render else {}))
    except (gymnasium.error.DependencyNotInstalled, ImportError) as error:
        raise MissingData(f"{name} needs what is not installed ({error}): pip install 'reverie[agents]'") from None
    except Exception as error:
        raise BadData(
            f"{name} could not be made ({type(error).__name__}: {error}). Try another of its kind."
        ) from error
    space = made.observation_space
    if not isinstance(space, gymnasium.spaces.Box) or len(space.shape) != 1:
        made = _flattened(made, name)
    return made


def _flattened(made: Any, name: str) -> Any:
    from gymnasium.spaces.utils import flatdim
    from gymnasium.wrappers import FlattenObservation

    try:
        numbers = flatdim(made.observation_space)
    except (NotImplementedError, ValueError):
        numbers = 0
    if not 0 < numbers <= _LARGEST:
        made.close()
        raise BadData(
            f"Observations of {name} are {made.observation_space}. Expected at most {_LARGEST} numbers: an agent "
            "has no sense for pictures yet."
        )
    return FlattenObservation(made)


def _register_more() -> None:
    from contextlib import suppress
    from importlib import import_module

    for package in _PACKAGES:
        with suppress(ImportError):
            import_module(package)
