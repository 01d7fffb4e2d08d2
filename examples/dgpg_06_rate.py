"""How many iterations: what Theorem 5.3's bound says about N, and what a game says.

Shows: DG-PG Theorem 5.3, eqs 17, 31, 32, App. G. The bound is proportional to
(V(alpha) + 2 alpha^2 B^2) / (1 - alpha)^2. Minimised over alpha it is the return's variance, or a
fixed part of it: for negative correlations the best weight is 0. So the bound itself grows like N;
it cannot show what it is said to show. The game can: agents on a ring place jobs on their next four
servers, J = -G, and each method runs with its best step size. Guidance alone needs hardly more
iterations as N grows, the shared return many more, and mixtures, sooner or later, too.
Look at: both pictures; same question, opposite answers. The claim is better than its proof.
For: readers of sec. 5.3, auditors.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np
from _runs import print_committed, results
from _show import BLUE, GREEN, ORANGE, RED, Row, figure, look_at, options, table

from refimpl.dgpg.claims.iterations import FULL_SIZES, growth, measurement
from refimpl.dgpg.theory import convergence
from refimpl.dgpg.theory.convergence import Setting
from refimpl.dgpg.theory.local_game import measure
from refimpl.ledger import Context, Job

AGENTS = (10, 100, 1_000, 10_000)
RHOS = {-0.5: BLUE, 0.0: GREEN, 0.5: ORANGE, 0.9: RED}
WEIGHTS = {0.0: BLUE, 0.5: GREEN, 0.8: ORANGE, 1.0: RED}
NOISY = Setting(smoothness=1.0, pl=1.0, alpha=0.0, variance=6.0, guidance_norm=0.0)


def job_of(sizes: tuple[int, ...], runs: int) -> Job:
    """Tuned iterations of the local game; the arguments of the audit's job, but smaller."""
    return Job(f"example/{sizes}/{runs}", measure, (sizes, (8, 16), tuple(WEIGHTS), runs, 0))


def bounds(rho: float) -> list[tuple[float, float]]:
    """Best weight and bound for N agents, if the return's variance is N and the guidance's 1."""
    return [convergence.least_bound(float(n), 1.0, rho, 1.0) for n in AGENTS]


def chained_error() -> float:
    """Compare eq. 32 for a constant step with the recursion of the proof, step by step."""
    setting = Setting(2.0, 0.5, 0.6, 1.0, 0.5)
    step = 0.3 * convergence.largest_step(setting)
    worst = 0.0
    for k in (1, 10, 100):
        gap = convergence.scheduled_gap([setting] * k, [step] * k, 3.0)
        # the closed form drops a part of the noise floor, so it may only be larger
        worst = max(worst, gap - convergence.gap_bound(setting, 3.0, step, k))
    return worst


def draw(sizes: Any, local: Any, left: Any, right: Any) -> None:
    for rho, colour in RHOS.items():
        style = "o:" if rho == 0.0 else "o-"  # it hides the one below
        left.loglog(AGENTS, [b for _, b in bounds(rho)], style, color=colour, label=f"rho = {rho}")
    left.set(title="Theorem 5.3's bound, best weight", xlabel="agents", ylabel="iterations x eps")
    for (alpha, colour), times in zip(WEIGHTS.items(), local, strict=True):
        right.loglog(sizes, np.median(times, axis=1), "o-", color=colour, label=f"weight {alpha:g}")
    right.set(title="Local game, tuned steps, median of the runs", xlabel="agents")
    right.set(ylabel="iterations until 0.4 of the first G")
    right.set_xticks(sizes, [str(n) for n in sizes])
    right.set_xticks([], minor=True)


def main() -> None:
    given = options(__doc__ or "", __file__)
    (full,) = measurement(Context("full"))
    sizes = given.choose((16, 32), (16, 32, 64, 128), FULL_SIZES)
    job = given.choose(job_of(sizes, 4), job_of(sizes, 8), full)
    local = results(given, (job,))[job.name]["local"]
    rows: list[Row] = []
    for epsilon in (0.1, 0.01, 0.001):
        count = convergence.iterations(NOISY, epsilon)
        rows.append((f"iterations to {epsilon:g}, times eps", "constant (eq. 17)", count * epsilon))
        share = count * epsilon / math.log(2.0 / epsilon)
        rows.append(("  over ln(2 / eps) as well", "constant", share))
    for rho in RHOS:
        (few, first), *_, (many, last) = bounds(rho)
        rows.append((f"rho = {rho}: best weight at N = 10", "in (0, 1)", few))
        rows.append(("  at N = 10,000", "-> 1 (Remark F.1)", many))
        rows.append(("  bound at N = 10,000 over that at 10", (1.0, "Thm 5.3"), last / first))
    grown = {alpha: growth(sizes, times) for alpha, times in zip(WEIGHTS, local, strict=True)}
    for alpha, found in grown.items():
        words = f"{found.slope:.2f} ({found.low:.2f} to {found.high:.2f})"
        rows.append((f"local game, weight {alpha:g}: exponent of N", "0 (Thm 5.3)", words))
    table(rows)
    print_committed("dgpg/theorem-5.3-rate", "dgpg/theorem-5.3-agents", "dgpg/tuned-iterations")
    look_at("the bound grows a thousandfold whatever rho is; then the game's slope for weight 1.")
    figure(given, partial(draw, sizes, local), columns=2, size=(12.0, 4.4))
    assert chained_error() <= 1e-12
    for rho in RHOS:
        assert bounds(rho)[-1][1] > 100.0 * bounds(rho)[0][1]
    assert grown[1.0].slope < grown[0.0].slope


if __name__ == "__main__":
    main()
