"""The multiplier is the gradient: nothing needs to be perturbed.

Shows: Proposition 3. The value V_i of a device falls with its own budget at the rate
multiplier / (1 - gamma) and rises with the others' budgets at the rate d'(1 + others) times its
discounted offloads. V_i is convex and piecewise linear in the own budget; at a kink the multiplier
is any number of an interval and the slope jumps. Figs 5 and 6 draw the same for random small
systems and print no number, so random systems are drawn here from the sets of App. F.
Look at: the differences; they come from linear programs whose multipliers are not read.
For: who wants to know why coordination costs no extra evaluations when the solver is exact.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from _show import BLUE, GREY, ORANGE, RED, Row, figure, look_at, options, table

from lp_solvers.budget_sweep import BudgetCurve
from lp_solvers.constrained_mdp import solve_by_lp
from refimpl.dcc.model.congestion import power_law
from refimpl.dcc.model.device import draw_device
from refimpl.dcc.model.exact import device_mdp
from refimpl.dcc.objective.coordination import evaluate_device
from refimpl.dcc.objective.local import LocalProblem, local_cmdp
from refimpl.dcc.objective.response import local_budget_curve
from refimpl.dcc.theory.instances import golden_device
from refimpl.shared.seeds import generator

OTHERS, REST, WIDTH = 0.9, 0.05, 1e-4
golden = partial(LocalProblem, device_mdp(golden_device()), others=OTHERS)
"""One of ten equal devices; the others have budgets 0.1."""


def difference(problem: LocalProblem, **moved: float) -> float:
    """Difference quotient of optima by HiGHS; ``moved`` is a field and how far it is moved."""
    ((name, width),) = moved.items()
    other = replace(problem, **{name: getattr(problem, name) + width})
    there, here = (solve_by_lp(local_cmdp(p)).value for p in (other, problem))
    return (there - here) / width


def bracketed(problem: LocalProblem) -> tuple[float, float, float, float, float]:
    """Return both formulas, their differences, and how far these are out of what brackets them."""
    own, coupling = difference(problem, budget=WIDTH), difference(problem, others=WIDTH)
    # a difference is a mean of derivatives: between the formulas at both ends
    at = evaluate_device(problem)
    right = evaluate_device(replace(problem, budget=problem.budget + WIDTH))
    beyond = evaluate_device(replace(problem, others=problem.others + WIDTH))
    slopes = problem.congestion.derivative(1.0 + problem.others + np.array([0.0, WIDTH]))
    low, high = slopes[0] * beyond.count, slopes[1] * at.count
    outside = max(at.local - own, own - right.local, low - coupling, coupling - high)
    return at.local, own, at.coupling, coupling, float(outside)


def random_systems(n_systems: int) -> Any:
    """Two small random devices each, four exponents, random budgets; rows as :func:`bracketed`."""
    rng, found = generator(0, "example", "gradients"), []
    for beta in (1.0, 1.5, 2.0, 3.0) * (2 * n_systems):
        mdp = device_mdp(replace(draw_device(rng), max_aoi=5, battery=5))
        budget, others = rng.uniform(0.05, 0.5, size=2)
        found.append(bracketed(LocalProblem(mdp, budget, others, power_law(beta=beta))))
    return np.array(found)


def draw(curve: BudgetCurve, kink: int, found: Any, *axes: Any) -> None:
    theta, values = REST * curve.budgets, curve.values + OTHERS * curve.budgets
    slopes, shown = (curve.slopes + OTHERS) / REST, slice(12, 30)
    axes[0].plot(theta[shown], values[shown], "o-", color=BLUE, markersize=4, label="exact, kinks")
    for side, style in ((kink - 1, "--"), (kink, ":")):
        tangent = values[kink] + slopes[side] * (theta[shown] - theta[kink])
        axes[0].plot(theta[shown], tangent, style, color=RED, label=f"slope {slopes[side]:.0f}")
    axes[0].set(title="Value $V_i$", ylabel="discounted cost", xlabel="own budget (per slot)")
    axes[1].stairs(slopes[12:29], theta[12:30], baseline=None, color=BLUE, label="formula")
    at = np.linspace(theta[12], theta[29], 25)[1:-1]
    dots = [difference(golden(b, congestion=power_law()), budget=WIDTH) for b in at]
    axes[1].plot(at, dots, "o", color=ORANGE, markersize=4, label="difference")
    axes[1].set(title=r"Its slope $-\lambda / (1 - \gamma)$", xlabel="own budget (per slot)")
    axes[1].set_ylabel("cost per unit of budget")
    axes[2].scatter(found[:, 1], found[:, 0], 16, BLUE, alpha=0.6, label="own budget")
    axes[2].scatter(found[:, 3], found[:, 2], 16, ORANGE, alpha=0.6, label="others' budgets")
    axes[2].axline((0.0, 0.0), slope=1.0, color=GREY, linewidth=1, zorder=0)
    axes[2].set(title="Random systems", xlabel="finite difference", ylabel="formula")
    axes[2].set_xscale("symlog", linthresh=1.0)
    axes[2].set_yscale("symlog", linthresh=1.0)


def main() -> None:
    given = options(__doc__ or "", __file__)
    cases = {beta: bracketed(golden(0.1, congestion=power_law(beta=beta))) for beta in (1.0, 2.0)}
    curve = local_budget_curve(device_mdp(golden_device()))
    kink = int(np.argmin(np.abs(REST * curve.budgets - 0.1)))
    at_kink = golden(REST * curve.budgets[kink], congestion=power_law())
    sides = [(float(curve.slopes[k]) + OTHERS) / REST for k in (kink - 1, kink)]
    left, right = (difference(at_kink, budget=w) for w in (-WIDTH, WIDTH))
    found = random_systems(given.choose(1, 15, 100))
    rows: list[Row] = []
    for beta, row in cases.items():
        rows.append((f"dV_i by own budget, exponent {beta:g}", (row[0], "Prop. 3"), row[1]))
        rows.append((f"dV_i by others' budgets, exponent {beta:g}", (row[2], "Prop. 3"), row[3]))
    rows += [
        (f"left slope at the kink {at_kink.budget:.4f}", (sides[0], "sweep"), left),
        (f"right slope at the kink {at_kink.budget:.4f}", (sides[1], "sweep"), right),
        (f"largest own slope, {len(found)} random devices", "<= 0 (Fig. 5)", found[:, 1].max()),
        ("  least coupling slope", ">= 0 (Fig. 5)", found[:, 3].min()),
        ("  farthest out of its bracket", "0 (Fig. 6)", max(0.0, found[:, 4].max())),
    ]
    table(rows)
    look_at("formula and difference agree; at a kink there are two slopes and no gradient.")
    figure(given, partial(draw, curve, kink, found), columns=3, size=(12.0, 4.0))
    # two optima of size 50, exact to 1e-12 of it, over a width of 1e-4
    assert max(row[4] for row in (*cases.values(), *found)) < 1e-6
    assert abs(left - sides[0]) + abs(right - sides[1]) < 1e-6
    assert max(found[:, 1].max(), -found[:, 3].min()) < 1e-6


if __name__ == "__main__":
    main()
