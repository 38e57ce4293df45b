"""Normal forms of text: what a reader of facts looks at, and where one sentence ends and the next begins.

Two spellings of one sentence must be read alike: é as one character or as e with an accent, a no-break space or a
space, two spaces or one. So facts are read from a normal form; what a memory keeps is the text as it was said.
"""

import re
import unicodedata
from collections.abc import Callable

__all__ = ["naming", "normal_form", "sentences_of"]

_SIGNS = str.maketrans(
    {"’": "'", "‘": "'", "ʼ": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‐": "-", "‑": "-"}
)
_CLOSERS = "\"')]}»”’」』"
_SHORT_WORDS = (
    "dr mr mrs ms prof st sr jr sra dra mme mlle hr fr nr no vs etc e.g i.e z.b u.a bzw ca usw p.ej inc ltd co"
)
_SHORT = frozenset(_SHORT_WORDS.split())
_END = re.compile(rf"[.!?…]+[{re.escape(_CLOSERS)}]*(?=\s|$)|[。！？]+[{re.escape(_CLOSERS)}]*|\n+")


def normal_form(text: str) -> str:
    """A text in Unicode's form NFC, with plain quotes, without invisible signs, and with single spaces in a line.

    Examples
    --------
    >>> normal_form("Ana’s\\u00a0city  is Orle\\u0301ans\\u200b.")
    "Ana's city is Orléans."
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    if not lines.isascii():
        lines = "".join(
            " " if unicodedata.category(sign) == "Zs" else sign
            for sign in unicodedata.normalize("NFC", lines).translate(_SIGNS)
            if sign.isascii() or unicodedata.category(sign) != "Cf"
        )
    return "\n".join(" ".join(line.split()) for line in lines.split("\n"))


def sentences_of(text: str) -> list[str]:
    """The sentences of a normal form. The point of a title, of a number, of an address or of a name ends none.

    Examples
    --------
    >>> sentences_of("Ana's doctor is Dr. Meier. She is 1.75 m tall! Write to a@x.org?")
    ["Ana's doctor is Dr. Meier.", 'She is 1.75 m tall!', 'Write to a@x.org?']
    """
    found, start = [], 0
    for end in _END.finditer(text):
        if end[0].startswith("."):
            word = text[start : end.start()].rpartition(" ")[2].lstrip("\"'([{").casefold()
            initial = len(word) == 1 and word.isalpha() and text[end.start() - 1].isupper()
            if end.end() < len(text) and (word in _SHORT or (initial and end[0] == ".")):
                continue
        found.append(text[start : end.end()])
        start = end.end()
    found.append(text[start:])
    return [sentence.strip() for sentence in found if sentence.strip()]


def naming(name: str) -> Callable[[str], bool]:
    """Whether a text names someone, as a word of its own; in scripts without spaces, anywhere.

    Examples
    --------
    >>> names = naming("Ana")
    >>> names("ANA's city is Rome."), names("Anabel sings."), naming("安娜")("我见了安娜。")
    (True, False, True)
    """
    words = re.escape(normal_form(name).casefold()).replace("\\ ", r"\s+")
    unspaced = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
    looks = re.compile(words if unspaced.search(name) else rf"(?<!\w){words}(?!\w)")
    return lambda text: looks.search(normal_form(text).casefold()) is not None
