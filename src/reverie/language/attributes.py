"""Which attributes have one value and which have several, and what else an attribute is called.

That is a list, not a guess: the package has one (`attributes.yaml`), and each memory keeps what its user has changed
in it. A newer value takes the place of the older one only of an attribute that has one value; which is also how an
attribute that is not listed is taken.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

from reverie.errors import BadData
from reverie.language.normal import normal_form
from reverie.memory.episodic.episode import same_key
from reverie.untrusted import parse_yaml

__all__ = ["USER", "Attribute", "Attributes", "default_attributes"]

USER = "user"
"""Who is meant by "I", "my" and "the user"."""

_SPEAKER_WORDS = "i me my myself mine we us our ours user user's"
_SPEAKER = frozenset(_SPEAKER_WORDS.split())
_FIELDS = {"several": bool, "names": list, "opposite": str, "asked": list}


@dataclass(frozen=True)
class Attribute:
    """One attribute.

    Attributes
    ----------
    name : str
        Under which its values are kept.
    several : bool
        Whether a further value stands beside the earlier ones.
    names : tuple of str
        What else it is called.
    opposite : str
        The attribute of which a value of this one is no longer a value; empty for none.
    asked : tuple of str
        Other words with which one asks for it ("Where does Ana live?").
    """

    name: str
    several: bool = False
    names: tuple[str, ...] = ()
    opposite: str = ""
    asked: tuple[str, ...] = ()


class Attributes:
    """A list of attributes.

    Parameters
    ----------
    changed : mapping, optional
        What differs from the package's list: a name, and its fields as in `attributes.yaml`.

    Examples
    --------
    >>> known = Attributes()
    >>> known.of("Allergies").name, known.of("Allergies").several, known.of("shoe size").several
    ('allergy', True, False)
    >>> Attributes({"job": {"several": True}}).of("job").several
    True
    """

    def __init__(self, changed: Mapping[str, Any] | None = None) -> None:
        self.changed = {same_key(name): dict(fields) for name, fields in (changed or {}).items()}
        self._known = dict(_defaults())
        for name, fields in self.changed.items():
            self._known[name] = replace(self._known.get(name, Attribute(name)), **_fields(name, fields))
        self._name = {same_key(other): one.name for one in self._known.values() for other in (*one.names, one.name)}

    def of(self, what: str) -> Attribute:
        """The attribute that is called so; one that is not listed has one value."""
        what = normal_form(what)
        return self._known.get(self._name.get(same_key(what), ""), Attribute(what))

    def knows(self, what: str) -> bool:
        """Whether the list has it."""
        return same_key(normal_form(what)) in self._name

    def person(self, who: str) -> str:
        """The name under which someone is kept: "I", "my", "the user" and "User's" are one person.

        Examples
        --------
        >>> known = Attributes()
        >>> known.person("The user's"), known.person("My"), known.person("the user's mum"), known.person("Ana  Sofia")
        ('user', 'user', "user's mother", 'Ana Sofia')
        """
        who = normal_form(who).replace("\n", " ")
        plain = who[4:] if who.casefold().startswith("the user") else who
        if same_key(plain) in _SPEAKER:
            return USER
        owner, _, relation = plain.partition(" ")
        if relation and same_key(owner) in {"my", "our", "user's", "users'"}:
            return f"{USER}'s {self.of(relation).name}"
        owner, of, relation = who.partition("'s ")
        return f"{owner}'s {self.of(relation).name}" if of and relation else who

    def all(self) -> list[Attribute]:
        """The list, by name."""
        return sorted(self._known.values(), key=lambda one: one.name)


@cache
def default_attributes() -> Attributes:
    """The package's list."""
    return Attributes()


@cache
def _defaults() -> dict[str, Attribute]:
    listed, _ = parse_yaml(files("reverie.language").joinpath("attributes.yaml").read_text("utf-8"))
    return {name: Attribute(name, **_fields(name, fields)) for name, fields in listed.items()}


def _fields(name: str, fields: Any) -> dict[str, Any]:
    """The fields of an attribute, of the right kinds."""
    if not isinstance(fields, dict) or not all(isinstance(fields[one], _FIELDS.get(one, type(None))) for one in fields):
        raise BadData(f"The attribute {name!r} is {fields!r}. Expected some of: several, names, opposite, asked.")
    return {key: tuple(map(str, value)) if key in {"names", "asked"} else value for key, value in fields.items()}
