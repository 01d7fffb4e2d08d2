"""Never offloading does not beat selfish devices, at least not at an equilibrium.

Shows: sec. 5.1 reports that in large systems never offloading costs less than independent
learners, and blames selfishness. A device that never offloads pays no congestion, whatever the
others do; so at an equilibrium nobody can cost more than V(0). Selfish equilibria are computed
exactly for equal devices (the price of an offload meets its worth) and for different ones (best
responses), with the expected crowd of eq. (6) and with the true random crowd.
Look at: the equilibrium stays below "never" at every size, and close to it; what lies above are
devices that always offload, which is no equilibrium but what learners may end in.
For: who reads that independent learners fail and wants to know if greed is at fault.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from _show import BLUE, GREEN, GREY, ORANGE, RED, UNPUBLISHED, figure, look_at, options, table

from refimpl.dcc.model.congestion import power_law
from refimpl.dcc.model.device import draw_device
from refimpl.dcc.model.exact import device_mdp
from refimpl.dcc.model.game import evaluate_identical
from refimpl.dcc.objective.response import ResponseCurves, local_budget_curve, response_curves
from refimpl.dcc.policies import always_offload
from refimpl.dcc.theory.equilibrium import (
    Balance,
    best_response_equilibrium,
    equilibrium_cost,
    price_balance,
    selfish_price,
    selfish_price_of_crowd,
    social_price_of_mean,
)
from refimpl.dcc.theory.instances import golden_device
from refimpl.shared.seeds import generator

GAMMA, NEVER, ALWAYS = 0.95, "never offload", "always offload"
SELFISH, CROWD, BEST = "selfish", "selfish, random crowd, exponent 2", "best common budget"


def social_cost(balance: Balance, n_devices: int) -> float:
    """Cost of one device at a common frequency; it pays for the expected crowd."""
    paid = selfish_price(power_law(), n_devices)(balance.frequency)
    return balance.local + paid * balance.frequency / (1.0 - GAMMA)


def costs(curves: ResponseCurves, n_devices: int) -> dict[str, float]:
    """Exact discounted cost of one of equal devices, by what all of them do."""
    mdp = device_mdp(golden_device())
    selfish = price_balance(curves, selfish_price(power_law(), n_devices))
    crowd = price_balance(curves, selfish_price_of_crowd(power_law(beta=2.0), n_devices))
    best = price_balance(curves, social_price_of_mean(power_law(), n_devices))
    always = evaluate_identical(mdp, always_offload(mdp.n_states), n_devices, power_law())
    return {
        NEVER: float(curves.values[0, 0]),
        BEST: social_cost(best, n_devices),
        SELFISH: equilibrium_cost(curves, selfish),
        CROWD: equilibrium_cost(curves, crowd),
        ALWAYS: float(always.per_device[0]),
    }


def different(n_devices: int) -> tuple[float, float]:
    """Regret of an equilibrium of drawn devices, and the largest cost over never offloading."""
    rng = generator(0, "example", "selfish", n_devices)
    sweeps = [local_budget_curve(device_mdp(draw_device(rng))) for _ in range(n_devices)]
    curves = response_curves(sweeps, GAMMA)
    found = best_response_equilibrium(curves, power_law(), np.zeros(n_devices))
    return found.regret, float(np.max(found.costs / curves.values[:, 0]))


def draw(sizes: tuple[int, ...], found: dict[int, dict[str, float]], *axes: Any) -> None:
    styles = {NEVER: GREY, BEST: GREEN, SELFISH: ORANGE, CROWD: BLUE, ALWAYS: RED}
    for name, colour in styles.items():
        values = [found[n][name] / found[n][NEVER] for n in sizes]
        axes[0].plot(sizes, values, "o-", color=colour, label=name)
    axes[0].set(xscale="log", yscale="log", xlabel="number of devices", xticks=sizes)
    axes[0].set(xticklabels=sizes, ylabel="cost / cost of never offloading")
    axes[0].minorticks_off()
    axes[0].set(yticks=(0.5, 1, 2, 5, 10, 20), yticklabels=("0.5", "1", "2", "5", "10", "20"))


def main() -> None:
    given = options(__doc__ or "", __file__)
    sizes = given.choose((4, 10, 50), (2, 4, 10, 20, 50), (2, 4, 10, 20, 50, 100, 200, 500))
    curves = response_curves([local_budget_curve(device_mdp(golden_device()))], GAMMA)
    found = {n: costs(curves, n) for n in sizes}
    never = found[sizes[0]][NEVER]
    n_different = given.choose(10, 50, 500)
    regret, worst = different(n_different)
    table(
        [
            ("never offload: cost of one device, V(0)", UNPUBLISHED, never),
            *(
                (f"  {n} devices, {name}", UNPUBLISHED, row[name] / never)
                for n, row in found.items()
                for name in (BEST, SELFISH, CROWD, ALWAYS)
            ),
            (f"{n_different} different devices: dearest selfish / never", "> 1 (sec. 5.1)", worst),
            ("  what any of them could still gain alone", UNPUBLISHED, regret),
        ]
    )
    look_at("in units of V(0), devices that could stop offloading never end above 1.")
    figure(given, partial(draw, sizes, found))
    rounding = 1e-9
    assert max(max(row[SELFISH], row[CROWD]) for row in found.values()) <= never * (1.0 + rounding)
    assert regret <= rounding * never
    assert worst <= 1.0 + rounding
    assert all(row[BEST] <= row[SELFISH] * (1.0 + rounding) for row in found.values())


if __name__ == "__main__":
    main()
