"""The gradient of the drops: exact on a small ring, sampled on a large one, and where it leads.

Shows: what the paper has PPO look for (MF sec. 1.3.2, J), found by calculus. Drops are a smooth
function of the rule zeta(z), because an epoch is a matrix exponential whose derivative is known.
On a ring of four the gradient is exact, by a backward sweep through the joint chain. On a large one
it is estimated: influence travels one step per epoch, so a move is credited with the drops in its
light cone only. Descending takes a second and gives the yardstick for everything learned. (A
constant added to all of zeta changes nothing on a ring.)
Look at: the standard errors; without the light cone a large ring needs a thousand times more runs.
For: who would rather differentiate a simulator than explore it.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from _show import BLUE, GREY, ORANGE, RED, UNPUBLISHED, Row, figure, look_at, options, table

from refimpl.meanfield.model.system import System
from refimpl.meanfield.model.topologies import ring
from refimpl.meanfield.objective.best_rule import best_rule
from refimpl.meanfield.objective.credit import total_credit
from refimpl.meanfield.objective.exact import ExactObjective
from refimpl.meanfield.objective.observations import own_state
from refimpl.meanfield.objective.sampled import SampledObjective, plain_rate_gradient
from refimpl.shared.bounded_queue import epoch_kernel, epoch_kernel_derivative

EPOCHS, WIDTH = 10, 1e-5
RULE = np.full(6, 0.5)
"""Where the gradients are taken and the descent starts: drops as OWN and RND do."""
STYLES = (("scores times all drops", ORANGE, 0.1), ("light cone", BLUE, -0.1))


def derivative_error() -> float:
    """Compare the derivative of transitions and drops with differences of higher order."""
    rates, h = np.linspace(0.1, 2.7, 27), 1e-3
    slope = epoch_kernel_derivative(rates, 1.0, 5, 5.0)
    worst = 0.0
    for part in ("transitions", "expected_drops"):
        at = [getattr(epoch_kernel(rates + k * h, 1.0, 5, 5.0), part) for k in (-2, -1, 1, 2)]
        quotient = (at[0] - 8.0 * at[1] + 8.0 * at[2] - at[3]) / (12.0 * h)
        worst = max(worst, float(np.abs(quotient - getattr(slope, part)).max()))
    return worst


def exact_error(small: ExactObjective) -> float:
    """Compare the exact gradient with central differences of the exact value."""
    sides = [[small.value(RULE + h * e) for h in (WIDTH, -WIDTH)] for e in np.eye(6)]
    quotients = -np.diff(sides)[:, 0] / (2.0 * WIDTH)
    return float(np.abs(small.value_and_gradient(RULE)[1] - quotients).max())


def sampled(n: int, paths: int) -> tuple[Any, Any]:
    """Estimates from the same episodes: with every control, and with scores times all drops."""
    objective = SampledObjective(System(ring(n)), EPOCHS, own_state(), paths, 8)
    ran = objective.episodes(RULE)
    naive = plain_rate_gradient(objective.system, ran, total_credit)
    return objective.estimate(RULE), objective.summary(ran, naive)


def draw(exact: Any, small: Any, large: Any, found: Any, *axes: Any) -> None:
    jobs = np.arange(6)
    for axis, pair, n in ((axes[0], small, 4), (axes[1], large, 101)):
        for estimate, (name, colour, shift) in zip(pair[::-1], STYLES, strict=True):
            bars = {"yerr": 2.0 * estimate.gradient_error, "fmt": "o", "capsize": 3}
            axis.errorbar(jobs + shift, estimate.gradient, color=colour, label=name, **bars)
        axis.set(title=f"Ring of {n}, same episodes, 2 s.e.", xlabel="own jobs")
    axes[0].plot(jobs, exact, "k_", markersize=18, label="exact")
    axes[0].set_ylabel("derivative of drops by zeta")
    axes[2].plot(jobs, RULE, "s:", color=GREY, label="start")
    for dt, best in found.items():
        colour = {1.0: RED, 5.0: BLUE, 10.0: ORANGE}[dt]
        axes[2].plot(jobs, best.rule, "o-", color=colour, label=f"best, delay {dt:g}")
    axes[2].set(title="Probability to offload, ring of 101", xlabel="own jobs")


def main() -> None:
    given = options(__doc__ or "", __file__)
    objective = ExactObjective(System(ring(4)), EPOCHS, own_state())
    derivative, difference = derivative_error(), exact_error(objective)
    value, exact = objective.value_and_gradient(RULE)
    small, large = sampled(4, given.choose(64, 512, 8_192)), sampled(101, given.choose(8, 64, 256))
    stages = given.choose(((8, 4),), ((16, 8), (64, 8)), ((16, 8), (128, 8)))
    delays = given.choose((5.0,), *2 * ((1.0, 5.0, 10.0),))
    found = {
        dt: best_rule(System(ring(101), dt=dt), round(50 / dt), stages=stages) for dt in delays
    }
    best = found[5.0]
    z = float(np.abs((small[0].gradient - exact) / small[0].gradient_error).max())
    rows: list[Row] = [
        ("derivative of the matrix exponential: error", (0.0, "differences"), derivative),
        ("ring of 4: drops at the rule, exact; sampled", (value, "exact"), small[0].value),
        ("  exact gradient: largest error", (0.0, "differences"), difference),
    ]
    for z_own in (0, 3, 5):
        words = f"{small[0].gradient[z_own]:+.4f} +- {2 * small[0].gradient_error[z_own]:.4f}"
        rows.append((f"  by zeta({z_own}), exact {exact[z_own]:+.4f}", UNPUBLISHED, words))
    for n, (fine, naive) in ((4, small), (101, large)):
        ratio = float(np.mean((naive.gradient_error / fine.gradient_error) ** 2))
        rows.append((f"ring of {n}: runs needed without controls", UNPUBLISHED, f"x {ratio:.0f}"))
    rows += [
        ("ring of 101, delay 5: drops of the best rule", UNPUBLISHED, best.estimate.value),
        ("  its rule", UNPUBLISHED, " ".join(f"{p:.2f}" for p in best.rule)),
        ("  gradient left, in standard errors", UNPUBLISHED, best.stationarity),
        ("  evaluations of the gradient", UNPUBLISHED, float(best.n_evaluations)),
    ]
    table(rows)
    look_at("the same episodes give both estimates; only what is credited differs.")
    figure(given, partial(draw, exact, small, large, found), columns=3, size=(14.0, 4.4))
    assert derivative < 1e-9
    assert difference < 1e-7
    assert z < 5.0
    assert (large[0].gradient_error < large[1].gradient_error).all()


if __name__ == "__main__":
    main()
