"""The Hebbian visual cortex as an encoder for the exact memory: how far one pass, no labels for filters and no
backpropagation go, against state bytes and seconds.

Pictures come in the order of their classes, two at a time, once; nothing is stored but sums. Filters are grown from
the first pictures by competitive Hebbian learning, compiled to eight bits, and see each picture and its mirror image
(colour only: digits have a side). Beside them: random filters, imprinted ones (single patches), a second layer on the
pooled output of the first, filters grown from all pictures, class means of the same code, and pixels.

λ is chosen by generalised cross-validation up to `WIDEST` inputs; wider codes go to `WideMemory` with λ per input as in
the widest of these. The form of patches and regions was chosen on pictures held out from training.

    python benchmarks/cortex.py [--stream NAME or PATH]
"""

import os
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from common import WORK, Claim, finish, kept, parser
from reverie.checkpoint import state_bytes
from reverie.layers import IntegerCortex, Mirrored, VisualCortex
from reverie.layers.cortex import usual_form
from reverie.memory import AssociativeMemory, WideMemory
from reverie.plasticity import CompetitiveHebb, develop
from reverie.streams import make

WIDEST = 7200  # inputs up to which λ is chosen by decomposing the sums
SIZES = {"colour": [50, 100, 200, 400, 800, 1600], "grey": [50, 100, 200, 400]}
CONTROL = 200  # filters of the controls
BATCH = 1000
COMPARED = {"split-cifar10": 0.803}  # SoftHebb, Journé et al., 2023, ICLR: joint linear read-out, three layers
BOUNDS = {"split-cifar10": 0.82}


class Pictures:
    """A stream's pictures: those to learn in their order, and those to be asked about."""

    def __init__(self, name: str) -> None:
        self.name = name
        parts = [(_picture(one.train_x), one.train_y, _picture(one.test_x), one.test_y) for one in make(name)]
        if parts[0][0].ndim < 3:
            raise SystemExit(f"{name} holds vectors of shape {tuple(parts[0][0].shape[1:])}. Expected pictures.")
        self.parts = [(x, y) for x, y, _, _ in parts]
        self.x, self.y = (torch.cat(side) for side in zip(*[(x, y) for _, _, x, y in parts], strict=True))
        self.classes = int(self.y.max()) + 1

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.x.shape[1:])

    @property
    def colour(self) -> bool:
        return len(self.shape) == 3

    def first(self) -> Tensor:
        """The pictures of the first experience."""
        return self.parts[0][0]

    def all(self) -> Tensor:
        return torch.cat([x for x, _ in self.parts])

    def batches(self) -> Iterator[tuple[Tensor, Tensor]]:
        for x, y in self.parts:
            yield from zip(x.split(BATCH), y.split(BATCH), strict=True)


def _picture(x: Tensor) -> Tensor:
    """Grey levels; the embedded digits are vectors of 64."""
    x = x.view(-1, 8, 8) if x.ndim == 2 and x.shape[1] == 64 else x
    return (x * 255).round().to(torch.uint8) if x.is_floating_point() else x


# encoders


def cortex(data: Pictures, filters: int, *, grown: str = "first", seed: int = 0) -> nn.Module:
    """One layer. `grown`: from the "first" pictures or from "all"; "imprinted" by single patches; left "random"."""
    form: dict[str, Any] = usual_form(data.shape) | {"filters": filters}
    if data.colour:
        form["patch"] = min(5, form["patch"])
    source = torch.Generator().manual_seed(seed)
    made = VisualCortex(data.shape, **form, generator=source)
    develop(
        made,
        data.all() if grown == "all" else data.first(),
        rule=None if grown == "random" else CompetitiveHebb(),
        epochs=0 if grown == "imprinted" else 3,
        patches=max(100_000, 200 * filters),
        generator=source,
    )
    return _both(IntegerCortex.of(made), data)


def second_layer(data: Pictures, filters: int, seed: int = 0) -> nn.Module:
    """A cortex that sees the pooled output of a finer one, patches of 3 × 3 of its places."""
    source = torch.Generator().manual_seed(seed)
    side = min(data.shape[:2]) - 4
    below = VisualCortex(data.shape, filters=64, patch=5, grid=side // 2, generator=source)
    develop(below, data.first(), rule=CompetitiveHebb(), generator=source)
    seen = _Map(IntegerCortex.of(below), side // 2)
    first = torch.cat([seen(part) for part in data.first()[:4000].split(BATCH)])
    above = VisualCortex(tuple(first.shape[1:]), filters=filters, patch=3, grid=3, overlap=1, generator=source)
    develop(above, first, rule=CompetitiveHebb(), patches=60_000, generator=source)
    return _both(nn.Sequential(seen, above), data)


class _Map(nn.Module):
    """A code of places [n, side · side · cells] as a picture [n, side, side, cells]."""

    def __init__(self, encoder: nn.Module, side: int) -> None:
        super().__init__()
        self.encoder, self.side = encoder, side

    def forward(self, x: Tensor) -> Tensor:
        code: Tensor = self.encoder(x)
        return code.view(len(x), self.side, self.side, -1)


def _both(encoder: nn.Module, data: Pictures) -> nn.Module:
    return Mirrored(encoder) if data.colour else encoder


# learning


def measured(data: Pictures, grow: Callable[[], nn.Module], ridge: float | None = None) -> dict[str, Any]:
    """Grow an encoder, learn the stream through it once, answer. `ridge`: λ per input; None: chosen from the sums."""
    began = time.perf_counter()
    encoder = grow()
    grown = time.perf_counter()
    memory = AssociativeMemory() if ridge is None else WideMemory(ridge=ridge)
    for x, y in data.batches():
        memory.write(encoder(x), one_hot(y, data.classes).double())
    written = time.perf_counter()
    codes = torch.cat([encoder(part) for part in data.x.split(BATCH)])
    scores = memory.read(codes)
    read = time.perf_counter()
    nearest = torch.cdist(codes.double(), memory.means()[1]).argmin(1)
    return {
        "accuracy": float((scores.argmax(1) == data.y).double().mean()),
        "class means": float((nearest == data.y).double().mean()),
        "seconds": read - began,
        "megabytes": (state_bytes(memory.state_dict()) + state_bytes(dict(encoder.state_dict()))) / 1e6,
        "ridge per input": memory.ridge if isinstance(memory, WideMemory) else memory.chosen_ridge() / memory.width,
        "inputs": memory.width,
        "parts": {"grow": grown - began, "learn": written - grown, "solve and answer": read - written},
        "threads": torch.get_num_threads(),
    }


def pixels(data: Pictures) -> float:
    """The exact memory on what comes in."""
    memory = AssociativeMemory()
    for x, y in data.batches():
        memory.write(x.flatten(1), one_hot(y, data.classes).double())
    return float((memory.read(data.x.flatten(1)).argmax(1) == data.y).double().mean())


def main() -> None:
    asked = parser("The Hebbian visual cortex as an encoder for the exact memory.")
    asked.add_argument("--stream", default="split-cifar10", help="a named stream or a path (see `reverie streams`)")
    asked.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    options = asked.parse_args()
    torch.set_num_threads(options.threads)
    quick = options.quick
    data = Pictures("digits") if quick else Pictures(options.stream)
    finish(claims(data, options, [20, 40] if quick else None), options)


def claims(data: Pictures, options: Namespace, sizes: list[int] | None) -> list[Claim]:
    name = data.name if data.name not in ("", ".") and "/" not in data.name else Path(data.name).stem
    command = f"python benchmarks/cortex.py{' --quick' if options.quick else f' --stream {name}'}"
    made: list[Claim] = []

    def ask(what: str, measure: Callable[[], dict[str, Any]]) -> dict[str, Any] | None:
        return kept(WORK / "cortex" / name / f"{what.replace(' ', '-')}.json", options, measure)

    def say(what: str, found: dict[str, Any] | None, bound: float | None = None) -> None:
        if found is None:
            return
        title = f"{name}, class-incremental, one pass, nothing stored, {what}"
        sense = ">=" if bound is not None else "="
        names = beside | {"class means of the same code": found["class means"]}
        row = partial(Claim, seeds=[0], spread=0.0, command=command)
        made.append(row(f"{title}: accuracy", found["accuracy"], "fraction", bound, direction=sense, baselines=names))
        made.append(row(f"{title}: state", found["megabytes"], "MB", None, direction="="))
        limit = 3600.0 if bound is not None else None
        made.append(
            row(
                f"{title}: {found['threads']} threads, all told",
                found["seconds"],
                "s",
                limit,
                direction="<=" if limit else "=",
                baselines={f"{part}, s": seconds for part, seconds in found["parts"].items()},
            )
        )

    plain = ask("pixels", lambda: {"accuracy": pixels(data)})
    beside = {"exact memory on pixels": plain["accuracy"]} if plain else {}
    if data.name in COMPARED:
        beside |= {"SoftHebb (published, joint read-out)": COMPARED[data.name]}
    sizes = sizes or SIZES["colour" if data.colour else "grey"]
    per_input = None
    for filters in sizes:
        grow = partial(cortex, data, filters)
        narrow = 2 * filters * usual_form(data.shape)["grid"] ** 2 <= WIDEST
        if not narrow and per_input is None:
            continue  # λ of the narrower ones is not there
        found = ask(f"{filters} filters", partial(measured, data, grow, None if narrow else per_input))
        per_input = found["ridge per input"] if found else per_input
        say(f"{filters} filters", found)
    if per_input is not None and data.name in BOUNDS:
        grow = partial(cortex, data, sizes[-1], grown="all")
        what = f"{sizes[-1]} filters grown from all pictures"
        say(what, ask(what, partial(measured, data, grow, per_input)), BOUNDS[data.name])
    few = min(CONTROL, sizes[-1])
    for grown in ("random", "imprinted", "all"):
        what = f"{few} filters {'grown from all pictures' if grown == 'all' else grown}"
        say(what, ask(what, partial(measured, data, partial(cortex, data, few, grown=grown))))
    if min(data.shape[:2]) >= 20:
        what = f"{few} filters in a second layer"
        say(what, ask(what, partial(measured, data, partial(second_layer, data, few))))
    return made


if __name__ == "__main__":
    main()
