"""Complex-step check of a scalar's gradient, robust where the gradient vanishes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linear_models.gradcheck import complex_step_jvp

Array = NDArray[Any]


def assert_gradient(
    f: Callable[[Array], Any], x: Array, gradient: Array, rng: np.random.Generator
) -> None:
    """Assert ``<gradient, v> = df(x)[v]`` for a random direction ``v``.

    To 1e-10 of the lengths, as everywhere, or to 1e-13 of ``|v|`` for functions and inputs of the
    order of 1: the rounding that remains where the exact derivative is zero.
    """
    assert gradient.shape == x.shape
    direction = rng.standard_normal(x.shape)
    length = float(np.linalg.norm(direction))
    forward = complex_step_jvp(f, x, direction)
    reverse = float(np.sum(gradient * direction))
    tolerance = length * (1e-10 * float(np.linalg.norm(gradient)) + 1e-13)
    assert abs(forward - reverse) <= tolerance, (forward, reverse)
