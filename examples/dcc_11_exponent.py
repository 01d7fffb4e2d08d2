"""A larger exponent makes devices offload less, where crowds are thick.

Shows: Fig. 4 and sec. 5.4, exactly and by learning. The social price of an offload among m expected
others is (beta + 1) m^beta, which *falls* with beta while m < exp(-1 / (beta + 1)). So with few
devices and an expensive server the direction reverses. A real crowd is a whole number, and then
larger exponents never make it cheaper. Exponents and sizes of the figure are lost; 1, 1.5, 2, 3
are chosen.
Look at: the two expected-crowd lines; one falls, one rises.
For: who picks a congestion penalty, or plots against its exponent.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from _dcc import cost_and_violation, last, scale
from _runs import print_committed, results
from _show import BLUE, GREEN, GREY, ORANGE, RED, SKY, UNPUBLISHED, figure, look_at, options, table

from refimpl.dcc.experiments import exponent
from refimpl.dcc.experiments.exponent import BETAS
from refimpl.dcc.model.congestion import Congestion, power_law
from refimpl.dcc.model.exact import device_mdp
from refimpl.dcc.objective.response import ResponseCurves, local_budget_curve, response_curves
from refimpl.dcc.theory.equilibrium import (
    price_balance,
    social_price_of_crowd,
    social_price_of_mean,
)
from refimpl.dcc.theory.instances import golden_device, toy_device
from refimpl.dcc.theory.kinks import exponent_threshold

METHODS = {"dcc-published": ORANGE, "dcc-ours": BLUE, "iql-published": GREY}
MEAN, CROWD = "expected crowd", "true crowd"
PRICES = {MEAN: social_price_of_mean, CROWD: social_price_of_crowd}


def best(curves: ResponseCurves, price: Any, n_devices: int, kappa: float) -> Any:
    """Best common offloading frequency at each exponent."""
    laws: list[Congestion] = [power_law(kappa, beta) for beta in BETAS]
    charged = (price(law, n_devices) for law in laws)
    return np.array([price_balance(curves, each).frequency for each in charged])


def draw(exact: dict[str, Any], learned: dict[str, Any], betas: list[float], *axes: Any) -> None:
    styles = ((BLUE, "o-"), (SKY, "o--"), (RED, "s-"), (ORANGE, "s--"))
    for (name, use), (colour, style) in zip(list(exact.items())[:4], styles, strict=True):
        axes[0].plot(BETAS, use, style, color=colour, label=name)
    axes[0].set(title="Best common frequency, exact, 25 states", xlabel="exponent of the penalty")
    for name, use in learned.items():
        axes[1].plot(betas, use, "o-", color=METHODS.get(name, GREEN), label=name)
    axes[1].set(title="Drawn devices, learned and exact", xlabel="exponent of the penalty")
    for axis in axes:
        axis.set(ylabel="offloading frequency (per slot)", xticks=BETAS)
        axis.set_ylim(bottom=0.0)


def best_of_equal_devices() -> Any:
    toy, golden = (
        response_curves([local_budget_curve(device_mdp(device))], 0.95)
        for device in (toy_device(), golden_device())
    )
    return {
        f"{n} devices, kappa {kappa:g}, {name}": best(curves, price, n, kappa)
        for curves, n, kappa in ((toy, 10, 1.0), (toy, 4, 2.0), (golden, 20, 1.0))
        for name, price in PRICES.items()
    }


def main() -> None:
    given = options(__doc__ or "", __file__)
    exact = best_of_equal_devices()
    n, games = given.choose((5, 1), (20, 3), (20, 15))
    size = scale(given, (n,), games, given.choose(1_000, 2_000, 100_000))
    methods = list(METHODS)[: given.choose(1, 3, 3)]
    used = given.choose((0, 3), (0, 1, 2, 3), (0, 1, 2, 3))
    jobs = {m: [exponent.jobs(m, n, size, 0)[k] for k in used] for m in methods}
    found = results(given, (j for group in jobs.values() for j in group))
    refs = [exponent.reference_jobs(n, size, 0)[k] for k in used]
    references = results(given, refs)
    learned = {k: [last(found[j.name]["use"]) for j in group] for k, group in jobs.items()}
    learned["best budgets (exact)"] = [references[j.name]["use_optimum"].mean() for j in refs]
    table(
        [
            *(
                (f"{name}, exponent {b:g}", UNPUBLISHED, use[k])
                for name, use in exact.items()
                for k, b in ((0, 1.0), (3, 3.0))
            ),
            ("mean others below which it reverses, from 1", UNPUBLISHED, exponent_threshold(1)),
            *(
                (f"{n} drawn devices, change 1 -> 3, {k}", "< 0 (Fig. 4)", use[-1] - use[0])
                for k, use in learned.items()
            ),
            *(
                (f"  cost, violation, {k}", UNPUBLISHED, cost_and_violation(found[j[-1].name]))
                for k, j in jobs.items()
            ),
        ]
    )
    print_committed("dcc/fig-4-exponent-by-learning")
    look_at("the sign of the change: negative for ten devices, positive for four dear ones.")
    figure(
        given, partial(draw, exact, learned, [BETAS[k] for k in used]), columns=2, size=(11.0, 4.4)
    )
    falling, rising = (exact[f"{n} devices, kappa {k}, {MEAN}"] for n, k in ((10, 1), (4, 2)))
    assert (np.diff(falling) < 0.0).all()
    assert rising[-1] > rising[0]
    for name, use in exact.items():
        assert CROWD not in name or (np.diff(use) <= 1e-9).all()


if __name__ == "__main__":
    main()
