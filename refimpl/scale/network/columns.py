"""Small layers on samples in columns, (features, B): forward and backward, in place, unchecked.

In columns, a bias or a mean over the features is one operation along memory for all samples, and a
gradient of weights is one product. Same numbers as the layers of ``linear_models`` up to rounding.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import erf

from linear_models.layer_norm import EPS
from linear_models.params import Array, Params

# erf(x / sqrt 2) = tanh(x Q(x^2)); fitted for |x| < 5.8, beyond which both are 1 in single
# precision. Largest error 6e-8, half a unit in the last place of 1.
_Q = (
    0.7978849414618403,
    0.03633308456649827,
    -3.259496625323448e-05,
    -5.530619809826547e-05,
    3.9647453094939645e-06,
    -1.3226341749585944e-07,
    1.7561731020703134e-09,
)
_LOG_PEAK = -0.5 * math.log(2 * math.pi)


def dense(weights: Array, bias: Array, x: Array, out: Array) -> None:
    """``W^T x + b``, (n_out, B)."""
    np.matmul(weights.T, x, out=out)
    out += bias[:, None]


def dense_backward(grads: Params, weights: str, bias: str, x: Array, dy: Array) -> None:
    """Write the gradients of weights and bias."""
    np.matmul(x, dy.T, out=grads[weights])
    np.add.reduce(dy, axis=1, out=grads[bias])


def normalise(x: Array, scale: Array, scratch: Array) -> None:
    """Centre the columns of ``x`` and divide them by their deviation; ``scale`` (B,) is left."""
    np.add.reduce(x, axis=0, out=scale)
    scale /= len(x)
    x -= scale
    np.multiply(x, x, out=scratch)
    np.add.reduce(scratch, axis=0, out=scale)
    scale /= len(x)
    scale += EPS
    np.sqrt(scale, out=scale)
    np.divide(1, scale, out=scale)
    x *= scale


def normalise_backward(normal: Array, scale: Array, d_normal: Array, scratch: Array) -> None:
    """Turn the derivative by the normalised columns into that by what they were before."""
    np.multiply(normal, d_normal, out=scratch)
    along = np.add.reduce(scratch, axis=0)
    along /= len(normal)
    np.multiply(normal, along, out=scratch)
    mean = np.add.reduce(d_normal, axis=0)
    mean /= len(normal)
    d_normal -= mean
    d_normal -= scratch
    d_normal *= scale


def normal_cdf(x: Array, out: Array, scratch: Array) -> None:
    """Write the normal distribution function: erf, or in float32 a fit to its last place."""
    if x.dtype == np.float32:
        np.multiply(x, x, out=scratch)
        np.multiply(scratch, _Q[-1], out=out)
        for coefficient in _Q[-2:0:-1]:
            out += coefficient
            out *= scratch
        out += _Q[0]
        out *= x
        np.tanh(out, out=out)
    else:
        np.multiply(x, 1 / math.sqrt(2), out=out)
        erf(out, out=out)
    out *= 0.5
    out += 0.5


def gelu_slope(x: Array, cdf: Array, out: Array) -> None:
    """Write the derivative of ``x Phi(x)``: ``Phi(x) + x phi(x)``."""
    np.multiply(x, x, out=out)
    out *= -0.5
    out += _LOG_PEAK
    np.exp(out, out=out)
    out *= x
    out += cdf
