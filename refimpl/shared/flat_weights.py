"""Parameters in one vector, and buffers: what fast training passes of several papers work on."""

from __future__ import annotations

import math
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

    def get(self, name: str, shape: tuple[int, ...], dtype: DTypeLike) -> Array:
        """Array of this shape in contiguous memory, with whatever was there before."""
        size = math.prod(shape)
        have = self.arrays.get(name)
        if have is None or have.size < size or have.dtype != dtype:
            have = self.arrays[name] = np.empty(size, dtype)
        return have[:size].reshape(shape)
