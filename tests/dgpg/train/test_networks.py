"""Inputs, gradients and the shared first layer of actors and critics."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linear_models import categorical, mlp
from linear_models.gradcheck import complex_step_jvp
from linear_models.params import Params, flatten, unflatten
from refimpl.dgpg.model.observations import full_observation
from refimpl.dgpg.train import networks, perceptron
from refimpl.dgpg.train.networks import Actor, Samples, draw, evaluate, state_samples
from refimpl.shared.flat_weights import Buffers, Weights
from tests.dgpg.train.strategies import Array, Case, cases, rngs


def plain(params: Params, case: Case) -> Array:
    """Outputs by the checked layers of the ground floor, row by row."""
    samples, layers = case.samples, {k: v for k, v in params.items() if k != "E"}
    table = networks.index_table(params, samples.n_agents)
    rows = [case.shared[samples.rows], samples.own, table[samples.agent]]
    return mlp.forward(layers, np.concatenate(rows, axis=1))[0]


@given(cases())
def test_inputs_are_shared_part_own_part_and_index(case) -> None:
    found = evaluate(case.params, case.samples)
    np.testing.assert_allclose(found, plain(case.params, case), rtol=1e-12, atol=1e-12)
    in_parts = evaluate(case.params, case.samples, rows=2)
    np.testing.assert_allclose(in_parts, found, rtol=1e-12, atol=1e-12)


@given(cases())
def test_the_shared_first_layer_gives_the_plain_outputs(case) -> None:
    samples = case.samples
    assert samples.own is not None
    actor = Actor(case.params, samples.n_agents, samples.own.shape[1])
    found = actor.logits(case.shared, samples.rows, samples.own, samples.agent)
    # Two orders of summing at most 11 products of the order of 1, through at most two layers.
    np.testing.assert_allclose(found, plain(case.params, case), rtol=1e-12, atol=1e-12)


@given(rngs, st.integers(1, 4), st.integers(2, 4))
def test_the_linear_actor_is_affine_in_the_whole_observation(rng, n_shared, n_actions) -> None:
    params = networks.agent_network(rng, (n_shared, n_actions), 5, 0, 1.0)
    shared, own, agent = rng.random((6, n_shared)), rng.random((6, 2)), rng.integers(0, 5, 6)
    observation = full_observation(shared, own, agent, 5)
    logits = Actor(params, 5).logits(shared, np.arange(6), own, agent)
    expected = observation @ params["W0"] + params["b0"]
    np.testing.assert_allclose(logits, expected, rtol=1e-12, atol=1e-13)


@given(cases())
def test_gradient_of_all_parameters_by_the_complex_step(case) -> None:
    params, samples, rng = case.params, case.samples, case.rng
    dy = rng.standard_normal((case.n_actions, len(samples)))

    def scalar(vector: Array) -> Array:
        moved = unflatten(vector, params)
        table = samples.table.astype(vector.dtype)
        complex_samples = Samples(table, samples.rows, samples.own, samples.agent, samples.n_agents)
        buffers = Buffers()
        x = complex_samples.inputs(moved, buffers)
        return (dy * perceptron.forward(moved, x, buffers)[0]).sum()

    weights, buffers = Weights.of(params), Buffers()
    grads = weights.like()
    _, inputs = perceptron.forward(weights.named, samples.inputs(params, buffers), buffers)
    networks.backward(weights.named, grads.named, samples, inputs, dy.copy(), buffers)
    direction = rng.standard_normal(weights.vector.shape)
    forward = complex_step_jvp(scalar, flatten(params), direction)
    length = np.linalg.norm(grads.vector) * np.linalg.norm(direction)
    assert abs(grads.vector @ direction - forward) <= 1e-10 * length + 1e-12


def test_a_critic_of_states_sees_the_shared_part_alone() -> None:
    rng = np.random.default_rng(0)
    params, shared = mlp.init(rng, (3, 4, 1)), rng.random((5, 3))
    found = evaluate(params, state_samples(shared))
    np.testing.assert_allclose(found, mlp.forward(params, shared)[0], rtol=1e-12)


def test_samples_are_selected_together() -> None:
    rng = np.random.default_rng(0)
    shared, rows = rng.random((3, 2)), np.array([2, 0, 1])
    samples = networks.agent_samples(shared, rows, rng.random((3, 2)), rows, (6, 3))
    part = samples.take(slice(1, 3))
    assert len(part) == 2
    np.testing.assert_array_equal(part.rows, [0, 1])
    np.testing.assert_array_equal(part.agent, [0, 1])
    np.testing.assert_array_equal(part.own, samples.own[1:])


@given(rngs, st.integers(1, 5), st.integers(1, 4))
def test_drawn_log_probabilities_are_those_of_the_softmax(rng, n, n_actions) -> None:
    logits = rng.uniform(-5, 5, (n, n_actions))
    actions, log_probs, probabilities = draw(logits, rng)
    np.testing.assert_allclose(log_probs, categorical.log_prob(logits, actions), atol=1e-12)
    np.testing.assert_allclose(probabilities, categorical.probabilities(logits), atol=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_actions_are_drawn_with_their_probabilities(dtype) -> None:
    logits, n = np.array([0.0, 1.0, -2.0, 0.5]), 400_000
    rows = np.tile(logits.astype(dtype), (n, 1))
    actions, _, _ = draw(rows, np.random.default_rng(0))
    p = categorical.probabilities(logits)
    frequency = np.bincount(actions, minlength=4) / n
    assert (np.abs(frequency - p) / np.sqrt(p * (1 - p) / n) < 4).all()


def test_an_impossible_action_is_never_drawn() -> None:
    logits = np.tile(np.array([-200.0, 0.0, -200.0], np.float32), (1000, 1))
    assert (draw(logits, np.random.default_rng(0))[0] == 1).all()


def test_logits_that_are_not_finite_are_refused() -> None:
    logits = np.zeros((2, 3))
    logits[1, 2] = np.nan
    with pytest.raises(ValueError, match=r"logits must be finite; got nan at index \(1, 2\)"):
        draw(logits, np.random.default_rng(0))


def test_an_actor_for_other_sizes_is_refused() -> None:
    params = networks.agent_network(np.random.default_rng(0), (3, 4), 5, 2, 1.0)
    actor = Actor(params, 5)
    actor.check(3, 4)
    with pytest.raises(ValueError, match="7 shared inputs and 4 actions; got one with 3 and 4"):
        actor.check(7, 4)


def test_the_embedding_starts_like_a_table_of_normals() -> None:
    params = networks.agent_network(np.random.default_rng(0), (3, 4), 5, 2, 1.0)
    assert params["E"].shape == (5, 2)
    assert params["W0"].shape == (3 + 2 + 2, 4)
    assert networks.agent_network(np.random.default_rng(0), (3, 4), 5, 0, 1.0).keys() == {
        "W0",
        "b0",
    }
    assert networks.as_dtype(params, np.float32)["E"].dtype == np.float32
