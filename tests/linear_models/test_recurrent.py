"""The memory cell against its formula, and back-propagation through time by the complex step."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from linear_models import recurrent
from linear_models.gradcheck import check_vjp
from linear_models.params import Params, map_params
from linear_models.recurrent import State
from tests.linear_models.strategies import rngs, sizes

Array = NDArray[Any]


@dataclass(frozen=True)
class Case:
    """A cell at a random point, a sequence, a start and episode beginnings."""

    params: Params
    x: Array
    start: State
    resets: Array
    rng: np.random.Generator


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Cells with all parameters random; about a third of the steps begin an episode."""
    rng = draw(rngs)
    n_steps, batch, n_in, n_hidden = (draw(sizes) for _ in range(4))
    params = map_params(
        lambda p: p + rng.uniform(-0.5, 0.5, p.shape), recurrent.init(rng, n_in, n_hidden)
    )
    start = State(*rng.uniform(-1, 1, (2, batch, n_hidden)))
    resets = rng.random((n_steps, batch)) < 1 / 3
    return Case(params, rng.uniform(-1, 1, (n_steps, batch, n_in)), start, resets, rng)


def sigmoid(z: float) -> float:
    return 1 / (1 + math.exp(-z))


def one_episode(params: Params, xs: Array, h: list[float], c: list[float]) -> list[list[float]]:
    """Outputs for one episode, one unit at a time."""
    n, outputs = len(h), []
    for x in xs:
        z = [
            params["b"][k]
            + math.fsum(v * params["Wx"][j, k] for j, v in enumerate(x))
            + math.fsum(v * params["Wh"][j, k] for j, v in enumerate(h))
            for k in range(4 * n)
        ]
        i, f, o = ([sigmoid(v) for v in z[k * n : (k + 1) * n]] for k in (0, 1, 3))
        c = [f[k] * c[k] + i[k] * math.tanh(z[2 * n + k]) for k in range(n)]
        h = [o[k] * math.tanh(c[k]) for k in range(n)]
        outputs.append(h)
    return outputs


@given(cases())
def test_forward_is_the_cell_unit_by_unit(case: Case) -> None:
    y, last, _ = recurrent.forward(case.params, case.x, case.start)
    for b in range(case.x.shape[1]):
        expected = one_episode(
            case.params, case.x[:, b], list(case.start.h[b]), list(case.start.c[b])
        )
        np.testing.assert_allclose(y[:, b], expected, rtol=1e-11, atol=1e-13)
    np.testing.assert_array_equal(last.h, y[-1])


@given(cases())
def test_resets_cut_a_sequence_into_episodes(case: Case) -> None:
    y, last, _ = recurrent.forward(case.params, case.x, case.start, case.resets)
    state = case.start
    for t, x in enumerate(case.x):
        kept = ~case.resets[t][:, None]
        state = recurrent.step(case.params, x, State(state.h * kept, state.c * kept))
        np.testing.assert_allclose(y[t], state.h, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(last.c, state.c, rtol=1e-12, atol=1e-14)


@given(cases())
def test_gradients_by_complex_step(case: Case) -> None:
    """To the parameters, the inputs and the start, of the outputs and of the last state."""
    names = sorted(case.params)

    def everything(*arrays: Array) -> Array:
        params = dict(zip(names, arrays[:3], strict=True))
        start = State(*arrays[4:])
        y, last, _ = recurrent.forward(params, arrays[3], start, case.resets)
        return np.concatenate([y.ravel(), last.h.ravel(), last.c.ravel()])

    def everything_vjp(*arrays: Array) -> tuple[Array, ...]:
        *arrays, d = arrays
        params, start = dict(zip(names, arrays[:3], strict=True)), State(*arrays[4:])
        y, last, cache = recurrent.forward(params, arrays[3], start, case.resets)
        dy, dh, dc = np.split(d, [y.size, y.size + last.h.size])
        d_last = State(dh.reshape(last.h.shape), dc.reshape(last.c.shape))
        grads, dx, d_start = recurrent.backward(params, cache, dy.reshape(y.shape), d_last)
        return (*(grads[name] for name in names), dx, d_start.h, d_start.c)

    inputs = [case.params[name] for name in names]
    check_vjp(everything, everything_vjp, *inputs, case.x, case.start.h, case.start.c, rng=case.rng)


@given(cases())
def test_nothing_flows_across_a_reset(case: Case) -> None:
    resets = case.resets.copy()
    resets[-1] = True
    y, _, cache = recurrent.forward(case.params, case.x, case.start, resets)
    dy = np.zeros_like(y)
    dy[-1] = case.rng.standard_normal(y[-1].shape)
    _, dx, d_start = recurrent.backward(case.params, cache, dy)
    assert not dx[:-1].any()
    assert not d_start.h.any()
    assert not d_start.c.any()
    assert dx[-1].any()


@given(cases())
def test_two_halves_make_the_whole(case: Case) -> None:
    """State and its gradient handed over in the middle give the gradient of the whole."""
    middle = len(case.x) // 2
    if middle == 0:
        return
    y, _, cache = recurrent.forward(case.params, case.x, case.start, case.resets)
    dy = case.rng.standard_normal(y.shape)
    grads, dx, d_start = recurrent.backward(case.params, cache, dy)
    y_1, half, cache_1 = recurrent.forward(
        case.params, case.x[:middle], case.start, case.resets[:middle]
    )
    y_2, _, cache_2 = recurrent.forward(case.params, case.x[middle:], half, case.resets[middle:])
    np.testing.assert_allclose(np.concatenate([y_1, y_2]), y, rtol=1e-12, atol=1e-14)
    grads_2, dx_2, d_half = recurrent.backward(case.params, cache_2, dy[middle:])
    grads_1, dx_1, d_first = recurrent.backward(case.params, cache_1, dy[:middle], d_half)
    np.testing.assert_allclose(np.concatenate([dx_1, dx_2]), dx, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(d_first.c, d_start.c, rtol=1e-10, atol=1e-13)
    for key in grads:
        np.testing.assert_allclose(grads_1[key] + grads_2[key], grads[key], rtol=1e-9, atol=1e-12)


def test_a_closed_input_gate_and_an_open_forget_gate_remember() -> None:
    n = 3
    params = recurrent.init(np.random.default_rng(0), 2, n)
    params = {"Wx": 0 * params["Wx"], "Wh": 0 * params["Wh"], "b": params["b"].copy()}
    params["b"][:n], params["b"][n : 2 * n] = -800.0, 800.0
    start = State(np.zeros((1, n)), np.array([[0.3, -0.2, 2.0]]))
    _, last, _ = recurrent.forward(params, np.ones((50, 1, 2)), start)
    np.testing.assert_array_equal(last.c, start.c)


def test_init_is_orthogonal_per_gate_with_an_open_forget_gate() -> None:
    params = recurrent.init(np.random.default_rng(0), 5, 3, forget_bias=0.5)
    for key in ("Wx", "Wh"):
        for gate in np.split(params[key], 4, axis=1):
            np.testing.assert_allclose(gate.T @ gate, np.eye(3), atol=1e-14)
    np.testing.assert_array_equal(params["b"], [0, 0, 0, 0.5, 0.5, 0.5, 0, 0, 0, 0, 0, 0])


def test_float32_stays_float32() -> None:
    params = recurrent.init(np.random.default_rng(0), 2, 3, dtype=np.float32)
    x, start = np.ones((4, 5, 2), np.float32), recurrent.zero_state(params, 5)
    resets = np.zeros((4, 5), dtype=bool)
    y, last, cache = recurrent.forward(params, x, start, resets)
    grads, dx, d_start = recurrent.backward(params, cache, y)
    arrays = (y, last.h, last.c, *grads.values(), dx, d_start.h, d_start.c)
    arrays += (recurrent.step(params, x[0], start).h,)
    assert {a.dtype for a in arrays} == {np.dtype(np.float32)}


P = recurrent.init(np.random.default_rng(0), 2, 3)
X, START = np.zeros((4, 5, 2)), recurrent.zero_state(P, 5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: recurrent.init(np.random.default_rng(0), 0, 3), "n_in .*got 0"),
        (lambda: recurrent.forward(P, X[0], START), r"x must have shape \(T, batch, n_in\)"),
        (lambda: recurrent.forward(P, X[:0], START), r"none of them 0; got \(0, 5, 2\)"),
        (lambda: recurrent.forward(P, np.zeros((4, 5, 3)), START), "x must have 2 entries"),
        (
            lambda: recurrent.forward(P, X, recurrent.zero_state(P, 4)),
            r"start.h must have shape \(5, 3\); got \(4, 3\)",
        ),
        (
            lambda: recurrent.forward({**P, "Wh": np.zeros((3, 9))}, X, START),
            r"params\['Wh'\] must have shape \(3, 12\)",
        ),
        (
            lambda: recurrent.forward(P, X, START, np.zeros((4, 4), dtype=bool)),
            r"resets must have shape \(4, 5\)",
        ),
        (
            lambda: recurrent.forward(P, X, START, np.zeros((4, 5))),
            "resets must be boolean, .*float64",
        ),
        (lambda: recurrent.step(P, np.zeros((5, 3)), START), "x must have 2 entries"),
        (
            lambda: recurrent.backward(P, recurrent.forward(P, X, START)[2], np.zeros((4, 5, 2))),
            r"dy must have shape \(4, 5, 3\)",
        ),
    ],
)
def test_bad_input_is_named(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
