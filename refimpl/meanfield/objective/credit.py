"""Who is to be credited with which drops: light cones of influence [MF sec. 1.4.1].

The transition of queue i in epoch t changes the rates, and so the drops, of nodes at distance at
most ``s - t`` in epoch ``s > t``. All other drops are independent of it given the past, and leaving
them out of its credit removes their noise and no signal. With S_r the indicator of distance r and
F_s the drops from epoch s on,

    credit_t = S_0 F_{t+1} + S_1 F_{t+1} + S_2 F_{t+2} + S_3 F_{t+3} + ...

Influence fades with the relaxation time of a queue, noise does not: what comes more than ``lags``
epochs later may be left out too. That is the one step here that biases the gradient.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from refimpl.meanfield.model.graph import Graph

Floats = NDArray[np.float64]


def shells(graph: Graph, radius: int) -> list[sparse.csr_array]:
    """Matrices (N, N) marking the pairs at distance 0, 1, ..., ``radius``, as far as there are."""
    known = sparse.eye_array(graph.n, format="csr")
    found = [known]
    while len(found) <= radius:
        near = ((found[-1] @ graph.adjacency) > 0).astype(np.float64)
        shell = sparse.csr_array(near - near.multiply(known))
        shell.eliminate_zeros()
        if not shell.nnz:
            break
        found.append(shell)
        known = known + shell
    return found


def light_cone_credit(graph: Graph, drops: Floats, lags: int | None = None) -> Floats:
    """Sum the drops that each transition can have influenced, (T, E, N), of drops (T, E, N).

    Entry (t, e, i) sums the drops of node j in epoch s over ``s > t`` and ``dist(i, j) <= s - t``;
    with ``lags`` only over ``s <= t + lags``.
    """
    epochs = len(drops)
    reach = epochs - 1 if lags is None else min(lags, epochs - 1)
    ahead = np.zeros((epochs + 1, *drops.shape[1:]))
    ahead[:-1] = np.cumsum(drops[::-1], axis=0)[::-1]
    beyond = ahead[np.minimum(np.arange(epochs) + reach + 1, epochs)]
    credit = np.zeros_like(drops)
    for distance, shell in enumerate(shells(graph, reach)):
        lag = max(distance, 1)
        source = ahead[lag:epochs] - beyond[: epochs - lag]
        reached = shell @ np.ascontiguousarray(source.reshape(-1, graph.n).T)
        credit[: epochs - lag] += reached.T.reshape(source.shape)
    return credit


def total_credit(graph: Graph, drops: Floats) -> Floats:
    """All later drops of all nodes, whoever caused them: the naive credit, (T, E, N)."""
    del graph
    later = np.zeros_like(drops)
    later[:-1] = np.cumsum(drops[:0:-1].sum(axis=2, keepdims=True), axis=0)[::-1]
    return later
