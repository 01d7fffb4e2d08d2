"""Congestion penalty d(n) of a crowd of n on the crowded action [DCC sec. 3.1, eq. 21].

``n`` counts everyone who offloads, the device itself included, and may be any real number >= 1,
because the approximate reward uses d at an expected crowd, ``1 + sum of the others' budgets``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Congestion:
    """A differentiable, increasing penalty whose second derivative keeps one sign [DCC eq. 1].

    Parameters
    ----------
    penalty, derivative : callable
        d and d', vectorised over a crowd ``n >= 1`` (number of devices, any real number), cost
        units and cost units per device. Module-level functions or ``functools.partial`` of them,
        so that work can be sent to other processes; complex input passes through.
    curvature : int
        Sign of d'': 1 convex, 0 linear, -1 concave.

    Raises
    ------
    ValueError
        If ``curvature`` is not -1, 0 or 1.
    """

    penalty: Callable[[ArrayLike], Array]
    derivative: Callable[[ArrayLike], Array]
    curvature: int

    def __post_init__(self) -> None:
        if self.curvature not in (-1, 0, 1):
            raise ValueError(f"curvature must be -1, 0 or 1; got {self.curvature}")


def power_law(kappa: float = 1.0, beta: float = 1.0) -> Congestion:
    """Power-law penalty d(n) = kappa * (n - 1)^beta for n >= 1 [DCC eq. 21].

    Parameters
    ----------
    kappa : float
        Scale, cost units, positive (the paper has 1).
    beta : float
        Exponent >= 1; 1 is linear. Below 1 the slope at n = 1 is infinite and eq. (16) has no
        meaning there.

    Raises
    ------
    ValueError
        If ``kappa`` is not positive and finite or ``beta`` is not finite and at least 1.
    """
    if not (np.isfinite(kappa) and kappa > 0.0):
        raise ValueError(f"kappa must be positive and finite; got {kappa}")
    if not (np.isfinite(beta) and beta >= 1.0):
        raise ValueError(f"beta must be finite and >= 1; got {beta}")
    return Congestion(
        partial(_power, kappa=kappa, beta=beta),
        partial(_power, kappa=kappa * beta, beta=beta - 1.0),
        curvature=int(beta > 1.0),
    )


def check_congestion(congestion: Congestion, largest: float, n_points: int = 101) -> None:
    """Raise unless d increases and bends as it says, and d' is its derivative, on [1, largest].

    The derivative is compared with the complex step at points inside the interval, monotonicity
    and curvature by first and second differences on a grid: necessary conditions, not a proof.

    Raises
    ------
    ValueError
        Naming the rule that is broken and where.
    """
    if not largest > 1.0:
        raise ValueError(f"largest must exceed 1; got {largest}")
    n = np.linspace(1.0, largest, n_points)
    value, slope = congestion.penalty(n), congestion.derivative(n)
    step = 1e-20
    exact = np.imag(congestion.penalty(n[1:] + 1j * step)) / step
    rounding = 64 * np.finfo(float).eps * np.abs(value).max()
    rules = {
        "penalty must be finite": ~np.isfinite(value),
        "penalty must be non-decreasing": np.diff(value) < -rounding,
        "derivative must be that of penalty": ~np.isclose(slope[1:], exact, rtol=1e-10, atol=1e-12),
        "curvature must be the sign of the second derivative": _bends_against(
            np.diff(value, 2), congestion.curvature, rounding
        ),
    }
    for rule, broken in rules.items():
        if broken.any():
            raise ValueError(f"congestion: {rule}; broken near n = {n[np.argmax(broken)]:.6g}")


def _bends_against(second: Array, curvature: int, rounding: float) -> Array:
    return np.abs(second) > rounding if curvature == 0 else curvature * second < -rounding


def _power(n: ArrayLike, kappa: float, beta: float) -> Array:
    crowd = np.asarray(n)
    if np.any(~(crowd.real >= 1.0)):
        raise ValueError(f"n must be >= 1, the device itself included; got {crowd.real.min()}")
    return np.asarray(kappa * (crowd - 1.0) ** beta)
