"""Coordination by budgets: objective, gradient and projected step [DCC eqs. 12 to 16].

    V(theta) = sum_i V_i(theta_i, theta_{-i}),     theta in [0, 1]^N.

Budget ``i`` enters ``V_i`` as a constraint and every other ``V_j`` as part of its crowd, so

    dV/dtheta_i = dV_i/dtheta_i + sum_{j != i} dV_j/dtheta_{-j}                          (16)

where exact answers give both parts without moving anything (Prop. 3):
``-multiplier / (1 - gamma)`` and ``d'(1 + others) * count``.
Estimates from values alone are in :mod:`refimpl.dcc.objective.estimates`.

At kinks the one-sided derivatives differ. Derivatives come as (left, right) pairs; at
``theta_i = 0`` the left one of ``V_i`` is ``-inf`` (the multipliers are unbounded there).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lp_solvers import lagrangian
from lp_solvers.constrained_mdp import CMDPSolution, ConstrainedMDP
from lp_solvers.finite_mdp import FiniteMDP
from refimpl.dcc.model.congestion import Congestion
from refimpl.dcc.objective.local import LocalProblem, checked_budgets, local_cmdp, others_of
from refimpl.dcc.objective.response import ResponseCurves, respond

Floats = NDArray[np.float64]
Solver = Callable[[ConstrainedMDP], CMDPSolution]


@dataclass(frozen=True)
class DeviceEvaluation:
    """What one exact solution of a local problem tells the coordination.

    Attributes
    ----------
    value : float
        V_i, optimal discounted approximate cost.
    multiplier : float
        An optimal multiplier, per discounted count.
    count : float
        Discounted offloading count of the optimal policy found.
    local, coupling : float
        Derivatives of V_i by the own budget and by the others' sum [DCC Prop. 3].
    """

    value: float
    multiplier: float
    count: float
    local: float
    coupling: float


def local_problems(
    devices: Sequence[FiniteMDP], budgets: ArrayLike, congestion: Congestion
) -> list[LocalProblem]:
    """Local problem of every device at one vector of budgets [DCC sec. 4.2].

    Raises
    ------
    ValueError
        If there is not one budget in [0, 1] per device.
    """
    theta = checked_budgets(budgets)
    if len(devices) != theta.size:
        raise ValueError(f"budgets must be one per device, {len(devices)}; got {theta.size}")
    return [
        LocalProblem(mdp, float(own), float(rest), congestion)
        for mdp, own, rest in zip(devices, theta, others_of(theta), strict=True)
    ]


def evaluate_device(problem: LocalProblem, solve: Solver = lagrangian.solve) -> DeviceEvaluation:
    """Solve one local problem exactly, with both derivatives [DCC eq. 12] [DCC Prop. 3].

    A pure function of one picklable argument: map it over devices with any executor
    (:func:`refimpl.shared.executors.map_tasks`).

    Parameters
    ----------
    problem : LocalProblem
        Device, budget, others and congestion.
    solve : callable
        Exact solver of constrained MDPs.

    Notes
    -----
    At a kink, multiplier and count are those of the solver's solution;
    :func:`~refimpl.dcc.objective.response.respond` gives the whole intervals.
    """
    solution = solve(local_cmdp(problem))
    multiplier, count = float(solution.multipliers[0]), float(solution.constraint_values[0])
    return DeviceEvaluation(
        value=solution.value,
        multiplier=multiplier,
        count=count,
        local=local_derivative(multiplier, problem.mdp.gamma),
        coupling=coupling_derivative(problem.others, count, problem.congestion),
    )


def local_derivative(multiplier: float, gamma: float) -> float:
    """Return dV_i / dtheta_i = -multiplier / (1 - gamma) [DCC Prop. 3]."""
    return -multiplier / (1.0 - gamma)


def coupling_derivative(others: float, count: float, congestion: Congestion) -> float:
    """Return dV_i / dtheta_{-i} = d'(1 + others) * discounted count [DCC Prop. 3]."""
    return float(congestion.derivative(1.0 + others)) * count


def objective(curves: ResponseCurves, budgets: ArrayLike, congestion: Congestion) -> float:
    """Coordination objective V(theta), exactly, from response curves [DCC eq. 13]."""
    return float(respond(curves, budgets, others_of(budgets), congestion).values.sum())


def gradient_from_parts(local: ArrayLike, coupling: ArrayLike) -> Floats:
    """Gradient of V from every device's two derivatives, (N,) [DCC eq. 16].

    ``g_i = local_i + sum_{j != i} coupling_j``: one number per device is shared.

    Raises
    ------
    ValueError
        If the two are not vectors of one length.
    """
    own, coupled = np.asarray(local, dtype=np.float64), np.asarray(coupling, dtype=np.float64)
    if own.ndim != 1 or own.shape != coupled.shape:
        raise ValueError(
            f"local and coupling must be vectors of one length; got {own.shape}, {coupled.shape}"
        )
    return np.asarray(own + (coupled.sum() - coupled))


def one_sided_derivatives(
    curves: ResponseCurves, budgets: ArrayLike, congestion: Congestion
) -> tuple[Floats, Floats]:
    """Left and right derivative of V by every budget, (N,) each [DCC eq. 16] [DCC Lemma 2].

    At budget 0 the left one, at budget 1 the right one points out of the box; they are ``-inf``
    and ``inf``.
    """
    theta = checked_budgets(budgets)
    answer = respond(curves, theta, others_of(theta), congestion)
    left = gradient_from_parts(answer.local[0], answer.coupling[0])
    right = gradient_from_parts(answer.local[1], answer.coupling[1])
    return left, np.where(theta >= 1.0, np.inf, right)


def exact_gradient(curves: ResponseCurves, congestion: Congestion) -> Callable[[Floats], Floats]:
    """Return ``gradient(budgets)``, exact; at kinks the derivatives to the right.

    The multiplier substitution of App. E on exact solutions: no finite difference is taken.
    """

    def gradient(budgets: Floats) -> Floats:
        answer = respond(curves, budgets, others_of(budgets), congestion)
        return gradient_from_parts(answer.local[1], answer.coupling[1])

    return gradient
