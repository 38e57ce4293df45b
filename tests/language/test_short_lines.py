"""What a client sends, line by line."""

import io
import json

import pytest

pytest.importorskip("mcp", reason="the package mcp is not installed: pip install 'reverie[mcp]'")


def read(data, *, longest=400, block=None):
    """The lines that are handed on."""
    from reverie.language.short_lines import ShortLines

    class Slow(io.BytesIO):
        def read1(self, size=-1):
            return super().read1(block or size)

    return io.BufferedReader(ShortLines(Slow(data), longest=longest)).read().split(b"\n")[:-1]


def request(number, text="hello", **more):
    params = {"name": "remember", "arguments": {"text": text}}
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params} | more).encode()


@pytest.mark.parametrize("block", [None, 1, 7])
def test_messages_pass_as_they_are(block):
    lines = [
        request(1),
        request("a-b"),
        b"",
        b'{"jsonrpc": "2.0", "method": "notifications/initialized"}',
        request(2, "é𝕏"),
    ]
    assert read(b"\n".join(lines), block=block) == lines


@pytest.mark.parametrize("block", [None, 1, 150])
@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (request(7, "x" * 500), "bytes, more than 400"),
        (
            b'{"method": "tools/call", "params": {"a": "' + b"x" * 500 + b'"}, "jsonrpc": "2.0", "id": 7}',
            "more than 400",
        ),
        (request(7, "half \ud83d"), "no JSON"),
        (b'{"jsonrpc": "2.0", "id": 7, "method": "m", "params": ' + b"[" * 300, "no JSON"),
        (b'{"jsonrpc": "2.0", "id": 7, "method": "\xff"}', "no JSON"),
        (b'{"jsonrpc": "2.0", "id": 7, "method": 5}', "no request"),
        (b'{"jsonrpc": "2.0", "id": 7, "method": "m", "params": 5}', "no request"),
    ],
)
def test_a_line_that_cannot_be_read_is_answered_under_its_number(line, reason, block):
    before, made, after = read(b"\n".join([request(1), line, request(2)]), block=block)
    assert (before, after) == (request(1), request(2))
    made = json.loads(made)
    assert made.keys() == {"jsonrpc", "id", "method"}
    assert made["id"] == 7
    assert reason in made["method"]


@pytest.mark.parametrize(
    "line", [b"garbage", b"\0\xff", b"x" * 1000, b'{"jsonrpc": "2.0", "method": 5}', b"[]", b'{"id": {}}']
)
def test_a_line_without_a_number_is_passed_over(line):
    assert read(b"\n".join([request(1), line, request(2)])) == [request(1), b"", request(2)]


def test_a_line_without_an_end_takes_no_more_room_than_its_limit():
    from reverie.language.short_lines import ShortLines

    class Endless(io.BufferedIOBase):
        left = 2000

        def read1(self, size):
            self.left -= 1
            return b"x" * size if self.left > 0 else b""

    lines = ShortLines(Endless(), longest=100_000)
    held = []
    take = lines._take
    lines._take = lambda data: (take(data), held.append(len(lines._begun) + len(lines._tail) + len(lines._ready)))
    assert io.BufferedReader(lines).read() == b"\n"
    assert len(held) == 2000
    assert max(held) <= 100_000
