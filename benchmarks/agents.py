"""How many real steps an agent needs: looks at its habit (the mean return of 20 episodes on fresh seeds) as it lives.

The agent has its default settings in every environment. Dreamt steps, CPU time and bytes stand beside the real steps.
Peers in the same run on CartPole-v1: PPO and DQN of stable-baselines3 with the settings of its zoo, looked at every
1000 steps, and the same agent that never sleeps. None of the peers has a model of its world; the agent dreams some 290
steps for each real one.

    python benchmarks/agents.py [--only CartPole-v1] [--seeds 10] [--no-peers] [--json FILE] [--quick]
"""

import time
from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import Any

import numpy as np

from common import WORK, Claim, finish, kept, one_thread, parser
from reverie.agents import Agent, environment, evaluate
from reverie.agents.players.sb3_dqn import SB3DQN
from reverie.agents.players.sb3_ppo import SB3PPO

COMMAND = "python benchmarks/agents.py"
TASKS: dict[str, tuple[float, int, int]] = {  # return to reach, steps within which, steps from look to look
    "CartPole-v1": (475.0, 2000, 100),
    "MountainCar-v0": (-120.0, 4000, 200),
    "Acrobot-v1": (-100.0, 5000, 250),
    "Pendulum-v1": (-200.0, 2000, 200),
}
BOUNDS = {"CartPole-v1": 500.0, "MountainCar-v0": 4000.0, "Acrobot-v1": 5000.0, "Pendulum-v1": 2000.0}
_NEVER = 10.0  # times the longest life: what a seed counts that did not get there
_PEERS = 50_000  # steps that a peer is given


def stepwise(agent: Agent, there: Any, seed: int, *, sleeps: bool = True) -> Iterator[int]:
    """Live on; the number of steps after each, so that an agent can be looked at in the middle of an episode."""
    observation, _ = there.reset(seed=seed)
    while True:
        action = agent.act(observation)
        following, reward, ended, truncated, _ = there.step(action)
        agent.observe(observation, action, float(reward), following, ended=ended, truncated=truncated)
        observation = there.reset(seed=seed + 1000 + agent.episodes)[0] if ended or truncated else following
        if sleeps and agent.tired:
            agent.sleep()
        yield agent.steps


def life(name: str, seed: int, *, steps: int, look: int, sleeps: bool = True) -> dict[str, Any]:
    """Live, and look at the habit (of one that never sleeps: at its choices)."""
    there, others = environment(name), [environment(name) for _ in range(20)]
    agent = Agent(there.observation_space, there.action_space, seed=seed)
    looks: dict[str, float] = {}
    looking, began = 0.0, time.process_time()
    for step in islice(stepwise(agent, there, seed, sleeps=sleeps), steps):
        if step % look == 0 and agent.actor is not None:
            since = time.process_time()
            if not sleeps:
                agent.actor.habit = agent.actor.choices
            looks[str(step)] = float(np.mean(evaluate(agent, others)))
            looking += time.process_time() - since
    for one in (there, *others):
        one.close()
    seconds = time.process_time() - began - looking
    return {"looks": looks, "seconds": seconds, "dreamt": agent.dreamt, "bytes": agent.bytes}


def peer(kind: str, seed: int, *, steps: int) -> dict[str, Any]:
    """PPO or DQN of stable-baselines3 on CartPole-v1, with the settings of rl-baselines3-zoo."""
    from stable_baselines3 import DQN, PPO
    from stable_baselines3.common.env_util import make_vec_env
    from stable_baselines3.common.evaluation import evaluate_policy

    began, looking = time.process_time(), 0.0
    algorithm, player = (PPO, SB3PPO) if kind == "ppo" else (DQN, SB3DQN)
    settings = dict(player.tuned["CartPole-v1"])
    there = make_vec_env("CartPole-v1", n_envs=settings.pop("environments", 1), seed=seed)
    model: Any = algorithm("MlpPolicy", there, seed=seed, device="cpu", **settings)
    looks: dict[str, float] = {}

    def watched(here: dict[str, Any], _: Any) -> bool:
        nonlocal looking
        step = here["self"].num_timesteps
        if step // 1000 > len(looks):
            since = time.process_time()
            found: Any = evaluate_policy(model, make_vec_env("CartPole-v1", seed=1_000_000), n_eval_episodes=20)[0]
            looks[str(step)] = float(found)
            looking += time.process_time() - since
        return not looks or max(looks.values()) < 475

    model.learn(steps, callback=watched)
    return {"looks": looks, "seconds": time.process_time() - began - looking, "dreamt": 0, "bytes": 0}


def first(looks: dict[str, float], wanted: float, longest: float) -> float:
    """The step of the first look at which the return was reached; ten times the longest life, if it never was."""
    return next((float(step) for step, found in looks.items() if found >= wanted), _NEVER * longest)


def task(name: str, seeds: list[int], options: Any) -> Iterator[Claim]:
    """One environment."""
    wanted, steps, look = TASKS[name]
    if options.quick:
        steps = 3 * look
    lives = {
        seed: kept(
            WORK / "agents" / f"{name}-{seed}{'-quick' if options.quick else ''}.json",
            options,
            partial(life, name, seed, steps=steps, look=look),
        )
        for seed in seeds
    }
    found = {seed: one for seed, one in lives.items() if one is not None}
    if not found:
        return
    beside = peers(options) if name == "CartPole-v1" and options.peers and not options.quick else {}
    when = {seed: first(one["looks"], wanted, steps) for seed, one in found.items()}
    bound = None if options.quick else BOUNDS[name]
    median = {seed: float(np.median(list(when.values()))) for seed in list(when)[:1]}
    command = f"{COMMAND} --only {name}"
    yield Claim.of(f"{name}: real steps to {wanted:g}, median", median, "steps", bound, "<=", command, beside)
    share = {seed: float(step <= BOUNDS[name]) for seed, step in when.items()}
    enough = None if options.quick else 0.9 if name == "CartPole-v1" else 0.8
    yield Claim.of(f"{name}: seeds within {BOUNDS[name]:g} steps", share, "share", enough, ">=", command)
    later = {
        seed: float(np.mean([value >= wanted for step, value in one["looks"].items() if float(step) >= when[seed]]))
        for seed, one in found.items()
        if when[seed] <= steps
    }
    if later:
        all_of = 1.0 if name == "CartPole-v1" and not options.quick else None
        yield Claim.of(f"{name}: later looks at or above", later, "share", all_of, ">=" if all_of else "=", command)
    best = {seed: max(one["looks"].values()) for seed, one in found.items()}
    yield Claim.of(f"{name}: best look within {steps} steps", best, "return", None, "=", command)
    for what, unit in (("seconds", "CPU-s"), ("dreamt", "steps"), ("bytes", "bytes")):
        values = {seed: float(one[what]) for seed, one in found.items()}
        yield Claim.of(f"{name}: {what}, {steps} steps", values, unit, None, "=", command)


def peers(options: Any) -> dict[str, float]:
    """Steps that others need on CartPole-v1, median of three seeds; ten times what they were given, if never."""
    found: dict[str, float] = {}
    for kind in ("ppo", "dqn", "three factors, no sleep"):
        whens = []
        for seed in range(3):
            make = (
                partial(life, "CartPole-v1", seed, steps=5000, look=1000, sleeps=False)
                if " " in kind
                else partial(peer, kind, seed, steps=_PEERS)
            )
            one = kept(WORK / "agents" / f"peer-{kind.split()[0]}-{seed}.json", options, make)
            if one is not None:
                whens.append(first(one["looks"], 475.0, 5000 if " " in kind else _PEERS))
        if whens:
            found[kind] = float(np.median(whens))
    return found


def main() -> None:
    reading = parser(__doc__ or "")
    reading.add_argument("--only", choices=list(TASKS), action="append", help="one environment; repeatable")
    reading.add_argument("--seeds", type=int, default=10)
    reading.add_argument("--no-peers", dest="peers", action="store_false")
    options = reading.parse_args()
    one_thread()
    names = options.only or (["CartPole-v1"] if options.quick else list(TASKS))
    seeds = list(range(1 if options.quick else options.seeds))
    finish([claim for name in names for claim in task(name, seeds, options)], options)


if __name__ == "__main__":
    main()
