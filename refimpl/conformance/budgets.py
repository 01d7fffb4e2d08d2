"""Case of coordination by budgets: the two derivatives that devices share [DCC Prop. 3]."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lp_solvers import lagrangian
from lp_solvers.budget_sweep import BudgetCurve
from lp_solvers.constrained_mdp import constrained_mdp
from lp_solvers.finite_mdp import FiniteMDP, finite_mdp
from refimpl.conformance.case import Arrays, Case, Field
from refimpl.conformance.draws import Draw
from refimpl.dcc.model.congestion import power_law
from refimpl.dcc.model.device import DeviceParameters
from refimpl.dcc.model.exact import device_mdp, offload_cost
from refimpl.dcc.objective.coordination import coupling_derivative, local_derivative
from refimpl.dcc.objective.response import local_budget_curve

Floats = NDArray[np.float64]

# How far slopes stay from 0 and edges from being short: many times the tolerance.
MARGIN = 1e-2


def _instance(draw: Draw) -> Arrays:
    """Small device with a budget at which multiplier and count are unique."""
    mdp = _device(draw)
    curve, limit = local_budget_curve(mdp), 1.0 / (1.0 - mdp.gamma)
    kappa, beta = draw.choice((1.0, 0.5, 2.0)), draw.choice((1.0, 1.5, 2.0, 3.0))
    others = draw.choice((0.0, 0.5, 1.0, 2.5))
    places = _places(curve, float(power_law(kappa, beta).penalty(1.0 + others)), limit)
    if not places:
        others, places = 0.0, _places(curve, 0.0, limit)
    low, high = draw.choice(places)
    count = low + draw.choice((0.5, 0.25, 0.75)) * (high - low)
    return {
        "P": mdp.P,
        "cost": mdp.cost,
        "offload_cost": offload_cost(mdp),
        "budget_theta": count / limit,
        "others": others,
        "kappa": kappa,
        "beta": beta,
        "gamma": mdp.gamma,
        "start": mdp.start,
    }


def _device(draw: Draw) -> FiniteMDP:
    return device_mdp(
        DeviceParameters(
            harvest_low=draw.integer(0, 1),
            harvest_high=draw.integer(1, 2),
            cost_low=1,
            cost_high=draw.integer(2, 3),
            max_aoi=draw.size(3) + 1,
            battery=draw.size(3),
            gamma=draw.choice((0.5, 0.9, 0.95)),
        )
    )


def _places(curve: BudgetCurve, penalty: float, limit: float) -> list[tuple[float, float]]:
    """Intervals of the discounted count in which a budget has a unique multiplier and count.

    An offload costs ``penalty``, so the local value falls with slope ``curve.slopes + penalty``.
    Where that is negative the budget binds. Beyond the last such edge it does not, and the optimal
    count is that of the breakpoint, unless a slope is 0 there and many counts are optimal.
    """
    ends = list(zip(curve.budgets[:-1], curve.budgets[1:], strict=True))
    slopes = curve.slopes + penalty
    places = [ends[k] for k in np.flatnonzero(slopes < -MARGIN)]
    if penalty > MARGIN and (np.abs(slopes) > MARGIN).all():
        places.append((float(curve.budgets[(slopes < 0).sum()]), limit))
    return [(low, high) for low, high in places if high - low > MARGIN]


def _derivatives(**inputs: Any) -> Arrays:
    budget, others, gamma = inputs["budget_theta"], inputs["others"], inputs["gamma"]
    congestion = power_law(inputs["kappa"], inputs["beta"])
    penalty = float(congestion.penalty(1.0 + others))
    cost = inputs["cost"] + penalty * inputs["offload_cost"]
    mdp = finite_mdp(inputs["P"], cost, gamma, inputs["start"])
    solution = lagrangian.solve(
        constrained_mdp(mdp, inputs["offload_cost"], budget / (1.0 - gamma))
    )
    multiplier, count = float(solution.multipliers[0]), float(solution.constraint_values[0])
    return {
        "value": solution.value,
        "multiplier": multiplier,
        "local_derivative": local_derivative(multiplier, gamma),
        "coupling_derivative": coupling_derivative(others, count, congestion),
    }


CONSTRAINT_GRADIENT = Case(
    name="constraint_gradient",
    title="derivatives of a device's value by its own budget and by the others', by duality",
    equation="V = min E sum gamma^t [cost + offload_cost d(1 + others)] subject to "
    "(1 - gamma) E sum gamma^t offload_cost <= budget_theta, d(n) = kappa (n - 1)^beta; "
    "dV/dbudget_theta = -multiplier / (1 - gamma), "
    "dV/dothers = d'(1 + others) E sum gamma^t offload_cost [DCC eq. 16] [DCC Prop. 3]",
    inputs=(
        Field("P", "S x A x S", "P[s, a, s_next] of one device; actions wait, process, offload"),
        Field("cost", "S x A", "local cost per step, minimised"),
        Field("offload_cost", "S x A", "1 where the action is to offload, else 0"),
        Field("budget_theta", "scalar", "allowed offloading frequency, in [0, 1]"),
        Field("others", "scalar", "sum of the other devices' budgets"),
        Field("kappa", "scalar", "scale of the congestion penalty"),
        Field("beta", "scalar", "exponent of the congestion penalty"),
        Field("gamma", "scalar", "discount factor"),
        Field("start", "S", "distribution of the first state"),
    ),
    outputs=(
        Field("value", "scalar", "V, not normalised"),
        Field("multiplier", "scalar", ">= 0, price of one unit of discounted offloading count"),
        Field("local_derivative", "scalar", "dV/dbudget_theta, <= 0"),
        Field("coupling_derivative", "scalar", "dV/dothers, >= 0"),
    ),
    generate=_instance,
    reference=_derivatives,
    tolerance=1e-5,  # what an interior-point solver reaches
)

CASES = (CONSTRAINT_GRADIENT,)
