"""The text of a PDF, read in a process of its own with limits: a PDF can ask for any amount of time and memory.

As a script (`python pdf.py FILE`) it needs pypdf alone, and prints the text.
"""

import subprocess
import sys
from pathlib import Path

__all__ = ["pdf_text"]

_LARGEST, _PAGES, _SECONDS, _BYTES, _TEXT = 50 * 2**20, 500, 20, 2**30, 5_000_000


def pdf_text(path: Path) -> str:
    """The text of a file.

    Raises
    ------
    ValueError
        It cannot be read, or not within the limits; the message says why.
    """
    if path.stat().st_size > _LARGEST:
        raise ValueError(f"more than {_LARGEST} bytes")
    command = [sys.executable, "-I", __file__, str(path.resolve())]
    try:
        done = subprocess.run(command, capture_output=True, timeout=2 * _SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise ValueError(f"it is not read within {_SECONDS} seconds") from None
    if done.returncode:
        last = done.stderr.decode(errors="replace").strip().split("\n")[-1]
        raise ValueError(last[:200] or f"it is not read within {_SECONDS} seconds and {_BYTES} bytes")
    return done.stdout.decode("utf-8", errors="replace")


def _main() -> None:
    try:
        import resource
    except ImportError:  # Windows has no such limits; the time limit stands
        pass
    else:
        resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
        resource.setrlimit(resource.RLIMIT_AS, (_BYTES, _BYTES))
    from pypdf import PdfReader

    pages = PdfReader(sys.argv[1]).pages
    found = [page.extract_text() for page, _ in zip(pages, range(_PAGES), strict=False)]
    sys.stdout.buffer.write("\n\n".join(found).encode("utf-8", errors="replace")[:_TEXT])


if __name__ == "__main__":
    _main()
