"""Empirical claims on the attention feature of trained networks [SCALE Table 5].

Statistics are over the states that a network visits when it is tested with the highest score and
without a mask, as in the paper; those of states with a task to assign, and of networks tested with
a mask, stand beside them.
"""

from __future__ import annotations

from itertools import product

import numpy as np

from refimpl.findings import empirical, interval
from refimpl.ledger import Context, Finding, Plot
from refimpl.scale.claims.experiments_results import (
    Change,
    Floats,
    Plan,
    Results,
    Which,
    at_sizes,
    both,
    claim,
    difference,
    is_method,
    metric,
    per_run,
    relative,
    replaced,
    times,
)
from refimpl.scale.claims.experiments_sizes import arms
from refimpl.scale.experiments import cells
from refimpl.scale.experiments.scale import scale_of
from refimpl.scale.experiments.systems import PUBLISHED_SIZES, System

SMALL, LARGE = PUBLISHED_SIZES[0], PUBLISHED_SIZES[-1]
LOW = 0.05
"""Covariance that the text calls low."""


def statistic(
    results: Results,
    context: Context,
    arm: str,
    n: int,
    what: str,
    rule: str = "greedy",
) -> Floats:
    """Return a statistic of every run, such as ``"visited kl"``, (runs,)."""
    scale = scale_of(context)
    return per_run(
        results, cells.arm(scale, arm), context, cells.trial(scale, System(n), rule), what
    )


def table_5(results: Results, context: Context, *names: str) -> dict[str, float]:
    """Means over the runs of the statistics by arm, size, rule and set of states."""
    found = {}
    where = product(cells.ARMS, PUBLISHED_SIZES, names, ("visited", "ready"), ("greedy", "masked"))
    for arm, n, name, states, rule in where:
        x = statistic(results, context, arm, n, f"{states} {name}", rule)
        found[f"{arm}_n{n}_{name}_{states}_{rule}"] = float(x.mean())
    return found


def check_low_covariance(results: Results, context: Context) -> Finding:
    """SCALE's mean covariance is below 0.05 at all sizes, CrossAttn's above it."""
    found = table_5(results, context, "covariance")
    ours, plain = (
        [found[_at(arm, n, "covariance")] for n in PUBLISHED_SIZES] for arm in cells.ARMS
    )
    evidence = {"SCALE_largest": max(ours), "CrossAttn_smallest": min(plain), **found}
    concluded = empirical(max(ours) < LOW < min(plain), evidence)
    return Finding(concluded.verdict, concluded.evidence, plots=(_chart(found, "covariance"),))


def check_decorrelated(results: Results, context: Context) -> Finding:
    """SCALE's correlation is less than half of CrossAttn's at every size."""
    found = table_5(results, context, "correlation")
    parts = [
        relative(
            *(statistic(results, context, arm, n, "visited correlation") for arm in cells.ARMS)
        )
        for n in PUBLISHED_SIZES
    ]
    least = max(part.mean for part in parts)
    concluded = empirical(least < -0.5, {"smallest_reduction": -least, **found})
    return Finding(concluded.verdict, concluded.evidence, plots=(_chart(found, "correlation"),))


def check_normal(results: Results, context: Context) -> Finding:
    """At 48 servers SCALE's moments are nearer to the standard normal's than CrossAttn's."""
    found = table_5(results, context, "kl")
    lower = difference(
        *(statistic(results, context, arm, LARGE, "visited kl") for arm in cells.ARMS)
    )
    return empirical(lower.high < 0, {**interval("difference", lower), **found})


def check_nearer_at_home(results: Results, context: Context) -> Finding:
    """At 16 servers CrossAttn's moments are the nearer ones."""
    arms_kl = (statistic(results, context, arm, SMALL, "visited kl") for arm in cells.ARMS)
    higher = difference(*arms_kl)
    return empirical(higher.low > 0, interval("difference", higher))


def check_whitened(results: Results, context: Context) -> Finding:
    """SCALE's features have unit variance at 16 servers within a factor of two."""
    found = table_5(results, context, "variance")
    here = [found[_at("SCALE", SMALL, "variance", rule)] for rule in ("greedy", "masked")]
    return empirical(min(here) > 0.5 and max(here) < 2.0, {"smallest": min(here), **found})


def check_stable(results: Results, context: Context) -> Finding:
    """From 16 to 48 servers SCALE's mean feature moves less, in its own standard deviations."""
    pairs = {
        (states, rule): [
            statistic(results, context, arm, LARGE, f"{states} shift", rule) for arm in cells.ARMS
        ]
        for states, rule in product(("visited", "ready"), ("greedy", "masked"))
    }
    less = difference(*pairs["visited", "greedy"])
    evidence = interval("difference", less)
    for (states, rule), rows in pairs.items():
        evidence |= {
            f"{arm}_{states}_{rule}": float(x.mean())
            for arm, x in zip(cells.ARMS, rows, strict=True)
        }
    return empirical(less.high < 0, evidence)


def check_variance_grows(results: Results, context: Context) -> Finding:
    """CrossAttn's features vary more with 48 servers than with 16."""
    return _grows(results, context, "variance")


def check_correlation_grows(results: Results, context: Context) -> Finding:
    """CrossAttn's features are more correlated with 48 servers than with 16."""
    return _grows(results, context, "correlation")


def _grows(results: Results, context: Context, name: str) -> Finding:
    rows = [statistic(results, context, "CrossAttn", n, f"visited {name}") for n in PUBLISHED_SIZES]
    more = difference(rows[-1], rows[0])
    levels = {f"n{n}": float(x.mean()) for n, x in zip(PUBLISHED_SIZES, rows, strict=True)}
    return empirical(more.low > 0, {**interval("difference", more), **levels})


def _at(arm: str, n: int, name: str, rule: str = "greedy") -> str:
    return f"{arm}_n{n}_{name}_visited_{rule}"


def _chart(found: dict[str, float], name: str) -> Plot:
    sizes = np.array(PUBLISHED_SIZES, float)
    series = {
        f"{arm}, {rule}": (
            sizes,
            np.array([found[_at(arm, n, name, rule)] for n in PUBLISHED_SIZES]),
        )
        for arm, rule in product(cells.ARMS, ("greedy", "masked"))
    }
    return Plot(f"Mean absolute {name} of the features (Table 5)", "servers", name, series)


BOTH, SCALE, CROSS = is_method(*cells.ARMS), is_method("SCALE"), is_method("CrossAttn")


def _of(name: str) -> Which:
    return metric(f"visited {name}", f"ready {name}")


SHIFT = metric("visited shift", "ready shift")


def _apart(level: float, which: Which, factor: float) -> tuple[Change, Change]:
    """Give both arms the same level of a statistic; and SCALE another after that."""
    same = replaced(level, BOTH, which)
    return same, both(same, times(factor, SCALE, which))


def _growing(level: float, which: Which, factor: float) -> tuple[Change, Change]:
    """Give CrossAttn the same level at all sizes; and another at the largest after that."""
    same = replaced(level, CROSS, which)
    return same, both(same, times(factor, CROSS, at_sizes((LARGE,), which)))


CLAIMS = (
    claim(
        "table-5-covariance",
        "SRR keeps the mean absolute covariance between dimensions of the attention feature below "
        "0.05 at 16, 32 and 48 servers, where without it it is above.",
        ("SC-37", "SC-49"),
        Plan(
            check_low_covariance,
            *_apart(0.2, _of("covariance"), 0.1),
            "both arms' covariance is 0.2, or SCALE's a tenth of it",
        ),
        source="Table 5",
        cells=arms,
    ),
    claim(
        "table-5-correlation",
        "What SRR lowers is correlation: it is less than half of what it is without SRR.",
        ("SC-37", "SC-56"),
        Plan(
            check_decorrelated,
            *_apart(0.5, _of("correlation"), 0.2),
            "both arms' correlation is 0.5, or SCALE's a fifth of it",
        ),
        source="sec. 5.6",
        cells=arms,
    ),
    claim(
        "table-5-kl",
        "At 48 servers the moments of SCALE's features are nearer to those of the standard normal "
        "than CrossAttn's, which are nearer at 16 only.",
        ("SC-49",),
        Plan(
            check_normal,
            *_apart(0.5, _of("kl"), 0.5),
            "both arms' divergence is 0.5, or SCALE's half of it",
        ),
        source="sec. 5.6",
        cells=arms,
    ),
    claim(
        "table-5-kl-at-home",
        "At 16 servers the moments of CrossAttn's features are nearer to those of the standard "
        "normal than SCALE's, which are pulled towards them.",
        ("SC-49",),
        Plan(
            check_nearer_at_home,
            *_apart(0.5, _of("kl"), 2.0),
            "both arms' divergence is 0.5, or SCALE's twice that",
        ),
        source="Table 5",
        cells=arms,
    ),
    claim(
        "sec-4.3-whitened",
        "SRR brings the features near zero mean and unit covariance: their mean variance is "
        "between a half and two.",
        ("SC-35", "SC-39"),
        Plan(
            check_whitened,
            replaced(0.01, SCALE, _of("variance")),
            replaced(1.0, SCALE, _of("variance")),
            "the variance is 0.01, or 1",
        ),
        source="sec. 4.3",
        cells=arms,
    ),
    claim(
        "sec-4.3-stable",
        "From 16 to 48 servers the mean of SCALE's features moves less than that of CrossAttn's, "
        "each in standard deviations at 16 servers.",
        ("SC-39",),
        Plan(
            check_stable,
            *_apart(0.3, SHIFT, 0.5),
            "both arms' mean moves by 0.3, or SCALE's by half of it",
        ),
        source="sec. 4.3",
        cells=arms,
    ),
    claim(
        "sec-1-variance-grows",
        "Without SRR the variance of the features grows with the number of servers.",
        ("SC-24",),
        Plan(
            check_variance_grows,
            *_growing(0.5, _of("variance"), 2.0),
            "the variance is the same at all sizes, or twice as large at 48 servers",
        ),
        source="sec. 1",
        cells=arms,
    ),
    claim(
        "sec-1-correlation-grows",
        "Without SRR the correlation between features grows with the number of servers.",
        ("SC-25",),
        Plan(
            check_correlation_grows,
            *_growing(0.4, _of("correlation"), 1.5),
            "the correlation is the same at all sizes, or half as large again at 48 servers",
        ),
        source="sec. 1",
        cells=arms,
    ),
)
