"""From names to objects. Streams and learners never see a configuration."""

import importlib
import inspect
from typing import Any

from reverie import learners, streams
from reverie.agents import players
from reverie.agents.players import Player
from reverie.contracts import Learner, Stream
from reverie.errors import BadData, unknown_name
from reverie.runs.config import RunConfig, environment_name, is_import
from reverie.runs.protocol import VARIANTS, literature

__all__ = [
    "build_learner",
    "build_stream",
    "known_learners",
    "known_players",
    "learner_class",
    "learner_names",
    "player_class",
]


def known_learners() -> dict[str, type[Learner]]:
    """Every learner by its name on the command line, which is that of its file."""
    classes = [getattr(learners, name) for name in learners.__all__]
    return {cls.__module__.rpartition(".")[2].replace("_", "-"): cls for cls in classes}


def learner_names() -> list[str]:
    """Names of learners and of their variants."""
    return sorted([*known_learners(), *VARIANTS])


def learner_class(name: str) -> type[Learner]:
    """The class behind a name, a variant's name, or `module:Class`; the last is the caller's (`RunConfig.read`)."""
    base, _ = VARIANTS.get(name, (name, {}))
    cls = _imported(base) if is_import(base) else known_learners().get(base)
    if cls is None and base in known_players():
        raise BadData(f"{name} acts in an environment, and does not learn labels. Give --stream gym:CartPole-v1, say.")
    if cls is None:
        raise unknown_name("learner", name, learner_names())
    if not (inspect.isclass(cls) and issubclass(cls, Learner)):
        raise BadData(f"{name!r} is not a subclass of reverie.contracts.Learner. Give one that is.")
    return cls


def known_players() -> dict[str, type[Player]]:
    """Every learner that acts, by its name on the command line, which is that of its file."""
    classes = [one for name in players.__all__ if inspect.isclass(one := getattr(players, name))]
    return {
        cls.__module__.rpartition(".")[2].replace("_", "-"): cls
        for cls in classes
        if issubclass(cls, Player) and not inspect.isabstract(cls)
    }


def player_class(name: str) -> type[Player]:
    """The class behind the name of a learner that acts, or `module:Class`; the last is the caller's."""
    cls = _imported(name) if is_import(name) else known_players().get(name)
    if cls is None and name in learner_names():
        acting = ", ".join(sorted(known_players()))
        raise BadData(f"{name} learns labels, and does not act. For an environment choose one of: {acting}.")
    if cls is None:
        raise unknown_name("learner that acts", name, known_players())
    if not (inspect.isclass(cls) and issubclass(cls, Player)):
        raise BadData(f"{name!r} is not a subclass of reverie.agents.players.Player. Give one that is.")
    return cls


def build_stream(config: RunConfig) -> Stream:
    """The stream that a configuration names; an environment is none, for nobody labels what happens there."""
    if environment_name(config.stream) is not None:
        raise BadData(f"{config.stream} is an environment, and has no labelled samples. Run it: reverie run --stream …")
    options: dict[str, Any] = {"scenario": config.scenario, "order": config.order}
    if config.classes_per_experience is not None:
        options["classes_per_experience"] = config.classes_per_experience
    for key, value in config.settings.items():
        if key.startswith("stream."):
            options[key.removeprefix("stream.")] = value
    factory = _imported(config.stream) if is_import(config.stream) else None
    try:
        stream = streams.make(config.stream, **options) if factory is None else factory(**options)
    except TypeError as error:
        if "unexpected keyword" not in str(error):
            raise
        raise BadData(f"The stream {config.stream!r} does not take this option: {error}. Leave it out.") from None
    if not isinstance(stream, Stream):
        raise BadData(f"{config.stream!r} gave a {type(stream).__name__}, not a reverie.contracts.Stream.")
    return stream


def build_learner(config: RunConfig, stream: Stream) -> Learner:
    """The learner that a configuration names, with the stream's protocol, the literature's and the user's settings."""
    cls = learner_class(config.learner)
    taken = inspect.signature(cls).parameters
    default: dict[str, Any] = {key: value for key, value in stream.protocol.items() if key in taken}
    asked = {key: value for key, value in config.settings.items() if not key.startswith("stream.")}
    for key in asked:
        if key not in taken:
            raise unknown_name(f"parameter of the learner {config.learner}:", key, taken)
    settings = default | literature(stream.name, stream.scenario, config.learner) | asked
    for key, value in {"seed": config.seed, "device": config.device}.items():
        if key in taken:
            settings.setdefault(key, value)
    learner: Learner = cls(**{key: _fitting(key, value, taken[key].default) for key, value in settings.items()})
    return learner


def _fitting(key: str, value: Any, default: Any) -> Any:
    """The value in the type of the parameter's default, or an error."""
    if isinstance(default, tuple) and isinstance(value, list | tuple):
        return tuple(value)
    if isinstance(default, bool) or default is None or default is inspect.Parameter.empty:
        fits = not isinstance(default, bool) or isinstance(value, bool)
    elif isinstance(default, float):
        fits = isinstance(value, int | float) and not isinstance(value, bool)
        value = float(value) if fits else value
    elif isinstance(default, int):
        fits = isinstance(value, int) and not isinstance(value, bool) and (value > 0 or key == "seed")
    elif isinstance(default, str):
        fits = isinstance(value, str | int | float)
    else:
        fits = isinstance(value, type(default))
    if not fits:
        raise BadData(f"{key} is {value!r}. Expected something like its default, {default!r}.")
    return value


def _imported(name: str) -> Any:
    module, _, attribute = name.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise BadData(f"{name!r} cannot be imported: {error}. Expected module:name of something installed.") from None
