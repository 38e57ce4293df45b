import warnings

import pytest
import torch
from sklearn.decomposition import MiniBatchDictionaryLearning, sparse_encode
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import Lasso
from torch.nn.functional import normalize

from reverie.errors import BadData
from reverie.functional.lca import Competition, compete, competition_step, dictionary_step, lasso_objective
from reverie.layers.sparse_coding import SparseCoding


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def problem(atoms: int = 40, d: int = 20, n: int = 15) -> tuple[torch.Tensor, torch.Tensor]:
    dictionary = normalize(torch.randn(atoms, d, generator=seeded(), dtype=torch.float64))
    return torch.randn(n, d, generator=seeded(1), dtype=torch.float64), dictionary


def planted(atoms: int, d: int, n: int) -> tuple[torch.Tensor, torch.Tensor]:
    """A dictionary, and samples of three atoms each with a little noise."""
    generator = seeded()
    dictionary = normalize(torch.randn(atoms, d, generator=generator))
    chosen = torch.rand(n, atoms, generator=generator).topk(3, 1).indices
    size = 0.5 + torch.rand(n, 3, generator=generator)
    sign = torch.randint(0, 2, (n, 3), generator=generator) * 2 - 1
    code = torch.zeros(n, atoms).scatter(1, chosen, size * sign)
    return dictionary, code @ dictionary + 0.01 * torch.randn(n, d, generator=generator)


def recovered(true: torch.Tensor, found: torch.Tensor) -> float:
    """Share of the true atoms of which there is one, up to its sign, within 8° (cosine 0.99)."""
    return float(((true @ found.T).abs().max(1).values > 0.99).float().mean())


@pytest.mark.parametrize("penalty", [0.1, 0.3, 1.0])
def test_the_competition_ends_at_the_lasso_solution(penalty):
    x, dictionary = problem()
    code = compete(x, dictionary, penalty=penalty, steps=20_000, tolerance=1e-7).code
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        theirs = sparse_encode(x.numpy(), dictionary.numpy(), algorithm="lasso_cd", alpha=penalty, max_iter=20_000)
    mine = lasso_objective(x, dictionary, code, penalty=penalty)
    best = lasso_objective(x, dictionary, torch.from_numpy(theirs), penalty=penalty)
    assert float((mine / best).max()) < 1 + 1e-6
    regression = Lasso(alpha=penalty / x.shape[1], fit_intercept=False, tol=1e-10, max_iter=100_000)
    for sample, coefficients in zip(x, code, strict=True):
        regression.fit(dictionary.T.numpy(), sample.numpy())
        torch.testing.assert_close(coefficients, torch.from_numpy(regression.coef_), atol=1e-3, rtol=0)


def test_at_rest_the_conditions_of_the_lasso_hold():
    x, dictionary = problem()
    code = compete(x, dictionary, penalty=0.2, steps=20_000, tolerance=1e-12).code
    pull = (x - code @ dictionary) @ dictionary.T
    active = code != 0
    assert 0 < int(active.sum()) < active.numel() / 2
    torch.testing.assert_close(pull[active], 0.2 * code[active].sign(), atol=1e-6, rtol=0)
    assert float(pull[~active].abs().max()) < 0.2 + 1e-6


def test_a_step_is_the_equation():
    x, dictionary = problem(n=2)
    u = torch.randn(2, 40, generator=seeded(2), dtype=torch.float64)
    a = torch.sign(u) * (u.abs() - 0.3).clamp_min(0)
    after = competition_step(Competition(u, a), x @ dictionary.T, dictionary, penalty=0.3, rate=0.1)
    other = dictionary @ dictionary.T - torch.eye(40, dtype=torch.float64)
    torch.testing.assert_close(after.membrane, u + 0.1 * (x @ dictionary.T - u - a @ other))
    torch.testing.assert_close(after.code, torch.sign(after.membrane) * (after.membrane.abs() - 0.3).clamp_min(0))


def test_the_state_goes_on_where_it_was():
    x, dictionary = problem()
    whole = compete(x, dictionary, penalty=0.1, steps=60, tolerance=0)
    half = compete(x, dictionary, penalty=0.1, steps=25, tolerance=0)
    kept = half.membrane.clone()
    torch.testing.assert_close(compete(x, dictionary, penalty=0.1, steps=35, tolerance=0, state=half), whole)
    assert torch.equal(half.membrane, kept)
    rest = compete(x, dictionary, penalty=0.3, steps=5000)
    again = compete(x, dictionary, penalty=0.3, steps=10, state=rest)  # who rests, stays
    torch.testing.assert_close(again.code, rest.code, atol=1e-4, rtol=0)


def test_an_unrolled_competition_has_gradients():
    x, dictionary = problem(n=2)
    x.requires_grad_()
    compete(x, dictionary, penalty=0.1, steps=30).code.square().sum().backward()
    assert x.grad is not None and bool(x.grad.isfinite().all()) and float(x.grad.abs().sum()) > 0


def test_the_hebbian_step_is_the_gradient_of_the_reconstruction_error():
    x, dictionary = problem()
    code = compete(x, dictionary, penalty=0.1).code
    moving = dictionary.clone().requires_grad_()
    (0.5 * (x - code @ moving).square().sum(1).mean()).backward()
    expected = normalize(dictionary - 0.3 * moving.grad)
    torch.testing.assert_close(dictionary_step(dictionary, x, code, rate=0.3), expected)


def test_a_planted_dictionary_is_found_again():
    true, x = planted(30, 20, 1000)
    layer = SparseCoding(20, 30, penalty=0.1, steps=100, tolerance=1e-3, generator=seeded(10))
    first, batches = layer.dictionary.clone(), seeded(20)
    for epoch in range(15):
        for batch in x[torch.randperm(len(x), generator=batches)].split(50):
            layer.learn(batch, rate=15 * (1 - epoch / 15))
    assert recovered(true, first) == 0
    assert recovered(true, layer.dictionary) >= 0.9
    torch.testing.assert_close(layer.dictionary.norm(dim=1), torch.ones(30))
    peer = MiniBatchDictionaryLearning(
        30, alpha=0.1, fit_algorithm="cd", dict_init=first.double().numpy(), batch_size=50, max_iter=15,
        random_state=0, tol=0, max_no_improvement=None,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        theirs = torch.from_numpy(peer.fit(x.double().numpy()).components_).float()
    assert recovered(true, layer.dictionary) >= recovered(true, theirs)


def test_learning_lowers_the_objective_and_draws_from_its_generator_alone():
    torch.manual_seed(0)
    state = torch.get_rng_state()
    _, x = planted(12, 8, 500)
    one, two = (SparseCoding(8, 12, generator=seeded()) for _ in range(2))
    course = [one.learn(x, rate=3.0) for _ in range(20)]
    assert course == [two.learn(x, rate=3.0) for _ in range(20)]
    assert course[-1] < course[0]
    assert torch.equal(one.dictionary, two.dictionary)
    assert torch.equal(state, torch.get_rng_state())
    one.imprint(x, generator=seeded(3))
    assert float((normalize(x) @ one.dictionary.T).max(0).values.min()) == pytest.approx(1, abs=1e-5)
    assert bool((one(x) != 0).any(0).all())


def test_nothing_in_nothing_out():
    layer = SparseCoding(8, 12, generator=seeded())
    assert layer(torch.zeros(0, 8)).shape == (0, 12)
    assert bool((layer(torch.zeros(3, 8)) == 0).all())


def test_bad_input_is_refused():
    x, dictionary = problem()
    with pytest.raises(BadData, match="penalty is 0"):
        compete(x, dictionary, penalty=0.0)
    with pytest.raises(BadData, match="penalty is nan"):
        SparseCoding(4, 5, penalty=float("nan"), generator=seeded())
    with pytest.raises(BadData, match="19 values"):
        compete(x[:, :19], dictionary, penalty=0.1)
    with pytest.raises(BadData, match="length one"):
        compete(x, 2 * dictionary, penalty=0.1)
    with pytest.raises(BadData, match="NaN"):
        compete(x / 0, dictionary, penalty=0.1)
    with pytest.raises(BadData, match="The state is of"):
        compete(x, dictionary, penalty=0.1, state=compete(x[:3], dictionary, penalty=0.1, steps=1))
    with pytest.raises(BadData, match="2 samples"):
        SparseCoding(20, 5, generator=seeded()).imprint(x[:2].float(), generator=seeded())
