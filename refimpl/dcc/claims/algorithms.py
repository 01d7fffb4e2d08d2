"""Claims that the three pseudocodes are the loops run here [DCC Algorithms 1, 2, 3]."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from refimpl.dcc.claims.findings import inequality_value, relative_error, small_devices
from refimpl.dcc.model.congestion import power_law
from refimpl.dcc.model.exact import device_mdp
from refimpl.dcc.objective.coordination import objective
from refimpl.dcc.objective.local import LocalProblem, others_of
from refimpl.dcc.objective.response import (
    ResponseCurves,
    local_budget_curve,
    respond,
    response_curves,
)
from refimpl.dcc.train.coordination import (
    Ask,
    Base,
    Estimate,
    Estimator,
    Method,
    StepRule,
    coordinate,
)
from refimpl.dcc.train.exact_solver import exact
from refimpl.dcc.train.gradients import (
    multiplier_substitution,
    normalised_step,
    three_evaluations,
)
from refimpl.dcc.train.population import Population
from refimpl.findings import exactly
from refimpl.ledger import Claim, Context, Control, Finding, Kind

Floats = NDArray[np.float64]

N_DEVICES, N_UPDATES = 4, 5
NOISE, NOISE_EXPONENT, RATE = 0.05, 0.25, 0.25

published_differences = three_evaluations(NOISE, NOISE_EXPONENT)
published_step = normalised_step(RATE, 1.0)
constant_step = normalised_step(RATE, 0.0)


def check_loop(step_rule: StepRule, context: Context) -> Finding:
    """Replay five updates from zero: decreasing normalised steps, projected, budgets kept."""
    population = _population(context)
    run = _run(population, multiplier_substitution, step_rule, context.seed)
    worst = 0.0
    for k in range(N_UPDATES):
        coupling = run["coupling_path"][k, 0]
        gradient = run["own_path"][k, 0] + coupling.sum() - coupling
        length = max(1.0, float(np.abs(gradient).sum()))
        expected = run["budget_path"][k, 0] - RATE / (k + 1) * gradient / length
        moved = np.abs(run["budget_path"][k + 1, 0] - np.clip(expected, 0.0, 1.0))
        worst = max(worst, float(moved.max()))
    curves = _game_curves(context.seed)
    values = [objective(curves, b, population.congestion) for b in run["budget_path"][:, 0]]
    return exactly(
        max(worst, float(run["violation"].max())),
        1e-9,
        updates=float(N_UPDATES),
        first_cost_of_all_devices=values[0],
        last_cost_of_all_devices=values[-1],
        largest_excess_frequency=float(run["violation"].max()),
    )


def relieved(population: Population, base: Base, ask: Ask, rng: np.random.Generator) -> Estimate:
    """Three evaluations of which the coupling quotient enters with the wrong sign."""
    found = published_differences(population, base, ask, rng)
    return replace(found, coupling=-found.coupling)


def check_differences(estimator: Estimator, context: Context) -> Finding:
    """Compare recorded quotients with those of every admissible perturbation, from scratch."""
    population = _population(context)
    run, worst = _run(population, estimator, published_step, context.seed), 0.0
    for k in range(N_UPDATES):
        theta, size = run["budget_path"][k, 0], NOISE / (k + 1) ** NOISE_EXPONENT
        own = [_quotient(context.seed, theta, sign * size, 0.0) for sign in (-1, 1)]
        crowd = [_quotient(context.seed, theta, 0.0, n * size) for n in (-3, -1, 1, 3)]
        worst = max(worst, _nearest(run["own_path"][k, 0], own))
        worst = max(worst, _nearest(run["coupling_path"][k, 0], crowd))
    return exactly(worst, 1e-9, solves_per_device=float(run["solves"]), updates=float(N_UPDATES))


def unscaled_multiplier(
    population: Population, base: Base, ask: Ask, rng: np.random.Generator
) -> Estimate:
    """Substitution that forgets the factor 1 / (1 - gamma) of the own derivative."""
    found = multiplier_substitution(population, base, ask, rng)
    return replace(found, own=-base.multipliers)


def check_substitution(estimator: Estimator, context: Context) -> Finding:
    """Compare recorded derivatives with right difference quotients of the linear programs."""
    population = _population(context)
    run, worst = _run(population, estimator, published_step, context.seed), 0.0
    for k in range(N_UPDATES):
        own, crowd = _program_quotients(context.seed, run["budget_path"][k, 0], 1e-6)
        worst = max(worst, relative_error(run["own_path"][k, 0], own))
        worst = max(worst, relative_error(run["coupling_path"][k, 0], crowd))
    # a quotient errs by h d'' J_c / (2 (1 - gamma)), at most 1e-5 for frequencies J_c below 1/2
    return exactly(worst, 1e-5, solves_per_device=float(run["solves"]), updates=float(N_UPDATES))


@lru_cache(maxsize=4)
def _game(seed: int) -> Population:
    """Four drawn devices, ages 1..5 and batteries 0..5, squared penalty."""
    environment = small_devices(Context(seed=seed), 1, N_DEVICES)[0]
    return Population(tuple(environment), N_DEVICES, power_law(1.0, 2.0))


def _population(context: Context) -> Population:
    return _game(context.seed)


@lru_cache(maxsize=4)
def _game_curves(seed: int) -> ResponseCurves:
    mdps = [device_mdp(d) for d in _game(seed).devices]
    return response_curves([local_budget_curve(m) for m in mdps], mdps[0].gamma)


def _run(
    population: Population, estimator: Estimator, step_rule: StepRule, seed: int
) -> dict[str, NDArray[Any]]:
    method = Method(exact(population), estimator, step_rule, "exact")
    return coordinate(population, method, np.zeros((1, N_DEVICES)), N_UPDATES, seed)


def _quotient(seed: int, theta: Floats, own: float, crowd: float) -> Floats:
    """Difference quotient of every V_i when its own budget or its crowd is moved."""
    curves, congestion, others = _game_curves(seed), _game(seed).congestion, others_of(theta)
    moved, crowded = theta + own, np.maximum(others + crowd, 0.0)
    inside = (moved >= 0.0) & (moved <= 1.0)
    here = respond(curves, theta, others, congestion).values
    there = respond(curves, np.where(inside, moved, theta), crowded, congestion).values
    width = moved - theta + crowded - others
    valid = inside & (width != 0.0)
    return np.where(valid, (there - here) / np.where(valid, width, 1.0), np.inf)


def _program_quotients(seed: int, theta: Floats, h: float) -> tuple[Floats, Floats]:
    """Right quotients of every V_i by its budget and by its crowd, each value a linear program."""
    game, others = _game(seed), others_of(theta)
    own, crowd = np.zeros(theta.size), np.zeros(theta.size)
    for i, device in enumerate(game.devices):
        here = LocalProblem(device_mdp(device), theta[i], others[i], game.congestion)
        value = inequality_value(here)
        own[i] = (inequality_value(replace(here, budget=theta[i] + h)) - value) / h
        crowd[i] = (inequality_value(replace(here, others=others[i] + h)) - value) / h
    return own, crowd


def _nearest(found: Floats, candidates: list[Floats]) -> float:
    """Largest distance of an entry from its nearest candidate."""
    return float(np.min([np.abs(found - c) for c in candidates], axis=0).max())


CLAIMS = (
    Claim(
        "dcc/algorithm-1-loop",
        "Algorithm 1",
        "Local problems are solved at fixed budgets, then all budgets take one projected step with "
        "decreasing step size; five times.",
        ("DC-51a",),
        Kind.EXACT,
        check_loop,
        published_step,
        Control("steps that do not decrease", constant_step),
    ),
    Claim(
        "dcc/algorithm-2-differences",
        "Algorithm 2, App. D",
        "The gradient comes from three evaluations per device: at the point, with the own budget "
        "and with the others' sum perturbed.",
        ("DC-51b",),
        Kind.EXACT,
        check_differences,
        published_differences,
        Control("the coupling quotient enters with the wrong sign", relieved),
    ),
    Claim(
        "dcc/algorithm-3-multipliers",
        "Algorithm 3, App. E",
        "With exact solutions the own derivative is read from the multiplier and the coupling from "
        "the count; no further solution is needed.",
        ("DC-51c",),
        Kind.EXACT,
        check_substitution,
        multiplier_substitution,
        Control("the multiplier enters without the factor 1 / (1 - gamma)", unscaled_multiplier),
    ),
)
