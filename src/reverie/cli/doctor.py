"""`reverie doctor`: what is installed, which loops run, what is missing and how to get it. It changes nothing."""

import json
import re
from collections import defaultdict
from importlib import metadata
from typing import Any

import typer

from reverie import __version__
from reverie.cli.common import Json

__all__ = ["examine", "register"]

_JOBS = {
    "serve": "a brain or a memory over HTTP, with a page",
    "edge": "export to ONNX",
    "drift": "telling when a stream has changed",
    "ray": "comparisons and modules on many machines",
    "photo": "photos: a small pre-trained network, AVIF and HEIC",
    "sound": "sound files",
    "table": "Parquet and Arrow",
    "language": "MiniLM, and language models that learn at night",
    "gguf": "writing a language model for llama.cpp",
    "mcp": "a memory for assistants",
    "assistants": "a memory in LangGraph and LlamaIndex",
    "postgres": "memories of many users in PostgreSQL",
    "spiking": "exchange of spiking networks (NIR)",
    "disciplines": "theory as modules: formulas, units, documents, reactions, molecules",
    "video": "video files, how pictures move, edges of masks",
    "agents": "environments to act in",
}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("doctor")(doctor)


def doctor(as_json: Json = False) -> None:
    """Say what is installed, which loops run, what is missing and how to get it."""
    found = examine()
    if as_json:
        typer.echo(json.dumps(found))
        return
    here = found["machine"]
    typer.echo(f"reverie {found['version']}, Python {here['python']}, PyTorch {here['torch']}, {here['platform']}")
    typer.echo(f"{here['cpu']}, {here['cores']} cores, {found['capability']}; GPU: {found['gpu'] or 'none'}")
    loops = (
        "run" if found["compiled"] else "are not there: the same results, slower. With a C compiler: reinstall reverie"
    )
    typer.echo(f"Compiled loops {loops}.")
    typer.echo(f"Data sets found: {', '.join(found['data']) or 'none but what scikit-learn brings'}.")
    typer.echo("")
    for one in found["extras"]:
        state = "installed" if not one["missing"] else f"missing: {', '.join(one['missing'])}"
        typer.echo(f"{one['name']:<12} {one['job']}: {state}")
        if one["missing"]:
            typer.echo(f"{'':<12} pip install 'reverie[{one['name']}]'")


def examine() -> dict[str, Any]:
    """What `reverie doctor` says, as one object."""
    import torch

    from reverie.evaluation import machine
    from reverie.native import available
    from reverie.streams.locate import catalogue

    needs = _needs()
    return {
        "version": __version__,
        "machine": machine(),
        "capability": torch.backends.cpu.get_cpu_capability(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "compiled": available(),
        "data": sorted(one["name"] for one in catalogue() if one["path"] is not None),
        "extras": [
            {"name": name, "job": job, "missing": sorted(one for one in needs.get(name, ()) if not _installed(one))}
            for name, job in _JOBS.items()
        ],
    }


def _needs() -> dict[str, set[str]]:
    """The packages of each extra; an extra within another counts as its packages."""
    found: dict[str, set[str]] = defaultdict(set)
    within: dict[str, set[str]] = defaultdict(set)
    for line in metadata.requires("reverie") or []:
        name, extra = re.match(r"[\w.-]+", line), re.search(r"extra == ['\"]([\w-]+)['\"]", line)
        if name is None or extra is None:
            continue
        if name[0] == "reverie":
            within[extra[1]].update(re.findall(r"[\w-]+", line.split("[")[1].split("]")[0]))
        else:
            found[extra[1]].add(name[0])
    for outer, inner in within.items():
        found[outer] = found[outer].union(*(found.get(one, set()) for one in inner))
    return found


def _installed(package: str) -> bool:
    try:
        metadata.version(package)
    except metadata.PackageNotFoundError:
        return False
    return True
