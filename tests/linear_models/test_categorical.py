"""The categorical distribution by enumeration; every gradient by the complex step."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from scipy import stats

from linear_models import categorical as c
from linear_models.gradcheck import check_vjp
from tests.linear_models.strategies import Choice, choices

# A nearly certain choice has derivatives like p (1 - p), whose cancellation costs e^spread in
# relative accuracy, on both sides of the check. Ten digits need a moderate spread.
moderate_choices = choices(spreads=(0.1, 1.0))


def enumerated(logits, mask):
    """Probabilities of one row at a time, by definition; exact sums."""
    p = np.zeros(logits.shape)
    for row in np.ndindex(logits.shape[:-1]):
        allowed = [k for k in range(logits.shape[-1]) if mask is None or mask[(*row, k)]]
        weights = {k: math.exp(logits[(*row, k)]) for k in allowed}
        for k, weight in weights.items():
            p[(*row, k)] = weight / math.fsum(weights.values())
    return p


def expectation(p, values):
    """``sum_k p_k values_k`` over the last axis, where 0 times -inf counts as 0."""
    return np.where(p > 0, p * np.where(p > 0, values, 0), 0).sum(axis=-1)


@given(choices())
def test_probabilities_by_enumeration(choice: Choice) -> None:
    p = c.probabilities(choice.logits, choice.mask)
    np.testing.assert_allclose(p, enumerated(choice.logits, choice.mask), rtol=1e-12)
    np.testing.assert_allclose(p.sum(axis=-1), 1, rtol=1e-14)


@given(choices())
def test_log_softmax_is_the_logarithm_of_the_probabilities(choice: Choice) -> None:
    with np.errstate(divide="ignore"):
        expected = np.log(enumerated(choice.logits, choice.mask))
    log_p = c.log_softmax(choice.logits, choice.mask)
    np.testing.assert_allclose(log_p, expected, rtol=1e-11, atol=1e-13)


@given(choices(masked=True))
def test_forbidden_actions_have_probability_exactly_zero(choice: Choice) -> None:
    p = c.probabilities(choice.logits, choice.mask)
    assert ((p == 0) == ~choice.mask).all()
    assert np.isneginf(c.log_softmax(choice.logits, choice.mask)[~choice.mask]).all()


@given(choices(masked=True))
def test_logits_of_forbidden_actions_do_not_matter(choice: Choice) -> None:
    other = np.where(choice.mask, choice.logits, choice.logits + 100)
    for f in (c.log_softmax, c.entropy):
        np.testing.assert_array_equal(f(choice.logits, choice.mask), f(other, choice.mask))


@given(choices())
def test_only_differences_of_logits_matter(choice: Choice) -> None:
    shifted = c.log_softmax(choice.logits + 3.25, choice.mask)
    np.testing.assert_allclose(shifted, c.log_softmax(choice.logits, choice.mask), atol=1e-13)


def test_huge_logits_do_not_overflow() -> None:
    log_p = c.log_softmax(np.array([1e4, -1e4, 1e4]))
    np.testing.assert_allclose(log_p, [-math.log(2), -2e4 - math.log(2), -math.log(2)], rtol=1e-15)
    assert c.entropy(np.array([1e4, -1e4, 1e4])) == pytest.approx(math.log(2))


@given(choices())
def test_log_prob_picks_the_action(choice: Choice) -> None:
    log_p = c.log_softmax(choice.logits, choice.mask)
    picked = c.log_prob(choice.logits, choice.actions, choice.mask)
    assert picked.shape == choice.actions.shape
    for row in np.ndindex(choice.actions.shape):
        assert picked[row] == log_p[(*row, choice.actions[row])]


@given(choices())
def test_entropy_is_the_mean_surprise(choice: Choice) -> None:
    p = enumerated(choice.logits, choice.mask)
    h = c.entropy(choice.logits, choice.mask)
    expected = stats.entropy(p, axis=-1)
    np.testing.assert_allclose(h, expected, rtol=1e-10, atol=1e-13)
    assert (h <= np.log((p > 0).sum(axis=-1)) + 1e-13).all()


@given(choices())
def test_kl_by_enumeration(choice: Choice) -> None:
    other = choice.rng.standard_normal(choice.logits.shape)
    p, q = enumerated(choice.logits, choice.mask), enumerated(other, choice.mask)
    divergence = c.kl(choice.logits, other, choice.mask)
    np.testing.assert_allclose(divergence, stats.entropy(p, q, axis=-1), rtol=1e-10, atol=1e-13)
    assert (divergence >= -1e-14).all()
    np.testing.assert_array_equal(c.kl(choice.logits, choice.logits, choice.mask), 0 * divergence)


@given(choices())
def test_mean_score_is_zero(choice: Choice) -> None:
    """``E_p[d log p / dz] = 0``: what makes a baseline free of bias."""
    n_actions = choice.logits.shape[-1]
    p = c.probabilities(choice.logits)
    scores = [
        c.log_prob_vjp(choice.logits, np.full(p.shape[:-1], k), np.ones(p.shape[:-1]))
        for k in range(n_actions)
    ]
    mean_score = sum(p[..., k, None] * score for k, score in enumerate(scores))
    np.testing.assert_allclose(mean_score, np.zeros(p.shape), atol=1e-15 * n_actions)


@given(moderate_choices)
def test_gradient_of_log_softmax(choice: Choice) -> None:
    # A forbidden entry is -inf whatever the logits are; only the finite ones are compared.
    def f(z):
        y = c.log_softmax(z, choice.mask)
        return y if choice.mask is None else np.where(choice.mask, y, 0)

    vjp = partial(c.log_softmax_vjp, mask=choice.mask)
    check_vjp(f, vjp, choice.logits, rng=choice.rng)


@given(moderate_choices)
def test_gradient_of_probabilities(choice: Choice) -> None:
    f = partial(c.probabilities, mask=choice.mask)
    check_vjp(f, partial(c.probabilities_vjp, mask=choice.mask), choice.logits, rng=choice.rng)


@given(moderate_choices)
def test_gradient_of_log_prob(choice: Choice) -> None:
    check_vjp(
        lambda z: c.log_prob(z, choice.actions, choice.mask),
        lambda z, dy: c.log_prob_vjp(z, choice.actions, dy, choice.mask),
        choice.logits,
        rng=choice.rng,
    )


@given(moderate_choices)
def test_gradient_of_entropy(choice: Choice) -> None:
    f = partial(c.entropy, mask=choice.mask)
    check_vjp(f, partial(c.entropy_vjp, mask=choice.mask), choice.logits, rng=choice.rng)


@given(moderate_choices)
def test_gradient_of_kl_in_both_arguments(choice: Choice) -> None:
    other = choice.logits + choice.rng.standard_normal(choice.logits.shape)
    f, vjp = partial(c.kl, mask=choice.mask), partial(c.kl_vjp, mask=choice.mask)
    check_vjp(f, vjp, choice.logits, other, rng=choice.rng)


@given(choices(masked=True))
def test_samples_are_allowed(choice: Choice) -> None:
    actions = c.sample(choice.logits, choice.rng, choice.mask)
    assert actions.shape == choice.logits.shape[:-1]
    assert np.isfinite(c.log_prob(choice.logits, actions, choice.mask)).all()


class Draws:
    """Stands in for a generator: every uniform number is the one given."""

    def __init__(self, u: float) -> None:
        self.u = u

    def random(self, shape):
        return np.full(shape, self.u)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("u", "expected"), [(0.0, 1), (1 - 2**-53, 3)])
def test_extreme_draws_stay_on_allowed_actions(u, expected, dtype) -> None:
    rng = np.random.default_rng(0)
    logits = rng.standard_normal((500, 5)).astype(dtype)
    mask = np.broadcast_to(np.array([False, True, True, True, False]), logits.shape)
    assert (c.sample(logits, Draws(u), mask) == expected).all()


def test_sample_frequencies() -> None:
    rng = np.random.default_rng(3)
    n, logits = 20_000, np.array([0.5, -1.0, 2.0, 0.0])
    mask = np.array([True, True, True, False])
    p = enumerated(logits, mask)
    actions = c.sample(np.tile(logits, (n, 1)), rng, np.tile(mask, (n, 1)))
    counts = np.bincount(actions, minlength=4)
    z = (counts - n * p)[:3] / np.sqrt(n * p * (1 - p))[:3]
    assert counts[3] == 0
    assert (np.abs(z) < 4).all()


def test_float32_stays_float32() -> None:
    logits = np.array([[0.5, 1.0, -2.0]], np.float32)
    actions, mask, dy = np.array([1]), np.array([[True, True, False]]), np.ones(1, np.float32)
    results = (
        c.log_softmax(logits, mask),
        c.log_softmax_vjp(logits, logits, mask),
        c.probabilities_vjp(logits, logits),
        c.log_prob(logits, actions),
        c.log_prob_vjp(logits, actions, dy, mask),
        c.entropy(logits, mask),
        c.entropy_vjp(logits, dy, mask),
        c.kl(logits, 2 * logits, mask),
        *c.kl_vjp(logits, 2 * logits, dy),
    )
    assert {r.dtype for r in results} == {np.dtype(np.float32)}


Z = np.zeros((2, 3))
NAN = np.full((2, 3), np.nan)
A = np.array([0, 2])
M = np.array([[True, True, True], [True, False, False]])
ONE = np.ones(2)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: c.log_softmax(np.zeros((2, 0))), r"logits .*at least one action.*\(2, 0\)"),
        (lambda: c.log_softmax(np.zeros(())), r"logits .*at least one action.*\(\)"),
        (lambda: c.log_softmax(NAN), r"logits must be finite; got nan at index \(0, 0\)"),
        (lambda: c.entropy(np.array([0, -np.inf])), r"logits must be finite; got -inf"),
        (lambda: c.probabilities(Z, np.zeros((2, 3), bool)), r"row \(0,\) forbids every action"),
        (lambda: c.probabilities(Z[0], np.zeros(3, bool)), r"row \(\) forbids every action"),
        (
            lambda: c.probabilities(Z, np.ones(3, bool)),
            r"mask must have shape \(2, 3\); got \(3,\)",
        ),
        (lambda: c.probabilities(Z, np.ones((2, 3))), "mask must be boolean.*float64"),
        (lambda: c.log_prob(Z, np.array([0, 3])), r"actions .*0\.\.2; got 3"),
        (lambda: c.log_prob(Z, np.array([0, -1])), r"actions .*0\.\.2; got -1"),
        (lambda: c.log_prob(Z, np.array([0.0, 1.0])), "actions must be integers"),
        (lambda: c.log_prob(Z, np.array([0])), r"actions must have shape \(2,\); got \(1,\)"),
        (lambda: c.log_prob(Z, A, M), "got forbidden action 2"),
        (lambda: c.log_prob_vjp(Z, A, ONE, M), "got forbidden action 2"),
        (lambda: c.log_prob_vjp(Z, A, np.ones(3)), r"dy must have shape \(2,\)"),
        (lambda: c.log_softmax_vjp(Z, ONE), r"dy must have shape \(2, 3\)"),
        (lambda: c.probabilities_vjp(Z, ONE), r"dy must have shape \(2, 3\)"),
        (lambda: c.entropy_vjp(Z, Z), r"dy must have shape \(2,\)"),
        (lambda: c.kl(Z, Z[0]), r"other must have shape \(2, 3\); got \(3,\)"),
        (lambda: c.kl_vjp(Z, Z[0], ONE), r"other must have shape \(2, 3\); got \(3,\)"),
        (lambda: c.kl_vjp(Z, Z, Z), r"dy must have shape \(2,\)"),
        (lambda: c.kl(Z, NAN), "other must be finite; got nan"),
        (lambda: c.sample(NAN, np.random.default_rng()), "logits must be finite"),
    ],
)
def test_bad_input_is_named(call, message) -> None:
    with pytest.raises(ValueError, match=message):
        call()
