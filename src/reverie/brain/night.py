"""A night: prune, dream, consolidate, verify; the mind that wakes up, or the one that went to bed.

1. *Prune*: filters (or inputs) that the memory needs least go, half of them or as many as cost nearly nothing, by what
   the read-out explains and by how keys that are kept aside are answered.
2. *Sharpen*: classes differ in their covariances; that is used where keys that are kept aside are answered better by
   it (`reverie.memory.sharpening`). A brain with one sum for all classes knows them by a sketch, which cannot follow
   pruned keys: where it helps, or seems to, nothing is pruned unless `keep` says so; after pruning, another one is
   begun.
3. *Compile*: an expansion, or a visual cortex of grey levels, is to answer in whole numbers.
4. *Dream*: keys are drawn from the memory's own statistics.
5. *Consolidate*: a network learns what the memory answers to the dreams; its weakest synapses are cut.
6. *Verify*: on fresh dreams, also as the compiled senses would distort them, and on what the memory's read-out explains
   of all that was learned. Where retention has fallen, nothing of the night is kept.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from reverie.brain.mind import Mind
from reverie.contracts import State
from reverie.errors import BadData, CorruptFile
from reverie.sleep import Consolidation, Dreamer, needed_least

__all__ = ["Plan", "dreamer", "night"]

_SHARES = (1, 0.75, 0.5, 0.25)  # of the pruning that was planned, tried in this order
_PROBES = 2000  # dreams on which retention is verified
_UNITS = 400  # in a hidden layer of the cortex network
_NETWORK = 1 / 6  # share of the state that the network may take
_STRIDE = 20  # steps between two moments at which a night can be interrupted


@dataclass(frozen=True)
class Plan:
    """What to do in a night.

    Parameters
    ----------
    keep : float, optional
        Share of the filters (or inputs) to keep, 0…1; less is pruned where that would cost more than `tolerance`. None:
        a half in the first night, and all later; less where the keys aside would be answered worse, or dreams less.
    tolerance : float
        How much of the explained variance may be lost, 0…1.
    bits : {32, 16}
        16: round the sums to sixteen bits, which halves them once more, until something is learned again. What the
        brain answers hardly changes; but forgetting single samples is exact no more.
    compile : bool, optional
        Let an expansion of a million weights or more, or a visual cortex that has begun with grey levels (uint8, or the
        same as fractions of white), answer in whole numbers from now on, in less than half of the time; the memory's
        read-out too, where it chooses its own ridge. None: where that retains enough, and, for a cortex, where the
        processor multiplies eight bits at once. What is learned or forgotten passes the senses as before, exactly.
    hidden : tuple of int, optional
        Units of the cortex network's hidden layers; empty: no network is trained. None: two layers of 400, or fewer
        where those would take more than a sixth of the state; where so few do not retain enough, the brain wakes up
        without a network, and the report says why (`left_out`).
    steps, learning_rate, cut
        See `reverie.sleep.Consolidation`.
    epochs : int
        How often each trace is replayed, in a brain that keeps traces (`reverie.brain.deeper`); 0: none is, and a
        deeper cortex of an earlier night stays.
    retention : float
        How many of the dreams that the memory has recognised must be recognised as the same class after the night, by
        the memory, through the compiled senses and by the network, in relation to those that it recognised before, 0…1.
    """

    keep: float | None = None
    tolerance: float = 0.01
    bits: int = 32
    compile: bool | None = None
    hidden: tuple[int, ...] | None = None
    steps: int = 1000
    learning_rate: float = 1e-3
    cut: float = 0.5
    epochs: int = 10
    retention: float = 0.95

    def __post_init__(self) -> None:
        if self.keep is not None and not 0 < self.keep <= 1:
            raise BadData(f"keep is {self.keep!r}. Expected a share, more than 0 and at most 1.")
        if self.bits not in (16, 32):
            raise BadData(f"bits is {self.bits!r}. Expected 32 or 16.")
        if not isinstance(self.epochs, int) or not 0 <= self.epochs <= 1000:
            raise BadData(f"epochs is {self.epochs!r}. Expected a whole number, 0 to 1000.")


def night(
    mind: Mind, plan: Plan, begun: State | None, save: Callable[[State], None], *, seed: int, budget: int | None = None
) -> tuple[Mind, dict[str, Any]]:
    """Sleep for a night.

    Parameters
    ----------
    begun : State or None
        What `save` was given in a night that was interrupted; it goes on from there, to the same morning.
    save : callable
        Called now and then with all that is needed to go on.

    Returns
    -------
    Mind
        The one that wakes up: another one, or `mind` itself where the night is rolled back.
    dict
        The night's report.
    """
    mind.memory.refresh()  # the night depends on the sums alone, not on how the read-out has followed them
    dreams = dreamer(mind)
    source = torch.Generator().manual_seed(seed)
    probes, of = dreams.dream(_PROBES, source)
    known = max(_share(mind.memory.read(probes).argmax(1) == of), 1e-9)
    report: dict[str, Any] = {
        "plan": asdict(plan),
        "state_bytes": [mind.bytes],
        "inputs": [probes.shape[1]],
        "explained": [mind.memory.explained()],
    }
    left_out: list[str] = []

    def retained(slept: Mind, inputs: Tensor) -> float:
        return _share(slept.memory.read(probes[:, inputs]).argmax(1) == of) / known

    slept, inputs, told = _prune(mind, plan, retained)
    if mind.memory.sketch is not None and slept.memory.sketch is not None and plan.keep is None and not mind.nights:
        left_out.append("pruning, which would cost the sketch")
    if plan.bits == 16:
        slept.memory.halve()
    slept.memory.settle()
    report["sharpened"] = slept.sharpen() if told is None or slept.memory.sketch is not None else told
    slept.begin_sketch()
    report["inputs"].append(len(inputs))
    report["explained"].append(slept.memory.explained())
    report["retention"] = {"memory": retained(slept, inputs)}
    compiles = slept.senses.compiling_pays if plan.compile is None else plan.compile
    if compiles and slept.senses.compile():
        errors = slept.senses.distortion(torch.Generator().manual_seed(seed))
        distorted = probes[:, inputs] + errors.repeat(-(-_PROBES // len(errors)), 1)[:_PROBES]
        share = _share(slept.memory.read(distorted).argmax(1) == of) / known
        if plan.compile is None and not share >= plan.retention:
            slept.senses.plain()
            left_out.append(_too_little("compiled senses", share))
        else:
            report["retention"]["senses"] = share
    hidden = _affordable(slept, mind.bytes, budget) if plan.hidden is None else plan.hidden
    report["plan"]["hidden"] = list(hidden)
    if hidden:
        training = _training(slept, plan, hidden, seed)
        if begun is not None:
            try:
                training.load_state_dict(begun)
            except CorruptFile:  # as where there is none: the night begins anew
                training = _training(slept, plan, hidden, seed)
        while not training.finished:
            training.advance(_STRIDE)
            save(training.state_dict())
        slept.cortex = training.network
        share = _share(training.network(probes[:, inputs]).argmax(1) == of) / known
        if plan.hidden is None and not share >= plan.retention:
            slept.cortex = None
            left_out.append(_too_little("cortex", share))
        else:
            report["retention"]["cortex"] = share
    report["left_out"] = "; ".join(left_out) or None
    report["state_bytes"].append(slept.bytes)
    reason = _verdict(report, plan, budget)
    report["verdict"] = "committed" if reason is None else "rolled back"
    report["reason"] = reason
    return (mind if reason else slept), report


def _training(mind: Mind, plan: Plan, hidden: tuple[int, ...], seed: int) -> Consolidation:
    return Consolidation(
        mind.memory,
        dreamer(mind),
        hidden=hidden,
        steps=plan.steps,
        learning_rate=plan.learning_rate,
        cut=plan.cut,
        seed=seed,
    )


def _affordable(mind: Mind, state: int, budget: int | None) -> tuple[int, ...]:
    """Hidden layers as wide as their share of the state allows, and the budget."""
    room, around = _NETWORK * state / 4, mind.memory.width + len(mind.labels)
    if budget is not None:
        room = max(0, min(room, (budget - mind.bytes) / 4 - 5 * around))  # what it knows of each input takes some
    units = int((around * around / 4 + room) ** 0.5 - around / 2)  # units² + around · units = room
    return (min(units, _UNITS),) * 2 if units >= len(mind.labels) else ()


def _verdict(report: dict[str, Any], plan: Plan, budget: int | None) -> str | None:
    """Why the night must not be kept, or None."""
    before, after = report["explained"]
    if not after >= before - plan.tolerance:
        return f"the memory would explain {after:.4f} of the variance instead of {before:.4f}"
    for part, share in report["retention"].items():
        if not share >= plan.retention:
            return _too_little(part, share)
    if budget is not None and report["state_bytes"][1] > budget:
        return f"the state would have {report['state_bytes'][1]} bytes, and its budget is {budget}"
    return None


def _too_little(part: str, share: float) -> str:
    return f"the {part} would recognise only {share:.1%} of the dreams that were recognised before"


def _prune(
    mind: Mind, plan: Plan, retained: Callable[[Mind, Tensor], float]
) -> tuple[Mind, Tensor, dict[str, Any] | None]:
    """A copy of the mind with fewer inputs, which they are, and what its sketch would sharpen; None: it has none.

    `retained`: the share of what was recognised that a mind with these inputs recognises.
    """
    width = mind.memory.width
    groups = mind.senses.groups(width)
    keep = plan.keep if plan.keep is not None else (1.0 if mind.nights else 0.5)
    before, awake = mind.memory.explained(), mind.held_out() if plan.keep is None else None
    told = None
    if plan.keep is None and mind.memory.sketch is not None:
        slept = mind.copy()
        slept.memory.settle()
        told = slept.sharpen()
        if told["sharpened"] or told.get("sharp_loss", 0) + told.get("error", 0) < told.get("loss", 0):
            return slept, torch.arange(width), told  # it helps, or may help when more is kept aside
    leaving = needed_least(mind.memory, groups, min(len(groups) - 1, round(len(groups) * (1 - keep))))
    for share in _SHARES:
        gone = leaving[: round(len(leaving) * share)]
        if len(gone) == 0:
            break
        stays = torch.ones(len(groups), dtype=torch.bool)
        stays[gone] = False
        slept = mind.copy()
        inputs = slept.prune(stays.nonzero().flatten())
        if slept.memory.explained() < before - plan.tolerance:
            continue
        if plan.keep is None and (retained(slept, inputs) < plan.retention or _worse(awake, slept.held_out())):
            continue
        return slept, inputs, told
    return mind.copy(), torch.arange(width), told


def _worse(before: Tensor | None, after: Tensor | None) -> bool:
    """Whether log-losses of the same keys aside have risen by more than their difference's standard error."""
    if before is None or after is None or len(before) != len(after):
        return False
    lost = after - before
    return bool(lost.mean() > lost.std() / len(lost) ** 0.5)


def dreamer(mind: Mind) -> Dreamer:
    """Dreams of what a mind's memory knows."""
    if mind.senses.whole_numbers:
        return Dreamer(mind.memory, lowest=0, highest=127)
    return Dreamer(mind.memory)


def _share(true: Tensor) -> float:
    return float(true.double().mean())
