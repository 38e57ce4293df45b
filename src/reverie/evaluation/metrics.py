"""What a learner has kept, from its accuracies R[i][j] on the test set of experience j after experience i ≥ j.

References: Lopez-Paz & Ranzato, 2017, NeurIPS (transfer); Chaudhry et al., 2018, ECCV (forgetting).
"""

from collections.abc import Sequence

__all__ = ["backward_transfer", "final_accuracy", "forgetting", "forward_transfer", "sample_accuracy"]

Accuracies = Sequence[Sequence[float]]
"""Row i has i + 1 fractions in 0…1."""


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def final_accuracy(accuracy: Accuracies) -> float:
    """Mean of the last row.

    Examples
    --------
    >>> final_accuracy([[1.0], [0.5, 1.0]])
    0.75
    """
    return _mean(accuracy[-1])


def sample_accuracy(last_row: Sequence[float], questions: Sequence[int]) -> float:
    """Share of all test samples answered rightly at the end: the same however the classes were paired.

    Examples
    --------
    >>> sample_accuracy([1.0, 0.5], [30, 10])
    0.875
    """
    return sum(share * n for share, n in zip(last_row, questions, strict=True)) / sum(questions)


def forgetting(accuracy: Accuracies) -> float:
    """Mean over the earlier experiences of (best accuracy before the last experience − last accuracy).

    Examples
    --------
    >>> round(forgetting([[0.8], [0.9, 1.0], [0.5, 0.7, 1.0]]), 6)
    0.35
    """
    last = len(accuracy) - 1
    if last == 0:
        return 0.0
    best = [max(accuracy[i][j] for i in range(j, last)) for j in range(last)]
    return _mean([high - now for high, now in zip(best, accuracy[-1], strict=False)])


def backward_transfer(accuracy: Accuracies) -> float:
    """Mean over the earlier experiences of (last accuracy − accuracy just after it was learned).

    Examples
    --------
    >>> round(backward_transfer([[0.8], [0.9, 1.0], [0.5, 0.7, 1.0]]), 6)
    -0.3
    """
    last = len(accuracy) - 1
    if last == 0:
        return 0.0
    return _mean([accuracy[-1][j] - accuracy[j][j] for j in range(last)])


def forward_transfer(before: Sequence[float], chance: Sequence[float]) -> float | None:
    """Mean over experiences but the first of (accuracy just before it is learned − chance level).

    None where there is only one experience. `before[0]` and `chance[0]` belong to the second experience.

    Examples
    --------
    >>> forward_transfer([0.75, 0.25], [0.5, 0.5])
    0.0
    """
    if not before:
        return None
    return _mean([known - guess for known, guess in zip(before, chance, strict=True)])
