"""The visual cortex, grown from the first pictures (`reverie.plasticity.develop`): no weights from elsewhere."""

from collections.abc import Sized
from typing import Any

import torch

from reverie.errors import BadData
from reverie.layers import IntegerCortex, VisualCortex
from reverie.layers.cortex import usual_form
from reverie.native.integer_cortex import pays_here
from reverie.plasticity import CompetitiveHebb, develop
from reverie.senses.numeric import NumericSense, form_of, grey_levels
from reverie.streams import Pictures

__all__ = ["Cortex"]

_SMALLEST = 7  # pixels of a side
_GROWTH = ("patches", "epochs")


class Cortex(NumericSense):
    """Pictures, grey or in colours. See `reverie.layers.VisualCortex` for the settings.

    Examples
    --------
    >>> sense = Cortex({"filters": 8, "epochs": 0})
    >>> pictures = sense.take(torch.randint(0, 256, (5, 8, 8), dtype=torch.uint8))
    >>> sense.form(pictures)
    >>> sense.keys(pictures).shape
    torch.Size([5, 144])
    """

    name = "cortex"
    grows = "filters"
    known_settings = ("filters", "patch", "grid", "overlap", "threshold", "precision", "patches", "epochs")

    @classmethod
    def recognises(cls, x: Any) -> bool:
        if isinstance(x, Pictures):
            return True
        shape = tuple(getattr(x, "shape", ()))[1:]
        if len(shape) == 3 and shape[0] in (1, 3) and shape[2] not in (1, 3):
            shape = shape[1:]
        return len(shape) >= 2 and min(shape[:2]) >= _SMALLEST

    def take(self, x: Any) -> Sized:
        taken = super().take(x)
        shape = self.shape if isinstance(taken, Pictures) else tuple(taken.shape[1:])  # type: ignore[attr-defined]
        if shape is not None and len(shape) < 2:
            raise BadData(f"Given {form_of(shape)}. The sense cortex takes pictures. Use another sense, or 'auto'.")
        return taken

    def form(self, samples: Any) -> None:
        pictures = self.see_first(samples)
        assert self.shape is not None
        usual = usual_form(self.shape) | self.settings
        seen = usual["patch"] ** 2 * (3 if len(self.shape) == 3 else 1)
        self.affordable(4000, 2 * usual["grid"] ** 2, seen, seen * seen)
        self.module = self.make()
        rule = CompetitiveHebb() if self.settings.get("epochs") != 0 else None  # without growth: random filters
        source = torch.Generator().manual_seed(self.seed + 1)
        growth = {name: self.settings[name] for name in _GROWTH if name in self.settings}
        develop(self.module, pictures, rule=rule, generator=source, **growth)
        self.levels = grey_levels(pictures)

    def make(self) -> VisualCortex:
        assert self.shape is not None
        source = torch.Generator().manual_seed(self.seed)
        own = {name: value for name, value in self.settings.items() if name not in _GROWTH}
        try:
            return VisualCortex(self.shape, **(usual_form(self.shape) | own), generator=source)
        except TypeError as error:
            raise BadData(f"A setting of the sense cortex has the wrong type: {error}.") from None

    @property
    def compiling_pays(self) -> bool:
        """Whether glances in whole numbers are quicker than keys, on this machine."""
        return pays_here()

    def compile(self) -> bool:
        self.compiled = None
        if self.levels and isinstance(self.module, VisualCortex) and IntegerCortex.fits(self.module):
            self.compiled = IntegerCortex.of(self.module)
        return self.compiled is not None
