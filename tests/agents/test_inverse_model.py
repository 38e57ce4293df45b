"""The inverse model: what it learns, in which units, through which noise."""

import numpy as np

from reverie.agents.inverse_model import InverseModel


def _model() -> InverseModel:
    return InverseModel(2, rate=100.0, features=40, decay=0.99, ridge=0.01, seed=0)


def _lived(model: InverseModel, steps: int, *, units: float = 1.0, noise: float = 0.0, heavy: float = 1.0) -> float:
    """A body u = heavy · (2 q̈ + q̇ + 3 sin q); the mean error of its predictions in the last second, in Nm."""
    source, errors = np.random.default_rng(1), []
    turns, phase = np.array([2.1, 3.3]), np.array([0.0, 1.0])
    measured = None
    for step in range(steps):
        angle = turns * step / 100 + phase
        q, v = np.sin(angle), turns * np.cos(angle)
        after = turns * np.cos(angle + turns / 100)
        torque = heavy * (2 * (after - v) * 100 + v + 3 * np.sin(q))
        ahead = after + noise * source.standard_normal(2)
        seen = model.learn(units * q, units * (v if measured is None else measured), units * ahead, torque)
        measured = ahead
        if seen is not None and step >= steps - 100:
            errors.append(np.abs(seen[0] - seen[1]).mean())
    return float(np.mean(errors))


def test_learns_a_body_in_seconds_and_another_one_in_a_second() -> None:
    model = _model()
    assert _lived(model, 1000) < 0.05
    model.pause()
    assert _lived(model, 700, heavy=2.0) < 0.2


def test_units_do_not_matter() -> None:
    plain, other = (_lived(_model(), 500, units=units) for units in (1.0, 57.3))
    assert abs(plain - other) < 0.01


def test_noise_is_measured_and_filtered_as_much_as_it_needs() -> None:
    clean, noisy = _model(), _model()
    _lived(clean, 500)
    assert _lived(noisy, 500, noise=0.01) < 1.0
    assert 0.7 * 0.01 < np.sqrt(noisy._variance) < 1.4 * 0.01
    assert clean._share(np.zeros(2)) == 1.0 and noisy._share(np.zeros(2)) < 0.5


def test_says_nothing_before_it_knows() -> None:
    model = _model()
    assert not model.ready and model.read(np.ones(6)).tolist() == [0.0, 0.0]
    assert model.learn(np.zeros(2), np.zeros(2), np.zeros(2), np.zeros(2)) is None


def test_a_body_at_rest_is_no_trouble() -> None:
    model = _model()
    for _ in range(2000):
        model.learn(np.ones(2), np.zeros(2), np.zeros(2), np.array([5.0, 1.0]))
    at_rest = np.concatenate([np.ones(2), np.zeros(4)])
    np.testing.assert_allclose(model.read(at_rest), [5.0, 1.0], atol=1e-3)
