"""Small random devices, valid by construction, for the theory's tests."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np

from lp_solvers.finite_mdp import FiniteMDP, finite_mdp
from refimpl.dcc.model.congestion import Congestion, power_law
from refimpl.dcc.model.device import N_ACTIONS, OFFLOAD, PROCESS

seeds = st.integers(0, 2**32 - 1)


@st.composite
def devices(draw: st.DrawFn, max_states: int = 3, gamma: float = 0.8) -> FiniteMDP:
    """Random device of 1..max_states states; sometimes PROCESS is disallowed somewhere."""
    rng = np.random.default_rng(draw(seeds))
    n = draw(st.integers(1, max_states))
    allowed = np.ones((n, N_ACTIONS), dtype=bool)
    allowed[:, PROCESS] = draw(st.lists(st.booleans(), min_size=n, max_size=n))
    return finite_mdp(
        rng.dirichlet(np.full(n, 0.7), size=(n, N_ACTIONS)),
        rng.uniform(0.0, 2.0, size=(n, N_ACTIONS)),
        gamma,
        rng.dirichlet(np.ones(n)),
        allowed,
    )


@st.composite
def policies(draw: st.DrawFn, device: FiniteMDP) -> np.ndarray:
    """Random policy of a device that plays allowed actions only."""
    rng = np.random.default_rng(draw(seeds))
    weights = rng.uniform(0.05, 1.0, size=device.cost.shape) * device.allowed
    return weights / weights.sum(axis=1, keepdims=True)


def congestions() -> st.SearchStrategy[Congestion]:
    """Power laws, linear and convex."""
    return st.builds(power_law, st.floats(0.1, 3.0), st.sampled_from([1.0, 1.5, 2.0, 3.0]))


def joint_mdp(parts: list[FiniteMDP], congestion: Congestion) -> FiniteMDP:
    """The joint game as one flat MDP with Kronecker-product kernels: a slow, independent oracle."""
    transitions, cost, start, allowed = np.ones((1, 1, 1)), np.zeros((1, 1)), np.ones(1), None
    crowd = np.zeros((1, 1))
    allowed = np.ones((1, 1), dtype=bool)
    for part in parts:
        uses = np.tile(np.arange(part.n_actions) == OFFLOAD, (part.n_states, 1)).astype(float)
        cost = _outer(np.add, cost, part.cost)
        crowd = _outer(np.add, crowd, uses)
        allowed = _outer(np.logical_and, allowed, part.allowed)
        transitions = np.einsum("sat,ubv->suabtv", transitions, part.P).reshape(*cost.shape, -1)
        start = np.kron(start, part.start)
    cost = cost + crowd * congestion.penalty(np.maximum(crowd, 1.0))
    return finite_mdp(transitions, cost, parts[0].gamma, start, allowed)


def _outer(combine: np.ufunc, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    table = combine(left[:, None, :, None], right[None, :, None, :])
    return table.reshape(len(left) * len(right), -1)
