"""Claims about what agents see [DG-PG App. H.2]."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from refimpl.dgpg.model.instances import INSTANCE_TYPES, InstanceType, instance_type
from refimpl.dgpg.model.observations import (
    CLUSTER_FEATURES,
    Observer,
    compressed_shared,
    full_observation,
    observer_for,
    own,
    raw_shared,
)
from refimpl.dgpg.model.scenario import sample_scenario
from refimpl.dgpg.model.settings import TABLE_5, SystemSettings, chosen
from refimpl.dgpg.model.simulator import Simulation
from refimpl.dgpg.model.workload import GRAIN
from refimpl.dgpg.policies.heuristics import best_fit
from refimpl.findings import exactly
from refimpl.ledger import Claim, Context, Control, Finding, Kind, Verdict

Floats = NDArray[np.float64]
View = Callable[[Floats, int, int], Floats]
"""``view(observation (9N + 4,), agent, N)``: what is left of it."""


def features_per_cluster(features: tuple[str, ...]) -> int:
    """Count the numbers that describe a cluster."""
    return len(features)


def check_sizes(per_cluster: int, context: Context) -> Finding:
    """Lengths of real observations at all ten scales against 9N + 4 and 28K + 10."""
    error, shrinks, raw_size, best = 0, [], 0, 0.0
    for n, (clusters, _) in TABLE_5.items():
        settings = replace(chosen(n).settings, steps=1, arrival_steps=1)
        rng = context.rng("dgpg", "sizes", n)
        simulation = Simulation(sample_scenario(settings, 1, rng))
        jobs = simulation.begin()
        observer, size = observer_for(settings)
        shared = np.repeat(observer(simulation, jobs), len(jobs), axis=0)
        whole = full_observation(shared, own(simulation, jobs), jobs.agent, n)
        raw_size, short = 9 * n + 4, per_cluster * clusters + 10
        error += abs(whole.shape[1] - (raw_size if settings.direct else short))
        error += abs(size + 3 - whole.shape[1])
        best = max(best, 1 - short / raw_size)
        shrinks += [n] if short < raw_size else []
    return exactly(
        error,
        0,
        numbers_per_cluster=per_cluster,
        compression_pays_from=min(shrinks),
        largest_reduction=best,
        compressed_at_50=25 * per_cluster + 10,
        raw_at_50=454,
    )


def everything(observation: Floats, agent: int, n: int) -> Floats:
    """Leave the observation as the paper has it."""
    del agent, n
    return observation


def own_server_only(observation: Floats, agent: int, n: int) -> Floats:
    """Blank all servers and jobs but those with the agent's number."""
    servers, jobs = np.zeros((n, 7)), np.zeros((n, 2))
    servers[agent] = observation[: 7 * n].reshape(n, 7)[agent]
    jobs[agent] = observation[7 * n : 9 * n].reshape(n, 2)[agent]
    return np.concatenate([servers.ravel(), jobs.ravel(), observation[9 * n :]])


def type_of(efficiencies: Floats) -> InstanceType | None:
    """Type with these efficiencies; Table 4 has no two alike, so they tell the capacity."""
    for kind in INSTANCE_TYPES:
        if (kind.cpu_efficiency, kind.memory_efficiency) == tuple(efficiencies):
            return kind
    return None


def central_choice(observation: Floats, agent: int, n: int, largest: Floats) -> int:
    """Server that a central Best-Fit gives to ``agent``, from its own observation; -1 if unknown.

    The agent places everybody's jobs in its head, in their order, up to its own.
    """
    servers = observation[: 7 * n].reshape(n, 7)
    kinds = [type_of(row[3:5]) for row in servers]
    capacity = np.array([(kind.cpu, kind.memory) if kind else (0.0, 0.0) for kind in kinds])
    used = np.rint(servers[:, :2] * capacity * GRAIN) / GRAIN
    free = np.where(servers[:, 2:3] > 0, -1.0, capacity - used)
    server = -1
    for demand in observation[7 * n : 9 * n].reshape(n, 2)[: agent + 1] * largest:
        room = (free >= demand).all(axis=1)
        if not room.any():
            return -1
        fill = np.where(room, ((capacity - free) / np.maximum(capacity, 1.0)).sum(axis=1), -1.0)
        server = int(fill.argmax())
        free[server] -= demand
    return server


def check_local(view: View, context: Context) -> Finding:
    """How many agents of 300 steps can say by themselves where a central Best-Fit puts their job.

    Steps in which a job finds no room anywhere are left out: the rule then looks at the demand of
    waiting jobs, of which only the number is observed.
    """
    rng = context.rng("dgpg", "local")
    settings = SystemSettings(10, 10, steps=300, arrival_steps=300, utilization=0.6)
    simulation = Simulation(sample_scenario(settings, 1, rng))
    largest, known, right, agents = np.array(settings.largest_demand), 0, 0, 0
    for _ in range(settings.steps):
        jobs = simulation.begin()
        servers = best_fit(simulation, jobs, rng)
        shared = np.repeat(raw_shared(simulation, jobs), len(jobs), axis=0)
        whole = full_observation(shared, own(simulation, jobs), jobs.agent, 10)
        for agent, row in enumerate(whole):
            guess = central_choice(view(row, agent, 10), agent, 10, largest)
            known += guess >= 0
            right += guess == int(servers[agent])
        agents += len(jobs)
        simulation.place(jobs, servers)
        simulation.finish()
    share = right / max(known, 1)
    evidence = {"agents": agents, "share_that_finds_room": known / agents, "share_right": share}
    # Local observations could not tell every agent what the central scheduler does.
    verdict = Verdict.REFUTED if share == 1.0 and known > agents / 2 else Verdict.HOLDS
    return Finding(verdict, evidence)


def seven_eighths_full(name: str) -> Simulation:
    """Two servers of one type in one cluster, both seven eighths full, nobody waiting."""
    kind = instance_type(name)
    settings = SystemSettings(2, 1, steps=2, arrival_steps=1, types=(kind,))
    simulation = Simulation(sample_scenario(settings, 1, np.random.default_rng(0)))
    simulation.used[:] = simulation.load[:] = 0.875 * simulation.capacity
    return simulation


def check_summary(observe: Observer, context: Context) -> Finding:
    """Whether what is observed of two clusters tells in which of them a job of 5 cores fits.

    m5.8xlarge and m5n.12xlarge have the same mean efficiency and not the same size.
    """
    del context
    small, large = seven_eighths_full("m5.8xlarge"), seven_eighths_full("m5n.12xlarge")
    idle = replace(small.begin(), counts=np.zeros(1, np.int64))
    empty = replace(
        idle, **{k: getattr(idle, k)[:0] for k in ("rollout", "agent", "job", "demand")}
    )
    seen = [observe(simulation, empty) for simulation in (small, large)]
    gap = float(np.abs(seen[0] - seen[1]).max())
    free = [float((s.capacity - s.used)[..., 0].max()) for s in (small, large)]
    fits = [cores >= 5.0 for cores in free]
    # Sums of two to four numbers near one.
    told_apart = gap > 1e-12 or fits[0] == fits[1]
    evidence = {"largest_difference": gap, "free_cores_small": free[0], "free_cores_large": free[1]}
    return Finding(Verdict.HOLDS if told_apart else Verdict.REFUTED, evidence)


CLAIMS = (
    Claim(
        "dgpg/observation-sizes",
        "App. H.2",
        "A cluster is summarised by 28 numbers, so observations have 9N + 4 numbers where servers "
        "are chosen and 28K + 10 where clusters are.",
        ("DG-86",),
        Kind.EXACT,
        check_sizes,
        features_per_cluster(CLUSTER_FEATURES),
        Control("a summary without the size of the cluster", 27),
    ),
    Claim(
        "dgpg/local-observation",
        "secs. 3, 6.4",
        "Agents decide on local observations, so execution needs no central view.",
        ("DG-89",),
        Kind.EXACT,
        check_local,
        everything,
        Control("an agent sees one server and its own job", own_server_only),
    ),
    Claim(
        "dgpg/compression-keeps-what-placement-needs",
        "App. H.2",
        "Summaries of clusters can stand for the servers in placement decisions.",
        ("DG-86",),
        Kind.EXACT,
        check_summary,
        compressed_shared,
        Control("the raw observation", raw_shared),
    ),
)
