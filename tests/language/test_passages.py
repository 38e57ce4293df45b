"""Passages are pieces of the text as it was said."""

from reverie.language.passages import passages_of

CODE = 'def area(width: float, height: float) -> float:\n    """Of a rectangle."""\n    return width * height\n\n\n'


def test_code_keeps_its_lines_and_its_indentation():
    text = CODE * 12
    assert len(text) > 1200
    passages = passages_of(text)
    assert len(passages) > 1
    assert all(one in text for one in passages)
    assert 'float:\n    """Of a rectangle."""\n    return width * height' in passages[0]
    assert "".join("".join(passages).split()) == "".join(text.split())


def test_every_passage_is_short_and_nothing_is_lost():
    for text in ("x" * 5000, "word " * 900, "Satz。" * 700, "A b.  C d!\n\tE" * 300, "e\u0301" * 2000):
        passages = passages_of(text)
        assert all(len(one) <= 801 for one in passages)
        assert "".join("".join(passages).split()) == "".join(text.split())
