"""Claims about the cluster: Tables 4 and 5, dispatchers, the buffer, conservation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from refimpl.dgpg.model.instances import INSTANCE_TYPES, InstanceType
from refimpl.dgpg.model.scenario import Scenario, sample_clusters, sample_scenario
from refimpl.dgpg.model.settings import TABLE_5, SystemSettings, chosen, suggested
from refimpl.dgpg.model.simulator import Simulation, run
from refimpl.dgpg.model.workload import arrival_rates, base_rate
from refimpl.dgpg.policies.heuristics import best_fit, random_cluster
from refimpl.findings import exactly, only_under
from refimpl.ledger import Claim, Context, Control, Finding, Kind, Verdict
from refimpl.shared.presets import Preset

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def check_types(types: tuple[InstanceType, ...], context: Context) -> Finding:
    """Weights, number and generations of the types."""
    del context
    total = sum(kind.weight for kind in types)
    speed = [[k.cpu_efficiency for k in types if k.generation == g] for g in (1, 2, 3)]
    ordered = max(speed[0]) < min(speed[1]) and max(speed[1]) < min(speed[2])
    wrong = abs(total - 100.0) + abs(len(types) - 12) + (not ordered)
    everyone = [kind.cpu_efficiency for kind in types]
    return exactly(
        wrong,
        0.0,
        sum_of_weights=total,
        least_cpu_efficiency=min(everyone),
        largest_cpu_efficiency=max(everyone),
    )


def check_scales(table: Mapping[int, tuple[int, int]], context: Context) -> Finding:
    """Clusters times servers per cluster against servers, in all ten rows."""
    del context
    gaps = [abs(clusters * size - n) for n, (clusters, size) in table.items()]
    direct = max(n for n, (clusters, _) in table.items() if clusters == n)
    return exactly(max(gaps), 0.0, rows=len(gaps), largest_direct_choice=direct)


def backlog(arrivals: Ints, n_servers: int) -> Ints:
    """Jobs without a dispatcher (E, T) after each step; no policy can change them.

    At most N of those that wait are handed out in a step, so ``B' = max(B + arrivals - N, 0)``:
    unrolled, a walk above its running minimum.
    """
    walk = np.cumsum(arrivals - n_servers, axis=1)
    return np.asarray(walk - np.minimum(np.minimum.accumulate(walk, axis=1), 0))


def buffered(settings: SystemSettings, rollouts: int, rng: np.random.Generator) -> Ints:
    """Jobs in the buffer of freshly drawn clusters while jobs arrive, (E, T)."""
    capacity, efficiency = sample_clusters(settings, rollouts, rng)
    rates = arrival_rates(settings, base_rate(settings, capacity, efficiency[..., 0]), rng)
    arrivals = rng.poisson(rates[:, : settings.arrival_steps])
    return backlog(arrivals, settings.n_servers)


def check_buffer(preset: Callable[[int], Preset[SystemSettings]], context: Context) -> Finding:
    """Jobs in the global buffer per dispatcher, at five sizes, forty clusters each."""
    evidence = {}
    for n in (2, 5, 10, 50, 200):
        found = buffered(preset(n).settings, 40, context.rng("dgpg", "buffer", n))
        evidence[f"mean_per_dispatcher_at_{n}"] = float(found.mean()) / n
        evidence[f"share_of_steps_at_{n}"] = float((found > 0).mean())
        evidence[f"largest_at_{n}"] = float(found.max())
    worst = max(evidence[f"mean_per_dispatcher_at_{n}"] for n in (5, 10, 50, 200))
    return only_under(
        "arrivals stay well below one job per dispatcher and step, tidal peak included, which "
        "the lost constants decide; with jobs of half the size and load 0.8 more than one arrives "
        "at the peak and hundreds pile up, and with two servers some clusters overflow anyway",
        worst < 0.1,
        **evidence,
    )


def on_grid(scenario: Scenario) -> Scenario:
    """Leave demands as they are: multiples of 1/1024."""
    return scenario


def off_grid(scenario: Scenario) -> Scenario:
    """Divide demands by three, so that their sums round."""
    return replace(scenario, demand=scenario.demand / 3.0)


def check_conservation(prepare: Callable[[Scenario], Scenario], context: Context) -> Finding:
    """Count jobs and resources in every step of an overloaded cluster, and after it has drained."""
    rng = context.rng("dgpg", "conservation")
    settings = SystemSettings(4, 4, steps=1500, arrival_steps=150, utilization=0.9)
    scenario = prepare(sample_scenario(settings, 2, rng))
    simulation, lost, beyond, longest = Simulation(scenario), 0, 0.0, 0
    for t in range(settings.steps):
        jobs = simulation.begin()
        simulation.place(jobs, random_cluster(simulation, jobs, rng))
        waiting = simulation.queue_length.sum(axis=1)
        running = simulation.dispatched - simulation.done - waiting
        arrived = scenario.offsets[:, t + 1]
        lost += int((simulation.buffer + simulation.dispatched != arrived).sum())
        lost += int((running < 0).sum())
        over = (simulation.used - simulation.capacity).max()
        beyond = max(beyond, float(over), float(-simulation.used.min()))
        longest = max(longest, int(waiting.max()))
        simulation.finish()
    lost += int((simulation.done != scenario.offsets[:, -1]).sum())
    left = float(np.abs(simulation.used).max() + np.abs(simulation.load).max())
    return exactly(
        lost + max(beyond, 0.0) + left, 0.0, demand_left_at_the_end=left, longest_queue=longest
    )


def check_baselines(policies: tuple[Callable[..., Ints], ...], context: Context) -> Finding:
    """Return of each baseline on the same episodes under two seeds of its own."""
    settings = SystemSettings(5, 5, steps=150, arrival_steps=150)
    scenario = sample_scenario(settings, 2, context.rng("dgpg", "baselines"))
    spread = []
    for policy in policies:
        totals = [
            run(scenario, policy, context.rng("dgpg", "own", seed)).rewards.sum() for seed in (0, 1)
        ]
        spread.append(abs(totals[1] - totals[0]))
    evidence = {f"difference_{i}": float(gap) for i, gap in enumerate(spread)}
    return Finding(Verdict.HOLDS if max(spread) == 0 else Verdict.REFUTED, evidence)


CLAIMS = (
    Claim(
        "dgpg/instance-types",
        "Table 4",
        "Twelve instance types of three generations, each more efficient than the one before, have "
        "weights that sum to 100 percent.",
        ("DG-79",),
        Kind.EXACT,
        check_types,
        INSTANCE_TYPES,
        Control("the rarest type left out", INSTANCE_TYPES[:-1]),
    ),
    Claim(
        "dgpg/scale-configurations",
        "Table 5",
        "At every scale clusters times servers per cluster are the servers.",
        ("DG-80",),
        Kind.EXACT,
        check_scales,
        TABLE_5,
        Control("50 servers in 25 clusters of 4", {**TABLE_5, 50: (25, 4)}),
    ),
    Claim(
        "dgpg/no-pile-up-at-assignment",
        "App. H.2",
        "With as many dispatchers as servers, new jobs do not accumulate at the assignment stage.",
        ("DG-73",),
        Kind.STATISTICAL,
        check_buffer,
        chosen,
        Control("jobs of half the size at load 0.8", suggested),
    ),
    Claim(
        "dgpg/conservation",
        "App. H",
        "Jobs that arrived are done, running, queued or buffered, resources stay between 0 and the "
        "capacity, and release undoes placement to the bit.",
        ("DG-73",),
        Kind.EXACT,
        check_conservation,
        on_grid,
        Control("demands whose sums round", off_grid),
    ),
    Claim(
        "dgpg/deterministic-baselines",
        "App. I.1",
        "Best-Fit and Random are deterministic baselines.",
        ("DG-77",),
        Kind.EXACT,
        check_baselines,
        (best_fit, random_cluster),
        Control("Best-Fit alone", (best_fit,)),
    ),
)
