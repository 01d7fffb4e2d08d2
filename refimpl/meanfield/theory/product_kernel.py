"""Products of local kernels without the joint matrix [MF eq. 1].

Given the joint state z the queues move independently: row z of the joint kernel is the outer
product of N local rows. Cut the queues into two halves and keep only the outer products of each
half, ``left[z]`` and ``right[z]``; then with V as a matrix (left states by right states)

    (P V)(z) = left[z] V right[z]',      (x P) = left' diag(x) right:

matrix products of the size of the joint matrix, which itself is never built (memory S^1.5).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class ProductKernel:
    """Mixture of product laws per joint state.

    Attributes
    ----------
    left, right : (R, A), (R, C) float
        Outer products of the rows of the first and of the last queues; A C joint states.
    index : (R,) int
        Joint state each of the R products starts from.
    weight : (R,) float
        Probability of each product given its joint state.
    """

    left: Floats
    right: Floats
    index: Indices
    weight: Floats

    @property
    def n_states(self) -> int:
        """Number S of joint states reached."""
        return int(self.left.shape[1] * self.right.shape[1])

    def forward(self, law: Floats) -> Floats:
        """Law (S_next,) after the step, of a law (S,) before it."""
        mass = self.weight * law[self.index]
        return np.asarray((self.left.T @ (mass[:, None] * self.right)).ravel())

    def branch_values(self, values: Floats) -> Floats:
        """Mean (R,) after the step from each product, of values (S_next,)."""
        table = values.reshape(self.left.shape[1], self.right.shape[1])
        return np.asarray(np.einsum("rc,rc->r", self.left @ table, self.right))

    def backward(self, values: Floats, n_start: int) -> Floats:
        """Mean (n_start,) after the step by joint state before it, of values (S_next,)."""
        return self.gather(self.branch_values(values), n_start)

    def gather(self, branch: Floats, n_start: int) -> Floats:
        """Mean over the products of each joint state, (n_start,)."""
        return np.asarray(
            np.bincount(self.index, self.weight * branch, minlength=n_start), dtype=np.float64
        )


def product_kernel(rows: Floats, index: Indices, weight: Floats) -> ProductKernel:
    """Kernel from the local rows (R, N, B + 1) of each product."""
    half = cut(rows.shape[1])
    return ProductKernel(outer_rows(rows[:, :half]), outer_rows(rows[:, half:]), index, weight)


def outer_rows(rows: Floats) -> Floats:
    """Outer products of n rows each, (R, n, B + 1) -> (R, (B + 1)^n); the last queue runs fastest.

    No rows (n = 0) give the number 1.
    """

    def join(have: Floats, more: Floats) -> Floats:
        return np.asarray((have[:, :, None] * more[:, None, :]).reshape(have.shape[0], -1))

    return reduce(join, np.moveaxis(rows, 1, 0), np.ones((rows.shape[0], 1)))


def cut(n: int) -> int:
    """How many of n queues are left."""
    return n // 2
