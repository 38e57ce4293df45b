"""A pole in three worlds that change unannounced: as usual, motor reversed, gravity 25 with a pole three times as long.

Each of the three comes twice, 600 steps at a time. Looked at: after how many steps the change is noticed, the greedy
mean return of ten fresh episodes (20 steps after a return, and within 400 steps of a new world), how many regions there
are in the end, and whether the sums of the worlds that are away stay the same to the bit. Beside it the same agent with
one region.

    python benchmarks/regions.py [--seeds 3] [--json FILE] [--quick]
"""

import hashlib
from functools import partial
from itertools import islice
from typing import Any

import numpy as np

from agents import stepwise
from common import WORK, Claim, finish, kept, one_thread, parser
from reverie.agents import Agent, environment, evaluate
from reverie.agents.world import WorldModel
from reverie.checkpoint import pack_state

COMMAND = "python benchmarks/regions.py"
WORLDS = {"usual": (10.0, 9.8, 0.5), "reversed": (-10.0, 9.8, 0.5), "heavy": (10.0, 25.0, 1.5)}
"""Force of the motor, gravity, and half of the pole's length."""
_STEPS = 600
_LOOKS = (20, 100, 200, 300, 400, 500, 600)


def put(environments: list[Any], name: str) -> None:
    """Change the world."""
    for one in environments:
        pole = one.unwrapped
        pole.force_mag, pole.gravity, pole.length = WORLDS[name]
        pole.polemass_length = pole.masspole * pole.length


def digest(world: WorldModel) -> str:
    """Of all sums."""
    return hashlib.sha256(pack_state(world.state_dict())).hexdigest()


def life(seed: int, *, regions: int, steps: int) -> dict[str, Any]:
    """Live through the worlds, twice."""
    there, others = environment("CartPole-v1"), [environment("CartPole-v1") for _ in range(10)]
    agent = Agent(there.observation_space, there.action_space, seed=seed, settings={"regions": regions})
    found: list[dict[str, Any]] = []
    away: dict[int, str] = {}
    untouched = True
    lived = stepwise(agent, there, seed)
    for stretch, name in enumerate([*WORLDS, *WORLDS]):
        put([there, *others], name)
        began, before, looks = agent.steps, agent._router.active, {}
        switches = len(agent.switches)
        for at in islice(lived, steps):
            if (step := at - began) in _LOOKS:
                looks[str(step)] = float(np.mean(evaluate(agent, others)))
        active = agent._router.active
        new = [switch for switch in agent.switches[switches:] if switch["region"] != before]
        untouched &= all(digest(agent.regions[r].world) == was for r, was in away.items() if r != active)
        away = {r: digest(region.world) for r, region in enumerate(agent.regions) if r != active}
        noticed = new[0]["step"] - began if new else steps
        found.append(
            {"world": name, "known": stretch >= len(WORLDS), "noticed": noticed, "looks": looks, "active": active}
        )
    return {"stretches": found, "regions": len(agent.regions), "untouched": untouched}


def main() -> None:
    reading = parser(__doc__ or "")
    reading.add_argument("--seeds", type=int, default=3)
    options = reading.parse_args()
    one_thread()
    steps = 150 if options.quick else _STEPS
    lives: dict[int, dict[int, dict[str, Any]]] = {}
    for regions in (6, 1):
        for seed in range(1 if options.quick else options.seeds):
            place = WORK / "regions" / f"{regions}-{seed}-{steps}.json"
            one = kept(place, options, partial(life, seed, regions=regions, steps=steps))
            if one is not None:
                lives.setdefault(regions, {})[seed] = one
    many, single = lives.get(6, {}), lives.get(1, {})
    bound = not options.quick

    def claim(said: str, values: dict[int, float], unit: str, at: float | None, way: str, alone: Any = None) -> Claim:
        beside = {"one region": float(np.mean([alone(one) for one in single.values()]))} if alone and single else {}
        return Claim.of(said, values, unit, at if bound else None, way, COMMAND, beside)

    def later(one: dict[str, Any]) -> list[dict[str, Any]]:
        return list(one["stretches"][1:])

    def learned(one: dict[str, Any]) -> float:
        new = [stretch for stretch in later(one) if not stretch["known"]]
        return float(np.mean([max(v for s, v in x["looks"].items() if int(s) <= 400) >= 475 for x in new]))

    def at_once(one: dict[str, Any]) -> float:
        return float(np.mean([x["looks"][str(_LOOKS[0])] >= 475 for x in later(one) if x["known"]]))

    claims = [
        claim(
            "a change is noticed after, the latest",
            {seed: float(max(x["noticed"] for x in later(one))) for seed, one in many.items()},
            "steps",
            12,
            "<=",
        ),
        claim(
            "a change is noticed after, mean",
            {seed: float(np.mean([x["noticed"] for x in later(one)])) for seed, one in many.items()},
            "steps",
            12,
            "<=",
        ),
        claim(
            "new worlds with a look ≥ 475 within 400 steps",
            {seed: learned(one) for seed, one in many.items()},
            "share",
            1,
            ">=",
            learned,
        ),
        claim(
            "known worlds with ≥ 475 after 20 steps",
            {seed: at_once(one) for seed, one in many.items()},
            "share",
            1,
            ">=",
            at_once,
        ),
        claim("regions in the end", {seed: float(one["regions"]) for seed, one in many.items()}, "regions", 4, "<="),
        claim(
            "sums of worlds that are away stay the same to the bit",
            {seed: float(one["untouched"]) for seed, one in many.items()},
            "share",
            1,
            ">=",
        ),
    ]
    finish(claims, options)


if __name__ == "__main__":
    main()
