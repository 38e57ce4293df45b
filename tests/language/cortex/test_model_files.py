"""A change of a model's weights as files: PEFT, transformers and GGUF readers get the numbers that were meant."""

import gguf
import numpy as np
import pytest
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM

from reverie.errors import BadData, CorruptFile, MissingData
from reverie.language.cortex.adapters import is_transposed
from reverie.language.cortex.causal import CausalModel
from reverie.language.cortex.model_files import write_gguf, write_hf, write_peft

IDS = torch.tensor([[5, 6, 7, 8, 9]])


def change(model, names):
    generator = torch.Generator().manual_seed(1)
    found = {}
    for number, name in enumerate(names):
        layer = model.network.get_submodule(name)
        n_out, n_in = layer.weight.shape[::-1] if is_transposed(layer) else layer.weight.shape
        rank = 2 + number
        found[name] = torch.randn(rank, n_in, generator=generator), 0.1 * torch.randn(n_out, rank, generator=generator)
    return found


def meant(model, adapter):
    """What the model says with the change in its weights."""
    kept = {name: model.network.get_submodule(name).weight.data for name in adapter}
    for name, (a, b) in adapter.items():
        layer = model.network.get_submodule(name)
        layer.weight.data = kept[name] + ((b @ a).T if is_transposed(layer) else b @ a)
    with torch.no_grad():
        said = model.network(IDS).logits
    for name, weight in kept.items():
        model.network.get_submodule(name).weight.data = weight
    return said


LAYERS = {
    "llama": ["model.layers.0.mlp.down_proj", "model.layers.1.mlp.down_proj"],
    "chatty": ["transformer.h.1.mlp.c_proj", "transformer.h.2.mlp.c_proj"],
}


@pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing:FutureWarning")  # peft asks by the old name
@pytest.mark.parametrize("kind", LAYERS)
def test_peft_and_transformers_read_what_was_meant(kind, request, tmp_path):
    model = request.getfixturevalue(kind)
    adapter = change(model, LAYERS[kind])
    expected = meant(model, adapter)
    model.save(tmp_path / "base")
    write_peft(tmp_path / "peft", model, adapter, str(tmp_path / "base"))
    write_hf(tmp_path / "hf", model, adapter)
    base = AutoModelForCausalLM.from_pretrained(tmp_path / "base", dtype=torch.float32)
    for read in (PeftModel.from_pretrained(base, tmp_path / "peft"), CausalModel.load(tmp_path / "hf").network):
        with torch.no_grad():
            torch.testing.assert_close(read.eval()(IDS).logits, expected, atol=1e-4, rtol=1e-4)


def written(file, model, kind, blocks=4):
    """A GGUF file of a model's feed-forward layers."""
    writer = gguf.GGUFWriter(file, "llama")
    writer.add_block_count(blocks)
    for number, block in enumerate(model.network.model.layers):
        weight = block.mlp.down_proj.weight.detach().numpy()
        data = weight if kind == "F32" else gguf.quants.quantize(weight, gguf.GGMLQuantizationType[kind])
        raw = None if kind in ("F32", "F16") else gguf.GGMLQuantizationType[kind]
        writer.add_tensor(f"blk.{number}.ffn_down.weight", data, raw_dtype=raw)
        writer.add_tensor(f"blk.{number}.ffn_norm.weight", np.full(32, number, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return file


@pytest.mark.parametrize(("kind", "off"), [("F32", 1e-6), ("F16", 2e-3), ("Q8_0", 2e-2), ("Q4_1", 0.2)])
def test_only_the_changed_tensors_of_a_gguf_file_are_others(kind, off, llama, tmp_path):
    adapter = change(llama, ["model.layers.1.mlp.down_proj"])
    file = written(tmp_path / "mine.gguf", llama, kind)
    before = file.read_bytes()
    write_gguf(tmp_path / "out" / "mine.gguf", llama, adapter, file)
    assert file.read_bytes() == before
    old, new = (
        {one.name: one for one in gguf.GGUFReader(one).tensors} for one in (file, tmp_path / "out" / "mine.gguf")
    )
    for name, one in old.items():
        if name != "blk.1.ffn_down.weight":
            assert bytes(new[name].data) == bytes(one.data), name
    a, b = adapter["model.layers.1.mlp.down_proj"]
    weight = llama.network.model.layers[1].mlp.down_proj.weight.detach() + b @ a
    read = gguf.quants.dequantize(new["blk.1.ffn_down.weight"].data, new["blk.1.ffn_down.weight"].tensor_type)
    assert np.abs(read - weight.numpy()).max() < off


def test_a_gguf_file_that_does_not_fit_is_refused(llama, tmp_path):
    adapter = change(llama, ["model.layers.1.mlp.down_proj"])
    out = tmp_path / "out" / "it.gguf"
    with pytest.raises(MissingData, match=r"nothing.gguf is not there"):
        write_gguf(out, llama, adapter, tmp_path / "nothing.gguf")
    (tmp_path / "text.gguf").write_text("not a model at all, only words")
    with pytest.raises(CorruptFile, match="cannot be read as a GGUF file"):
        write_gguf(out, llama, adapter, tmp_path / "text.gguf")
    narrow = {"model.layers.1.mlp.down_proj": (torch.ones(1, 48), torch.ones(32, 1))}
    with pytest.raises(BadData, match=r"no tensor 'blk.1.ffn_down.weight' of shape \[32, 48\]"):
        write_gguf(out, llama, narrow, written(tmp_path / "mine.gguf", llama, "F32"))
    assert not out.exists()
