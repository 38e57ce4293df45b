"""A night's adapter: what one night added to the weights, as two thin matrices for each layer (LoRA).

    W ← W + B A,     A of shape [r, in], B of shape [out, r]

Adapters are kept apart and added when the model is loaded; so a night can be taken back, and what it did is there to
be looked at. An adapter's weakest directions are cut in the same night, as far as the night still holds without them
(Tononi & Cirelli, 2014, Neuron 81: sleep renormalises synapses). Several are folded into one by setting theirs side by
side, [B₁ B₂] and [A₁; A₂]; once that is wider than the layer, the sum itself takes less room.
"""

from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from reverie.errors import CorruptFile

__all__ = [
    "Adapter",
    "adapter_of",
    "add_adapter",
    "cut_adapter",
    "fold_adapters",
    "is_transposed",
    "pack_adapter",
    "rank_of",
    "unpack_adapter",
]

Adapter = dict[str, tuple[Tensor, Tensor]]
"""The name of a layer, and its A and B."""


def adapter_of(network: nn.Module) -> Adapter:
    """The adapter that `peft` has trained on a network; its scale goes into B."""
    found: Adapter = {}
    for name, module in network.named_modules():
        if hasattr(module, "lora_A") and "default" in module.lora_A:
            part: Any = module
            a = part.lora_A["default"].weight.detach().clone()
            b = part.lora_B["default"].weight.detach() * part.scaling["default"]
            found[name.removeprefix("base_model.model.")] = a, b
    return found


@torch.no_grad()
def add_adapter(network: nn.Module, adapter: Adapter) -> None:
    """Add an adapter to the weights of a network, in place.

    Raises
    ------
    CorruptFile
        Where the network has no such layer.
    """
    for name, (a, b) in adapter.items():
        try:
            weight: Any = network.get_submodule(name).weight
            shape = (b.shape[0], a.shape[1])
            if tuple(weight.shape) != (shape[::-1] if is_transposed(network.get_submodule(name)) else shape):
                raise AttributeError(name)
        except AttributeError:
            raise CorruptFile(
                f"A night's adapter has a layer {name!r} that the model has not. Open the memory with the model that"
                " it has slept with."
            ) from None
        weight += (b @ a).T if is_transposed(network.get_submodule(name)) else b @ a


def is_transposed(layer: nn.Module) -> bool:
    """Whether a layer keeps its weight as [in, out], as GPT-2's do."""
    return type(layer).__name__ == "Conv1D"


def cut_adapter(adapter: Adapter, rank: int) -> Adapter:
    """The strongest `rank` directions of each layer, by singular values."""
    found: Adapter = {}
    for name, (a, b) in adapter.items():
        left, mix_left = torch.linalg.qr(b)
        right, mix_right = torch.linalg.qr(a.T)
        u, s, v = torch.linalg.svd(mix_left @ mix_right.T)
        found[name] = (s[:rank].sqrt()[:, None] * v[:rank]) @ right.T, left @ (u[:, :rank] * s[:rank].sqrt())
    return found


@torch.no_grad()
def fold_adapters(adapters: list[Adapter]) -> Adapter:
    """One adapter that adds what all of them add; of each layer at most min(in, out) directions.

    Nothing is cut. Where the sum is written out it is rounded to float32, once.
    """
    found: Adapter = {}
    for name in sorted({name for adapter in adapters for name in adapter}):
        pairs = [adapter[name] for adapter in adapters if name in adapter]
        a, b = torch.cat([a for a, _ in pairs]), torch.cat([b for _, b in pairs], dim=1)
        rank, n_in, n_out = len(a), a.shape[1], b.shape[0]
        if rank > min(n_in, n_out):
            whole, eye = (b.double() @ a.double()).to(a.dtype), torch.eye(min(n_in, n_out), dtype=a.dtype)
            a, b = (eye, whole) if n_in <= n_out else (whole, eye)
        found[name] = a, b
    return found


def rank_of(adapter: Adapter) -> int:
    """The most directions that a layer has."""
    return max(a.shape[0] for a, _ in adapter.values())


def pack_adapter(adapter: Adapter) -> bytes:
    """As a file of safetensors."""
    tensors = {f"{name}.{side}": part for name, pair in adapter.items() for side, part in zip("AB", pair, strict=True)}
    return bytes(save({name: tensor.contiguous() for name, tensor in tensors.items()}))


def unpack_adapter(data: bytes) -> Adapter:
    """Read what `pack_adapter` wrote."""
    try:
        tensors = load(data)
        names = sorted({name.rpartition(".")[0] for name in tensors})
        found = {name: (tensors[f"{name}.A"], tensors[f"{name}.B"]) for name in names}
    except (SafetensorError, ValueError, KeyError, AttributeError) as error:
        raise CorruptFile(f"A night's adapter is damaged ({error}). Restore the memory from a copy.") from None
    for name, (a, b) in found.items():
        fits = a.ndim == b.ndim == 2 and b.shape[1] == a.shape[0]
        if not (fits and a.is_floating_point() and b.is_floating_point()):
            raise CorruptFile(f"A night's adapter has a layer {name!r} of odd shapes. Restore the memory from a copy.")
    return found
