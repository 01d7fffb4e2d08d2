"""Claims about other methods: Table 2 measured on small games, App. J, the paper's own counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from refimpl.dgpg.theory.small_learners.credits import (
    Credit,
    counterfactual,
    credit_moments,
    difference_reward,
    guidance,
    mixture,
    sequential,
    shared_return,
)
from refimpl.dgpg.theory.small_learners.views import (
    View,
    additive_crowd,
    balancing_crowd,
    sampled_view,
    two_server_view,
)
from refimpl.ledger import Claim, Context, Control, Finding, Kind, Plot, Verdict
from refimpl.shared.statistics import Slope, log_log_slope

Floats = NDArray[np.float64]

SIZES = (16, 32, 64, 128, 256)
EVEN = np.array([0.5, 0.5])
BOUNDED = 0.2
"""Exponents below this are read as bounded: (1 - 1/N)^2 alone makes 0.05 of the sizes used."""


def sampled_views(context: Context) -> list[View]:
    """Draw what happens with each number of agents, for all methods alike.

    As many equal servers as agents, uniform policies, reward minus the deviation; in sequential
    updates the agents before have moved their logits of half of the servers by 0.05.
    """
    n_samples, found = 40_000 if context.full else 3_000, []
    for n in SIZES:
        policy = np.full(n, 1.0 / n)
        tilt = np.exp(np.where(np.arange(n) < n // 2, 0.05, 0.0))
        crowd = balancing_crowd(n, policy, tilt / tilt.sum())
        found.append(sampled_view(crowd, n_samples, context.rng("dgpg", "table-2", n)))
    return found


def order(credit: Credit, views: Sequence[View]) -> tuple[Slope, Floats]:
    """Return the exponent of a credit's gradient variance against N, and the variances."""
    variances = np.array([credit_moments(view, credit).variance for view in views])
    return log_log_slope(SIZES, variances), variances


def additive_noise(credit: Credit, n: int = 64) -> float:
    """Return the exact cross-agent noise where the reward adds what each agent does."""
    view = two_server_view(additive_crowd(n, EVEN, np.array([1.0, -1.0])))
    return credit_moments(view, credit).cross_agent


def two_server_exponent(credit: Credit) -> float:
    """Return the exponent on two servers, exactly: the load per server grows with N."""
    views = [two_server_view(balancing_crowd(n, EVEN, np.array([0.51, 0.49]))) for n in SIZES]
    return order(credit, views)[0].slope


@dataclass(frozen=True)
class Row:
    """A row of Table 2: what the method multiplies scores with, and the order it is said to have.

    Attributes
    ----------
    credit : callable
    exponent : float
        Of N in the variance: 1 for O(N), 0 for O(1).
    assumption : str
        What it takes, where it is so.
    """

    credit: Credit
    exponent: float
    assumption: str = ""


def check_row(row: Row, context: Context) -> Finding:
    """Measured exponent of the variance against the one in the table."""
    slope, variances = order(row.credit, sampled_views(context))
    agrees = abs(slope.slope - row.exponent) <= BOUNDED
    evidence = {
        "exponent": slope.slope,
        "exponent_low": slope.low,
        "exponent_high": slope.high,
        "variance_at_16": float(variances[0]),
        "variance_at_256": float(variances[-1]),
        "exact_exponent_on_two_servers": two_server_exponent(row.credit),
        "exact_cross_agent_noise_of_64_agents_with_additive_reward": additive_noise(row.credit),
    }
    curve = Plot(
        "Gradient variance", "agents", "variance", {"measured": (np.array(SIZES), variances)}
    )
    if not agrees:
        return Finding(Verdict.REFUTED, evidence, plots=(curve,))
    verdict = Verdict.HOLDS_UNDER if row.assumption else Verdict.HOLDS_STATISTICALLY
    return Finding(verdict, evidence, row.assumption, (curve,))


COMPETITORS: Mapping[str, Credit] = {
    "mappo": shared_return,
    "happo": sequential,
    "coma": counterfactual,
    "difference_rewards": difference_reward,
}


def check_alone(competitors: Mapping[str, Credit], context: Context) -> Finding:
    """Exponents of all policy-gradient rows beside that of the guidance.

    With ``J = -G`` the guidance coefficient is the difference reward of -d up to half of |z|^2, and
    COMA with the exact Q has the same cross-agent noise to rounding.
    """
    views = sampled_views(context)
    evidence, alone = {"guidance": order(guidance, views)[0].slope}, True
    for name, credit in competitors.items():
        slope = order(credit, views)[0]
        evidence[name] = slope.slope
        alone = alone and slope.slope > BOUNDED
    view = two_server_view(balancing_crowd(64, EVEN))
    gap = np.ptp(guidance(view) - difference_reward(view))
    noise = [credit_moments(view, c).cross_agent for c in (guidance, counterfactual)]
    evidence |= {
        "spread_of_guidance_minus_difference_reward": float(gap),
        "cross_agent_noise_of_guidance_two_servers": noise[0],
        "cross_agent_noise_of_coma_two_servers": noise[1],
    }
    return Finding(Verdict.HOLDS_STATISTICALLY if alone else Verdict.REFUTED, evidence)


CLAIMS = (
    Claim(
        "dgpg/table-2-shared-return",
        "Table 2, MAPPO and IPPO",
        "The per-agent gradient variance of MAPPO and IPPO grows like N.",
        ("DG-78",),
        Kind.STATISTICAL,
        check_row,
        Row(
            shared_return,
            1.0,
            "the reward is a sum over servers, as many as agents, and the value baseline is exact",
        ),
        Control("a counterfactual baseline", Row(counterfactual, 1.0)),
    ),
    Claim(
        "dgpg/table-2-happo",
        "Table 2, HAPPO, first note",
        "Sequential updates bring the per-agent gradient variance down to O(1).",
        ("DG-78",),
        Kind.STATISTICAL,
        check_row,
        Row(sequential, 0.0),
        Control("the guidance coefficient instead", Row(guidance, 0.0)),
    ),
    Claim(
        "dgpg/table-2-coma",
        "Table 2, COMA, second note",
        "A counterfactual baseline does not suppress cross-agent noise of order N.",
        ("DG-78",),
        Kind.STATISTICAL,
        check_row,
        Row(counterfactual, 1.0),
        Control("the value baseline", Row(shared_return, 1.0)),
    ),
    Claim(
        "dgpg/table-2-guidance",
        "Table 2, DG-PG",
        "The per-agent variance of the guidance gradient does not grow with N.",
        ("DG-78",),
        Kind.STATISTICAL,
        check_row,
        Row(
            guidance,
            0.0,
            "the number of servers grows with that of agents, so that the load of each stays "
            "bounded; on two servers it grows like N",
        ),
        Control("a mixture of weight 0.2", Row(partial(mixture, alpha=0.2), 0.0)),
    ),
    Claim(
        "dgpg/table-2-alone",
        "App. A, key insight 1",
        "No other policy-gradient method of the table has a variance that does not grow with N.",
        ("DG-78",),
        Kind.STATISTICAL,
        check_alone,
        COMPETITORS,
        Control("only those with the shared return", {"mappo": shared_return, "happo": sequential}),
    ),
)
