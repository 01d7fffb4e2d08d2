"""Table 2, measured: noise of every method's gradient, and where each of them ends.

Shows: DG-PG Table 2, App. A, J. On a one-step game a method is what it multiplies the score with.
N agents place jobs on N servers, J = -G, so that all credits estimate the same gradient and differ
in noise only. Exponents of N in the variance are measured; the bounded ones are guidance, but also
difference rewards and COMA with an exact counterfactual, which the paper puts at O(N). Potential
shaping leaves the order. Then four agents ascend a game whose reward is energy, exactly: guidance
alone ends at the balanced state, not at the best one.
Look at: COMA and difference rewards beside DG-PG: a bounded variance is no privilege.
For: readers of Table 2; who is choosing a method.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from _runs import print_committed
from _show import BLACK, BLUE, GREEN, ORANGE, RED, SKY, Row, figure, look_at, options, table

from refimpl.dgpg.theory.counterexamples import negative_deviation, unit_jobs
from refimpl.dgpg.theory.small_learners import credits, factorisation, shaping, training, views
from refimpl.shared.seeds import generator
from refimpl.shared.statistics import Slope, log_log_slope

SIZES = (16, 32, 64, 128, 256)
MIXED = partial(credits.mixture, alpha=0.8)
METHODS: dict[str, tuple[credits.Credit, str, str]] = {
    "MAPPO, IPPO": (credits.shared_return, "O(N)", BLACK),
    "HAPPO": (credits.sequential, "O(1)", ORANGE),
    "COMA": (credits.counterfactual, "O(N)", GREEN),
    "difference rewards": (credits.difference_reward, "depends", SKY),
    "DG-PG, weight 1": (credits.guidance, "O(1)", RED),
    "DG-PG, weight 0.8": (MIXED, "O(1)", BLUE),
}
BALANCING = unit_jobs(2, [1.0, 1.0], negative_deviation(np.ones((2, 1))))


def sampled_views(n_samples: int) -> list[views.View]:
    """Draw what can happen to one agent; agents updated before have moved their logits by 0.05."""
    found = []
    for n in SIZES:
        tilt = np.exp(np.where(np.arange(n) < n // 2, 0.05, 0.0))
        crowd = views.balancing_crowd(n, np.full(n, 1.0 / n), tilt / tilt.sum())
        found.append(views.sampled_view(crowd, n_samples, generator(0, "example", "view", n)))
    return found


def variances(credit: credits.Credit, seen: list[views.View]) -> tuple[Any, Slope]:
    """Variance of a credit's gradient at each size, and its exponent."""
    values = np.array([credits.credit_moments(view, credit).variance for view in seen])
    return values, log_log_slope(SIZES, values)


def left_by_shaping(n: int) -> float:
    """Part of the second step's variance that the best potential leaves, exactly."""
    game = shaping.TwoSteps(n, first=0.4)
    plain, best = (
        shaping.step_moments(game, potential(game)).variance[1]
        for potential in (shaping.mean_potential, shaping.best_potential)
    )
    return float(best / plain)


def ascents(steps: int) -> dict[str, training.Run]:
    """Train four agents on the energy game with exact gradients."""
    game, start = training.energy_game(), 0.1 * generator(0, "example").normal(size=(4, 3))
    return {
        name: training.train(game, start, training.exact(credit), 1.0, steps)
        for name, (credit, _, _) in METHODS.items()
    }


def draw(measured: Any, runs: dict[str, training.Run], left: Any, right: Any) -> None:
    for name, (_, _, colour) in METHODS.items():
        left.loglog(SIZES, measured[name][0], "o-", color=colour, label=name)
        right.plot(runs[name].performance, color=colour, label=name)
    left.set(title="Variance of an agent's gradient, J = -G", xlabel="agents")
    left.set_xticks(SIZES, [str(n) for n in SIZES])
    left.set_xticks([], minor=True)
    best = training.best_performance(training.energy_game())
    right.axhline(best, color=BLACK, linestyle=":", label="best placement")
    right.set(title="Energy game, exact gradients (four coincide)", xlabel="steps", ylabel="J")


def main() -> None:
    given = options(__doc__ or "", __file__)
    seen = sampled_views(given.choose(2_000, 20_000, 40_000))
    measured = {name: variances(credit, seen) for name, (credit, _, _) in METHODS.items()}
    rows: list[Row] = []
    for name, (_, order, _) in METHODS.items():
        found = measured[name][1]
        shown = f"{found.slope:.2f} ({found.low:.2f} to {found.high:.2f})"
        rows.append((f"{name}: exponent of N in the variance", f"{order} (Table 2)", shown))
    for n in (4, 64):
        rows.append((f"PBRS: variance left, N = {n}", "same order", left_by_shaping(n)))
    payoffs = factorisation.payoff_table(BALANCING)
    fits = {"VDN": factorisation.additive_fit, "QMIX": factorisation.monotone_fit}
    for name, fit in fits.items():
        error = factorisation.largest_error(payoffs, fit(payoffs))
        rows.append((f"{name}: largest error, two jobs on two servers", "not published", error))
    runs = ascents(given.choose(120, 300, 1_000))
    best = training.best_performance(training.energy_game())
    for name, run in runs.items():
        rows.append((f"{name}: J at the end", (best, "best"), float(run.performance[-1])))
    table(rows)
    print_committed(*(f"dgpg/table-2-{k}" for k in ("happo", "coma", "guidance", "alone")))
    look_at("which exponents are near 0, and who ends below the best placement.")
    figure(given, partial(draw, measured, runs), columns=2, size=(12.0, 4.4))
    exponents = {name: found.slope for name, (_, found) in measured.items()}
    assert abs(exponents["MAPPO, IPPO"] - 1.0) < 0.2
    for name in ("COMA", "difference rewards", "DG-PG, weight 1"):
        assert abs(exponents[name]) < 0.2
    ends = {name: run.performance[-1] for name, run in runs.items()}
    assert ends["DG-PG, weight 1"] < ends["MAPPO, IPPO"] - 0.05


if __name__ == "__main__":
    main()
