"""A causal language model and its tokenizer: what it says next, how sure it is, and what a sentence costs it.

Any model of the `transformers` library will do. Sentences stand alone: nothing is put before them but the model's own
sign of a beginning, where it has one. So what a cue brings forth comes out of the weights.
"""

import copy
from collections import defaultdict
from pathlib import Path
from typing import Any, NamedTuple

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn
from torch.nn import functional as F

from reverie.errors import BadData, CorruptFile, MissingData
from reverie.model_folder import require_plain_model

__all__ = ["Batch", "CausalModel", "Completion"]

_LONGEST = 12  # tokens of a value
_AT_ONCE, _REPLIES = 256, 32  # cues; chats


class Completion(NamedTuple):
    """What a model says next, and how sure it is: the geometric mean of the probabilities of its tokens, 0…1."""

    text: str
    confidence: float


class Batch(NamedTuple):
    """Sentences as tokens: `ids` and `real`, shape [n, t]; after its end a sentence is not real."""

    ids: Int64[Tensor, "n t"]
    real: Bool[Tensor, "n t"]


class CausalModel:
    """A language model with its tokenizer.

    Parameters
    ----------
    network : torch.nn.Module
        A causal language model of `transformers`.
    tokenizer : Any
        Its tokenizer.
    """

    def __init__(self, network: nn.Module, tokenizer: Any) -> None:
        self.network, self.tokenizer = network, tokenizer
        begin, end = tokenizer.bos_token_id, tokenizer.eos_token_id
        if end is None:
            raise BadData(
                "The tokenizer has no sign for the end of a text (eos_token). Give one that has: nights need it."
            )
        self._begin = [] if begin is None else [begin]
        self._end = int(end)
        texts: list[str] = tokenizer.batch_decode([[token] for token in range(len(tokenizer))])
        self._stops = [self._end, *(token for token, text in enumerate(texts) if "." in text)]

    def with_network(self, network: nn.Module) -> "CausalModel":
        """The same model with other weights; what is known of the tokenizer is not found out again."""
        other = copy.copy(self)
        other.network = network
        return other

    @classmethod
    def load(cls, path: Path) -> "CausalModel":
        """Read a folder as `save_pretrained` writes it; nothing is downloaded, nothing unpickled."""
        try:
            from transformers import AutoModelForCausalLM, AutoTokenizer
        except ImportError:
            raise MissingData(
                "Language models need packages that are not installed. Run: pip install 'reverie[language]'"
            ) from None
        if not (path / "config.json").is_file():
            raise MissingData(
                f"{path} is not the folder of a language model: it has no config.json. Expected one that a causal"
                " language model of transformers was saved to (save_pretrained)."
            )
        require_plain_model(path)
        try:
            tokenizer = AutoTokenizer.from_pretrained(path, local_files_only=True, trust_remote_code=False)
            network = AutoModelForCausalLM.from_pretrained(
                path, local_files_only=True, trust_remote_code=False, use_safetensors=True, dtype=torch.float32
            )
        except Exception as error:  # the library raises a dozen kinds
            first = str(error).strip().split("\n")[0][:200]
            raise CorruptFile(
                f"{path} cannot be read as a causal language model ({type(error).__name__}: {first}). Expected"
                " config.json, a tokenizer and weights as safetensors."
            ) from error
        return cls(network, tokenizer)

    def save(self, path: Path) -> None:
        network: Any = self.network
        network.save_pretrained(path)
        self.tokenizer.save_pretrained(path)

    @property
    def longest(self) -> int:
        """Tokens that a sentence may have."""
        return int(getattr(self.network.config, "max_position_embeddings", 1024))

    def encode(self, sentences: list[str], *, ended: bool = True) -> Batch:
        """Sentences as tokens, from their beginning to their end."""
        rows = [self._tokens(sentence) + [self._end] * ended for sentence in sentences]
        width = max(map(len, rows))
        if width > self.longest:
            long = sentences[max(range(len(rows)), key=lambda row: len(rows[row]))]
            raise BadData(
                f"A sentence of {width} tokens is longer than the model's {self.longest}: {long[:60]!r}… Split it."
            )
        return self.padded(rows)

    def padded(self, rows: list[list[int]], *, left: bool = False) -> Batch:
        """Rows of tokens side by side, which begin together, or with `left` end together."""
        width = max(map(len, rows))
        ids = torch.full((len(rows), width), self._end)
        real = torch.zeros(len(rows), width, dtype=torch.bool)
        for row, tokens in enumerate(rows):
            place = slice(width - len(tokens), width) if left else slice(len(tokens))
            ids[row, place] = torch.tensor(tokens)
            real[row, place] = True
        return Batch(ids, real)

    def _tokens(self, text: str) -> list[int]:
        return self._begin + list(self.tokenizer.encode(text, add_special_tokens=False))

    def logits(self, batch: Batch) -> Float[Tensor, "n t v"]:
        """Of the token after each; what comes after a sentence's end cannot be seen from before it."""
        logits: Tensor = self.network(input_ids=batch.ids).logits
        return logits

    def loss(self, batch: Batch) -> Float[Tensor, ""]:
        """Cross-entropy of the tokens after the first, nat per token."""
        logits = self.logits(batch)[:, :-1][batch.real[:, 1:]]
        return F.cross_entropy(logits, batch.ids[:, 1:][batch.real[:, 1:]])

    @torch.no_grad()
    def complete(self, cues: list[str]) -> list[Completion]:
        """What the model says after each cue, the likeliest token each time, up to a full stop or its own end."""
        said = self._next([self._tokens(cue) for cue in cues], longest=_LONGEST, stops=self._stops)
        return [Completion(one.text.split(".")[0].strip(), one.confidence) for one in said]

    @torch.no_grad()
    def reply(self, prompts: list[list[int]], *, longest: int = 40) -> list[Completion]:
        """What the model says after each row of tokens, the likeliest token each time, up to its own end.

        Raises
        ------
        BadData
            Where a row leaves no room for an answer.
        """
        self.network.eval()
        found: list[Completion] = []
        for start in range(0, len(prompts), _REPLIES):
            batch = self.padded(prompts[start : start + _REPLIES], left=True)
            room = self.longest - batch.ids.shape[1]
            if room < 1:
                raise BadData(
                    f"A chat of {batch.ids.shape[1]} tokens leaves no room for an answer: the model takes"
                    f" {self.longest}. Leave out the oldest turns."
                )
            found += self._greedy(batch, min(longest, room), [self._end])
        return found

    def _next(self, tokens: list[list[int]], *, longest: int, stops: list[int]) -> list[Completion]:
        self.network.eval()
        by_length: dict[int, list[int]] = defaultdict(list)
        for index, row in enumerate(tokens):
            by_length[len(row)].append(index)
        found: dict[int, Completion] = {}
        for indices in by_length.values():
            for start in range(0, len(indices), _AT_ONCE):
                some = indices[start : start + _AT_ONCE]
                ids = torch.tensor([tokens[index] for index in some])
                some_of_a_length = Batch(ids, torch.ones_like(ids, dtype=torch.bool))
                found |= zip(some, self._greedy(some_of_a_length, longest, stops), strict=True)
        return [found[index] for index in range(len(tokens))]

    def _greedy(self, batch: Batch, longest: int, stops: list[int]) -> list[Completion]:
        ids = batch.ids
        said = self.network.generate(  # type: ignore[operator]
            ids,
            attention_mask=batch.real.long(),
            max_new_tokens=longest,
            do_sample=False,
            eos_token_id=stops,
            pad_token_id=self._end,
            output_logits=True,
            return_dict_in_generate=True,
        )
        new = said.sequences[:, ids.shape[1] :]
        log_p, count = torch.zeros(len(ids)), torch.zeros(len(ids))
        going = torch.ones(len(ids), dtype=torch.bool)
        ends = torch.tensor(stops)
        for step, logits in enumerate(said.logits):
            log_p += logits.float().log_softmax(1).amax(1) * going
            count += going
            going &= ~torch.isin(new[:, step], ends)
        sure = (log_p / count).exp()
        texts = self.tokenizer.batch_decode(new, skip_special_tokens=True)
        return [Completion(text.strip(), float(p)) for text, p in zip(texts, sure, strict=True)]

    @torch.no_grad()
    def sample(self, count: int, generator: torch.Generator, *, longest: int = 24) -> list[str]:
        """Sentences of the model's own, token by token as its probabilities have it: a free dream."""
        self.network.eval()
        said: list[str] = []
        with torch.random.fork_rng():
            torch.manual_seed(int(torch.randint(2**31, (), generator=generator)))
            while len(said) < count:
                begun = torch.full((min(_AT_ONCE, count - len(said)), 1), (self._begin or [self._end])[0])
                ids = self.network.generate(  # type: ignore[operator]
                    begun,
                    attention_mask=torch.ones_like(begun),
                    max_new_tokens=longest,
                    do_sample=True,
                    top_k=0,
                    eos_token_id=self._end,
                    pad_token_id=self._end,
                )
                said += [text.strip() for text in self.tokenizer.batch_decode(ids, skip_special_tokens=True)]
        return [text for text in said if text]
