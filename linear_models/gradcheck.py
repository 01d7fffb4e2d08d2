"""Proof that a hand-written gradient is the gradient, to ten digits.

For a function that is analytic around real ``x``, ``f(x + i h d) = f(x) + i h f'(x) d + O(h^2)``.
The derivative along ``d`` is the imaginary part over ``h``; nothing is subtracted, so ``h`` can be
1e-20 and the result is exact to rounding. The reverse derivative is then checked by the identity
that defines it, ``<dy, f'(x) d> = <dx, d>``, with random ``dy`` and ``d``: one number, any shape.

Kinks (relu at 0, the corners of a clip) have no derivative: keep inputs away from them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from linear_models.params import Array, Params, check_matches
from linear_models.validation import check_positive, check_shape


class GradientError(AssertionError):
    """A hand-written derivative disagrees with the complex step."""


NEGLIGIBLE = 1e-4
"""Derivatives this small are checked absolutely: to ``rtol * NEGLIGIBLE``, 1e-14 by default."""


def complex_step_jvp(
    f: Callable[[Array], Array], x: Array, direction: Array, h: float = 1e-20
) -> Array:
    """Directional derivative ``f'(x) direction``, exact to rounding.

    Parameters
    ----------
    f : callable
        Must let complex numbers pass through: no ``abs``, no comparison of complex numbers, no
        conversion to float.
    x, direction : arrays of the same shape
        Real; taken to float64.
    h : float
        Step, > 0. There is no cancellation, so it is as small as one likes.

    Returns
    -------
    array
        Shape of ``f(x)``.

    Raises
    ------
    ValueError
        If shapes differ or ``f`` returns real numbers: it lost the imaginary part on the way, and
        its derivative would silently be 0.
    """
    check_shape("direction", np.asarray(direction), np.shape(x))
    check_positive("h", h)
    y = f(np.asarray(x, np.float64) + 1j * h * np.asarray(direction, np.float64))
    if not np.iscomplexobj(y):
        dtype = np.asarray(y).dtype
        raise ValueError(f"f must let complex numbers pass through; it returned dtype {dtype}")
    return np.imag(y) / h


def central_jvp(f: Callable[[Array], Array], x: Array, direction: Array, h: float = 1e-5) -> Array:
    """Directional derivative by central differences, for functions that refuse complex numbers.

    Its error is ``O(h^2)`` from curvature plus ``O(1e-16 / h)`` from cancellation: about ten
    digits at best, with ``h`` near 1e-5 for values and directions of order one.

    Raises
    ------
    ValueError
        If shapes differ or ``h`` is not positive.
    """
    check_shape("direction", np.asarray(direction), np.shape(x))
    check_positive("h", h)
    x, step = np.asarray(x, np.float64), h * np.asarray(direction, np.float64)
    return (f(x + step) - f(x - step)) / (2 * h)


def check_vjp(
    f: Callable[..., Array],
    f_vjp: Callable[..., Any],
    *xs: Array,
    rng: np.random.Generator,
    rtol: float = 1e-10,
) -> float:
    """Check a reverse derivative with respect to every input, one by one.

    Parameters
    ----------
    f : callable
        ``f(*xs) -> y``, an array or scalar.
    f_vjp : callable
        ``f_vjp(*xs, dy) -> dx``, or a tuple with one gradient per input.
    *xs : arrays
        Where to check. Arguments that have no derivative belong into a closure.
    rng : Generator
        Draws ``dy`` and the directions.
    rtol : float
        Allowed error, relative to the lengths of the vectors whose products are compared.

    Returns
    -------
    float
        The largest relative error found.

    Raises
    ------
    GradientError
        Naming the input, with both numbers.
    """
    dy = np.asarray(rng.standard_normal(np.shape(f(*xs))))
    gradients = f_vjp(*xs, dy)
    if not isinstance(gradients, tuple):
        gradients = (gradients,)
    if len(gradients) != len(xs):
        raise GradientError(f"{len(xs)} inputs, but {len(gradients)} gradients were returned")
    errors = []
    for k, dx in enumerate(gradients):
        products = _products(_with_only(f, xs, k), xs[k], dx, dy, rng)
        errors.append(_relative_error(f"input {k}", products, rtol))
    return max(errors)


def check_layer(
    forward: Callable[[Params, Array], tuple[Array, Any]],
    backward: Callable[[Params, Any, Array], tuple[Params, Array]],
    params: Params,
    x: Array,
    rng: np.random.Generator,
    rtol: float = 1e-10,
) -> float:
    """Check a layer's gradient with respect to every parameter and to its input.

    The input matters as much as the parameters: a layer with a wrong ``dx`` looks right until
    another layer is put in front of it.

    Parameters
    ----------
    forward : callable
        ``forward(params, x) -> (y, cache)``.
    backward : callable
        ``backward(params, cache, dy) -> (grads, dx)``.
    params, x
        Where to check.
    rng : Generator
        Draws ``dy`` and the directions.
    rtol : float
        As in :func:`check_vjp`.

    Returns
    -------
    float
        The largest relative error found.

    Raises
    ------
    GradientError
        Naming the parameter or the input, with both numbers.
    ValueError
        If the gradients do not have the keys and shapes of the parameters.
    """
    y, cache = forward(params, x)
    dy = np.asarray(rng.standard_normal(np.shape(y)))
    grads, dx = backward(params, cache, dy)
    check_matches("grads", grads, params)
    errors = []
    for key, value in params.items():
        f = _with_parameter(forward, params, key, x)
        products = _products(f, value, grads[key], dy, rng)
        errors.append(_relative_error(f"params[{key!r}]", products, rtol))
    products = _products(lambda x: forward(params, x)[0], x, dx, dy, rng)
    return max([*errors, _relative_error("x", products, rtol)])


def _with_only(f: Callable[..., Array], xs: tuple[Array, ...], k: int) -> Callable[[Array], Array]:
    """``f`` as a function of its input number ``k`` alone."""
    return lambda x: f(*xs[:k], x, *xs[k + 1 :])


def _with_parameter(
    forward: Callable[[Params, Array], tuple[Array, Any]], params: Params, key: str, x: Array
) -> Callable[[Array], Array]:
    """Output of the layer as a function of the parameter ``key`` alone."""
    return lambda value: forward({**params, key: value}, x)[0]


def _products(
    f: Callable[[Array], Array], x: Array, dx: Array, dy: Array, rng: np.random.Generator
) -> tuple[float, float, float]:
    """``<dy, f'(x) d>``, ``<dx, d>``, and the lengths that rounding errors of both scale with.

    A gradient that is zero by cancellation comes out as rounding errors of what cancels, so that
    derivatives below ``NEGLIGIBLE`` count as that much.
    """
    check_shape("dx", np.asarray(dx), np.shape(x))
    d = np.asarray(rng.standard_normal(np.shape(x)))
    tangent = complex_step_jvp(f, x, d)
    lengths = _length(dy) * _length(tangent) + _length(dx) * _length(d)
    lengths = max(lengths, NEGLIGIBLE * _length(dy) * _length(d))
    return float(np.sum(dy * tangent)), float(np.sum(dx * d)), lengths


def _relative_error(name: str, products: tuple[float, float, float], rtol: float) -> float:
    forward, reverse, lengths = products
    error = 0.0 if lengths == 0 else abs(forward - reverse) / lengths
    if not error <= rtol:  # written so that NaN fails
        raise GradientError(
            f"gradient of {name}: complex step gives {forward!r}, the reverse derivative "
            f"{reverse!r}; relative error {error:.2e} > {rtol:.1e}"
        )
    return error


def _length(x: Array) -> float:
    return float(np.linalg.norm(np.ravel(x)))
