"""How the variance of what attention copies depends on the number of servers N [SCALE sec. 1].

Attention returns ``sum_j alpha_j v_j`` with weights that are positive and sum to 1. If the weights
do not depend on the values, and these have a common part with covariance ``K`` and independent
parts with covariance ``S``, the covariance of the sum is ``K + S E[sum_j alpha_j^2]``. The last
factor, the *participation*, lies between 1/N and 1 and falls with N. So variances never grow; and
correlations stay those of one server, or move towards those of the common part.

Only weights that look for what they copy can make a variance grow, and only while it is rare
(:func:`selection_variance`); an interval of values bounds it at every N (:func:`range_bound`).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, xlog1py, xlogy

from linear_models.validation import check_count, check_finite, check_nonnegative, check_positive

Floats = NDArray[np.float64]
Weights = Callable[[Floats], Floats]
"""``weights(scores (..., N)) -> (..., N)``: what the values are multiplied with."""

_NODES = 80
"""Gauss-Hermite nodes for the normal score: nine digits for spreads up to 2."""
_GRID = 1600
"""Trapezoid points in ``log t``; the integrand decays at both ends, so convergence is geometric."""


def softmax(scores: Floats) -> Floats:
    """Return ``exp(s_j) / sum_k exp(s_k)`` over the last axis [SCALE eq. 3]."""
    raised = np.exp(scores - scores.max(axis=-1, keepdims=True))
    found: Floats = raised / raised.sum(axis=-1, keepdims=True)
    return found


def sum_pooling(scores: Floats) -> Floats:
    """Return ones: every value is added, none is averaged. The opposite of attention."""
    return np.ones_like(scores)


def participation(weights: Floats) -> Floats:
    """Return ``sum_j alpha_j^2`` over the last axis; its inverse is an effective number of servers.

    Raises
    ------
    ValueError
        If there is no server, or a weight is NaN or infinite.
    """
    if weights.ndim == 0 or weights.shape[-1] == 0:
        raise ValueError(f"weights must have at least one server; got shape {weights.shape}")
    check_finite("weights", weights)
    found: Floats = np.square(weights).sum(axis=-1)
    return found


def aggregate_covariance(weights: Floats, own: Floats, common: Floats | float = 0.0) -> Floats:
    """Return ``Cov(sum_j alpha_j v_j) = common + own E[sum_j alpha_j^2]``, exactly.

    Parameters
    ----------
    weights : (B, N) float
        Every row sums to 1 and is equally likely; independent of the values.
    own : (d, d) float
        Covariance of what varies from server to server, independently.
    common : (d, d) float
        Covariance of what all servers share, such as the load.

    Returns
    -------
    (d, d) float

    Raises
    ------
    ValueError
        As :func:`participation`.

    Notes
    -----
    Weights that do not sum to 1, as in :func:`sum_pooling`, multiply the common part as well; then
    this is right for ``common = 0`` and values of mean 0 only.
    """
    found: Floats = common + float(participation(weights).mean()) * own
    return found


def dirichlet_participation(n_servers: int, concentration: float) -> float:
    """Return ``E[sum_j alpha_j^2] = (1 + a) / (1 + N a)`` for exponentiated scores Gamma(a).

    Their softmax is Dirichlet(a, ..., a). ``a -> inf`` is uniform attention, ``1 / N``; ``a -> 0``
    one server that takes all, 1. N times it tends to ``(1 + a) / a``.

    Raises
    ------
    ValueError
        If there is no server or ``concentration`` is not positive.
    """
    check_count("n_servers", n_servers)
    check_positive("concentration", concentration)
    return (1.0 + concentration) / (1.0 + n_servers * concentration)


def normal_participation(n_servers: int, spread: float) -> float:
    """Return ``E[sum_j alpha_j^2]`` of softmax weights with independent N(0, spread^2) scores.

    From ``1 / x^2 = int t exp(-t x) dt`` it is ``N int t phi''(t) phi(t)^(N-1) dt`` with
    ``phi(t) = E exp(-t e^s)``: one integral at any N. N times it tends to ``exp(spread^2)``.

    Parameters
    ----------
    n_servers : int
    spread : float
        Standard deviation of a score, in [0, 2]: beyond, the quadrature loses its nine digits.

    Raises
    ------
    ValueError
        If there is no server or ``spread`` is out of range.
    """
    check_count("n_servers", n_servers)
    if not 0 <= spread <= 2:
        raise ValueError(f"spread must be in [0, 2]; got {spread}")
    nodes, mass = np.polynomial.hermite_e.hermegauss(_NODES)
    raised, mass = np.exp(spread * nodes), mass / mass.sum()
    # t from where phi is 1 to where every term is 0, by the smallest and the largest e^s.
    log_t = np.linspace(-42.0 - spread * nodes[-1], 6.0 - spread * nodes[0], _GRID)
    t = np.exp(log_t)[:, None]
    decay = np.exp(-t * raised)
    phi, second = decay @ mass, (decay * raised**2) @ mass
    integrand = np.exp(2.0 * log_t) * second * phi ** (n_servers - 1)
    return float(n_servers * integrand.sum() * (log_t[1] - log_t[0]))


def selection_variance(n_servers: int, share: float, sharpness: float = math.inf) -> float:
    """Return the variance of attention that looks for the value it copies, exactly.

    Each of N servers is marked with probability ``share``, independently. Marked ones have the
    value 1 and a score that is higher by ``sharpness``, the others the value 0: with k of them the
    result is ``k / (k + (N - k) exp(-sharpness))``.

    At sharpness 0 this is the average, with variance ``share (1 - share) / N``. At infinite
    sharpness it is 1 unless there is no marked server, with variance ``q (1 - q)``,
    ``q = (1 - share)^N``: growing with N while ``N < ln 2 / -ln(1 - share)``, falling to 0 later.

    Raises
    ------
    ValueError
        If there is no server, ``share`` is not in [0, 1] or ``sharpness`` is negative.
    """
    check_count("n_servers", n_servers)
    if not 0 <= share <= 1:
        raise ValueError(f"share must be in [0, 1]; got {share}")
    if not sharpness >= 0:
        raise ValueError(f"sharpness must be >= 0; got {sharpness}")
    marked = np.arange(n_servers + 1)
    others = (n_servers - marked) * math.exp(-sharpness)
    result = marked / np.maximum(marked + others, np.finfo(np.float64).tiny)
    choices = gammaln(n_servers + 1) - gammaln(marked + 1) - gammaln(n_servers - marked + 1)
    probability = np.exp(choices + xlogy(marked, share) + xlog1py(n_servers - marked, -share))
    mean = probability @ result
    return float(probability @ (result - mean) ** 2)


def range_bound(width: float) -> float:
    """Return ``width^2 / 4``: no average of values in an interval of that width varies more.

    Popoviciu's inequality; the average stays in the interval however the weights are made.
    """
    check_nonnegative("width", width)
    return width * width / 4.0


def drift(n_servers: int, trained_on: int, concentration: float = math.inf) -> float:
    """Return the variance at N servers of an attention head that has variance 1 at another N.

    ``(1 + a M) / (1 + a N)`` for Dirichlet(a) weights and M servers in training; ``M / N`` for
    uniform attention, ``a = inf``. Heads of every ``a`` have the same mean and covariance at M: no
    statistic of these in training tells what they will be at N.

    Raises
    ------
    ValueError
        If there is no server or ``concentration`` is not positive.
    """
    check_count("n_servers", n_servers)
    check_count("trained_on", trained_on)
    if not concentration > 0:
        raise ValueError(f"concentration must be > 0; got {concentration}")
    inverse = 1.0 / concentration
    return (inverse + trained_on) / (inverse + n_servers)
