"""Enumeration of joint states, and how large is too large."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from linear_models.validation import check_count

Indices = NDArray[np.intp]
MEMORY_LIMIT = 2**30


class TooLargeError(ValueError):
    """The exact computation would need more memory than allowed; the message says how much."""


def check_size(n: int, buffer: int, branches: float = 1.0, limit: int = MEMORY_LIMIT) -> None:
    """Refuse an exact joint chain that is too large.

    Parameters
    ----------
    n : int
        Number of queues.
    buffer : int
        Buffer B.
    branches : float
        Products per joint state (largest possible).
    limit : int
        Bytes allowed.

    Raises
    ------
    TooLargeError
        With the number of joint states and of bytes needed.
    """
    check_count("n", n)
    check_count("buffer", buffer)
    # Logarithms: the numbers of a graph of thousands of queues overflow.
    digits = n * np.log10(buffer + 1.0)
    half = (n - n // 2) * np.log10(buffer + 1.0)
    needed = digits + half + np.log10(16.0 * branches)
    if needed > np.log10(limit):
        raise TooLargeError(
            f"the joint chain of {n} queues with buffer {buffer} has {_scientific(digits)} states "
            f"and needs about {_scientific(needed)} bytes; at most {limit:.3g} bytes are allowed"
        )


def joint_states(n: int, buffer: int) -> Indices:
    """All joint states, ((B + 1)^n, n) int; the last queue runs fastest, row 0 is empty.

    Raises
    ------
    TooLargeError
        As :func:`check_size`.
    """
    check_size(n, buffer)
    return np.ascontiguousarray(np.indices((buffer + 1,) * n).reshape(n, -1).T.astype(np.intp))


def state_index(states: ArrayLike, buffer: int) -> Indices:
    """Rows of :func:`joint_states` at which the states (..., n) stand."""
    z = np.asarray(states, dtype=np.intp)
    place = (buffer + 1) ** np.arange(z.shape[-1] - 1, -1, -1)
    return np.asarray(z @ place, dtype=np.intp)


def _scientific(log10: float) -> str:
    return f"{10 ** (log10 % 1):.2f}e+{int(log10 // 1):02d}"
