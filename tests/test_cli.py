"""The command line as a user meets it, with good input and with bad; in its own process where that matters."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from commands import apart, here

QUICK = ["--set", "iterations=5"]


def test_run_prints_json_alone_and_writes_the_folder(tmp_path):
    done = apart("run", "--learner", "exact", "--out", "out", "--json")
    assert done.returncode == 0, done.stderr
    results = json.loads(done.stdout)
    assert results == json.loads((tmp_path / "out" / "results.json").read_text())
    wanted = (
        "stream scenario learner seed config accuracy final_accuracy forgetting seconds samples state_bytes "
        "stored_samples macs synops bytes_moved peak_memory_bytes version machine"
    )
    assert set(wanted.split()) <= results.keys()
    assert results["stored_samples"] == 0
    assert results["final_accuracy"] > 0.95
    assert results["samples"] == 1438
    assert (tmp_path / "out" / "report.html").exists()
    assert [len(row) for row in results["accuracy"]] == [1, 2, 3, 4, 5]


def test_the_exact_memory_has_the_same_number_for_any_order_of_classes():
    """Over all test samples; the mean over experiences weighs classes by the pair they happen to come in."""
    words = ["run", "--learner", "exact", "--set", "width=300", "--json"]
    found = [json.loads(here(*words, "--order", order, "--out", order).stdout) for order in ("0", "1")]
    assert found[0]["sample_accuracy"] == pytest.approx(found[1]["sample_accuracy"], abs=1e-6)
    assert found[0]["accuracy"] != found[1]["accuracy"]


def test_flags_and_file_give_the_same_result(tmp_path):
    (tmp_path / "run.yaml").write_text(
        "stream: digits\nlearner: er\nscenario: task\nseed: 3\norder: 2\nclasses_per_experience: 5\n"
        "settings: {iterations: 5, hidden: [20]}\n"
    )
    by_file = json.loads(here("run", "--config", "run.yaml", "--out", "a", "--json").stdout)
    flags = ["--learner", "er", "--scenario", "task", "--seed", "3", "--order", "2", "--classes-per-experience", "5"]
    by_flags = json.loads(here("run", *flags, *QUICK, "--set", "hidden=[20]", "--out", "b", "--json").stdout)
    assert by_file["accuracy"] == by_flags["accuracy"]
    assert by_file["config"] == by_flags["config"]


def test_an_unsuited_learner_warns_on_standard_error():
    done = apart("run", "--learner", "ewc", *QUICK, "--json", "--out", "out")
    assert "Warning: ewc is not made for class-incremental" in done.stderr
    json.loads(done.stdout)


BAD = {
    "unknown learner": (["run", "--learner", "nave"], "Unknown learner 'nave'. Did you mean 'naive'? Known: bir,"),
    "unknown stream": (["run", "--stream", "digit"], "Did you mean 'digits'?"),
    "unknown scenario": (["run", "--scenario", "all"], "scenario is 'all'"),
    "unknown setting": (["run", "--learner", "naive", "--set", "iteration=5"], "Did you mean 'iterations'?"),
    "setting of another type": (["run", "--learner", "naive", "--set", "iterations=many"], "iterations is 'many'"),
    "negative setting": (["run", "--learner", "naive", "--set", "iterations=-5"], "iterations is -5"),
    "setting without value": (["run", "--set", "iterations"], "not of the form key=value"),
    "unknown key in the file": (["run", "--config", "bad.yaml"], "'lerner'. Did you mean 'learner'?"),
    "file that is not YAML": (["run", "--config", "torn.yaml"], "is not YAML"),
    "missing file": (["run", "--config", "none.yaml"], "No file none.yaml"),
    "negative seed": (["run", "--seed", "-1"], "seed is -1"),
    "unknown device": (["run", "--device", "quantum"], "device is 'quantum'"),
    "resume without a folder": (["run", "--resume"], "--resume needs --out"),
    "unknown option": (["run", "--sead", "1"], "No such option"),
    "not a module": (["run", "--learner", "nowhere:Learner"], "cannot be imported"),
    "not a learner": (["run", "--learner", "json:JSONDecoder"], "not a subclass of"),
    "missing data set": (
        ["run", "--stream", "split-mnist"],
        "The data set mnist is not there. Put mnist/mnist.npz into",
    ),
    "missing path": (["run", "--stream", "no/such.npz"], "No file or folder no/such.npz"),
    "pickled data": (["run", "--stream", "pickled.npz"], "pickled"),
    "report of nothing": (["report", "."], "is not a run folder"),
    "seeds that are no numbers": (["compare", "--learners", "ncm", "--seeds", "a"], "--seeds is 'a'"),
    "no learners": (["compare", "--learners", ","], "Expected one or more names"),
    "unknown learner in a comparison": (["compare", "--learners", "ncm,nmc"], "Unknown learner 'nmc'"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line_and_exit_code_2(case, tmp_path):
    (tmp_path / "bad.yaml").write_text("lerner: naive\n")
    (tmp_path / "torn.yaml").write_text("learner: [naive\n")
    np.savez(tmp_path / "pickled.npz", train_x=np.array([{}], dtype=object))
    before = sorted(tmp_path.rglob("*"))
    words, says = BAD[case]
    done = here(*words, REVERIE_DATA=str(tmp_path / "none"), XDG_CACHE_HOME=str(tmp_path / "none"))
    assert done.returncode == 2
    assert done.stdout == ""
    assert says in done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert sorted(tmp_path.rglob("*")) == before, "something was written"


def test_an_occupied_folder_is_left_alone(tmp_path):
    here("run", "--learner", "ncm", "--out", "out", "--json")
    before = (tmp_path / "out" / "results.json").read_bytes()
    again = here("run", "--learner", "ncm", "--out", "out", "--json")
    assert again.returncode == 2
    assert "holds a run already" in again.stderr
    other = here("run", "--learner", "slda", "--out", "out", "--json", "--resume")
    assert other.returncode == 2
    assert "learner = 'ncm', not 'slda'" in other.stderr
    assert (tmp_path / "out" / "results.json").read_bytes() == before


@pytest.mark.parametrize("harm", ["torn", "altered", "foreign"])
def test_a_corrupt_checkpoint_is_named(harm, tmp_path):
    here("run", "--learner", "ncm", "--out", "out", "--json")
    (tmp_path / "out" / "results.json").unlink()
    state = tmp_path / "out" / "checkpoint" / "state.json"
    tensors = next((tmp_path / "out" / "checkpoint").glob("*.safetensors"))
    whole = tensors.read_bytes()
    if harm == "torn":
        tensors.write_bytes(whole[:-9])
    elif harm == "altered":
        tensors.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    else:
        state.write_text('{"format": "something else"}')
    done = here("run", "--learner", "ncm", "--out", "out", "--json", "--resume")
    assert done.returncode == 2
    assert "torn or altered" in done.stderr or "not a Reverie checkpoint" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_full_disk_is_one_line():
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    done = here("run", "--learner", "ncm", "--out", "/dev/full/out", "--json")
    assert done.returncode == 2
    assert done.stderr.startswith("Error: ")
    assert done.stderr.count("\n") == 1


def test_debug_shows_the_traceback():
    done = apart("run", "--learner", "nave", "--debug")
    assert done.returncode == 1
    assert "Traceback" in done.stderr


SLOW = ["run", "--learner", "er", "--set", "iterations=400", "--out", "out", "--json"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The results of that run where nothing stops it."""
    return json.loads(apart(*SLOW[:-2], str(tmp_path_factory.mktemp("whole") / "out"), "--json").stdout)


@pytest.mark.parametrize("blow", [signal.SIGINT, signal.SIGKILL])
def test_a_stopped_run_goes_on_to_the_same_numbers(blow, whole, tmp_path):
    events = tmp_path / "out" / "events.jsonl"
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "reverie", *SLOW], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    while process.poll() is None and not (events.exists() and events.read_text().count("\n") >= 2):
        time.sleep(0.02)
    process.send_signal(blow)
    _, said = process.communicate(timeout=900)
    assert process.returncode != 0
    assert not (tmp_path / "out" / "results.json").exists()
    if blow != signal.SIGKILL:
        assert process.returncode == 130
        assert b"--resume" in said
        assert said.count(b"\n") == 1
    resumed = json.loads(apart(*SLOW, "--resume").stdout)
    assert resumed["accuracy"] == whole["accuracy"]
    assert resumed["macs"] == whole["macs"]


@pytest.mark.slow
def test_a_killed_comparison_goes_on_to_the_same_table(tmp_path):
    words = [
        "compare",
        "--learners",
        "naive,er,ncm",
        "--seeds",
        "0,1",
        "--set",
        "iterations=150",
        "--jobs",
        "2",
        "--json",
    ]
    whole = json.loads(apart(*words, "--out", "whole").stdout)
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "reverie", *words, "--out", "out", "--resume"]
    for pause in (3.0, 4.0, 5.0):
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(pause)
        process.kill()
        process.wait()
    resumed = json.loads(apart(*words, "--out", "out", "--resume").stdout)
    assert [run["accuracy"] for run in resumed] == [run["accuracy"] for run in whole]
    assert [run["learner"] for run in resumed] == ["naive", "er", "ncm"] * 2


def test_lists(tmp_path):
    assert "bir" in json.loads(here("learners", "--json").stdout)
    assert "memristor" in json.loads(here("streams", "--json").stdout)
    entries = json.loads(here("data", "--json", REVERIE_DATA=str(tmp_path), XDG_CACHE_HOME=str(tmp_path)).stdout)
    mnist = next(entry for entry in entries if entry["name"] == "mnist")
    assert mnist["path"] is None
    assert "mnist/mnist.npz" in mnist["how_to_get"]
    assert "missing" in here("data", REVERIE_DATA=str(tmp_path), XDG_CACHE_HOME=str(tmp_path)).stdout


def test_help_is_quick_and_imports_nothing_heavy():
    code = "import sys, reverie.cli; sys.exit('torch' in sys.modules or 'sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert apart("--help").returncode == 0
    assert apart("--version").stdout.strip() == "0.1.0"


@pytest.mark.parametrize("kind", ["npz", "csv", "pictures"])
def test_the_users_own_data(kind, tmp_path):
    generator = np.random.default_rng(0)
    stream = "pictures/" if kind == "pictures" else f"mine.{kind}"
    if kind == "pictures":
        for level, label in enumerate(("black", "grey", "light", "white")):
            (tmp_path / "pictures" / label).mkdir(parents=True)
            for number in range(15):
                pixels = (generator.random((7, 9)) * 20 + 60 * level).astype(np.uint8)
                Image.fromarray(pixels).save(tmp_path / "pictures" / label / f"{number}.png")
    elif kind == "npz":
        y = np.arange(120) % 4
        x = (generator.random((120, 5, 5)) * 60 + 40 * y[:, None, None]).astype(np.uint8)
        np.savez(tmp_path / "mine.npz", train_x=x[:80], train_y=y[:80], test_x=x[80:], test_y=y[80:])
    else:
        topics = {
            "sun": "warm light bright",
            "rain": "wet grey drops",
            "snow": "cold white flakes",
            "wind": "loud gusts air",
        }
        rows = [
            f"{' '.join(generator.permutation(words.split()))} {n},{name}"
            for name, words in topics.items()
            for n in range(20)
        ]
        (tmp_path / "mine.csv").write_text("text,label\n" + "\n".join(rows))
    done = here("run", "--stream", stream, "--learner", "exact", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["final_accuracy"] > 0.9


@pytest.mark.parametrize(("given", "expected"), [(None, "PASSIVE"), ("ACTIVE", "ACTIVE")])
def test_threads_that_wait_do_not_spin(given, expected):
    """As the user has it, else asleep; and before torch is there to read it."""
    code = (
        "import os, sys; sys.argv = ['reverie', '--version']; from reverie.cli import main\n"
        "try: main()\nexcept SystemExit: print(os.environ['OMP_WAIT_POLICY'], 'torch' in sys.modules)"
    )
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    environment |= {} if given is None else {"OMP_WAIT_POLICY": given}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.split()[-2:] == [expected, "False"]
