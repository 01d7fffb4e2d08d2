"""Coordination with exact answers: five steps, many steps, and the optimum with its proof.

Shows: the gradient of V(theta) from three evaluations per device (Prop. 2, App. D) and from
multipliers (Prop. 3, App. E), the projected step (eq. 14), and exact minimisation over one
budget at a time. The published settings allow five steps whose absolute moves sum to at most
0.25 / k (normalisation and decay are readings, see refimpl/dcc/READINGS.md).
Look at: five such steps from zero cannot get far: all budgets together move by at most 0.57. And
the optimum sits on kinks: there is no gradient to vanish, only 0 between two slopes.
For: who tunes the slow time-scale, or wants to know what the learners are missing.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from _show import BLUE, GREEN, ORANGE, RED, UNPUBLISHED, figure, look_at, options, table

from linear_models.schedules import power
from refimpl.dcc.model.congestion import power_law
from refimpl.dcc.model.device import draw_device
from refimpl.dcc.model.exact import device_mdp
from refimpl.dcc.objective import response
from refimpl.dcc.objective.coordination import exact_gradient, gradient_from_parts, objective
from refimpl.dcc.objective.descent import clipped, descend, l1_normalised
from refimpl.dcc.objective.estimates import three_evaluations
from refimpl.dcc.objective.local import others_of
from refimpl.dcc.objective.optimum import Optimum, optimise_budgets
from refimpl.dcc.objective.response import ResponseCurves, respond
from refimpl.shared.seeds import generator

LAW, GAMMA = power_law(), 0.95
NOISE = 0.05  # size of the perturbations, Table 1; here always upwards, as zero budgets require


def draw_curves(n_devices: int) -> ResponseCurves:
    """Response curves of devices drawn as in App. F."""
    rng = generator(0, "example", "coordination")
    mdps = [device_mdp(draw_device(rng)) for _ in range(n_devices)]
    return response.response_curves([response.local_budget_curve(mdp) for mdp in mdps], GAMMA)


def differences(curves: ResponseCurves, width: float, budgets: Any) -> Any:
    """Gradient from three evaluations of every device, all perturbed upwards."""
    own = np.full(curves.n_devices, width)
    crowd = (curves.n_devices - 1) * own
    found = three_evaluations(
        lambda theta, others: respond(curves, theta, others, LAW).values, budgets, own, crowd
    )
    return gradient_from_parts(found.local, found.coupling)


def largest_error(curves: ResponseCurves, width: float) -> tuple[float, float]:
    """Error of differences at random budgets off the kinks, and how many of them there were."""
    rng, exact, errors = generator(0, "example", "points"), exact_gradient(curves, LAW), []
    for budgets in rng.uniform(0.2, 1.0, size=(100, curves.n_devices)) / curves.n_devices:
        others = others_of(budgets)
        ends = [respond(curves, b, others, LAW).multipliers for b in (budgets, budgets + width)]
        crowded = others + (curves.n_devices - 1) * width
        counts = respond(curves, budgets, crowded, LAW).counts[0]
        bound = counts >= budgets / (1.0 - GAMMA) * (1.0 - 1e-12)
        if np.ptp(np.reshape(ends, (4, -1)), axis=0).max() < 1e-9 and bound.all():
            errors.append(np.abs(differences(curves, width, budgets) - exact(budgets)).max())
    return max(errors, default=0.0), float(len(errors))


def draw(paths: dict[str, Any], best: Optimum, *axes: Any) -> None:
    for (name, path), colour in zip(paths.items(), (ORANGE, BLUE, GREEN), strict=True):
        axes[0].plot(path, ".-" if len(path) < 10 else "-", color=colour, label=name)
    axes[0].axhline(best.value / len(best.budgets), color=RED, linestyle="--", label="optimum")
    axes[0].set(xscale="symlog", xlabel="step", ylabel="V / N (discounted cost per device)")
    axes[0].set(title="Approximate cost", xlim=(0.0, None))
    left, right, order = best.left.clip(-60.0), best.right.clip(None, 60.0), best.budgets.argsort()
    axes[1].vlines(range(len(order)), left[order], right[order], color=BLUE, linewidth=4)
    axes[1].axhline(0.0, color=RED, linestyle="--")
    axes[1].set(title="Optimum: left to right slope of V (cut at 60)", xticks=[])
    axes[1].set(xlabel="device, by its budget", ylabel="cost per unit of budget")


def main() -> None:
    given = options(__doc__ or "", __file__)
    n = given.choose(10, 20, 50)
    curves = draw_curves(n)
    exact, zero = exact_gradient(curves, LAW), np.zeros(n)
    quarter, estimated = power(0.25, 1.0), partial(differences, curves, NOISE)
    n_steps = given.choose(200, 3_000, 30_000)
    paths = {
        "five steps, differences": descend(estimated, zero, quarter, 5, l1_normalised),
        "five steps, multipliers": descend(exact, zero, quarter, 5, l1_normalised),
        "many clipped steps": descend(exact, zero, power(0.02, 0.6), n_steps, clipped),
    }
    values = {k: [objective(curves, b, LAW) / n for b in p.budgets] for k, p in paths.items()}
    best = optimise_budgets(curves, LAW)
    error, tested = largest_error(curves, 1e-5)
    moved = float(paths["five steps, multipliers"].budgets[-1].sum())
    table(
        [
            (f"differences - multipliers, {tested:.0f} points off kinks", (0.0, "Prop. 3"), error),
            (f"V / N, {n} devices, no offloading", UNPUBLISHED, values["many clipped steps"][0]),
            *((f"  {name}", UNPUBLISHED, path[-1]) for name, path in values.items()),
            ("  optimum over one budget at a time", UNPUBLISHED, best.value / n),
            ("sum of budgets after five steps", "<= 0.57", moved),
            ("  at the optimum", UNPUBLISHED, float(best.budgets.sum())),
            ("  of them at a kink or bound", UNPUBLISHED, float(best.kinks.sum())),
            ("  farthest left slope from <= 0 <= right slope", "0 (Thm 1)", best.residual),
        ]
    )
    look_at("five steps end where they ran out of length; the optimum is where kinks hold it.")
    figure(given, partial(draw, values, best), columns=2, size=(11.0, 4.2))
    # differences of values of size n * 50, exact to 1e-12 of it, over a width of 1e-5
    assert tested > 0
    assert error < n * 50.0 * 1e-12 / 1e-5
    assert best.residual < 1e-6
    assert moved <= 0.25 * sum(1.0 / k for k in range(1, 6)) + 1e-12
    assert best.trace[-1] <= best.trace[0]


if __name__ == "__main__":
    main()
