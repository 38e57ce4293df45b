"""What holds for every learner that acts."""

from typing import Any

import gymnasium
import numpy as np
import pytest
import torch

from corridor import SMALL, Corridor, Slider
from reverie.agents.life import returns_of
from reverie.agents.players import Life, Player, StepPlayer
from reverie.agents.players.base import episode_seed
from reverie.errors import BadData, UnknownName
from reverie.runs.build import known_players

SETTINGS: dict[str, dict[str, Any]] = {
    "agent": SMALL | {"longest": 60},
    "three-factor": {"first": 20, "places": 60, "winners": 5},
    "stream-ac": {"hidden": 8},
    "sb3-ppo": {"n_steps": 16, "batch_size": 8, "environments": 2},
    "sb3-dqn": {"learning_starts": 10, "buffer_size": 100, "train_freq": 4},
    "sb3-sac": {"learning_starts": 10, "buffer_size": 100},
}
WHERE: dict[str, Any] = {"sb3-sac": Slider}
EVERY = sorted(known_players())
STEPWISE = [name for name, cls in known_players().items() if issubclass(cls, StepPlayer)]


def _made(name: str, seed: int = 0, steps: int = 60) -> Player:
    if name.startswith("sb3"):
        pytest.importorskip("stable_baselines3", reason="pip install stable-baselines3")
    settings = dict(SETTINGS[name])
    return known_players()[name].make(WHERE.get(name, Corridor), seed=seed, settings=settings, steps=steps)


def _lived(player: Player, life: Life, where: Any = Corridor, asking: bool = False) -> list[float]:
    returns: list[float] = []

    def told(ended: list[float]) -> None:
        returns.extend(ended)
        if asking:
            _asked(player, where)

    player.live(where, life, told)
    return returns


def _asked(player: Player, where: Any = Corridor) -> list[float]:
    return returns_of(player.habit(), [where(), where()], seed=2**31)


def test_every_one_is_tried_here() -> None:
    assert set(SETTINGS) == set(EVERY)


@pytest.mark.parametrize("name", EVERY)
def test_it_lives_and_is_measured(name: str) -> None:
    player, life, where = _made(name), Life(110), WHERE.get(name, Corridor)
    returns = _lived(player, life, where)
    assert life.steps == 110
    assert life.episodes == len(returns) >= 1
    assert all(total < 0 for total in returns)
    assert player.state_bytes > 100
    assert player.stored_samples == 0 or name.startswith("sb3")
    assert (player.dreamt > 0) == (name == "agent")
    space = where().action_space
    assert all(space.contains(action) for action in player.habit()(np.zeros((3, 2), np.float32)))


@pytest.mark.parametrize("name", EVERY)
def test_the_same_seed_lives_the_same_life_whatever_is_asked(name: str) -> None:
    where, lives = WHERE.get(name, Corridor), []
    for asking in (False, not name.startswith("sb3")):  # every step is too often for those
        torch.manual_seed(asking)  # nobody else's random numbers are used
        player = _made(name, seed=3)
        lives.append((_lived(player, Life(60, 3), where, asking=asking), _asked(player, where)))
    assert lives[0] == lives[1]


@pytest.mark.parametrize("name", STEPWISE)
def test_it_goes_on_from_its_state(name: str) -> None:
    whole, first = _made(name, seed=1), _made(name, seed=1)
    expected = _lived(whole, Life(120, 1))
    life, saved, returns = Life(70, 1), {}, []

    def told(ended: list[float]) -> None:
        returns.extend(ended)
        if ended:  # between two episodes
            saved.update(state=first.state_dict(), steps=life.steps, episodes=life.episodes, returns=list(returns))

    first.live(Corridor, life, told)
    again = _made(name, seed=1)
    again.load_state_dict(saved["state"])
    rest = _lived(again, Life(120, 1, saved["steps"], saved["episodes"]))
    assert saved["returns"] + rest == expected
    assert _asked(again) == _asked(whole)


@pytest.mark.parametrize("name", STEPWISE)
def test_it_learns_the_corridor(name: str) -> None:
    player = _made(name, seed=2)
    _lived(player, Life(600, 2))
    assert np.mean(returns_of(player.habit(), [Corridor() for _ in range(5)], seed=2**31)) > -12  # at random: −40 or so


@pytest.mark.parametrize("name", EVERY)
def test_settings_that_it_has_not(name: str) -> None:
    if name.startswith("sb3"):
        pytest.importorskip("stable_baselines3", reason="pip install stable-baselines3")
    cls = known_players()[name]
    assert SETTINGS[name].keys() <= cls.known_settings().keys()
    with pytest.raises((UnknownName, BadData), match="colour"):
        cls.make(WHERE.get(name, Corridor), seed=0, settings={"colour": 1}, steps=10)


class _Odd(Corridor):
    action_space = gymnasium.spaces.MultiBinary(3)


@pytest.mark.parametrize("name", EVERY)
def test_deeds_that_it_does_not_take(name: str) -> None:
    if name.startswith("sb3"):
        pytest.importorskip("stable_baselines3", reason="pip install stable-baselines3")
    with pytest.raises(BadData, match="The actions are"):
        known_players()[name].make(_Odd, seed=0, settings={}, steps=10)


@pytest.mark.parametrize("name", EVERY)
def test_an_environment_that_fails_is_told_of(name: str) -> None:
    player, where = _made(name), WHERE.get(name, Corridor)
    with pytest.raises(BadData, match="the motor is hot"):
        if name.startswith("sb3"):
            player.model.get_env().envs[0].unwrapped.breaks_at = 30  # type: ignore[attr-defined]
        _lived(player, Life(60), lambda: where(breaks_at=30))


class _Broken(Corridor):
    """Its sensor or its reward is not a number after a while."""

    action_space = gymnasium.spaces.Discrete(2)
    seen, paid = 0.0, float("nan")

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        observation, reward, *rest = super().step(int(np.ravel(action)[0] > 0))
        wrong = self.steps > 30
        return (observation + self.seen if wrong else observation), (self.paid if wrong else reward), *rest


class _BrokenMotor(_Broken):
    action_space = gymnasium.spaces.Box(-1.0, 1.0, (1,))


class _Blind(_Broken):
    seen, paid = float("nan"), -1.0


class _BlindMotor(_Blind):
    action_space = gymnasium.spaces.Box(-1.0, 1.0, (1,))


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("kinds", [(_Broken, _BrokenMotor), (_Blind, _BlindMotor)])
def test_what_is_not_a_number_is_told(name: str, kinds: tuple[type[Corridor], type[Corridor]]) -> None:
    where = kinds[WHERE.get(name, Corridor) is Slider]
    if name.startswith("sb3"):
        pytest.importorskip("stable_baselines3", reason="pip install stable-baselines3")
    player = known_players()[name].make(where, seed=0, settings=dict(SETTINGS[name]), steps=60)
    with pytest.raises(BadData, match="nan"):
        _lived(player, Life(90), where)


def test_seeds_of_lives_leave_those_of_looks_alone() -> None:
    seeds = {episode_seed(seed, index) for seed in range(20) for index in range(20)}
    assert len(seeds) == 400
    assert max(seeds) < 2**31
