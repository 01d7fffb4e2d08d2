"""Devices, policies and games small enough for brute force, valid by construction."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from lp_solvers.finite_mdp import FiniteMDP
from refimpl.dcc.model.congestion import Congestion, power_law
from refimpl.dcc.model.device import DeviceParameters, ModulatedDevice
from refimpl.dcc.model.sources import Source, modulated

Floats = NDArray[np.float64]

seeds = st.integers(0, 2**32 - 1)


@st.composite
def sources(draw: st.DrawFn, max_phases: int = 2, max_amount: int = 3) -> Source:
    """Source with 1..max_phases phases; the largest amount has positive probability in each."""
    n_phases = draw(st.integers(1, max_phases))
    n_amounts = draw(st.integers(1, max_amount)) + 1
    rng = np.random.default_rng(draw(seeds))
    zeros = rng.random((n_phases, n_amounts)) < 0.3
    zeros[:, -1] = False
    weights = np.where(zeros, 0.0, rng.uniform(0.1, 1.0, zeros.shape))
    amounts = weights / weights.sum(axis=1, keepdims=True)
    phases = rng.dirichlet(np.ones(n_phases), n_phases)
    return modulated(amounts, phases, rng.dirichlet(np.ones(n_phases)))


@st.composite
def devices(draw: st.DrawFn, max_size: int = 3, max_phases: int = 2) -> ModulatedDevice:
    """Device with at most ``max_size`` ages and battery capacity, and modulated sources."""
    ages = draw(st.integers(1, max_size))
    steps = draw(st.lists(st.floats(0.0, 2.0), min_size=ages, max_size=ages))
    return ModulatedDevice(
        harvest=draw(sources(max_phases)),
        cost=draw(sources(max_phases)),
        aoi_cost=tuple(float(x) for x in np.cumsum(steps)),
        battery=draw(st.integers(0, max_size)),
        gamma=draw(st.sampled_from([0.0, 0.5, 0.9])),
        deficit_power=draw(st.sampled_from([1.0, 2.0, 2.5])),
    )


def device_parameters() -> st.SearchStrategy[DeviceParameters]:
    """Devices of App. F's kind, on a smaller state space."""
    return st.builds(
        DeviceParameters,
        harvest_low=st.sampled_from([0, 1]),
        harvest_high=st.sampled_from([1, 2, 3]),
        cost_low=st.just(1),
        cost_high=st.sampled_from([2, 3, 5]),
        max_aoi=st.integers(2, 5),
        battery=st.integers(1, 5),
        gamma=st.sampled_from([0.5, 0.8, 0.95]),
        deficit_power=st.sampled_from([1.0, 2.0, 3.0]),
    )


def congestions() -> st.SearchStrategy[Congestion]:
    """Power laws, linear included."""
    return st.builds(
        power_law,
        kappa=st.sampled_from([0.1, 0.6, 1.0, 3.0]),
        beta=st.sampled_from([1.0, 1.5, 2.0, 3.0]),
    )


def random_policy(mdp: FiniteMDP, seed: int) -> Floats:
    """Policy with random rows over the allowed actions."""
    weights = np.random.default_rng(seed).exponential(size=mdp.cost.shape) * mdp.allowed
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))
