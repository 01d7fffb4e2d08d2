"""The tanh perceptron again, for speed: buffers reused, nothing checked, parameters in one vector.

Same numbers as :mod:`linear_models.mlp` up to rounding. What makes it faster: activations overwrite
what they were computed from, gradients are written where the optimiser reads them, the first layer
hands back only the derivatives that somebody wants, and the outputs stand in columns, (A, B), so
that sums over the actions run along memory.
"""

from __future__ import annotations

import numpy as np

from linear_models.params import Array, Params
from refimpl.shared.flat_weights import Buffers


def n_layers(params: Params) -> int:
    """Count the affine layers; there may be other parameters beside them."""
    return sum(key.startswith("W") for key in params)


def forward(params: Params, x: Array, buffers: Buffers) -> tuple[Array, list[Array]]:
    """Compute the outputs in columns, (n_out, B), and the inputs of every layer, ``x`` first."""
    inputs, last = [x], n_layers(params) - 1
    for k in range(last):
        weights = params[f"W{k}"]
        h = buffers.get(f"h{k}", (len(x), weights.shape[1]), weights.dtype)
        np.matmul(inputs[k], weights, out=h)
        h += params[f"b{k}"]
        np.tanh(h, out=h)
        inputs.append(h)
    weights = params[f"W{last}"]
    out = buffers.get("out", (weights.shape[1], len(x)), weights.dtype)
    np.matmul(weights.T, inputs[last].T, out=out)
    out += params[f"b{last}"][:, None]
    return out, inputs


def backward(
    params: Params, grads: Params, inputs: list[Array], d_out: Array, buffers: Buffers
) -> Array:
    """Write the gradient of ``<d_out, out>`` into ``grads``; the inputs are used up.

    Returns
    -------
    (n_units, B) or (B, n_units) array
        Derivative with respect to what the first layer puts out, samples in rows.
    """
    dz = d_out.T
    for k in reversed(range(len(inputs))):
        h, weights = inputs[k], params[f"W{k}"]
        np.matmul(h.T, dz, out=grads[f"W{k}"])
        np.sum(dz, axis=0, out=grads[f"b{k}"])
        if k:
            dh = buffers.get(f"d{k}", h.shape, h.dtype)
            _times_transposed(dz, weights, dh)
            # (1 - h^2) dh, where h has served
            np.multiply(h, h, out=h)
            np.subtract(1, h, out=h)
            dh *= h
            dz = dh
    return dz


def _times_transposed(dz: Array, weights: Array, out: Array) -> None:
    """``dz W^T``; with one output an outer product, for which BLAS is slow."""
    if dz.shape[1] == 1:
        np.multiply(dz, weights[:, 0], out=out)
    else:
        np.matmul(dz, weights.T, out=out)
