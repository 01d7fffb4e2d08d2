"""Epoch kernels by rate, computed when first asked for."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from refimpl.meanfield.model.system import System
from refimpl.shared.bounded_queue import epoch_kernel

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

# A rate is known by its first 46 binary places.
UNITS = 2.0**46
# Rates whose leading places agree share a bucket; it remembers one of them.
BUCKET_SHIFT, BUCKET_BITS = 30, 18
MAX_KERNELS = 2**14
# Keys are 64-bit integers.
LARGEST_KEY = 2.0**62


class KernelTable:
    """Transition rows and expected drops of one system for the rates met so far.

    What a rate's kernel is depends on nothing but the rate; the table only saves computing it
    again, and forgets everything when it has grown beyond ``MAX_KERNELS``.

    Attributes
    ----------
    drops : (n_kernels * (B + 1),) float
        Expected drops, indexed by ``kernel * (B + 1) + state``.

    Raises
    ------
    ValueError
        If rates and service rates together cannot be numbered.
    """

    def __init__(self, system: System) -> None:
        largest = max(system.modulation.rates) * (1.0 + system.graph.degrees.max())
        if largest * UNITS * len(system.speeds[0]) > LARGEST_KEY:
            raise ValueError(
                "service_rates must have fewer different values for arrival rates up to "
                f"{largest}; got {len(system.speeds[0])}; use interpolated_epoch"
            )
        self._system = system
        self._width = 1 << math.ceil(math.log2(system.buffer + 1))
        self._thresholds: Floats
        self.drops: Floats
        self._forget()

    def rows(self, rates: Floats, speeds: Ints) -> Ints:
        """Which kernel belongs to each rate, (M,).

        Parameters
        ----------
        rates : (M,) float
        speeds : (M,) or (1,) int
            Which of the system's distinct service rates.

        Returns
        -------
        (M,) int
            A new array.
        """
        n_speeds = len(self._system.speeds[0])
        keys = np.rint(rates * (UNITS * n_speeds)).astype(np.int64)
        if n_speeds > 1:
            keys += speeds - keys % n_speeds
        buckets = (keys >> BUCKET_SHIFT) & (2**BUCKET_BITS - 1)
        found: Ints = self._kernel_in.take(buckets)
        wrong = self._key_in.take(buckets) != keys
        if not wrong.any():
            return found
        distinct, inverse = np.unique(keys[wrong], return_inverse=True)
        if len(self._kernel_of) + len(distinct) > MAX_KERNELS:
            # Forgetting makes what was found above void, so all are looked up.
            self._forget()
            distinct, inverse = np.unique(keys, return_inverse=True)
            return self._look_up(distinct)[inverse.reshape(-1)]
        found[wrong] = self._look_up(distinct)[inverse.reshape(-1)]
        return found

    def invert(self, rows: Ints, uniforms: Floats) -> Ints:
        """Next states: the number of values of the distribution function below the uniform number.

        Found by halving: rows are padded to a power of two with values that nothing exceeds.

        Parameters
        ----------
        rows : (M,) int
            ``kernel * (B + 1) + state``.
        uniforms : (M,) float
            In [0, 1).

        Returns
        -------
        (M,) int
        """
        position = rows * self._width
        first = position.copy()
        half = self._width >> 1
        while half:
            passed = uniforms > self._thresholds[half - 1 :].take(position)
            position += passed.astype(np.intp) * half
            half >>= 1
        position -= first
        return position

    def _look_up(self, distinct: NDArray[np.int64]) -> Ints:
        """Kernels of different keys, computed where they are not known yet."""
        new = np.array([key for key in distinct.tolist() if key not in self._kernel_of])
        if len(new):
            self._add(new)
        return np.array([self._kernel_of[key] for key in distinct.tolist()], dtype=np.intp)

    def _add(self, keys: NDArray[np.int64]) -> None:
        system = self._system
        speeds = system.speeds[0]
        rates = (keys - keys % len(speeds)) / (UNITS * len(speeds))
        kernel = epoch_kernel(rates, speeds[keys % len(speeds)], system.buffer, system.dt)
        thresholds = np.full((len(keys), system.buffer + 1, self._width), np.inf)
        thresholds[..., : system.buffer] = np.cumsum(kernel.transitions, axis=-1)[..., :-1]
        first = len(self._kernel_of)
        self._kernel_of |= {key: first + k for k, key in enumerate(keys.tolist())}
        self._thresholds = np.concatenate([self._thresholds, thresholds.reshape(-1)])
        self.drops = np.concatenate([self.drops, kernel.expected_drops.reshape(-1)])
        buckets = (keys >> BUCKET_SHIFT) & (2**BUCKET_BITS - 1)
        self._key_in[buckets] = keys
        self._kernel_in[buckets] = [self._kernel_of[key] for key in self._key_in[buckets].tolist()]

    def _forget(self) -> None:
        self._kernel_of: dict[int, int] = {}
        self._key_in = np.full(2**BUCKET_BITS, -1, dtype=np.int64)
        self._kernel_in = np.zeros(2**BUCKET_BITS, dtype=np.intp)
        self._thresholds = np.empty(0)
        self.drops = np.empty(0)
