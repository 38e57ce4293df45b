"""Learners of stable-baselines3 in a run: as that library has them, with the settings that its authors have tuned.

They keep steps and learn from batches of them. The library owns their loop, and its random state cannot be put back: a
run that was killed begins anew, and comes to the same numbers.
"""

from inspect import signature
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from reverie.agents.life import Policy
from reverie.agents.observations import Observations
from reverie.agents.players.base import Life, Place, Player, Told, episode_seed
from reverie.contracts import State
from reverie.errors import BadData, MissingData, ReverieError, unknown_name

__all__ = ["StableBaselines"]


class StableBaselines(Player):
    """One of that library's algorithms; subclasses name it.

    Attributes
    ----------
    algorithm : str
        Its name in `stable_baselines3`.
    takes : tuple of str
        Names of Gymnasium's spaces of actions.
    tuned : dict
        Settings of an environment; `environments` is how many are lived in side by side.

    References
    ----------
    Raffin, Hill, Gleave, Kanervisto, Ernestus, Dormann, 2021, J. Machine Learning Research 22:268; rl-baselines3-zoo.
    """

    algorithm: ClassVar[str]
    takes: ClassVar[tuple[str, ...]]
    tuned: ClassVar[dict[str, dict[str, Any]]]
    resumes = False

    def __init__(self, model: Any, notes: tuple[str, ...]) -> None:
        self.model, self.notes = model, notes

    @classmethod
    def make(cls, place: Place, *, seed: int, settings: dict[str, Any], steps: int) -> "StableBaselines":
        algorithm = cls._algorithm()
        known = cls.known_settings()
        for name in settings:
            if name not in known:
                raise unknown_name(f"setting of {cls.algorithm}:", name, known)
        there = place()
        name = "" if there.spec is None else str(there.spec.id)
        senses, actions = there.observation_space, there.action_space
        there.close()
        Observations(senses)
        if type(actions).__name__ not in cls.takes:
            raise BadData(
                f"The actions are {actions}. {cls.algorithm} takes {' or '.join(cls.takes)}: choose another learner."
            )
        chosen = cls.tuned.get(name, {}) | settings
        count = chosen.pop("environments", 1)
        if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= 64:
            raise BadData(f"environments is {count!r}. Expected a whole number, 1…64.")
        where = f"those of rl-baselines3-zoo for {name}" if name in cls.tuned else "stable-baselines3's defaults"
        notes = [f"Settings of {cls.algorithm}: {where}{', and your own' if settings else ''}."]
        if count > 1:
            notes.append(f"{count} environments side by side; their steps are counted together.")
        try:
            model = algorithm("MlpPolicy", _side_by_side(place, count), seed=seed, device="cpu", **chosen)
        except (TypeError, ValueError, AssertionError) as error:
            raise BadData(f"{cls.algorithm} does not take these settings ({error}). Give others.") from None
        return cls(model, tuple(notes))

    @classmethod
    def _algorithm(cls) -> Any:
        try:
            import stable_baselines3
        except ImportError:
            raise MissingData(
                f"{cls.algorithm} needs the package stable-baselines3: pip install stable-baselines3"
            ) from None
        return getattr(stable_baselines3, cls.algorithm)

    @classmethod
    def known_settings(cls) -> dict[str, Any]:
        plain = (int, float, bool, str)
        taken = {name: one.default for name, one in signature(cls._algorithm()).parameters.items()}
        left_out = ("seed", "device", "verbose", "policy", "env")
        known = {name: value for name, value in taken.items() if isinstance(value, plain) and name not in left_out}
        return known | {"environments": 1}

    def live(self, place: Place, life: Life, told: Told) -> None:
        from stable_baselines3.common.callbacks import BaseCallback

        class Watching(BaseCallback):  # type: ignore[misc]
            def _on_step(self) -> bool:
                ended = [info["episode"]["r"] for info in self.locals["infos"] if "episode" in info]
                life.steps, life.episodes = self.num_timesteps, life.episodes + len(ended)
                told([float(total) for total in ended])
                return life.steps < life.until

        self.model.get_env().seed(episode_seed(life.seed, 0))
        try:
            self.model.learn(life.until, callback=Watching())
        except ReverieError:
            raise  # of a look, which passes through the library
        except Exception as error:
            raise BadData(f"The environment or {self.algorithm} failed: {type(error).__name__}: {error}") from error
        finally:
            self.model.get_env().close()

    def habit(self) -> Policy:
        return lambda seen: list(self.model.policy.predict(np.asarray(seen), deterministic=True)[0])

    def state_dict(self) -> State:
        return dict(self.model.policy.state_dict())

    def load_state_dict(self, state: State) -> None:
        raise BadData(f"{self.algorithm} cannot go on from a saved state. Begin anew.")

    @property
    def state_bytes(self) -> int:
        """Weights, those of copies included, what the optimisers keep, and the steps that are stored."""
        tensors = [value for value in self.model.policy.state_dict().values() if isinstance(value, Tensor)]
        for part in (self.model.policy, *vars(self.model.policy).values(), *self.model.policy.children()):
            optimiser = getattr(part, "optimizer", None)
            if isinstance(optimiser, torch.optim.Optimizer):
                tensors += [
                    one for kept in optimiser.state.values() for one in kept.values() if isinstance(one, Tensor)
                ]
        return sum(one.numel() * one.element_size() for one in tensors) + self._store_bytes()

    def _store_bytes(self) -> int:
        store = self._store()
        return sum(value.nbytes for value in vars(store).values() if isinstance(value, np.ndarray))

    def _store(self) -> Any:
        found = getattr(self.model, "replay_buffer", None)
        return self.model.rollout_buffer if found is None else found

    @property
    def stored_samples(self) -> int:
        store = self._store()
        return int(store.size() * store.n_envs)


def _side_by_side(place: Place, count: int) -> Any:
    from stable_baselines3.common.env_util import make_vec_env
    from stable_baselines3.common.vec_env import VecCheckNan

    return VecCheckNan(make_vec_env(place, count), raise_exception=True)
