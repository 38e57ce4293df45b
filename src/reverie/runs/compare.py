"""A comparison: streams × learners × seeds, each a run folder of its own, in parallel, and to be continued.

Every run is independent and writes only to its own folder, so a comparison that was killed goes on by running what
is not finished; and where it runs (here, in processes, on Ray) does not change a number.
"""

import os
import signal
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from inspect import signature
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from pathlib import Path
from threading import Thread
from typing import Any

from pydantic import BaseModel, ConfigDict

from reverie.contracts import Scenario
from reverie.errors import BadData, CorruptFile, unknown_name
from reverie.record import RunFolder, read_json, replace_file, write_json
from reverie.runs.build import learner_class, player_class
from reverie.runs.cluster import cluster
from reverie.runs.config import RunConfig, environment_name
from reverie.runs.estimate import estimate
from reverie.runs.execute import execute
from reverie.untrusted import no_links

__all__ = ["Grid", "compare"]


_LISTS = ("streams", "learners", "seeds")


class Grid(BaseModel):
    """What a comparison compares."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    streams: list[str]
    learners: list[str]
    seeds: list[int]
    scenario: Scenario = "class"
    order: int = 0
    classes_per_experience: int | None = None
    device: str = "cpu"
    settings: dict[str, Any] = {}

    @property
    def acting(self) -> bool:
        """Whether these are lives in environments.

        Raises
        ------
        BadData
            Some streams are environments, and some are not.
        """
        named = [environment_name(stream) is not None for stream in self.streams]
        if any(named) and not all(named):
            raise BadData(
                f"These are environments and labelled streams: {', '.join(self.streams)}. Compare them apart."
            )
        return any(named)

    def asked(self) -> dict[str, Any]:
        """What stands in `compare.json`."""
        asked = self.model_dump(mode="json")
        return asked | {"scenario": "acting"} if self.acting else asked

    def runs(self) -> Iterator[tuple[str, RunConfig]]:
        """Every run's place in the folder, and its configuration."""
        common = self.model_dump(exclude={"streams", "learners", "seeds", "settings"})
        settings = {learner: self._settings_of(learner) for learner in self.learners}
        for stream in self.streams:
            for seed in self.seeds:
                for learner in self.learners:
                    place = f"runs/{_safe(stream)}/{_safe(learner)}/seed-{seed}"
                    own = {"stream": stream, "learner": learner, "seed": seed, "settings": settings[learner]}
                    yield place, RunConfig.make(common | own)

    def _settings_of(self, learner: str) -> dict[str, Any]:
        """The settings that this learner takes; each must be taken by one of the learners at least."""
        taken: dict[str, Collection[str]] = {
            name: player_class(name).known_settings() if self.acting else signature(learner_class(name)).parameters
            for name in self.learners
        }
        for key in self.settings:
            if not key.startswith("stream.") and not any(key in parameters for parameters in taken.values()):
                raise unknown_name("parameter of these learners:", key, {key for one in taken.values() for key in one})
        return {
            key: value for key, value in self.settings.items() if key.startswith("stream.") or key in taken[learner]
        }


def _safe(name: str) -> str:
    """A name that can be a folder's."""
    return "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in name).strip(".")


Progress = Callable[[str, dict[str, Any]], None]
"""Told which run has finished, with its results."""

Announce = Callable[[dict[str, float]], None]
"""Told the seconds that each learner will take, over all of its runs, one after another."""


def compare(
    grid: Grid,
    folder: Path,
    *,
    jobs: int = 1,
    ray: str | None = None,
    resume: bool = False,
    progress: Progress | None = None,
    announce: Announce | None = None,
) -> list[dict[str, Any]]:
    """Run what is not finished yet and return all results, in the order of the grid.

    Parameters
    ----------
    jobs : int
        Processes at once; each has its share of the cores.
    ray : str, optional
        Address of a Ray cluster ("local" starts one): runs go there, their folders come back here.
    resume : bool
        Go on with the comparison in the folder.
    announce : callable, optional
        Told, before anything is written, how many seconds what is to be run will take (`reverie.runs.estimate`); not
        of lives in environments.
    """
    runs = dict(grid.runs())  # an unknown name or setting ends it here, before anything is written
    asked, index = grid.asked(), folder / "compare.json"
    if index.exists():
        if not resume:
            raise BadData(
                f"{folder} holds a comparison already. Add --resume to go on with it, or give another folder."
            )
        before = read_json(index)
        if not isinstance(before, dict) or not all(isinstance(before.get(key), list) for key in _LISTS):
            raise CorruptFile(f"{index} holds no comparison. Give another folder.")
        fixed = set(asked) - set(_LISTS)
        changed = [key for key in sorted(fixed) if before.get(key) != asked[key]]
        if changed:
            key = changed[0]
            raise BadData(
                f"{folder} holds a comparison with {key} = {before.get(key)!r}, not {asked[key]!r}. "
                "Give the same options to go on with it, or another folder."
            )
        asked |= {key: list(dict.fromkeys([*before[key], *asked[key]])) for key in _LISTS}
    for place in runs:
        no_links(folder, *place.split("/"))
    todo = {place: config for place, config in runs.items() if RunFolder(folder / place).results() is None}
    if announce is not None and todo and not grid.acting:
        announce(estimate(todo.values()))
    folder.mkdir(parents=True, exist_ok=True)
    write_json(index, asked)
    tell = progress or (lambda place, results: None)
    for place in runs.keys() - todo.keys():
        tell(place, RunFolder(folder / place).results() or {})
    if ray is not None:
        _on_ray(todo, folder, ray, tell)
    elif jobs == 1:
        for place, config in todo.items():
            tell(place, execute(config, RunFolder(folder / place), resume=True))
    else:
        _in_processes(todo, folder, jobs, tell)
    return [RunFolder(folder / place).results() or {} for place in runs]


def _in_processes(todo: dict[str, RunConfig], folder: Path, jobs: int, tell: Progress) -> None:
    threads = max(1, (os.cpu_count() or 1) // jobs)
    pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_enter_worker, initargs=(threads,))
    try:
        futures = {
            pool.submit(execute, config, RunFolder(folder / place), resume=True): place
            for place, config in todo.items()
        }
        for future in as_completed(futures):
            tell(futures[future], future.result())
    except BaseException:
        for process in list((pool._processes or {}).values()):
            process.terminate()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _enter_worker(threads: int) -> None:
    """Use this worker's share of the cores, and end with the parent, however it ends."""
    import warnings

    import torch

    torch.set_num_threads(threads)
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent, which ends its workers
    parent = parent_process()
    if parent is not None:
        Thread(target=lambda: (wait([parent.sentinel]), os._exit(1)), daemon=True).start()


def _on_ray(todo: dict[str, RunConfig], folder: Path, address: str, tell: Progress) -> None:
    with cluster(address) as ray:
        remote = ray.remote(num_cpus=1)(_away)
        waiting = {remote.remote(config.model_dump(mode="json")): place for place, config in todo.items()}
        while waiting:
            (ready,), _ = ray.wait(list(waiting))
            place, files = waiting.pop(ready), ray.get(ready)
            target = folder / place
            for name, data in sorted(files.items(), key=lambda item: item[0] == "results.json"):
                path = target / name
                if not path.resolve().is_relative_to(target.resolve()):
                    raise BadData(
                        f"A worker gave a file {name!r}, which lies outside the run's folder. Stop the cluster."
                    )
                path.parent.mkdir(parents=True, exist_ok=True)
                replace_file(path, data)
            tell(place, RunFolder(target).results() or {})


def _away(values: dict[str, Any]) -> dict[str, bytes]:
    """Execute on another machine and bring the run folder back as bytes."""
    from tempfile import TemporaryDirectory

    import torch

    torch.set_num_threads(1)
    with TemporaryDirectory() as name:
        root = Path(name) / "run"
        execute(RunConfig.make(values), RunFolder(root))
        return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}
