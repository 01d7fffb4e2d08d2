"""Theorem 5.1 in small games: four in which guidance moves the equilibria, three things that help.

Shows: DG-PG Theorem 5.1, Lemma E.1, Assumption 4.2. In all games the reference is proportional to
capacity, so it does not depend on the policy; in CE-1, CE-2 and CE-4 the reward is strictly aligned
with it. CE-1: every policy is optimal, and guidance prefers some. CE-2: the interior equilibrium
moves. CE-3: the reward that is really trained, energy, is not aligned at all, and its only
equilibrium is lost above a weight of 0.33. CE-4: nothing to gain in parameters where the state
gradient is not zero. The theorem is true where J is -c G, where jobs are divisible, and for
potential-based shaping instead of guidance.
Look at: the right picture: the bound that the proof needs holds for fluids and fails for jobs.
For: readers of sec. 5.1, auditors.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from _show import BLACK, BLUE, GREEN, GREY, ORANGE, RED, Row, figure, look_at, options, table

from refimpl.dgpg.theory import counterexamples as ce
from refimpl.dgpg.theory.fluid import fluid_gradient, fluid_state, two_sided_gradient
from refimpl.dgpg.theory.games import expected_deviation, gradients, logits_of, performance
from refimpl.dgpg.theory.penalties import changed, random_processes, shaping, state_penalty
from refimpl.shared.seeds import generator

ALPHAS = (0.2, 0.4, 0.6, 0.8)
"""Weights of the paper's Fig. 2."""


def least_alignment(game: Any) -> float:
    """Least <grad r, xr - x> off the reference, over all divisions of the load."""
    loads = ce.conserved_loads(game)
    away = np.abs(loads - game.target(loads)).max(axis=(1, 2)) > 1e-9
    return float(ce.alignment_along(game, loads)[away].min())


def lifted(count: int) -> Any:
    """Distances from (1, 1) and norms of grad J, for divisible and for whole jobs, (4, count)."""
    rng, found = generator(0, "example", "lift"), []
    for p, q in rng.uniform(0.25, 0.85, (count, 2)):
        logits = logits_of([p, q])
        state = fluid_state(logits, np.ones(2))
        fluid = fluid_gradient(logits, np.ones(2), two_sided_gradient(state, np.ones(2), 1.0, 3.0))
        whole = np.sqrt(2.0) * (p * q + (1 - p) * (1 - q))  # mean over the visited states
        norms = [np.linalg.norm(x) for x in (fluid, gradients(ce.ce_2(), logits)[0])]
        found.append((np.linalg.norm(state - 1.0), norms[0], whole, norms[1]))
    return np.array(found).T


def draw(count: int, *axes: Any) -> None:
    at = np.linspace(0.01, 0.99, 50)
    for name, value, colour in (("J", performance, BLUE), ("G", expected_deviation, RED)):
        line = [float(value(ce.ce_1(), logits_of([p]))) for p in at]
        axes[0].plot(at, line, color=colour, label=name)
    axes[0].set(title="CE-1: one agent", xlabel="probability of server 0")
    alphas = np.linspace(0.0, 0.99, 50)
    interior = [ce.ce_2_interior(float(a)) for a in alphas]
    axes[1].plot(alphas, interior, color=BLUE, label="equilibrium p = q")
    loss = [float(performance(ce.ce_2(), logits_of([p, p]))) for p in interior]
    axes[1].plot(alphas, np.array(loss) - loss[0], color=ORANGE, label="J there, minus J at 3/4")
    axes[1].plot([0.0, 1.0], [0.75, 0.75], ":", color=GREY, label="Theorem 5.1")
    axes[1].set(title="CE-2: two agents", xlabel="weight of the guidance")
    tables = [ce.payoffs(ce.ce_3(), float(a)) for a in alphas]
    for label, pair, colour in (("both on the efficient", (0, 0), RED), ("apart", (0, 1), GREEN)):
        axes[2].plot(
            alphas, [ce.deviation_gain(t, pair) for t in tables], color=colour, label=label
        )
    axes[2].axvline(ce.ce_3_threshold(), color=GREY, linestyle=":", label="threshold 0.3345")
    axes[2].set(title="CE-3: energy", xlabel="weight of the guidance", ylabel="gain of deviating")
    away, fluid, distance, norms = lifted(count)
    axes[3].plot(away, fluid, ".", color=GREEN, label="divisible jobs")
    axes[3].plot(distance, norms, ".", color=RED, label="whole jobs, CE-2")
    axes[3].plot(np.sqrt(2.0) * 0.625, 0.0, "x", color=BLACK, label="grad J = 0, off the reference")
    axes[3].set(title="Lemma E.1: must not be 0", xlabel="distance from the reference")
    axes[3].set(ylabel="|grad J|")


def main() -> None:
    given = options(__doc__ or "", __file__)
    points = {
        "CE-1": (ce.ce_1(), logits_of([0.5])),
        "CE-2": (ce.ce_2(), logits_of([0.75, 0.75])),
        "J = -2 G": (ce.proportional_game(), logits_of([0.5, 0.5])),
    }
    rows: list[Row] = []
    moved = {}
    for name, (game, logits) in points.items():
        moved[name] = [ce.invariance(game, logits, alpha) for alpha in ALPHAS]
        stationary = ce.consistency(game, logits)[0]
        rows.append((f"{name}: least alignment off the reference", "> 0", least_alignment(game)))
        rows.append(("  grad J", (0.0, "stationary"), stationary))
        rows.append(("  guided direction, weight 0.8", (0.0, "Thm 5.1"), moved[name][-1]))
    rows.append(("CE-2: equilibrium at weight 0.8", (0.75, "Thm 5.1"), ce.ce_2_interior(0.8)))
    kept = {alpha: ce.pure_equilibria(ce.payoffs(ce.ce_3(), alpha)) for alpha in (0.0, 0.33, 0.34)}
    rows.append(("CE-3: least alignment", "> 0", least_alignment(ce.ce_3())))
    for alpha, found in kept.items():
        rows.append((f"  pure equilibria, weight {alpha:g}", str(kept[0.0]), str(found)))
    flat = ce.consistency(ce.ce_4(), logits_of([0.3]))[0]
    rows.append(("CE-4: grad J, state gradient (-1, 1)", "not 0 (App. E)", flat))
    count = given.choose(200, 500, 2_000)
    drawn = random_processes(count, 3, 2, generator(0, "example", "shaping"))
    for name, term in (("potential-based term", shaping), ("penalty on the state", state_penalty)):
        moves = changed(drawn, term(drawn))
        rows.append((f"best policies a {name} changes, of {count}", (0.0, "wanted"), moves))
    table(rows)
    look_at("CE-1 and CE-2: aligned, stationary, and yet the guided direction is not zero.")
    figure(given, partial(draw, count), columns=4, size=(18.0, 4.2))
    assert min(moved["CE-1"] + moved["CE-2"]) > 0.01
    assert max(moved["J = -2 G"]) < 1e-12
    assert kept[0.33] == kept[0.0]
    assert not set(kept[0.34]) & set(kept[0.0])
    assert changed(drawn, shaping(drawn)) == 0 < changed(drawn, state_penalty(drawn))


if __name__ == "__main__":
    main()
