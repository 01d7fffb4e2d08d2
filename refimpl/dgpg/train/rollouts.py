"""Playing the episodes that are learned from [DG-PG App. H.2]."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linear_models.params import Array
from linear_models.validation import check_finite
from refimpl.dgpg.model.clusters import servers_of
from refimpl.dgpg.model.observations import observer_for
from refimpl.dgpg.model.scenario import Scenario
from refimpl.dgpg.model.simulator import Jobs, Simulation
from refimpl.dgpg.objective.guidance import Placements
from refimpl.dgpg.train.experience import Experience
from refimpl.dgpg.train.networks import Actor, draw
from refimpl.dgpg.train.settings import TrainSettings

DTYPE = np.float32


def collect(
    settings: TrainSettings, scenario: Scenario, actor: Actor, rng: np.random.Generator
) -> Experience:
    """Play all rollouts of a scenario to their end, with actions drawn from the policy.

    Raises
    ------
    ValueError
        If an observation is not finite.
    """
    system = scenario.settings
    observer, n_shared = observer_for(system, dtype=DTYPE)
    simulation = Simulation(scenario)
    shape = (system.steps, scenario.rollouts)
    shared = np.empty((*shape, n_shared), DTYPE)
    rewards, potentials = np.zeros((2, *shape))
    columns: list[tuple[NDArray[Any], ...]] = []
    for t in range(system.steps):
        jobs = simulation.begin()
        potentials[t] = settings.potential(simulation.load, simulation.capacity)
        shared[t] = observer(simulation, jobs)
        if len(jobs):
            columns.append(_act(settings, simulation, actor, jobs, shared[t], rng))
        rewards[t] = simulation.finish()
    check_finite("observations", shared)
    joined = [np.concatenate(column) for column in zip(*columns, strict=True)]
    return Experience(system.n_servers, shared, rewards, potentials, *joined)


def _act(
    settings: TrainSettings,
    simulation: Simulation,
    actor: Actor,
    jobs: Jobs,
    shared: Array,
    rng: np.random.Generator,
) -> tuple[NDArray[Any], ...]:
    """Let every active agent act; return the columns of its sample."""
    seen = settings.own_part.features(simulation, jobs, DTYPE)
    logits = actor.logits(shared, jobs.rollout, seen, jobs.agent)
    actions, log_probs, probabilities = draw(logits, rng)
    baseline = settings.baseline(settings.guidance, simulation, jobs, probabilities)
    servers = servers_of(simulation, jobs, actions)
    before = simulation.load.copy()
    simulation.place(jobs, servers)
    placements = Placements(jobs.rollout, servers, jobs.demand)
    guidance = settings.guidance(before, simulation.load, simulation.capacity, placements)
    rows = simulation.t * simulation.rollouts + jobs.rollout
    return rows, seen, jobs.agent, actions, log_probs, guidance - baseline


def capped(experience: Experience, cap: int | None, rng: np.random.Generator) -> Experience:
    """Experience with at most ``cap`` of the samples, drawn uniformly [DG-PG Table 7]."""
    if cap is None or len(experience) <= cap:
        return experience
    kept = np.sort(rng.choice(len(experience), cap, replace=False))
    names = ("rows", "own", "agent", "actions", "log_probs", "coefficients")
    return replace(experience, **{name: getattr(experience, name)[kept] for name in names})
