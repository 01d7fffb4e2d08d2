"""Optimizers against the textbook recurrences, one number at a time, and closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize

from linear_models import optimizers as o
from linear_models.params import flatten, map_params
from tests.linear_models.strategies import networks, rngs

N_STEPS = 6


def gradients(rng, params, n=N_STEPS):
    return [map_params(lambda p: rng.standard_normal(p.shape), params) for _ in range(n)]


def textbook_adam(p, gradient_sequence, lr, beta1, beta2, eps):
    """Algorithm 1 of Kingma and Ba for one number."""
    m = v = 0.0
    for t, g in enumerate(gradient_sequence, start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        m_hat = m / (1 - beta1**t)
        v_hat = v / (1 - beta2**t)
        p = p - lr * m_hat / (math.sqrt(v_hat) + eps)
    return p, m, v


@given(networks(), st.floats(0, 1), st.floats(0, 0.99), st.floats(0, 0.9999))
def test_adam_is_the_textbook_recurrence(network, lr, beta1, beta2) -> None:
    steps = gradients(network.rng, network.params)
    params, state = network.params, o.adam_init(network.params)
    for grads in steps:
        params, state = o.adam_step(params, grads, state, lr, beta1=beta1, beta2=beta2, eps=1e-3)
    assert state.t == N_STEPS
    for key, start in network.params.items():
        for index in np.ndindex(start.shape):
            sequence = [grads[key][index] for grads in steps]
            p, m, v = textbook_adam(start[index], sequence, lr, beta1, beta2, 1e-3)
            assert params[key][index] == pytest.approx(p, rel=1e-11, abs=1e-12)
            assert state.m[key][index] == pytest.approx(m, rel=1e-12, abs=1e-14)
            assert state.v[key][index] == pytest.approx(v, rel=1e-12, abs=1e-14)


@given(rngs)
def test_under_a_constant_gradient_every_adam_step_is_the_same(rng) -> None:
    """Bias correction makes m_hat = g and v_hat = g^2 from the first step on."""
    params, grads = {"p": rng.standard_normal(4)}, {"p": rng.standard_normal(4)}
    state = o.adam_init(params)
    expected = 0.1 * grads["p"] / (np.abs(grads["p"]) + 1e-8)
    for _ in range(4):
        new, state = o.adam_step(params, grads, state, 0.1)
        np.testing.assert_allclose(params["p"] - new["p"], expected, rtol=1e-10)
        params = new


@given(networks())
def test_adam_treats_a_dict_as_one_vector(network) -> None:
    params, vector = network.params, {"all": flatten(network.params)}
    state, vector_state = o.adam_init(params), o.adam_init(vector)
    for grads in gradients(network.rng, params):
        params, state = o.adam_step(params, grads, state, 0.1)
        vector, vector_state = o.adam_step(vector, {"all": flatten(grads)}, vector_state, 0.1)
    np.testing.assert_allclose(flatten(params), vector["all"], rtol=1e-14)


@given(networks(), st.floats(0.1, 0.99))
def test_rmsprop_is_the_textbook_recurrence(network, decay) -> None:
    steps = gradients(network.rng, network.params)
    params, state = network.params, o.rmsprop_init(network.params)
    for grads in steps:
        params, state = o.rmsprop_step(params, grads, state, 0.1, decay=decay, eps=1e-3)
    for key, start in network.params.items():
        for index in np.ndindex(start.shape):
            p, v = start[index], 0.0
            for grads in steps:
                g = grads[key][index]
                v = decay * v + (1 - decay) * g**2
                p = p - 0.1 * g / (math.sqrt(v) + 1e-3)
            assert params[key][index] == pytest.approx(p, rel=1e-11, abs=1e-12)
            assert state.v[key][index] == pytest.approx(v, rel=1e-12)


@given(rngs, st.floats(0.01, 1))
def test_sgd_on_a_quadratic_contracts_geometrically(rng, lr) -> None:
    """For ``h p^2 / 2`` the step multiplies p by ``1 - lr h``."""
    curvature, start = rng.uniform(0, 2, 3), rng.standard_normal(3)
    params = {"p": start}
    for _ in range(N_STEPS):
        params = o.sgd_step(params, {"p": curvature * params["p"]}, lr)
    np.testing.assert_allclose(params["p"], (1 - lr * curvature) ** N_STEPS * start, rtol=1e-10)


@pytest.mark.parametrize("method", ["sgd", "adam", "rmsprop"])
def test_each_method_finds_the_minimum_scipy_finds(method) -> None:
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((8, 3)), rng.standard_normal(8)
    expected = optimize.minimize(lambda p: ((a @ p - b) ** 2).sum() / 16, np.zeros(3)).x
    params = {"p": np.zeros(3)}
    adam, rmsprop = o.adam_init(params), o.rmsprop_init(params)
    for k in range(3000):
        grads = {"p": a.T @ (a @ params["p"] - b) / 8}
        if method == "sgd":
            params = o.sgd_step(params, grads, 0.1)
        elif method == "adam":
            params, adam = o.adam_step(params, grads, adam, 0.05 / (1 + k / 50))
        else:
            params, rmsprop = o.rmsprop_step(params, grads, rmsprop, 0.05 / (1 + k / 50))
    np.testing.assert_allclose(params["p"], expected, atol=1e-3)


@given(networks())
def test_nothing_is_changed_in_place(network) -> None:
    grads = map_params(np.ones_like, network.params)
    before = {key: value.copy() for key, value in network.params.items()}
    state = o.adam_init(network.params)
    o.adam_step(network.params, grads, state, 0.1)
    o.rmsprop_step(network.params, grads, o.rmsprop_init(network.params), 0.1)
    o.sgd_step(network.params, grads, 0.1)
    o.clip_by_global_norm(grads, 1e-3)
    assert all((network.params[key] == before[key]).all() for key in before)
    assert all((grads[key] == 1).all() for key in grads)
    assert not any(state.m[key].any() or state.v[key].any() for key in before)
    assert state.t == 0


@given(networks(), st.floats(1e-3, 1e3))
def test_clipping_bounds_the_norm_and_keeps_the_direction(network, max_norm) -> None:
    vector = flatten(network.params)
    clipped, norm = o.clip_by_global_norm(network.params, max_norm)
    assert norm == pytest.approx(np.linalg.norm(vector))
    factor = min(1.0, max_norm / np.linalg.norm(vector))
    np.testing.assert_allclose(flatten(clipped), factor * vector, rtol=1e-12)


def test_clipping_returns_the_same_dict_when_nothing_is_clipped() -> None:
    grads = {"p": np.array([3.0, 4.0])}
    assert o.clip_by_global_norm(grads, 5.0)[0] is grads
    assert o.clip_by_global_norm(grads, 4.999)[0] is not grads


def test_float32_stays_float32_even_with_float64_settings() -> None:
    params = {"p": np.ones(3, np.float32)}
    lr = np.float64(0.1)
    adam, adam_state = o.adam_step(params, params, o.adam_init(params), lr)
    rmsprop, rmsprop_state = o.rmsprop_step(params, params, o.rmsprop_init(params), lr)
    clipped, _ = o.clip_by_global_norm(params, lr)
    results = (adam, adam_state.m, adam_state.v, rmsprop, rmsprop_state.v, clipped)
    results = (*results, o.sgd_step(params, params, lr))
    assert {r["p"].dtype for r in results} == {np.dtype(np.float32)}


P = {"p": np.zeros(2)}
BAD = {"p": np.array([0.0, np.nan])}
ADAM = o.adam_init(P)
RMS = o.rmsprop_init(P)
STEPS = {
    "sgd": o.sgd_step,
    "adam": lambda params, grads, lr: o.adam_step(params, grads, ADAM, lr),
    "rmsprop": lambda params, grads, lr: o.rmsprop_step(params, grads, RMS, lr),
}


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
@pytest.mark.parametrize(
    ("grads", "lr", "message"),
    [
        (BAD, 0.1, r"grads\['p'\] must be finite; got nan at index \(1,\)"),
        ({"q": np.zeros(2)}, 0.1, r"grads must have the keys \['p'\]; got \['q'\]"),
        ({"p": np.zeros(3)}, 0.1, r"grads\['p'\] must have shape \(2,\); got \(3,\)"),
        (P, -0.1, "lr must be finite and >= 0; got -0.1"),
        (P, float("nan"), "lr must be finite and >= 0; got nan"),
    ],
)
def test_bad_step_is_named(step, grads, lr, message) -> None:
    with pytest.raises(ValueError, match=message):
        step(P, grads, lr)


WRONG = {"p": np.zeros(3)}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: o.adam_step(P, P, o.AdamState(WRONG, P, 0), 0.1), r"state.m\['p'\] .*\(2,\)"),
        (lambda: o.adam_step(P, P, o.AdamState(P, WRONG, 0), 0.1), r"state.v\['p'\] .*\(2,\)"),
        (lambda: o.adam_step(P, P, o.AdamState(P, P, -1), 0.1), "state.t .*>= 0; got -1"),
        (lambda: o.adam_step(P, P, ADAM, 0.1, beta1=1.0), r"beta1 .*\[0, 1\); got 1.0"),
        (lambda: o.adam_step(P, P, ADAM, 0.1, beta2=-0.1), r"beta2 .*\[0, 1\); got -0.1"),
        (lambda: o.adam_step(P, P, ADAM, 0.1, eps=0.0), "eps .*> 0; got 0.0"),
        (lambda: o.rmsprop_step(P, P, o.RMSPropState(WRONG), 0.1), r"state.v\['p'\] .*\(2,\)"),
        (lambda: o.rmsprop_step(P, P, RMS, 0.1, decay=1.0), r"decay .*\[0, 1\); got 1.0"),
        (lambda: o.rmsprop_step(P, P, RMS, 0.1, eps=-1.0), "eps .*> 0; got -1.0"),
        (lambda: o.clip_by_global_norm(P, 0.0), "max_norm .*> 0; got 0.0"),
        (lambda: o.clip_by_global_norm(BAD, 1.0), r"\['p'\] must be finite; got nan"),
    ],
)
def test_bad_setting_is_named(call, message) -> None:
    with pytest.raises(ValueError, match=message):
        call()
