"""The device as an exact finite Markov decision process [DCC App. B, sec. 4.2].

Battery and phases move on their own; the age only looks at the action. So the transition matrix
is one small battery kernel per action, repeated for every age at the column block of the next age:
``min(x + 1, M)`` after waiting, 1 after processing or offloading.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray

from lp_solvers.finite_mdp import FiniteMDP, finite_mdp
from lp_solvers.occupancy import stationary_distribution
from lp_solvers.validation import distribution
from refimpl.dcc.model.device import N_ACTIONS, OFFLOAD, PROCESS, Device, state_index, state_shape
from refimpl.dcc.model.energy import battery_kernel, expected_penalty

Floats = NDArray[np.float64]


def device_mdp(device: Device, start: ArrayLike | None = None) -> FiniteMDP:
    """Exact MDP of one device with the local cost r_loc [DCC eq. 20].

    Parameters
    ----------
    device : Device
        ``DeviceParameters`` or ``ModulatedDevice``.
    start : (S,) array, optional
        Start law; :func:`uniform_battery` if omitted.

    Returns
    -------
    FiniteMDP
        States as in :mod:`refimpl.dcc.model.device`, actions WAIT, PROCESS, OFFLOAD. Congestion is
        not part of the cost.
    """
    law = uniform_battery(device) if start is None else start
    return finite_mdp(_transitions(device), local_cost(device), device.gamma, law)


def local_cost(device: Device) -> Floats:
    """Mean local cost of every state and action, (S, A), cost units [DCC eq. 20].

    ``r_loc = f(x) + 1{process} E (c - e - h)_+^p``, with ``x`` the age *before* the action.
    """
    ages, levels, cost_phases, harvest_phases = state_shape(device)
    table = np.empty((ages, levels, cost_phases, harvest_phases, N_ACTIONS))
    table[:] = np.reshape(device.aoi_cost, (ages, 1, 1, 1, 1))
    for phase, amounts in enumerate(device.cost.amounts):
        table[:, :, phase, :, PROCESS] += expected_penalty(device, amounts)
    return table.reshape(-1, N_ACTIONS)


def offload_cost(mdp: FiniteMDP) -> Floats:
    """Constraint cost, (S, A): 1 where the device offloads, else 0 [DCC eq. 7] [DCC eq. 22]."""
    indicator = np.zeros(mdp.cost.shape)
    indicator[:, OFFLOAD] = 1.0
    return indicator


def uniform_battery(device: Device) -> Floats:
    """Start law, (S,): AoI 1, battery uniform on 0..B, phases from their initial laws."""
    levels = device.battery + 1
    return _start(device, np.full(levels, 1.0 / levels))


def battery_at(device: Device, level: int) -> Floats:
    """Start law, (S,): AoI 1, battery at ``level`` (full: ``device.battery``; empty: 0).

    Raises
    ------
    ValueError
        If ``level`` is not in 0..B.
    """
    state_index(device, 1, level)  # names a level that is out of range
    return _start(device, np.eye(device.battery + 1)[level])


def with_start(mdp: FiniteMDP, start: ArrayLike) -> FiniteMDP:
    """Return the same MDP from another start law (S,).

    Raises
    ------
    ValueError
        If ``start`` is not a distribution over the states.
    """
    return replace(mdp, start=distribution("start", start, mdp.n_states))


def stationary_start(mdp: FiniteMDP, policy: ArrayLike) -> FiniteMDP:
    """Return the same MDP started from the stationary law of ``policy`` (S, A)."""
    return with_start(mdp, stationary_distribution(mdp, policy))


def _start(device: Device, battery: Floats) -> Floats:
    law = np.zeros(state_shape(device))
    law[0] = np.einsum("e,c,h->ech", battery, device.cost.initial, device.harvest.initial)
    return law.ravel()


def _transitions(device: Device) -> sp.csr_array:
    """Transition matrix (S*A, S): the pattern of one age, shifted to the block of the next age."""
    ages = device.max_aoi
    pattern = _one_age(device)
    inner = pattern.shape[1]
    action = np.arange(pattern.shape[0]) % N_ACTIONS
    blocks = np.zeros((ages, pattern.shape[0]), dtype=np.int64)
    next_age = np.minimum(np.arange(1, ages + 1), ages - 1)
    blocks[:, action == 0] = next_age[:, None] * inner
    counts = np.diff(pattern.indptr)
    indices = np.tile(pattern.indices, ages) + np.repeat(blocks.ravel(), np.tile(counts, ages))
    indptr = np.concatenate([[0], np.cumsum(np.tile(counts, ages))])
    shape = (ages * pattern.shape[0], ages * inner)
    return sp.csr_array((np.tile(pattern.data, ages), indices, indptr), shape=shape)


def _one_age(device: Device) -> sp.csr_array:
    """Law of (level, cost phase, harvest phase) by the same and the action, rows ``y*A + a``."""
    _, levels, cost_phases, harvest_phases = state_shape(device)
    inner = levels * cost_phases * harvest_phases
    rest = battery_kernel(device, np.ones(1))
    table = np.empty((levels, cost_phases, harvest_phases, N_ACTIONS, inner))
    for phase, amounts in enumerate(device.cost.amounts):
        process = battery_kernel(device, amounts)
        for action in range(N_ACTIONS):
            kernel = process if action == PROCESS else rest
            law = np.einsum("ehfg,c->ehfcg", kernel, device.cost.phases[phase])
            table[:, phase, :, action] = law.reshape(levels, harvest_phases, inner)
    return sp.csr_array(table.reshape(inner * N_ACTIONS, inner))
