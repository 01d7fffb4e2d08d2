"""Claims about the constrained program of one device [DCC sec. 4.2, eqs. 8, 9, 19]."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lp_solvers import lagrangian
from lp_solvers.constrained_mdp import (
    CMDPSolution,
    ConstrainedMDP,
    solve_by_lp,
)
from lp_solvers.finite_mdp import FiniteMDP, start_value
from lp_solvers.occupancy import (
    occupancy_of_policy,
    policy_from_occupancy,
)
from refimpl.dcc.claims.findings import random_policy, relative_error, toy, toy_problem
from refimpl.dcc.model.device import OFFLOAD
from refimpl.dcc.objective.local import (
    discounted_reward,
    local_cmdp,
    offload_frequency,
)
from refimpl.findings import exactly
from refimpl.ledger import Claim, Context, Control, Finding, Kind

Floats = NDArray[np.float64]
Solve = Callable[[ConstrainedMDP], CMDPSolution]


def unnormalised_count(mdp: FiniteMDP, policy: ArrayLike) -> float:
    """Discounted offloading count, without the factor 1 - gamma."""
    return offload_frequency(mdp, policy) / (1.0 - mdp.gamma)


def check_measures(frequency: Callable[[FiniteMDP, ArrayLike], float], context: Context) -> Finding:
    """J_r and J_c of random policies against 1500 terms of their series."""
    rng, mdp, horizon = context.rng("dcc", "discounted-measures"), toy(), 1500
    worst = 0.0
    for _ in range(3):
        policy = random_policy(mdp, rng)
        chain = np.einsum("sa,sat->st", policy, mdp.P)
        law, reward, count = mdp.start, 0.0, 0.0
        for t in range(horizon):
            local, uses = np.sum(policy * mdp.cost, axis=1), policy[:, OFFLOAD]
            reward += mdp.gamma**t * float(law @ (local + uses * 0.9))
            count += mdp.gamma**t * float(law @ uses)
            law = law @ chain
        worst = max(
            worst,
            abs(discounted_reward(toy_problem(0.1), policy) / reward - 1.0),
            abs(frequency(mdp, policy) / ((1.0 - mdp.gamma) * count) - 1.0),
        )
    return exactly(worst, 1e-11, largest_possible_frequency=1.0)


def without_budget(cmdp: ConstrainedMDP) -> CMDPSolution:
    """Solution of the same program with the budget row dropped."""
    free = replace(cmdp, budgets=np.full(1, 1.0 / (1.0 - cmdp.mdp.gamma)))
    return solve_by_lp(free)


def check_program(solve: Solve, context: Context) -> Finding:
    """Value, budget and randomisation of the extracted policy, by a linear solve of its own."""
    del context
    value_error = excess = 0.0
    randomised, worst_certificate = 0, 0.0
    for budget in (0.05, 0.1, 0.2, 0.4):
        cmdp = local_cmdp(toy_problem(budget))
        found = solve(cmdp)
        value_error = max(value_error, abs(start_value(cmdp.mdp, found.policy) / found.value - 1))
        excess = max(excess, offload_frequency(toy(), found.policy) - budget)
        visited = found.occupancy.sum(axis=1) > 1e-9
        randomised = max(randomised, int(np.sum(visited & (found.policy.max(axis=1) < 1 - 1e-9))))
        worst_certificate = max(worst_certificate, found.certificate.worst)
        value_error = max(value_error, abs(lagrangian.solve(cmdp).value / found.value - 1))
    return exactly(
        max(value_error, excess),
        1e-9,
        relative_value_error=value_error,
        excess_frequency=excess,
        randomising_states=float(randomised),
        certificate_residual=worst_certificate,
    )


def mixed_occupancy(mdp: FiniteMDP, first: Floats, second: Floats, share: float) -> Floats:
    """Mixture of the occupancies of two policies."""
    one, two = occupancy_of_policy(mdp, first), occupancy_of_policy(mdp, second)
    return (1.0 - share) * one + share * two


def occupancy_of_mixture(mdp: FiniteMDP, first: Floats, second: Floats, share: float) -> Floats:
    """Occupancy of the policy that mixes the two policies' actions state by state."""
    return occupancy_of_policy(mdp, (1.0 - share) * first + share * second)


def check_convexity(
    mix: Callable[[FiniteMDP, Floats, Floats, float], Floats], context: Context
) -> Finding:
    """Mix occupancies: the results must be occupancies, with the mixed values."""
    rng, mdp = context.rng("dcc", "occupation-set"), toy()
    worst = flow = mass = 0.0
    for share in (0.25, 0.5, 0.9):
        first, second = random_policy(mdp, rng), random_policy(mdp, rng)
        x = mix(mdp, first, second, share)
        flow = max(flow, float(np.abs(mdp.flow.T @ x.ravel() - mdp.start).max()))
        own = occupancy_of_policy(mdp, policy_from_occupancy(x, mdp.allowed))
        worst = max(worst, relative_error(own, x))
        mass = max(mass, float(x.sum()))
        straight = (1 - share) * start_value(mdp, first) + share * start_value(mdp, second)
        worst = max(worst, abs(float(np.sum(x * mdp.cost)) / straight - 1.0))
    return exactly(max(worst, flow), 1e-11, flow_residual=flow, largest_mass=mass)


def by_total_mass(x: Floats, allowed: NDArray[np.bool_]) -> Floats:
    """Policy that divides by the mean mass of a state instead of its own, then by the row sum."""
    shares = np.maximum(x, 0.0) / x.sum(axis=0, keepdims=True)
    return policy_from_occupancy(shares, allowed)


def check_recovery(
    recover: Callable[[Floats, NDArray[np.bool_]], Floats], context: Context
) -> Finding:
    """Occupancy of the recovered policy against the optimal occupancy it came from."""
    del context
    worst = 0.0
    for budget in (0.05, 0.2, 0.5):
        found = solve_by_lp(local_cmdp(toy_problem(budget)))
        own = occupancy_of_policy(toy(), recover(found.occupancy, toy().allowed))
        worst = max(worst, relative_error(own, found.occupancy))
    return exactly(worst, 1e-9, unvisited_states=float(np.sum(found.occupancy.sum(axis=1) < 1e-9)))


CLAIMS = (
    Claim(
        "dcc/discounted-measures",
        "eqs. 8, 9",
        "J_r is the discounted approximate cost, J_c the normalised discounted offloading count.",
        ("DC-16",),
        Kind.EXACT,
        check_measures,
        offload_frequency,
        Control("J_c without the factor 1 - gamma", unnormalised_count),
    ),
    Claim(
        "dcc/cmdp-by-occupation-measures",
        "sec. 4.2, eq. 19",
        "The local constrained problem is solved by the linear program over occupation measures.",
        ("DC-17", "DC-36"),
        Kind.EXACT,
        check_program,
        solve_by_lp,
        Control("the budget row is dropped", without_budget),
    ),
    Claim(
        "dcc/occupation-set-convex",
        "App. A.3",
        "The set of occupation measures is convex and compact, and values are linear on it.",
        ("DC-37",),
        Kind.EXACT,
        check_convexity,
        mixed_occupancy,
        Control("policies are mixed state by state instead of occupancies", occupancy_of_mixture),
    ),
    Claim(
        "dcc/policy-from-occupation",
        "App. A.3",
        "The policy x(s, a) / sum_a x(s, a) read from an optimal occupation measure is optimal.",
        ("DC-38",),
        Kind.EXACT,
        check_recovery,
        policy_from_occupancy,
        Control("normalised over the states of each action first", by_total_mass),
    ),
)
