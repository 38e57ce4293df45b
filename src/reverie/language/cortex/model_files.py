"""What was learned, as files that other programs read: a PEFT folder, a folder of the whole model, or a GGUF file.

- `peft`: the change alone, as a LoRA (`adapter_config.json`, `adapter_model.safetensors`); small.
- `hf`: the whole model with the change in its weights, as `save_pretrained` writes it.
- `gguf`: a copy of the user's own GGUF file, for llama.cpp and what stands on it, in which only the tensors of the
  layers that learned are replaced, each in the format in which it lies there.
"""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save
from torch import Tensor

from reverie.errors import BadData, CorruptFile, MissingData
from reverie.files import make_folder, replace_file
from reverie.language.cortex.adapters import Adapter, is_transposed, rank_of
from reverie.language.cortex.causal import CausalModel

__all__ = ["FORMS", "write_gguf", "write_hf", "write_peft"]

FORMS = ("peft", "hf", "gguf")


def write_peft(folder: Path, model: CausalModel, adapter: Adapter, base: str) -> None:
    """Write the change alone.

    Parameters
    ----------
    base : str
        The name or the folder of the model, which the reader needs as well.
    """
    rank = rank_of(adapter)
    tensors: dict[str, Tensor] = {}
    for name, (a, b) in adapter.items():
        wide = rank - len(a)  # PEFT has one rank for all layers
        tensors[f"base_model.model.{name}.lora_A.weight"] = torch.cat([a, a.new_zeros(wide, a.shape[1])]).contiguous()
        tensors[f"base_model.model.{name}.lora_B.weight"] = torch.cat([b, b.new_zeros(len(b), wide)], 1).contiguous()
    config = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": base,
        "r": rank,
        "lora_alpha": rank,
        "lora_dropout": 0.0,
        "bias": "none",
        "fan_in_fan_out": any(is_transposed(model.network.get_submodule(name)) for name in adapter),
        "inference_mode": True,
        "target_modules": sorted(adapter),
    }
    make_folder(folder)
    replace_file(folder / "adapter_model.safetensors", save(tensors, {"format": "pt"}))
    replace_file(folder / "adapter_config.json", json.dumps(config, indent=2).encode())


def write_hf(folder: Path, model: CausalModel, adapter: Adapter) -> None:
    """Write the whole model; the one in memory is left as it is."""
    make_folder(folder)
    with _changed(model, adapter):
        model.save(folder)


def write_gguf(file: Path, model: CausalModel, adapter: Adapter, source: Path) -> None:
    """Write a copy of a GGUF file of the same model, with the change in its tensors.

    Parameters
    ----------
    source : Path
        The user's own file; it is read only.

    Raises
    ------
    BadData
        Where it is of another model, or one of the tensors lies in a format that cannot be written.
    """
    try:
        import gguf
    except ImportError:
        raise MissingData("GGUF files need a package that is not installed. Run: pip install 'reverie[gguf]'") from None
    try:
        read = gguf.GGUFReader(source)
        arch = str(read.fields["general.architecture"].contents())
        blocks = int(read.fields[f"{arch}.block_count"].contents())
        key = next(one for one, name in gguf.MODEL_ARCH_NAMES.items() if name == arch)
    except FileNotFoundError:
        raise MissingData(f"{source} is not there. Expected a GGUF file of the model that sleeps.") from None
    except (ValueError, KeyError, IndexError, StopIteration, OSError) as error:
        first = str(error).split("\n")[0][:200]
        raise CorruptFile(f"{source} cannot be read as a GGUF file ({type(error).__name__}: {first}).") from error
    names = gguf.get_tensor_name_map(key, blocks)
    there = {one.name: one for one in read.tensors}
    patches: list[tuple[int, bytes]] = []
    for name, (a, b) in adapter.items():
        theirs = names.get_name(f"{name}.weight", try_suffixes=(".weight",))
        tensor = there.get(theirs or "")
        shape = [b.shape[0], a.shape[1]]
        if tensor is None or list(reversed(tensor.shape.tolist())) != shape:
            raise BadData(
                f"{source} has no tensor {theirs or name!r} of shape {shape}: it is of another model. Give a GGUF file"
                " of the model that sleeps."
            )
        try:
            weight = gguf.quants.dequantize(tensor.data, tensor.tensor_type).astype(np.float32).reshape(shape)
            data = gguf.quants.quantize(np.ascontiguousarray(weight + (b @ a).float().numpy()), tensor.tensor_type)
        except NotImplementedError:
            raise BadData(
                f"{source} keeps {theirs!r} as {tensor.tensor_type.name}, which can be read but not written. Give a"
                " file of F16, Q8_0, Q4_0 or Q4_1."
            ) from None
        patches.append((int(tensor.data_offset), data.tobytes()))
    make_folder(file.parent)
    part = file.with_name(f"{file.name}.tmp")
    try:
        shutil.copyfile(source, part)
        with open(part, "r+b") as out:
            for offset, patch in patches:
                out.seek(offset)
                out.write(patch)
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _changed(model: CausalModel, adapter: Adapter) -> Iterator[None]:
    """The change in the weights while this lasts; afterwards they are, bit for bit, what they were."""
    layers: dict[str, Any] = {name: model.network.get_submodule(name) for name in adapter}
    before = {name: layer.weight.data for name, layer in layers.items()}
    try:
        for name, (a, b) in adapter.items():
            change = (b @ a).to(before[name].dtype)
            layers[name].weight.data = before[name] + (change.T if is_transposed(layers[name]) else change)
        yield
    finally:
        for name, weight in before.items():
            layers[name].weight.data = weight
