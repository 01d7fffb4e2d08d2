"""One device of the edge system: exact decision process, simulator, and best policies.

Shows: the device of DCC App. B and F, the local cost of eq. (20), the constrained problem of
eqs (8), (9) and the policies it leads to. The paper draws the device (Fig. 7) but prints no cost;
age cost f(x) = x and squared energy deficit are readings, see refimpl/dcc/READINGS.md.
Look at: where a budget moves offloading to: from "whenever it is cheap" to old data and an empty
battery, with one or a few states in which the device must toss a coin.
For: who wants to see what a device does before reading about how devices are coordinated.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from _show import BLUE, ORANGE, SKY, UNPUBLISHED, figure, look_at, options, table

from lp_solvers import lagrangian
from refimpl.dcc.model.congestion import power_law
from refimpl.dcc.model.device import N_ACTIONS, OFFLOAD
from refimpl.dcc.model.exact import device_mdp
from refimpl.dcc.model.simulator import device_batch, reset, step
from refimpl.dcc.objective.local import LocalProblem, local_cmdp
from refimpl.dcc.policies import sampler
from refimpl.dcc.theory.instances import golden_device
from refimpl.shared.seeds import generator

GAMMA, OTHERS, BUDGET = 0.95, 0.9, 0.1
NAMES = ("wait", "process", "offload")


def largest_z(repeats: int, n_pairs: int) -> float:
    """Return how far simulated next states are from the exact kernel, in standard deviations."""
    rng, mdp = generator(0, "example", "kernel"), device_mdp(golden_device())
    batch, worst = device_batch([golden_device()] * repeats), 0.0
    for state in rng.choice(mdp.n_states, n_pairs, replace=False):
        action = int(rng.integers(N_ACTIONS))
        _, after = step(batch, np.full(repeats, state), np.full(repeats, action), rng)
        p = mdp.P[state, action]
        counts = np.bincount(after, minlength=mdp.n_states)
        assert counts[p == 0.0].sum() == 0, "the simulator made an impossible move"
        common = (repeats * p >= 20.0) & (p < 1.0)
        z = (counts - repeats * p)[common] / np.sqrt(repeats * (p * (1.0 - p))[common])
        worst = max(worst, float(np.abs(z).max(initial=0.0)))
    return worst


def simulated_cost(policy: Any, price: float, repeats: int) -> tuple[float, float]:
    """Mean discounted cost of simulated devices, and its standard error."""
    rng, batch = generator(0, "example", "cost"), device_batch([golden_device()] * repeats)
    act, states, total = sampler(policy), reset(batch, rng), np.zeros(repeats)
    for t in range(300):  # what is left out is below 15 * 0.95^300 / 0.05 = 6e-5
        actions = act(states, rng)
        local, states = step(batch, states, actions, rng)
        total += GAMMA**t * (local + price * (actions == OFFLOAD))
    return float(total.mean()), float(total.std(ddof=1) / np.sqrt(repeats))


def draw(policies: dict[str, Any], *axes: Any) -> None:
    from matplotlib.colors import to_rgb
    from matplotlib.patches import Patch

    colours = np.array([to_rgb(c) for c in ("#EEEEEE", SKY, ORANGE)])
    for axis, (title, policy) in zip(axes, policies.items(), strict=True):
        picture = policy.reshape(15, 16, N_ACTIONS) @ colours
        axis.imshow(picture, origin="lower", extent=(-0.5, 15.5, 0.5, 15.5), aspect="auto")
        for age, level in np.argwhere(np.sort(policy.reshape(15, 16, 3))[..., -1] < 1 - 1e-9):
            axis.plot(level, age + 1, "o", color=BLUE, markersize=6, label="tosses a coin")
        axis.set(title=title, xlabel="battery level (energy units)", xticks=range(0, 16, 5))
        axis.set(yticks=range(1, 16, 2))
    axes[0].set_ylabel("age of information (slots)")
    keys = [Patch(color=c, label=n) for c, n in zip(colours, NAMES, strict=True)]
    coin = axes[1].plot([], [], "o", color=BLUE, label="tosses a coin")
    axes[0].figure.legend(handles=[*keys, *coin], loc="outside lower center", ncols=4)


def main() -> None:
    given = options(__doc__ or "", __file__)
    mdp, price = device_mdp(golden_device()), float(power_law().penalty(1.0 + OTHERS))
    problem = partial(LocalProblem, mdp, others=OTHERS, congestion=power_law())
    never, limited, free = (
        lagrangian.solve(local_cmdp(problem(budget=b))) for b in (0.0, BUDGET, 1.0)
    )
    z = largest_z(given.choose(2_000, 20_000, 200_000), given.choose(20, 60, 240))
    cost, error = simulated_cost(limited.policy, price, given.choose(2_000, 20_000, 200_000))
    rest = 1.0 - GAMMA
    table(
        [
            ("states, M (B + 1)", (15.0 * 16.0, "App. F"), float(mdp.n_states)),
            ("simulator against kernel, largest |z|", UNPUBLISHED, z),
            ("cost, offloading forbidden (budget 0)", UNPUBLISHED, never.value),
            (f"cost, budget {BUDGET}", UNPUBLISHED, limited.value),
            (f"  simulated, standard error {error:.3f}", UNPUBLISHED, cost),
            ("  frequency used", f"<= {BUDGET} (eq. 9)", rest * limited.constraint_values[0]),
            ("  multiplier, cost per offload", UNPUBLISHED, float(limited.multipliers[0])),
            ("cost, no budget", UNPUBLISHED, free.value),
            ("  frequency used", UNPUBLISHED, rest * free.constraint_values[0]),
        ]
    )
    look_at("the budget decides in which states offloading is worth its price; |z| stays below 5.")
    titles = ("offloading forbidden", f"budget {BUDGET}", "no budget")
    policies = dict(zip(titles, (never.policy, limited.policy, free.policy), strict=True))
    figure(given, partial(draw, policies), columns=3, size=(10.0, 4.0))
    # a few thousand comparisons: the chance of one beyond 5.5 is below 1e-3
    assert z < 5.5
    assert abs(cost - limited.value) < 4.0 * error
    assert free.value < limited.value < never.value


if __name__ == "__main__":
    main()
