"""The tanh perceptron again, for speed: buffers reused, nothing checked, parameters in one vector.

Same numbers as :mod:`linear_models.mlp` up to rounding. What makes it faster: activations overwrite
what they were computed from, gradients are written where the optimiser reads them, the first layer
hands back only the derivatives that somebody wants, and the outputs stand in columns, (A, B), so
that sums over the actions run along memory.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import DTypeLike

from linear_models.params import Array, Params, flatten, unflatten


@dataclass
class Weights:
    """Parameters in one vector, and views of it by name; changed in place by the optimiser."""

    vector: Array
    named: Params

    @classmethod
    def of(cls, params: Params) -> Weights:
        """Copy ``params``."""
        vector = flatten(params)
        return cls(vector, unflatten(vector, params))

    def like(self) -> Weights:
        """Zeros of the same layout, for the gradients."""
        vector = np.zeros_like(self.vector)
        return Weights(vector, unflatten(vector, self.named))

    def params(self) -> Params:
        """Copy of the parameters by name."""
        return {key: value.copy() for key, value in self.named.items()}


@dataclass
class Buffers:
    """Arrays that passes over minibatches share: by name, grown when a larger one is asked for."""

    arrays: dict[str, Array] = field(default_factory=dict)

    def get(self, name: str, shape: tuple[int, int], dtype: DTypeLike) -> Array:
        """Array of this shape in contiguous memory, with whatever was there before."""
        size = shape[0] * shape[1]
        have = self.arrays.get(name)
        if have is None or have.size < size or have.dtype != dtype:
            have = self.arrays[name] = np.empty(size, dtype)
        return have[:size].reshape(shape)


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
