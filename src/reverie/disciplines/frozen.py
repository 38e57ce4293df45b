"""Frozen, with proof: buffers only, a mode that cannot be changed, a digest, and outputs on probe points.

`requires_grad_(False)` does not freeze: batch norm goes on counting, and its outputs drift by nearly a standard
deviation. Here parameters become buffers, `train()` leaves the mode alone, and `verify` compares the SHA-256 of every
tensor and the outputs on probe points with those of the day of freezing: at load, at save, and whenever it is called.
"""

import copy
import hashlib
import os
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
import yaml
from torch import Tensor, nn

from reverie.checkpoint import drop_other_tensors, read_tensors, write_tensors
from reverie.disciplines.card import Card, read_card
from reverie.disciplines.module import Module
from reverie.disciplines.polynomial import Polynomial
from reverie.disciplines.student import Quantised, Student
from reverie.disciplines.vectors import Vectors
from reverie.errors import BadData, CorruptFile, MissingData, ReverieError
from reverie.files import replace_file, sync_folder
from reverie.untrusted import no_links, parse_yaml, read_text

__all__ = ["DriftError", "Formula", "Frozen", "freeze", "load_frozen", "save_frozen"]

_FORMAT = "reverie-module-1"
_NEXT_CARD = "card-next.yaml"  # until the head that names it is there
PROBES = 256


class DriftError(ReverieError):
    """A frozen module is not what it was."""


class Formula(nn.Module):
    """A card as a torch module: inputs in their order and units, [n, n_in] → [n, n_out], with gradients to the inputs.

    Its constants are buffers, in base units.
    """

    def __init__(self, module: Module) -> None:
        super().__init__()
        self.module = module
        self._scales = module.scales()
        for name, value in module.constants().items():
            self.register_buffer(f"constant_{name}", torch.tensor(float(value), dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        """float64, whatever x is."""
        x = x.double()
        inputs, outputs = self._scales
        values: dict[str, Any] = {
            name: x[:, place] * unit.factor + unit.offset for place, (name, unit) in enumerate(inputs.items())
        }
        values |= {name.removeprefix("constant_"): value for name, value in self.named_buffers()}
        found = self.module.body.run(values, kind="torch")
        columns = [(found[name] - unit.offset) / unit.factor for name, unit in outputs.items()]
        return torch.stack(
            [torch.broadcast_to(torch.as_tensor(c, dtype=torch.float64), x.shape[:1]) for c in columns], 1
        )


class Frozen(nn.Module):
    """A module that stays what it is.

    Attributes
    ----------
    card : Card or None
    digest : str
        SHA-256 of the card and of every tensor.
    """

    def __init__(self, inner: nn.Module, *, card: Card | None, probes: Tensor) -> None:
        super().__init__()
        self.inner = _buffers_only(copy.deepcopy(inner))
        self.card = card
        super().train(False)
        self.register_buffer("probes", probes.detach().clone())
        with torch.no_grad():
            self.register_buffer("answers", self.inner(probes).detach().clone())
        self.digest = self._digest()

    def forward(self, x: Tensor) -> Tensor:
        """What the frozen module answers; gradients pass to x."""
        found: Tensor = self.inner(x)
        return found

    def train(self, mode: bool = True) -> "Frozen":
        """Nothing: the mode is pinned."""
        return self

    def verify(self) -> None:
        """Compare with the day of freezing.

        Raises
        ------
        DriftError
            Where a tensor, the mode, or an output on a probe point differs.
        """
        name = self.card.name if self.card else type(self.inner).__name__
        if any(part.training for part in self.modules()):
            raise DriftError(f"{name}: a part of it is in training mode. Load it again from its folder.")
        if any(True for _ in self.parameters()):
            raise DriftError(f"{name}: it has parameters again. Load it again from its folder.")
        if self._digest() != self.digest:
            raise DriftError(f"{name}: a tensor differs from the day of freezing. Load it again from its folder.")
        with torch.no_grad():
            now, then = self.inner(self.probes), self.get_buffer("answers")
        if not torch.allclose(now, then, rtol=1e-5, atol=1e-7, equal_nan=True):
            gap = float((now - then).abs().nan_to_num().max())
            raise DriftError(f"{name}: outputs on the probe points have moved by {gap:.3g}. Load it again.")

    def _digest(self) -> str:
        found = hashlib.sha256((self.card.digest if self.card else "").encode())
        for name, value in sorted(self.state_dict().items()):
            if name != "answers":
                flat = value.detach().cpu().contiguous()
                found.update(f"{name} {flat.dtype} {tuple(flat.shape)}".encode())
                found.update(flat.reshape(-1).view(torch.uint8).numpy().tobytes())
        return found.hexdigest()


def _buffers_only(module: nn.Module) -> nn.Module:
    for part in module.modules():
        for name, value in list(part.named_parameters(recurse=False)):
            delattr(part, name)
            part.register_buffer(name, value.detach().clone())
    return module


def freeze(
    what: Module | nn.Module, *, card: Card | None = None, probes: Tensor | None = None, seed: int = 0
) -> Frozen:
    """Freeze a module of knowledge, a student, or any nn.Module.

    Parameters
    ----------
    card : Card, optional
        Of a network; a Module brings its own.
    probes : Tensor, shape [m, n_in], optional
        Points whose outputs are kept; drawn from the card's ranges if not given.
    """
    if isinstance(what, Module):
        inner: nn.Module = Formula(what)
        card = what.card
    else:
        inner = what
    if probes is None:
        if card is None:
            raise BadData("A network without a card needs probe points. Give probes, shape [m, n_in].")
        probes = sample_inputs(card, PROBES, seed)
    return Frozen(inner, card=card, probes=probes)


def sample_inputs(card: Card, n: int, seed: int) -> Tensor:
    """Rows within the ranges of a card, shape [n, n_in], float64; without a range, about the default or zero to one."""
    source = torch.Generator().manual_seed(seed)
    columns = []
    for thing in card.inputs.values():
        low, high = thing.range or (0.0, 2.0 * abs(thing.default or 0.5))
        high = len(thing.choices) - 1.0 if thing.choices else high
        columns.append(low + (high - low) * torch.rand(n, generator=source, dtype=torch.float64))
        if thing.unit == "year" or thing.choices:
            columns[-1] = columns[-1].round()
    return torch.stack(columns, dim=1) if columns else torch.zeros(n, 0, dtype=torch.float64)


def save_frozen(frozen: Frozen, folder: Path) -> None:
    """Verify and write `card.yaml`, the tensors (safetensors) and, last, `module.yaml`; each replaced whole."""
    frozen.verify()
    if frozen.card is None:
        raise BadData("A frozen network without a card cannot be saved. Freeze it with card=.")
    inner = frozen.inner
    kinds = {
        Formula: "formula",
        Student: "student",
        Quantised: "int8",
        Polynomial: "polynomial",
        Vectors: "vectors",
    }
    if type(inner) not in kinds:
        raise BadData(f"A frozen {type(inner).__name__} cannot be saved; distil it into a Student first.")
    for name in ("card.yaml", _NEXT_CARD, "module.yaml"):
        no_links(folder, name)
    named = write_tensors(folder, frozen.state_dict())
    replace_file(folder / _NEXT_CARD, frozen.card.dump().encode())
    head: dict[str, Any] = {"format": _FORMAT, "card": frozen.card.name, "kind": kinds[type(inner)], **named}
    head["card_digest"] = frozen.card.digest
    head["digest"] = frozen.digest
    if isinstance(inner, Student | Quantised | Polynomial | Vectors):
        head["shape"] = inner.shape
    if isinstance(inner, Formula) and inner.module.as_of is not None:
        head["as_of"] = inner.module.as_of
    replace_file(folder / "module.yaml", yaml.safe_dump(head, sort_keys=False).encode())
    # From here on it is the new module, whatever interrupts: `load_frozen` finds the card under either name.
    os.replace(folder / _NEXT_CARD, folder / "card.yaml")
    sync_folder(folder)
    drop_other_tensors(folder, named["file"])


def load_frozen(folder: Path) -> Frozen:
    """Read a frozen module and verify it.

    Raises
    ------
    CorruptFile
        Where a file is torn or altered, by one bit or more.
    DriftError
        Where its outputs are not those of the day of freezing.
    """
    if not no_links(folder, "module.yaml").is_file():
        raise MissingData(f"{folder} holds no frozen module (no module.yaml). Make one: reverie modules freeze.")
    try:
        head, _ = parse_yaml(read_text(folder / "module.yaml"))
        if head["format"] != _FORMAT:
            raise ValueError(f"format {head['format']}")
        file, sha256, digest = str(head["file"]), str(head["sha256"]), str(head["digest"])
        tensors = read_tensors(folder, no_links(folder, Path(file).name).name, sha256)
        card = _card_of(folder, head)
        inner = _inner(head, card, sum(value.numel() for value in tensors.values()))
        frozen = Frozen(inner, card=card, probes=tensors["probes"])
        frozen.load_state_dict(tensors)
    except (yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        if isinstance(error, ReverieError):
            raise
        raise CorruptFile(f"{folder} is no frozen module ({error}). Restore it from a copy.") from None
    frozen.digest = digest
    frozen.verify()
    return frozen


def _card_of(folder: Path, head: dict[str, Any]) -> Card:
    """The card that a head names: `card.yaml`, or the one that an interrupted save has left beside it."""
    following = no_links(folder, _NEXT_CARD)
    if following.is_file() and "card_digest" in head:
        with suppress(ReverieError):
            card = read_card(following)
            if card.digest == head["card_digest"]:
                return card
    return read_card(no_links(folder, "card.yaml"))


def _inner(head: dict[str, Any], card: Card, numbers: int) -> nn.Module:
    """The form that a head names, of a size that its numbers fill."""
    if head["kind"] == "formula":
        return Formula(Module(card, as_of=head.get("as_of")))
    shape = head["shape"]
    hidden = tuple(int(size) for size in shape.get("hidden", ()))
    between = hidden or tuple(int(shape[name]) for name in ("terms", "vectors") if name in shape)
    sizes = (int(shape["n_in"]), *between, int(shape["n_out"]))
    if min(sizes) < 0 or max(a * b for a, b in pairwise(sizes)) > numbers:
        raise ValueError(f"a shape {shape} of more numbers than the {numbers} that are there")
    if head["kind"] == "int8":
        return Quantised(shape)
    if head["kind"] == "polynomial":
        return Polynomial(**shape)
    if head["kind"] == "vectors":
        return Vectors(**shape)
    if head["kind"] == "student":
        return Student(sizes[0], sizes[-1], hidden=hidden, batch_norm=bool(shape["batch_norm"]))
    raise ValueError(f"the kind {head['kind']!r}")
