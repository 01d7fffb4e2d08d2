"""One sparse LU per policy: the numerical kernel under policy evaluation.

``M = F_pi = I - gamma P_pi`` is row-wise strictly diagonally dominant, so it is always regular, LU
without pivoting is stable, and ``M^{-1} = sum_t (gamma P_pi)^t`` is non-negative with row sums
``1 / (1 - gamma)``: a residual ``r`` in ``M V = c`` means an error ``<= max|r| / (1 - gamma)``.

Policies of one process have nearly the same sparsity pattern, so the order of elimination that
keeps the factors sparse is found once per process, from the transitions of all actions together,
and not once per policy; the factorisation then costs a third to a fifth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import reverse_cuthill_mckee
from scipy.sparse.linalg import splu

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class OrderedFlow:
    """Flow matrix prepared for factorisation.

    Attributes
    ----------
    rows : scipy.sparse.csr_array, (S*A, S)
        The flow matrix with its columns (next states) in order of elimination.
    order : (S,) int
        ``order[k]`` is the state eliminated in place ``k``.
    """

    rows: sp.csr_array
    order: Indices


@dataclass(frozen=True, eq=False)
class PolicyFactor:
    """LU of the transpose of ``M = I - gamma P_pi``, states in order of elimination."""

    transposed: Any
    order: Indices

    def values(self, cost: Floats) -> Floats:
        """Solve ``M V = cost`` for one cost (S,) or several side by side (S, k)."""
        result = np.empty_like(cost)
        result[self.order] = self.transposed.solve(cost[self.order], "T")
        return result

    def visits(self, start: Floats) -> Floats:
        """Solve ``d M = start``: discounted expected visits of every state, (S,)."""
        result = np.empty_like(start)
        result[self.order] = self.transposed.solve(start[self.order])
        return result


def ordered_flow(flow: sp.csr_array) -> OrderedFlow:
    """Find an order of elimination and relabel the columns of the flow matrix by it.

    Reverse Cuthill-McKee keeps the factors of local dynamics in a band. A state entered from
    nearly everywhere (a restart) would tie the band together, so states with more than
    ``10 sqrt(S)`` predecessors, the usual threshold for dense rows, are eliminated last.
    """
    n = flow.shape[1]
    k = flow.shape[0] // n
    indices, indptr = flow.indices.copy(), flow.indptr[::k].copy()
    graph = sp.csr_array((np.ones(len(indices), dtype=np.int8), indices, indptr), shape=(n, n))
    hubs = np.bincount(flow.indices, minlength=n) > 10.0 * k * np.sqrt(n)
    if hubs.any():
        rest = np.flatnonzero(~hubs)
        order = np.concatenate([rest[_band_order(graph[rest][:, rest])], np.flatnonzero(hubs)])
    else:
        order = _band_order(graph)
    position = np.empty(n, dtype=flow.indices.dtype)
    position[order] = np.arange(n)
    rows = sp.csr_array((flow.data.copy(), position[flow.indices], flow.indptr), shape=flow.shape)
    rows.sort_indices()
    return OrderedFlow(rows, order)


def factor_actions(flow: OrderedFlow, actions: Indices) -> PolicyFactor:
    """Factorise ``M`` of a deterministic policy given as actions (S,)."""
    n = len(actions)
    pairs = flow.order * (flow.rows.shape[0] // n) + actions[flow.order]
    return PolicyFactor(_lu_of_transpose(*_selected_rows(flow.rows, pairs)), flow.order)


def factor_policy(flow: OrderedFlow, policy: Floats) -> PolicyFactor:
    """Factorise ``M`` of a stochastic policy (S, A)."""
    rows = mixed_rows(flow.rows, policy)[flow.order]
    return PolicyFactor(_lu_of_transpose(rows.data, rows.indices, rows.indptr), flow.order)


def mixed_rows(rows: sp.csr_array, policy: Floats) -> sp.csr_array:
    """Average rows ``s*A + a`` of a matrix over a stochastic policy (S, A) into row ``s``.

    Of the flow matrix this is ``M``, of the transitions the chain ``P_pi``.
    """
    n, k = policy.shape
    pairs = np.flatnonzero(policy)
    indptr = np.searchsorted(pairs, np.arange(0, n * k + 1, k))
    weights = sp.csr_array((policy.ravel()[pairs], pairs, indptr), shape=(n, n * k))
    mixed = sp.csr_array(weights @ rows)
    mixed.sort_indices()
    return mixed


def _band_order(graph: sp.csr_array) -> Indices:
    return np.asarray(reverse_cuthill_mckee(graph, symmetric_mode=False), dtype=np.intp)


def _selected_rows(rows: sp.csr_array, pairs: Indices) -> tuple[NDArray[Any], ...]:
    """Arrays (data, indices, indptr) of the given rows; several times faster than indexing."""
    first = rows.indptr[pairs]
    counts = rows.indptr[pairs + 1] - first
    indptr = np.zeros(len(pairs) + 1, dtype=rows.indptr.dtype)
    np.cumsum(counts, out=indptr[1:])
    take = np.repeat(first - indptr[:-1], counts)
    take += np.arange(indptr[-1], dtype=take.dtype)
    return rows.data[take], rows.indices[take], indptr


def _lu_of_transpose(data: Floats, indices: NDArray[Any], indptr: NDArray[Any]) -> Any:
    """LU of the transpose of a matrix given by rows with sorted indices.

    The arrays of a matrix stored by rows are those of its transpose stored by columns, which is
    what SuperLU reads, so nothing is converted. The columns are in order of elimination already.
    ``relax=1``: supernodes padded with zeros do not pay for matrices this sparse.
    """
    n = len(indptr) - 1
    columns = sp.csc_array((data, indices, indptr), shape=(n, n))
    columns.has_canonical_format = True
    return splu(columns, permc_spec="NATURAL", relax=1)
