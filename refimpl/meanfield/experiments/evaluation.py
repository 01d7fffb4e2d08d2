"""Drops per queue of a policy over the time that the paper compares, with common random numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from refimpl.ledger import Arrays, Job
from refimpl.meanfield.experiments.settings import Setting
from refimpl.meanfield.model.arrivals import sample_levels
from refimpl.meanfield.model.epoch import Epoch, interpolated_epoch, tabulated_epoch
from refimpl.meanfield.model.kernel_table import MAX_KERNELS
from refimpl.meanfield.model.simulator import epochs_for, simulate
from refimpl.meanfield.model.system import System
from refimpl.meanfield.policies.heuristics import (
    power_of_d,
    random_per_epoch,
    shortest_expected_delay,
    shortest_expected_delay_split,
    shortest_queue_one_winner,
    shortest_queue_split,
)
from refimpl.meanfield.policies.rules import Policy, own_queue, random_per_packet
from refimpl.shared.seeds import generator

Floats = NDArray[np.float64]

HEURISTICS: dict[str, Policy] = {
    "JSQ": shortest_queue_one_winner,
    "JSQ-split": shortest_queue_split,
    "RND": random_per_packet,
    "RND-epoch": random_per_epoch,
    "OWN": own_queue,
    "SED": shortest_expected_delay,
    "SED-split": shortest_expected_delay_split,
    "power-of-2": power_of_d(2),
}
"""Policies that need no training, by the name that figures call them [MF sec. 2.2]."""


def drops_per_queue(
    setting: Setting,
    policy: Policy,
    episodes: int,
    seed: int,
    epoch: Callable[[System], Epoch] | None = None,
) -> Floats:
    """Simulate expected drops per queue in the setting's time, one number per episode [MF Fig. 6].

    As many epochs as come nearest to it are simulated and the drops are scaled to it, so that
    delays which do not divide it can be compared. Equal seeds mean equal rate paths for all
    policies, sizes and topologies of one delay, and equal uniform numbers for all policies of one
    system.

    Parameters
    ----------
    setting : Setting
    policy : Policy
    episodes, seed : int
    epoch : callable, optional
        Makes the epoch of a system; see :func:`refimpl.meanfield.model.simulator.simulate`.

    Returns
    -------
    (episodes,) float
    """
    epochs = epochs_for(setting.time, setting.dt)
    system = setting.system(seed)
    paths = generator(seed, "levels", f"{setting.dt:g}", epochs)
    levels = sample_levels(system.modulation, epochs, episodes, paths)
    noise = generator(seed, "evaluation", setting.name)
    trace = simulate(system, policy, levels, noise, epoch(system) if epoch else None)
    return np.asarray(trace.total * (setting.time / (epochs * setting.dt)))


def epoch_of_rule(system: System) -> Epoch:
    """Epoch that suits an own-state rule: by table unless it leads to too many different rates.

    The rate at a queue is decided by its length and by how many neighbours of each degree hold how
    many jobs.
    """
    kinds = (system.buffer + 1) * len(np.unique(system.graph.degrees))
    degree = int(system.graph.degrees.max())
    rates = (system.buffer + 1) * math.comb(kinds + degree - 1, degree)
    return tabulated_epoch(system) if rates <= MAX_KERNELS else interpolated_epoch(system)


def evaluate(
    setting: Setting, policy: str, episodes: int, seed: int, checkpoint: Path | str | None = None
) -> Arrays:
    """Simulate one of :data:`HEURISTICS`; a job [MF Fig. 3].

    Raises
    ------
    ValueError
        If there is no such policy.
    """
    del checkpoint
    if policy not in HEURISTICS:
        raise ValueError(f"policy must be one of {sorted(HEURISTICS)}; got {policy!r}")
    return {"drops": drops_per_queue(setting, HEURISTICS[policy], episodes, seed)}


def job(setting: Setting, policy: str, episodes: int, seed: int) -> Job:
    """:func:`evaluate` as a resumable job."""
    name = f"meanfield/evaluate/{policy}/{setting.name}/episodes{episodes}/seed{seed}"
    return Job(name, evaluate, (setting, policy, episodes, seed))
