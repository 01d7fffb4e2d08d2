"""Gradient steps: parameters, gradients and state in, new parameters and state out.

All minimise: a step goes against the gradient. Nothing is changed in place. A gradient with NaN or
infinity is refused, because it would poison the state for good.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from linear_models.params import Params, check_matches, global_norm, map_params, zeros_like
from linear_models.validation import (
    check_finite,
    check_fraction,
    check_nonnegative,
    check_positive,
)


def sgd_step(params: Params, grads: Params, lr: float) -> Params:
    """``p - lr * g``.

    Parameters
    ----------
    params, grads : dicts of arrays
        Same keys and shapes.
    lr : float
        Step size, >= 0.

    Returns
    -------
    dict
        New parameters.

    Raises
    ------
    ValueError
        If keys or shapes differ, a gradient is not finite, or ``lr`` is out of range.
    """
    step_size = _checked_step(params, grads, lr)
    return {key: p - step_size * grads[key] for key, p in params.items()}


@dataclass(frozen=True)
class AdamState:
    """Running means of the gradient (``m``) and of its square (``v``) after ``t`` steps."""

    m: Params
    v: Params
    t: int


def adam_init(params: Params) -> AdamState:
    """State before the first step: zeros."""
    return AdamState(zeros_like(params), zeros_like(params), 0)


def adam_step(
    params: Params,
    grads: Params,
    state: AdamState,
    lr: float,
    *,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
) -> tuple[Params, AdamState]:
    """One step of Adam with bias correction.

    With ``t`` the number of this step, counted from 1::

        m' = beta1 m + (1 - beta1) g          v' = beta2 v + (1 - beta2) g^2
        p' = p - lr * (m' / (1 - beta1^t)) / (sqrt(v' / (1 - beta2^t)) + eps)

    Convention: ``eps`` is added outside the square root, after bias correction.

    Parameters
    ----------
    params, grads : dicts of arrays
        Same keys and shapes.
    state : AdamState
        From :func:`adam_init` or the previous step.
    lr : float
        Step size, >= 0.
    beta1, beta2 : float
        Memory of the running means, in [0, 1).
    eps : float
        Keeps the quotient finite, > 0.

    Returns
    -------
    params : dict
    state : AdamState

    Raises
    ------
    ValueError
        As :func:`sgd_step`, and if the state does not belong to these parameters or a setting is
        out of range.

    References
    ----------
    Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015, Algorithm 1.
    """
    lr = _checked_step(params, grads, lr)
    _check_adam(params, state, beta1, beta2, eps)
    t = state.t + 1
    m = {key: beta1 * state.m[key] + (1 - beta1) * g for key, g in grads.items()}
    v = {key: beta2 * state.v[key] + (1 - beta2) * (g * g) for key, g in grads.items()}
    # Both bias corrections are scalars, so they are moved out of the arrays: multiply numerator
    # and denominator of the quotient by sqrt(1 - beta2^t).
    root = math.sqrt(1 - beta2**t)
    step_size, floor = lr * root / (1 - beta1**t), eps * root
    new = {key: p - step_size * m[key] / (np.sqrt(v[key]) + floor) for key, p in params.items()}
    return new, AdamState(m, v, t)


@dataclass(frozen=True)
class RMSPropState:
    """Running mean of the squared gradient."""

    v: Params


def rmsprop_init(params: Params) -> RMSPropState:
    """State before the first step: zeros."""
    return RMSPropState(zeros_like(params))


def rmsprop_step(
    params: Params,
    grads: Params,
    state: RMSPropState,
    lr: float,
    *,
    decay: float = 0.99,
    eps: float = 1e-8,
) -> tuple[Params, RMSPropState]:
    """``v' = decay v + (1 - decay) g^2``, then ``p' = p - lr * g / (sqrt(v') + eps)``.

    Convention: no bias correction; ``eps`` is added outside the square root.

    Parameters
    ----------
    params, grads : dicts of arrays
        Same keys and shapes.
    state : RMSPropState
        From :func:`rmsprop_init` or the previous step.
    lr : float
        Step size, >= 0.
    decay : float
        Memory of the running mean, in [0, 1).
    eps : float
        Keeps the quotient finite, > 0.

    Raises
    ------
    ValueError
        As :func:`adam_step`.
    """
    lr = _checked_step(params, grads, lr)
    check_matches("state.v", state.v, params)
    check_fraction("decay", decay)
    check_positive("eps", eps)
    v = {key: decay * state.v[key] + (1 - decay) * (g * g) for key, g in grads.items()}
    new = {key: p - lr * grads[key] / (np.sqrt(v[key]) + eps) for key, p in params.items()}
    return new, RMSPropState(v)


def clip_by_global_norm(grads: Params, max_norm: float) -> tuple[Params, float]:
    """Scale all gradients by one factor so that their common norm is at most ``max_norm``.

    Returns
    -------
    grads : dict
        The given dict itself when nothing has to be clipped.
    norm : float
        Norm before clipping.

    Raises
    ------
    ValueError
        If ``max_norm`` is not positive or the norm is not finite.
    """
    check_positive("max_norm", max_norm)
    norm = global_norm(grads)
    if norm.real <= max_norm:
        return grads, norm
    scale = float(max_norm) / norm
    return map_params(lambda g: scale * g, grads), norm


def _checked_step(params: Params, grads: Params, lr: float) -> float:
    """Check the arguments every step has and return ``lr`` as a plain float.

    A NumPy float64 scalar would promote float32 parameters to float64.
    """
    check_matches("grads", grads, params)
    for key, gradient in grads.items():
        check_finite(f"grads[{key!r}]", gradient)
    check_nonnegative("lr", lr)
    return float(lr)


def _check_adam(params: Params, state: AdamState, beta1: float, beta2: float, eps: float) -> None:
    check_matches("state.m", state.m, params)
    check_matches("state.v", state.v, params)
    check_nonnegative("state.t", state.t)
    check_fraction("beta1", beta1)
    check_fraction("beta2", beta2)
    check_positive("eps", eps)
