"""The diagonal Gaussian against scipy.stats and quadrature; gradients by the complex step."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from scipy import stats

from linear_models import gaussian as g
from linear_models.gradcheck import check_vjp, complex_step_jvp
from tests.linear_models.strategies import Normal, normals


def quadrature(f, mean, log_std):
    """``E[f(x)]`` for x ~ N(mean, exp(log_std)^2), exact for polynomials up to degree 19."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(10)
    values = [f(mean + np.exp(log_std) * node) for node in nodes]
    return np.tensordot(weights / weights.sum(), np.array(values), axes=1)


@given(normals())
def test_log_prob_is_scipys(normal: Normal) -> None:
    expected = stats.norm.logpdf(normal.actions, normal.mean, np.exp(normal.log_std)).sum(axis=-1)
    result = g.log_prob(normal.mean, normal.log_std, normal.actions)
    np.testing.assert_allclose(result, expected, rtol=1e-11, atol=1e-12)


@given(normals())
def test_entropy_is_scipys(normal: Normal) -> None:
    expected = stats.norm(scale=np.exp(normal.log_std)).entropy().sum(axis=-1)
    np.testing.assert_allclose(g.entropy(normal.log_std), expected, rtol=1e-11, atol=1e-13)


@given(normals(), normals())
def test_kl_by_quadrature(normal: Normal, other: Normal) -> None:
    mean_2 = other.rng.standard_normal(normal.mean.shape)
    log_std_2 = other.rng.uniform(-1, 1, normal.mean.shape[-1:])
    std, std_2 = np.exp(normal.log_std), np.exp(log_std_2)
    expected = quadrature(
        lambda x: stats.norm.logpdf(x, normal.mean, std) - stats.norm.logpdf(x, mean_2, std_2),
        normal.mean,
        normal.log_std,
    ).sum(axis=-1)
    divergence = g.kl(normal.mean, normal.log_std, mean_2, log_std_2)
    np.testing.assert_allclose(divergence, expected, rtol=1e-9, atol=1e-10)


@given(normals())
def test_kl_of_a_distribution_with_itself_is_zero(normal: Normal) -> None:
    divergence = g.kl(normal.mean, normal.log_std, normal.mean, normal.log_std)
    np.testing.assert_array_equal(divergence, np.zeros(normal.mean.shape[:-1]))


@given(normals())
def test_mean_surprise_is_the_entropy(normal: Normal) -> None:
    surprise = quadrature(
        lambda x: -g.log_prob(normal.mean, normal.log_std, x), normal.mean, normal.log_std
    )
    # One quadrature node moves all coordinates at once, but the sum over them is separable.
    expected = np.broadcast_to(g.entropy(normal.log_std), surprise.shape)
    np.testing.assert_allclose(surprise, expected, rtol=1e-10, atol=1e-11)


@given(normals())
def test_gradient_of_log_prob_in_all_arguments(normal: Normal) -> None:
    xs = (normal.mean, normal.log_std, normal.actions)
    check_vjp(g.log_prob, g.log_prob_vjp, *xs, rng=normal.rng)


@given(normals())
def test_gradient_of_entropy(normal: Normal) -> None:
    check_vjp(g.entropy, g.entropy_vjp, normal.log_std, rng=normal.rng)


@given(normals())
def test_gradient_of_kl_in_all_arguments(normal: Normal) -> None:
    other_mean = normal.rng.standard_normal(normal.mean.shape)
    for other_log_std in (np.zeros(normal.mean.shape), np.zeros(normal.mean.shape[-1:])):
        xs = (normal.mean, normal.log_std, other_mean, other_log_std)
        check_vjp(g.kl, g.kl_vjp, *xs, rng=normal.rng)


def test_sample_has_the_mean_and_the_deviation() -> None:
    rng = np.random.default_rng(5)
    n, mean, log_std = 20_000, np.array([1.0, -2.0]), np.array([0.5, -1.0])
    z = (g.sample(np.tile(mean, (n, 1)), log_std, rng) - mean) / np.exp(log_std)
    # Standard normal: the mean has variance 1 / n, the mean square has variance 2 / n.
    assert (np.abs(z.mean(axis=0)) * np.sqrt(n) < 4).all()
    assert (np.abs((z * z).mean(axis=0) - 1) * np.sqrt(n / 2) < 4).all()
    assert abs((z[:, 0] * z[:, 1]).mean()) * np.sqrt(n) < 4


@given(normals())
def test_a_sample_comes_with_its_log_prob(normal: Normal) -> None:
    seed = int(normal.rng.integers(2**32))
    actions, log_probs = g.sample_with_log_prob(
        normal.mean, normal.log_std, np.random.default_rng(seed)
    )
    alone = g.sample(normal.mean, normal.log_std, np.random.default_rng(seed))
    np.testing.assert_array_equal(actions, alone)
    expected = g.log_prob(normal.mean, normal.log_std, actions)
    # The noise is read back from the action with an error of eps |mean| / std.
    np.testing.assert_allclose(log_probs, expected, rtol=1e-11, atol=1e-11)


@given(normals())
def test_sample_is_a_differentiable_path(normal: Normal) -> None:
    seed = int(normal.rng.integers(2**32))

    def path(log_std):
        return g.sample(normal.mean, log_std, np.random.default_rng(seed))

    direction = np.ones(normal.log_std.shape)
    slope = complex_step_jvp(path, normal.log_std, direction)
    np.testing.assert_allclose(slope, path(normal.log_std) - normal.mean, rtol=1e-10, atol=1e-14)


def test_float32_stays_float32() -> None:
    mean, log_std = np.ones((2, 3), np.float32), np.zeros(3, np.float32)
    dy = np.ones(2, np.float32)
    results = (
        g.log_prob(mean, log_std, 2 * mean),
        *g.log_prob_vjp(mean, log_std, 2 * mean, dy),
        g.entropy(log_std),
        g.entropy_vjp(log_std, dy[0]),
        g.kl(mean, log_std, mean, log_std),
        *g.kl_vjp(mean, log_std, mean, log_std, dy),
        g.sample(mean, log_std, np.random.default_rng(0)),
    )
    assert {r.dtype for r in results} == {np.dtype(np.float32)}


M = np.zeros((2, 3))
S = np.zeros(3)
NAN = np.full((2, 3), np.nan)
ONE = np.ones(2)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: g.log_prob(M, np.zeros(2), M), r"log_std must have shape .*; got \(2,\)"),
        (lambda: g.log_prob(M, np.zeros((2, 1)), M), r"log_std must have shape .*; got \(2, 1\)"),
        (lambda: g.log_prob(M, np.zeros(()), M), r"log_std must have shape .*; got \(\)"),
        (lambda: g.log_prob(M, S, np.zeros(3)), r"actions must have shape \(2, 3\); got \(3,\)"),
        (lambda: g.log_prob(NAN, S, M), "mean must be finite; got nan"),
        (lambda: g.log_prob(M, NAN, M), "log_std must be finite; got nan"),
        (lambda: g.log_prob(M, S, NAN), "actions must be finite; got nan"),
        (lambda: g.log_prob_vjp(M, S, M, np.ones(3)), r"dy must have shape \(2,\); got \(3,\)"),
        (lambda: g.entropy(np.zeros(())), "log_std must have shape"),
        (lambda: g.entropy(NAN), "log_std must be finite"),
        (lambda: g.entropy_vjp(M, S), r"dy must have shape \(2,\); got \(3,\)"),
        (lambda: g.kl(M, S, np.zeros(3), S), r"other_mean must have shape \(2, 3\)"),
        (lambda: g.kl(M, S, M, np.zeros(2)), r"other_log_std must have shape .*; got \(2,\)"),
        (lambda: g.kl(M, S, NAN, S), "other_mean must be finite"),
        (lambda: g.kl(NAN, S, M, S), "mean must be finite"),
        (lambda: g.kl_vjp(M, S, M, S, S), r"dy must have shape \(2,\); got \(3,\)"),
        (lambda: g.sample(NAN, S, np.random.default_rng()), "mean must be finite"),
        (lambda: g.sample(M, np.zeros(2), np.random.default_rng()), "log_std must have shape"),
    ],
)
def test_bad_input_is_named(call, message) -> None:
    with pytest.raises(ValueError, match=message):
        call()
