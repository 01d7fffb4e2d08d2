"""Claims about how both variances grow with the number of agents."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from refimpl.dgpg.theory.collisions import (
    additive_variance,
    halves,
    mean_deviation,
    moments,
    tilted,
    uniform,
)
from refimpl.findings import exactly, only_under
from refimpl.ledger import Claim, Context, Control, Finding, Kind, Plot, Verdict


def return_with_baseline(n: int) -> float:
    """Return the variance for ``-d``, K = N, uniform policies, exact mean baseline."""
    p = uniform(n)
    return moments(n, p, halves(n), mean_deviation(n, p)).var_return


def quadratic_without_baseline(n: int) -> float:
    """Return the variance for ``-1/2 sum x^2``, K = N, uniform, no baseline."""
    p = uniform(n)
    # -1/2 sum x^2 = -d - N^2 / (2 K).
    return moments(n, p, halves(n), -0.5 * n).var_return


def two_servers(n: int) -> float:
    """Return the variance for ``-d`` on two servers, uniform, exact mean baseline."""
    p = uniform(2)
    return moments(n, p, np.array([1.0, 0.0]), mean_deviation(n, p)).var_return


def two_servers_skewed(n: int) -> float:
    """Return the same with 0.668 on the first server."""
    p = np.array([0.668, 0.332])
    return moments(n, p, np.array([1.0, 0.0]), mean_deviation(n, p)).var_return


def averaged(n: int) -> float:
    """Return the variance for ``-d / N``: an average over agents instead of a sum."""
    return return_with_baseline(n) / n**2


def two_agents_matter(n: int) -> float:
    """Return the variance when the return depends on two agents' coins only."""
    del n
    return additive_variance(2)


REGIMES: dict[str, Callable[[int], float]] = {
    "additive": additive_variance,
    "minus_d_with_baseline": return_with_baseline,
    "quadratic_without_baseline": quadratic_without_baseline,
    "two_servers": two_servers,
    "two_servers_skewed": two_servers_skewed,
    "averaged": averaged,
    "two_agents_matter": two_agents_matter,
}


FOUR_SIZES = (16, 64, 256, 1024)


def check_return_scaling(variance: Callable[[int], float], context: Context) -> Finding:
    """Growth of the return sample's variance, in one regime and in all others."""
    del context
    slope = _slope(variance)
    evidence = {f"slope_{name}": _slope(each) for name, each in REGIMES.items()}
    evidence |= {f"{name}_at_256": each(256) for name, each in REGIMES.items()}
    return only_under(
        "the reward is a sum over servers or agents and not an average, every agent's influence "
        "is bounded above and below, as many servers as agents, and there is a baseline",
        abs(slope - 1.0) < 0.05,
        slope=slope,
        **evidence,
    )


def _slope(variance: Callable[[int], float]) -> float:
    """Growth exponent; the last two of the sizes, where lower orders matter least."""
    values = [variance(n) for n in FOUR_SIZES]
    return float(np.log(values[-1] / values[-2]) / np.log(FOUR_SIZES[-1] / FOUR_SIZES[-2]))


def guidance_variance(servers: Callable[[int], int]) -> Callable[[int], float]:
    """Return the guidance sample's variance as a function of N, uniform policies."""

    def variance(n: int) -> float:
        k = servers(n)
        return moments(n, uniform(k), halves(k)).var_guidance

    return variance


def as_many(n: int) -> int:
    """Return N servers."""
    return n


def two(n: int) -> int:
    """Return two servers whatever N is."""
    del n
    return 2


def check_guidance_scaling(servers: Callable[[int], int], context: Context) -> Finding:
    """Variance of the post-action guidance sample against its two closed forms."""
    del context
    here = guidance_variance(servers)
    error = max(
        max(abs(guidance_variance(as_many)(n) - ((n - 1) / n) ** 2 / 2) for n in FOUR_SIZES),
        max(abs(guidance_variance(two)(n) / (n / 16) - 1.0) for n in FOUR_SIZES),
    )
    bounded = here(FOUR_SIZES[-1]) <= 1.5 * here(FOUR_SIZES[0])
    return only_under(
        "the expected load per server is bounded, as with K = N; with K = 2 it is N/16",
        bounded and error < 1e-12,
        error_of_closed_forms=error,
        **{f"variance_at_{n}": here(n) for n in FOUR_SIZES},
    )


def relative(n: int) -> tuple[float, float]:
    """Return noise over signal of both samples, K = N, J = -G, 0.75 on the first half."""
    p = tilted(n, 0.75)
    return moments(n, p, halves(n), mean_deviation(n, p)).relative_variances


def relative_two_servers(n: int) -> tuple[float, float]:
    """Return the same on two servers: noise grows with N, but so does the signal."""
    p = np.array([0.75, 0.25])
    return moments(n, p, np.array([1.0, 0.0]), mean_deviation(n, p)).relative_variances


def relative_near_balance(n: int) -> tuple[float, float]:
    """Return the same for K = N where the first half has ``1/2 + N^(-1/2) / 4``."""
    p = tilted(n, 0.5 + 0.25 / n**0.5)
    return moments(n, p, halves(n), mean_deviation(n, p)).relative_variances


def check_relative(ratios: Callable[[int], tuple[float, float]], context: Context) -> Finding:
    """Fit slopes of ``Var / mean^2`` of both samples; J = -G, so that the signals are equal.

    Free of the reward's scale: summed or averaged over agents makes no difference.
    """
    del context
    of_return, of_guidance = np.array([ratios(n) for n in FOUR_SIZES]).T
    slopes = [float(np.log(x[-1] / x[-2]) / np.log(4.0)) for x in (of_return, of_guidance)]
    evidence = {f"return_{n}": float(x) for n, x in zip(FOUR_SIZES, of_return, strict=True)}
    evidence |= {f"guidance_{n}": float(x) for n, x in zip(FOUR_SIZES, of_guidance, strict=True)}
    evidence["return_two_servers_1024"] = relative_two_servers(1024)[0]
    evidence["guidance_two_servers_1024"] = relative_two_servers(1024)[1]
    evidence["guidance_near_balance_1024"] = relative_near_balance(1024)[1]
    sizes = np.array(FOUR_SIZES, float)
    plot = Plot(
        "Noise over signal",
        "N",
        "variance / mean^2",
        {"return": (sizes, of_return), "guidance": (sizes, of_guidance)},
    )
    holds = abs(slopes[0] - 1.0) < 0.05 and abs(slopes[1]) < 0.05
    if not holds:
        return Finding(Verdict.REFUTED, evidence, plots=(plot,))
    return Finding(
        Verdict.HOLDS_UNDER,
        {"slope_return": slopes[0], "slope_guidance": slopes[1], **evidence},
        "one step, J = -G, and a policy that stays away from balance as N grows; closer, the "
        "signal vanishes under the guidance's noise too",
        (plot,),
    )


Horizon = Callable[[int, int], float]


def one_step_only(n_agents: int, n_steps: int) -> float:
    """Return the variance as if the horizon did not matter."""
    del n_steps
    return additive_variance(n_agents)


def check_horizon(formula: Horizon, context: Context) -> Finding:
    """Compare the closed form with all coin flips of small games; then N = 16."""
    del context
    error = max(
        abs(formula(n, t) - enumerated_additive(n, t)) for n, t in ((2, 1), (2, 3), (3, 2), (4, 3))
    )
    evidence = {f"sixteen_agents_{t}_steps": formula(16, t) for t in (1, 4, 16)}
    return exactly(error, 1e-12, **evidence)


def enumerated_additive(n_agents: int, n_steps: int) -> float:
    """Return the variance of the return sample of fair coins, by listing them [DG-PG eq. 2]."""
    bits = np.arange(2 ** (n_agents * n_steps))[:, None] >> np.arange(n_agents * n_steps)
    coins = (1.0 - 2.0 * (bits & 1)).reshape(-1, n_steps, n_agents)
    following = coins.sum(axis=2)[:, ::-1].cumsum(axis=1)[:, ::-1]
    return float((0.5 * coins[:, :, 0] * following).sum(axis=1).var())


CLAIMS = (
    Claim(
        "dgpg/return-variance",
        "sec. 3.2, abstract",
        "The variance of an agent's sample of the shared return grows like N.",
        ("DG-32",),
        Kind.EXACT,
        check_return_scaling,
        return_with_baseline,
        Control("load cost without a baseline", quadratic_without_baseline),
    ),
    Claim(
        "dgpg/guidance-variance",
        "Theorem 5.2, abstract",
        "The variance of an agent's guidance sample does not grow with N.",
        ("DG-33",),
        Kind.EXACT,
        check_guidance_scaling,
        as_many,
        Control("two servers", two),
    ),
    Claim(
        "dgpg/relative-variance",
        "abstract",
        "Relative to the signal the return's noise grows like N and the guidance's does not.",
        ("DG-34", "DG-68"),
        Kind.EXACT,
        check_relative,
        relative,
        Control("a policy N^(-1/2) away from balance", relative_near_balance),
    ),
    Claim(
        "dgpg/horizon",
        "sec. 3.2",
        "Returns over T steps multiply the noise of the other agents by T (T + 1) / 2.",
        ("DG-35",),
        Kind.EXACT,
        check_horizon,
        additive_variance,
        Control("the horizon left out", one_step_only),
    ),
)
