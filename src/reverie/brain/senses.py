"""Senses: from what a brain is given to the keys of its memory. They form at the first experience and stay so.

What can be sensed: pictures (height × width, grey or in colours), feature vectors, sentences. The encoders:

- `cortex`: the visual cortex, grown from the first pictures (`reverie.plasticity`);
- `expansion`: sparse random expansion of anything numeric (settings: `reverie.layers.Expansion`);
- `raw`: the numbers as they are;
- `hash`, `minilm`: sentences as vectors (`reverie.text`); MiniLM's then pass a random expansion, and hashed ones
  where they are given its `width`;
- one's own: a torch module, or a function of the shape that returns one, handed in by the caller
  (`reverie.brain.own_encoder`).

What is learned, and what is forgotten, passes the encoder as it has formed, so that sums stay exact. To answer, a
cortex or an expansion that a night has compiled takes a glance instead (`reverie.layers.integer_cortex`,
`reverie.layers.integer_expansion`).

`auto` takes the cortex for pictures, `hash` for sentences, the expansion for the rest.

Keys are whole numbers, so that sums of them are exact. Those of a cortex or an expansion are spike counts; others are
put on a grid (`reverie.brain.grid`): all columns together for pictures, hashed sentences, and vectors whose columns are
alike; each on its own for other vectors and for what a module of one's own returns. Vectors whose columns differ pass
the grid before an expansion, so that a column of small numbers counts as much as one of large ones.
"""

import hashlib
from typing import Any

import numpy as np
import torch
from jaxtyping import Int64, Num
from torch import Tensor, nn

from reverie.brain.grid import DEVIATION, LIMIT, Grid, alike
from reverie.brain.own_encoder import OWN, OwnEncoder, digest_of, digest_of_tensors
from reverie.checkpoint import pack_state
from reverie.contracts import State
from reverie.errors import BadData, MissingData, unknown_name
from reverie.layers import Expansion, IntegerCortex, IntegerExpansion, VisualCortex
from reverie.layers.cortex import usual_form
from reverie.plasticity import CompetitiveHebb, develop
from reverie.text import encode_text

__all__ = ["ENCODERS", "TEXT_WIDTHS", "Senses"]

ENCODERS = ("auto", "cortex", "expansion", "hash", "minilm", "raw")
TEXT_WIDTHS = {"hash": 2048, "minilm": 384}
"""How many numbers a sentence's vector has."""

_SETTINGS: dict[str, tuple[str, ...]] = {
    "cortex": ("filters", "patch", "grid", "overlap", "threshold", "precision", "patches", "epochs"),
    "expansion": ("width", "kind", "active", "input_scale"),
    "minilm": ("width", "input_scale"),
    "hash": ("width",),
}
_USUAL = {"minilm": {"input_scale": 2.0}}  # its vectors have length one
_FINE = (torch.float64, torch.int64, torch.int32)  # types whose vectors are taken in float64
_PAYS = 2**20  # products of a sample and an expansion from which on whole numbers are sooner
_SPARE = 0.85  # share of a budget that the sums may take at once; classes and a night's network need the rest


class Senses:
    """An encoder, and the form of what it takes.

    Parameters
    ----------
    encoder : str
        One of `ENCODERS`; or any other word for one's own.
    settings : dict
        Hyper-parameters of the encoder.
    seed : int
        Of whatever is random in it.
    budget : int, optional
        Bytes that the brain's state may have: the encoder is made as large as fits.
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
        own: OwnEncoder | None = None,
    ) -> None:
        self.encoder, self.settings, self.seed, self.budget = encoder, dict(settings or {}), seed, budget
        self.shape: tuple[int, ...] | None = None  # of a sample; () for a sentence
        self.pixels = False  # whether samples are grey levels 0…255
        self.levels = False  # whether samples are that, or the same as fractions of white
        self.module: nn.Module | None = None
        self.compiled: IntegerCortex | IntegerExpansion | None = None  # what the module sees, sooner
        self.grid: Grid | None = None  # of what comes in (an expansion of vectors), or of keys; None: neither
        self.kept: Tensor | None = None  # the groups of inputs that pruning has left; None: all
        self.origin = ""  # digest of what the encoder was when it had formed
        self.own, self.digest = own, ""  # of one's own encoder
        if own is not None and encoder in ENCODERS:
            raise BadData(f"This brain senses by {encoder!r}, which is built in. Hand no encoder in.")
        known = {name for names in _SETTINGS.values() for name in names}
        if encoder != "auto":
            known = set(_SETTINGS.get(encoder, ()))
        for name in self.settings:
            if name not in known:
                raise unknown_name(f"setting of the encoder {encoder}", name, known or {"none"})

    def check(self) -> None:
        """Say what is wrong with the encoder's name, and the settings of an expansion, before it forms."""
        if self.is_own and self.own is None and ":" in self.encoder:
            raise BadData(
                f"{self.encoder!r} is not imported here. Hand in what it names: encoder=function, or --encoder."
            )
        if self.is_own and self.own is None:
            raise unknown_name("encoder", self.encoder, ENCODERS)
        if not set(self.settings).isdisjoint(_SETTINGS["expansion"]):
            self._make("expansion", (1,))

    # what comes in

    def take(self, x: Any) -> Tensor | list[str]:
        """Samples in the form that `keys` takes.

        Raises
        ------
        BadData
            Not samples; not finite; of another form than at first.
        """
        if isinstance(x, str):
            raise BadData("x is one sentence. Expected a list of sentences.")
        if isinstance(x, list | tuple) and len(x) > 0 and all(isinstance(item, str) for item in x):
            given: Tensor | list[str] = list(x)
            shape: tuple[int, ...] = ()
        else:
            given = _numbers(x)
            shape = tuple(given.shape[1:])
        if self.shape is not None and shape != self.shape:
            raise BadData(f"Given {_form(shape)}. This brain takes {_form(self.shape)}: give the same form.")
        return given

    @property
    def formed(self) -> bool:
        return self.shape is not None

    def unformed(self) -> "Senses":
        """Others that have not formed, made alike."""
        return Senses(self.encoder, self.settings, self.seed, budget=self.budget, own=self.own)

    def form(self, samples: Tensor | list[str]) -> None:
        """Choose and grow the encoder from the first samples."""
        shape = () if isinstance(samples, list) else tuple(samples.shape[1:])
        encoder = self._chosen(shape)
        self.settings = _USUAL.get(encoder, {}) | self.settings
        if self.budget is not None:
            self.settings |= self._affordable(encoder, shape, self.budget)
        module = self._make(encoder, shape)
        if isinstance(module, VisualCortex) and isinstance(samples, Tensor):
            rule = CompetitiveHebb() if self.settings.get("epochs") != 0 else None  # without growth: random filters
            source = torch.Generator().manual_seed(self.seed + 1)
            growth = {name: self.settings[name] for name in ("patches", "epochs") if name in self.settings}
            develop(module, samples, rule=rule, generator=source, **growth)
        self.encoder, self.shape, self.module = encoder, shape, module
        self.digest = digest_of(module)[1] if isinstance(module, nn.Sequential) else ""
        self.pixels = isinstance(samples, Tensor) and samples.dtype == torch.uint8 and len(shape) > 1
        self.levels = isinstance(module, VisualCortex) and isinstance(samples, Tensor) and _grey_levels(samples)
        self.grid = self._grid(samples)
        self.origin = hashlib.sha256(pack_state(self.state_dict())).hexdigest()

    def _grid(self, samples: Tensor | list[str]) -> Grid | None:
        """The grid that these first samples ask for."""
        if isinstance(samples, list):
            return Grid.plain(1 / LIMIT) if self.module is None else None
        together = samples.ndim > 2 or alike(samples)
        if isinstance(self.module, VisualCortex) or (isinstance(self.module, Expansion) and together):
            return None
        if self.module is None or isinstance(self.module, Expansion):
            return Grid.plain(1 / 255) if self.pixels else Grid.of(samples, together=together)
        with torch.no_grad():
            keys = torch.cat([self._sensed(part, self.module) for part in samples.split(1000)])
        return Grid.of(keys) if keys.is_floating_point() else None

    def _chosen(self, shape: tuple[int, ...]) -> str:
        if self.encoder == "auto":
            if shape == ():
                return "hash"
            return "cortex" if len(shape) >= 2 and min(shape[:2]) >= 7 else "expansion"
        if (self.encoder in TEXT_WIDTHS) != (shape == ()):
            raise BadData(
                f"The encoder {self.encoder} does not take {_form(shape)}. Use 'auto', or give what it takes."
            )
        return self.encoder

    def _make(self, encoder: str, shape: tuple[int, ...]) -> nn.Module | None:
        source = torch.Generator().manual_seed(self.seed)
        own = {name: value for name, value in self.settings.items() if name not in ("patches", "epochs")}
        try:
            if encoder == "cortex":
                return VisualCortex(shape, **(usual_form(shape) | own), generator=source)
            if encoder == "expansion" or (encoder in TEXT_WIDTHS and (encoder == "minilm" or "width" in own)):
                n_in = TEXT_WIDTHS.get(encoder, int(np.prod(shape)))
                size = {"width": min(4000, max(512, 16 * n_in))}
                return Expansion(n_in, **(size | own), whole=True, generator=source)
        except TypeError as error:
            raise BadData(f"A setting of the encoder {encoder} has the wrong type: {error}.") from None
        return self._handed_in().module(shape) if self.is_own else None

    @property
    def is_own(self) -> bool:
        """Whether the encoder is the user's own: code that no file holds."""
        return self.encoder not in ENCODERS

    def _handed_in(self) -> OwnEncoder:
        if self.own is None:
            made = "" if self.encoder == OWN else f", {self.encoder!r}"
            raise MissingData(
                f"This brain senses by an encoder of its user's own{made}, and a file's names are not imported. Hand "
                "it in: Brain.open(folder, encoder=…), or --encoder package.module:function. Its history and its "
                "counts can be read without."
            )
        return self.own

    def _affordable(self, encoder: str, shape: tuple[int, ...], budget: int) -> dict[str, int]:
        """The largest size of the encoder with which the brain's state fits its budget."""
        own = (usual_form(shape) if encoder == "cortex" else {}) | self.settings
        if encoder == "cortex":
            seen = own["patch"] ** 2 * (3 if len(shape) == 3 else 1)
            name, largest, width, each, fixed = "filters", 4000, 2 * own["grid"] ** 2, seen, seen * seen
        elif encoder in ("expansion", "minilm"):
            n_in = TEXT_WIDTHS.get(encoder, int(np.prod(shape)))
            name, largest, width, each, fixed = "width", 20_000, 1, n_in + 2, 0
        else:
            return {}
        best = 0
        for size in range(1, own.get(name, largest) + 1):
            d = size * width
            if 4 * (d * (d + 1) // 2 + size * each + fixed) > _SPARE * budget:
                break
            best = size
        if best < 8:
            raise BadData(
                f"A budget of {budget} bytes is too small for the encoder {encoder}. Give more, or use 'raw'."
            )
        return {name: best}

    @torch.no_grad()
    def keys(self, samples: Tensor | list[str]) -> Num[Tensor, "n d"]:
        """The keys of samples."""
        return self._encoded(samples, self.module)

    @torch.no_grad()
    def glance(self, samples: Tensor | list[str]) -> Num[Tensor, "n d"]:
        """Nearly the keys of samples, as soon as they can be had: to answer by, not to learn from."""
        return self.keys(samples) if self.compiled is None else self._encoded(samples, self.compiled)

    def clipped(self, samples: Tensor | list[str], keys: Num[Tensor, "n d"]) -> int:
        """How many numbers of these samples (or of their keys) lay beyond the grid, and were clipped."""
        if self.grid is None:
            return 0
        codes = self.grid.codes(samples) if self._before and isinstance(samples, Tensor) else keys
        return int((codes.abs() >= LIMIT).sum())

    @property
    def unit(self) -> float:
        """What a step of a key stands for: a ridge that is given is one for keys in this unit.

        Columns that have a grid each count in their deviations.
        """
        if self.grid is None or self._before:
            return 1.0
        return 1 / DEVIATION if len(self.grid.step) > 1 else float(self.grid.step)

    @property
    def _before(self) -> bool:
        """Whether the grid is for what comes in, and not for keys."""
        return isinstance(self.module, Expansion)

    def _encoded(self, samples: Tensor | list[str], module: nn.Module | None) -> Tensor:
        keys = self._sensed(samples, module)
        return self._left(keys if self.grid is None or self._before else self.grid.codes(keys))

    def _sensed(self, samples: Tensor | list[str], module: nn.Module | None) -> Tensor:
        """What the encoder makes of samples, before its grid."""
        if isinstance(samples, list):
            samples = torch.from_numpy(encode_text(samples, self.encoder))
        if self.grid is not None and self._before and samples.ndim == 2:
            samples = self.grid.codes(samples).float() / DEVIATION
        if samples.dtype == torch.uint8 and samples.ndim > 2 and self.encoder != "cortex":
            samples = samples.float() / 255
        if module is None and self.is_own:
            self._handed_in()
        if module is None:
            return samples.flatten(1) if self.grid is not None else samples.flatten(1).float()
        keys: Tensor = module(samples.float() if samples.ndim == 2 else samples)
        return keys.flatten(1)

    def _left(self, keys: Tensor) -> Tensor:
        return keys[:, self.kept] if self.kept is not None and self.picks else keys

    # pruning

    @property
    def picks(self) -> bool:
        """Whether pruned keys are picked from those of a whole encoder; else its pruned cells are gone.

        Cells that compete stay, for without them others would win.
        """
        if isinstance(self.module, Expansion):
            cells = len(self.module.bias)
            return self.module.winners > 0 and (self.kept is None or len(self.kept) < cells)
        return not isinstance(self.module, VisualCortex)

    @property
    def whole_numbers(self) -> bool:
        """Whether keys are spike counts 0…127."""
        return isinstance(self.module, VisualCortex | Expansion)

    def groups(self, width: int) -> Int64[Tensor, "g m"]:
        """The inputs of the memory that come and go together: a filter's cells, else each input alone."""
        if isinstance(self.module, VisualCortex):
            return torch.arange(width).view(-1, len(self.module.filters)).T.contiguous()
        return torch.arange(width)[:, None]

    def keep(self, groups: Int64[Tensor, " kept"], width: int) -> Int64[Tensor, " inputs"]:
        """Prune all other groups away; the inputs that remain, in the order in which they will come."""
        inputs = self.groups(width)[groups].T.flatten()
        if isinstance(self.module, VisualCortex):
            self.module.filters = self.module.filters[groups].clone()
            self.module.gain = self.module.gain[groups].clone()
        elif isinstance(self.module, Expansion) and not self.picks:
            self.module.projection = self.module.projection[:, groups].contiguous()
            self.module.bias = self.module.bias[groups].clone()
        if self.compiled is not None:
            self.compile()
        self.kept = groups if self.kept is None else self.kept[groups]
        return inputs

    def compile(self) -> bool:
        """Let glances be in whole numbers, where the senses can: a cortex of grey levels, or an expansion."""
        self.compiled = None
        if self.levels and isinstance(self.module, VisualCortex) and IntegerCortex.fits(self.module):
            self.compiled = IntegerCortex.of(self.module)
        elif (
            isinstance(self.module, Expansion)
            and self.module.projection.numel() >= _PAYS
            and IntegerExpansion.fits(self.module)
        ):
            self.compiled = IntegerExpansion.of(self.module)
        return self.compiled is not None

    def shared_with(self, other: "Senses", width: int, others_width: int) -> tuple[Tensor, Tensor]:
        """Which groups of each are the same groups of the same encoder.

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
        mine = self.kept if self.kept is not None else torch.arange(len(self.groups(width)))
        theirs = other.kept if other.kept is not None else torch.arange(len(other.groups(others_width)))
        return torch.isin(mine, theirs).nonzero().flatten(), torch.isin(theirs, mine).nonzero().flatten()

    # keeping

    def state_dict(self) -> State:
        return {
            "encoder": self.encoder,
            "settings": self.settings,
            "seed": self.seed,
            "budget": self.budget,
            "shape": None if self.shape is None else list(self.shape),
            "pixels": self.pixels,
            "levels": self.levels,
            "module": dict(self.module.state_dict()) if self.module is not None and not self.is_own else {},
            "kept": self.kept,
            "grid": None if self.grid is None else self.grid.state_dict(),
            "compiled": self.compiled is not None,
            "origin": self.origin,
            **({"digest": self.digest} if self.is_own else {}),
        }

    @classmethod
    def from_state(cls, state: State, own: OwnEncoder | None = None) -> "Senses":
        """The senses that `state_dict` told of; one's own encoder is handed in, and must be the one it was.

        Raises
        ------
        BadData
            Another encoder than the brain has learned with.
        """
        senses = cls(state["encoder"], {}, state["seed"], budget=state["budget"], own=own)
        senses.settings = state["settings"]
        if senses.settings.get("kind", "relu") not in ("relu", "kwta"):
            senses.settings = senses.settings | {"kind": "relu"}  # as any other word was taken, before it was refused
        if state["shape"] is not None:
            senses.shape, senses.pixels = tuple(state["shape"]), bool(state["pixels"])
            if senses.is_own:
                senses._recognise(state)
            else:
                senses.module = senses._make(senses.encoder, senses.shape)
            if senses.module is not None and not senses.is_own:
                _load(senses.module, state["module"])
            senses.kept, senses.origin, senses.levels = state["kept"], state["origin"], bool(state.get("levels"))
            senses.grid = Grid.from_state(state.get("grid"))
            if state.get("compiled"):
                senses.compile()
        return senses

    def _recognise(self, state: State) -> None:
        """Take one's own encoder where it was handed in, if it is the one that the state knows.

        A brain from before digests holds the encoder's tensors; these are compared then.
        """
        self.digest = state.get("digest") or f"tensors {digest_of_tensors(state['module'])}"
        if self.own is None:
            return
        module = self.own.module(self.shape or ())
        tensors, whole = digest_of(module)
        if self.digest not in (whole, f"tensors {tensors}"):
            raise BadData(
                "The encoder that was handed in is not the one that this brain has learned with: its digest differs. "
                "Hand in the same module, with the same numbers; seed what is random in it."
            )
        self.module, self.digest = module, whole


def _load(module: nn.Module, state: State) -> None:
    """Load, whatever sizes pruning has left."""
    for name, value in state.items():
        if name in dict(module.named_buffers()):
            module.register_buffer(name, value.clone())
    module.load_state_dict(state)


def _numbers(x: Any) -> Tensor:
    if isinstance(x, np.ma.MaskedArray) and np.ma.is_masked(x):
        raise BadData(
            "x is a masked array with masked cells. Fill them (x.filled(value)) or drop their samples: a brain has no "
            "use for missing numbers."
        )
    try:
        given = x if isinstance(x, Tensor) else torch.from_numpy(np.ascontiguousarray(np.asarray(x)))
    except (TypeError, ValueError) as error:
        raise BadData(f"x is not an array of numbers ({error}). Expected samples along the first axis.") from None
    given = given.detach().cpu()
    if given.ndim < 2 or 0 in given.shape or given.dtype in (torch.bool, torch.complex64, torch.complex128):
        raise BadData(
            f"x has shape {tuple(given.shape)} and type {given.dtype}. Expected sentences, or numbers [n, *shape] "
            "with n ≥ 1."
        )
    if given.dtype == torch.uint8:
        return given
    fine = given.ndim == 2 and given.dtype in _FINE
    given = given.double() if fine else given.float()
    if not bool(torch.isfinite(given).all()):
        which = "NaN or infinity" if fine else "NaN, infinity, or numbers too large for float32"
        raise BadData(f"x contains {which}. Drop or impute those samples.")
    return given


def _grey_levels(x: Tensor) -> bool:
    """Whether these are whole numbers 0…255, or those divided by 255."""
    if x.dtype == torch.uint8:
        return True
    levels = x * 255
    return bool((levels >= 0).all() and (levels <= 255).all() and ((levels - levels.round()).abs() < 1e-3).all())


def _form(shape: tuple[int, ...]) -> str:
    if shape == ():
        return "sentences"
    if len(shape) == 1:
        return f"vectors of {shape[0]} numbers"
    return f"samples of {'×'.join(str(side) for side in shape)}"
