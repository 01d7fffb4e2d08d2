"""Theorem 5.3, step by step, and what its bound says about N [DG-PG Theorem 5.3].

Symbols: ``L`` smoothness, ``mu`` PL constant (``1/2 |grad J|^2 >= mu (J* - J)``), ``alpha`` weight
of the guidance, ``s^2`` bound on the variance of the sampled direction, ``B^2`` bound on
``|grad G|^2``, ``eta`` step, ``delta`` gap ``J* - J``. Ascent throughout. Constants here follow
the proof; ``noise = s^2 + 2 alpha^2 B^2``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linear_models.validation import check_fraction, check_nonnegative, check_positive
from refimpl.dgpg.theory.mixing import mixed_variance

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Setting:
    """Constants of the theorem [DG-PG Assumption G.1].

    Attributes
    ----------
    smoothness, pl : float
        ``L >= mu > 0``.
    alpha : float
        In [0, 1): the theorem divides by ``1 - alpha``.
    variance, guidance_norm : float
        ``s^2`` and ``B^2``: the second is a bound on the *squared* norm of grad G.
    """

    smoothness: float
    pl: float
    alpha: float
    variance: float
    guidance_norm: float

    def __post_init__(self) -> None:
        check_positive("smoothness", self.smoothness)
        check_positive("pl", self.pl)
        if self.pl > self.smoothness:
            raise ValueError(f"pl must not exceed smoothness {self.smoothness}; got {self.pl}")
        check_fraction("alpha", self.alpha)
        check_nonnegative("variance", self.variance)
        check_nonnegative("guidance_norm", self.guidance_norm)

    @property
    def noise(self) -> float:
        """Return ``s^2 + 2 alpha^2 B^2``."""
        return self.variance + 2.0 * self.alpha**2 * self.guidance_norm


def ascent_step(theta: Floats, direction: Floats, step: float) -> Floats:
    """Return ``theta + eta g`` [DG-PG eq. 24] [DG-PG eq. 13]."""
    return theta + step * direction


def smoothness_bound(
    gradient: Floats, mean_direction: Floats, second_moment: float, step: float, smoothness: float
) -> float:
    """Return the least expected gain ``eta <grad J, g> - L eta^2/2 E|g|^2`` [DG-PG eq. 25]."""
    slope = float((gradient * mean_direction).sum())
    return step * slope - 0.5 * smoothness * step**2 * second_moment


def inner_product_bound(gradient: Floats, alpha: float) -> float:
    """Return ``(1 - alpha) |grad J|^2``, said to be below ``<grad J, g>`` [DG-PG eq. 26].

    True only where ``<grad J, grad G> <= 0``.
    """
    return (1.0 - alpha) * float((gradient**2).sum())


def second_moment(variance: float, mean_direction: Floats) -> float:
    """Return ``E|g|^2 = s^2 + |E g|^2``, ``s^2`` summed over coordinates [DG-PG eq. 27]."""
    return variance + float((mean_direction**2).sum())


def direction_norm_bound(gradient: Floats, guidance_gradient: Floats, alpha: float) -> float:
    """Return ``2 (1-alpha)^2 |grad J|^2 + 2 alpha^2 |grad G|^2 >= |E g|^2`` [DG-PG eq. 28]."""
    own = (1.0 - alpha) ** 2 * float((gradient**2).sum())
    return 2.0 * (own + alpha**2 * float((guidance_gradient**2).sum()))


def second_moment_bound(setting: Setting, gradient_norm: float) -> float:
    """Return ``2 (1-alpha)^2 |grad J|^2 + 2 alpha^2 B^2 + s^2`` [DG-PG eq. 30].

    ``gradient_norm`` is ``|grad J|^2``.
    """
    return 2.0 * (1.0 - setting.alpha) ** 2 * gradient_norm + setting.noise


def largest_step(setting: Setting) -> float:
    """Return ``1 / (2 L (1 - alpha))``, the largest step of the proof [DG-PG eq. 31]."""
    return 1.0 / (2.0 * setting.smoothness * (1.0 - setting.alpha))


def gain_coefficient(setting: Setting, step: float) -> float:
    """Return what multiplies ``|grad J|^2`` in the gain, ``u - L u^2`` with ``u = eta (1-alpha)``.

    At least ``u / 2`` up to the largest step, where they are equal [DG-PG eq. 31].
    """
    u = step * (1.0 - setting.alpha)
    return u - setting.smoothness * u * u


def gain_bound(setting: Setting, gradient_norm: float, step: float) -> float:
    """Return ``eta (1-alpha)/2 |grad J|^2 - L eta^2/2 noise``, the least gain [DG-PG eq. 31]."""
    gain = 0.5 * step * (1.0 - setting.alpha) * gradient_norm
    return gain - 0.5 * setting.smoothness * step**2 * setting.noise


def contraction(setting: Setting, step: float) -> float:
    """Return ``1 - eta mu (1 - alpha)``, in [1/2, 1) up to the largest step [DG-PG App. G]."""
    return 1.0 - step * setting.pl * (1.0 - setting.alpha)


def next_gap(setting: Setting, gap: float, step: float) -> float:
    """Return the bound on the gap after one more step, from the gap before [DG-PG App. G]."""
    return contraction(setting, step) * gap + 0.5 * setting.smoothness * step**2 * setting.noise


def noise_floor(setting: Setting, step: float) -> float:
    """Return ``L eta noise / (2 mu (1 - alpha))``, what a constant step never gets below."""
    return setting.smoothness * step * setting.noise / (2.0 * setting.pl * (1.0 - setting.alpha))


def gap_bound(setting: Setting, start: float, step: float, iterations: int) -> float:
    """Return the bound on the gap after ``iterations`` constant steps [DG-PG eq. 32]."""
    shrunk = contraction(setting, step) ** iterations * start
    return shrunk + noise_floor(setting, step)


def scheduled_gap(settings: Sequence[Setting], steps: Sequence[float], start: float) -> float:
    """Return the bound on the gap after a schedule of weights and steps fixed in advance.

    The recursion of the proof, one step at a time: phases chain if each starts from the gap that
    the one before left.
    """
    gap = start
    for setting, step in zip(settings, steps, strict=True):
        gap = next_gap(setting, gap, step)
    return gap


def step_for(setting: Setting, epsilon: float) -> float:
    """Return the step that puts the noise floor at ``epsilon / 2`` [DG-PG Theorem 5.3]."""
    check_positive("epsilon", epsilon)
    floor_step = setting.pl * (1.0 - setting.alpha) * epsilon
    if floor_step >= largest_step(setting) * setting.smoothness * setting.noise:
        return largest_step(setting)
    return floor_step / (setting.smoothness * setting.noise)


def iteration_constant(setting: Setting) -> float:
    """Return ``L noise / (mu^2 (1 - alpha)^2)``, the factor of 1/eps [DG-PG Theorem 5.3].

    Iterations are at most this times ``ln(2 delta_0 / eps) / eps``.
    """
    share = setting.pl * (1.0 - setting.alpha)
    return setting.smoothness * setting.noise / share**2


def iterations(setting: Setting, epsilon: float, start: float = 1.0) -> int:
    """Return the constant steps that lead to ``epsilon`` [DG-PG Theorem 5.3] [DG-PG eq. 17].

    Exactly, by the recursion of the proof, from gap ``start``.
    """
    if start <= epsilon:
        return 0
    step = step_for(setting, epsilon)
    floor = 0.5 * setting.smoothness * step**2 * setting.noise / (1.0 - contraction(setting, step))
    ratio = (epsilon - floor) / (start - floor)
    return math.ceil(math.log(ratio) / math.log(contraction(setting, step)))


def decreasing_iterations(setting: Setting, epsilon: float, start: float = 1.0) -> int:
    """Return the same with steps ``2 / (mu (1 - alpha) (k + k_0))``, which need no logarithm."""
    check_positive("epsilon", epsilon)
    share, gap, k = setting.pl * (1.0 - setting.alpha), start, 0
    offset = 2.0 / (share * largest_step(setting))
    while gap > epsilon:
        gap = next_gap(setting, gap, 2.0 / (share * (k + offset)))
        k += 1
    return k


def bound_by_alpha(
    var_pg: float, var_guidance: float, correlation: float, guidance_norm: float, alpha: float
) -> float:
    """Return ``(V(alpha) + 2 alpha^2 B^2) / (1 - alpha)^2``, what iterations are proportional to.

    With ``u = alpha / (1 - alpha)``: ``sJ^2 - 2 u rho sJ sG + u^2 (sG^2 + 2 B^2)``. The variances
    are those of the whole sampled direction.

    Raises
    ------
    ValueError
        If ``alpha`` is not in [0, 1).
    """
    check_fraction("alpha", alpha)
    variance = mixed_variance(var_pg, var_guidance, correlation, alpha)
    return (variance + 2.0 * alpha**2 * guidance_norm) / (1.0 - alpha) ** 2


def least_bound(
    var_pg: float, var_guidance: float, correlation: float, guidance_norm: float
) -> tuple[float, float]:
    """Return the best ``alpha`` of :func:`bound_by_alpha` and the bound there.

    ``rho <= 0``: alpha = 0 and ``sJ^2``. Otherwise ``u = rho sJ sG / (sG^2 + 2 B^2)`` and
    ``sJ^2 (1 - rho^2 sG^2 / (sG^2 + 2 B^2))``: a constant share of ``sJ^2`` in either case.

    Raises
    ------
    ValueError
        If ``var_guidance`` and ``guidance_norm`` are both 0.
    """
    spread = var_guidance + 2.0 * guidance_norm
    check_positive("var_guidance + 2 guidance_norm", spread)
    u = max(0.0, correlation) * math.sqrt(var_pg * var_guidance) / spread
    alpha = u / (1.0 + u)
    return alpha, bound_by_alpha(var_pg, var_guidance, correlation, guidance_norm, alpha)
