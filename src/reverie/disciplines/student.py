"""A small network that stands for a module: the form for what has no formula.

It answers outputs in the card's units from inputs in the card's units. Batch norm is there to show that freezing holds
it still; int8 keeps a byte for each weight, with one scale for each unit.
"""

from itertools import pairwise
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

__all__ = ["Quantised", "Student", "quantise"]


class Student(nn.Module):
    """Standardise → linear → SiLU → … → linear → destandardise.

    Parameters
    ----------
    n_in, n_out : int
    hidden : tuple of int
    batch_norm : bool
        After each hidden layer.
    generator : torch.Generator, optional
        Of the first weights.
    """

    def __init__(
        self,
        n_in: int,
        n_out: int,
        *,
        hidden: tuple[int, ...] = (32, 32),
        batch_norm: bool = False,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        self.shape = {"n_in": n_in, "n_out": n_out, "hidden": list(hidden), "batch_norm": batch_norm}
        layers: list[nn.Module] = []
        for fan_in, fan_out in zip((n_in, *hidden), hidden, strict=False):
            layers += [nn.Linear(fan_in, fan_out), *([nn.BatchNorm1d(fan_out)] if batch_norm else []), nn.SiLU()]
        layers.append(nn.Linear(hidden[-1] if hidden else n_in, n_out))
        self.layers = nn.Sequential(*layers)
        for name, n in (("x", n_in), ("y", n_out)):
            self.register_buffer(f"{name}_mean", torch.zeros(n))
            self.register_buffer(f"{name}_sd", torch.ones(n))
        with torch.no_grad():
            for layer in self.layers:
                if isinstance(layer, nn.Linear):
                    for weight in (layer.weight, layer.bias):
                        bound = layer.in_features**-0.5
                        weight.copy_((torch.rand(weight.shape, generator=generator) * 2 - 1) * bound)

    def forward(self, x: Float[Tensor, "n n_in"]) -> Float[Tensor, "n n_out"]:
        parts = dict(self.named_buffers(recurse=False))
        standard = (x.to(parts["x_mean"]) - parts["x_mean"]) / parts["x_sd"]
        out: Tensor = self.layers(standard) * parts["y_sd"] + parts["y_mean"]
        return out


class Quantised(nn.Module):
    """A student whose weights are int8: weight = scale · integer, one scale for each unit. Buffers only."""

    def __init__(self, shape: dict[str, Any]) -> None:
        super().__init__()
        self.shape = {**shape, "batch_norm": False}
        sizes = [shape["n_in"], *shape["hidden"], shape["n_out"]]
        self.depth = len(sizes) - 1
        for place, (fan_in, fan_out) in enumerate(pairwise(sizes)):
            self.register_buffer(f"weight{place}", torch.zeros(fan_out, fan_in, dtype=torch.int8))
            self.register_buffer(f"scale{place}", torch.ones(fan_out))
            self.register_buffer(f"bias{place}", torch.zeros(fan_out))
        for name, n in (("x", shape["n_in"]), ("y", shape["n_out"])):
            self.register_buffer(f"{name}_mean", torch.zeros(n))
            self.register_buffer(f"{name}_sd", torch.ones(n))

    def forward(self, x: Float[Tensor, "n n_in"]) -> Float[Tensor, "n n_out"]:
        parts = dict(self.named_buffers())
        h = (x.to(parts["x_mean"]) - parts["x_mean"]) / parts["x_sd"]
        for place in range(self.depth):
            weight = parts[f"weight{place}"].float() * parts[f"scale{place}"][:, None]
            h = h @ weight.T + parts[f"bias{place}"]
            h = torch.nn.functional.silu(h) if place < self.depth - 1 else h
        return h * parts["y_sd"] + parts["y_mean"]


def quantise(student: Student) -> Quantised:
    """The student with one byte for each weight; batch norm is folded into the weights."""
    found = Quantised(student.shape)
    parts = dict(found.named_buffers())
    place = -1
    with torch.no_grad():
        for layer in student.layers:
            if isinstance(layer, nn.Linear):
                place += 1
                weight, bias = layer.weight.clone(), layer.bias.clone()
            elif isinstance(layer, nn.BatchNorm1d):
                assert layer.running_var is not None and layer.running_mean is not None
                gain = layer.weight / (layer.running_var + layer.eps).sqrt()
                weight, bias = weight * gain[:, None], (bias - layer.running_mean) * gain + layer.bias
            else:
                continue
            scale = weight.abs().amax(1).clamp_min(1e-12) / 127
            parts[f"weight{place}"].copy_((weight / scale[:, None]).round().to(torch.int8))
            parts[f"scale{place}"].copy_(scale)
            parts[f"bias{place}"].copy_(bias)
        for name in ("x_mean", "x_sd", "y_mean", "y_sd"):
            parts[name].copy_(getattr(student, name))
    return found
