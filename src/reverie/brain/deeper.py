"""A deeper cortex, and what it answers together with the memory.

A night replays traces, and a network learns from them (`reverie.sleep.replay`). For a sample x, with K the classes that
the network knows::

    p(c | x) = P(K | x) · q(c),     q(c) ∝ p_m(c | x)^a · p_n(c | x)^w    for c in K
    p(c | x) = p_m(c | x)                                                 for all others

where p_m is the memory's probability and p_n the network's. How likely a sample is of a class that was learned after
the night, and how likely it is of any class in K, is said by the memory alone; the network shifts probability among the
classes in K only.

a and w are chosen on what is kept aside: the memory is asked without these samples, exactly, and the network has not
seen them. Both together must have a log-loss that is lower by two standard errors than that of the memory alone with
the best a, and be right no less often; else there is no deeper cortex.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Float, Int64, UInt8
from torch import Tensor
from torch.nn.functional import nll_loss

from reverie.checkpoint import state_bytes
from reverie.contracts import State
from reverie.errors import CorruptFile
from reverie.layers import MapNetwork, TraceCode
from reverie.memory.contribution import contribution
from reverie.sleep.replay import Replay, map_network

if TYPE_CHECKING:
    from reverie.brain.mind import Mind

__all__ = ["Deeper", "deepen", "together"]

_SHARPNESS = (0.25, 0.5, 0.75, 1.0, 1.5)
_WEIGHTS = (0.25, 0.5, 0.75, 1.0, 1.5)
_SURE = 2.0  # standard errors by which the log-loss must be better
_LEAST = 50  # samples aside
_FEWEST = 100  # traces
_STRIDE = 20  # steps between two moments at which a night can be interrupted
_BLOCK = 250


@dataclass(frozen=True)
class Deeper:
    """A network, and how its answers are joined with the memory's.

    Attributes
    ----------
    network : MapNetwork
    columns : Int64[Tensor, " k"]
        Value columns of the classes that it knows, in its order.
    sharpness, weight : float
        a and w.
    seen : str
        What it was trained on: a digest of the traces and of the settings.
    """

    network: MapNetwork
    columns: Int64[Tensor, " k"]
    sharpness: float
    weight: float
    seen: str = ""

    @torch.no_grad()
    def logits(self, code: TraceCode, codes: UInt8[Tensor, "n size"]) -> Float[Tensor, "n k"]:
        """What the network answers to traces: log p_n."""
        parts = [self.network(code.decode(part)) for part in codes.split(_BLOCK)]
        found = torch.cat(parts) if parts else torch.zeros(0, len(self.columns))
        return torch.log_softmax(found.double(), 1)

    def joined(
        self, memory: Float[Tensor, "n c"], columns: Int64[Tensor, " c"], own: Float[Tensor, "n k"]
    ) -> Float[Tensor, "n c"]:
        """log p(c | x), of the memory's logits for `columns` and the network's."""
        return together(memory, columns, own, self.columns, self.sharpness, self.weight)

    def state(self) -> State:
        """For keeping."""
        return {
            "network": dict(self.network.state_dict()),
            "columns": self.columns,
            "numbers": [self.sharpness, self.weight],
            "seen": self.seen,
        }

    @classmethod
    def of(cls, state: State) -> "Deeper":
        """What `state` gave."""
        a, w = (float(one) for one in state["numbers"])
        return cls(map_network(state["network"]), state["columns"], a, w, str(state["seen"]))


def together(
    memory: Float[Tensor, "n c"],
    columns: Int64[Tensor, " c"],
    own: Float[Tensor, "n k"],
    known: Int64[Tensor, " k"],
    sharpness: float,
    weight: float,
) -> Float[Tensor, "n c"]:
    """log p(c | x), as the module says.

    Examples
    --------
    >>> memory = torch.tensor([[0.5, 0.2, 0.3]]).log()
    >>> own = torch.tensor([[0.1, 0.9]]).log()
    >>> together(memory, torch.arange(3), own, torch.arange(2), 1.0, 1.0).exp()
    tensor([[0.1522, 0.5478, 0.3000]])
    """
    found = torch.log_softmax(memory, 1)
    place = _places(columns, known)
    here = (place >= 0).nonzero().flatten()
    if not len(here):
        return found
    there = place[here]
    mine = found[:, here]
    total = mine.logsumexp(1, keepdim=True)
    mixed = torch.log_softmax(sharpness * (mine - total) + weight * own[:, there].to(mine.dtype), 1)
    joined = found.clone()
    joined[:, here] = total + mixed
    return joined


def deepen(
    mind: "Mind", *, epochs: int, begun: State | None, save: Callable[[State], None], seed: int
) -> dict[str, Any]:
    """Replay the traces, and give a mind a deeper cortex where both together are surely better; what was measured.

    Parameters
    ----------
    epochs : int
        How often each trace is replayed.
    begun, save
        As of a night.
    """
    began = time.perf_counter()
    traces, aside, before = mind.traces, mind.aside, mind.deeper
    assert traces is not None and aside is not None
    report: dict[str, Any] = {"traces": len(traces), "bytes": traces.bytes, "deepened": before is not None}
    there = mind.known().columns.sort().values
    seen = torch.isin(traces.columns, there)
    known = traces.columns[seen].unique()
    judges = aside.coded.nonzero().flatten()
    if traces.code is None or int(seen.sum()) < _FEWEST or len(known) < 2 or len(judges) < _LEAST:
        why = f"{int(seen.sum())} traces of {len(known)} classes, and {len(judges)} samples aside"
        least = f"{_FEWEST} of two classes, and {_LEAST} aside"
        return report | {"left_out": f"there are {why}; expected {least}"}
    digest = f"{traces.content} {epochs} {seed}"
    if before is not None and before.seen == digest:
        candidates = [before]
    else:
        of = torch.searchsorted(known, traces.columns[seen])
        network, mirrors = _trained(traces.code, traces.codes[seen], of, len(known), epochs, begun, save, seed)
        report["mirrored"] = mirrors
        candidates = [Deeper(network, known, 1.0, 1.0, digest)] + ([] if before is None else [before])
    judged = _Judges.take(mind, judges)
    if judged is None:
        return report | {"left_out": "too few classes or samples are left when those aside are taken out of the sums"}
    found = [judged.chosen(candidate, traces.code) for candidate in candidates]
    best, measured = min(found, key=lambda one: one[1]["deep_loss"])
    mind.deeper = best
    report |= measured | {"deepened": best is not None, "seconds": time.perf_counter() - began}
    return report | {"network_bytes": state_bytes(candidates[0].state())}


def _trained(
    code: TraceCode,
    codes: Tensor,
    of: Tensor,
    classes: int,
    epochs: int,
    begun: State | None,
    save: Callable[[State], None],
    seed: int,
) -> tuple[MapNetwork, bool]:
    def made() -> Replay:
        source = torch.Generator().manual_seed(seed)
        return Replay(code, codes, of, classes, epochs=epochs, generator=source)

    replayed = made()
    if begun is not None:
        try:
            replayed.load_state_dict(begun)
        except CorruptFile:  # as where there is none: it begins anew
            replayed = made()
    while not replayed.finished:
        replayed.advance(_STRIDE)
        save(replayed.state_dict())
    return replayed.network.eval(), replayed.mirrors


@dataclass(frozen=True)
class _Judges:
    """Samples aside: what the memory answers, which has not learned them, and their codes."""

    memory: Float[Tensor, "n c"]
    columns: Int64[Tensor, " c"]
    of: Int64[Tensor, " n"]  # places among the columns
    codes: UInt8[Tensor, "n size"]

    @classmethod
    def take(cls, mind: "Mind", rows: Int64[Tensor, " n"]) -> "_Judges | None":
        """Take all that is aside out of the sums of a copy, and ask it about these rows; None: it cannot be asked."""
        aside, twin = mind.aside, mind.copy()
        assert aside is not None
        twin.memory.absorb(contribution(aside.keys, aside.columns, per_class=twin.memory.per_class), sign=-1)
        columns = twin.known().columns
        rows = rows[torch.isin(aside.columns[rows], columns)]
        if len(columns) < 2 or len(rows) < _LEAST:
            return None
        logits = torch.cat([twin.memory_logits(aside.keys[some]) for some in rows.split(1000)])
        of = _places(aside.columns[rows], columns)
        return cls(torch.log_softmax(logits, 1), columns, of, aside.codes[rows])

    def chosen(self, deeper: Deeper, code: TraceCode) -> tuple[Deeper | None, dict[str, float]]:
        """With the best sharpness and weight; None: it is not surely better than the memory alone."""
        own = deeper.logits(code, self.codes)

        def losses(a: float, w: float) -> tuple[Tensor, float]:
            found = together(self.memory, self.columns, own, deeper.columns, a, w)
            right = float((found.argmax(1) == self.of).double().mean())
            return nll_loss(found, self.of, reduction="none").double(), right

        alone, right = min((losses(a, 0.0) for a in _SHARPNESS), key=_mean)
        pairs = {(a, w): losses(a, w) for a in _SHARPNESS for w in _WEIGHTS}
        (a, w), (best, deep_right) = min(pairs.items(), key=lambda item: _mean(item[1]))
        gain = alone - best
        error = float(gain.std() / len(gain) ** 0.5)
        named = _places(deeper.columns, self.columns)
        measured = {
            "aside": len(self.of),
            "loss": float(alone.mean()),
            "accuracy": right,
            "deep_loss": float(best.mean()),
            "deep_accuracy": deep_right,
            "network_accuracy": float((named[own.argmax(1)] == self.of).double().mean()),
            "error": error,
            "sharpness": a,
            "weight": w,
        }
        surely = float(gain.mean()) > _SURE * error and deep_right >= right
        return (replace(deeper, sharpness=a, weight=w) if surely else None), measured


def _places(columns: Int64[Tensor, " n"], among: Int64[Tensor, " k"]) -> Int64[Tensor, " n"]:
    """Where each column stands among others; −1 where it does not."""
    place = {column: index for index, column in enumerate(among.tolist())}
    return torch.tensor([place.get(column, -1) for column in columns.tolist()], dtype=torch.int64)


def _mean(losses: tuple[Tensor, float]) -> float:
    return float(losses[0].mean())
