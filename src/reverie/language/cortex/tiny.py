"""A small language model, trained here from nothing on generated biographies: the default for trying nights out.

A GPT of two million weights (four layers of 192) with a byte-level alphabet, so that it can at least spell what it has
never met. It knows the people of its world and the ways of telling; it knows no English beyond them.
"""

from typing import Any

import torch

from reverie.errors import MissingData
from reverie.language.cortex.causal import CausalModel
from reverie.language.cortex.rehearsal import rehearse
from reverie.language.cortex.wordings import GENERAL, Wordings
from reverie.language.cortex.world import WORLD_WORDINGS, vocabulary
from reverie.language.fact import Fact

__all__ = ["biographies", "tiny_model", "train_tiny"]

_VOCABULARY = 2048
_BEGIN, _END = "<s>", "</s>"


def biographies(
    facts: list[Fact], wordings: Wordings = WORLD_WORDINGS, *, generator: torch.Generator, asked: float = 0.5
) -> list[str]:
    """Every fact in all its wordings; the questions only of a share `asked` of the people, drawn by chance."""
    people = sorted({fact.who for fact in facts})
    draws = torch.rand(len(people), generator=generator).tolist()
    quizzed = {who for who, draw in zip(people, draws, strict=True) if draw < asked}
    return [
        wording.tell(fact)
        for fact in facts
        for wording in (*wordings.of(fact.what), *GENERAL)
        if fact.who in quizzed or not wording.asks
    ]


def tiny_model(*, width: int = 192, depth: int = 4, generator: torch.Generator) -> CausalModel:
    """A model that knows nothing yet: `depth` layers of `width`, heads of 48."""
    try:
        from transformers import GPT2Config, GPT2LMHeadModel
    except ImportError:
        raise MissingData(
            "Language models need packages that are not installed. Run: pip install 'reverie[language]'"
        ) from None
    tokenizer = _tokenizer()
    config = GPT2Config(
        vocab_size=len(tokenizer),
        n_positions=128,
        n_embd=width,
        n_layer=depth,
        n_head=max(width // 48, 1),
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    with torch.random.fork_rng():
        torch.manual_seed(int(torch.randint(2**31, (), generator=generator)))
        return CausalModel(GPT2LMHeadModel(config), tokenizer)


def train_tiny(
    model: CausalModel, sentences: list[str], besides: list[str] | None = None, *, steps: int = 320,
    generator: torch.Generator,
) -> None:  # fmt: skip
    """Teach a model from nothing what sentences say, in some minutes on one core; `besides` are fewer in each step."""
    rehearse(
        model,
        sentences,
        besides or [],
        steps=steps,
        told_batch=128,
        batch=16,
        learning_rate=5e-3,
        weight_decay=0.1,
        generator=generator,
    )


def _tokenizer() -> Any:
    """The same at every call: every word of the world is a token, and any other text is spelled in bytes."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=_VOCABULARY,
        special_tokens=[_BEGIN, _END],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(vocabulary(), trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token=_BEGIN, eos_token=_END)  # type: ignore[no-untyped-call]
