"""What a run is asked to do: one small object, from a YAML file or from flags, the same either way."""

import re
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from reverie.contracts import Scenario
from reverie.errors import BadData, CorruptFile, unknown_name
from reverie.untrusted import PlainLoader, parse_yaml, read_text

__all__ = ["RunConfig", "environment_name", "is_import", "parse_settings"]

_ENVIRONMENT = "gym:"
_LABELLED = ("scenario", "order", "classes_per_experience", "device")  # what a life in an environment does not have


class _Scalars(PlainLoader):
    """YAML in which 1e9 is a number, as everyone expects: in files and in flags alike."""


_Scalars.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$"),
    list("-+0123456789."),
)
_Scalars.yaml_implicit_resolvers = {
    first: sorted(rules, key=lambda rule: rule[0].endswith("float"))
    for first, rules in _Scalars.yaml_implicit_resolvers.items()
}


class RunConfig(BaseModel):
    """One learner on one stream with one seed.

    Attributes
    ----------
    stream : str
        A stream's name, the path of the user's own data, or `module:factory`; `gym:NAME` is an environment.
    learner : str
        A learner's name or `module:Class`.
    order : int
        Seed of the order of classes; 0 is the natural order.
    classes_per_experience : int, optional
        None: the stream's own.
    settings : dict
        Hyper-parameters of the learner; `stream.KEY` are options of the stream.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    stream: str = "digits"
    scenario: Scenario = "class"
    learner: str = "exact"
    seed: int = Field(default=0, ge=0)
    order: int = Field(default=0, ge=0)
    classes_per_experience: int | None = Field(default=None, ge=1)
    device: str = "cpu"
    settings: dict[str, Any] = {}

    @classmethod
    def make(cls, values: dict[str, Any]) -> "RunConfig":
        """Check values that a user gave."""
        unknown = [key for key in values if key not in cls.model_fields]
        if unknown:
            raise unknown_name("key in the configuration", unknown[0], cls.model_fields)
        try:
            made = cls(**values)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise BadData(
                f"{where} is {first['input']!r}. Expected: {first['msg']}. Correct it and run again."
            ) from None
        if environment_name(made.stream) is not None:
            for key in _LABELLED:
                if getattr(made, key) != cls.model_fields[key].default:
                    raise BadData(f"{key} is {getattr(made, key)!r}. A life in an environment has none: leave it out.")
        return made

    @classmethod
    def read(cls, path: Path, *, trust: bool = False) -> dict[str, Any]:
        """The values in a YAML file.

        Parameters
        ----------
        trust : bool
            Let the file name code (`module:name` as stream or learner), which runs when it is used.
        """
        text = read_text(path, what="YAML file with the keys of a run")
        try:
            values, _ = parse_yaml(text, loader=_Scalars)
        except yaml.YAMLError as error:
            raise CorruptFile(f"{path} is not YAML: {' '.join(str(error).split())}. Correct it.") from None
        if not isinstance(values, dict) or not all(isinstance(key, str) for key in values):
            raise CorruptFile(f"{path} holds no keys. Expected lines such as 'stream: split-mnist'.")
        for key in ("stream", "learner"):
            if not trust and isinstance(values.get(key), str) and is_import(values[key]):
                raise BadData(
                    f"{path} names code: {key}: {values[key]}. A file's names are not imported. Read the file and that "
                    f"code; then give --{key} {values[key]} yourself, or --trust."
                )
        if not isinstance(values.get("settings") or {}, dict):
            raise CorruptFile(f"{path}: settings is {values['settings']!r}. Expected lines such as 'latent: 50'.")
        return values


def parse_settings(pairs: list[str]) -> dict[str, Any]:
    """Read `key=value` pairs; values are YAML scalars or lists.

    Examples
    --------
    >>> parse_settings(["latent=50", "hidden=[100, 100]", "distil=false"])
    {'latent': 50, 'hidden': [100, 100], 'distil': False}
    """
    settings = {}
    for pair in pairs:
        key, sign, value = pair.partition("=")
        if not sign or not key:
            raise BadData(f"--set {pair!r} is not of the form key=value. Write for example --set latent=50.")
        try:
            settings[key.strip()], _ = parse_yaml(value, loader=_Scalars)
        except yaml.YAMLError:
            raise BadData(f"--set {pair!r}: the value cannot be read. Write a number, a word or a [list].") from None
    return settings


def is_import(name: str) -> bool:
    """Whether a name is of the form `module:name`.

    Examples
    --------
    >>> is_import("my_streams:ticks"), is_import("split-mnist"), is_import("C:/data.csv"), is_import("gym:Bridge")
    (True, False, False, False)
    """
    if environment_name(name) is not None:
        return False
    module, colon, attribute = name.partition(":")
    return bool(colon) and attribute.isidentifier() and all(part.isidentifier() for part in module.split("."))


def environment_name(stream: str) -> str | None:
    """The environment that a stream names; None: the stream is another one.

    Examples
    --------
    >>> environment_name("gym:CartPole-v1"), environment_name("digits")
    ('CartPole-v1', None)
    """
    return stream.removeprefix(_ENVIRONMENT) if stream.startswith(_ENVIRONMENT) else None
