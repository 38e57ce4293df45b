"""A memory as lines of JSON: one for each episode, then one for each recall that was confirmed.

An episode has the fields of `reverie.memory.episodic.Episode` and no vector; times are in ISO 8601. A file that
comes in gets new ids; facts find their versions by their dates, and what the weights knew waits for a night again.
Trust is never raised: a file is as trusted as the caller says, and no line more than it says itself.
"""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from reverie.errors import BadData, CorruptFile, MissingData
from reverie.language.passages import check_text
from reverie.language.recollection import Recollection
from reverie.memory.episodic import Episode, EpisodicStore
from reverie.record import replace_file
from reverie.untrusted import parse_json

__all__ = ["dates_of", "line_of", "read_lines", "write_lines"]

_TEXTS = ("who", "what", "value", "kind", "source", "session")
_RANGES = {"novelty": (0, 2), "importance": (0, 1), "stability": (1e-3, 1e5), "difficulty": (1, 10)}
_LARGEST_ID = 2**63
_TIMES = ("heard", "valid_from", "valid_to", "rehearsed")


def line_of(one: Episode) -> dict[str, Any]:
    """An episode as JSON says it."""
    fields = {name: getattr(one, name) for name in Episode.__dataclass_fields__}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in fields.items()}


def dates_of(one: Recollection) -> list[dict[str, str]]:
    """The dates of a recollection as JSON says them; `until` is the first moment after."""
    return [
        {"words": date.words, "since": date.since.isoformat(), "until": date.until.isoformat()} for date in one.dates
    ]


def write_lines(store: EpisodicStore, path: Path) -> int:
    """Write all that has content to a file, whole or not at all; how many lines."""
    lines = [line_of(one) for one in store.all() if one.text is not None]
    lines += [{"question": one.question, "answers": one.ids, "at": one.at.isoformat()} for one in store.confirmed()]
    replace_file(path, "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode())
    return len(lines)


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of a file, checked: episodes with times as times, and confirmed recalls.

    Raises
    ------
    CorruptFile
        Where a line is not what was expected; says which and why.
    """
    try:
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        raise MissingData(f"There is no file {path}. Check the name.") from None
    except UnicodeDecodeError as error:
        raise CorruptFile(f"{path} is not UTF-8 (byte {error.start}). Write it again as UTF-8.") from None
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            yield _checked(parse_json(line))
        except (ValueError, TypeError, KeyError, OverflowError) as error:
            reason = f"{type(error).__name__}: {error}" if isinstance(error, KeyError) else str(error)
            raise CorruptFile(
                f"{path} line {number} is not a line of a memory ({reason}). Nothing was imported; mend or drop it."
            ) from None


def _checked(line: Any) -> dict[str, Any]:
    if not isinstance(line, dict):
        raise BadData("expected an object")
    if "question" in line:
        if not all(isinstance(one, int) and 0 <= one < _LARGEST_ID for one in line["answers"]):
            raise BadData("expected the ids of the answers")
        return {
            "question": check_text(line["question"], "question"),
            "answers": line["answers"],
            "at": _time(line.get("at")),
        }
    if not isinstance(line.get("text"), str):
        raise BadData("expected a text, or a question")
    number = line.get("id")
    if number is not None and not (isinstance(number, int) and 0 <= number < _LARGEST_ID):
        raise BadData(f"the id is {number!r}, expected a whole number")
    found: dict[str, Any] = {
        "id": number,
        "text": check_text(line["text"]),
        "trusted": line.get("trusted", True) is True,
    }
    for name in _TEXTS:
        if line.get(name) is not None:
            found[name] = check_text(line[name], name, longest=1000)
    for name, (least, most) in _RANGES.items():
        if line.get(name) is not None:
            found[name] = float(line[name])
            if not least <= found[name] <= most:
                raise BadData(f"{name} is {line[name]}, expected a number from {least} to {most}")
    for name in _TIMES:
        if line.get(name) is not None:
            found[name] = _time(line[name])
    return found


def _time(value: Any) -> datetime | None:
    if value is None:
        return None
    at = datetime.fromisoformat(value)
    if at.tzinfo is None:
        raise BadData(f"the time {value} has no time zone")
    if not 1 < at.year < 9999:
        raise BadData(f"the time {value} lies outside the years 2 to 9998")
    return at
