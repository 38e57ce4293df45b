"""What most senses share: numbers pass a frozen module, or a grid, and become whole numbers; some may be pruned away.

Keys of a cortex or an expansion are spike counts. Others are put on a grid (`reverie.senses.grid`). Numbers that enter
an expansion and differ in scale pass the grid first, so that a column of small numbers counts as much as one of large
ones.
"""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

import torch
from jaxtyping import Float, Int64, Num
from torch import Tensor, nn

from reverie.contracts import Seen, Sense, State
from reverie.errors import BadData, unknown_name
from reverie.layers import Expansion, IntegerCortex, IntegerExpansion, MixedExpansion, VisualCortex
from reverie.senses.grid import DEVIATION, LIMIT, Grid
from reverie.senses.made_up import made_up_pictures, made_up_vectors

__all__ = ["CodedSense", "check_expansion", "checked_width", "expansion_of", "mixed_expansion_of"]

_PAYS = 2**20  # products of a sample and an expansion from which on whole numbers are sooner
_NOISE = 200  # samples by which it is measured what compiling distorts
_DRAWN = 2**28  # numbers that an expansion draws at random, at most


class CodedSense(Sense):
    """A sense whose samples become numbers (`numbers`), and these keys, by a module and a grid.

    Attributes
    ----------
    module : Module or None
        Numbers to keys; None: they are keys as they are.
    compiled : Module or None
        What the module sees, sooner.
    grid : Grid or None
        Of the numbers that enter an expansion, or of the keys.
    kept : Tensor or None
        The groups of inputs that pruning has left; None: all.
    """

    grows = ""
    """The setting that a budget decides, such as "width"; empty: none."""
    spare = 0.85
    """Share of a budget that the sums may take at once; classes and a night's network need the rest."""

    def __init__(self, settings: Mapping[str, Any] | None = None, seed: int = 0, *, budget: int | None = None) -> None:
        self.settings, self.seed, self.budget = dict(settings or {}), seed, budget
        self.shape: tuple[int, ...] | None = None
        self.module: nn.Module | None = None
        self.compiled: IntegerCortex | IntegerExpansion | None = None
        self.grid: Grid | None = None
        self.kept: Tensor | None = None
        for name in self.settings:
            if name not in self.known_settings:
                raise unknown_name(f"setting of the sense {self.name}", name, self.known_settings or {"none"})

    @abstractmethod
    def numbers(self, samples: Any) -> Num[Tensor, "n *shape"]:
        """What the module takes, or the grid."""

    @abstractmethod
    def make(self) -> nn.Module | None:
        """The module, by the shape and the settings; before it has grown."""

    # keys

    @torch.no_grad()
    def keys(self, samples: Any) -> Num[Tensor, "n d"]:
        return self._coded(samples, self.module)

    @torch.no_grad()
    def glance(self, samples: Any) -> Num[Tensor, "n d"]:
        return self.keys(samples) if self.compiled is None else self._coded(samples, self.compiled)

    def watch(self, samples: Any, keys: Num[Tensor, "n d"]) -> Seen:
        if self.grid is None:
            return Seen(numbers=keys.numel())
        codes = self.grid.codes(self.numbers(samples)) if self._grid_first else keys
        return Seen(numbers=codes.numel(), clipped=int((codes.abs() >= LIMIT).sum()))

    @property
    def unit(self) -> float:
        """What a step of a key stands for: a ridge that is given is one for keys in this unit.

        Columns that have a grid each count in their deviations.
        """
        if self.grid is None or self._grid_first:
            return 1.0
        return 1 / DEVIATION if len(self.grid.step) > 1 else float(self.grid.step)

    @property
    def whole_numbers(self) -> bool:
        """Whether keys are spike counts 0…127."""
        return isinstance(self.module, VisualCortex | Expansion | MixedExpansion)

    @property
    def _grid_first(self) -> bool:
        """Whether the grid is for what comes in, and not for keys."""
        return isinstance(self.module, Expansion)

    def sensed(self, samples: Any, module: nn.Module | None) -> Tensor:
        """What the module makes of samples, before the grid."""
        numbers = self.numbers(samples)
        if self.grid is not None and self._grid_first and numbers.ndim == 2:
            numbers = self.grid.codes(numbers).float() / DEVIATION
        if module is None:
            return numbers.flatten(1) if self.grid is not None else numbers.flatten(1).float()
        keys: Tensor = module(numbers.float() if numbers.ndim == 2 else numbers)
        flat: Tensor = keys.flatten(1)
        return flat

    def _coded(self, samples: Any, module: nn.Module | None) -> Tensor:
        keys = self.sensed(samples, module)
        keys = keys if self.grid is None or self._grid_first else self.grid.codes(keys)
        return keys[:, self.kept] if self.kept is not None and self.picks else keys

    def front(self) -> Any:
        """What makes `numbers` of samples, as an ONNX model with the output `numbers`; None: there is none."""
        return None

    # size

    def affordable(self, largest: int, width: int, each: int, fixed: int = 0) -> None:
        """Set what `grows` names to the largest size with which the brain's state fits its budget.

        Parameters
        ----------
        largest : int
            That is looked at.
        width, each : int
            Inputs of the memory, and numbers of the module, for one of it.
        fixed : int
            Numbers of the module, whatever the size.
        """
        if self.budget is None:
            return
        best = 0
        for size in range(1, self.settings.get(self.grows, largest) + 1):
            d = size * width
            if 4 * (d * (d + 1) // 2 + size * each + fixed) > self.spare * self.budget:
                break
            best = size
        if best < 8:
            raise BadData(
                f"A budget of {self.budget} bytes is too small for the sense {self.name}. Give more, or use 'raw'."
            )
        self.settings[self.grows] = best

    # pruning

    @property
    def picks(self) -> bool:
        """Whether pruned keys are picked from those of a whole module; else its pruned cells are gone.

        Cells that compete stay, for without them others would win.
        """
        if isinstance(self.module, Expansion):
            cells = len(self.module.bias)
            return self.module.winners > 0 and (self.kept is None or len(self.kept) < cells)
        return not isinstance(self.module, VisualCortex)

    def groups(self, width: int) -> Int64[Tensor, "g m"]:
        """A filter's cells, else each input alone."""
        if isinstance(self.module, VisualCortex):
            return torch.arange(width).view(-1, len(self.module.filters)).T.contiguous()
        return torch.arange(width)[:, None]

    def keep(self, groups: Int64[Tensor, " kept"], width: int) -> Int64[Tensor, " inputs"]:
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
        """Compile an expansion that is large enough for it to pay."""
        self.compiled = None
        if (
            isinstance(self.module, Expansion)
            and self.module.projection.numel() >= _PAYS
            and IntegerExpansion.fits(self.module)
        ):
            self.compiled = IntegerExpansion.of(self.module)
        return self.compiled is not None

    @torch.no_grad()
    def distortion(self, generator: torch.Generator) -> Float[Tensor, "n d"]:
        if self.compiled is None or self.module is None:
            return super().distortion(generator)
        if isinstance(self.module, Expansion):
            samples: Tensor = made_up_vectors(_NOISE, self.module.n_in, generator)
        else:
            assert self.shape is not None
            samples = made_up_pictures(_NOISE, self.shape, generator)
        seen, meant = (part(samples).flatten(1).float() for part in (self.compiled, self.module))
        errors: Tensor = seen - meant
        return errors[:, self.kept] if self.kept is not None and self.picks else errors

    # keeping

    def state_dict(self) -> State:
        return {
            "settings": self.settings,
            "seed": self.seed,
            "budget": self.budget,
            "shape": None if self.shape is None else list(self.shape),
            "module": dict(self.module.state_dict()) if self.module is not None else {},
            "kept": self.kept,
            "grid": None if self.grid is None else self.grid.state_dict(),
            "compiled": self.compiled is not None,
        }

    def load_state_dict(self, state: State) -> None:
        self.settings, self.seed, self.budget = dict(state["settings"]), state["seed"], state["budget"]
        self.shape = None if state["shape"] is None else tuple(state["shape"])
        self.load_more(state)
        if self.shape is None:
            return
        self.module = self.make()
        if self.module is not None:
            load_module(self.module, state["module"])
        self.kept, self.grid = state["kept"], Grid.from_state(state.get("grid"))
        if state.get("compiled"):
            self.compile()

    def load_more(self, state: State) -> None:
        """Put back what a sense of one kind keeps beside; called before its module is made."""


def load_module(module: nn.Module, state: State) -> None:
    """Load, whatever sizes pruning has left."""
    for name, value in state.items():
        if name in dict(module.named_buffers()) and "." not in name:
            module.register_buffer(name, value.clone())
    module.load_state_dict(state)


def expansion_of(n_in: int, settings: Mapping[str, Any], usual: int, seed: int, *, sense: str) -> Expansion:
    """An expansion by the settings of a sense; `usual` is its width where they have none."""
    source = torch.Generator().manual_seed(seed)
    wanted: dict[str, Any] = {"width": usual} | dict(settings)
    try:
        _bounded((n_in + 1) * wanted["width"], sense)
        return Expansion(n_in, **wanted, whole=True, generator=source)
    except TypeError as error:
        raise BadData(f"A setting of the sense {sense} has the wrong type: {error}.") from None


def check_expansion(settings: Mapping[str, Any], *, sense: str) -> None:
    """Say what is wrong with the settings of an expansion, before there are samples.

    Raises
    ------
    BadData, UnknownName
    """
    expansion_of(1, {"width": 2} | dict(settings), 2, 0, sense=sense)


def mixed_expansion_of(n_in: int, settings: Mapping[str, Any], usual: int, seed: int, *, sense: str) -> MixedExpansion:
    """A mixed expansion by the settings of a sense; `usual` is its width where they have none."""
    width = checked_width(settings, usual)
    _bounded(n_in * (width + 2 * n_in), sense)
    return MixedExpansion(n_in, width, generator=torch.Generator().manual_seed(seed))


def checked_width(settings: Mapping[str, Any], usual: int) -> int:
    """The width of a mixed expansion.

    Raises
    ------
    BadData
        Not a whole number of at least 4.
    """
    width = settings.get("width", usual)
    if not isinstance(width, int) or isinstance(width, bool) or width < 4:
        raise BadData(f"width is {width!r}. Expected the number of cells, 4 or more.")
    return width


def _bounded(numbers: int, sense: str) -> None:
    if numbers > _DRAWN:
        raise BadData(
            f"The sense {sense} would need an expansion of {numbers:.1e} numbers. Expected at most {_DRAWN:.1e}: give "
            "a smaller width, or fewer columns."
        )
