"""Long short-term memory: a layer that remembers, and its gradient through time.

With ``x`` the input, ``h`` the output and ``c`` the memory of the step before, and ``*`` entry by
entry::

    z = x Wx + h Wh + b                     four blocks of H columns: i, f, g, o
    c' = sigmoid(z_f) * c + sigmoid(z_i) * tanh(z_g)
    h' = sigmoid(z_o) * tanh(c')

Time is the first axis. Where a new episode begins, output and memory are set to zero before the
step, in the forward pass and therefore for the gradient too: nothing flows across the boundary.

Backward, time runs the other way. The memory carries its gradient from step to step through the
forget gate alone, ``dc = sigmoid(z_f) * dc'``, which is why it does not vanish as fast as ``dh``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike, NDArray

from linear_models import affine
from linear_models.params import Array, Params
from linear_models.validation import check_last_axis, check_shape


@dataclass(frozen=True)
class State:
    """Output ``h`` and memory ``c`` after a step, (batch, H) each; also their gradients."""

    h: Array
    c: Array


@dataclass(frozen=True)
class Cache:
    """What the forward pass leaves for the backward pass.

    Attributes
    ----------
    x : (T, batch, n_in) array
    keep : (T, batch, 1) array
        0 where an episode begins, else 1.
    h_before, c_before : (T, batch, H) arrays
        What each step started from, after the reset.
    gates : (T, batch, 4 H) array
        ``sigmoid(z_i), sigmoid(z_f), tanh(z_g), sigmoid(z_o)``.
    tanh_c : (T, batch, H) array
    """

    x: Array
    keep: Array
    h_before: Array
    c_before: Array
    gates: Array
    tanh_c: Array


def init(
    rng: np.random.Generator,
    n_in: int,
    n_hidden: int,
    forget_bias: float = 1.0,
    dtype: DTypeLike = np.float64,
) -> Params:
    """Orthogonal weights for each gate, zero biases but for the forget gate's.

    Returns
    -------
    dict
        ``Wx`` (n_in, 4 H), ``Wh`` (H, 4 H), ``b`` (4 H,) with the columns of the gates i, f, g, o.

    Raises
    ------
    ValueError
        If a size is not a positive integer.
    """
    from_x = [affine.init(rng, n_in, n_hidden, dtype=dtype)["W"] for _ in range(4)]
    from_h = [affine.init(rng, n_hidden, n_hidden, dtype=dtype)["W"] for _ in range(4)]
    bias = np.zeros(4 * n_hidden, dtype)
    bias[n_hidden : 2 * n_hidden] = forget_bias
    return {"Wx": np.concatenate(from_x, axis=1), "Wh": np.concatenate(from_h, axis=1), "b": bias}


def zero_state(params: Params, batch: int) -> State:
    """State before the first step of ``batch`` episodes."""
    shape = (batch, params["Wh"].shape[0])
    return State(np.zeros(shape, params["Wh"].dtype), np.zeros(shape, params["Wh"].dtype))


def step(params: Params, x: Array, state: State) -> State:
    """One step on inputs (batch, n_in), for acting; see :func:`forward` for many."""
    check_last_axis("x", x, params["Wx"].shape[0])
    gates = _gates(x @ params["Wx"] + params["b"] + state.h @ params["Wh"])
    i, f, g, o = _quarters(gates)
    c = f * state.c + i * g
    return State(o * np.tanh(c), c)


def forward(
    params: Params, x: Array, start: State, resets: NDArray[np.bool_] | None = None
) -> tuple[Array, State, Cache]:
    """Compute the outputs of every step and the state after the last.

    Parameters
    ----------
    params : dict
        As made by :func:`init`.
    x : (T, batch, n_in) array
    start : State
        Before the first step.
    resets : (T, batch) bool array, optional
        True where an episode begins with this step; nowhere when left out.

    Returns
    -------
    y : (T, batch, H) array
    last : State
    cache : Cache

    Raises
    ------
    ValueError
        If a shape does not fit or ``resets`` is not boolean.
    """
    keep = _check_inputs(params, x, start, resets)
    from_x = affine.forward({"W": params["Wx"], "b": params["b"]}, x)[0]
    h, c = start.h, start.c
    rows: list[tuple[Array, ...]] = []
    for t in range(len(x)):
        h, c = keep[t] * h, keep[t] * c
        gates = _gates(from_x[t] + h @ params["Wh"])
        i, f, g, o = _quarters(gates)
        c_next = f * c + i * g
        tanh_c = np.tanh(c_next)
        rows.append((h, c, gates, tanh_c, o * tanh_c))
        h, c = rows[-1][-1], c_next
    h_before, c_before, all_gates, tanh_cs, y = (np.stack(r) for r in zip(*rows, strict=True))
    return y, State(h, c), Cache(x, keep, h_before, c_before, all_gates, tanh_cs)


def backward(
    params: Params, cache: Cache, dy: Array, d_last: State | None = None
) -> tuple[Params, Array, State]:
    """Gradient of ``<dy, y> + <d_last, last>`` with respect to parameters, inputs and start.

    Parameters
    ----------
    params, cache
        As given to and returned by :func:`forward`.
    dy : (T, batch, H) array
    d_last : State, optional
        Gradient with respect to the state after the last step; zero when left out.

    Returns
    -------
    grads : dict
        Keys and shapes of ``params``, summed over time and batch.
    dx : (T, batch, n_in) array
    d_start : State

    Raises
    ------
    ValueError
        If ``dy`` does not have the shape of the output.
    """
    check_shape("dy", dy, cache.tanh_c.shape)
    d_state = d_last or State(np.zeros_like(dy[0]), np.zeros_like(dy[0]))
    dz = np.empty(cache.gates.shape, np.result_type(cache.gates, dy))
    for t in reversed(range(len(dy))):
        dz[t], dc = _step_backward(cache, t, dy[t] + d_state.h, d_state.c)
        d_state = State(cache.keep[t] * (dz[t] @ params["Wh"].T), cache.keep[t] * dc)
    input_layer = {"W": params["Wx"], "b": params["b"]}
    from_x, dx = affine.backward(input_layer, cache.x, dz)
    h_rows, dz_rows = (a.reshape(-1, a.shape[-1]) for a in (cache.h_before, dz))
    return {"Wx": from_x["W"], "Wh": h_rows.T @ dz_rows, "b": from_x["b"]}, dx, d_state


def _step_backward(cache: Cache, t: int, dh: Array, dc: Array) -> tuple[Array, Array]:
    """Gradients of step ``t`` with respect to ``z`` and to the memory it started from."""
    gates, tanh_c = cache.gates[t], cache.tanh_c[t]
    i, f, g, o = _quarters(gates)
    dc = dc + dh * o * (1 - tanh_c * tanh_c)
    d_gates = np.concatenate([dc * g, dc * cache.c_before[t], dc * i, dh * tanh_c], axis=-1)
    slope = gates * (1 - gates)
    slope[..., 2 * g.shape[-1] : 3 * g.shape[-1]] = 1 - g * g
    return d_gates * slope, dc * f


def _gates(z: Array) -> Array:
    """Sigmoid of the blocks i, f, o and hyperbolic tangent of g, by one tanh.

    ``sigmoid(z) = (1 + tanh(z / 2)) / 2``, which cannot overflow.
    """
    n = z.shape[-1] // 4
    scale = np.full(4 * n, 0.5, z.real.dtype)
    scale[2 * n : 3 * n] = 1
    gates = np.tanh(scale * z)
    scaled: Array = scale * gates + (1 - scale)
    return scaled


def _quarters(gates: Array) -> tuple[Array, Array, Array, Array]:
    n = gates.shape[-1] // 4
    return gates[..., :n], gates[..., n : 2 * n], gates[..., 2 * n : 3 * n], gates[..., 3 * n :]


def _check_inputs(
    params: Params, x: Array, start: State, resets: NDArray[np.bool_] | None
) -> Array:
    """Check shapes; 0 where an episode begins and 1 elsewhere, (T, batch, 1)."""
    if x.ndim != 3 or math.prod(x.shape) == 0:
        raise ValueError(f"x must have shape (T, batch, n_in), none of them 0; got {x.shape}")
    n_hidden = params["Wh"].shape[0]
    check_shape("params['Wh']", params["Wh"], (n_hidden, 4 * n_hidden))
    for name, part in (("start.h", start.h), ("start.c", start.c)):
        check_shape(name, part, (x.shape[1], n_hidden))
    if resets is None:
        return np.ones((*x.shape[:2], 1), x.real.dtype)
    check_shape("resets", resets, x.shape[:2])
    if resets.dtype != np.bool_:
        raise ValueError(f"resets must be boolean, True = new episode; got dtype {resets.dtype}")
    kept: Array = (~resets[..., None]).astype(x.real.dtype)
    return kept
