"""Code of the fake paper."""

from __future__ import annotations

import functools
from collections.abc import Callable


def keep_name(function: Callable[[float], float]) -> Callable[[float], float]:
    """Decorate, as real code does."""

    @functools.wraps(function)
    def wrapped(x: float) -> float:
        return function(x)

    return wrapped


@keep_name
def square(x: float) -> float:
    """Square of a number.  [FAKE eq. 1]"""
    return x * x


class Ledger:
    """Where the numbers are kept.  [FAKE Algorithm 1]"""


@functools.cache
def cube(x: float) -> float:
    """Cube, where the paper prints a square.  [FAKE eq. 2]"""
    return x**3
