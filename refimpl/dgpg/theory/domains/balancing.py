"""Load balancing: the paper's own reference as a certified quadratic program [DG-PG App. C.1]."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lp_solvers import cvx
from lp_solvers.convex_program import ConvexProgram, SeparableCost, verify
from lp_solvers.linear_program import linear_program

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class BalancedState:
    """Optimum of the load-imbalance functional.

    Attributes
    ----------
    state : (N, R) array
        Load of every server.
    multipliers : (R,) array
        Price of one more unit of work. Convention: ``nu_k = dL/dW_k``, positive.
    """

    state: Floats
    multipliers: Floats


def balancing_program(capacity: Floats, workload: Floats) -> ConvexProgram:
    """Least ``sum x^2 / (2 C)`` with ``sum_n x_nk = W_k``, ``x >= 0`` [DG-PG App. C.1].

    Parameters
    ----------
    capacity : (N, R) array
        Positive.
    workload : (R,) array
        W, at least 0.

    Raises
    ------
    ValueError
        If shapes do not match, a capacity is not positive or a workload is negative.
    """
    if capacity.ndim != 2 or workload.shape != capacity.shape[1:]:
        raise ValueError(
            f"workload must have one entry per resource of capacity {capacity.shape}; "
            f"got shape {workload.shape}"
        )
    if not (capacity > 0).all():
        raise ValueError(f"capacity must be > 0; got {capacity.min()}")
    if not (workload >= 0).all():
        raise ValueError(f"workload must be >= 0; got {workload.min()}")
    n_servers, n_resources = capacity.shape
    conserved = np.tile(np.eye(n_resources), n_servers)
    constraints = linear_program(np.zeros(capacity.size), A_eq=conserved, b_eq=workload)
    return ConvexProgram(constraints, SeparableCost(quadratic=1.0 / capacity.ravel()))


def balanced_state(capacity: Floats, workload: Floats) -> BalancedState:
    """Solve and certify :func:`balancing_program` [DG-PG eq. 19].

    Raises
    ------
    ValueError
        As :func:`balancing_program`.
    CertificateError
        If the answer cannot be certified.
    """
    program = balancing_program(capacity, workload)
    solution = cvx.minimise(program)
    verify(program, solution)
    return BalancedState(solution.x.reshape(capacity.shape), solution.y_eq)


def placement_influence(demand: Floats, n_servers: int) -> Floats:
    """Return the influence of a job: its demand, on the server chosen [DG-PG App. D].

    Parameters
    ----------
    demand : (R,) array
    n_servers : int

    Returns
    -------
    (N, N, R) array
        Choice, server, resource.
    """
    return np.asarray(np.eye(n_servers)[:, :, None] * demand)
