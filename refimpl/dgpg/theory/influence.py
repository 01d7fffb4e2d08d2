"""What an agent's action does to the state [DG-PG App. D]."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from linear_models.validation import check_count, check_shape

Floats = NDArray[np.float64]


def influences(demand: Floats, n_servers: int) -> Floats:
    """Return ``z(a)`` (K, K, R), the demand in the row of server a [DG-PG App. D].

    Convention: loads. In utilisations every row is divided by the server's capacity.

    Parameters
    ----------
    demand : (R,) float
    n_servers : int
    """
    check_count("n_servers", n_servers)
    z: Floats = np.eye(n_servers)[:, :, None] * np.asarray(demand, dtype=np.float64)
    return z


def state_jacobian(policy: Floats, influence: Floats) -> Floats:
    """Return ``d E[x] / d theta_i`` (m, K) of an agent with a softmax policy [DG-PG App. E].

    ``sum_a z(a) pi(a) (e_a - pi)``, with the state flattened to m numbers.

    Parameters
    ----------
    policy : (K,) float
    influence : (K, ...) float
        Change of the state by each action.
    """
    check_shape("policy", policy, (len(influence),))
    flat = influence.reshape(len(influence), -1)
    jacobian: Floats = flat.T @ (np.diag(policy) - np.outer(policy, policy))
    return jacobian


def jacobian_rank(policy: Floats, influence: Floats) -> tuple[int, int]:
    """Return the rank of the state's Jacobian, and the rank it would need [DG-PG Remark E.2].

    At most ``K - 1``, since the scores of a policy sum to zero; placing jobs also conserves every
    resource's total, so the columns of the state's rows sum to zero.
    """
    jacobian = state_jacobian(policy, influence)
    # Entries carry a rounding of some 1e-16 of the largest influence; a policy may be as lopsided
    # as a million to one before a true direction gets lost in it.
    rounding = 1e-13 * float(np.abs(influence).max())
    return int(np.linalg.matrix_rank(jacobian, tol=rounding)), len(jacobian)
