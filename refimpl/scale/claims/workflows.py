"""Claims about the workload, the cluster's sizes, the first level and HEFT (Fig. 1, Table 1)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from refimpl.findings import empirical, exactly, only_under
from refimpl.ledger import Claim, Context, Control, Finding, Kind, Verdict
from refimpl.scale.model.scenario import Scenario, sample_scenario
from refimpl.scale.model.settings import TABLE_1, TIERS, SystemSettings, chosen
from refimpl.scale.model.simulator import SLACK, Simulation
from refimpl.scale.model.workflows import (
    Bools,
    Family,
    FewPredecessors,
    Independent,
    Ints,
    hop_counts,
)
from refimpl.scale.policies.heuristics import random_feasible
from refimpl.scale.theory.exact import Instance
from refimpl.scale.theory.heft import heft
from refimpl.shared.statistics import log_log_slope, z_score

Floats = NDArray[np.float64]
QUANTILES = stats.norm.ppf((np.arange(20_000) + 0.5) / 20_000)
"""Of the standard normal law, evenly spread."""


def check_sizes(table: Mapping[int, tuple[int, int, int]], context: Context) -> Finding:
    """Check servers, the mix 2:5:1, and load and memory per server at all three sizes."""
    del context
    wrong, evidence = 0.0, {}
    for n, counts in table.items():
        wrong += abs(sum(counts) - n)
        wrong += sum(
            abs(count - n * part / 8) for count, part in zip(counts, (2, 5, 1), strict=True)
        )
        settings = SystemSettings(counts)
        speed = sum(count * tier.compute for count, tier in zip(counts, TIERS, strict=True))
        tasks = sum(settings.sizes) / 2 * n / 16
        evidence[f"offered_load_at_{n}"] = tasks * settings.compute[0] / speed
    return exactly(wrong, 0.0, **evidence)


Select = Callable[[Simulation], Ints]


def first_level(sim: Simulation) -> Ints:
    """Return the task that the simulation puts before the agent."""
    return sim.task


def first_come(sim: Simulation) -> Ints:
    """Return the ready task of the earliest workflow, whatever comes after it."""
    ready = sim.key < np.iinfo(np.int64).max
    return np.where(ready.any(axis=1), ready.argmax(axis=1), -1)


def check_diagram(select: Select, context: Context) -> Finding:
    """Follow tasks through Fig. 1: arrival, ready buffer, longest path first, agent, server.

    The buffer is recomputed from edges and ends of tasks, path lengths edge by edge.
    """
    rng = context.rng("scale", "diagram")
    scenario = sample_scenario(SystemSettings((2, 2, 1), horizon=8.0), 3, rng)
    sim, wrong, choices = Simulation(scenario), 0, 0
    ways = [[_longest_ways(graph) for graph in episode] for episode in scenario.edges]
    while not sim.done.all():
        chosen_task, actions = select(sim), random_feasible(sim, rng)
        for e in np.flatnonzero(~sim.done):
            buffer = _ready(sim, int(e))
            best = max((ways[e][w][v] for w, v in buffer), default=-1)
            w, v = divmod(int(chosen_task[e]), sim.n_tasks)
            wrong += int(bool(buffer) != (chosen_task[e] >= 0))
            wrong += int(bool(buffer) and ((w, v) not in buffer or ways[e][w][v] < best))
            choices += len(buffer) > 1
        before, step = sim.task.copy(), sim.step(actions)
        begun = np.flatnonzero(step.valid)
        wrong += int((sim.running[begun, actions[begun]] != before[begun]).sum())
    return exactly(wrong, 0.0, decisions_with_a_choice=choices)


def _ready(sim: Simulation, e: int) -> set[tuple[int, int]]:
    """Arrived, not begun, everything before it completed."""
    scenario, width = sim.scenario, sim.n_tasks
    found = set()
    for w in np.flatnonzero(scenario.arrival[e] <= sim.now[e] + SLACK):
        for v in range(int(scenario.size[e, w])):
            before = np.flatnonzero(scenario.edges[e, w, :, v]) + w * width
            if sim.server[e, w * width + v] < 0 and sim.completed[e, before].all():
                found.add((int(w), v))
    return found


def _longest_ways(edges: Bools) -> list[int]:
    """Edges of the longest way from each task to an end, for edges that lead upwards."""
    ways = [0] * len(edges)
    for task in range(len(edges) - 1, -1, -1):
        ways[task] = max((1 + ways[int(j)] for j in np.flatnonzero(edges[task])), default=0)
    return ways


Effort = Callable[[Instance], int]


def of_heft(instance: Instance) -> int:
    """Count HEFT's comparisons."""
    return heft(instance).effort


def of_looking_again(instance: Instance) -> int:
    """Count those of a list scheduler that looks at all tasks left after every assignment."""
    return len(instance.work) * heft(instance).effort


def graph_of(family: Family, tasks: int, servers: int, rng: np.random.Generator) -> Instance:
    """Return one large workflow on servers of the three tiers."""
    return Instance(
        arrival=np.zeros(tasks),
        work=rng.uniform(1.0, 20.0, tasks),
        speed=np.resize([1.0, 2.0, 4.0], servers),
        fits=np.ones((tasks, servers), bool),
        edges=family(rng, np.array([tasks]))[0],
    )


def check_heft(effort: Effort, context: Context) -> Finding:
    """Fit the exponents of the number of tasks, in dense and sparse graphs, and of servers."""
    rng, evidence, worst = context.rng("scale", "heft"), {}, 0.0
    families: dict[str, Family] = {
        "dense": Independent(1.0),
        "two_predecessors": FewPredecessors(2),
    }
    for name, family in families.items():
        tasks = np.array([10, 20, 40, 80])
        counts = [effort(graph_of(family, int(v), 4, rng)) for v in tasks]
        evidence[f"exponent_{name}"] = log_log_slope(tasks, np.array(counts)).slope
        worst = max(worst, *(count / (v * v * 4) for v, count in zip(tasks, counts, strict=True)))
    servers = np.array([2, 4, 8, 16])
    counts = [effort(graph_of(Independent(1.0), 40, int(p), rng)) for p in servers]
    evidence["exponent_of_servers"] = log_log_slope(servers, np.array(counts)).slope
    # v(v-1)/2 predecessors, at most as many intervals, one more: below v^2 per server.
    return Finding(
        Verdict.HOLDS if worst <= 1.0 else Verdict.REFUTED,
        {"largest_share_of_v2_p": float(worst), **evidence},
    )


Priority = Callable[[Bools], Ints]


def fewest_hops(edges: Bools) -> Ints:
    """Rank tasks the other way round."""
    return -hop_counts(edges)


def heaviest_ways(edges: Bools, weight: Floats) -> Floats:
    """Return the demand on the heaviest way from every task to an end, itself included, (K, V)."""
    ways = weight.copy()
    for task in range(edges.shape[1] - 2, -1, -1):
        ways[:, task] += (edges[:, task] * ways).max(axis=1)
    return ways


def unordered(edges: Bools) -> Bools:
    """Whether neither of two tasks needs the other, so that both may be ready, (K, V, V)."""
    reach = edges.copy()
    for _ in range(edges.shape[1]):
        reach |= (reach[:, :, :, None] & edges[:, None]).any(axis=2)
    ends = np.asarray(edges.any(axis=1) | edges.any(axis=2))
    both = ends[:, :, None] & ends[:, None]
    return np.asarray(both & ~(reach | reach.swapaxes(1, 2) | np.eye(edges.shape[1], dtype=bool)))


def misplaced(priority: Priority, edges: Bools, weight: Floats) -> float:
    """Return the share of pairs, of different priority, whose first has the lighter way left."""
    rank, ways = priority(edges), heaviest_ways(edges, weight)
    before = (rank[:, :, None] > rank[:, None]) & unordered(edges)
    lighter = ways[:, :, None] < ways[:, None] - 1e-9
    return float((before & lighter).sum() / before.sum())


def check_critical_path(priority: Priority, context: Context) -> Finding:
    """Compare who comes first with who has the heaviest way left, for tasks ready together.

    With equal demands, and with the paper's; and in two chains that start together, one of two
    heavy tasks and one of three light ones.
    """
    rng = context.rng("scale", "critical path")
    edges = FewPredecessors(2)(rng, rng.integers(3, 9, 200))
    chains = np.zeros((1, 5, 5), bool)
    chains[0, [0, 2, 3], [1, 3, 4]] = True
    heavy = np.array([[20.0, 20.0, 1.0, 1.0, 1.0]])
    mean, spread, floor = chosen().settings.compute
    drawn = np.maximum(rng.normal(mean, spread, edges.shape[:2]), floor)
    equal = misplaced(priority, edges, np.ones(edges.shape[:2]))
    two_heavy, usual = misplaced(priority, chains, heavy), misplaced(priority, edges, drawn)
    return only_under(
        "all tasks have the same demand; two tasks of 20 GFLOP in a row are the critical path, and "
        "three of 1 GFLOP come before them",
        equal == 0.0 and two_heavy > 0.0,
        misplaced_with_equal_demands=equal,
        misplaced_with_the_paper_s_demands=usual,
        misplaced_in_two_chains=two_heavy,
    )


def paper_sizes(scenario: Scenario) -> Ints:
    """Return the numbers of tasks of all workflows."""
    return scenario.size.reshape(-1)


def one_more(scenario: Scenario) -> Ints:
    """Return the numbers of tasks, one too many."""
    return scenario.size.reshape(-1) + 1


def check_workload(sizes: Callable[[Scenario], Ints], context: Context) -> Finding:
    """Compare counts, sizes and demands with sec. 5.1.2, by z-scores; 4 is the limit."""
    settings = chosen().settings
    scenario = sample_scenario(settings, 200, context.rng("scale", "workload"))
    count = np.isfinite(scenario.arrival).sum(axis=1)
    scores = {
        "arrivals": z_score(count, settings.arrival_rate * settings.horizon),
        "sizes": z_score(sizes(scenario), 5.5),
    }
    for name, law in (
        ("compute", (10.0, 3.0, 1.0, math.inf)),
        ("need", (16.0, 8.0, 1.0, 80.0)),
        ("data", (0.5, 0.2, 0.01, math.inf)),
    ):
        mean, spread, low, high = law
        cut = np.clip(mean + spread * QUANTILES, low, high).mean()
        scores[name] = z_score(getattr(scenario, name)[scenario.exists], float(cut))
    worst = max(abs(score) for score in scores.values())
    return empirical(worst < 4.0, scores)


CLAIMS = (
    Claim(
        "scale/cluster-sizes",
        "Table 1",
        "The clusters of 16, 32 and 48 servers keep small, medium and large at 2:5:1 and the load "
        "per server the same: 1.7 times what they can do.",
        ("SC-45",),
        Kind.EXACT,
        check_sizes,
        TABLE_1,
        Control("one medium server of 16 replaced by a large one", {**TABLE_1, 16: (4, 9, 3)}),
    ),
    Claim(
        "scale/workload",
        "sec. 5.1.2",
        "Workflows arrive at one per second with 3 to 8 tasks, whose demands are cut normals.",
        ("SC-45", "SC-50a"),
        Kind.STATISTICAL,
        check_workload,
        paper_sizes,
        Control("one task more in every workflow", one_more),
    ),
    Claim(
        "scale/system-diagram",
        "Fig. 1",
        "Ready tasks wait in a buffer, the one with the longest path comes first, and the agent's "
        "choice is where it runs.",
        ("SC-50a",),
        Kind.EXACT,
        check_diagram,
        first_level,
        Control("first come, first served", first_come),
    ),
    Claim(
        "scale/heft-effort",
        "sec. 2",
        "HEFT takes at most of the order v^2 p steps for v tasks and p processors.",
        ("SC-54",),
        Kind.EXACT,
        check_heft,
        of_heft,
        Control("all tasks left are looked at again after each assignment", of_looking_again),
    ),
    Claim(
        "scale/critical-path",
        "sec. 4.1",
        "The most hops to the end select the task on the critical path.",
        ("SC-55",),
        Kind.EXACT,
        check_critical_path,
        hop_counts,
        Control("fewest hops first", fewest_hops),
    ),
)
