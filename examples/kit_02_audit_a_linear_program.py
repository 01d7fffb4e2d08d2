"""Whether an answer is optimal or a program infeasible: ask the data, not the solver.

Shows: a certificate for an answer of SciPy's ``linprog`` to a device's occupancy program (DCC sec.
4.2), and for three ways to get it slightly wrong. Then a wish that no policy can meet: offload at
most at frequency 0.1 *and* keep the local cost at most 34. The error carries a Farkas ray, whose
entries are prices that prove it; checking them takes two matrix products.
Look at: the ratio of the ray's two prices is the slope of the exact trade-off curve, and the
straight line that the ray draws separates the wish from everything that can be reached.
For: who gets linear programming answers from elsewhere and has to vouch for them.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from _show import BLUE, GREY, ORANGE, RED, Row, figure, look_at, options, table
from scipy.optimize import linprog

from lp_solvers.budget_sweep import BudgetCurve
from lp_solvers.certificate import TOLERANCE, certify, verify_farkas
from lp_solvers.constrained_mdp import cmdp_lp, constrained_mdp, solve_by_lp
from lp_solvers.errors import InfeasibleError
from lp_solvers.finite_mdp import FiniteMDP
from lp_solvers.linear_program import LinearProgram, LPSolution
from refimpl.dcc.model.exact import device_mdp, offload_cost
from refimpl.dcc.objective.response import local_budget_curve
from refimpl.dcc.theory.instances import golden_device, toy_device

REST, BUDGET = 0.05, 0.1


def somebody(lp: LinearProgram) -> LPSolution:
    """SciPy's answer. Its multipliers are derivatives dV/db; ours price tightening: y_ub >= 0."""
    found = linprog(lp.c, lp.A_ub, lp.b_ub, lp.A_eq, lp.b_eq)
    return LPSolution(found.x, found.fun, -found.ineqlin.marginals, found.eqlin.marginals)


def answers(lp: LinearProgram) -> dict[str, LPSolution]:
    """One right answer and three that are not."""
    right = somebody(lp)
    rounded = np.round(right.x, 3)
    shifted = replace(right, x=rounded, value=float(lp.c @ rounded))
    other_sign = replace(right, y_ub=-right.y_ub)
    optimistic = replace(right, value=right.value * (1.0 - 1e-6))
    return {
        "as returned": right,
        "rounded to three digits": shifted,
        "multipliers of the other sign": other_sign,
        "value one millionth too good": optimistic,
    }


def wish(mdp: FiniteMDP, cost: float) -> Any:
    """Two budgets at once: on the offloads and on the local cost."""
    constraints = np.stack([offload_cost(mdp), mdp.cost])
    return constrained_mdp(mdp, constraints, [BUDGET / REST, cost])


def draw(curve: BudgetCurve, cost: float, ray: Any, axis: Any) -> None:
    theta = REST * curve.budgets
    top = curve.values[0] + 1.0
    axis.fill_between(theta, curve.values, top, color=BLUE, alpha=0.15, label="can be reached")
    axis.plot(theta, curve.values, ".-", color=BLUE, label="exact trade-off (sweep)")
    axis.plot(BUDGET, cost, "X", color=RED, markersize=10, label="the wish")
    # the ray prices counts and costs: no policy is below this line
    level = float(np.interp(BUDGET, theta, curve.values))
    line = level - ray.y_ub[0] / ray.y_ub[1] * (theta - BUDGET) / REST
    axis.plot(theta, line, "--", color=ORANGE, label="prices of the Farkas ray")
    axis.plot([BUDGET, BUDGET], [cost, level], color=GREY, linewidth=1)
    axis.set(xlabel="offloading frequency (per slot)", ylabel="local cost (discounted)")
    axis.set(xlim=(0.0, 0.25), ylim=(cost - 3.0, top))


def main() -> None:
    given = options(__doc__ or "", __file__)
    mdp = device_mdp(toy_device() if given.profile == "quick" else golden_device())
    lp = cmdp_lp(constrained_mdp(mdp, offload_cost(mdp), BUDGET / REST))
    audited = {name: certify(lp, answer) for name, answer in answers(lp).items()}
    curve = local_budget_curve(mdp)
    least = float(curve.value(BUDGET / REST))
    cost = least - 2.0
    try:
        solve_by_lp(wish(mdp, cost))
    except InfeasibleError as error:
        ray = error.ray
    program = cmdp_lp(wish(mdp, cost))
    possible = solve_by_lp(wish(mdp, least + 1e-6))
    slopes = curve.slopes_at(BUDGET / REST)
    price = ray.y_ub[0] / ray.y_ub[1]
    rows: list[Row] = [
        (f"{name}: worst residual", f"<= {TOLERANCE:g}", f"{found.worst:.1e}")
        for name, found in audited.items()
    ]
    rows += [
        (f"cost <= {cost:.2f} at frequency {BUDGET}", "impossible", "InfeasibleError"),
        ("  ray is a proof", "yes", "yes" if verify_farkas(program, ray) else "no"),
        ("  price of an offload in units of cost", (-float(slopes[1]), "sweep"), price),
        (
            f"cost <= {least + 1e-6:.6f} instead",
            "possible",
            f"residual {possible.certificate.worst:.1e}",
        ),
    ]
    table(rows)
    look_at("only the untouched answer passes, and the refusal comes with its proof.")
    figure(given, partial(draw, curve, cost, ray))
    assert audited.pop("as returned").worst <= TOLERANCE
    assert min(found.worst for found in audited.values()) > TOLERANCE
    assert verify_farkas(program, ray)
    assert -float(slopes[1]) - 1e-6 <= price <= -float(slopes[0]) + 1e-6


if __name__ == "__main__":
    main()
