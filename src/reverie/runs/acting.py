"""One life in an environment: a learner that acts lives for so many steps, and everything is written down.

At intervals it is looked at: what it does at its best is evaluated in episodes on seeds of their own, the same at every
look; that changes nothing in it, and its steps do not count. A look's event goes to the log. At the end of the episode
that follows, the learner goes to the checkpoint. A life that was killed goes on from there to the same numbers; events
after the checkpoint are dropped and lived again. Learners that cannot be saved begin anew.
"""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from functools import partial
from typing import Any

import numpy as np

from reverie import __version__
from reverie.agents.environments import environment
from reverie.agents.life import returns_of
from reverie.agents.players.base import Life, Player, Spent
from reverie.checkpoint import load_state, save_state
from reverie.errors import BadData, CorruptFile, unknown_name
from reverie.evaluation import machine, peak_memory, reset_peak_memory
from reverie.record import RunFolder, write_json
from reverie.runs.build import player_class
from reverie.runs.config import RunConfig, environment_name
from reverie.runs.told import Listener

__all__ = ["Plan", "act", "asked", "finished_life"]

_LOOK_SEED = 2**31  # of the first episode of a look; seeds of a life are smaller
_TOLD = {"step", "mean", "returns", "lived", "peak_memory_bytes"}


@dataclass(frozen=True)
class Plan:
    """How long a life is, and how often it is looked at: `--set stream.steps=5000`.

    Parameters
    ----------
    steps : int
        Real steps, in all.
    look : int
        Steps from one look to the next.
    episodes : int
        Of a look.
    goal : float, optional
        The return to reach; the environment's own unless given.
    """

    steps: int = 2000
    look: int = 100
    episodes: int = 20
    goal: float | None = None

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> "Plan":
        """The plan among the settings of a run.

        Raises
        ------
        BadData, UnknownName
            A value is out of range; an option is not known.
        """
        known = [field.name for field in fields(cls)]
        given = {key.removeprefix("stream."): value for key, value in settings.items() if key.startswith("stream.")}
        for key, value in given.items():
            if key not in known:
                raise unknown_name("option of an environment, stream.KEY:", key, known)
            if key == "goal":
                fits, what = isinstance(value, int | float) and not isinstance(value, bool), "a number"
            else:
                most = 1000 if key == "episodes" else 100_000_000
                fits = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= most
                what = f"a whole number, 1…{most}"
            if not fits:
                raise BadData(f"stream.{key} is {value!r}. Expected {what}.")
        return cls(**given)


def asked(config: RunConfig) -> dict[str, Any]:
    """What stands in the `config.json` of such a run."""
    kept = config.model_dump(mode="json", include={"stream", "learner", "seed", "settings"})
    return kept | {"scenario": "acting"}


def finished_life(results: Any) -> bool:
    """Whether these are the results of such a run."""
    return isinstance(results, dict) and results.keys() >= {"stream", "learner", "looks", "final_return"}


def act(config: RunConfig, folder: RunFolder, tell: Listener) -> dict[str, Any]:
    """Let a learner live in the folder, or go on; its results."""
    name = environment_name(config.stream)
    if name is None:
        raise BadData(f"{config.stream!r} is not an environment. Expected gym:NAME, such as gym:CartPole-v1.")
    plan, place = Plan.of(config.settings), partial(environment, name)
    own = {key: value for key, value in config.settings.items() if not key.startswith("stream.")}
    cls = player_class(config.learner)
    player = cls.make(place, seed=config.seed, settings=own, steps=plan.steps)
    folder.begin(asked(config) | {"version": __version__})
    life = _LivedLife(player, config, plan, folder, tell)
    try:
        life.go_on()
        reset_peak_memory()
        player.live(place, life.life, life.step)
        return life.finish(cls.known_settings() | own)
    finally:
        life.close()


class _LivedLife:
    """A life that is written down."""

    def __init__(self, player: Player, config: RunConfig, plan: Plan, folder: RunFolder, tell: Listener) -> None:
        self.player, self.config, self.plan, self.folder, self.tell = player, config, plan, folder, tell
        self.life = Life(plan.steps, config.seed)
        name = environment_name(config.stream) or ""
        self.others = [environment(name) for _ in range(plan.episodes)]
        goal = plan.goal if plan.goal is not None else getattr(self.others[0].spec, "reward_threshold", None)
        self.goal = None if goal is None else float(goal)
        self.events: list[dict[str, Any]] = []
        self.lived: list[list[float]] = []  # step and return of the episodes since the last look
        self.looking, self.before, self.saved = Spent(), Spent(), True
        self.began = time.perf_counter(), time.process_time()

    def close(self) -> None:
        for one in self.others:
            one.close()

    def go_on(self) -> None:
        """Load the checkpoint if there is one; keep the events up to it."""
        place = self.folder.checkpoint_path
        begun = (place / "state.json").exists() or any(True for _ in self.folder.events())
        if not self.player.resumes or not (place / "state.json").exists():
            self.folder.rewind([])
            if begun and not self.player.resumes:
                text = f"{self.config.learner} cannot go on from the middle of a life: it begins anew."
                self.folder.append({"event": "warning", "text": text})
                self.tell({"event": "warning", "text": text})
            return
        state = load_state(place, kind=self.config.learner)
        try:
            self.player.load_state_dict(state["player"])
            life, looks = state["life"], int(state["looks"])
            self.life.steps, self.life.episodes = int(life["steps"]), int(life["episodes"])
            self.life.asleep, self.looking, self.before = (Spent(**life[key]) for key in ("asleep", "looking", "whole"))
            self.lived = [[float(step), float(total)] for step, total in life["lived"]]
        except (KeyError, TypeError, ValueError, AttributeError, IndexError, RuntimeError) as error:
            raise CorruptFile(
                f"{place} does not fit the learner {self.config.learner} ({type(error).__name__}: {error}). "
                "Start again in another folder."
            ) from None
        told = [one for one in self.folder.events() if isinstance(one, dict) and one.get("event") == "look"]
        self.events = [one for one in told if one.keys() >= _TOLD][:looks]
        if len(self.events) < looks:
            raise BadData(
                f"{self.folder.events_path} tells of {len(self.events)} looks, the checkpoint of {looks}. "
                "The run cannot go on; start again in another folder."
            )
        self.folder.rewind(self.events)

    def step(self, returns: list[float]) -> None:
        """One more step was lived, which ended episodes with these returns."""
        self.lived += [[float(self.life.steps), total] for total in returns]
        if self.life.steps // self.plan.look > len(self.events):
            self.look()
        if returns and not self.saved and self.player.resumes:
            self._save()

    def look(self) -> None:
        """Evaluate, and write it down."""
        with self.looking.counted():
            returns = returns_of(self.player.habit(), self.others, seed=_LOOK_SEED)
        event = {
            "event": "look",
            "step": self.life.steps,
            "returns": returns,
            "mean": float(np.mean(returns)),
            "lived": self.lived,
            "episodes": self.life.episodes,
            "dreamt": self.player.dreamt,
            "state_bytes": self.player.state_bytes,
            "stored_samples": self.player.stored_samples,
            "peak_memory_bytes": peak_memory(),
            **self._spent(),
            "time": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        self.folder.append(event)
        self.events.append(event)
        self.lived, self.saved = [], False
        self.tell(event)

    def _whole(self) -> Spent:
        wall, cpu = self.began
        return Spent(self.before.wall + time.perf_counter() - wall, self.before.cpu + time.process_time() - cpu)

    def _spent(self) -> dict[str, Any]:
        """Seconds awake, asleep, and of looks: by the clock, and of the processor."""
        whole, parts = self._whole(), {"sleep": self.life.asleep, "predict": self.looking}
        found: dict[str, Any] = {}
        for name, kind in (("seconds", "wall"), ("cpu_seconds", "cpu")):
            spent = {part: float(getattr(one, kind)) for part, one in parts.items()}
            found[name] = {"learn": max(0.0, getattr(whole, kind) - sum(spent.values())), **spent}
        return found

    def _save(self) -> None:
        life = {
            "steps": self.life.steps,
            "episodes": self.life.episodes,
            "asleep": asdict(self.life.asleep),
            "looking": asdict(self.looking),
            "whole": asdict(self._whole()),
            "lived": self.lived,
        }
        state = {"player": self.player.state_dict(), "life": life, "looks": len(self.events)}
        save_state(self.folder.checkpoint_path, state, kind=self.config.learner)
        self.saved = True

    def finish(self, settings: dict[str, Any]) -> dict[str, Any]:
        """The last look, unless it was just taken, and the results."""
        if not self.events or self.events[-1]["step"] < self.life.steps:
            self.look()
        results = self._results(settings)
        self.folder.append({"event": "finished", "seconds": sum(results["seconds"].values())})
        write_json(self.folder.results_path, results)
        self.tell({"event": "finished", "results": results})
        return results

    def _results(self, settings: dict[str, Any]) -> dict[str, Any]:
        looks = [{key: event[key] for key in ("step", "mean", "returns")} for event in self.events]
        means, last = [look["mean"] for look in looks], self.events[-1]
        reached, kept = _reached(means, self.goal)
        plain = {key: value for key, value in settings.items() if isinstance(value, _PLAIN)}
        return {
            **asked(self.config),
            "config": asked(self.config) | {"plan": asdict(self.plan), "params": plain},
            "looks": looks,
            "final_return": means[-1],
            "best_return": max(means),
            "goal": self.goal,
            "reached_at": None if reached is None else looks[reached]["step"],
            "kept": kept,
            "steps": self.life.steps,
            "episodes": self.life.episodes,
            "dreamt": self.player.dreamt,
            "seconds": last["seconds"],
            "cpu_seconds": last["cpu_seconds"],
            "samples": self.life.steps,
            "state_bytes": last["state_bytes"],
            "stored_samples": last["stored_samples"],
            "macs": None,  # not counted: much of it is not a matrix product
            "synops": None,
            "bytes_moved": None,
            "peak_memory_bytes": max(event["peak_memory_bytes"] for event in self.events),
            "notes": list(self.player.notes),
            "version": __version__,
            "machine": machine(),
        }


_PLAIN = (str, int, float, bool, type(None))


def _reached(means: list[float], goal: float | None) -> tuple[int | None, float | None]:
    """The first look that reached the goal, and the share of looks from there on that did.

    Examples
    --------
    >>> _reached([10.0, 480.0, 300.0, 500.0], 475.0)
    (1, 0.6666666666666666)
    """
    if goal is None:
        return None, None
    first = next((index for index, mean in enumerate(means) if mean >= goal), None)
    if first is None:
        return None, None
    return first, float(np.mean([mean >= goal for mean in means[first:]]))
