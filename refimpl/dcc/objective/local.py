"""The local problem of one device, and its solution by multipliers [DCC eqs. 6 to 11].

Device ``i`` is told its own budget ``theta_i`` (the largest frequency at which it may offload) and
the sum of the others' budgets. It replaces the random crowd by its mean: offloading costs
``d(1 + others)``. What is left is a constrained MDP of its own,

    minimise    J_r = E sum_t gamma^t [ r_loc + 1{a_t = a*} d(1 + others) ]
    subject to  J_c = (1 - gamma) E sum_t gamma^t 1{a_t = a*}  <=  budget.

Convention: frequencies and budgets are normalised, in [0, 1]; values and counts are unnormalised
discounted sums. A multiplier prices one *discounted count*: the shaped cost per step is
``r + multiplier * c``, the Lagrangian ``J_r + multiplier * (J_c - budget) / (1 - gamma)``, and
``dV / dbudget = -multiplier / (1 - gamma)``. (Eq. (11) as printed drops the factor, which is a
multiplier in another unit.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lp_solvers.constrained_mdp import ConstrainedMDP, constrained_mdp
from lp_solvers.finite_mdp import FiniteMDP, start_value, with_cost
from refimpl.dcc.model.congestion import Congestion
from refimpl.dcc.model.device import OFFLOAD
from refimpl.dcc.model.exact import offload_cost

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LocalProblem:
    """What one device has to solve; picklable, so that any executor can have it.

    Parameters
    ----------
    mdp : FiniteMDP
        The device with its local cost r_loc.
    budget : float
        theta_i, largest offloading frequency, in [0, 1].
    others : float
        theta_{-i}, sum of the other devices' budgets, >= 0.
    congestion : Congestion
        Penalty d.

    Raises
    ------
    ValueError
        If ``budget`` or ``others`` is out of range.
    """

    mdp: FiniteMDP
    budget: float
    others: float
    congestion: Congestion

    def __post_init__(self) -> None:
        if not 0.0 <= self.budget <= 1.0:
            raise ValueError(f"budget must be a frequency in [0, 1]; got {self.budget}")
        if not (self.others >= 0.0 and np.isfinite(self.others)):
            raise ValueError(f"others must be finite and >= 0; got {self.others}")

    @property
    def discounted_budget(self) -> float:
        """Largest discounted count, ``budget / (1 - gamma)``."""
        return self.budget / (1.0 - self.mdp.gamma)


def approximate_reward(
    local_costs: ArrayLike, actions: ArrayLike, budgets: ArrayLike, congestion: Congestion
) -> Floats:
    """Approximate global reward of a joint action, shape (...,) [DCC eq. 6].

    ``sum_i [ r_loc_i + 1{a_i = a*} d(1 + sum of the others' budgets) ]``.

    Parameters
    ----------
    local_costs, actions : (..., N) arrays
        Local costs and actions of the devices.
    budgets : (N,) array
        Allowed frequencies theta.
    congestion : Congestion
        Penalty d.

    Raises
    ------
    ValueError
        If a budget is outside [0, 1].
    """
    penalties = congestion.penalty(1.0 + others_of(budgets))
    joins = np.asarray(actions) == OFFLOAD
    return np.asarray((np.asarray(local_costs, dtype=np.float64) + joins * penalties).sum(axis=-1))


def others_of(budgets: ArrayLike) -> Floats:
    """Sum of the other devices' budgets for each device, theta_{-i}, (N,).

    Raises
    ------
    ValueError
        If ``budgets`` is not a vector of frequencies in [0, 1].
    """
    theta = checked_budgets(budgets)
    # The rest of a sum of non-negative numbers is non-negative; rounding must not make it less.
    return np.asarray(np.maximum(theta.sum() - theta, 0.0))


def checked_budgets(budgets: ArrayLike) -> Floats:
    """Return ``budgets`` as an array after checking that it is a point of [0, 1]^N, N >= 1.

    Raises
    ------
    ValueError
        If it is not a vector, is empty, or an entry is outside [0, 1].
    """
    theta = np.asarray(budgets, dtype=np.float64)
    if theta.ndim != 1 or not theta.size:
        raise ValueError(f"budgets must be a vector of N >= 1 numbers; got shape {theta.shape}")
    outside = ~((theta >= 0.0) & (theta <= 1.0))
    if outside.any():
        i = int(np.argmax(outside))
        raise ValueError(f"budgets must lie in [0, 1]; got budgets[{i}] = {theta[i]}")
    return theta


def approximate_cost(problem: LocalProblem) -> Floats:
    """Local cost with the expected crowd, (S, A): r_loc + 1{a = a*} d(1 + others) [DCC eq. 6]."""
    return shaped_cost(problem, 0.0)


def shaped_cost(problem: LocalProblem, multiplier: float) -> Floats:
    """Approximate cost plus priced constraint cost, (S, A) [DCC eq. 10].

    ``r_loc + 1{a = a*} (d(1 + others) + multiplier)``: any method for ordinary MDPs can take it.
    """
    price = float(problem.congestion.penalty(1.0 + problem.others)) + multiplier
    return problem.mdp.cost + price * offload_cost(problem.mdp)


def discounted_reward(problem: LocalProblem, policy: ArrayLike) -> float:
    """Discounted approximate cost J_r of a policy (S, A) from the start law [DCC eq. 8]."""
    return start_value(with_cost(problem.mdp, approximate_cost(problem)), policy)


def offload_frequency(mdp: FiniteMDP, policy: ArrayLike) -> float:
    """Normalised discounted offloading count J_c of a policy (S, A), in [0, 1] [DCC eq. 9].

    Convention: a *discounted* average from the start law; the long-run frequency may be another.
    """
    return (1.0 - mdp.gamma) * start_value(with_cost(mdp, offload_cost(mdp)), policy)


def local_cmdp(problem: LocalProblem) -> ConstrainedMDP:
    """Constrained MDP of one device [DCC sec. 4.2]; its budget is the discounted count."""
    priced = with_cost(problem.mdp, approximate_cost(problem))
    return constrained_mdp(priced, offload_cost(problem.mdp), problem.discounted_budget)


def lagrangian(problem: LocalProblem, policy: ArrayLike, multiplier: float) -> float:
    """Lagrangian of a policy and a multiplier [DCC eq. 11].

    ``J_r + multiplier * (J_c - budget) / (1 - gamma)``; see the module for the unit.
    """
    shaped = with_cost(problem.mdp, shaped_cost(problem, multiplier))
    return start_value(shaped, policy) - multiplier * problem.discounted_budget


def multiplier_step(multiplier: float, frequency: float, budget: float, step: float) -> float:
    """Projected dual ascent, ``[multiplier + step (J_c - budget)]_+`` [DCC sec. 4.3]."""
    return max(0.0, multiplier + step * (frequency - budget))
