"""An arm whose body changes unannounced: the adaptive controller beside PD, PID, computed torque and the delta rule.

Three joints follow three sinusoids for 100 seconds, at 100 Hz, with at most 60 Nm. At 20 s the load grows from 0.2 to
1.5 kg, at 40 s the second motor gives 60 % less, at 60 s friction is ten times what it was, at 80 s gravity is 1.6
times what it was; each change takes the one before back. Errors are means over the joints, in degrees, of true
positions, with and without noise of the sensors (0.001 rad, 0.01 rad/s). Seeds are motions. All contestants have the
same PD.

PID and the delta rule (in the form of Nengo: random neurons of position and velocity, taught by PD's torque) are run at
several rates. The rate that is best over all seeds and changes stands beside: for PID by the last ten seconds after a
change, for the delta rule by the first two. "Computed torque" has the equations of the body as it was at first.

A body of seven joints is moved with the same settings.

    python benchmarks/control.py [--seeds N] [--json FILE] [--quick]
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from common import Claim, finish, one_thread, parser
from reverie.agents import AdaptiveController, Arm, ArmTrial, Wanted, Wave, try_arm
from reverie.agents.arm import CHANGES

COMMAND = "python benchmarks/control.py"
NOISE = {"exact sensors": (0.0, 0.0), "noisy sensors": (0.001, 0.01)}
_BETWEEN = 20  # seconds from one change to the next
_PID = (2.0, 4.0, 6.0)  # in stiffnesses a second
_DELTA = (0.2, 0.4, 0.8, 1.2)
_NEURONS = 1000

Vector = NDArray[np.float64]
Controlling = Callable[[Vector, Vector, Wanted], Vector]


def _pd(joints: int, seed: int) -> Controlling:
    return AdaptiveController(joints).feedback


def _pid(rate: float) -> Callable[[int, int], Controlling]:
    def made(joints: int, seed: int) -> Controlling:
        pd, whole = AdaptiveController(joints), np.zeros(joints)

        def control(q: Vector, v: Vector, wanted: Wanted) -> Vector:
            nonlocal whole
            error = wanted.q - q
            whole = np.clip(whole + rate / pd.rate * pd.stiffness * error, -pd.limit, pd.limit)
            asked = pd.stiffness * error + pd.damping * (wanted.v - v) + whole
            return np.clip(asked, -pd.limit, pd.limit)

        return control

    return made


def _computed(joints: int, seed: int) -> Controlling:
    pd, old = AdaptiveController(joints), Arm(joints)

    def control(q: Vector, v: Vector, wanted: Wanted) -> Vector:
        asked = pd.stiffness * (wanted.q - q) + pd.damping * (wanted.v - v) + old.inverse(Wanted(q, v, wanted.a))
        return np.clip(asked, -pd.limit, pd.limit)

    return control


def _delta(rate: float) -> Callable[[int, int], Controlling]:
    def made(joints: int, seed: int) -> Controlling:
        pd, source = AdaptiveController(joints), np.random.default_rng(seed)
        encoders = source.standard_normal((2 * joints, _NEURONS))
        encoders /= np.linalg.norm(encoders, axis=0)
        bias, decoders = source.uniform(-1, 1, _NEURONS), np.zeros((_NEURONS, joints))
        scale = np.concatenate([np.ones(joints), np.full(joints, 2.0)])

        def control(q: Vector, v: Vector, wanted: Wanted) -> Vector:
            nonlocal decoders
            fired = np.maximum(np.concatenate([q, v]) / scale @ encoders + bias, 0)
            feedback = pd.stiffness * (wanted.q - q) + pd.damping * (wanted.v - v)
            asked: Vector = feedback + fired @ decoders
            decoders = decoders + rate / _NEURONS * np.outer(fired, feedback)
            return np.clip(asked, -pd.limit, pd.limit)

        return control

    return made


def _adaptive(joints: int, seed: int) -> Controlling:
    return AdaptiveController(joints, seed=seed).torque


CONTESTANTS: dict[str, Callable[[int, int], Controlling]] = {
    "PD": _pd,
    "computed torque, old body": _computed,
    **{f"PID {rate:g}": _pid(rate) for rate in _PID},
    **{f"delta rule {rate:g}": _delta(rate) for rate in _DELTA},
    "adaptive": _adaptive,
}


class Came(NamedTuple):
    """Of one contestant, motion, body and kind of sensors."""

    first: list[float]
    """Mean errors of the first two seconds after each change."""
    last: list[float]
    """Of the last ten."""
    below: list[float]
    """Seconds until it stays below half a degree for a second; twenty where it never does."""
    by_second: Vector
    cpu: float


def _run(asked: tuple[str, int, str, int]) -> Came:
    name, joints, sensors, seed = asked
    one_thread()
    seconds = 20.0 + _BETWEEN * len(CHANGES)
    trial = ArmTrial(Wave(joints, seed=seed), seconds, tuple(CHANGES.values()), NOISE[sensors], seed)
    began = time.process_time()
    errors = try_arm(Arm(joints), CONTESTANTS[name](joints, seed), trial).errors
    first, last, below = [], [], []
    for start, _ in CHANGES.values():
        part = errors[int(start * 100) : int((start + _BETWEEN) * 100)]
        first.append(float(part[:200].mean()))
        last.append(float(part[-1000:].mean()))
        small = part < 0.5
        below.append(next((i / 100 for i in range(len(small) - 100) if small[i : i + 100].all()), float(_BETWEEN)))
    summed = np.concatenate([[0.0], np.cumsum(errors)])
    return Came(first, last, below, (summed[100:] - summed[:-100]) / 100, time.process_time() - began)


def _best(came: dict[tuple[str, int], Came], kind: str, seeds: list[int], part: str) -> str:
    """The name of the rate with the least mean error."""
    names = {name for name, _ in came if name.startswith(kind)}
    return min(sorted(names), key=lambda name: np.mean([getattr(came[name, seed], part) for seed in seeds]))


def _claims(title: str, came: dict[tuple[str, int], Came], seeds: list[int], share: float) -> Iterator[Claim]:
    """Of one body and kind of sensors; `share` of PID's error is the bound afterwards."""
    pid, delta = _best(came, "PID", seeds, "last"), _best(came, "delta rule", seeds, "first")
    rivals = ["PD", pid, "computed torque, old body", delta]
    for index, change in enumerate(CHANGES):
        mine = {seed: came["adaptive", seed] for seed in seeds}

        def beside(part: str, index: int = index) -> dict[str, float]:
            return {name: float(np.mean([getattr(came[name, seed], part)[index] for seed in seeds])) for name in rivals}

        name = f"{title}, {change}"
        below = {seed: mine[seed].below[index] for seed in seeds}
        late = {"seeds later than a second": float(sum(value > 1 for value in below.values()))}
        yield Claim.of(f"{name}: below 0.5° after", below, "s", 1.0, "<=", COMMAND, beside("below") | late)
        last = {seed: mine[seed].last[index] for seed in seeds}
        yield Claim.of(f"{name}: error afterwards", last, "°", None, "=", COMMAND, beside("last"))
        ratio = {seed: last[seed] / came[pid, seed].last[index] for seed in seeds}
        yield Claim.of(f"{name}: error afterwards, in that of PID", ratio, "", share, "<=", COMMAND)
        first = {seed: mine[seed].first[index] for seed in seeds}
        yield Claim.of(f"{name}: error in the first two seconds", first, "°", None, "=", COMMAND, beside("first"))
        ratio = {seed: first[seed] / came[delta, seed].first[index] for seed in seeds}
        yield Claim.of(f"{name}: first two seconds, in those of the delta rule", ratio, "", 1.0, "<=", COMMAND)
    worse = {seed: float((came["adaptive", seed].by_second - came["PD", seed].by_second).max()) for seed in seeds}
    yield Claim.of(f"{title}: worst second, less that second of PD", worse, "°", 0.0, "<=", COMMAND)
    cpu = {seed: came["adaptive", seed].cpu for seed in seeds}
    yield Claim.of(f"{title}: processor time of 100 s, with the body's", cpu, "s", None, "=", COMMAND)


def main() -> None:
    reading = parser(__doc__ or "")
    reading.add_argument("--seeds", type=int, default=10, help="how many motions")
    options = reading.parse_args()
    bodies = {3: list(range(1 if options.quick else options.seeds))}
    if not options.quick:
        bodies[7] = list(range(min(3, options.seeds)))
    claims: list[Claim] = []
    with ProcessPoolExecutor(options.jobs) as pool:
        for joints, sensors in product(bodies, NOISE):
            seeds = bodies[joints]
            asked = [(name, joints, sensors, seed) for seed in seeds for name in CONTESTANTS]
            found = pool.map(_run, asked)
            came = {(name, seed): one for (name, _, _, seed), one in zip(asked, found, strict=True)}
            share = 0.1 if sensors == "exact sensors" else 0.5
            claims += _claims(f"{joints} joints, {sensors}", came, seeds, share)
            print(f"  {joints} joints, {sensors}: done", flush=True)
    finish(claims, options)


if __name__ == "__main__":
    main()
