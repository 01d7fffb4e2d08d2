"""Claims about the guidance coefficient: eqs. 8, 9, 12, sec. 4.2, App. D."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from linear_models.gradcheck import complex_step_jvp
from refimpl.dgpg.objective.guidance import (
    AFTER_LOAD,
    AFTER_MIXED,
    AFTER_UTILIZATION,
    BEFORE_LOAD,
    BEFORE_UTILIZATION,
    CORRECTED_LOAD,
    CORRECTED_UTILIZATION,
    Guidance,
    Placements,
)
from refimpl.dgpg.objective.reference import deviation, reference_state
from refimpl.dgpg.theory.collisions import conditional, uniform
from refimpl.dgpg.theory.counterexamples import negative_deviation, unit_jobs
from refimpl.dgpg.theory.estimators import coefficients, guidance_gradient
from refimpl.dgpg.theory.games import (
    Game,
    Outcomes,
    gradient,
    gradients,
    law,
    logits_of,
    outcomes,
)
from refimpl.dgpg.theory.influence import influences
from refimpl.dgpg.theory.variance import conditional_moments
from refimpl.findings import exactly, only_under
from refimpl.ledger import Claim, Context, Control, Finding, Kind, Verdict

Floats = NDArray[np.float64]
ROUNDING = 1e-12


def balanced(n_agents: int, n_servers: int) -> Game:
    """Return unit jobs on equal servers with the reward ``-d``."""
    capacity = [1.0] * n_servers
    return unit_jobs(n_agents, capacity, negative_deviation(np.ones((n_servers, 1))))


def in_load(influence: Floats, load: Floats) -> Floats:
    """Return how the load changes, (K, K, R) by action."""
    del load
    return influence


def in_shares(influence: Floats, load: Floats) -> Floats:
    """Return how each server's share of the total changes: one job moves all of them."""
    total = load.sum(axis=0)
    shares: Floats = (load + influence) / (total + influence.sum(axis=1)[:, None]) - load / total
    return shares


def check_local(change: Callable[[Floats, Floats], Floats], context: Context) -> Finding:
    """Entries of the state that one action moves, and the coefficient against its formula."""
    rng = context.rng("dgpg", "influence")
    load, capacity = rng.uniform(1.0, 2.0, (4, 2)), rng.uniform(1.0, 2.0, (4, 2))
    demand = rng.uniform(0.5, 1.0, 2)
    touched = (np.abs(change(influences(demand, 4), load)) > ROUNDING).sum(axis=(1, 2))
    after = load + influences(demand, 4)[2]
    placed = Placements(np.array([0]), np.array([2]), demand[None])
    found = AFTER_LOAD.coefficient(after[None], capacity[None], placed)[0]
    excess = after[2] - capacity[2] / capacity.sum(axis=0) * after.sum(axis=0)
    error = abs(float(found - excess @ demand)) + float(np.abs(touched - 2).max())
    return exactly(error, ROUNDING, entries_moved=float(touched.max()), entries=8.0)


def _deviation_from(reference: Floats, load: Floats) -> Floats:
    return deviation(load, reference)


def check_first_order(reading: Guidance, context: Context) -> Finding:
    """Coefficient against the change of the deviation when the job is taken away."""
    rng, error, first_order = context.rng("dgpg", "first order"), 0.0, 0.0
    for _ in range(20):
        after, capacity = rng.uniform(1.0, 2.0, (4, 2)), rng.uniform(1.0, 2.0, (4, 2))
        demand, reference = rng.uniform(0.2, 1.0, 2), reference_state(after, capacity)
        z = influences(demand, 4)[1]
        exact = deviation(after, reference) - deviation(after - z, reference)
        placed = Placements(np.array([0]), np.array([1]), demand[None])
        found = float(reading.coefficient(after[None], capacity[None], placed)[0])
        error = max(error, abs(float(exact) - found))
        slope = complex_step_jvp(partial(_deviation_from, reference), after, z)
        plain = float(AFTER_LOAD.coefficient(after[None], capacity[None], placed)[0])
        first_order = max(first_order, abs(float(slope) - plain))
    return only_under(
        "to first order; the change that a discrete action makes is <x - xr, z> - |z|^2 / 2, the "
        "difference reward of -d with its sign turned",
        error <= ROUNDING and first_order <= ROUNDING,
        largest_error=error,
        error_of_the_derivative=first_order,
    )


SPOT = Game(np.ones((2, 1)), np.array([[0.332], [0.484]]), lambda x: -x[..., 0, 0])
"""Two unit jobs on servers of capacities 0.332 and 0.484."""


def utilization_deviations(game: Game, seen: Outcomes) -> Floats:
    """Return half the squared distance (P,) of utilisations from their reference."""
    excess = (seen.after - game.target(seen.after)) / game.capacity
    half: Floats = 0.5 * (excess**2).sum(axis=(2, 3))[:, 0]
    return half


def check_guidance_gradient(reading: Guidance, context: Context) -> Finding:
    """Mean of the guidance samples against G's gradient; what other readings give."""
    rng, error = context.rng("dgpg", "guidance gradient"), 0.0
    for _ in range(5):
        capacity, demand = rng.uniform(0.3, 1.0, (2, 2)), rng.uniform(0.2, 1.0, (3, 2))
        game = Game(demand, capacity, negative_deviation(capacity))
        logits = rng.normal(size=(3, 2))
        found = guidance_gradient(game, logits, reading)
        error = max(error, float(np.abs(found - gradients(game, logits)[1]).max()))
    return only_under(
        "x is the state after the joint action and |z_i(a)| the same for all actions, as with "
        "loads but not with utilisations; subtracting |z|^2 / 2 is exact in either unit",
        error <= ROUNDING,
        largest_error=error,
        **_spot_values(),
    )


def _spot_values() -> dict[str, float]:
    """First agent's derivative at p = 0.796, q = 0.184, and at p = q = 3/4 on equal servers."""
    logits, seen = logits_of([0.796, 0.184]), outcomes(SPOT)
    exact = gradient(logits, seen.actions, utilization_deviations(SPOT, seen))
    equal, at = balanced(2, 2), logits_of([0.75, 0.75])
    readings = {
        "utilization_after": AFTER_UTILIZATION,
        "utilization_before": BEFORE_UTILIZATION,
        "utilization_mixed_units": AFTER_MIXED,
        "utilization_corrected": CORRECTED_UTILIZATION,
    }
    found = {
        name: float(guidance_gradient(SPOT, logits, each)[0, 0]) for name, each in readings.items()
    }
    return {
        "utilization_exact": float(exact[0, 0]),
        **found,
        "equal_servers_exact": float(gradients(equal, at)[1][0, 0]),
        "equal_servers_before": float(guidance_gradient(equal, at, BEFORE_LOAD)[0, 0]),
    }


def lasting(persistence: float) -> Game:
    """Return two agents, two equal servers, two steps; a share of the load stays."""
    return replace(balanced(2, 2), n_steps=2, carry=lambda load: persistence * load)


def check_over_time(persistences: tuple[float, ...], context: Context) -> Finding:
    """Guidance mean against G's gradient over two steps, at p = 0.7, q = 0.6."""
    del context
    evidence: dict[str, float] = {}
    logits, error = logits_of([0.7, 0.6]), 0.0
    for rho in persistences:
        game = lasting(rho)
        exact = float(gradients(game, logits)[1][0, 0])
        found = float(guidance_gradient(game, logits, CORRECTED_LOAD)[0, 0])
        error = max(error, abs(exact - found))
        evidence |= {f"exact_at_{rho}": exact, f"guidance_at_{rho}": found}
    return exactly(error, ROUNDING, **evidence)


def check_noise_free(reading: Guidance, context: Context) -> Finding:
    """Variance of the coefficient given the own action, uniform policies."""
    del context
    evidence = {
        f"{n}_agents_{k}_servers": noise_given_own_action(balanced(n, k), reading)
        for n, k in ((2, 2), (4, 2), (6, 2), (3, 3), (4, 4))
    }
    bias = _bias(reading)
    closed = {
        f"closed_form_{n}_servers": float(conditional(n, uniform(n)).var_coefficient[0])
        for n in (10, 100)
    }
    return exactly(max(evidence.values()), ROUNDING, **evidence, **closed, bias_at_3_4=bias)


def noise_given_own_action(game: Game, reading: Guidance) -> float:
    """Return the largest conditional variance of an agent's coefficient, uniform policies."""
    seen = outcomes(game)
    probability = law(np.zeros((game.n_agents, game.n_servers)), seen.actions)
    value = coefficients(game, seen, reading)[:, 0, 0]
    _, _, variance = conditional_moments(probability, seen.actions[:, 0, 0], value)
    return float(variance.max())


def _bias(reading: Guidance) -> float:
    game, logits = balanced(2, 2), logits_of([0.75, 0.75])
    error = guidance_gradient(game, logits, reading) - gradients(game, logits)[1]
    return float(np.abs(error).max())


def check_bounded_by_determinism(sizes: tuple[tuple[int, int], ...], context: Context) -> Finding:
    """Return whether being a function of the trajectory keeps the noise from growing."""
    del context
    noise = [float(conditional(n, uniform(k)).var_coefficient[0]) for n, k in sizes]
    evidence = {f"noise_at_{n}": value for (n, _), value in zip(sizes, noise, strict=True)}
    bounded = noise[-1] <= 1.5 * noise[0]
    return Finding(Verdict.HOLDS if bounded else Verdict.REFUTED, evidence)


CLAIMS = (
    Claim(
        "dgpg/local-influence",
        "sec. 4.1, App. D",
        "A job moves only the chosen server's entries; the coefficient is excess times demand.",
        ("DG-14", "DG-16"),
        Kind.EXACT,
        check_local,
        in_load,
        Control("the state holds each server's share of the total", in_shares),
    ),
    Claim(
        "dgpg/change-of-deviation",
        "eq. 8",
        "The deviation changes through agent i by the inner product of x - xr and z_i.",
        ("DG-08",),
        Kind.EXACT,
        check_first_order,
        CORRECTED_LOAD,
        Control("no second-order term", AFTER_LOAD),
    ),
    Claim(
        "dgpg/guidance-gradient",
        "eqs. 9, 12",
        "The gradient of G is the mean of score times guidance coefficient.",
        ("DG-09", "DG-11c"),
        Kind.EXACT,
        check_guidance_gradient,
        AFTER_LOAD,
        Control("the state that the agents saw, before they acted", BEFORE_LOAD),
    ),
    Claim(
        "dgpg/guidance-gradient-over-time",
        "eq. 9",
        "The same holds for the sum over steps under the state visitation distribution.",
        ("DG-10",),
        Kind.EXACT,
        check_over_time,
        (0.0, 0.5, 0.9),
        Control("no load persists", (0.0,)),
    ),
    Claim(
        "dgpg/noise-free-coefficient",
        "sec. 4.2, abstract",
        "Given the own action the guidance coefficient does not depend on what others sample.",
        ("DG-15",),
        Kind.EXACT,
        check_noise_free,
        AFTER_LOAD,
        Control("the state before the action, which is biased", BEFORE_LOAD),
    ),
    Claim(
        "dgpg/deterministic-given-trajectory",
        "App. F",
        "A coefficient computed from the trajectory has a variance that does not grow with N.",
        ("DG-36",),
        Kind.EXACT,
        check_bounded_by_determinism,
        ((10, 2), (100, 2), (1000, 2)),
        Control("as many servers as agents", ((10, 10), (100, 100), (1000, 1000))),
    ),
)
