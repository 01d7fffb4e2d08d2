"""The network as written: against a server by server loop, symmetries, gradients to ten digits."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linear_models.gradcheck import check_vjp
from refimpl.scale.network import pointer
from refimpl.scale.network.parameters import FFN_FACTOR, Shape
from tests.scale.network.strategies import (
    SMALL,
    Array,
    Case,
    cases,
    random_case,
    random_params,
    rngs,
    shapes,
)


def run(case: Case) -> tuple[pointer.Outputs, pointer.Cache]:
    """Forward pass."""
    return pointer.forward(case.params, case.task, case.servers, case.present, case.shape.heads)


def small_case(seed: int = 0, absent: bool = False, n_servers: int = 4) -> Case:
    """A small network on three states."""
    return random_case(np.random.default_rng(seed), SMALL, 3, n_servers, absent)


# One state, one number at a time


def dense(params, name, k, x):
    weights, bias = params[f"{name}_W{k}"], params[f"{name}_b{k}"]
    return [math.fsum(x * weights[:, j]) + bias[j] for j in range(len(bias))]


def through(params, name, layers, x, activation):
    for k in range(layers):
        x = np.array(dense(params, name, k, x))
        x = np.array([activation(v) for v in x]) if k + 1 < layers else x
    return x


def relu(v):
    return max(v, 0.0)


def gelu(v):
    return v * 0.5 * math.erfc(-v / math.sqrt(2))


def normalised(params, name, x):
    mean = math.fsum(x) / len(x)
    spread = math.fsum((v - mean) ** 2 for v in x) / len(x)
    y = (x - mean) / math.sqrt(spread + 1e-5)
    return y * params.get(f"{name}_gain", 1.0) + params.get(f"{name}_shift", 0.0)


def attended(params, layer, heads, q, items):
    """Eq. 3, head by head, with a key and a value for every item."""
    size, joined = len(q) // heads, []
    for head in range(heads):
        columns = slice(head * size, (head + 1) * size)
        query = q @ params[f"query{layer}"][:, columns]
        keys = [z @ params[f"key{layer}"][:, columns] for z in items]
        values = [z @ params[f"value{layer}"][:, columns] for z in items]
        heights = [math.exp(query @ key / math.sqrt(size)) for key in keys]
        joined += list(
            sum(h * v for h, v in zip(heights, values, strict=True)) / math.fsum(heights)
        )
    return np.array(joined) @ params[f"output{layer}"]


def one_state(case: Case, b: int) -> tuple[list[float], float, Array]:
    """Logits of the servers that are there, value and feature of state ``b``."""
    params = case.params
    q = through(params, "task", 2, case.task[b], relu)
    items = [through(params, "server", 2, psi, relu) for psi in case.servers[b][case.there[b]]]
    for k in range(case.shape.layers):
        seen = normalised(
            params, f"norm_attention{k}", q + attended(params, k, case.shape.heads, q, items)
        )
        q = normalised(params, f"norm_ffn{k}", seen + through(params, f"ffn{k}", 2, seen, gelu))
    logits = [(q @ params["pointer_query"]) @ (z @ params["pointer_key"]) for z in items]
    return logits, through(params, "critic", 3, q, relu)[0], q


@given(cases())
def test_forward_is_the_server_by_server_loop(case: Case) -> None:
    out, _ = run(case)
    for b in range(len(case.task)):
        logits, value, feature = one_state(case, b)
        # A normalisation divides by a deviation down to about 0.01: rounding grows as much.
        np.testing.assert_allclose(out.logits[b][case.there[b]], logits, rtol=1e-9, atol=1e-10)
        np.testing.assert_allclose(out.features[b], feature, rtol=1e-9, atol=1e-10)
        assert out.value[b] == pytest.approx(value, rel=1e-9, abs=1e-10)
        assert (out.logits[b][~case.there[b]] == -np.inf).all()


# Gradients


def joined_outputs(out: pointer.Outputs, there: Array) -> Array:
    """Everything that comes out, in one vector."""
    logits = np.where(there, out.logits, 0)
    return np.concatenate([logits.ravel(), out.value, out.features.ravel()])


@given(rngs, shapes(), st.booleans())
def test_gradient_of_every_parameter_and_every_input(rng, shape: Shape, absent: bool) -> None:
    case = random_case(rng, shape, 2, 3, absent)
    names, split = sorted(case.params), [6, 8]

    def f(task, servers, *values):
        params = dict(zip(names, values, strict=True))
        out, _ = pointer.forward(params, task, servers, case.present, shape.heads)
        return joined_outputs(out, case.there)

    def f_vjp(task, servers, *rest):
        *values, dy = rest
        params = dict(zip(names, values, strict=True))
        _, cache = pointer.forward(params, task, servers, case.present, shape.heads)
        d_logits, d_value, d_features = np.split(dy, split)
        grads, d_task, d_servers = pointer.backward(
            params, cache, d_logits.reshape(2, 3), d_value, d_features.reshape(2, -1)
        )
        return d_task, d_servers, *(grads[name] for name in names)

    values = (case.params[name] for name in names)
    # Rounding is amplified by the normalisations, see above.
    check_vjp(f, f_vjp, case.task, case.servers, *values, rng=rng, rtol=1e-8)


def test_without_a_derivative_by_the_features_they_pass_none() -> None:
    case = small_case()
    _, cache = run(case)
    grads, d_task, _ = pointer.backward(case.params, cache, case.d_logits, case.d_value)
    zeros = np.zeros_like(case.d_features)
    same, d_same, _ = pointer.backward(case.params, cache, case.d_logits, case.d_value, zeros)
    np.testing.assert_array_equal(d_task, d_same)
    assert all((grads[key] == same[key]).all() for key in case.params)


def test_the_critic_alone_reaches_neither_pointer_matrix() -> None:
    case = small_case()
    _, cache = run(case)
    grads, _, d_servers = pointer.backward(
        case.params, cache, np.zeros_like(case.d_logits), case.d_value
    )
    assert not grads["pointer_query"].any()
    assert not grads["pointer_key"].any()
    assert d_servers.any()


# Symmetries


@given(cases())
def test_shuffled_servers_leave_the_feature_and_shuffle_the_logits(case: Case) -> None:
    out, _ = run(case)
    order = case.rng.permutation(case.servers.shape[1])
    shuffled = pointer.forward(
        case.params, case.task, case.servers[:, order], case.there[:, order], case.shape.heads
    )[0]
    np.testing.assert_allclose(shuffled.features, out.features, rtol=0, atol=1e-10)
    np.testing.assert_allclose(shuffled.value, out.value, rtol=0, atol=1e-10)
    np.testing.assert_allclose(shuffled.logits, out.logits[:, order], rtol=0, atol=1e-10)


@given(cases(), st.integers(2, 4))
def test_replicated_servers_leave_everything_but_the_number_of_logits(case: Case, times) -> None:
    out, _ = run(case)
    servers, there = np.tile(case.servers, (1, times, 1)), np.tile(case.there, (1, times))
    more = pointer.forward(case.params, case.task, servers, there, case.shape.heads)[0]
    np.testing.assert_allclose(more.features, out.features, rtol=0, atol=1e-10)
    np.testing.assert_allclose(more.value, out.value, rtol=0, atol=1e-10)
    np.testing.assert_allclose(more.logits, np.tile(out.logits, times), rtol=0, atol=1e-10)


@given(cases())
def test_an_absent_server_may_hold_anything(case: Case) -> None:
    out, cache = run(case)
    servers = np.where(case.there[..., None], case.servers, np.nan)
    d_logits = np.where(case.there, case.d_logits, np.nan)
    given = case.params, case.task, servers, case.there, case.shape.heads
    other, hidden = pointer.forward(*given)
    np.testing.assert_array_equal(other.logits[case.there], out.logits[case.there])
    np.testing.assert_array_equal(other.features, out.features)
    grads, _, d_servers = pointer.backward(case.params, cache, case.d_logits, case.d_value)
    same, _, d_same = pointer.backward(case.params, hidden, d_logits, case.d_value)
    assert all((grads[key] == same[key]).all() for key in grads)
    np.testing.assert_array_equal(d_same, d_servers)
    assert not d_servers[~case.there].any()


def test_states_side_by_side_do_not_meet() -> None:
    case = small_case(absent=True)
    out, _ = run(case)
    for b in range(3):
        rows = slice(b, b + 1)
        present = None if case.present is None else case.present[rows]
        one = pointer.forward(case.params, case.task[rows], case.servers[rows], present, 2)[0]
        np.testing.assert_allclose(one.logits[0], out.logits[b], atol=1e-12)
        np.testing.assert_allclose(one.features[0], out.features[b], atol=1e-12)


@pytest.mark.parametrize("n_servers", [1, 2, 1000, 100_000])
def test_any_number_of_servers(n_servers) -> None:
    rng = np.random.default_rng(n_servers)
    params = random_params(rng, Shape(width=4, heads=2, layers=1, hidden=4))
    out, _ = pointer.forward(params, rng.random((1, 5)), rng.random((1, n_servers, 5)), heads=2)
    assert out.logits.shape == (1, n_servers)
    assert out.features.shape == (1, 4)
    assert np.isfinite(out.logits).all()


def test_the_number_of_heads_matters() -> None:
    case = small_case()
    two, one = (pointer.forward(case.params, case.task, case.servers, heads=h)[0] for h in (2, 1))
    assert np.abs(two.features - one.features).max() > 1e-3


def test_the_feed_forward_network_is_four_times_as_wide() -> None:
    assert FFN_FACTOR == 4
    assert small_case().params["ffn0_W0"].shape == (4, 16)


# Manners


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
def test_dtype_is_kept(dtype) -> None:
    case = small_case().map(lambda x: x.astype(dtype))
    out, cache = run(case)
    grads, *inputs = pointer.backward(case.params, cache, case.d_logits, case.d_value)
    arrays = [out.logits, out.value, out.features, *inputs, *grads.values()]
    assert {x.dtype for x in arrays} == {np.dtype(dtype)}
    assert list(grads) == list(case.params)


def test_bad_input_is_refused() -> None:
    case = small_case()
    params, task, servers = case.params, case.task, case.servers

    def refused(message, *inputs):
        with pytest.raises(ValueError, match=message):
            pointer.forward(params, *inputs, heads=2)

    refused(r"task must have shape \(B, 5\); got \(3, 4\)", task[:, :4], servers)
    refused(r"servers must have shape \(3, 'N', 5\); got \(2, 4, 5\)", task, servers[:2])
    refused(r"servers must hold at least one server; got shape \(3, 0, 5\)", task, servers[:, :0])
    refused("task must be finite; got nan at index", task * np.nan, servers)
    refused("servers must be finite; got inf at index", task, servers + np.inf)
    refused("present must be boolean; got dtype float64", task, servers, np.ones((3, 4)))
    refused(r"present must have shape \(3, 4\)", task, servers, np.ones((3, 3), bool))
    nobody = np.ones((3, 4), bool)
    nobody[1] = False
    refused("at least one server in every row; row 1 has none", task, servers, nobody)
    _, cache = run(case)
    with pytest.raises(ValueError, match=r"d_logits must have shape \(3, 4\)"):
        pointer.backward(params, cache, case.d_value, case.d_value)
    with pytest.raises(ValueError, match=r"d_value must have shape \(3,\)"):
        pointer.backward(params, cache, case.d_logits, case.d_logits)
    with pytest.raises(ValueError, match=r"d_features must have shape \(3, 4\)"):
        pointer.backward(params, cache, case.d_logits, case.d_value, case.d_value)
