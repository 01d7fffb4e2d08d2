"""The pointer network for training: the reference's numbers up to rounding, many times faster.

Products of matrices are folded, arrays are used again, and a large minibatch is passed in blocks
that the processor's cache can hold.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from linear_models.params import Array, Params
from linear_models.validation import check_count, check_shape
from refimpl.scale.network.fast_backward import backward
from refimpl.scale.network.fast_forward import forward
from refimpl.scale.network.folded import empty_folded, fold, fold_vjp
from refimpl.scale.network.parameters import N_FEATURES, shape_of
from refimpl.scale.network.pointer import Outputs
from refimpl.scale.network.workspace import Scratch, Workspace
from refimpl.shared.flat_weights import Weights

BLOCK = 8192
"""Servers per block, of all its samples."""


class FastPointer:
    """Weights in one vector, gradients in another, and passes over minibatches of any size.

    Features are not checked for NaN: it ends up in the gradient, where the optimiser refuses it.

    Attributes
    ----------
    weights, grads : Weights
        ``weights.vector`` may be changed in place between a backward and the next forward pass.
    shape : Shape

    Raises
    ------
    ValueError
        If the parameters are not a pointer network's.
    """

    def __init__(self, params: Params, heads: int = 4, block: int = BLOCK) -> None:
        check_count("block", block)
        self.shape = shape_of(params, heads)
        self.weights = Weights.of(params)
        self.grads = self.weights.like()
        self.block = block
        # Views of the weights and gradients, and arrays of their own for what folds.
        self._folded = empty_folded(self.weights.named, self.shape)
        self._total = empty_folded(self.grads.named, self.shape)
        self._part = {key: np.empty_like(value) for key, value in self._total.items()}
        self._spaces: list[tuple[slice, Workspace]] = []
        self._outputs = Outputs(*(np.empty((0, 0), self.weights.vector.dtype) for _ in range(3)))

    def forward(self, task: Array, servers: Array, present: Array | None = None) -> Outputs:
        """Logits (B, N), value (B,), features (B, d): overwritten by the next forward pass.

        Raises
        ------
        ValueError
            If shapes do not fit or there is no server.
        """
        if task.ndim != 2 or servers.ndim != 3 or servers.shape[1] == 0 or not len(task):
            raise ValueError(
                f"task and servers must have shapes (B, {N_FEATURES}) and (B, N, {N_FEATURES}), "
                f"B and N >= 1; got {task.shape} and {servers.shape}"
            )
        check_shape("task", task, (len(task), N_FEATURES))
        check_shape("servers", servers, (len(task), servers.shape[1], N_FEATURES))
        if present is not None:
            check_shape("present", present, servers.shape[:2])
            servers = np.where(present[:, :, None], servers, 0)
        if self._outputs.logits.shape != servers.shape[:2]:
            self._allocate(*servers.shape[:2])
        fold(self.weights.named, self.shape, self._folded)
        out = self._outputs
        for rows, space in self._spaces:
            space.present = None if present is None else present[rows]
            forward(
                self._folded, space, task[rows], servers[rows], out.logits[rows], out.value[rows]
            )
        return out

    def backward(self, d_logits: Array, d_value: Array, d_features: Array | None = None) -> None:
        """Write the gradient into ``grads``; to be called once after a forward pass.

        Raises
        ------
        ValueError
            If a derivative does not have the shape of its output.
        """
        out = self._outputs
        check_shape("d_logits", d_logits, out.logits.shape)
        check_shape("d_value", d_value, out.value.shape)
        if d_features is not None:
            check_shape("d_features", d_features, out.features.shape)
        for number, (rows, space) in enumerate(self._spaces):
            into = self._part if number else self._total
            given = None if d_features is None else d_features[rows].T
            backward(self._folded, into, space, d_logits[rows], d_value[rows], given)
            if number:
                for key, total in self._total.items():
                    total += self._part[key]
        fold_vjp(self.weights.named, self._total, self.shape, self.grads.named)

    def _allocate(self, n_samples: int, n_servers: int) -> None:
        dtype, width = self.weights.vector.dtype, self.shape.width
        features = np.empty((width, n_samples), dtype)
        self._outputs = Outputs(
            np.empty((n_samples, n_servers), dtype), np.empty(n_samples, dtype), features.T
        )
        # The fewest blocks, all about equal.
        parts = -(-n_samples * n_servers // self.block)
        parts = min(max(parts, 1), n_samples)
        ends = [n_samples * k // parts for k in range(parts + 1)]
        scratch: dict[int, Scratch] = {}
        self._spaces = []
        for first, last in pairwise(ends):
            size, part = last - first, features[:, first:last]
            if size not in scratch:
                scratch[size] = Scratch(self.shape, size, n_servers, features)
            space = Workspace(self.shape, n_servers, part, scratch[size])
            self._spaces.append((slice(first, last), space))
