"""What a fusion is built around: the small networks of `networks.py`, any scikit-learn estimator, or any nn.Module.

All are asked in the same way: train one copy for each row of a mask, and answer.
"""

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from reverie.disciplines.networks import SideBySide
from reverie.disciplines.threads import one_thread
from reverie.errors import BadData

__all__ = ["Answers", "train_base"]

Answers = Callable[[NDArray[Any], "NDArray[Any] | None"], NDArray[Any]]
"""From rows [m, d], and offsets where there are any, to the answers of every copy, [B, m, k]."""


@one_thread()
def train_base(
    base: Any,
    x: NDArray[Any],
    y: NDArray[Any],
    mask: NDArray[Any],
    *,
    classes: bool,
    seed: int,
    offset: NDArray[Any] | None = None,
) -> Answers:
    """Train B copies of a base.

    Parameters
    ----------
    base : None, scikit-learn estimator, or nn.Module
        None: the networks. An nn.Module takes float32 [n, d] and gives [n, k] (values or logits).
    y : array, shape [B, n, k]
    mask : array of bool, shape [B, n]
    classes : bool
        Whether y are class probabilities.
    """
    if base is None or isinstance(base, SideBySide):
        settings = dict(vars(base)) if base is not None else {}
        own = {k: v for k, v in settings.items() if not k.startswith("_") and k not in ("loss", "seed")}
        networks = SideBySide(loss="entropy" if classes else "squares", seed=seed, **own)
        networks.fit(x, y, mask, offset)
        return networks.predict
    if isinstance(base, nn.Module):
        return _modules(base, x, y, mask, classes=classes, seed=seed, offset=offset)
    if hasattr(base, "fit") and hasattr(base, "predict"):
        return _estimators(base, x, y, mask, classes=classes, seed=seed)
    raise BadData(f"The base is a {type(base).__name__}. Expected None, a scikit-learn estimator or an nn.Module.")


def _estimators(
    base: Any, x: NDArray[Any], y: NDArray[Any], mask: NDArray[Any], *, classes: bool, seed: int
) -> Answers:
    from sklearn.base import clone

    fitted = []
    for goal, rows in zip(y, mask, strict=True):
        one = clone(base)
        if "random_state" in one.get_params():
            one.set_params(random_state=seed)
        one.fit(x[rows], goal[rows].argmax(1) if classes else goal[rows, 0])
        fitted.append(one)

    def answer(rows: NDArray[Any], offset: NDArray[Any] | None = None) -> NDArray[Any]:
        if not classes:
            return np.stack([np.asarray(one.predict(rows), dtype=float)[:, None] for one in fitted])
        found = np.full((len(fitted), len(rows), y.shape[2]), 1e-9)
        for place, one in enumerate(fitted):
            found[place][:, one.classes_] += one.predict_proba(rows)
        return np.asarray(found / found.sum(-1, keepdims=True))

    return answer


def _modules(
    base: nn.Module,
    x: NDArray[Any],
    y: NDArray[Any],
    mask: NDArray[Any],
    *,
    classes: bool,
    seed: int,
    offset: NDArray[Any] | None,
    steps: int = 200,
) -> Answers:
    source = torch.Generator().manual_seed(seed)
    rows = torch.as_tensor(x, dtype=torch.float32)
    centre, spread = rows.mean(0), rows.std(0, correction=0).clamp_min(1e-6)
    rows = (rows - centre) / spread
    fitted: list[tuple[nn.Module, Any, Any]] = []
    for place, (goal, seen) in enumerate(zip(y, mask, strict=True)):
        module = copy.deepcopy(base).train()
        mine = torch.as_tensor(np.flatnonzero(seen))
        target = torch.tensor(goal, dtype=torch.float32)
        mean = target[mine].mean(0) if not classes else 0.0
        sd = target[mine].std(0, correction=0).clamp_min(1e-9) if not classes else 1.0
        optimiser = torch.optim.AdamW(module.parameters(), lr=0.01, weight_decay=0.01)
        for _ in range(steps):
            chosen = mine[torch.randint(len(mine), (min(256, len(mine)),), generator=source)]
            out = module(rows[chosen])
            if classes:
                if offset is not None:
                    out = out + torch.tensor(offset[place], dtype=torch.float32)[chosen]
                loss = -(torch.log_softmax(out, -1) * target[chosen]).sum(-1).mean()
            else:
                loss = (out - (target[chosen] - mean) / sd).square().mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        fitted.append((module.eval(), mean, sd))

    def answer(asked: NDArray[Any], given: NDArray[Any] | None = None) -> NDArray[Any]:
        new = (torch.as_tensor(asked, dtype=torch.float32) - centre) / spread
        found = []
        with torch.no_grad():
            for place, (module, mean, sd) in enumerate(fitted):
                out = module(new) * sd + mean
                if classes:
                    out = out if given is None else out + torch.tensor(given[place], dtype=torch.float32)
                    out = torch.softmax(out, -1)
                found.append(out.double().numpy())
        return np.stack(found)

    return answer
