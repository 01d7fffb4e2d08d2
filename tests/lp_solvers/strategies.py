"""Random MDPs and constrained MDPs, valid by construction.

Probabilities come from small integer weights and most costs are small integers, so ties, states
that are never reached, deterministic transitions and degenerate optima are common.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import hypothesis.strategies as st
import numpy as np
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from lp_solvers.constrained_mdp import ConstrainedMDP, constrained_mdp
from lp_solvers.finite_mdp import FiniteMDP, finite_mdp, with_cost
from lp_solvers.occupancy import occupancy_of_policy
from lp_solvers.policy_iteration import policy_iteration

Array = NDArray[np.float64]
Draw = Callable[[st.SearchStrategy[Any]], Any]

discounts = st.sampled_from([0.0, 0.5, 0.9]) | st.floats(0.2, 0.98)


def distributions(shape: tuple[int, ...]) -> st.SearchStrategy[Array]:
    """Arrays whose last axis holds distributions, many of them with zeros or on one point."""

    def normalised(weights: Array, sure: Array) -> Array:
        # Where all weights are zero the mass goes to one point.
        points = np.eye(shape[-1])[sure]
        weights = np.where(weights.any(axis=-1, keepdims=True), weights, points)
        result: Array = weights / weights.sum(axis=-1, keepdims=True)
        return result

    weights = hnp.arrays(np.float64, shape, elements=st.integers(0, 3).map(float))
    sure = hnp.arrays(np.int64, shape[:-1], elements=st.integers(0, shape[-1] - 1))
    return st.builds(normalised, weights, sure)


def costs(shape: tuple[int, ...], low: int = 0) -> st.SearchStrategy[Array]:
    """Arrays of small integers, or of thousandths without structure.

    Differences are never tiny: LP solvers take reduced costs below 1e-10 for zero.
    """
    integers = hnp.arrays(np.float64, shape, elements=st.integers(low, 4).map(float))
    thousandths = st.integers(1000 * low, 4000).map(lambda k: k / 1000.0)
    return integers | hnp.arrays(np.float64, shape, elements=thousandths)


@st.composite
def masks(draw: Draw, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Which actions are allowed: at least one in every state."""
    mask: NDArray[np.bool_] = draw(hnp.arrays(np.bool_, shape))
    sure = draw(hnp.arrays(np.int64, shape[:1], elements=st.integers(0, shape[1] - 1)))
    mask[np.arange(shape[0]), sure] = True
    return mask


@st.composite
def mdps(draw: Draw, max_states: int = 4, max_actions: int = 3) -> FiniteMDP:
    """Finite MDPs."""
    n, k = draw(st.integers(1, max_states)), draw(st.integers(1, max_actions))
    return finite_mdp(
        draw(distributions((n, k, n))),
        draw(costs((n, k), low=-2)),
        draw(discounts),
        draw(distributions((n,))),
        draw(masks((n, k))),
    )


@st.composite
def policies(draw: Draw, mdp: FiniteMDP) -> Array:
    """Stochastic policies of ``mdp``, many of them deterministic in some states."""
    weights = draw(hnp.arrays(np.float64, mdp.cost.shape, elements=st.integers(0, 3).map(float)))
    weights = np.where(mdp.allowed, weights, 0.0)
    weights = np.where(weights.any(axis=1, keepdims=True), weights, mdp.allowed)
    policy: Array = weights / weights.sum(axis=1, keepdims=True)
    return policy


@st.composite
def feasible_cmdps(
    draw: Draw, max_constraints: int = 1, max_states: int = 3, max_actions: int = 3
) -> ConstrainedMDP:
    """Constrained MDPs that some policy satisfies: budgets are its own counts, or a little more."""
    mdp = draw(mdps(max_states, max_actions))
    m = draw(st.integers(1, max_constraints))
    constraint_costs = draw(costs((m, *mdp.cost.shape)))
    occupancy = occupancy_of_policy(mdp, draw(policies(mdp)))
    slack = draw(hnp.arrays(np.float64, (m,), elements=st.sampled_from([0.0, 0.0, 0.25, 2.0])))
    budgets = np.tensordot(constraint_costs, occupancy, axes=2) + slack
    return constrained_mdp(mdp, constraint_costs, budgets)


@st.composite
def infeasible_cmdps(draw: Draw) -> ConstrainedMDP:
    """Constrained MDPs whose one budget is a fraction, at most 0.99, of the least count."""
    mdp = draw(mdps(3, 3))
    constraint_cost = draw(costs(mdp.cost.shape)) + 1.0
    least = mdp.start @ policy_iteration(with_cost(mdp, constraint_cost)).value
    return constrained_mdp(mdp, constraint_cost, least * draw(st.sampled_from([0.0, 0.5, 0.99])))


@st.composite
def relabellings(draw: Draw, mdp: FiniteMDP) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Permutations of the states and of the actions."""
    return (
        np.array(draw(st.permutations(range(mdp.n_states)))),
        np.array(draw(st.permutations(range(mdp.n_actions)))),
    )


def random_mdp(
    rng: np.random.Generator, n_states: int, n_actions: int, gamma: float = 0.95
) -> FiniteMDP:
    """Larger MDP without structure: about five next states a row, costs uniform on [0, 1]."""
    weights = rng.dirichlet(np.ones(n_states), (n_states, n_actions))
    weights[weights < np.sort(weights, axis=-1)[..., -min(5, n_states), None]] = 0.0
    transitions = weights / weights.sum(axis=-1, keepdims=True)
    start = np.full(n_states, 1.0 / n_states)
    return finite_mdp(transitions, rng.random((n_states, n_actions)), gamma, start)
