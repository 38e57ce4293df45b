"""Normal forms of text, and where sentences end."""

import pytest

from reverie.language.normal import normal_form, sentences_of

ONE = "Ana's city is Orléans."


@pytest.mark.parametrize(
    "text",
    [
        ONE,
        "Ana’s city is Orle\u0301ans.",
        "Ana's\u00a0city\u202fis\u2003Orléans.",
        "Ana's  city is   Orléans. ",
        "An\u200ba's city\ufeff is Or\u00adléans.",
        "\tAna's city\tis Orléans.\r\n".rstrip("\r\n"),
    ],
)
def test_spellings_of_one_sentence_have_one_form(text):
    assert normal_form(text) == ONE


def test_lines_stay_lines():
    assert normal_form("a  b\r\nc\rd\n") == "a b\nc\nd\n"


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("He saw Dr. Meier. She left.", ["He saw Dr. Meier.", "She left."]),
        ("It is 1.75 m long. So?", ["It is 1.75 m long.", "So?"]),
        ("See https://x.org/?a=b. Or a.b@x.org!", ["See https://x.org/?a=b.", "Or a.b@x.org!"]),
        ("J. R. Tolkien wrote. Read it", ["J. R. Tolkien wrote.", "Read it"]),
        ('She said "Go." Then left.', ['She said "Go."', "Then left."]),
        ("我搬家了。你呢？", ["我搬家了。", "你呢？"]),
        ("one\n\ntwo", ["one", "two"]),
        ("...", ["..."]),
        ("", []),
    ],
)
def test_sentences(text, sentences):
    assert sentences_of(text) == sentences
