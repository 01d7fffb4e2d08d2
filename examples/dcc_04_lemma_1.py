"""Lemma 1: when the mean crowd is as good as the real one, and when not.

Shows: the approximate reward (eq. 6) charges d(1 + expected others) where the truth (eq. 1) is
E d(1 + others). For a linear d the two agree if every device offloads with probability theta_i *in
every slot*. The budgets only fix a discounted average, and devices that start together need the
server at the same time. For convex d the error has a bound (eqs 17 and 18, not legible in the
paper; derived here), which needs the same assumption.
Look at: the left picture. What the approximation takes for the flat line is the curve.
For: who wants to know how far to trust the costs that coordination by budgets predicts.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from _show import BLUE, GREY, ORANGE, RED, Row, figure, look_at, options, table

from lp_solvers import lagrangian
from lp_solvers.finite_mdp import FiniteMDP
from refimpl.dcc.model.congestion import Congestion, power_law
from refimpl.dcc.model.crowd import crowd_law
from refimpl.dcc.model.exact import battery_at, device_mdp, stationary_start, with_start
from refimpl.dcc.model.game import evaluate_identical, offload_probabilities
from refimpl.dcc.objective.local import LocalProblem, local_cmdp
from refimpl.dcc.theory import approximation
from refimpl.dcc.theory.instances import golden_device
from refimpl.shared.seeds import generator

BUDGET, N_DEVICES, BETAS = 0.1, 10, (1.0, 1.5, 2.0, 3.0)
Start = tuple[FiniteMDP, Any]


def starts(n_devices: int, congestion: Congestion) -> dict[str, Start]:
    """Device and optimal policy for three start laws; the last keeps the policy of the first."""
    mdp = device_mdp(golden_device())
    empty = with_start(mdp, battery_at(golden_device(), 0))
    found = {"AoI 1, any battery": mdp, "AoI 1, empty battery": empty}
    others = (n_devices - 1) * BUDGET
    problems = {k: LocalProblem(m, BUDGET, others, congestion) for k, m in found.items()}
    pairs = {k: (p.mdp, lagrangian.solve(local_cmdp(p)).policy) for k, p in problems.items()}
    mdp, policy = pairs["AoI 1, any battery"]
    return pairs | {"long run of the first": (stationary_start(mdp, policy), policy)}


def congestion_paid(start: Start, n_devices: int, congestion: Congestion) -> tuple[float, ...]:
    """Discounted congestion of one of equal devices: approximate, true, bound of the error."""
    value = evaluate_identical(*start, n_devices, congestion)
    count = float(value.counts[0])
    used = (1.0 - start[0].gamma) * count
    charged = count * float(congestion.penalty(1.0 + (n_devices - 1) * used))
    bound = approximation.approximation_bound([used] * n_devices, congestion, start[0].gamma)[0]
    return charged, float(value.congestion[0]), float(bound)


def crowds(n_crowds: int) -> float:
    """Largest gap over its bound among random crowds of independent devices."""
    rng, worst = generator(0, "example", "crowds"), 0.0
    for beta in BETAS[1:]:
        d, p = power_law(beta=beta), rng.beta(0.6, 0.6, size=(n_crowds, N_DEVICES - 1))
        true = crowd_law(p) @ d.penalty(1.0 + np.arange(N_DEVICES))
        gap = np.abs(true - d.penalty(1.0 + p.sum(axis=1)))
        bound = approximation.penalty_gap_bound(p.sum(axis=1), N_DEVICES - 1, d)
        worst = max(worst, float(np.max(gap / bound)))
    return worst


def error_rows(name: str, paid: Any) -> list[Row]:
    errors, bounds = abs(paid[:, 1] - paid[:, 0]), paid[:, 2].round(9)
    title = "error, 10 devices, exponent"
    return [(f"{title} {BETAS[k]:g}, {name}", (bounds[k], "bound"), errors[k]) for k in (0, 2)]


def draw(pairs: Any, paid: dict[str, Any], *axes: Any) -> None:
    for (name, start), colour in zip(pairs.items(), (BLUE, ORANGE, GREY), strict=True):
        p = offload_probabilities([start[0]], [start[1]], 60)[:, 0]
        axes[0].plot(p, color=colour, label=name)
        errors = abs(paid[name][1:, 1] - paid[name][1:, 0])
        axes[1].plot(BETAS[1:], errors, "o-", color=colour, label=name)
    axes[0].axhline(BUDGET, color=RED, linestyle="--", label="budget: discounted average")
    axes[0].set(title="One of ten devices", xlabel="slot", ylabel="probability of offloading")
    bounds = paid["AoI 1, any battery"][1:, 2]
    axes[1].plot(BETAS[1:], bounds, "--", color=RED, label="bound, needs equal probabilities")
    axes[1].set(title="Error of the approximate congestion", xlabel="exponent of the penalty")
    axes[1].set(ylabel="discounted cost per device", yscale="log", xticks=BETAS[1:])


def main() -> None:
    given = options(__doc__ or "", __file__)
    rows: list[Row] = []
    for name, start in starts(2, power_law()).items():
        charged, true, _ = congestion_paid(start, 2, power_law())
        rows.append((f"congestion of a pair, {name}", (charged, "Lemma 1"), true))
    error = abs(true - charged)
    true, charged = approximation.synchronised_pair(0.95)
    rows.append(("collisions of a pair in lockstep", (charged, "Lemma 1"), true))
    worst = crowds(given.choose(200, 5_000, 200_000))
    rows.append(("random crowds: largest gap over its bound", "<= 1 (eq. 18)", worst))
    pairs, by_beta = starts(N_DEVICES, power_law()), []
    for law in (power_law(beta=beta) for beta in BETAS):
        solved = starts(N_DEVICES, law)
        by_beta.append([congestion_paid(start, N_DEVICES, law) for start in solved.values()])
    paid = dict(zip(pairs, np.array(by_beta).transpose(1, 0, 2), strict=True))
    table([*rows, *(row for name, found in paid.items() for row in error_rows(name, found))])
    look_at("exact in the long run; from a common start dearer, even out of the bound.")
    figure(given, partial(draw, pairs, paid), columns=2, size=(11.0, 4.4))
    settled, rounding = paid["long run of the first"], 1e-9
    assert error < rounding
    assert worst <= 1.0 + rounding
    assert (abs(settled[:, 1] - settled[:, 0]) <= settled[:, 2] + rounding).all()


if __name__ == "__main__":
    main()
