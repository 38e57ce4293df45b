"""Lines of JSON from a client, each within a size; what cannot be read is answered, and not passed over in silence.

To a line which is no message a server of the Model Context Protocol says nothing, and its client waits for ever.
Such a line, and one that is too long, is handed on as a request of the same number for a method whose name is the
reason; so its answer is an error that says it.
"""

import io
import json
import re
from typing import Any

from mcp_types import jsonrpc_message_adapter
from pydantic import ValidationError
from pydantic_core import from_json

__all__ = ["ShortLines"]

_LONGEST = 1_000_000  # bytes of a line
_BLOCK = 65_536
_ID = rb'"id"\s*:\s*(-?\d{1,18}|"[\w.-]{1,64}")'
_FIRST = re.compile(rb'\s*\{\s*(?:"(?:jsonrpc|method)"\s*:\s*"[^"\\]{1,64}"\s*,\s*){0,2}' + _ID)
_LAST = re.compile(_ID + rb"\s*\}\s*\Z")


class ShortLines(io.RawIOBase):
    """A stream of bytes whose lines are within the size and can be read.

    Parameters
    ----------
    source : binary stream
        Of bytes from somebody.
    longest : int
        Bytes of a line.
    """

    def __init__(self, source: io.BufferedIOBase, *, longest: int = _LONGEST) -> None:
        super().__init__()
        self._source, self._longest = source, longest
        self._begun, self._tail, self._length = b"", b"", 0  # of the line that has not ended
        self._ready = bytearray()
        self._over = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._ready and not self._over:
            self._take(self._source.read1(_BLOCK))
        count = min(len(buffer), len(self._ready))
        buffer[:count] = self._ready[:count]
        del self._ready[:count]
        return count

    def _take(self, data: bytes) -> None:
        self._over = not data
        *ended, rest = data.split(b"\n")
        for part in ended:
            self._add(part)
            self._end()
        self._add(rest)
        if self._over and self._length:
            self._end()

    def _add(self, part: bytes) -> None:
        self._length += len(part)
        if self._length <= self._longest:
            self._begun += part
        else:
            self._begun = self._begun[:200] or part[:200]
            self._tail = (self._tail + part)[-200:]

    def _end(self) -> None:
        """Hand a whole line on."""
        line, tail, length = self._begun, self._tail, self._length
        self._begun, self._tail, self._length = b"", b"", 0
        if length > self._longest:
            line = _refused(line, tail, f"the line has {length} bytes, more than {self._longest}")
        elif line.strip():
            try:
                jsonrpc_message_adapter.validate_json(line, by_name=False)
            except ValidationError:
                line = _refused(line, line[-200:], _reason(line))
        self._ready += line + b"\n"


def _reason(line: bytes) -> str:
    """Why a line is no message."""
    try:
        from_json(line)
    except ValueError as error:
        return f"the line is no JSON ({error})"
    return "the line is no request, notification or answer of JSON-RPC 2.0"


def _refused(first: bytes, last: bytes, reason: str) -> bytes:
    """A request that is answered with the reason; nothing where the line has no number to answer to."""
    found = _FIRST.match(first) or _LAST.search(last)
    if found is None:
        return b""
    return b'{"jsonrpc": "2.0", "id": %s, "method": %s}' % (found[1], json.dumps(reason).encode())
