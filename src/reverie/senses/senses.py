"""The senses of a brain: one sense, chosen by name or from the first samples; it forms then, and stays so.

`auto` takes the first of `AUTO` that recognises the samples. What is learned, and what is forgotten, passes the sense
as it has formed, so that sums stay exact.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int64, Num
from torch import Tensor

from reverie.checkpoint import pack_state
from reverie.contracts import Seen, Sense, State
from reverie.errors import BadData, ReverieError, unknown_name
from reverie.senses.coded import CodedSense
from reverie.senses.cortex import Cortex
from reverie.senses.handed_in import OWN, OwnEncoder
from reverie.senses.numeric import pictures_of
from reverie.senses.own import OwnSense
from reverie.senses.photo import Photo
from reverie.senses.sentences import Hashed, MiniLM
from reverie.senses.series import Series
from reverie.senses.sound import Sound
from reverie.senses.table import TableSense
from reverie.senses.together import TOGETHER, Part, Together
from reverie.senses.vectors import Expanded, Raw
from reverie.senses.words import Words

__all__ = ["AUTO", "ENCODERS", "KINDS", "Senses"]

KINDS: dict[str, type[Sense]] = {
    kind.name: kind for kind in (Cortex, Expanded, Hashed, MiniLM, Photo, Raw, Series, Sound, TableSense, Words)
}
"""Every sense with a name."""

ENCODERS = ("auto", *sorted(KINDS), TOGETHER)
"""What a brain may be made with."""

AUTO: tuple[type[Sense], ...] = (MiniLM, Words, TableSense, Sound, Photo, Cortex, Expanded)


class Senses:
    """A sense, and the form of what it takes.

    Parameters
    ----------
    encoder : str
        One of `ENCODERS`; or any other word for one's own.
    settings : dict
        Hyper-parameters of the sense.
    seed : int
        Of whatever is random in it.
    budget : int, optional
        Bytes that the brain's state may have: the sense is made as large as fits.
    spare : float, optional
        Share of the budget that the sense and its sums may take at once; None: what is usual.
    own : OwnEncoder, optional
        One's own encoder, as it was handed in. Without it the senses can be carried, but they sense nothing.
    """

    def __init__(
        self,
        encoder: str = "auto",
        settings: dict[str, Any] | None = None,
        seed: int = 0,
        *,
        budget: int | None = None,
        spare: float | None = None,
        own: OwnEncoder | None = None,
    ) -> None:
        self.encoder, self.settings, self.seed, self.budget = encoder, dict(settings or {}), seed, budget
        self.own, self.origin, self.spare = own, "", spare
        self.sense: Sense | None = None
        if own is not None and encoder in ENCODERS:
            raise BadData(f"This brain senses by {encoder!r}, which is built in. Hand no encoder in.")
        if encoder != "auto":
            self.sense = self._sense(encoder)
        else:
            self._check_open()

    def _check_open(self) -> None:
        """Refuse settings with which none of the senses among which `auto` chooses can be made."""
        known = {name for kind in AUTO for name in kind.known_settings}
        refused: ReverieError | None = None
        for kind in AUTO if self.settings else ():
            if self.settings.keys() <= set(kind.known_settings):
                try:
                    kind(self.settings, self.seed, budget=self.budget)
                    return
                except ReverieError as error:
                    refused = refused or error
        for name in self.settings:
            if name not in known:
                raise unknown_name("setting of the encoder auto", name, known)
        if refused is not None:
            raise refused
        if self.settings:
            raise BadData(
                f"No sense has all of the settings {', '.join(self.settings)}. Name the encoder, or give fewer."
            )

    def _sense(self, encoder: str) -> Sense:
        if encoder in KINDS:
            return self._made(KINDS[encoder], self.settings)
        if encoder == TOGETHER:
            return Together(self.settings, self.seed, budget=self.budget, made=Senses, restored=Senses.from_state)
        made = OwnSense(self.settings, self.seed, budget=self.budget)
        made.own, made.called = self.own, encoder
        return made

    def _made(self, kind: Any, settings: dict[str, Any]) -> Sense:
        made: Sense = kind(settings, self.seed, budget=self.budget)
        if self.spare is not None and isinstance(made, CodedSense):
            made.spare = self.spare
        return made

    def check(self) -> None:
        """Say what is wrong with the encoder's name, before there are samples."""
        if self.is_own and self.own is None and ":" in self.encoder:
            raise BadData(
                f"{self.encoder!r} is not imported here. Hand in what it names: encoder=function, or --encoder."
            )
        if self.is_own and self.own is None:
            raise unknown_name("encoder", self.encoder, ENCODERS)

    @property
    def is_own(self) -> bool:
        """Whether the encoder is the user's own: code that no file holds."""
        return self.encoder not in ENCODERS

    # what comes in

    def take(self, x: Any) -> Any:
        """Samples in the form that `keys` takes.

        Raises
        ------
        BadData
            Not samples; not finite; of another form than at first.
        """
        return self._for(x).take(x)

    def _for(self, x: Any) -> Sense:
        """The sense for such samples; chosen now where it was left open."""
        if self.sense is not None:
            return self.sense
        if isinstance(x, str):
            raise BadData("x is one sentence. Expected a list of sentences.")
        like = x if hasattr(x, "shape") or not isinstance(x, list | tuple) else _looked_at(x)
        kind = next(
            (kind for kind in AUTO if kind.recognises(like) and kind.least_bytes <= (self.budget or kind.least_bytes)),
            Expanded,
        )
        own = {name: value for name, value in self.settings.items() if name in kind.known_settings}
        for name in self.settings.keys() - own.keys():
            raise unknown_name(
                f"setting of the sense {kind.name}, which these samples ask for", name, kind.known_settings
            )
        return self._made(kind, own)

    @property
    def formed(self) -> bool:
        return self.sense is not None and self.sense.shape is not None

    def unformed(self) -> "Senses":
        """Others that have not formed, made alike."""
        return Senses(self.encoder, self.settings, self.seed, budget=self.budget, spare=self.spare, own=self.own)

    def form(self, samples: Any, x: Any = None) -> None:
        """Choose and grow the sense from the first samples, as `take` gave them; `x`: what `take` was given."""
        self.sense = self._for(samples if x is None else x)
        self.sense.form(samples)
        self.encoder = OWN if self.is_own and self.encoder == OWN else self.encoder
        if not self.is_own:
            self.encoder = self.sense.name
        self.origin = hashlib.sha256(pack_state(self.state_dict())).hexdigest()

    # what of the sense the brain needs

    @property
    def _formed(self) -> Sense:
        assert self.sense is not None
        return self.sense

    @property
    def shape(self) -> tuple[int, ...] | None:
        """Of a sample: () for a sentence. None: nothing was sensed yet."""
        return None if self.sense is None else self.sense.shape

    @property
    def compiled(self) -> Any:
        """What glances are made by, where a night has compiled the sense; else None."""
        return getattr(self.sense, "compiled", None)

    @property
    def unit(self) -> float:
        """What a step of a key stands for; see `reverie.senses.coded`."""
        return float(getattr(self.sense, "unit", 1.0)) if self.formed else 1.0

    def parts(self) -> list[Part]:
        """Where the keys of each lie, where there are several senses; else none."""
        return self.sense.parts() if isinstance(self.sense, Together) and self.formed else []

    @property
    def whole_numbers(self) -> bool:
        """Whether keys are spike counts 0…127."""
        return bool(getattr(self.sense, "whole_numbers", False))

    def keys(self, samples: Any) -> Num[Tensor, "n d"]:
        """The keys of samples."""
        return self._formed.keys(samples)

    def glance(self, samples: Any) -> Num[Tensor, "n d"]:
        """Nearly the keys of samples, as soon as they can be had: to answer by, not to learn from."""
        return self._formed.glance(samples)

    def watch(self, samples: Any, keys: Num[Tensor, "n d"]) -> Seen:
        """What could not be taken as it came."""
        return self._formed.watch(samples, keys)

    def groups(self, width: int) -> Int64[Tensor, "g m"]:
        """The inputs of the memory that come and go together."""
        return self._formed.groups(width)

    def keep(self, groups: Int64[Tensor, " kept"], width: int) -> Int64[Tensor, " inputs"]:
        """Prune all other groups away; the inputs that remain, in the order in which they will come."""
        return self._formed.keep(groups, width)

    def compile(self) -> bool:
        """Let glances be in whole numbers, where the sense can."""
        return self._formed.compile()

    @property
    def compiling_pays(self) -> bool:
        """Whether glances in whole numbers are quicker than keys, on this machine."""
        return bool(getattr(self.sense, "compiling_pays", True))

    def plain(self) -> None:
        """Let glances be keys again."""
        if self.compiled is not None:
            self.sense.compiled = None  # type: ignore[union-attr]

    def made_up(self, n: int, generator: torch.Generator) -> Any:
        """Samples of no meaning."""
        return self._formed.made_up(n, generator)

    def distortion(self, generator: torch.Generator) -> Float[Tensor, "n d"]:
        """By how much glances at noise differ from its keys."""
        return self._formed.distortion(generator)

    def shared_with(self, other: "Senses", width: int, others_width: int) -> tuple[Tensor, Tensor]:
        """Which groups of each are the same groups of the same sense.

        Raises
        ------
        BadData
            Where the two did not begin as the same.
        """
        if self.origin != other.origin:
            raise BadData(
                "The other brain's senses differ. Create both with the same encoder, settings and seed, and let both "
                "begin from the same first experience, or from a copy of one brain."
            )
        mine, theirs = (getattr(one.sense, "kept", None) for one in (self, other))
        mine = mine if mine is not None else torch.arange(len(self.groups(width)))
        theirs = theirs if theirs is not None else torch.arange(len(other.groups(others_width)))
        return torch.isin(mine, theirs).nonzero().flatten(), torch.isin(theirs, mine).nonzero().flatten()

    # keeping

    def state_dict(self) -> State:
        if self.sense is None:
            inner: State = {"settings": self.settings, "seed": self.seed, "budget": self.budget, "shape": None}
        else:
            inner = self.sense.state_dict()
        return inner | {"encoder": self.encoder, "origin": self.origin}

    @classmethod
    def from_state(cls, state: State, own: OwnEncoder | None = None) -> "Senses":
        """The senses that `state_dict` told of; one's own encoder is handed in, and must be the one it was.

        Raises
        ------
        BadData
            Another encoder than the brain has learned with.
        """
        settings = dict(state["settings"])
        if settings.get("kind", "relu") not in ("relu", "kwta"):
            settings["kind"] = "relu"  # as any other word was taken, before it was refused
        senses = cls(state["encoder"], settings, state["seed"], budget=state["budget"], own=own)
        if state["shape"] is not None:
            senses._formed.load_state_dict(state | {"settings": settings})
            senses.origin = state["origin"]
        return senses


def _looked_at(x: Any) -> Any:
    """Lists as `recognises` takes them: sentences and rows as they are, numbers as an array, pictures as Pictures."""
    if len(x) == 0 or isinstance(x[0], str | Mapping):
        return x
    if pictures_of(x) is not None:
        return pictures_of(x)
    try:
        return np.asarray(x)
    except (TypeError, ValueError, RuntimeError):
        return x
