"""The blocks of a language model, and where their feed-forward layers write."""

from typing import Any

from torch import Tensor, nn

from reverie.errors import BadData

__all__ = ["blocks_of", "writer_of"]


def blocks_of(network: nn.Module) -> nn.ModuleList:
    """The blocks that a model runs one after the other.

    Raises
    ------
    BadData
        Where none are found.
    """
    config: Any = network.config
    count = getattr(config, "num_hidden_layers", None)
    for module in network.modules():
        if isinstance(module, nn.ModuleList) and len(module) == count:
            return module
    raise BadData(
        f"{type(network).__name__} has no list of {count} blocks. Expected a decoder of transformers, such as Llama,"
        " Qwen, Mistral, Gemma or GPT-2."
    )


def writer_of(block: nn.Module, width: int) -> str:
    """The name, within a block, of the linear layer with which its feed-forward part writes: the last of that width."""
    found: str | None = None
    for name, module in block.named_modules():
        weight = getattr(module, "weight", None)
        if isinstance(weight, Tensor) and weight.ndim == 2 and not isinstance(module, nn.Embedding):
            n_out = weight.shape[1] if type(module).__name__ == "Conv1D" else weight.shape[0]
            found = name if n_out == width else found
    if found is None:
        raise BadData(f"A block of {type(block).__name__} has no linear layer that is {width} wide.")
    return found
