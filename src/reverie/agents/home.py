"""An agent's folder: its environment's name and its settings, its state, and what it has lived through.

The state is written between two episodes, after each episode in which the agent slept; a life that is killed goes on
from there, and comes to the same numbers as one that was not.
"""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout

from reverie.agents.agent import KIND, Agent
from reverie.agents.dreams import Night
from reverie.agents.environments import environment
from reverie.agents.life import Played, live
from reverie.agents.watching import moving_picture
from reverie.checkpoint import load_head, load_tree
from reverie.errors import BadData, CorruptFile, MissingData
from reverie.files import make_folder, need_folder, replace_file
from reverie.record import read_json, write_json

__all__ = ["LIFE", "PICTURE", "Home"]

_SETTINGS, _STATE, _LOCK = "agent.json", "state", "agent.lock"
LIFE, PICTURE = "life.json", "watched.gif"  # what a page is made of
_KEPT = 10_000  # episodes whose returns are kept; of longer lives every second one


class Home:
    """An agent that lives in a folder; use it in a `with` block where it is to change.

    Parameters
    ----------
    folder : path
        Where `create` has put it.
    writer : bool
        Whether it is to live here; one process at a time may.

    Raises
    ------
    MissingData, CorruptFile
        There is no agent, or its files are torn.
    BadData
        Another process lets it live.
    """

    def __init__(self, folder: Path, *, writer: bool = False) -> None:
        self.folder = Path(folder)
        if not (self.folder / _SETTINGS).is_file():
            raise MissingData(f"{folder} holds no agent. Make one: reverie agent create {folder} --env CartPole-v1")
        need_folder(self.folder)
        self._lock = FileLock(self.folder / _LOCK) if writer else None
        if self._lock is not None:
            try:
                self._lock.acquire(timeout=0)
            except Timeout:
                raise BadData(f"The agent in {folder} is living in another process. Wait for it, or stop it.") from None
        try:
            self._open()
        except BaseException:
            self.close()
            raise

    def _open(self) -> None:
        made = read_json(self.folder / _SETTINGS)
        try:
            self.name, seed, settings = str(made["environment"]), int(made["seed"]), dict(made["settings"])
        except (KeyError, TypeError, ValueError):
            raise CorruptFile(f"{self.folder / _SETTINGS} is not what was written. Restore a copy.") from None
        there = environment(self.name)
        self.agent = Agent(there.observation_space, there.action_space, seed=seed, settings=settings)
        there.close()
        self.returns: list[list[float]] = []
        if (self.folder / _STATE / "state.json").exists():
            head = load_head(self.folder / _STATE, kind=KIND)
            self.agent.load_state_dict(load_tree(self.folder / _STATE, head))
            self.returns = list(head["about"].get("returns", []))

    @classmethod
    def create(cls, folder: Path, name: str, *, seed: int = 0, settings: dict[str, Any] | None = None) -> "Home":
        """Make an agent for an environment, in a new folder."""
        folder = Path(folder)
        if (folder / _SETTINGS).exists():
            raise BadData(f"{folder} holds an agent already. Give another folder.")
        there = environment(name)
        Agent(there.observation_space, there.action_space, seed=seed, settings=settings)  # refuses what does not fit
        there.close()
        make_folder(folder)
        write_json(folder / _SETTINGS, {"environment": name, "seed": seed, "settings": settings or {}})
        return cls(folder)

    def __enter__(self) -> "Home":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let others in."""
        if self._lock is not None:
            self._lock.release()

    def live(self, steps: int) -> Iterator[Played]:
        """Let it live; each episode as it comes. What was lived through is saved after episodes with a night."""
        self._expect_writer()
        there = environment(self.name)
        try:
            for episode in live(self.agent, there, steps):
                self._note(episode)
                if episode.nights:
                    self.save()
                yield episode
            self.save()
        finally:
            there.close()

    def sleep(self) -> Night:
        """One night more."""
        self._expect_writer()
        night = self.agent.sleep()
        self.save()
        return night

    def watch(self, seed: int) -> tuple[bytes, float]:
        """Play an episode by habit: the moving picture, and its return. Both are kept for the page."""
        there = environment(self.name, render=True)
        try:
            picture, total = moving_picture(self.agent, there, seed=seed)
        finally:
            there.close()
        replace_file(self.folder / PICTURE, picture)
        write_json(
            self.folder / LIFE,
            {
                "environment": self.name,
                "steps": self.agent.steps,
                "episodes": self.agent.episodes,
                "dreamt": self.agent.dreamt,
                "bytes": self.agent.bytes,
                "watched": total,
                "nights": self.agent.nights,
                "returns": self.returns,
            },
        )
        return picture, total

    def export(self, file: Path) -> None:
        """Write what it does by habit, for `reverie.edge.numpy_habit`."""
        actor = self.agent.actor
        if actor is None:
            raise BadData(f"The agent has no habit yet: it has lived {self.agent.steps} steps. Let it live first.")
        data = BytesIO()
        np.savez(
            data,
            low=actor.low.numpy(),
            high=actor.high.numpy(),
            places=actor.places.numpy(),
            habit=actor.habit.numpy(),
            winners=np.int64(actor.winners),
            deeds=np.stack([np.asarray(self.agent.actions.act(deed)) for deed in range(len(self.agent.actions))]),
        )
        replace_file(file, data.getvalue())

    def save(self) -> None:
        """Write its state."""
        self.agent.save(self.folder / _STATE, about={"environment": self.name, "returns": self.returns})

    def _note(self, episode: Played) -> None:
        self.returns.append([self.agent.steps, episode.total])
        if len(self.returns) > _KEPT:
            self.returns = self.returns[::2]

    def _expect_writer(self) -> None:
        if self._lock is None:
            raise BadData("This agent was opened to be looked at. Open it with writer=True to let it live.")
