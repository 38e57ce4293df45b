"""The folder of a pre-trained model, looked at before a library reads it: its files may be a stranger's.

What names code is refused (`auto_map`, modules that are not the library's own, adapters, attention kernels from
elsewhere), and so are sizes of which the weights hold nothing. Weights come from safetensors alone.
"""

import json
from pathlib import Path
from typing import Any

from reverie.errors import BadData, CorruptFile
from reverie.untrusted import parse_json, read_text

__all__ = ["require_plain_model"]

_JSON = 4 * 2**20  # bytes of a configuration
_CODE = ("auto_map", "trust_remote_code", "custom_pipelines", "custom_generate", "quantization_config", "peft_config")
_MODULES = ("Transformer", "Pooling", "Normalize", "Dense")
_ACTIVATIONS = (
    *(f"torch.nn.modules.activation.{name}" for name in ("Tanh", "ReLU", "GELU", "Sigmoid", "SiLU")),
    "torch.nn.modules.linear.Identity",
)
_LAYERS, _LARGEST = 256, 4_000_000  # of a network; of any other number of a configuration
_PICKLED = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl", "*.h5", "*.msgpack")
_SPARSE = 8  # how many numbers a configuration may promise for each byte of the weights


def require_plain_model(folder: Path) -> None:
    """Refuse the folder of a model that names code, or sizes beyond its weights.

    Raises
    ------
    BadData, CorruptFile
        The message names the file, and what is in it.
    """
    weights = sum(file.stat().st_size for file in folder.rglob("*.safetensors"))
    pickled = [file.name for kind in _PICKLED for file in folder.rglob(kind)]
    if pickled and not weights:
        raise CorruptFile(
            f"{folder} holds weights as {pickled[0]}, none as safetensors. Convert them: pickled weights can run code."
        )
    for name in ("adapter_config.json", "custom_generate"):
        if (folder / name).exists():
            raise BadData(f"{folder / name}: an adapter or code beside a model is not read. Merge it into the model.")
    for file in sorted(folder.rglob("*.json")):
        if file.name in ("config.json", "modules.json") or file.name.endswith("_config.json"):
            _require_plain(file, _read(file), weights)
    if (folder / "modules.json").exists():
        _require_modules(folder, _read(folder / "modules.json"))


def _read(file: Path) -> Any:
    try:
        return parse_json(read_text(file, largest=_JSON, what="model's configuration"))
    except ValueError as error:
        raise CorruptFile(f"{file} is not JSON ({error}). Get the model again.") from None


def _require_plain(file: Path, said: Any, weights: int) -> None:
    waiting, levels = [said], 0
    while waiting and levels < 20:
        inner: list[Any] = []
        for one in waiting:
            if isinstance(one, dict):
                _require_keys(file, one)
                _require_sizes(file, one, weights)
                inner += one.values()
            elif isinstance(one, list):
                inner += one
        waiting, levels = inner, levels + 1
    if waiting:
        raise CorruptFile(f"{file} has more than 20 levels within one another. Get the model again.")


def _require_keys(file: Path, said: dict[str, Any]) -> None:
    for key, value in said.items():
        kernel = "attn_implementation" in key and value not in (None, "eager", "sdpa")
        if (key in _CODE and value) or kernel:
            raise BadData(f"{file} names code ({key}: {json.dumps(value)[:100]}), which is not run. Use another model.")


def _require_sizes(file: Path, said: dict[str, Any], weights: int) -> None:
    numbers = {key: value for key, value in said.items() if type(value) is int}
    if file.name != "config.json":
        return
    for key, value in numbers.items():
        layers = "layers" in key or key in ("n_layer", "num_layers")
        if abs(value) > (_LAYERS if layers else _LARGEST):
            raise BadData(f"{file}: {key} is {value}. Expected at most {_LAYERS if layers else _LARGEST}.")
    width = max((numbers.get(key, 0) for key in ("hidden_size", "n_embd", "d_model", "dim")), default=0)
    promised = width * max(width, numbers.get("vocab_size", 0), numbers.get("intermediate_size", 0))
    if weights and promised > _SPARSE * weights:  # without weights, the library has nothing to read
        raise CorruptFile(f"{file} promises {promised} weights or more; the files hold {weights} bytes. Get it again.")


def _require_modules(folder: Path, said: Any) -> None:
    if not isinstance(said, list) or not all(isinstance(one, dict) for one in said):
        raise CorruptFile(f"{folder / 'modules.json'} is no list of modules. Get the model again.")
    for one in said:
        kind, place = str(one.get("type")), str(one.get("path", ""))
        known = kind.startswith("sentence_transformers.") and kind.rpartition(".")[2] in _MODULES
        if not known:
            raise BadData(
                f"{folder / 'modules.json'} names {kind!r}, which is not run. Known: {', '.join(_MODULES)} of "
                "sentence_transformers. Use another model."
            )
        inside = (folder / place).resolve().is_relative_to(folder.resolve())
        if not inside:
            raise BadData(f"{folder / 'modules.json'} leads out of the folder ({place!r}). Use another model.")
        if kind.endswith("Dense"):
            activation = str(_read(folder / place / "config.json").get("activation_function", ""))
            if activation not in _ACTIVATIONS:
                raise BadData(f"{folder / place} names {activation!r}, which is not run. Use another model.")
