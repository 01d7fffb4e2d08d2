"""Claims about the reward and the influence of a placement [DG-PG App. D, H.3]."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from refimpl.dgpg.model.instances import INSTANCE_TYPES
from refimpl.dgpg.model.scenario import sample_scenario
from refimpl.dgpg.model.settings import SystemSettings, chosen
from refimpl.dgpg.model.simulator import Simulation
from refimpl.dgpg.objective.guidance import Placements, load_coefficient
from refimpl.dgpg.objective.reference import imbalance, reference_state
from refimpl.findings import exactly, only_under
from refimpl.ledger import Claim, Context, Control, Finding, Kind

Floats = NDArray[np.float64]
Finish = Callable[[Simulation], Floats]


def paid(simulation: Simulation) -> Floats:
    """Reward of the simulator for its present state."""
    return simulation.finish()


def with_balance(simulation: Simulation) -> Floats:
    """Add a penalty on the imbalance to the reward."""
    penalty = imbalance(simulation.load, simulation.capacity)
    return simulation.finish() - 0.01 * penalty


def busy_cluster(rng: np.random.Generator) -> Simulation:
    """Two episodes of five servers, overloaded, in the middle of a step."""
    settings = SystemSettings(5, 5, steps=80, arrival_steps=80, utilization=0.95)
    simulation = Simulation(sample_scenario(settings, 2, rng))
    for t in range(80):
        jobs = simulation.begin()
        simulation.place(jobs, rng.integers(0, 5, len(jobs)))
        if t < 79:
            simulation.finish()
    return simulation


def check_reward(finish: Finish, context: Context) -> Finding:
    """Reward of a busy cluster against the two weighted penalties, added up server by server."""
    simulation = busy_cluster(context.rng("dgpg", "reward"))
    settings, expected, queues, energies = simulation.settings, [], [], []
    for e in range(simulation.rollouts):
        queue, energy = float(simulation.buffer[e]), 0.0
        for n in range(settings.n_servers):
            queue += float(simulation.queue_length[e, n])
            for k in range(2):
                energy += float(simulation.used[e, n, k] / simulation.efficiency[e, n, k])
        energy /= float(simulation.capacity[e].sum())
        expected.append(-(settings.queue_weight * queue + settings.energy_weight * energy))
        queues.append(queue)
        energies.append(energy)
    error = np.abs(finish(simulation) - expected) / np.abs(expected)
    return exactly(float(error.max()), 1e-12, queue=max(queues), energy_ratio=max(energies))


def two_loads(loads: tuple[float, float]) -> Simulation:
    """Two equal servers that run these numbers of cores and GB."""
    settings = SystemSettings(2, 2, steps=1, arrival_steps=1, types=(INSTANCE_TYPES[3],))
    empty = replace(
        sample_scenario(settings, 1, np.random.default_rng(0)), offsets=np.zeros((1, 2), np.int64)
    )
    simulation = Simulation(empty)
    simulation.used[:] = simulation.load[:] = np.array(loads)[:, None]
    return simulation


def check_balance(finish: Finish, context: Context) -> Finding:
    """Compare rewards of the same jobs on two equal servers, all on one or evenly spread."""
    del context
    lopsided, even = two_loads((24.0, 0.0)), two_loads((12.0, 12.0))
    difference = [float(imbalance(s.load, s.capacity)[0]) for s in (lopsided, even)]
    gap = abs(float(finish(lopsided)[0] - finish(even)[0]))
    return exactly(gap, 1e-12, imbalance_on_one=difference[0], imbalance_spread=difference[1])


def check_energy_bound(utilization: float, context: Context) -> Finding:
    """Energy ratio of the average cluster of Table 4 when this part of its capacity is used."""
    del context
    full = [
        (k.cpu / k.cpu_efficiency + k.memory / k.memory_efficiency) / (k.cpu + k.memory)
        for k in INSTANCE_TYPES
    ]
    average = float(
        np.average(full, weights=[k.weight * (k.cpu + k.memory) for k in INSTANCE_TYPES])
    )
    return only_under(
        "the cluster is not full: as most efficiencies are below 1, a full one's ratio is above",
        average * utilization < 1.0,
        ratio=average * utilization,
        ratio_when_full=average,
        ratio_when_full_of_the_worst_type=max(full),
    )


def only_what_started(before: Floats, after: Floats, capacity: Floats) -> Floats:
    """Count demand up to the capacity only."""
    return np.minimum(after, capacity) - np.minimum(before, capacity)


def load_change(before: Floats, after: Floats, capacity: Floats) -> Floats:
    """Count the demand of running and waiting jobs."""
    del capacity
    return after - before


def check_influence(
    change: Callable[[Floats, Floats, Floats], Floats], context: Context
) -> Finding:
    """State change of 60 steps against the sum of the agents' influence vectors, and eq. 8 itself.

    ``z_i`` is written out as a whole state: the demand at the chosen server, 0 elsewhere.
    """
    rng = context.rng("dgpg", "influence")
    settings = SystemSettings(5, 5, steps=60, arrival_steps=60, utilization=0.95)
    simulation, error, off_server = Simulation(sample_scenario(settings, 2, rng)), 0.0, 0.0
    for _ in range(settings.steps):
        jobs = simulation.begin()
        servers = rng.integers(0, 5, len(jobs))
        before = simulation.load.copy()
        simulation.place(jobs, servers)
        z = np.zeros((len(jobs), *before.shape))
        z[np.arange(len(jobs)), jobs.rollout, servers] = jobs.demand
        added = change(before, simulation.load, simulation.capacity)
        error = max(error, float(np.abs(added - z.sum(axis=0)).max()))
        gap = simulation.load - reference_state(simulation.load, simulation.capacity)
        inner = (gap * z).sum(axis=(1, 2, 3))
        placements = Placements(jobs.rollout, servers, jobs.demand)
        g = load_coefficient(simulation.load, simulation.capacity, placements)
        off_server = max(off_server, float(np.abs(g - inner).max(initial=0.0)))
        simulation.finish()
    # Demands are on a grid, so loads are exact; coefficients are sums of products below 1e6.
    return exactly(max(error, off_server * 1e-6), 1e-12, coefficient_error=off_server)


CLAIMS = (
    Claim(
        "dgpg/reward",
        "App. H.3",
        "The shared reward is a weighted sum of a queue penalty, buffer and local queues, and of "
        "the energy ratio, workload over efficiency relative to the total capacity.",
        ("DG-87",),
        Kind.EXACT,
        check_reward,
        paid,
        Control("a penalty on the imbalance added", with_balance),
    ),
    Claim(
        "dgpg/reward-ignores-balance",
        "App. H.3",
        "Load balance is not in the reward; only the guidance asks for it.",
        ("DG-87",),
        Kind.EXACT,
        check_balance,
        paid,
        Control("a penalty on the imbalance added", with_balance),
    ),
    Claim(
        "dgpg/energy-ratio-below-one",
        "App. H.3",
        "The normalised energy ratio stays below one.",
        ("DG-87",),
        Kind.EXACT,
        check_energy_bound,
        chosen(10).settings.utilization,
        Control("a full cluster", 1.0),
    ),
    Claim(
        "dgpg/influence-vector",
        "App. D",
        "A job changes the state by its demand at the chosen server and by nothing elsewhere, so "
        "its coefficient needs that server only.",
        ("DG-16",),
        Kind.EXACT,
        check_influence,
        load_change,
        Control("only the load up to the capacity is counted", only_what_started),
    ),
)
