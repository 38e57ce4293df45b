"""The small language model that comes with the package: two million weights, trained on generated biographies.

It is what `make_embedded` makes from nothing in some minutes, rounded to sixteen bits. Its weights lie beside this file
as safetensors; its tokenizer is made anew.
"""

from pathlib import Path

import torch

from reverie.errors import MissingData
from reverie.language.cortex.causal import CausalModel
from reverie.language.cortex.tiny import biographies, tiny_model, train_tiny
from reverie.language.cortex.wordings import GENERAL
from reverie.language.cortex.world import World
from reverie.language.fact import Fact

__all__ = ["embedded_model", "make_embedded"]

_WEIGHTS = Path(__file__).parent / "tiny.safetensors"
_PEOPLE, _SEED, _SPELLED = 250, 0, 1200
_SYLLABLES = [
    front + middle + end for front in "bcdfghjklmnpqrstvwxyz " for middle in "aeiouy" for end in " bdgklmnprst"
]
_SYLLABLES = [syllable.replace(" ", "") for syllable in _SYLLABLES]


def embedded_model() -> CausalModel:
    """The model, as float32."""
    from safetensors.torch import load_file

    if not _WEIGHTS.is_file():
        raise MissingData(f"There is no {_WEIGHTS.name} in the package. Install it again, or make it: make_embedded().")
    model = tiny_model(generator=torch.Generator().manual_seed(_SEED))
    weights = {name: value.float() for name, value in load_file(_WEIGHTS).items()}
    model.network.load_state_dict(weights, strict=False)
    model.network.tie_weights()  # type: ignore[operator]
    return model


def made_up(count: int, generator: torch.Generator) -> list[Fact]:
    """Facts of words that mean nothing, from which the model learns to spell and what a fact is, but none to keep."""

    def word() -> str:
        length = int(torch.randint(2, 5, (), generator=generator))
        if float(torch.rand((), generator=generator)) < 0.1:
            return str(int(torch.randint(10**length, (), generator=generator)))
        pairs = torch.randint(len(_SYLLABLES), (length - 1,), generator=generator).tolist()
        return "".join(_SYLLABLES[pair] for pair in pairs)

    def words(most: int) -> str:
        return " ".join(word() for _ in range(int(torch.randint(1, most + 1, (), generator=generator))))

    return [Fact(words(2).title(), words(1), words(2)) for _ in range(count)]


def make_embedded(path: Path = _WEIGHTS) -> None:
    """Train the model from nothing and write its weights."""
    from safetensors.torch import save_file

    generator = torch.Generator().manual_seed(_SEED)
    world = World(people=_PEOPLE, generator=generator)
    model = tiny_model(generator=generator)
    spelled = [
        f"{GENERAL[1 + number % 2].tell(fact)} {GENERAL[number % 3].tell(fact)}"
        for number, fact in enumerate(made_up(_SPELLED, generator))
    ]  # the second sentence is sure after the first: so the model can be sure of letters
    train_tiny(model, biographies(world.facts, generator=generator), spelled, generator=generator)
    weights = dict(model.network.named_parameters())  # the tied read-out is the embedding, once
    save_file({name: value.detach().bfloat16().contiguous() for name, value in weights.items()}, path)
