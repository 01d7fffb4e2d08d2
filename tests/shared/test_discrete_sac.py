"""Soft values by their definition, losses by complex step, temperature by its sign."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linear_models.gradcheck import check_vjp, complex_step_jvp
from refimpl.shared.discrete_sac import (
    critic_loss,
    moved,
    policy_loss,
    soft_values,
    temperature_loss,
)

rngs = st.integers(0, 2**32 - 1).map(np.random.default_rng)
temperatures = st.floats(0.01, 3.0)


@given(rngs, temperatures, st.integers(1, 5))
def test_soft_values_are_the_expectation(rng, temperature, width) -> None:
    logits, q = rng.standard_normal((2, 4, width))
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    expected = (p * (q - temperature * np.log(p))).sum(axis=1)
    np.testing.assert_allclose(soft_values(logits, q, temperature), expected, atol=1e-12)


@given(rngs, temperatures)
def test_no_policy_beats_the_softmax_of_the_values(rng, temperature) -> None:
    logits, q = rng.standard_normal((2, 6, 4))
    best = soft_values(q / temperature, q, temperature)
    expected = temperature * np.log(np.exp(q / temperature).sum(axis=1))
    np.testing.assert_allclose(best, expected, rtol=1e-10)
    assert (soft_values(logits, q, temperature) <= best + 1e-12).all()
    # There the policy's gradient vanishes, whatever is added to all logits of a row.
    _, d_logits = policy_loss(q / temperature + 1.0, q, temperature)
    np.testing.assert_allclose(d_logits, 0, atol=1e-13)


@given(rngs, temperatures)
def test_gradients_are_the_complex_step(rng, temperature) -> None:
    logits, q = rng.standard_normal((2, 5, 3))

    def vjp(x, dy):
        return dy * policy_loss(x, q, temperature)[1]

    check_vjp(lambda x: policy_loss(x, q, temperature)[0], vjp, logits, rng=rng)
    actions, targets = rng.integers(0, 3, 5), rng.standard_normal(5)
    check_vjp(
        lambda x: critic_loss(x, actions, targets)[0],
        lambda x, dy: dy * critic_loss(x, actions, targets)[1],
        q,
        rng=rng,
    )


def test_critic_loss_is_the_mean_square_of_the_actions_taken() -> None:
    q = np.array([[1.0, 5.0], [2.0, 0.0]])
    loss, d_q = critic_loss(q, np.array([0, 1]), np.array([3.0, 1.0]))
    assert loss == 2.5
    np.testing.assert_array_equal(d_q, [[-2.0, 0.0], [0.0, -1.0]])


@given(st.floats(-3.0, 1.0), st.floats(0.0, 2.0), st.floats(0.0, 2.0))
def test_the_temperature_falls_while_the_policy_is_too_random(log, entropy, target) -> None:
    loss, slope = temperature_loss(log, entropy, target)
    assert loss == log * (entropy - target)
    assert np.sign(slope) == np.sign(entropy - target)
    found = complex_step_jvp(
        lambda x: temperature_loss(x, entropy, target)[0], np.array(log), np.array(1.0)
    )
    assert slope == pytest.approx(float(found), abs=1e-15)


def test_targets_go_part_of_the_way() -> None:
    target, online = {"W": np.zeros(2, np.float32)}, {"W": np.array([1.0, -2.0], np.float32)}
    found = moved(target, online, np.float64(0.25))["W"]
    np.testing.assert_array_equal(found, [0.25, -0.5])
    assert found.dtype == np.float32
    np.testing.assert_array_equal(moved(target, online, 1.0)["W"], online["W"])
    np.testing.assert_array_equal(moved(target, online, 0.0)["W"], target["W"])


def test_single_precision_stays() -> None:
    x = np.ones((2, 3), np.float32)
    assert policy_loss(x, x, np.float64(0.1))[1].dtype == np.float32
    assert soft_values(x, x, np.float64(0.1)).dtype == np.float32
    targets = np.ones(2, np.float32)
    assert critic_loss(x, np.array([0, 1]), targets)[1].dtype == np.float32


TABLE = np.zeros((2, 3))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: soft_values(TABLE, TABLE[:1], 0.1), "q must have shape"),
        (lambda: soft_values(TABLE, TABLE, -0.1), "temperature must be"),
        (lambda: soft_values(TABLE * np.nan, TABLE, 0.1), "logits must be finite"),
        (lambda: policy_loss(TABLE, TABLE, math.inf), "temperature must be"),
        (lambda: critic_loss(TABLE, np.array([0, 3]), np.zeros(2)), "actions must be"),
        (lambda: critic_loss(TABLE, np.array([0]), np.zeros(2)), "actions must have shape"),
        (lambda: critic_loss(TABLE, np.array([0, 1]), np.full(2, np.nan)), "must be finite"),
        (lambda: moved({"a": TABLE}, {"a": TABLE}, 1.5), "rate must be in"),
        (lambda: moved({"a": TABLE}, {"b": TABLE}, 0.5), "must have the keys"),
    ],
)
def test_bad_input_is_named(call, message) -> None:
    with pytest.raises(ValueError, match=message):
        call()
