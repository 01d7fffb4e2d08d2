"""Which perturbations a simultaneous-perturbation gradient may use [DCC eq. 15, Table 1].

The estimate ``(V(theta + c Delta) - V(theta)) / (c Delta_i)`` divides by the perturbation. Its
noise and its cross terms are multiplied by ``1 / Delta_i``, so convergence needs bounded inverse
moments, as the paper assumes. A Gaussian, which "standard deviation of constraint noise" suggests,
has none: its density at 0 is positive and ``E 1/|Delta|`` diverges like a logarithm.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import exp1

Floats = NDArray[np.float64]


def gaussian_inverse_moment(sigma: float, cutoff: ArrayLike) -> Floats:
    """``E [ 1/|Delta| ; |Delta| > cutoff ]`` of a centred Gaussian [DCC eq. 15].

    ``E_1(cutoff^2 / (2 sigma^2)) / (sigma sqrt(2 pi))``, which grows like
    ``sqrt(2 / pi) / sigma * log(1 / cutoff)``: without the cutoff it is infinite.

    Parameters
    ----------
    sigma : float
        Standard deviation, positive (Table 1 prints 0.05).
    cutoff : array
        Positive; the part below it is left out.

    Raises
    ------
    ValueError
        If ``sigma`` or a cutoff is not positive and finite.
    """
    cut = _positive("cutoff", cutoff)
    scale = float(_positive("sigma", sigma))
    return np.asarray(exp1(0.5 * (cut / scale) ** 2) / (scale * np.sqrt(2.0 * np.pi)))


def two_point_inverse_moment(size: float, cutoff: ArrayLike) -> Floats:
    """``E [ 1/|Delta| ; |Delta| > cutoff ]`` of two equally likely points +-size [DCC eq. 15].

    It is ``1 / size``, whatever the cutoff below ``size``.

    Raises
    ------
    ValueError
        If ``size`` or a cutoff is not positive and finite.
    """
    cut, step = _positive("cutoff", cutoff), float(_positive("size", size))
    return np.where(cut < step, 1.0 / step, 0.0)


def balanced_probability(n_others: int) -> float:
    """Probability that ``n_others`` signs cancel, which makes a coupling quotient 0/0 [DCC eq. 16].

    The three-evaluation estimate divides by ``c sum_{j != i} Delta_j``. With ``+-1`` perturbations
    and an even number of others the sum is zero with probability ``C(n, n/2) / 2^n``.

    Raises
    ------
    ValueError
        If ``n_others`` is negative.
    """
    if n_others < 0:
        raise ValueError(f"n_others must be non-negative; got {n_others}")
    if n_others % 2:
        return 0.0
    # product of (2k - 1) / (2k): no large factorials
    k = np.arange(1, n_others // 2 + 1)
    return float(np.prod((2 * k - 1) / (2 * k)))


def _positive(name: str, value: ArrayLike) -> Floats:
    array = np.asarray(value, dtype=np.float64)
    if not (np.isfinite(array) & (array > 0.0)).all():
        raise ValueError(f"{name} must be positive and finite; got {array}")
    return array
