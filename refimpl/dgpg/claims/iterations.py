"""Claims about the number of iterations: Theorem 5.3 in N, eps and practice."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from refimpl.dgpg.theory.convergence import (
    Setting,
    contraction,
    decreasing_iterations,
    iteration_constant,
    iterations,
    largest_step,
    least_bound,
    next_gap,
    scheduled_gap,
)
from refimpl.dgpg.theory.local_game import measure
from refimpl.findings import empirical, only_under
from refimpl.ledger import Arrays, Claim, Context, Control, Finding, Job, Kind, Plot, Verdict
from refimpl.shared.statistics import Slope, log_log_slope

Floats = NDArray[np.float64]


ROUNDING = 1e-12


Count = Callable[[Setting, float], float]


NOISY = Setting(1.0, 1.0, 0.0, 6.0, 0.0)


PRECISIONS = (0.1, 0.01, 0.001, 0.0001)


def per_log(setting: Setting, epsilon: float) -> float:
    """Return ``K eps / ln(2 / eps)`` for the constant step."""
    return iterations(setting, epsilon) * epsilon / math.log(2.0 / epsilon)


def plain(setting: Setting, epsilon: float) -> float:
    """Return ``K eps`` for the constant step."""
    return iterations(setting, epsilon) * epsilon


def check_rate(count: Count, context: Context) -> Finding:
    """Return whether iterations to reach eps, times eps, stay put; from gap 1."""
    del context
    values = [count(NOISY, epsilon) for epsilon in PRECISIONS]
    evidence = {}
    for epsilon in PRECISIONS:
        evidence[f"constant_step_{epsilon}"] = plain(NOISY, epsilon)
        evidence[f"constant_step_over_log_{epsilon}"] = per_log(NOISY, epsilon)
    for epsilon in PRECISIONS[:3]:
        evidence[f"decreasing_step_{epsilon}"] = decreasing_iterations(NOISY, epsilon) * epsilon
    evidence["constant_of_the_theorem"] = iteration_constant(NOISY)
    return only_under(
        "a factor ln(1/eps) is allowed, or steps decrease like 1/k",
        max(values) / min(values) < 1.05,
        largest_over_smallest=max(values) / min(values),
        **evidence,
    )


def growing(n: int) -> float:
    """Return sJ^2 = N."""
    return float(n)


def bounded(n: int) -> float:
    """Return sJ^2 = 1, as if the shared return had no noise from others."""
    del n
    return 1.0


def check_agents(var_pg: Callable[[int], float], context: Context) -> Finding:
    """Let N grow in the theorem's own iterations, with the best weight for every N."""
    del context
    sizes, evidence, slopes = (10, 100, 1000, 10_000), {}, []
    series = {}
    for rho in (-0.5, 0.0, 0.5, 0.9):
        best = [least_bound(var_pg(n), 1.0, rho, 1.0) for n in sizes]
        slopes.append(log_log_slope(sizes, [value for _, value in best]).slope)
        evidence[f"best_alpha_{rho}"], evidence[f"bound_{rho}"] = best[2]
        series[f"rho = {rho}"] = (np.array(sizes, float), np.array([value for _, value in best]))
    verdict = Verdict.HOLDS if max(slopes) < 0.05 else Verdict.REFUTED
    plot = Plot("Iterations by the theorem's own bound, best weight", "N", "constant", series)
    return Finding(verdict, {"largest_slope": max(slopes), **evidence}, plots=(plot,))


Chain = Callable[[list[Setting], list[float], float], float]


def last_phase_alone(settings: list[Setting], steps: list[float], start: float) -> float:
    """Return the bound of the last step as if it began from the first gap."""
    return next_gap(settings[-1], start, steps[-1])


def check_schedule(chain: Chain, context: Context) -> Finding:
    """Compare the bound under a decaying weight with the product that the recursion unrolls to."""
    rng, error = context.rng("dgpg", "schedule"), 0.0
    for _ in range(20):
        alphas = np.linspace(0.9, 0.2, 30)
        settings = [Setting(2.0, 0.5, float(a), 1.0, 0.5) for a in alphas]
        steps = [largest_step(each) * rng.uniform(0.05, 0.5) for each in settings]
        shrink = np.array([contraction(*pair) for pair in zip(settings, steps, strict=True)])
        added = [s.smoothness * t**2 * s.noise / 2 for s, t in zip(settings, steps, strict=True)]
        after = np.append(np.cumprod(shrink[::-1])[::-1][1:], 1.0)
        wanted = 3.0 * shrink.prod() + after @ added
        error = max(error, abs(chain(settings, steps, 3.0) - float(wanted)))
    return only_under(
        "the schedule is fixed in advance and each phase starts from the gap the last one left; "
        "a bound per phase says nothing about a weight that reacts to the run",
        error <= ROUNDING,
        largest_error=error,
    )


SIZES, FULL_SIZES = (16, 32, 64, 128), (16, 32, 64, 128, 256)
EVERYWHERE = (8, 16, 32)
"""Sizes at which every agent may use all servers."""


WEIGHTS = (0.0, 0.5, 0.8, 1.0)


def measurement(context: Context) -> tuple[Job, ...]:
    """Return the one job: tuned iterations of the local game."""
    sizes = FULL_SIZES if context.full else SIZES
    name = f"dgpg/local-game/{'-'.join(map(str, sizes))}/seed-{context.seed}"
    return (Job(name, measure, (sizes, EVERYWHERE, WEIGHTS, 12, context.seed)),)


Read = Callable[[Arrays], NDArray[np.int64]]


def pure_guidance(data: Arrays) -> NDArray[np.int64]:
    """Return the iterations at alpha = 1."""
    last: NDArray[np.int64] = data["local"][-1]
    return last


def pure_return(data: Arrays) -> NDArray[np.int64]:
    """Return the iterations at alpha = 0."""
    first: NDArray[np.int64] = data["local"][0]
    return first


def check_tuned(read: Read, context: Context) -> Finding:
    """Fit the growth of the tuned iterations with N, at every weight and for one of them."""
    (job,) = measurement(context)
    data, sizes = context.data[job.name], FULL_SIZES if context.full else SIZES
    found = growth(sizes, read(data))
    medians = np.median(data["local"], axis=-1)
    evidence = {
        f"iterations_{alpha}_{n}": float(medians[i, k])
        for i, alpha in enumerate(WEIGHTS)
        for k, n in enumerate(sizes)
    }
    evidence |= {
        f"everywhere_{n}": float(np.median(data["everywhere"][k])) for k, n in enumerate(EVERYWHERE)
    }
    evidence |= {
        f"slope_{alpha}": growth(sizes, data["local"][i]).slope for i, alpha in enumerate(WEIGHTS)
    }
    evidence |= {"slope": found.slope, "slope_low": found.low, "slope_high": found.high}
    # The theorem removes a growth like N; half of that would not be "about as many".
    return empirical(found.high < 0.5, evidence)


def growth(sizes: tuple[int, ...], times: NDArray[np.int64]) -> Slope:
    """Return the exponent of iterations (sizes, runs) against N, every run a point."""
    return log_log_slope(np.repeat(sizes, times.shape[1]), times.reshape(-1))


CLAIMS = (
    Claim(
        "dgpg/theorem-5.3-rate",
        "Theorem 5.3, eq. 17",
        "The gap is below eps after a number of iterations proportional to 1/eps.",
        ("DG-46",),
        Kind.EXACT,
        check_rate,
        per_log,
        Control("the factor ln(1/eps) left out", plain),
    ),
    Claim(
        "dgpg/theorem-5.3-agents",
        "Theorem 5.3, abstract",
        "The number of iterations does not depend on the number of agents.",
        ("DG-47", "DG-70", "DG-92b"),
        Kind.EXACT,
        check_agents,
        growing,
        Control("a return whose variance does not grow", bounded),
    ),
    Claim(
        "dgpg/tuned-iterations",
        "Theorem 5.3, abstract",
        "With tuned steps pure guidance needs about as many iterations at every N.",
        ("DG-48", "DG-70"),
        Kind.STATISTICAL,
        check_tuned,
        pure_guidance,
        Control("the shared return alone", pure_return),
        measurement,
    ),
    Claim(
        "dgpg/weight-schedule",
        "App. G, first paragraph of the proof",
        "The bound applies phase by phase when the weight varies.",
        ("DG-50",),
        Kind.EXACT,
        check_schedule,
        scheduled_gap,
        Control("the last step alone, from the first gap", last_phase_alone),
    ),
)
