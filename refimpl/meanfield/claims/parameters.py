"""Claims about the system parameters of Table 1: what is run is what is printed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from refimpl.findings import exactly
from refimpl.ledger import Claim, Context, Control, Finding, Kind
from refimpl.meanfield.model.system import System
from refimpl.meanfield.model.topologies import (
    bethe,
    configuration_model,
    cube_connected_cycles,
    ring,
    torus,
)

PRINTED: Mapping[str, float] = {
    "service_rate": 1.0,
    "high_rate": 0.9,
    "low_rate": 0.6,
    "buffer": 5.0,
}
"""Rows of Table 1 that are one number, in the names of :func:`defaults`."""


def defaults(system: System) -> Mapping[str, float]:
    """Read off a system what the table prints."""
    high, low = system.modulation.rates
    service = float(np.asarray(system.service_rates))
    return dict(zip(PRINTED, (service, high, low, float(system.buffer)), strict=True))


@dataclass(frozen=True)
class Ranges:
    """Least and largest number of agents and of accessible queues, as a table prints them."""

    agents: tuple[int, int] = (4, 6000)
    accessible: tuple[int, int] = (3, 6)


def check_values(system: System, context: Context) -> Finding:
    """Count the printed values that the default system does not have."""
    del context
    run = defaults(system)
    wrong = sum(run[name] != value for name, value in PRINTED.items())
    return exactly(float(wrong), 0.0, rows=float(len(PRINTED)))


def check_ranges(ranges: Ranges, context: Context) -> Finding:
    """Compare with the graphs of the experiments: ends that no graph reaches or one oversteps.

    Accessible queues are the neighbours and the own queue.
    """
    rng = context.rng("meanfield", "table-1")
    large = [ring(5001), cube_connected_cycles(9), torus(70), bethe(11)]
    graphs = [*large, configuration_model(5001, rng)]
    # Figure 1 has four agents. Leaves of the Bethe lattice, with 2 queues, are not held against it.
    sizes = [4, *(graph.n for graph in graphs)]
    queues = np.unique(np.concatenate([graph.degrees[graph.degrees > 1] + 1 for graph in graphs]))
    found = (min(sizes), max(sizes)), (int(queues.min()), int(queues.max()))
    wrong = int(found[0] != ranges.agents) + int(found[1] != ranges.accessible)
    return exactly(
        float(wrong),
        0.0,
        most_agents=float(max(sizes)),
        fewest_queues=float(queues.min()),
        most_queues=float(queues.max()),
    )


CLAIMS = (
    Claim(
        "meanfield/table-1-values",
        "Table 1",
        "Service rate 1, arrival rates 0.9 and 0.6, buffer 5: what is run by default.",
        ("MF-46a",),
        Kind.EXACT,
        check_values,
        System(ring(3)),
        Control("a buffer of 20", replace(System(ring(3)), buffer=20)),
    ),
    Claim(
        "meanfield/table-1-ranges",
        "Table 1",
        "The experiments have 4 to 6000 agents with 3 to 6 accessible queues each.",
        ("MF-46a",),
        Kind.EXACT,
        check_ranges,
        Ranges(),
        Control("4 to 6142 agents with 3 to 5", Ranges((4, 6142), (3, 5))),
    ),
)
