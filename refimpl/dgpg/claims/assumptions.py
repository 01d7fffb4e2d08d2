"""Claims about the two assumptions: exogeneity and alignment of the reference."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from linear_models.gradcheck import complex_step_jvp
from refimpl.dgpg.claims.definitions import random_game
from refimpl.dgpg.theory.fluid import (
    expected_carried_total,
    fluid_deviation,
    frozen_reference_error,
    rises_along_ray,
    two_sided_gradient,
)
from refimpl.dgpg.theory.games import law, outcomes
from refimpl.findings import only_under
from refimpl.ledger import Claim, Context, Control, Finding, Kind, Verdict

Floats = NDArray[np.float64]


ROUNDING = 1e-12


SPEEDS = (1.08, 0.70)


def check_exogeneity(speeds: tuple[float, float], context: Context) -> Finding:
    """Differentiate the expected reference by the policy: within a step, half a unit later."""
    rng = context.rng("dgpg", "exogeneity")
    game, logits = random_game(rng), rng.normal(size=(3, 2))
    seen = outcomes(game)
    target = game.target(seen.after)[:, 0, 0, 0]
    within = complex_step_jvp(
        lambda at: np.asarray(law(at, seen.actions) @ target), logits, rng.normal(size=(3, 2))
    )
    later = {name: _reference_slope(each) for name, each in (("at", speeds), ("table_4", SPEEDS))}
    error = max(abs(float(within)), abs(later["at"]))
    return only_under(
        "one step, or all servers equally fast: otherwise the load that is left, and with it the "
        "reference, depends on earlier placements",
        error <= ROUNDING,
        slope_within_a_step=float(within),
        slope_half_a_unit_later=later["at"],
        slope_at_speeds_of_table_4=later["table_4"],
    )


def _reference_slope(speeds: tuple[float, float]) -> float:
    """Differentiate each server's reference, two equal servers, by the chance of the first."""
    left = 1.0 - 0.5 * np.array(speeds)
    one, direction = np.array(0.5), np.array(1.0)
    return 0.5 * float(complex_step_jvp(lambda p: expected_carried_total(p, left), one, direction))


def check_stop_gradient(capacity: Floats, context: Context) -> Finding:
    """Gradient with the reference frozen against the gradient of the expected deviation."""
    rng = context.rng("dgpg", "stop gradient")
    logits, work, left = rng.normal(size=(3, 3)), np.ones(3), np.array([0.46, 0.65, 0.55])
    unequal = np.array([1.0, 2.0, 4.0])
    return only_under(
        "servers of equal capacity, where the deviation sums to zero, or equally fast, where the "
        "total is conserved; otherwise freezing the reference gives a semi-gradient",
        _frozen_error(logits, work, left, capacity) <= ROUNDING,
        relative_error=_frozen_error(logits, work, left, capacity),
        relative_error_capacities_1_2_4=_frozen_error(logits, work, left, unequal),
        relative_error_equally_fast=_frozen_error(logits, work, np.full(3, 0.5), unequal),
    )


def _frozen_error(logits: Floats, work: Floats, left: Floats, capacity: Floats) -> float:
    """Distance of the frozen gradient from the exact one by complex steps, relative."""
    frozen, _ = frozen_reference_error(logits, work, left, capacity)
    exact = np.zeros_like(logits)
    for place in np.ndindex(*logits.shape):
        unit = np.zeros_like(logits)
        unit[place] = 1.0
        exact[place] = complex_step_jvp(
            lambda at: fluid_deviation(at, work, left, capacity), logits, unit
        )
    return float(np.linalg.norm(frozen - exact) / np.linalg.norm(exact))


def check_reference_is_best(distance: float, context: Context) -> Finding:
    """Alignment of a concave performance whose maximum lies some way from the reference.

    The statement under test is that the reference need not be the maximum.
    """
    rng, worst, rise = context.rng("dgpg", "alignment"), np.inf, np.inf
    for _ in range(50):
        reference, x = rng.uniform(1.0, 2.0, 3), rng.uniform(0.0, 3.0, 3)
        best = reference + distance * np.array([1.0, -1.0, 0.0])
        ray = best + np.linspace(0.0, 1.0, 101)[:, None] * (reference - best)
        states = np.vstack([ray, rng.uniform(0.0, 3.0, (100, 3))])
        slopes = np.array([two_sided_gradient(s, best, 1.0, 3.0) for s in states])
        worst = min(worst, float((slopes * (reference - states)).sum(axis=1).min()))
        rise = min(rise, rises_along_ray(partial(_two_sided, best), x, reference))
    aligned = worst >= -ROUNDING and rise >= -ROUNDING
    evidence = {
        "least_alignment": worst,
        "least_rise_towards_reference": rise,
        "ray_identity_error": ray_identity_error(rng),
    }
    return Finding(Verdict.HOLDS if aligned else Verdict.REFUTED, evidence)


def ray_identity_error(rng: np.random.Generator) -> float:
    """Return how far the alignment, integrated along rays, is from ``J(xr) - J(x)``.

    For any performance: ``int_0^1 <grad J(x_t), xr - x_t> / (1 - t) dt``, so a state better than
    the reference has a misaligned state on its way there. Here for a wave, by 30 Gauss points.
    """
    nodes, weights = np.polynomial.legendre.leggauss(30)
    error = 0.0
    for _ in range(20):
        wave, x, reference = rng.normal(size=(3, 3))
        along = x + 0.5 * (nodes[:, None] + 1.0) * (reference - x)
        slopes = np.cos(along @ wave) * (wave @ (reference - x))
        rise = np.sin(reference @ wave) - np.sin(x @ wave)
        error = max(error, abs(float(0.5 * weights @ slopes - rise)))
    return error


def _two_sided(best: Floats, x: Floats) -> float:
    excess = x - best
    return float(-0.5 * (np.where(excess >= 0.0, 1.0, 3.0) * excess**2).sum())


CLAIMS = (
    Claim(
        "dgpg/exogeneity",
        "Assumption 4.1, eq. 4",
        "The reference does not depend on the policy.",
        ("DG-04",),
        Kind.EXACT,
        check_exogeneity,
        (0.9, 0.9),
        Control("efficiencies 1.08 and 0.70 of Table 4", SPEEDS),
    ),
    Claim(
        "dgpg/stop-gradient",
        "App. B, App. C.2",
        "Treating the reference as constant makes exogeneity true at no cost.",
        ("DG-63",),
        Kind.EXACT,
        check_stop_gradient,
        np.ones(3),
        Control("capacities 1, 2 and 4", np.array([1.0, 2.0, 4.0])),
    ),
    Claim(
        "dgpg/reference-need-not-be-best",
        "Assumption 4.2, sec. 4.1",
        "A reference can be aligned everywhere without being a maximum of the performance.",
        ("DG-05", "DG-64"),
        Kind.EXACT,
        check_reference_is_best,
        0.1,
        Control("the reference is the maximum", 0.0),
    ),
)
