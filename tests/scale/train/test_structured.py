"""The baselines' network: a plain reading of its formula, its gradient, its one size."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linear_models.gradcheck import check_vjp
from refimpl.scale.train import structured
from refimpl.scale.train.structured import ClusterSizeError, Shape
from tests.scale.train.strategies import rngs, states

SHAPE = Shape(3, 4, (6, 5))
shapes = st.sampled_from([SHAPE, replace(SHAPE, critic=False)])


def network(rng, shape=SHAPE, n_servers=3):
    """Parameters with biases, in double precision."""
    params = structured.init(rng, n_servers, shape)
    return {key: value + 0.3 * rng.standard_normal(value.shape) for key, value in params.items()}


@given(rngs, st.integers(1, 4))
def test_it_is_the_written_formula(rng, n) -> None:
    p, (task, servers) = network(rng), states(rng, n)
    outputs, _ = structured.forward(p, task, servers)
    for b in range(n):
        first = np.maximum(task[b] @ p["task_W"] + p["task_b"], 0)
        second = np.maximum(servers[b].ravel() @ p["servers_W"] + p["servers_b"], 0)
        h = np.concatenate([first, second])
        for name in ("trunk0", "trunk1"):
            h = np.maximum(h @ p[f"{name}_W"] + p[f"{name}_b"], 0)
        np.testing.assert_allclose(outputs.features[b], h, atol=1e-13)
        np.testing.assert_allclose(outputs.logits[b], h @ p["actor_W"] + p["actor_b"], atol=1e-12)
        assert outputs.value[b] == pytest.approx((h @ p["critic_W"] + p["critic_b"])[0], abs=1e-12)


@given(rngs, shapes)
def test_gradients_are_the_complex_step(rng, shape) -> None:
    p, (task, servers) = network(rng, shape), states(rng, 3)
    names, n_out = sorted(p), 3

    def unpack(values):
        *weights, task, servers = values
        return dict(zip(names, weights, strict=True)), task, servers

    def f(*values):
        out, _ = structured.forward(*unpack(values))
        return np.concatenate([out.logits, out.value[:, None], out.features], axis=1)

    def vjp(*given):
        params, task, servers = unpack(given[:-1])
        dy = given[-1]
        _, cache = structured.forward(params, task, servers)
        parts = dy[:, :n_out], dy[:, n_out], dy[:, n_out + 1 :]
        grads, d_task, d_servers = structured.backward(params, cache, *parts)
        return (*(grads[name] for name in names), d_task, d_servers)

    check_vjp(f, vjp, *(p[name] for name in names), task, servers, rng=rng)


def test_without_a_head_for_it_the_value_is_zero() -> None:
    rng = np.random.default_rng(0)
    params = structured.init(rng, 3, replace(SHAPE, critic=False))
    assert "critic_W" not in params
    outputs, _ = structured.forward(params, *states(rng, 2))
    np.testing.assert_array_equal(outputs.value, np.zeros(2))


def test_absent_servers_cannot_be_chosen() -> None:
    rng = np.random.default_rng(0)
    params, seen = network(rng), states(rng, 2)
    present = np.array([[True, False, True], [True, True, True]])
    logits = structured.act(params, *seen, present).logits
    np.testing.assert_array_equal(np.isneginf(logits), ~present)
    np.testing.assert_array_equal(logits[1], structured.act(params, *seen).logits[1])


def test_the_start_is_nearly_uniform_and_in_the_wanted_precision() -> None:
    rng = np.random.default_rng(1)
    params = structured.init(rng, 16, Shape(), np.float32)
    assert {value.dtype for value in params.values()} == {np.dtype(np.float32)}
    outputs, _ = structured.forward(params, *(x.astype(np.float32) for x in states(rng, 4, 16)))
    assert np.abs(outputs.logits).max() < 0.3
    assert outputs.features.shape == (4, 256)
    assert outputs.logits.dtype == np.float32
    assert structured.n_servers_of(params) == 16


def test_it_runs_on_no_other_cluster() -> None:
    rng = np.random.default_rng(0)
    params = structured.init(rng, 3, SHAPE)
    with pytest.raises(ClusterSizeError, match=r"must be 3, as in training.*got 4"):
        structured.forward(params, *states(rng, 2, 4))
    with pytest.raises(ValueError, match="servers must have shape"):
        structured.forward(params, np.zeros((3, 5)), np.zeros((2, 3, 5)))
    with pytest.raises(ValueError, match="shape must be an integer >= 1"):
        Shape(0)


def test_parameters_of_another_network_are_named() -> None:
    params = structured.init(np.random.default_rng(0), 3, SHAPE)
    structured.check_params(params)
    structured.check_params({k: v for k, v in params.items() if not k.startswith("critic")})
    without = {k: v for k, v in params.items() if k != "trunk1_b"}
    with pytest.raises(ValueError, match="trunk1_b"):
        structured.check_params(without)
    for name, wrong in (
        ("task_W", np.zeros((4, 3))),
        ("servers_W", np.zeros((10, 4))),
        ("trunk0_W", np.zeros((8, 6))),
        ("trunk1_W", np.zeros((5, 5))),
        ("critic_b", np.zeros(2)),
        ("actor_W", np.full((5, 3), np.nan)),
    ):
        with pytest.raises(ValueError, match=name.replace("critic_b", "critic_")):
            structured.check_params({**params, name: wrong})
