"""Variance of both gradient samples at any number of agents, and of every mixture of the two.

Shows: DG-PG Theorem 5.2, eqs 3, 16, 21 to 23, Remark F.1. N agents place a job each on K equal
servers; all moments are polynomials in N, checked against enumeration. The return's variance is
Theta(N) for a summed reward with a baseline, N^2 without, 1/N if averaged; the guidance's is
bounded if servers grow with agents, and N/16 on two. With a negative correlation the best weight
is above 1, outside of those allowed, and at every fixed weight below 1 the variance is Theta(N).
Look at: the slopes. What is bounded is the minimum over alpha, which alpha = 1 has almost alone.
For: readers of sec. 5.2, auditors.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from _show import BLACK, BLUE, GREEN, ORANGE, RED, SKY, Row, figure, look_at, options, table

from refimpl.dgpg.theory import mixing
from refimpl.dgpg.theory.collisions import halves, mean_deviation, moments, tilted, uniform
from refimpl.dgpg.theory.counterexamples import negative_deviation, unit_jobs
from refimpl.dgpg.theory.estimators import Moments, estimator_moments
from refimpl.dgpg.theory.games import logits_of

SIZES, ALPHAS = np.array([16, 64, 256, 1024, 4096]), np.linspace(0.5, 1.2, 141)
WEIGHTS = {0.2: SKY, 0.5: GREEN, 0.8: BLUE, 0.95: ORANGE, 1.0: RED}
RHO = -0.5  # negative, as in the paper; with a positive one the best weight is below 1
REGIMES = {
    "return, summed, baseline": (1.0, BLACK),
    "return, summed, no baseline": (2.0, GREEN),
    "return, averaged, baseline": (-1.0, SKY),
    "guidance, K = N": (0.0, RED),
    "guidance, K = 2": (1.0, ORANGE),
}


def balanced(n: int, k: int, baseline: bool = True) -> Moments:
    """Moments for the reward -d, uniform policies; the score is +-1/2 for half of the servers."""
    p = uniform(k)
    return moments(n, p, halves(k), mean_deviation(n, p) if baseline else -0.5 * n)


def regimes(n: int) -> dict[str, float]:
    """Variances of the return by kind of reward, and of the guidance."""
    wide, two, plain = balanced(n, n), balanced(n, 2), balanced(n, n, baseline=False)
    values = wide.var_return, plain.var_return, wide.var_return / n**2
    return dict(zip(REGIMES, (*values, wide.var_guidance, two.var_guidance), strict=True))


def slope(values: Any) -> float:
    """Exponent of N between the two largest sizes, where lower orders matter least."""
    return float(np.log(values[-1] / values[-2]) / np.log(4.0))


def mixed(n: int, alpha: float) -> float:
    """Variance of the mixture if the return's is N and the guidance's 1."""
    return mixing.mixed_variance(float(n), 1.0, RHO, alpha)


def enumeration_error(sizes: tuple[int, ...]) -> float:
    """Compare the closed forms on two servers with listing all joint actions."""
    worst = 0.0
    for n in sizes:
        game = unit_jobs(n, [1.0, 1.0], negative_deviation(np.ones((2, 1))))
        listed = estimator_moments(game, logits_of([0.7] * n))
        closed = moments(n, np.array([0.7, 0.3]), np.array([1.0, 0.0]))
        worst = max(worst, *(abs(getattr(listed, k) - v) for k, v in vars(closed).items()))
    return worst


def draw(found: Any, *axes: Any) -> None:
    for name, (_, colour) in REGIMES.items():
        axes[0].loglog(SIZES, [f[name] for f in found], "o-", color=colour, label=name)
    axes[0].set(title="Variance of one agent's sample", xlabel="agents")
    for n, colour in ((10, GREEN), (100, BLUE), (1000, RED)):
        axes[1].plot(ALPHAS, [mixed(n, a) for a in ALPHAS], color=colour, label=f"N = {n}")
        axes[1].plot(best := mixing.optimal_alpha(n, 1.0, RHO), mixed(n, best), "o", color=colour)
    axes[1].axvline(1.0, color=BLACK, linestyle=":", label="largest weight allowed")
    axes[1].set(title="Mixture, correlation -1/2", xlabel="weight of the guidance", ylim=(0, 4))
    for alpha, colour in WEIGHTS.items():
        label = f"weight {alpha:g}"
        axes[2].loglog(SIZES, [mixed(n, alpha) for n in SIZES], "o-", color=colour, label=label)
    least = [mixing.minimum_variance(n, 1.0, RHO) for n in SIZES]
    axes[2].loglog(SIZES, least, "k--", label="best weight, > 1")
    axes[2].set(title="Variance of the mixture", xlabel="agents")


def main() -> None:
    given = options(__doc__ or "", __file__)
    error = enumeration_error(given.choose((2, 5, 8), (2, 5, 8, 11), (2, 5, 8, 11, 14)))
    found = [regimes(int(n)) for n in SIZES]
    slopes = {name: slope([f[name] for f in found]) for name in REGIMES}
    rows: list[Row] = [("closed forms: farthest from enumeration", (0.0, "exact"), error)]
    for name, k in slopes.items():
        rows.append((f"exponent of N, {name}", (float("return" in name), "sec. 3.2, Thm 5.2"), k))
    skewed = [(int(n), tilted(int(n), 0.75)) for n in SIZES]
    each = [moments(n, p, halves(n), mean_deviation(n, p)).relative_variances for n, p in skewed]
    rows.append(("noise over signal: return", (1.0, "abstract"), slope([r for r, _ in each])))
    rows.append(("noise over signal: guidance", (0.0, "abstract"), slope([g for _, g in each])))
    for n in (10, 100, 1000):
        known, inside = (float(n), 1.0, RHO), mixing.best_weight_in_range(float(n), 1.0, RHO)
        least = mixing.minimum_variance(*known)
        by_ratio = mixing.minimum_by_ratio(1.0, RHO, n**-0.5), "eq. 23"
        rows.append((f"N = {n}: best weight", "in [0, 1]", mixing.optimal_alpha(*known)))
        rows.append(("  least variance, eq. 22", by_ratio, least))
        rows.append((f"  with the best weight allowed, {inside:g}", least, mixed(n, inside)))
    growth = {alpha: slope([mixed(n, alpha) for n in SIZES]) for alpha in WEIGHTS}
    rows += [(f"exponent of N, weight {w:g}", (0.0, "sec. 5.2"), k) for w, k in growth.items()]
    table(rows)
    look_at("exponents of the mixtures: 1 for every weight below 1, and best weights above 1.")
    figure(given, partial(draw, found), columns=3, size=(15.0, 4.2))
    assert error < 1e-9
    assert max(abs(slopes[name] - k) for name, (k, _) in REGIMES.items()) < 0.05
    assert mixing.optimal_alpha(100.0, 1.0, RHO) > 1.0
    assert all(abs(g - (alpha < 1.0)) < 0.3 for alpha, g in growth.items())


if __name__ == "__main__":
    main()
