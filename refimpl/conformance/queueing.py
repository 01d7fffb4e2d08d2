"""Cases of queues in epochs: the bounded queue, and how agents split their jobs [MF eq. 1]."""

from __future__ import annotations

from typing import Any

import numpy as np

from refimpl.conformance.case import Arrays, Case, Field
from refimpl.conformance.draws import Draw
from refimpl.meanfield.model.arrivals import arrival_rates
from refimpl.shared.bounded_queue import epoch_kernel


def _queue(draw: Draw) -> Arrays:
    return {
        "arrival_rate": float(draw.floats((), 0.0, 4.0)),
        "service_rate": draw.choice((1.0, 0.5, 2.0)),
        "buffer": draw.size(8),
        "dt": draw.choice((1.0, 0.5, 5.0, 10.0)),
    }


def _epoch(arrival_rate: float, service_rate: float, buffer: int, dt: float) -> Arrays:
    kernel = epoch_kernel(arrival_rate, service_rate, buffer, dt)
    return {"transition": kernel.transitions, "expected_drops": kernel.expected_drops}


def _network(draw: Draw) -> Arrays:
    """Random graph in which everybody has a neighbour, degrees unequal as a rule."""
    n = draw.size(6) + 1
    adjacency = np.triu(draw.integers((n, n), 0, 1), 1)
    # Whoever would be alone, or has nobody before it, is joined with its predecessor.
    for i in range(1, n):
        if not adjacency[:i, i].any():
            adjacency[i - 1, i] = 1
    return {
        "adjacency": adjacency + adjacency.T,
        "offload_prob": draw.floats((n,), 0.0, 1.0),
        "rate": draw.choice((1.0, 0.5, 0.9)),
    }


def _rates(**inputs: Any) -> Arrays:
    return {"rates": arrival_rates(**inputs)}


QUEUE_EPOCH = Case(
    name="queue_epoch",
    title="M/M/1/B queue during an epoch: transition matrix and expected drops",
    equation="P = exp(Q dt), Q[z, z+1] = arrival_rate for z < B, Q[z, z-1] = service_rate for "
    "z > 0; drops_z = arrival_rate int_0^dt exp(Q u)[z, B] du [MF eq. 1]",
    inputs=(
        Field("arrival_rate", "scalar", "jobs per unit time, >= 0"),
        Field("service_rate", "scalar", "jobs per unit time, > 0"),
        Field("buffer", "scalar", "int: B, jobs the queue holds, the one in service included"),
        Field("dt", "scalar", "length of the epoch, > 0"),
    ),
    outputs=(
        Field("transition", "(B+1) x (B+1)", "row: jobs at the start; rows sum to 1"),
        Field("expected_drops", "B+1", "expected number of drops, by jobs at the start"),
    ),
    generate=_queue,
    reference=_epoch,
    tolerance=1e-10,
)

ARRIVAL_RATES = Case(
    name="arrival_rates",
    title="arrival rate at every queue when agents send part of their jobs to their neighbours",
    equation="rates_i = rate (1 - p_i + sum over neighbours j of p_j / |N_j|) [MF eq. 1]",
    inputs=(
        Field("adjacency", "N x N", "int: 1 where two agents are neighbours; symmetric"),
        Field("offload_prob", "N", "p: probability that an agent sends a job to a neighbour"),
        Field("rate", "scalar", "jobs per agent and unit time"),
    ),
    outputs=(Field("rates", "N", "jobs per unit time; they sum to N rate"),),
    generate=_network,
    reference=_rates,
    tolerance=1e-12,
)

CASES = (QUEUE_EPOCH, ARRIVAL_RATES)
