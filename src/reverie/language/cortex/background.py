"""The background against which a fact stands out: second moments of what layers see in questions of all kinds.

"What is Ana's dog?" shares most of what a layer sees with "What is Ana's street?" and with any other chat. A branch
that answered to what they share would tell Ana's dog when her street is asked for. So its directions are whitened by
the mean of k kᵀ over questions of which nothing is told: decoys (`reverie.language.cortex.decoys`) for people of whom
nothing is told and for the user, and everyday chat. It is measured once for a model and kept in the user's cache
folder.

Whitening of keys before an association is written: Kohonen, 1972, IEEE Transactions on Computers C-21; in a language
model's feed-forward layers: Meng et al., 2022, NeurIPS (ROME).
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from reverie.errors import ReverieError
from reverie.files import make_folder, replace_file
from reverie.language.cortex.blocks import blocks_of, writer_of
from reverie.language.cortex.causal import CausalModel
from reverie.language.cortex.chatting import asked_tokens, told_tokens
from reverie.language.cortex.decoys import PEOPLE, WHATS, everyday, plain
from reverie.streams.locate import cache_folder

__all__ = ["Background", "keys_kept", "layers_that_learn"]

Moments = dict[str, Tensor]
_GENERAL = (
    "What is the capital of Portugal?",
    "List five vegetables.",
    "Explain how snow forms.",
    "Write a short poem about a river.",
    "How do I cook rice?",
    "What is the difference between a planet and a star?",
    "Give me three tips for a job interview.",
    "Who painted the Mona Lisa?",
    "Translate 'thank you' into Spanish.",
    "What is 15 times 6?",
    "Write a short letter to a neighbour about noise.",
    "Why is grass green?",
    "Write a Python function that reverses a list.",
    "Describe a market in the morning.",
    "What does the word 'frugal' mean?",
    "Tell me a joke.",
)
_ANSWERED, _ENDS = 24, 9  # tokens: of an everyday answer; the answer begun and the sign before it
_SHARE = 3.0  # of each kind of decoys against everyday chat
_EVERYDAY = 6  # decoys of this kind for each of the people
_AT_ONCE = 8


def layers_that_learn(network: nn.Module) -> tuple[int, list[str]]:
    """The first block that learns, and the names of the layers that do: a sixth of them, from two thirds on.

    Earlier ones tell persons apart badly and cost more; the last ones spoil other text.
    """
    config: Any = network.config
    blocks = blocks_of(network)
    first = round(len(blocks) * 2 / 3)
    place = next(name for name, module in network.named_modules() if module is blocks)
    count = max(1, round(len(blocks) / 6))
    return first, [
        f"{place}.{number}.{writer_of(blocks[number], config.hidden_size)}"
        for number in range(first, min(first + count, len(blocks)))
    ]


@contextmanager
def keys_kept(network: nn.Module, layers: list[str]) -> Iterator[Moments]:
    """What each layer was last given, by its name, while this lasts."""
    found: Moments = {}

    def keep(name: str) -> Any:
        return lambda _, args: found.__setitem__(name, args[0].detach())

    handles = [network.get_submodule(name).register_forward_pre_hook(keep(name)) for name in layers]
    try:
        yield found
    finally:
        for handle in handles:
            handle.remove()


class Background:
    """Second moments of what layers see, and their inverse.

    Parameters
    ----------
    moments : dict of layer to Tensor, shape [n_in, n_in]
    ridge : float
        Added to the diagonal, as a share of its mean.
    """

    def __init__(self, moments: Moments, *, ridge: float = 0.3) -> None:
        self.moments = moments
        self._factors = {
            name: torch.linalg.cholesky(one + ridge * one.diagonal().mean() * torch.eye(len(one)))
            for name, one in moments.items()
        }

    def whitened(self, layer: str, keys: Tensor) -> Tensor:
        """C⁻¹ k for each key, shape [n, n_in]."""
        return torch.cholesky_solve(keys.T.contiguous(), self._factors[layer]).T

    @classmethod
    def of(cls, model: CausalModel) -> "Background":
        """That of a model: read from the cache folder, else measured and kept there."""
        _, layers = layers_that_learn(model.network)
        file = cache_folder() / "backgrounds" / f"{_digest(model, layers)}.safetensors"
        moments = _read(file, model, layers)
        if moments is None:
            moments = _measured(model, layers)
            _write(file, moments)
        return cls(moments)


def _measured(model: CausalModel, layers: list[str]) -> Moments:
    chats = [asked_tokens(model.tokenizer, one) for one in _GENERAL]
    replies = [one.text for one in model.reply(chats, longest=_ANSWERED)]
    chats = [told_tokens(model.tokenizer, one, said).tokens for one, said in zip(_GENERAL, replies, strict=True)]
    found = _moments(model, chats, layers, last=None)
    scale = {name: float(one.diagonal().mean()) for name, one in found.items()}
    for pairs in _decoys():
        rows = [told_tokens(model.tokenizer, question, begun, ended=False).tokens for question, begun in pairs]
        for name, one in _moments(model, rows, layers, last=_ENDS).items():
            found[name] = found[name] + _SHARE * scale[name] * one / one.diagonal().mean()
    return found


def _decoys() -> list[list[tuple[str, str]]]:
    """Of both kinds, always the same."""
    generator = torch.Generator().manual_seed(0)
    return [
        [pair for who in PEOPLE for pair in plain(who, len(WHATS) // 2, generator)],
        [pair for who in PEOPLE for pair in everyday(who, _EVERYDAY, generator)],
    ]


@torch.no_grad()
def _moments(model: CausalModel, rows: list[list[int]], layers: list[str], *, last: int | None) -> Moments:
    """Of all tokens but the first, on which attention rests, or of so many last ones."""
    sums = {name: torch.zeros(()) for name in layers}
    count = 0
    with keys_kept(model.network, layers) as kept:
        for begin in range(0, len(rows), _AT_ONCE):
            batch = model.padded(rows[begin : begin + _AT_ONCE])
            real = batch.real.clone()
            real[:, 0] = False
            if last is not None:
                place = torch.arange(real.shape[1])
                real &= place >= batch.real.sum(1, keepdim=True) - last
            model.logits(batch)
            count += int(real.sum())
            for name in layers:
                keys = kept[name][real].double()
                sums[name] = sums[name] + keys.T @ keys
    return {name: (one / count).float() for name, one in sums.items()}


def _digest(model: CausalModel, layers: list[str]) -> str:
    """Of the model's weights and of what is asked: another model, or other questions, are another background."""
    found = hashlib.sha256(repr((_decoys(), _GENERAL, _ANSWERED, _ENDS, _SHARE, layers)).encode())
    for name, value in sorted(model.network.state_dict().items()):
        found.update(name.encode())
        found.update(value.detach().contiguous().view(torch.uint8).numpy().tobytes())
    return found.hexdigest()[:32]


def _read(file: Path, model: CausalModel, layers: list[str]) -> Moments | None:
    """None where there is none that fits; one that is damaged is measured again."""
    try:
        moments = load(file.read_bytes())
        widths = {name: moments[name].shape for name in layers}
    except (OSError, SafetensorError, KeyError, ValueError):
        return None
    fits = all(
        len(shape) == 2 and shape[0] == shape[1] == _inputs(model.network.get_submodule(name))
        for name, shape in widths.items()
    )
    return moments if fits and all(bool(one.isfinite().all()) for one in moments.values()) else None


def _inputs(layer: nn.Module) -> int:
    weight: Any = layer.weight
    return int(weight.shape[0] if type(layer).__name__ == "Conv1D" else weight.shape[1])


def _write(file: Path, moments: Moments) -> None:
    """Whole or not at all; where it cannot be kept it is measured again next time."""
    with suppress(OSError, ReverieError):
        make_folder(file.parent)
        replace_file(file, save({name: one.contiguous() for name, one in moments.items()}))
