"""Constrained MDPs: least discounted cost subject to budgets on other discounted costs.

    minimise    E[ sum_t gamma^t cost(s_t, a_t) ]
    subject to  E[ sum_t gamma^t constraint_costs[i](s_t, a_t) ] <= budgets[i],   i = 1..m

over all policies. Over occupancies it is a linear program, the *primal*; pricing the constraints
with multipliers ``y >= 0`` gives the *dual*: maximise the concave piecewise linear function

    g(y) = min over policies of  E[ sum_t gamma^t (cost + y . constraint_costs) ] - y . budgets,

which is one unconstrained MDP for every ``y``. Both have the same optimal value (Altman 1999). A
vertex of the primal randomises in at most ``m`` states.

Convention: costs, budgets and counts are unnormalised discounted sums; a multiplier is the dual of
the unnormalised constraint, ``y >= 0`` and ``d value / d budget = -y``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray

from lp_solvers import highs, validation
from lp_solvers.certificate import TOLERANCE, Certificate, verify
from lp_solvers.errors import CertificateError, InfeasibleError
from lp_solvers.finite_mdp import (
    EPS,
    FiniteMDP,
    bellman_q,
    deterministic,
    greedy,
    pair_array,
    with_cost,
)
from lp_solvers.linear_program import LinearProgram, LPSolution
from lp_solvers.occupancy import (
    occupancy_from_pairs,
    occupancy_lp,
    occupancy_of_policy,
    policy_from_occupancy,
    visited,
)
from lp_solvers.policy_iteration import policy_iteration

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ConstrainedMDP:
    """A validated constrained MDP; build it with :func:`constrained_mdp`.

    Attributes
    ----------
    mdp : FiniteMDP
        Process and objective.
    constraint_costs : (m, S, A) float
        Constrained costs per step; 0 where disallowed.
    budgets : (m,) float
        Largest allowed expected discounted sums.
    """

    mdp: FiniteMDP
    constraint_costs: Floats
    budgets: Floats

    @property
    def n_constraints(self) -> int:
        """Number of constraints m."""
        return len(self.budgets)


@dataclass(frozen=True, eq=False)
class CMDPSolution:
    """Optimum of a constrained MDP with the proof that it is one.

    Attributes
    ----------
    value : float
        Optimal expected discounted cost.
    multipliers : (m,) float
        Optimal multipliers, >= 0. Where the optimum has several (a kink of the value as a function
        of the budget), one of them.
    occupancy : (S, A) float
        Optimal occupancy, mass ``1 / (1 - gamma)``.
    policy : (S, A) float
        Optimal policy; its occupancy, by a linear solve of its own, is ``occupancy``.
    constraint_values : (m,) float
        Expected discounted constrained costs of the policy.
    state_values : (S,) float
        Duals of the flow constraints: optimal values of the cost priced by the multipliers.
        ``value = start . state_values - multipliers . budgets``.
    certificate : Certificate
        Residuals of the optimality conditions on :func:`cmdp_lp`, of exactly these numbers.
    """

    value: float
    multipliers: Floats
    occupancy: Floats
    policy: Floats
    constraint_values: Floats
    state_values: Floats
    certificate: Certificate


@dataclass(frozen=True, eq=False)
class DualValue:
    """The dual function at one point.

    Attributes
    ----------
    value : float
        ``g(multipliers)``: a lower bound of the constrained optimum.
    gradient : (m,) float
        A supergradient: constraint values of an optimal policy, minus the budgets.
    actions : (S,) int
        That policy.
    """

    value: float
    gradient: Floats
    actions: NDArray[np.intp]


def constrained_mdp(
    mdp: FiniteMDP, constraint_costs: ArrayLike, budgets: ArrayLike
) -> ConstrainedMDP:
    """Build and validate a constrained MDP.

    Parameters
    ----------
    mdp : FiniteMDP
        Process and objective.
    constraint_costs : (m, S, A) array, or (S, A) for one constraint
        Entries of disallowed actions are not read.
    budgets : (m,) array, or a number for one constraint
        Unnormalised discounted sums.

    Raises
    ------
    ValueError
        If shapes do not match, a number is NaN or infinite, or a budget is negative although its
        constraint cost never is.
    """
    costs = np.asarray(constraint_costs, dtype=np.float64)
    if costs.ndim == 2:
        costs = costs[None]
    bounds = validation.vector("budgets", np.atleast_1d(np.asarray(budgets)))
    wanted = (len(bounds), *mdp.cost.shape)
    if costs.shape != wanted:
        raise ValueError(f"constraint_costs must have shape {wanted}; got shape {costs.shape}")
    names = (f"constraint_costs[{i}]" for i in range(len(costs)))
    clean = [pair_array(n, c, mdp.allowed) for n, c in zip(names, costs, strict=True)]
    for i, (cost, budget) in enumerate(zip(clean, bounds, strict=True)):
        if budget < 0.0 <= cost.min():
            raise ValueError(
                f"budgets must not be negative where the constraint cost never is; "
                f"got budgets[{i}] = {budget}"
            )
    return ConstrainedMDP(mdp, np.array(clean).reshape(wanted), bounds)


def cmdp_lp(cmdp: ConstrainedMDP) -> LinearProgram:
    """Linear program over occupancies: flow equalities of every state, one inequality per budget.

    Variables are the allowed pairs in the order of ``np.flatnonzero(cmdp.mdp.allowed)``.
    """
    pairs = np.flatnonzero(cmdp.mdp.allowed)
    rows = cmdp.constraint_costs.reshape(cmdp.n_constraints, cmdp.mdp.cost.size)[:, pairs]
    return replace(occupancy_lp(cmdp.mdp), A_ub=sp.csr_array(rows), b_ub=cmdp.budgets)


def solve_by_lp(
    cmdp: ConstrainedMDP,
    backend: Callable[[LinearProgram], LPSolution] = highs.solve,
    tolerance: float = TOLERANCE,
) -> CMDPSolution:
    """Solve a constrained MDP with any number of constraints by its linear program.

    Parameters
    ----------
    cmdp : ConstrainedMDP
        The problem.
    backend : callable
        Solver of linear programs; the reference is HiGHS.
    tolerance : float
        Largest residual of the certificate that is accepted.

    Raises
    ------
    InfeasibleError
        If no policy meets the budgets, with a Farkas ray.
    CertificateError
        If the back end's answer is not optimal to ``tolerance``.
    """
    try:
        answer = backend(cmdp_lp(cmdp))
    except InfeasibleError as error:
        raise InfeasibleError(
            f"budgets must be met by some policy; got {cmdp.budgets.tolist()}", error.ray
        ) from error
    occupancy = occupancy_from_pairs(cmdp.mdp, np.maximum(answer.x, 0.0))
    return certified_solution(cmdp, occupancy, answer.y_ub, answer.y_eq, tolerance)


def certified_solution(
    cmdp: ConstrainedMDP,
    occupancy: Floats,
    multipliers: Floats,
    state_values: Floats,
    tolerance: float = TOLERANCE,
) -> CMDPSolution:
    """Assemble a solution from primal and dual parts, or refuse it.

    Two independent proofs are required: the optimality conditions of the linear program, and that
    the extracted policy, evaluated by a linear solve of its own, has this occupancy.

    Raises
    ------
    CertificateError
        If a residual exceeds ``tolerance`` or the policy does not have this occupancy.
    """
    lp = cmdp_lp(cmdp)
    x = occupancy.ravel()[np.flatnonzero(cmdp.mdp.allowed)]
    value = float(lp.c @ x)
    certificate = verify(lp, LPSolution(x, value, multipliers, state_values), tolerance)
    counts = np.tensordot(cmdp.constraint_costs, occupancy, axes=2)
    policy = policy_from_occupancy(
        occupancy, cmdp.mdp.allowed, _priced_greedy(cmdp, multipliers, state_values)
    )
    _check_reevaluation(cmdp.mdp, occupancy, policy)
    return CMDPSolution(value, multipliers, occupancy, policy, counts, state_values, certificate)


def priced(cmdp: ConstrainedMDP, multipliers: Floats) -> FiniteMDP:
    """Unconstrained MDP with cost ``cost + multipliers . constraint_costs``."""
    total = np.tensordot(multipliers, cmdp.constraint_costs, axes=1)
    return with_cost(cmdp.mdp, cmdp.mdp.cost + total)


def dual_function(cmdp: ConstrainedMDP, multipliers: ArrayLike) -> DualValue:
    """Dual function ``g`` and a supergradient at any multipliers >= 0, by policy iteration.

    For all ``y``: ``g(y) <= g(multipliers) + gradient . (y - multipliers)``, and ``g(y)`` is at
    most the constrained optimum, with equality at its multipliers.

    Raises
    ------
    ValueError
        If ``multipliers`` is not a vector of m finite numbers >= 0.
    """
    y = validation.vector("multipliers", np.atleast_1d(multipliers), cmdp.n_constraints)
    if y.size and y.min() < 0.0:
        raise ValueError(f"multipliers must be >= 0; got {y.min()}")
    best = policy_iteration(priced(cmdp, y))
    occupancy = occupancy_of_policy(cmdp.mdp, deterministic(best.actions, cmdp.mdp.n_actions))
    gradient = np.tensordot(cmdp.constraint_costs, occupancy, axes=2) - cmdp.budgets
    value = float(cmdp.mdp.start @ best.value - y @ cmdp.budgets)
    return DualValue(value, gradient, best.actions)


def _priced_greedy(cmdp: ConstrainedMDP, multipliers: Floats, state_values: Floats) -> Floats:
    """Policy for states the optimum never visits: best under the priced cost all the same."""
    q = bellman_q(priced(cmdp, multipliers), state_values)
    return deterministic(greedy(q), cmdp.mdp.n_actions)


def _check_reevaluation(mdp: FiniteMDP, occupancy: Floats, policy: Floats) -> None:
    """Refuse a policy that does not have the occupancy it came from.

    With flow residual ``r = x F - start`` and mass ``u`` in states too rare to have a ratio, the
    policy's own occupancy differs from ``x`` by at most ``(|r|_1 + 4 u) / (1 - gamma)``, since
    ``F_pi^{-1}`` is non-negative with row sums ``1 / (1 - gamma)``; rounding adds ``S A eps`` of
    the mass to the residual.
    """
    residual = np.abs(mdp.flow.T @ occupancy.ravel() - mdp.start).sum()
    rare = occupancy[~visited(occupancy)].sum()
    noise = mdp.cost.size * EPS * occupancy.sum()
    allowance = (residual + 4.0 * rare + noise) / (1.0 - mdp.gamma)
    drift = np.abs(occupancy_of_policy(mdp, policy) - occupancy).sum()
    if not drift <= allowance:
        raise CertificateError(
            f"the extracted policy must have the occupancy it came from; they differ by "
            f"{drift:.3g}, rounding explains {allowance:.3g}"
        )
