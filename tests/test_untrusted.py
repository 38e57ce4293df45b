"""YAML and JSON of strangers."""

import pytest
import yaml

from reverie.errors import BadData, CorruptFile, MissingData
from reverie.untrusted import no_links, parse_json, parse_yaml, read_text


def test_what_is_plain_is_read():
    values, tree = parse_yaml("a: [1, 2.5, x]\nb: &b {c: 2026-01-01}\nd: *b\n")
    assert values["a"] == [1, 2.5, "x"] and values["b"] is values["d"]
    assert tree.value[1][0].start_mark.line == 1
    assert parse_yaml("")[0] is None
    assert parse_json('{"a": [1]}') == {"a": [1]}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[" * 33 + "]" * 33, "more than 32 levels"),
        ("\n".join("  " * i + "a:" for i in range(40)), "more than 32 levels"),
        ("- x\n" * 6_001, "more than 6000 parts"),
        ("a: &a [" + "x, " * 200 + "x]\nb: [" + "*a, " * 60 + "x]", "aliases spelled out"),
        ("a: &a [*a]", "an alias that holds itself"),
        ("a: &a {<<: *a}", "an alias that holds itself"),
        ("a: " + "9" * 101, "more than 100 characters"),
        ("a: 2026-99-99", "month must be in"),
        ("x" * 300_000, "more than 262144"),
        ("!!python/object/apply:os.system [true]", "could not determine a constructor"),
    ],
)
def test_what_costs_too_much_is_refused(text, why):
    with pytest.raises(yaml.YAMLError, match=why):
        parse_yaml(text)


def test_at_the_limits_it_is_read():
    assert parse_yaml("[" * 32 + "]" * 32)[0]
    assert len(parse_yaml("- x\n" * 5_999)[0]) == 5_999


@pytest.mark.parametrize("text", ["[" * 100_000, "9" * 5000, "{", ""])
def test_json_beyond_python_is_a_value_error(text):
    with pytest.raises(ValueError):
        parse_json(text)


def test_files_are_small(tmp_path):
    file = tmp_path / "a"
    with pytest.raises(MissingData, match="No file"):
        read_text(file)
    file.write_bytes(b"x" * 11)
    with pytest.raises(CorruptFile, match="more than 10 bytes"):
        read_text(file, largest=10)
    file.write_bytes(b"\xff")
    with pytest.raises(CorruptFile, match="not UTF-8"):
        read_text(file)


def test_links_within_a_folder_are_refused(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert no_links(tmp_path, "real", "a") == tmp_path / "real" / "a"
    assert no_links(tmp_path / "link", "a")  # the folder itself is the user's to name
    with pytest.raises(CorruptFile, match="symbolic link"):
        no_links(tmp_path, "link", "a")


def test_a_message_has_no_million_letters():
    assert len(str(BadData("x" * 10**6))) < 2100
