"""The Gaussian head is the Gaussian distribution, read off a network's outputs."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from linear_models import gaussian, mlp
from linear_models.gradcheck import check_layer
from refimpl.shared.actor_critic import mlp_network
from refimpl.shared.gaussian_head import GAUSSIAN, free_log_std, halves
from tests.shared.gradients import assert_gradient
from tests.shared.strategies import floats

Array = NDArray[Any]
seeds = st.integers(0, 2**32 - 1)
outputs_pairs = st.tuples(floats((3, 4), 1.5), floats((3, 4), 1.5))


@given(floats((3, 6), 1.5), seeds)
def test_functions_are_those_of_the_distribution(outputs: Array, seed: int) -> None:
    mean, log_std = outputs[:, :3], outputs[:, 3:]
    actions = GAUSSIAN.sample(outputs, np.random.default_rng(seed), None)
    drawn = gaussian.sample(mean, log_std, np.random.default_rng(seed))
    assert np.array_equal(actions, drawn)
    expected = gaussian.log_prob(mean, log_std, actions)
    assert np.array_equal(GAUSSIAN.log_prob(outputs, actions, None), expected)
    assert np.array_equal(GAUSSIAN.entropy(outputs, None), gaussian.entropy(log_std))
    other = outputs[::-1]
    kl = gaussian.kl(mean, log_std, other[:, :3], other[:, 3:])
    assert np.array_equal(GAUSSIAN.kl(outputs, other, None), kl)


@given(floats((3, 6), 1.5), seeds)
def test_draw_is_the_sample_and_its_log_prob(outputs: Array, seed: int) -> None:
    actions, log_probs = GAUSSIAN.draw(outputs, np.random.default_rng(seed), None)
    assert np.array_equal(actions, GAUSSIAN.sample(outputs, np.random.default_rng(seed), None))
    # The noise is read back from the action with an error of eps |mean| / std, times |noise| < 8.
    expected = GAUSSIAN.log_prob(outputs, actions, None)
    np.testing.assert_allclose(log_probs, expected, rtol=1e-13, atol=1e-12)


@given(outputs_pairs, seeds)
def test_gradients_by_complex_step(pair: tuple[Array, Array], seed: int) -> None:
    outputs, other = pair
    rng = np.random.default_rng(seed)
    actions, dy = GAUSSIAN.sample(outputs, rng, None), rng.standard_normal(3)
    log_prob_vjp = GAUSSIAN.log_prob_vjp(outputs, actions, dy, None)
    assert_gradient(lambda z: GAUSSIAN.log_prob(z, actions, None) @ dy, outputs, log_prob_vjp, rng)
    entropy_vjp = GAUSSIAN.entropy_vjp(outputs, dy, None)
    assert_gradient(lambda z: GAUSSIAN.entropy(z, None) @ dy, outputs, entropy_vjp, rng)
    for k, vjp in enumerate(GAUSSIAN.kl_vjp(outputs, other, dy, None)):
        f = (lambda z: GAUSSIAN.kl(z, other, None), lambda z: GAUSSIAN.kl(outputs, z, None))[k]
        assert_gradient(lambda z, f=f: f(z) @ dy, pair[k], vjp, rng)


@given(seeds)
def test_free_log_std_is_the_same_everywhere_and_has_its_gradient(seed: int) -> None:
    rng = np.random.default_rng(seed)
    network = free_log_std(mlp_network())
    params = {**mlp.init(rng, (3, 4, 2)), "log_std": rng.uniform(-1, 1, 2)}
    x = rng.uniform(-1, 1, (2, 5, 3))
    outputs, _ = network.forward(params, x)
    mean, log_std = halves(outputs)
    means_only = {key: value for key, value in params.items() if key != "log_std"}
    assert np.array_equal(mean, mlp.forward(means_only, x)[0])
    assert np.array_equal(log_std, np.broadcast_to(params["log_std"], (2, 5, 2)))
    check_layer(network.forward, network.backward, params, x, rng)


def test_float32_stays_float32_and_heads_travel() -> None:
    head = pickle.loads(pickle.dumps(GAUSSIAN))
    outputs = np.ones((2, 4), np.float32)
    actions, log_probs = head.draw(outputs, np.random.default_rng(0), None)
    dy = np.ones(2, np.float32)
    arrays = (
        actions,
        log_probs,
        head.log_prob_vjp(outputs, actions, dy, None),
        head.entropy_vjp(outputs, dy, None),
        *head.kl_vjp(outputs, outputs, dy, None),
    )
    assert {a.dtype for a in arrays} == {np.dtype(np.float32)}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: halves(np.zeros((2, 3))), r"outputs must have means and .*got \(2, 3\)"),
        (lambda: halves(np.zeros((2, 0))), "outputs must have means"),
        (
            lambda: GAUSSIAN.entropy(np.zeros((1, 2)), np.ones((1, 2), dtype=bool)),
            "mask must be None",
        ),
        (lambda: GAUSSIAN.log_prob(np.zeros((1, 2)), np.zeros((1, 2)), None), "actions must have"),
    ],
)
def test_bad_input_is_named(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
