"""Three ways to the constrained optimum of one device: program, cutting planes, dual ascent.

Shows: the local problem (eqs 8 to 11) as a linear program over occupancies, solved by HiGHS
and (not with --quick) by cvxpy; by our own search for the multiplier with policy iteration, which
can sweep all budgets; and by the paper's multiplier steps (sec. 4.3) with exact best responses.
Look at: dual ascent never settles. Its best responses are deterministic and jump across the
budget for ever; only their average comes to keep it, no faster than the proven bounds.
For: who needs constrained optima to trust, or wonders why the learner's multiplier keeps moving.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from _show import BLUE, GREY, RED, UNPUBLISHED, Row, figure, look_at, options, table

from linear_models.schedules import power
from lp_solvers import cvx, lagrangian
from lp_solvers.budget_sweep import BudgetCurve
from lp_solvers.constrained_mdp import CMDPSolution, ConstrainedMDP, solve_by_lp
from refimpl.dcc.model.congestion import power_law
from refimpl.dcc.model.exact import device_mdp
from refimpl.dcc.objective.dual_ascent import DualAscent, dual_ascent
from refimpl.dcc.objective.local import LocalProblem, local_cmdp
from refimpl.dcc.objective.response import local_budget_curve
from refimpl.dcc.theory.instances import golden_device

BUDGET, OTHERS, REST = 0.1, 0.9, 0.05
Solver = Callable[[ConstrainedMDP], CMDPSolution]
STEP, EXPONENT = 4.0, 0.6
"""Step sizes 4 / (k + 1)^0.6: chosen; the paper prints a first step of 1 and no decay."""


def timed(solve: Callable[[], Any]) -> tuple[Any, float]:
    """Return an answer, warm, and its time in milliseconds."""
    solve()
    start = time.perf_counter()
    answer = solve()
    return answer, 1e3 * (time.perf_counter() - start)


def certified_rows(name: str, found: CMDPSolution, milliseconds: float) -> list[Row]:
    return [
        (f"{name}: cost", UNPUBLISHED, f"{found.value:.10f}"),
        (f"  multiplier, {milliseconds:.1f} ms", UNPUBLISHED, f"{found.multipliers[0]:.10f}"),
        ("  worst residual of the certificate", UNPUBLISHED, f"{found.certificate.worst:.1e}"),
    ]


def ascent_rows(found: DualAscent, n_steps: int, optimum: float) -> list[Row]:
    kept = np.mean(found.frequencies <= BUDGET + 1e-12)
    return [
        (f"dual ascent, {n_steps} steps: cost of the average", (optimum, "optimum"), found.value),
        ("  proven to be above the optimum by at most", UNPUBLISHED, found.value_gap),
        ("  lower bound from the dual function", (optimum, "optimum"), found.lower_bound),
        ("  frequency of the average", (BUDGET, "eq. 9"), found.frequency),
        ("  proven to exceed the budget by at most", UNPUBLISHED, found.violation),
        ("  best responses that keep the budget", UNPUBLISHED, f"{kept:.0%}"),
    ]


def draw(found: DualAscent, curve: BudgetCurve, exact: CMDPSolution, *axes: Any) -> None:
    multiplier, value = float(exact.multipliers[0]), exact.value
    steps = np.arange(1.0, len(found.frequencies) + 1.0)
    axes[0].plot(steps, found.multipliers[1:], color=BLUE, linewidth=1, label="dual ascent")
    axes[0].axhline(multiplier, color=RED, linestyle="--", label="exact")
    axes[0].set(title="Multiplier", xlabel="step", ylabel="cost per offload", xscale="log")
    weights = steps**-EXPONENT
    average = np.cumsum(weights * found.frequencies) / np.cumsum(weights)
    axes[1].plot(steps, found.frequencies, ".", color=GREY, markersize=3, label="best response")
    axes[1].plot(steps, average, color=BLUE, label="average so far")
    axes[1].axhline(BUDGET, color=RED, linestyle="--", label="budget")
    axes[1].set(title="Offloading", xlabel="step", ylabel="frequency (per slot)", xscale="log")
    axes[1].set_ylim(0.0, 0.25)
    prices = np.linspace(0.0, 5.0, 201)
    priced = curve.values + (OTHERS + prices[:, None]) * curve.budgets
    axes[2].plot(prices, priced.min(axis=1) - prices * BUDGET / REST, color=BLUE, label="dual")
    axes[2].plot(multiplier, value, "o", color=RED, label="exact optimum")
    axes[2].set(title="Dual function", xlabel="multiplier (cost per offload)")
    axes[2].set_ylabel("lower bound of the optimum")


def main() -> None:
    given = options(__doc__ or "", __file__)
    problem = LocalProblem(device_mdp(golden_device()), BUDGET, OTHERS, power_law())
    cmdp = local_cmdp(problem)
    ways: dict[str, Solver] = {"cutting planes": lagrangian.solve, "HiGHS": solve_by_lp}
    if given.profile != "quick":
        ways["cvxpy, CLARABEL"] = partial(solve_by_lp, backend=cvx.solve)
    answers = {name: timed(partial(solve, cmdp)) for name, solve in ways.items()}
    curve, milliseconds = timed(partial(local_budget_curve, problem.mdp))
    count = problem.discounted_budget
    swept = float(curve.value(count)) + OTHERS * count
    exact = answers["cutting planes"][0]
    n_steps = given.choose(300, 3_000, 100_000)
    found = dual_ascent(problem, power(STEP, EXPONENT), n_steps)
    rows = [row for name, answer in answers.items() for row in certified_rows(name, *answer)]
    rows.append((f"sweep, {milliseconds:.1f} ms for all: cost", UNPUBLISHED, f"{swept:.10f}"))
    table([*rows, *ascent_rows(found, n_steps, exact.value)])
    look_at("the certified ways agree to all digits; dual ascent stays within its bounds.")
    figure(given, partial(draw, found, curve, exact), columns=3, size=(12.0, 4.0))
    # a certificate of 1e-9 bounds the error relative to the sums that make up the cost
    values = [swept, *(answer.value for answer, _ in answers.values())]
    assert np.ptp(values) < 1e-8 * exact.value
    assert found.lower_bound <= exact.value * (1.0 + 1e-12)
    assert found.value <= exact.value + found.value_gap + 1e-9
    assert found.frequency <= BUDGET + max(found.violation, 0.0) + 1e-9


if __name__ == "__main__":
    main()
