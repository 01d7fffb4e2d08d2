"""Claims about how jobs reach the queues [MF sec. 1.2, sec. 2.2, App. A]."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np
from numpy.typing import ArrayLike, NDArray

from refimpl.findings import exactly
from refimpl.ledger import Claim, Context, Control, Finding, Kind, Verdict
from refimpl.meanfield.claims.findings import BUFFER, HIGH_RATE, SERVICE, largest_gap
from refimpl.meanfield.model.arrivals import Modulation, arrival_rates
from refimpl.meanfield.model.graph import Graph, graph_from_edges
from refimpl.meanfield.model.system import System
from refimpl.meanfield.model.topologies import (
    bethe,
    complete,
    configuration_model,
    cube_connected_cycles,
    path,
    ring,
    torus,
)
from refimpl.meanfield.policies.rules import random_per_packet
from refimpl.shared.bounded_queue import epoch_kernel, stationary_law
from refimpl.shared.markov_chains import stationary

Floats = NDArray[np.float64]
Rates = Callable[[Graph, ArrayLike, float], Floats]
Forward = Callable[[Graph, NDArray[np.intp], int, float], Floats]
PairLaw = Callable[[float], Floats]

PATH_ACTIONS = ((0.0, 1.0, 0.0), (1.0, 0.0, 0.0), (1.0, 1.0, 1.0))


def receiver_degree(graph: Graph, offload: ArrayLike, rate: float) -> Floats:
    """Arrival rate with the receiver's degree d in place of the sender's [MF App. A]."""
    p = np.asarray(offload, dtype=np.float64)
    return np.asarray(rate * (1.0 - p + (graph.adjacency @ p) / graph.degrees))


def largest_degree(graph: Graph, offload: ArrayLike, rate: float) -> Floats:
    """Arrival rate with the largest degree of the graph as d [MF App. A]."""
    p = np.asarray(offload, dtype=np.float64)
    return np.asarray(rate * (1.0 - p + (graph.adjacency @ p) / graph.degrees.max()))


def check_splitting(rates: Rates, context: Context) -> Finding:
    """Jobs followed agent by agent on an irregular graph, against the formula; and their sum."""
    rng = context.rng("meanfield", "splitting")
    graph, worst, lost = configuration_model(30, rng), 0.0, 0.0
    for offload in rng.uniform(size=(5, 30)):
        expected = HIGH_RATE * (1.0 - offload)
        for j in range(30):
            for i in graph.neighbours_of(j):
                expected[i] += HIGH_RATE * offload[j] / len(graph.neighbours_of(j))
        found = rates(graph, offload, HIGH_RATE)
        worst = max(worst, largest_gap(found, expected))
        lost = max(lost, abs(float(found.sum()) - 30 * HIGH_RATE))
    return exactly(worst, 1e-12, jobs_lost_or_invented=lost)


def check_conservation(rates: Rates, context: Context) -> Finding:
    """Total arrivals on a path of three agents, in units of one agent's, where 3 is right."""
    del context
    names = ("middle_sends", "end_sends", "all_send")
    totals = [float(rates(path(3), actions, 1.0).sum()) for actions in PATH_ACTIONS]
    other = [float(largest_degree(path(3), actions, 1.0).sum()) for actions in PATH_ACTIONS]
    evidence = dict(zip(names, totals, strict=True))
    evidence |= {f"{n}_largest_degree": t for n, t in zip(names, other, strict=True)}
    on_ring = rates(ring(5), np.linspace(0, 1, 5), 1.0)
    gap = largest_gap(on_ring, arrival_rates(ring(5), np.linspace(0, 1, 5), 1.0))
    return exactly(largest_gap(totals, [3.0] * 3), 1e-12, **evidence, error_on_ring=gap)


def to_first(graph: Graph, first: NDArray[np.intp], n: int, rate: float) -> Floats:
    """Send everything to the first neighbour in the agent's own order."""
    del graph
    return rate * np.bincount(first, minlength=n).astype(np.float64)


def to_any(graph: Graph, first: NDArray[np.intp], n: int, rate: float) -> Floats:
    """Send everything to a uniformly drawn neighbour, whatever the order."""
    del first
    return arrival_rates(graph, np.ones(n), rate)


def check_order(forward: Forward, context: Context) -> Finding:
    """Check that two orders of neighbours on a ring give other rates, and other drops.

    In one, the middle of each triple comes first for its neighbours; in the other, the next agent.
    """
    del context
    n = 30
    middle = np.arange(n) // 3 * 3 + 1
    middle[1::3] = np.arange(n)[1::3] - 1
    grouped = forward(ring(n), middle, n, HIGH_RATE)
    shifted = forward(ring(n), (np.arange(n) + 1) % n, n, HIGH_RATE)
    drops = [
        float(epoch_kernel(rates, SERVICE, BUFFER, 5.0).expected_drops[:, 0].mean())
        for rates in (grouped, shifted)
    ]
    evidence = {
        "largest_rate_in_triples": float(grouped.max()),
        "largest_rate_shifted": float(shifted.max()),
        "drops_in_triples": drops[0],
        "drops_shifted": drops[1],
    }
    differ = abs(grouped.max() - 2 * HIGH_RATE) < 1e-12 and abs(shifted.max() - HIGH_RATE) < 1e-12
    return Finding(Verdict.HOLDS if differ else Verdict.REFUTED, evidence)


def check_modulation(modulation: Modulation, context: Context) -> Finding:
    """Switching probabilities as printed, and the long-run law that follows."""
    del context
    printed = np.array([[0.8, 0.2], [0.5, 0.5]])
    worst = max(
        largest_gap(modulation.transitions, printed),
        largest_gap(modulation.rates, (HIGH_RATE, 0.6)),
        largest_gap(modulation.start, (0.5, 0.5)),
    )
    law = modulation.stationary
    return exactly(
        worst,
        1e-15,
        long_run_share_of_high=float(law[0]),
        long_run_rate=float(law @ modulation.rates),
        start_off_the_long_run=largest_gap(law, modulation.start),
    )


def regular_graphs() -> tuple[Graph, ...]:
    """Graphs of the paper's regular topologies, and a complete one."""
    return ring(9), torus(5), cube_connected_cycles(3), complete(5)


def irregular_graphs() -> tuple[Graph, ...]:
    """Graphs with agents of different degrees."""
    return path(5), bethe(3)


def check_own_is_random(graphs: tuple[Graph, ...], context: Context) -> Finding:
    """Rates under RND per packet are those under OWN at every queue.

    Streams split at random are independent Poisson streams, so equal rates are equal joint laws.
    """
    rng, gap = context.rng("meanfield", "own-is-random"), 0.0
    for graph in graphs:
        shares = random_per_packet(System(graph), np.zeros((1, graph.n), dtype=np.intp), rng)
        gap = max(gap, largest_gap(shares, np.ones((1, graph.n))))
    return exactly(gap, 1e-12, graphs=float(len(graphs)))


def decided_per_epoch(dt: float) -> Floats:
    """Joint kernel of two queues whose agents draw a queue for all jobs of an epoch, (36, 36)."""
    kernel = np.zeros(((BUFFER + 1) ** 2,) * 2)
    for targets in product(range(2), repeat=2):
        rates = HIGH_RATE * np.bincount(targets, minlength=2).astype(np.float64)
        kernel += 0.25 * _pair(rates, dt)
    return kernel


def decided_per_packet(dt: float) -> Floats:
    """Joint kernel of two queues whose agents draw a queue for every job, (36, 36)."""
    return _pair(np.full(2, HIGH_RATE), dt)


def _pair(rates: Floats, dt: float) -> Floats:
    one, two = epoch_kernel(rates, SERVICE, BUFFER, dt).transitions
    return np.asarray(np.kron(one, two))


def drop_rate(law: PairLaw, dt: float) -> float:
    """Long-run drops per queue and unit time, by the jobs that are served.

    Jobs in balance: those that arrive are served or dropped. A queue serves while it is not empty,
    and how long it is not empty is the epoch's mean of ``1 - P(empty)``, by quadrature.
    """
    kernel = law(dt)
    start = stationary(kernel - np.eye(len(kernel)))
    nodes, weights = np.polynomial.legendre.leggauss(30)
    empty = 0.0
    for node, weight in zip(nodes, weights, strict=True):
        inside = (start @ law(dt * (node + 1) / 2)).reshape(BUFFER + 1, BUFFER + 1)
        empty += weight / 2 * 0.5 * float(inside[0].sum() + inside[:, 0].sum())
    return HIGH_RATE - SERVICE * (1.0 - empty)


def check_once_per_epoch(law: PairLaw, context: Context) -> Finding:
    """Long-run drops of two queues at the high rate, against keeping one's own jobs."""
    del context
    own = HIGH_RATE * float(stationary_law(HIGH_RATE, SERVICE, BUFFER)[-1])
    rates = {dt: drop_rate(law, dt) for dt in (0.1, 1.0, 5.0, 20.0)}
    gap = max(abs(rate - own) for rate in rates.values())
    return exactly(gap, 1e-9, own=own, **{f"at_{dt:g}": rate for dt, rate in rates.items()})


def check_pairs(graph: Graph, context: Context) -> Finding:
    """Four servers of which the first and third, the second and fourth are connected."""
    rng = context.rng("meanfield", "four-queues")
    access = [sorted({i, *graph.neighbours_of(i).tolist()}) for i in range(graph.n)]
    wrong = sum(found != [i % 2, i % 2 + 2] for i, found in enumerate(access))
    rates = arrival_rates(graph, rng.random(4), 1.0)
    leaked = abs(float(rates[[0, 2]].sum()) - 2.0)
    return exactly(float(wrong), 0.0, agents=float(graph.n), jobs_that_leave_a_pair=leaked)


def own_or_neighbour(graph: Graph, offload: ArrayLike, rate: float) -> Floats:
    """Split jobs: action 0 keeps, action 1 sends to a uniformly drawn neighbour [MF Fig. 2]."""
    return arrival_rates(graph, offload, rate)


def own_or_any(graph: Graph, offload: ArrayLike, rate: float) -> Floats:
    """Split jobs, but action 1 draws among all accessible queues, the own one included."""
    p = np.asarray(offload, dtype=np.float64)
    return arrival_rates(graph, p * graph.degrees / (graph.degrees + 1.0), rate)


def check_action(rates: Rates, context: Context) -> Finding:
    """Where the jobs of the second of three agents in a line go under both actions."""
    del context
    nothing = rates(path(3), [0.0, 0.0, 0.0], 1.0)
    moved = rates(path(3), [0.0, 1.0, 0.0], 1.0) - nothing
    error = max(largest_gap(nothing, np.ones(3)), largest_gap(moved, [0.5, -1.0, 0.5]))
    return exactly(error, 1e-12, kept_when_sent_away=1.0 + float(moved[1]))


CLAIMS = (
    Claim(
        "meanfield/arrival-rate",
        "sec. 1.2.4",
        "The arrival rate at queue i is lambda (1 - a_i + sum over neighbours j of a_j / |N_j|), "
        "and all rates add up to N lambda.",
        ("MF-02",),
        Kind.EXACT,
        check_splitting,
        arrival_rates,
        Control("the receiver's degree in place of the sender's", receiver_degree),
    ),
    Claim(
        "meanfield/arrival-rate-in-the-proof",
        "App. A",
        "The arrival rate lambda (1 - a_i + sum over neighbours j of a_j / d) neither loses nor "
        "invents jobs on graphs of bounded degree.",
        ("MF-03",),
        Kind.EXACT,
        check_conservation,
        receiver_degree,
        Control("each sender's own degree", arrival_rates),
    ),
    Claim(
        "meanfield/symmetrisation-needed",
        "sec. 1.2.3",
        "If everybody sends to its first neighbour, the order of the neighbours decides whether "
        "some queue gets 2 lambda or each gets lambda.",
        ("MF-22",),
        Kind.EXACT,
        check_order,
        to_first,
        Control("a uniformly drawn neighbour", to_any),
    ),
    Claim(
        "meanfield/eq-2-switching",
        "eq. 2, Table 1",
        "Rates 0.9 and 0.6 start with equal chance and switch with probability 0.2 from high to "
        "low and 0.5 back, once per epoch; in the long run 5/7 of the epochs are high.",
        ("MF-23",),
        Kind.EXACT,
        check_modulation,
        Modulation(),
        Control("the two probabilities exchanged", Modulation(leave=(0.5, 0.2))),
    ),
    Claim(
        "meanfield/own-is-random-on-regular-graphs",
        "sec. 3",
        "On regular graphs, drawing a queue for every job and keeping all jobs give every queue "
        "the same independent Poisson arrivals.",
        ("MF-25",),
        Kind.EXACT,
        check_own_is_random,
        regular_graphs(),
        Control("agents of different degrees", irregular_graphs()),
    ),
    Claim(
        "meanfield/own-is-random-once-per-epoch",
        "sec. 2.2",
        "Keeping all jobs and drawing a queue once per epoch, as all actions are, drop equally "
        "many jobs on regular graphs.",
        ("MF-26",),
        Kind.EXACT,
        check_once_per_epoch,
        decided_per_epoch,
        Control("a queue drawn for every job", decided_per_packet),
    ),
    Claim(
        "meanfield/figure-1-four-queues",
        "Fig. 1",
        "Four schedulers and four servers with connections (s1, s3) and (s2, s4): each uses its "
        "own queue and the one it is connected with.",
        ("MF-45a",),
        Kind.EXACT,
        check_pairs,
        graph_from_edges(4, [[0, 2], [1, 3]]),
        Control("neighbours in a ring", ring(4)),
    ),
    Claim(
        "meanfield/figure-2-action",
        "Fig. 2",
        "Action 0 sends all jobs to the own queue, action 1 each to a neighbour drawn at random.",
        ("MF-45b",),
        Kind.EXACT,
        check_action,
        own_or_neighbour,
        Control("action 1 draws among the own queue as well", own_or_any),
    ),
)
