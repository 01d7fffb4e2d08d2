"""Placement games solved by listing all that can happen: J, G, and what the samples estimate.

Shows: DG-PG eqs 1, 2, 7 to 12. Agents with softmax policies place jobs on two servers; J, G and
the law of both samples are finite sums. The score times the return has the mean grad J. The score
times the guidance coefficient has the mean grad G if loads are used and the state is the one after
the joint action; with the state before it, or with utilisations, it has another mean, unless
|z|^2 / 2 is subtracted. Over several steps, with loads that stay, no reading gives grad G: a
placement is felt in all later steps, and the coefficient looks at one.
Look at: the left picture, where a reading of eq. (8) has the wrong sign; one is zero throughout.
For: readers of eqs (8) to (12), implementers who wonder which x to use.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from _show import BLACK, BLUE, GREEN, ORANGE, RED, SKY, Row, figure, look_at, options, table

from linear_models.gradcheck import complex_step_jvp
from refimpl.dgpg.objective import guidance
from refimpl.dgpg.theory import estimators, games
from refimpl.dgpg.theory.counterexamples import energy, negative_deviation, unit_jobs
from refimpl.shared.seeds import generator

SPOT = unit_jobs(2, [0.332, 0.484], energy())


def random_game(rng: np.random.Generator, n_steps: int) -> tuple[games.Game, Any]:
    """Draw three agents with jobs of two resources on two servers, and logits."""
    capacity, demand = rng.uniform(0.3, 1.0, (2, 2)), rng.uniform(0.2, 1.0, (3, 2))
    game = games.Game(demand, capacity, negative_deviation(capacity, 2.0), gamma=0.9)
    half = replace(game, n_steps=n_steps, carry=lambda load: 0.5 * load)
    return half, rng.normal(size=(3, 2))


def slope_error(value: Any, logits: Any, gradient: Any, rng: np.random.Generator) -> float:
    """Compare a gradient with the complex step of what it is the gradient of."""
    direction = rng.normal(size=logits.shape)
    slope = float(complex_step_jvp(value, logits, direction))
    return abs(slope - float((gradient * direction).sum()))


def errors(count: int) -> dict[str, float]:
    """Largest errors of exact gradients and of the samples' means over random games."""
    rng, found = generator(0, "example", "games"), dict.fromkeys("", 0.0)
    for k in range(count):
        game, logits = random_game(rng, 1 + k % 2)
        of_j, of_g = games.gradients(game, logits)
        sampled = estimators.mean(game, logits, estimators.return_samples(game, logits)) - of_j
        one = replace(game, n_steps=1)
        guided = estimators.guidance_gradient(one, logits) - games.gradients(one, logits)[1]
        value, deviation = (partial(f, game) for f in (games.performance, games.expected_deviation))
        each = {
            "grad J, complex step": slope_error(value, logits, of_j, rng),
            "grad G, complex step": slope_error(deviation, logits, of_g, rng),
            "eq. 2: mean of score x return": float(np.abs(sampled).max()),
            "eq. 9, one step, loads after": float(np.abs(guided).max()),
        }
        found = {name: max(found.get(name, 0.0), error) for name, error in each.items()}
    return found


def by_reading(p: float) -> dict[str, float]:
    """Differentiate G in utilisations by the first agent's logit, exactly and by each reading."""
    logits, seen = games.logits_of([p, 0.184]), games.outcomes(SPOT)
    excess = (seen.after - SPOT.target(seen.after)) / SPOT.capacity
    deviations = 0.5 * (excess**2).sum(axis=(2, 3))[:, 0]
    found = {r.name: estimators.guidance_gradient(SPOT, logits, r) for r in guidance.READINGS}
    found = {"exact": games.gradient(logits, seen.actions, deviations), **found}
    return {name: float(slope[0, 0]) for name, slope in found.items()}


def over_time(kept: float, n_steps: int) -> tuple[float, float]:
    """Differentiate G over steps, exactly and by guidance, if a part of the load stays."""
    base = unit_jobs(2, [1.0, 1.0], negative_deviation(np.ones((2, 1))))
    game = replace(base, n_steps=n_steps, carry=lambda load: kept * load)
    logits = games.logits_of([0.7, 0.6])
    guided = estimators.guidance_gradient(game, logits, guidance.CORRECTED_LOAD)
    return float(games.gradients(game, logits)[1][0, 0]), float(guided[0, 0])


def draw(kept: Any, lines: Any, steps: int, left: Any, right: Any) -> None:
    at = np.linspace(0.02, 0.98, 49)
    found = [by_reading(float(p)) for p in at]
    names = [name for name in found[0] if "load" not in name]
    for name, colour in zip(names, (BLACK, BLUE, ORANGE, GREEN, SKY, RED), strict=True):
        style = "-" if name == "exact" else ":" if "mixed" in name else "--"
        left.plot(at, [f[name] for f in found], style, color=colour, label=name)
    left.set(title="dG / d logit, utilisations", xlabel="P(server 0), agent 0", ylim=(-0.9, 0.2))
    right.plot(kept, [a for a, _ in lines], color=BLACK, label="exact grad G")
    right.plot(kept, [b for _, b in lines], "--", color=RED, label="mean of corrected guidance")
    right.set(title=f"{steps} steps, loads", xlabel="part of the load that stays")


def main() -> None:
    given = options(__doc__ or "", __file__)
    rounding, readings = errors(given.choose(6, 40, 200)), by_reading(0.796)
    rows: list[Row] = [(f"{k}: largest error", (0.0, "exact"), e) for k, e in rounding.items()]
    for name, slope in readings.items():
        if "load" not in name:
            rows.append((f"dG/d logit, {name}", (readings["exact"], "exact"), slope))
    steps, kept = given.choose(3, 5, 7), np.linspace(0.0, 1.0, 11)
    lines = [over_time(float(rho), steps) for rho in kept]
    for k in (0, 5, 9):
        exact, guided = lines[k]
        rows.append((f"{steps} steps, {kept[k]:.1f} stays: guidance", (exact, "grad G"), guided))
    table(rows)
    look_at("which differences are rounding: one step, loads or corrected, state after the action.")
    figure(given, partial(draw, kept, lines, steps), columns=2, size=(12.0, 4.2))
    assert max(rounding.values()) < 1e-12
    assert abs(readings["corrected, utilization"] - readings["exact"]) < 1e-12
    assert readings["after, utilization"] * readings["exact"] < 0.0
    assert abs(lines[0][0] - lines[0][1]) < 1e-12 < lines[-1][0] - lines[-1][1]


if __name__ == "__main__":
    main()
