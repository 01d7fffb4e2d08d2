"""The policy's mean coefficient, against a loop over servers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linear_models.categorical import probabilities
from refimpl.dgpg.model.scenario import sample_scenario
from refimpl.dgpg.model.simulator import Jobs, Simulation
from refimpl.dgpg.objective.guidance import READINGS, Placements
from refimpl.dgpg.train.baselines import no_baseline, policy_mean
from tests.dgpg.train.strategies import SYSTEMS, rngs


def busy(system, rng) -> tuple[Simulation, Jobs]:
    """Two episodes after some steps of random choices, and the jobs of the next step."""
    simulation = Simulation(sample_scenario(replace(system, utilization=0.9), 2, rng))
    for _ in range(8):
        jobs = simulation.begin()
        simulation.place(jobs, rng.integers(0, system.n_servers, len(jobs)))
        simulation.finish()
    return simulation, simulation.begin()


@given(rngs, st.sampled_from(SYSTEMS), st.sampled_from(READINGS))
def test_mean_over_the_policy_by_a_loop(rng, system, guidance) -> None:
    simulation, jobs = busy(system, rng)
    p = probabilities(rng.standard_normal((len(jobs), system.n_clusters)))
    found = policy_mean(guidance, simulation, jobs, p)
    load, capacity = simulation.load, simulation.capacity
    for j in range(len(jobs)):
        expected = 0.0
        for k, servers in enumerate(simulation.scenario.members[jobs.rollout[j]]):
            for server in servers:
                one = Placements(
                    jobs.rollout[j : j + 1], np.array([server]), jobs.demand[j : j + 1]
                )
                coefficient = guidance(load, load, capacity, one)[0]
                expected += p[j, k] * coefficient / len(servers)
        # Sums of a few products of loads and demands, each at most some thousands.
        assert found[j] == pytest.approx(expected, rel=1e-9, abs=1e-6)


def test_no_baseline_is_zero() -> None:
    simulation, jobs = busy(SYSTEMS[0], np.random.default_rng(0))
    assert no_baseline(READINGS[0], simulation, jobs, np.zeros((len(jobs), 2))) == 0
