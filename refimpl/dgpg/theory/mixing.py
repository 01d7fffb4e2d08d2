"""Variance of a mixture of two gradient samples, and the best weight [DG-PG Theorem 5.2].

``g = (1 - alpha) g_J - alpha g_G``. Convention: ``correlation`` is that of ``g_J`` and ``g_G``; the
guidance enters with a minus sign, so a negative correlation makes the two parts add up.
"""

from __future__ import annotations

import math

from linear_models.validation import check_nonnegative


def mixed_variance(var_pg: float, var_guidance: float, correlation: float, alpha: float) -> float:
    """Return ``V(alpha)``, the variance of the mixed sample [DG-PG App. F.1].

    ``(1 - a)^2 sJ^2 + a^2 sG^2 - 2 a (1 - a) rho sJ sG``.

    Parameters
    ----------
    var_pg, var_guidance : float
        ``sJ^2`` and ``sG^2``, not negative.
    correlation : float
        ``rho``, in [-1, 1].
    alpha : float
        Weight of the guidance; any real number.

    Raises
    ------
    ValueError
        If a variance is negative, the correlation is not in [-1, 1] or ``alpha`` is not finite.
    """
    covariance = _covariance(var_pg, var_guidance, correlation)
    if not math.isfinite(alpha):
        raise ValueError(f"alpha must be finite; got {alpha}")
    rest = 1.0 - alpha
    return rest * rest * var_pg + alpha * alpha * var_guidance - 2.0 * alpha * rest * covariance


def optimal_alpha(var_pg: float, var_guidance: float, correlation: float) -> float:
    """Return the weight of least variance over all real weights [DG-PG eq. 21].

    ``(sJ^2 + rho sJ sG) / (sJ^2 + sG^2 + 2 rho sJ sG)``. Above 1 where ``sG < -rho sJ``, below 0
    where ``sJ < -rho sG``: there the best weight of [0, 1] is the nearer end.

    Raises
    ------
    ValueError
        As :func:`mixed_variance`; also if both samples have variance 0 or ``sJ = sG`` with
        ``rho = -1``: every weight is then equally good.
    """
    covariance = _covariance(var_pg, var_guidance, correlation)
    return (var_pg + covariance) / _curvature(var_pg, var_guidance, correlation, covariance)


def minimum_variance(var_pg: float, var_guidance: float, correlation: float) -> float:
    """Return the least variance over all real weights [DG-PG eq. 16] [DG-PG eq. 22].

    ``sJ^2 sG^2 (1 - rho^2) / (sJ^2 + sG^2 + 2 rho sJ sG)``, never above either variance.

    Raises
    ------
    ValueError
        As :func:`optimal_alpha`.
    """
    covariance = _covariance(var_pg, var_guidance, correlation)
    curvature = _curvature(var_pg, var_guidance, correlation, covariance)
    spread = (1.0 - correlation) * (1.0 + correlation)
    return var_pg * var_guidance * spread / curvature


def minimum_by_ratio(var_guidance: float, correlation: float, ratio: float) -> float:
    """Return the minimum variance in terms of ``ratio = sG / sJ`` [DG-PG eq. 23].

    ``sG^2 (1 - rho^2) / (1 + ratio^2 + 2 rho ratio)``. The denominator is at least ``1 - rho^2``,
    so this is at most ``sG^2``, which ``alpha = 1`` has without any mixing; as ``ratio -> 0`` it
    tends to ``sG^2 (1 - rho^2)``.

    Raises
    ------
    ValueError
        As :func:`optimal_alpha`, or if ``ratio`` is negative.
    """
    check_nonnegative("ratio", ratio)
    _covariance(1.0, var_guidance, correlation)
    curvature = _curvature(1.0, ratio * ratio, correlation, correlation * ratio)
    return var_guidance * (1.0 - correlation) * (1.0 + correlation) / curvature


def best_weight_in_range(var_pg: float, var_guidance: float, correlation: float) -> float:
    """Return the weight of [0, 1] with the least variance [DG-PG Remark F.1].

    The paper takes weights from [0, 1]. With a negative correlation and ``sG < -rho sJ`` this is 1,
    pure guidance, and the minimum of eq. (22) is not attained.
    """
    return min(max(optimal_alpha(var_pg, var_guidance, correlation), 0.0), 1.0)


def _covariance(var_pg: float, var_guidance: float, correlation: float) -> float:
    check_nonnegative("var_pg", var_pg)
    check_nonnegative("var_guidance", var_guidance)
    if not -1.0 <= correlation <= 1.0:
        raise ValueError(f"correlation must be in [-1, 1]; got {correlation}")
    return correlation * math.sqrt(var_pg) * math.sqrt(var_guidance)


def _curvature(var_pg: float, var_guidance: float, correlation: float, covariance: float) -> float:
    """Return ``Var(g_J + g_G)``, half the second derivative of ``V``."""
    curvature = var_pg + var_guidance + 2.0 * covariance
    if curvature <= 0.0:
        raise ValueError(
            "the two samples must not cancel: every weight is equally good for "
            f"var_pg {var_pg}, var_guidance {var_guidance}, correlation {correlation}"
        )
    return curvature
