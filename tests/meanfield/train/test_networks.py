"""First weights, and the shortcut for inputs that take few values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linear_models import mlp
from linear_models.gradcheck import complex_step_jvp
from linear_models.params import flatten, unflatten
from refimpl.meanfield.train.networks import gaussian_actor, normalized_columns, on_states
from refimpl.shared.actor_critic import mlp_network


def test_units_start_with_length_one_and_the_last_with_a_hundredth() -> None:
    params = normalized_columns(np.random.default_rng(0), (6, 7, 5, 3))
    for k, length in enumerate((1.0, 1.0, 0.01)):
        np.testing.assert_allclose(np.linalg.norm(params[f"W{k}"], axis=0), length, rtol=1e-14)
        assert not params[f"b{k}"].any()
    assert params["W0"].shape == (6, 7)


@pytest.mark.parametrize("hidden", [(), (8,), (8, 8)])
def test_a_policy_starts_near_zero_with_the_given_deviation(hidden: tuple[int, ...]) -> None:
    params = gaussian_actor(np.random.default_rng(0), (6, *hidden), 12, -0.7)
    assert {p.dtype for p in params.values()} == {np.dtype(np.float32)}
    outputs, _ = mlp.forward(params, np.eye(6, dtype=np.float32))
    # Last-layer columns have length 0.01, inputs of it at most sqrt(width).
    assert np.abs(outputs[:, :12]).max() <= 0.01 * np.sqrt(8)
    assert np.abs(outputs[:, 12:] + 0.7).max() <= 0.01 * np.sqrt(8)


@given(st.integers(0, 2**32 - 1), st.integers(1, 4))
def test_on_states_is_the_network_on_one_hot_inputs(seed: int, n_states: int) -> None:
    rng = np.random.default_rng(seed)
    params = normalized_columns(rng, (n_states, 5, 3))
    states = rng.integers(0, n_states, (4, 3))
    short, full = on_states(mlp_network(), n_states, np.float64), mlp_network()
    y, cache = short.forward(params, states)
    y_full, cache_full = full.forward(params, np.eye(n_states)[states])
    np.testing.assert_allclose(y, y_full, rtol=1e-13, atol=1e-15)
    dy = rng.standard_normal(y.shape)
    grads, dx = short.backward(params, cache, dy)
    expected, _ = full.backward(params, cache_full, dy)
    for key in params:
        np.testing.assert_allclose(grads[key], expected[key], rtol=1e-11, atol=1e-12)
    assert dx.shape == states.shape
    theta, direction = flatten(params), rng.standard_normal(flatten(params).size)
    slope = complex_step_jvp(
        lambda v: short.forward(unflatten(v, params), states)[0], theta, direction
    )
    assert np.sum(dy * slope) == pytest.approx(flatten(grads) @ direction, rel=1e-9, abs=1e-11)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: normalized_columns(np.random.default_rng(0), (3, 0)), "sizes must be .* got 0"),
        (
            lambda: on_states(mlp_network(), 2).forward(
                normalized_columns(np.random.default_rng(0), (2, 1)), np.array([2])
            ),
            r"x must be integers in 0\.\.1; got 2",
        ),
    ],
)
def test_bad_input_is_named(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
