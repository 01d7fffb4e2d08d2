"""Local critics: tables hold what they are told, networks descend their loss."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linear_models.gradcheck import complex_step_jvp
from linear_models.losses import huber
from linear_models.params import flatten, unflatten
from refimpl.meanfield.train.local_critics import (
    NEURAL,
    TABULAR,
    Around,
    inputs,
    network_gradients,
    network_values,
)

seeds = st.integers(0, 2**32 - 1)


def around(rng: Any, n: int = 4, n_states: int = 3, n_choices: int = 2) -> Around:
    shape = (n, n_choices)
    return Around(rng.integers(0, n_states, shape), rng.integers(0, n_choices, shape))


@given(seeds, st.floats(0.01, 1))
def test_a_table_moves_one_entry_towards_its_target(seed: int, step: float) -> None:
    rng = np.random.default_rng(seed)
    table, here = TABULAR.start(4, 3, 2, rng), around(rng)
    table["q"][:] = rng.standard_normal(table["q"].shape)
    before, old = TABULAR.values(table, here).copy(), table["q"].copy()
    targets = rng.standard_normal(4)
    TABULAR.learn(table, here, targets, step)
    after = TABULAR.values(table, here)
    np.testing.assert_allclose(after, before + step * (targets - before), rtol=1e-12, atol=1e-14)
    assert ((table["q"] != old).sum(axis=1) <= 1).all()


def test_a_table_tells_all_situations_apart() -> None:
    """Six states and choices jointly: every combination has an entry of its own."""
    table = TABULAR.start(1, 3, 2, np.random.default_rng(0))
    grid = np.stack(np.meshgrid(*[np.arange(3)] * 2, *[np.arange(2)] * 2, indexing="ij"), -1)
    rows = grid.reshape(-1, 1, 4)
    every = Around(rows[..., :2], rows[..., 2:])
    for k in range(len(rows)):
        one = Around(every.states[k], every.choices[k])
        TABULAR.learn(table, one, np.array([float(k)]), 1.0)
    assert TABULAR.values(table, every)[:, 0].tolist() == list(range(len(rows)))
    assert table["q"].shape == (1, len(rows))


@given(seeds)
def test_network_gradient_by_complex_step(seed: int) -> None:
    rng = np.random.default_rng(seed)
    arrays = NEURAL.start(3, 3, 2, rng)
    params = {k.removeprefix("params."): a for k, a in arrays.items() if k.startswith("params.")}
    x, dy = inputs(around(rng, 3), 3), rng.standard_normal(3)
    _, cache = network_values(params, x)
    grads = network_gradients(params, x, cache, dy)
    theta = flatten(params)
    direction = rng.standard_normal(theta.size)
    slope = complex_step_jvp(lambda v: network_values(unflatten(v, params), x)[0], theta, direction)
    assert dy @ slope == pytest.approx(flatten(grads) @ direction, rel=1e-9, abs=1e-11)


def test_networks_descend_the_smooth_error_each_on_its_own() -> None:
    rng = np.random.default_rng(1)
    arrays, here = NEURAL.start(4, 3, 2, rng), around(rng)
    targets = np.array([0.5, -0.5, 3.0, 0.0])
    errors, losses = [], []
    for k in range(1001):
        values = NEURAL.values(arrays, here)
        if k % 200 == 0:
            errors.append(np.abs(values - targets))
            losses.append(float(huber(values, targets)))
        NEURAL.learn(arrays, here, targets, 0.0)
    assert np.all(np.diff(losses) < 0)
    assert (errors[-1] < 0.9 * errors[0]).all()
    assert int(arrays["t"]) == 1001


def test_far_targets_pull_no_harder_than_near_ones() -> None:
    """The slope of the smooth absolute error is the error, cut to [-1, 1]."""
    rng = np.random.default_rng(3)
    arrays, here = NEURAL.start(4, 3, 2, rng), around(rng)
    errors = np.array([0.25, -0.5, 3.0, -40.0])
    targets = NEURAL.values(arrays, here) - errors
    NEURAL.learn(arrays, here, targets, 0.0)
    # Adam's first running mean is a tenth of the gradient; that of the last bias is the slope.
    np.testing.assert_allclose(arrays["m.b1"], 0.1 * np.array([0.25, -0.5, 1.0, -1.0]), rtol=1e-9)


@pytest.mark.parametrize("critic", [TABULAR, NEURAL], ids=lambda c: c.name)
def test_many_moments_at_once_are_one_after_the_other(critic: Any) -> None:
    rng = np.random.default_rng(2)
    arrays = critic.start(4, 3, 2, rng)
    moments = [around(rng) for _ in range(5)]
    for moment in moments:
        critic.learn(arrays, moment, rng.standard_normal(4), 0.5)
    both = Around(np.stack([m.states for m in moments]), np.stack([m.choices for m in moments]))
    np.testing.assert_allclose(
        critic.values(arrays, both), [critic.values(arrays, m) for m in moments], rtol=1e-13
    )


def test_inputs_are_one_hot() -> None:
    x = inputs(Around(np.array([[0, 2]]), np.array([[1, 0]])), 3)
    assert x.tolist() == [[1, 0, 0, 0, 0, 1, 0, 1, 1, 0]]
