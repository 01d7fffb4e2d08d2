"""Parts of the losses: softmax, masks, squared error."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from linear_models import categorical
from linear_models.gradcheck import check_vjp
from refimpl.scale.train.losses import forbid, softmax, value_gradient
from refimpl.shared.policy_gradient import policy_gradient
from refimpl.shared.ppo import policy_loss
from tests.scale.train.strategies import rngs


@st.composite
def batches(draw):
    """Logits, allowed actions, actions, old log-probabilities, advantages, away from the kinks."""
    rng, n, width = draw(rngs), draw(st.integers(1, 8)), draw(st.integers(1, 5))
    allowed = rng.random((n, width)) < 0.7
    allowed[:, 0] = True
    logits = 2 * rng.standard_normal((n, width))
    actions = categorical.sample(logits, rng, allowed)
    ratio = rng.choice([0.5, 0.9, 1.0, 1.1, 1.5], n)
    old = categorical.log_prob(logits, actions, allowed) - np.log(ratio)
    return logits, allowed, actions, old, rng.standard_normal(n)


@given(batches())
def test_softmax_under_a_mask_is_the_categorical_distribution(batch) -> None:
    logits, allowed, *_ = batch
    p, log_p = softmax(forbid(logits, allowed))
    np.testing.assert_allclose(p, categorical.probabilities(logits, allowed), atol=1e-14)
    expected = categorical.log_softmax(logits, allowed)
    np.testing.assert_allclose(log_p[allowed], expected[allowed], atol=1e-13)
    np.testing.assert_array_equal(p > 0, allowed)
    assert np.isfinite(log_p).all()
    assert forbid(logits, None) is logits


@given(batches(), st.sampled_from([0.0, 0.01, 0.5]))
def test_the_surrogate_of_forbidden_logits_is_that_under_the_mask(batch, coef) -> None:
    logits, allowed, actions, old, advantages = batch
    found = forbid(logits, allowed)
    terms = policy_gradient(found.T, actions, old, advantages, 0.2, coef)
    loss, expected = policy_loss(logits, actions, old, advantages, 0.2, coef, allowed)
    np.testing.assert_allclose(terms["loss"], loss, atol=1e-12)
    np.testing.assert_allclose(found, expected, atol=1e-13)
    np.testing.assert_array_equal(found[~allowed], 0)


@given(rngs, st.integers(1, 9))
def test_value_gradient_is_the_complex_step(rng, n) -> None:
    values, targets = rng.standard_normal((2, n))

    def vjp(x, dy):
        return dy * value_gradient(x, targets)[1]

    check_vjp(lambda x: value_gradient(x, targets)[0], vjp, values, rng=rng)


def test_value_gradient_is_the_mean_square() -> None:
    loss, d_values = value_gradient(np.array([1.0, 2.0]), np.array([0.0, 4.0]))
    assert loss == 2.5
    np.testing.assert_array_equal(d_values, [1.0, -2.0])


def test_single_precision_stays() -> None:
    logits = np.random.default_rng(0).standard_normal((4, 3)).astype(np.float32)
    assert {part.dtype for part in softmax(logits)} == {np.dtype(np.float32)}
    assert forbid(logits, logits > 0).dtype == np.float32
    assert value_gradient(logits[0], logits[1])[1].dtype == np.float32
