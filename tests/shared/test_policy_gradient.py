"""The fast surrogate is the plain one, with the gradient by the complex step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from linear_models import categorical
from linear_models.gradcheck import complex_step_jvp
from refimpl.shared.policy_gradient import policy_gradient
from refimpl.shared.ppo import policy_loss

Array = NDArray[Any]
rngs = st.integers(0, 2**32 - 1).map(np.random.default_rng)


def drawn(rng: np.random.Generator, n: int, n_actions: int) -> tuple[Array, ...]:
    logits = rng.uniform(-3, 3, (n, n_actions))
    actions = rng.integers(0, n_actions, n)
    old = categorical.log_prob(logits, actions) + rng.uniform(-1, 1, n)
    return logits, actions, old, rng.standard_normal(n)


@given(rngs, st.integers(1, 9), st.integers(1, 5), st.floats(0.05, 2), st.floats(0, 1))
def test_policy_gradient_is_that_of_the_plain_loss(rng, n, n_actions, clip, entropy) -> None:
    logits, actions, old, advantages = drawn(rng, n, n_actions)
    expected, d_logits = policy_loss(logits, actions, old, advantages, clip, entropy)
    columns = logits.T.copy()
    terms = policy_gradient(columns, actions, old, advantages, clip, entropy)
    assert terms["loss"] == pytest.approx(expected, rel=1e-12, abs=1e-13)
    np.testing.assert_allclose(columns.T, d_logits, rtol=1e-11, atol=1e-13)
    assert terms["entropy"] == pytest.approx(categorical.entropy(logits).mean(), abs=1e-13)
    log_ratio = categorical.log_prob(logits, actions) - old
    assert terms["clip_fraction"] == (np.abs(np.exp(log_ratio) - 1) > clip).mean()
    assert terms["kl"] == pytest.approx((np.exp(log_ratio) - 1 - log_ratio).mean(), abs=1e-12)


@given(rngs, st.integers(1, 6), st.integers(2, 4))
def test_policy_gradient_by_the_complex_step(rng, n, n_actions) -> None:
    logits, actions, old, advantages = drawn(rng, n, n_actions)
    direction = rng.standard_normal(logits.shape)

    def loss(z: Array) -> Array:
        return policy_gradient(z.T.copy(), actions, old, advantages, 0.2, 0.1)["loss"]

    columns = logits.T.copy()
    policy_gradient(columns, actions, old, advantages, 0.2, 0.1)
    forward = complex_step_jvp(loss, logits, direction)
    length = np.linalg.norm(columns) * np.linalg.norm(direction)
    assert abs((columns.T * direction).sum() - forward) <= 1e-10 * length + 1e-13


def test_single_precision_stays() -> None:
    logits, actions, old, advantages = drawn(np.random.default_rng(0), 4, 3)
    z = logits.T.astype(np.float32)
    policy_gradient(z, actions, old.astype(np.float32), advantages.astype(np.float32), 0.2, 0.1)
    assert z.dtype == np.float32
    assert np.isfinite(z).all()


def test_a_batch_in_rows_is_passed_as_its_transpose() -> None:
    logits, actions, old, advantages = drawn(np.random.default_rng(1), 5, 3)
    _, expected = policy_loss(logits, actions, old, advantages, 0.2, 0.1)
    policy_gradient(logits.T, actions, old, advantages, 0.2, 0.1)
    np.testing.assert_allclose(logits, expected, rtol=1e-11, atol=1e-13)
