"""Variance of both gradient estimators, measured in the cluster itself [DG-PG sec. 3.2].

One episode is played many times at once under the uniform policy; clusters, arrivals and jobs are
the same in all replicas and only the actions differ. Every agent of a step then has one sample per
replica of its gradient with respect to the logits,

    (one-hot of the action - probabilities) * signal,

and the variance over the replicas is the trace of its covariance. It is compared for the signals
return, return less the mean return of the replicas (an ideal baseline), and guidance coefficient.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from refimpl.dgpg.model.clusters import servers_of
from refimpl.dgpg.model.scenario import sample_scenario
from refimpl.dgpg.model.settings import SystemSettings
from refimpl.dgpg.model.simulator import Simulation
from refimpl.dgpg.objective.guidance import (
    AFTER_LOAD,
    AFTER_UTILIZATION,
    BEFORE_LOAD,
    CORRECTED_LOAD,
    Guidance,
    Placements,
)
from refimpl.ledger import Arrays, Job
from refimpl.shared.seeds import generator

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

GUIDANCE: Mapping[str, Guidance] = {
    reading.name: reading
    for reading in (AFTER_LOAD, AFTER_UTILIZATION, BEFORE_LOAD, CORRECTED_LOAD)
}
GAMMA = 0.99
EVERY = 20
"""Steps between two that are looked at; neighbouring steps tell the same."""


@dataclass(frozen=True)
class Measurement:
    """One point of the scaling plot.

    Attributes
    ----------
    n_servers, n_clusters : int
        Actions are clusters; ``n_clusters = n_servers`` lets agents choose servers.
    replicas : int
        Replicas of the episode.
    steps : int
        Length of the episode; jobs arrive throughout.
    episode : int
        Number of the episode among equal ones.
    """

    n_servers: int
    n_clusters: int
    replicas: int
    steps: int
    episode: int

    @property
    def settings(self) -> SystemSettings:
        """Cluster of this size with the chosen constants."""
        return SystemSettings(
            self.n_servers, self.n_clusters, steps=self.steps, arrival_steps=self.steps
        )

    @property
    def name(self) -> str:
        """Everything that the measurement depends on, apart from the seed."""
        return (
            f"n{self.n_servers}/k{self.n_clusters}/replicas{self.replicas}"
            f"/steps{self.steps}/episode{self.episode}"
        )


def measure(measurement: Measurement, seed: int, checkpoint: Path | str | None = None) -> Arrays:
    """Variances of the gradient samples, averaged over agents and steps [DG-PG eq. 3].

    Returns
    -------
    dict
        For the signals ``total`` (reward with the total queue), ``average`` (the same divided by
        the number of servers): ``raw SIGNAL`` and ``baseline SIGNAL``; for every reading of the
        guidance ``guidance NAME``; each with a ``signal ...`` entry, the squared norm of the mean
        gradient, estimated without bias.
    """
    del checkpoint
    settings = measurement.settings
    rng = generator(seed, "dgpg", "variance", measurement.name)
    scenario = sample_scenario(settings, 1, rng).take([0] * measurement.replicas)
    looked, rewards = _play(Simulation(scenario), rng)
    returns = _returns(rewards)
    found: dict[str, list[tuple[float, float]]] = {}
    for t, (actions, coefficients) in looked.items():
        signals = {f"guidance {name}": g for name, g in coefficients.items()}
        for name, scale in (("total", 1.0), ("average", 1 / settings.n_servers)):
            signals[f"raw {name}"] = scale * returns[t][:, None]
            centred = returns[t] - returns[t].mean()
            signals[f"baseline {name}"] = scale * centred[:, None]
        for name, signal in signals.items():
            found.setdefault(name, []).append(_spread(actions, signal, settings.n_clusters))
    arrays: Arrays = {}
    for name, pairs in found.items():
        arrays[name], arrays[f"signal {name}"] = np.mean(pairs, axis=0)
    return arrays


def _play(
    simulation: Simulation, rng: np.random.Generator
) -> tuple[dict[int, tuple[Ints, dict[str, Floats]]], Floats]:
    """Actions and coefficients (R, agents) of the steps looked at, and all rewards (T, R)."""
    settings, replicas = simulation.settings, simulation.rollouts
    rewards = np.zeros((settings.steps, replicas))
    looked = {}
    for t in range(settings.steps):
        jobs = simulation.begin()
        actions = rng.integers(0, settings.n_clusters, len(jobs))
        servers = servers_of(simulation, jobs, actions)
        before = simulation.load.copy()
        simulation.place(jobs, servers)
        if t % EVERY == 0 and len(jobs):
            placed = Placements(jobs.rollout, servers, jobs.demand)
            coefficients = {
                name: reading(before, simulation.load, simulation.capacity, placed)
                for name, reading in GUIDANCE.items()
            }
            shaped = {name: g.reshape(replicas, -1) for name, g in coefficients.items()}
            looked[t] = (actions.reshape(replicas, -1), shaped)
        rewards[t] = simulation.finish()
    return looked, rewards


def _returns(rewards: Floats) -> Floats:
    """Discounted return from every step, (T, R)."""
    returns = rewards.copy()
    for t in reversed(range(len(returns) - 1)):
        returns[t] += GAMMA * returns[t + 1]
    return returns


def _spread(actions: Ints, signal: Floats, n_actions: int) -> tuple[float, float]:
    """Trace of the covariance, and unbiased squared norm of the mean, averaged over agents.

    ``actions`` (R, J), ``signal`` (R, J) or (R, 1). With ``s`` the score of the uniform policy,
    ``|s|^2 = 1 - 1/K``, and the mean over replicas of ``s * signal`` has for each action the sum of
    the signals of the replicas that took it.
    """
    replicas, agents = actions.shape
    signal = np.broadcast_to(signal, actions.shape)
    sums = np.zeros((agents, n_actions))
    np.add.at(sums, (np.arange(agents), actions), signal)
    mean = (sums - signal.sum(axis=0)[:, None] / n_actions) / replicas
    second = (1 - 1 / n_actions) * (signal * signal).mean(axis=0)
    squared = (mean * mean).sum(axis=1)
    variance = (second - squared) * replicas / (replicas - 1)
    return float(variance.mean()), float((squared - variance / replicas).mean())


def job(measurement: Measurement, seed: int) -> Job:
    """:func:`measure` as a resumable job."""
    return Job(f"dgpg/variance/{measurement.name}/seed{seed}", measure, (measurement, seed))
