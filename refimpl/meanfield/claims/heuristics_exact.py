"""Claims about JSQ, RND and OWN on systems small enough to be solved [MF sec. 1, sec. 3]."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from refimpl.findings import exactly, only_under
from refimpl.ledger import Claim, Context, Control, Finding, Job, Kind, Verdict
from refimpl.meanfield.claims.findings import BUFFER, HIGH_RATE
from refimpl.meanfield.model.graph import Graph
from refimpl.meanfield.model.system import System
from refimpl.meanfield.model.topologies import (
    bethe,
    complete,
    configuration_model,
    path,
    ring,
    star,
    torus,
)
from refimpl.meanfield.policies.rules import random_per_packet
from refimpl.meanfield.theory.constant_shares import (
    at_constant_rate,
    constant_share_drops,
    stationary_drop_rates,
)
from refimpl.meanfield.theory.full_information import optimal_average_drops
from refimpl.meanfield.theory.instantaneous import (
    best_of_all,
    best_of_shortest,
    instantaneous_drop_rate,
    mean_of_shortest,
)
from refimpl.meanfield.theory.joint_chain import average_drops, joint_chain
from refimpl.meanfield.theory.large_delay import best_constant_shares, least_slope_increase
from refimpl.meanfield.theory.outcomes import Choose, by_targets, shortest_queues
from refimpl.meanfield.theory.small_ring import (
    instantaneous_table,
    one_winner_drops,
    policy_table,
    rule_drops,
    split_drops,
)

Floats = NDArray[np.float64]
Graphs = tuple[tuple[str, Graph, int], ...]
Ring = Callable[[float], float]

FULL_ACCESS: Graphs = (("pair", complete(2), 5), ("triple", complete(3), 5))
SPARSE: Graphs = (
    ("path_3", path(3), 5),
    ("star_5", star(4), 3),
    ("ring_4", ring(4), 3),
    ("ring_5", ring(5), 3),
)
GAP = 1e-8


def random_shares(graph: Graph) -> Floats:
    """Arrival shares of RND."""
    empty = np.zeros((1, graph.n), dtype=np.intp)
    return np.asarray(random_per_packet(System(graph), empty, np.random.default_rng(0))[0])


def irregular(context: Context) -> dict[str, Graph]:
    """Graphs whose degrees differ."""
    rng = context.rng("meanfield", "irregular")
    return {"path_10": path(10), "bethe_5": bethe(5), "cm_101": configuration_model(101, rng)}


def regular(context: Context) -> dict[str, Graph]:
    """Graphs whose degrees do not."""
    del context
    return {"ring_10": ring(10), "torus_5": torus(5)}


def check_irregular(graphs: Callable[[Context], dict[str, Graph]], context: Context) -> Finding:
    """RND minus OWN on each graph, long-run and over ten epochs of length 5; and why."""
    evidence, least = {}, np.inf
    for name, graph in graphs(context).items():
        shares, ones, system = random_shares(graph), np.ones(graph.n), System(graph, dt=5.0)
        long_run = [stationary_drop_rates(system, s, HIGH_RATE).mean() for s in (shares, ones)]
        run = [constant_share_drops(system, s, 10).mean(axis=1).sum() for s in (shares, ones)]
        evidence[f"{name}_random"], evidence[f"{name}_own"] = (float(v) for v in run)
        evidence[f"{name}_random_long_run"] = float(long_run[0])
        least = min(least, run[0] - run[1], long_run[0] - long_run[1])
    grid = np.linspace(0.0, 4 * HIGH_RATE, 73)
    convex = min(least_slope_increase(grid, BUFFER, dt) for dt in (1.0, 5.0, 10.0))
    holds = least > 1e-9 and convex > 0.0
    evidence |= {"least_excess_of_random": float(least), "least_slope_increase": convex}
    return Finding(Verdict.HOLDS if holds else Verdict.REFUTED, evidence)


def plain_systems() -> dict[str, System]:
    """Regular graphs, equal servers."""
    return {"pair": System(complete(2)), "ring_5": System(ring(5)), "torus_3": System(torus(3))}


def uneven_systems() -> dict[str, System]:
    """Return a star, and a pair of servers of which one is twice as fast."""
    return {
        "star_3": System(star(3)),
        "fast_and_slow": System(complete(2), service_rates=(2.0, 1.0)),
    }


def check_long_delay(systems: Callable[[], dict[str, System]], context: Context) -> Finding:
    """Long-run drop rate of RND against the best constant shares."""
    del context
    evidence, worst = {}, 0.0
    for name, system in (systems() | uneven_systems()).items():
        best = stationary_drop_rates(system, best_constant_shares(system, HIGH_RATE), HIGH_RATE)
        found = stationary_drop_rates(system, random_shares(system.graph), HIGH_RATE)
        evidence[f"{name}_random"] = float(found.mean())
        evidence[f"{name}_best"] = float(best.mean())
        if name in systems():
            worst = max(worst, float(found.mean() / best.mean() - 1.0))
    for dt in (10.0, 40.0):
        evidence[f"pair_gain_at_delay_{dt:g}"] = pair_gain(dt)
    return only_under(
        "the graph is regular and the servers are equal, and the delay goes to infinity: at every "
        "finite delay something is better, and OWN is as good",
        worst <= 1e-9,
        largest_relative_gap=worst,
        **evidence,
    )


@lru_cache(maxsize=16)
def pair_gain(dt: float) -> float:
    """How much less than RND the best full-information policy drops on a pair, relative to it."""
    system = at_constant_rate(System(complete(2), dt=dt), HIGH_RATE)
    random = float(stationary_drop_rates(system, np.ones(2), HIGH_RATE).mean())
    return random * dt / optimal_average_drops(system, 32).value - 1.0


@lru_cache(maxsize=32)
def instantaneous(name: str, reduce: Callable[..., Floats]) -> float:
    """Long-run drop rate with instantaneous information on a named graph."""
    graph, buffer = {n: (g, b) for n, g, b in FULL_ACCESS + SPARSE}[name]
    return instantaneous_drop_rate(System(graph, buffer), reduce, HIGH_RATE, 1e-9).value


def check_instantaneous(graphs: Graphs, context: Context) -> Finding:
    """JSQ with random ties and with the best ties against the optimum, continuous time."""
    evidence, worst = {}, 0.0
    for name, _, _ in graphs:
        optimum = instantaneous(name, best_of_all)
        for ties, reduce in (("best", best_of_shortest), ("random", mean_of_shortest)):
            gap = instantaneous(name, reduce) / optimum - 1.0
            evidence[f"{name}_{ties}_ties"] = gap
            worst = max(worst, gap)
    return exactly(worst, GAP, **evidence | larger_ring(context))


def larger_ring(context: Context) -> dict[str, float]:
    """Gaps of JSQ on a ring of six, where they were computed: shown, not judged."""
    tables = [context.data[job.name] for job in larger_jobs(context) if job.name in context.data]
    return {
        f"ring_6_{ties}": float(table[ties] / table["optimum"] - 1.0)
        for table in tables
        for ties in ("best_ties", "random_ties")
    }


def larger_jobs(context: Context) -> tuple[Job, ...]:
    """Instantaneous information on a ring of six, a minute: only in the full profile."""
    name = "meanfield/instantaneous/ring-6"
    return (Job(name, instantaneous_table, (6,)),) if context.full else ()


def ring_jobs(context: Context) -> tuple[Job, ...]:
    """Every policy on the ring of four at dt = 1."""
    return (ring_job(1.0, context),)


def ring_job(dt: float, context: Context) -> Job:
    """Every policy on the ring of four at one delay."""
    parts, finer = 8 if context.full else 4, 1 if dt < 5.0 else 4
    name = f"meanfield/ring-of-four/dt={dt:g}/parts={parts}/finer={finer}"
    return Job(name, policy_table, (dt, parts, finer))


def check_short_delay(candidate: str, context: Context) -> Finding:
    """At dt = 1 on the ring of four the candidate drops least of all compared policies."""
    table = context.data[ring_job(1.0, context).name]
    drops = {name: float(table[name]) for name in ("one_winner", "split", "random", "own_state")}
    rivals = [v for name, v in drops.items() if name not in ("one_winner", "split")]
    best = drops[candidate] < min(
        v for v in [*rivals, drops["one_winner"]] if v != drops[candidate]
    )
    evidence = drops | {"full_information": float(table["full_information"])}
    return Finding(Verdict.HOLDS if best else Verdict.REFUTED, evidence)


OWN_STATE_RULE = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
"""A rule of small slope; better than RND at every delay from 1 to 10."""


def sloped_rule_drops(dt: float) -> float:
    """Return drops of a fixed own-state rule on the ring of four."""
    return rule_drops(dt, OWN_STATE_RULE)


def check_crossing(policy: Ring, context: Context) -> Finding:
    """Compare with RND as dt grows: fewer drops first, more later."""
    del context
    ratios = {dt: policy(dt) / rule_drops(dt, np.zeros(6)) for dt in (1.0, 2.0, 3.0, 5.0, 10.0)}
    values = np.array(list(ratios.values()))
    holds = bool((np.diff(values) > 0).all() and values[1] < 1.0 < values[2])
    evidence = {f"ratio_to_random_at_{dt:g}": r for dt, r in ratios.items()}
    evidence |= {f"split_ties_at_{dt:g}": split_drops(dt) for dt in (2.0, 3.0)}
    return Finding(Verdict.HOLDS if holds else Verdict.REFUTED, evidence)


def per_unit(drops: float, dt: float) -> float:
    """Divide drops by the time."""
    return drops / dt


def per_epoch(drops: float, dt: float) -> float:
    """Leave drops of an epoch as they are."""
    del dt
    return drops


def check_convergence(scale: Callable[[float, float], float], context: Context) -> Finding:
    """Long-run drops of JSQ on a pair as dt doubles: steps that shrink towards nothing."""
    del context
    jsq: Choose = by_targets(shortest_queues)
    delays = [12.5 * 2**k for k in range(7)]
    rates = []
    for dt in delays:
        system = at_constant_rate(System(complete(2), dt=dt), HIGH_RATE)
        rates.append(scale(average_drops(joint_chain(system, jsq), 1e-9).value, dt))
    steps = np.diff(rates)
    # Epoch by epoch the start is forgotten at a fixed cost, so steps halve when dt doubles.
    holds = bool((np.abs(steps[2:] / steps[1:-1]) < 0.6).all())
    evidence = {f"drops_at_{dt:g}": rate for dt, rate in zip(delays, rates, strict=True)}
    return Finding(Verdict.HOLDS if holds else Verdict.REFUTED, evidence)


CLAIMS = (
    Claim(
        "meanfield/own-beats-random-on-irregular-graphs",
        "Figs. 7d, 8",
        "Where degrees differ OWN drops less than RND, because drops are convex in the rate.",
        ("MF-27",),
        Kind.EXACT,
        check_irregular,
        irregular,
        Control("regular graphs, where the two are the same", regular),
    ),
    Claim(
        "meanfield/random-optimal-for-long-delays",
        "secs. 1, 3",
        "RND is optimal when the synchronisation delay goes to infinity.",
        ("MF-28",),
        Kind.EXACT,
        check_long_delay,
        plain_systems,
        Control("a star, and servers of two speeds", uneven_systems),
    ),
    Claim(
        "meanfield/jsq-optimal-with-full-access",
        "sec. 1",
        "With instantaneous information and access to all queues JSQ is optimal.",
        ("MF-30",),
        Kind.EXACT,
        check_instantaneous,
        FULL_ACCESS,
        Control("a path, a star and rings", SPARSE),
    ),
    Claim(
        "meanfield/jsq-optimal-on-sparse-graphs",
        "sec. 3 (i)",
        "For small delays JSQ is guaranteed to be the best policy on the sparse graphs.",
        ("MF-31",),
        Kind.EXACT,
        check_instantaneous,
        SPARSE,
        Control("graphs with access to all queues", FULL_ACCESS),
        larger_jobs,
    ),
    Claim(
        "meanfield/jsq-best-at-short-delay",
        "sec. 3 (i), Figs. 5, 7",
        "At delay 1 JSQ drops least of the compared policies (ring of four, exactly).",
        ("MF-32",),
        Kind.EXACT,
        check_short_delay,
        "one_winner",
        Control("RND is said to drop least", "random"),
        ring_jobs,
    ),
    Claim(
        "meanfield/jsq-crosses-random",
        "sec. 3, Fig. 5",
        "JSQ deteriorates with the delay and falls behind RND between delays 2 and 3.",
        ("MF-33",),
        Kind.EXACT,
        check_crossing,
        one_winner_drops,
        Control("an own-state rule of small slope", sloped_rule_drops),
    ),
    Claim(
        "meanfield/jsq-converges-in-the-delay",
        "Fig. 3a",
        "The drops of JSQ per unit of time converge as the delay grows.",
        ("MF-35",),
        Kind.EXACT,
        check_convergence,
        per_unit,
        Control("drops per epoch", per_epoch),
    ),
)
