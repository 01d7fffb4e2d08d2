"""Claims about what decentralised budgets can reach [DCC eq. 4, Prop. 1]."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lp_solvers import lagrangian
from lp_solvers.finite_mdp import FiniteMDP
from refimpl.dcc.claims.findings import age_only, toy, toy_curves
from refimpl.dcc.model.congestion import Congestion, power_law
from refimpl.dcc.model.device import OFFLOAD
from refimpl.dcc.model.exact import stationary_start
from refimpl.dcc.model.game import evaluate
from refimpl.dcc.objective.coordination import objective
from refimpl.dcc.objective.local import LocalProblem, local_cmdp, offload_frequency, others_of
from refimpl.dcc.objective.optimum import optimise_budgets
from refimpl.dcc.objective.response import local_budget_curve, response_curves
from refimpl.dcc.theory.joint_optimum import JointOptimum, joint_optimum
from refimpl.dcc.theory.kinks import linear_optimum
from refimpl.dcc.theory.product_policies import best_deterministic, best_randomised
from refimpl.dcc.theory.schedules import best_time_varying, rounding_horizon
from refimpl.findings import only_under
from refimpl.ledger import Claim, Context, Control, Finding, Kind, Plot, Verdict

Floats = NDArray[np.float64]


def no_penalty(n: object) -> Floats:
    """Penalty 0: devices do not meet."""
    return np.zeros_like(np.asarray(n, dtype=np.float64))


NO_CONGESTION = Congestion(no_penalty, no_penalty, 0)


def check_proposition_1(congestion: Congestion, context: Context) -> Finding:
    """Local optima at the frequencies of the centralised optimum, two deterministic devices."""
    devices = [age_only(), age_only()]
    planner = joint_optimum(devices, congestion)
    frequencies = _planned_frequencies(devices, planner)
    composed = _true_cost(devices, frequencies, congestion)
    evidence = {
        "centralised_optimum": planner.low,
        "frequency_of_first_device_in_it": float(frequencies[0]),
        "frequency_of_second_device_in_it": float(frequencies[1]),
        "true_cost_of_local_optima_at_these_frequencies": composed,
        **_other_ways(devices, context),
    }
    attained = composed <= planner.high + 1e-6
    verdict = Verdict.HOLDS if attained else Verdict.REFUTED
    return Finding(verdict, evidence, plots=(_ladder(evidence),))


def check_decomposition(congestion: Congestion, context: Context) -> Finding:
    """Approximate, true and centralised cost at optimal budgets of three toy devices."""
    devices, curves = [toy()] * 3, toy_curves(3)
    budgets = optimise_budgets(curves, congestion, np.array([0.2, 0.25, 0.7])).budgets
    drawn = context.rng("dcc", "decomposition").uniform(size=(2000, 3))
    saving = objective(curves, budgets, congestion) - min(
        objective(curves, other, congestion) for other in drawn
    )
    policies = _local_optima(devices, budgets, congestion)
    value = evaluate(devices, policies, congestion)
    predicted = value.local.sum() + _charged(devices, policies, congestion)
    settled = [stationary_start(m, q) for m, q in zip(devices, policies, strict=True)]
    long = evaluate(settled, policies, congestion)
    error = abs(long.congestion.sum() - _charged(settled, policies, congestion))
    return only_under(
        "the penalty is linear and devices act independently with offloading probabilities that do "
        "not change over time; the minimum is then over such products, not over all joint policies",
        float(error) < 1e-9 and saving <= 1e-9,
        error_from_stationary_starts=float(error),
        saving_of_the_best_of_2000_random_budgets=float(saving),
        approximate_cost=float(predicted),
        true_cost=value.total,
        centralised_optimum=_three_toys().low,
        true_cost_over_centralised_optimum=value.total / _three_toys().low,
        cost_of_never_offloading=3.0 * float(toy_curves(3).values[0, 0]),
    )


def _true_cost(devices: Sequence[FiniteMDP], budgets: Floats, congestion: Congestion) -> float:
    """Return the true cost of locally optimal policies at given budgets."""
    return evaluate(devices, _local_optima(devices, budgets, congestion), congestion).total


def _local_optima(
    devices: Sequence[FiniteMDP], budgets: Floats, congestion: Congestion
) -> list[Floats]:
    return [
        lagrangian.solve(local_cmdp(LocalProblem(m, float(b), float(o), congestion))).policy
        for m, b, o in zip(devices, budgets, others_of(budgets), strict=True)
    ]


def _charged(
    devices: Sequence[FiniteMDP], policies: Sequence[Floats], congestion: Congestion
) -> float:
    """Approximate congestion of all devices at the frequencies their policies have."""
    used = np.array([offload_frequency(m, q) for m, q in zip(devices, policies, strict=True)])
    rest = 1.0 - devices[0].gamma
    return float(np.sum(used / rest * congestion.penalty(1.0 + others_of(np.minimum(used, 1.0)))))


def _planned_frequencies(devices: Sequence[FiniteMDP], planner: JointOptimum) -> Floats:
    """Discounted frequencies of deterministic devices under the planner's joint policy."""
    gamma, states = devices[0].gamma, [int(np.argmax(d.start)) for d in devices]
    total = np.zeros(len(devices))
    for t in range(rounding_horizon(gamma)):
        actions = np.array([table[tuple(states)] for table in planner.actions])
        total += gamma**t * (actions == OFFLOAD)
        states = [
            int(np.argmax(d.P[s, a])) for d, s, a in zip(devices, states, actions, strict=True)
        ]
    return np.asarray(np.minimum(1.0, (1.0 - gamma) * total))


def _other_ways(devices: Sequence[FiniteMDP], context: Context) -> dict[str, float]:
    """Reach of other classes of policies on the same two devices, linear penalty."""
    congestion = power_law()
    curves = response_curves([local_budget_curve(d) for d in devices], devices[0].gamma)
    budgets, predicted = linear_optimum(curves, 1.0)
    rng = context.rng("dcc", "proposition-1")
    return {
        "best_stationary_deterministic_product": best_deterministic(devices, congestion).value,
        "best_stationary_randomised_product_found": best_randomised(
            devices, congestion, 10, rng
        ).value,
        "best_fixed_schedule": best_time_varying(devices, congestion, 0, rng).value,
        "approximate_cost_at_optimal_budgets": predicted,
        "true_cost_at_optimal_budgets": _true_cost(devices, budgets, congestion),
        "first_optimal_budget": float(budgets[0]),
        "second_optimal_budget": float(budgets[1]),
    }


def _ladder(evidence: dict[str, float]) -> Plot:
    names = (
        "centralised_optimum",
        "best_fixed_schedule",
        "best_stationary_deterministic_product",
        "true_cost_at_optimal_budgets",
        "true_cost_of_local_optima_at_these_frequencies",
    )
    series = {
        n.replace("_", " "): (np.array([k]), np.array([evidence[n]])) for k, n in enumerate(names)
    }
    return Plot("Two devices that must take turns", "class of policies", "discounted cost", series)


@lru_cache(maxsize=1)
def _three_toys() -> JointOptimum:
    return joint_optimum([toy()] * 3, power_law(), 1e-6)


CLAIMS = (
    Claim(
        "dcc/proposition-1-global-optimum",
        "Prop. 1",
        "With a linear penalty and budgets equal to the frequencies of the optimal global policy, "
        "locally optimal policies together are globally optimal.",
        ("DC-13",),
        Kind.EXACT,
        check_proposition_1,
        power_law(),
        Control("collisions cost nothing, so the devices do not meet", NO_CONGESTION),
    ),
    Claim(
        "dcc/decomposition",
        "eq. 4",
        "The global minimum is approximated by the best sum of local constrained minima over the "
        "budgets.",
        ("DC-06",),
        Kind.EXACT,
        check_decomposition,
        power_law(),
        Control("a cubic penalty", power_law(1.0, 3.0)),
    ),
)
