"""Activation functions, each with its reverse derivative directly underneath.

Every ``f_vjp(x, y, dy)`` gets the input ``x`` and the output ``y = f(x)`` of the forward pass and
uses whichever makes the derivative cheap. All work entry by entry on arrays of any shape, keep the
dtype, and let complex numbers and NaN pass through.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import erfc

from linear_models.params import Array


def tanh(x: Array) -> Array:
    """Hyperbolic tangent."""
    return np.tanh(x)


def tanh_vjp(x: Array, y: Array, dy: Array) -> Array:
    """``dx = (1 - y^2) dy``."""
    del x
    return (1 - y * y) * dy


def relu(x: Array) -> Array:
    """Rectifier ``max(x, 0)``.

    A product with the indicator, not ``maximum``: NaN must stay NaN, and a complex number is
    switched by its real part.
    """
    return x * (x.real > 0)


def relu_vjp(x: Array, y: Array, dy: Array) -> Array:
    """``dx = 1{x > 0} dy``. Convention: the derivative at the kink, x = 0, is 0."""
    del y
    return dy * (x.real > 0)


def gelu(x: Array) -> Array:
    """Gaussian error linear unit ``x Phi(x)``, with the exact normal distribution function."""
    return x * _normal_cdf(x)


def gelu_vjp(x: Array, y: Array, dy: Array) -> Array:
    """``dx = (Phi(x) + x phi(x)) dy``, phi the standard normal density."""
    del y
    density = np.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)
    return (_normal_cdf(x) + x * density) * dy


def identity(x: Array) -> Array:
    """``x`` itself."""
    return x


def identity_vjp(x: Array, y: Array, dy: Array) -> Array:
    """``dx = dy``."""
    del x, y
    return dy


def _normal_cdf(x: Array) -> Array:
    # math.sqrt, not np.sqrt: a NumPy float64 scalar would promote float32 arrays.
    # erfc keeps its digits in the left tail, where 1 + erf would cancel.
    cdf: Array = 0.5 * erfc(x / -math.sqrt(2))
    return cdf


@dataclass(frozen=True)
class Activation:
    """A named activation: ``forward(x) -> y`` and ``vjp(x, y, dy) -> dx``."""

    name: str
    forward: Callable[[Array], Array]
    vjp: Callable[[Array, Array, Array], Array]


TANH = Activation("tanh", tanh, tanh_vjp)
RELU = Activation("relu", relu, relu_vjp)
GELU = Activation("gelu", gelu, gelu_vjp)
IDENTITY = Activation("identity", identity, identity_vjp)
