"""Empirical claims about networks, memory and observations [MF Fig. 3b] [MF Fig. 9].

Measured as in :mod:`refimpl.meanfield.claims.experiments_delays`; all policies on the system they
were trained on, delay 5.
"""

from __future__ import annotations

import numpy as np

from refimpl.findings import empirical, interval
from refimpl.ledger import Claim, Context, Finding, Plot
from refimpl.meanfield.claims.experiments_delays import SAME
from refimpl.meanfield.claims.experiments_results import (
    Results,
    arrays_of,
    effort,
    empirical_claim,
    gap,
    level,
    measured,
    scaled,
    typical,
)
from refimpl.meanfield.experiments.cells import Cell
from refimpl.meanfield.experiments.settings import training
from refimpl.planted import Planted

DELAY = 5.0
NETWORKS = {
    "128-2": (128, 128),
    "128-3": (128, 128, 128),
    "256-2": (256, 256),
    "256-3": (256, 256, 256),
}
"""Hidden layers compared in [MF Fig. 3b]."""


def network(hidden: tuple[int, ...]) -> Cell:
    """MF-G trained as published on cube-connected cycles, with other layers."""
    return Cell("MF-G", training("ccc", DELAY), "published", hidden=hidden)


def without_memory(preset: str) -> Cell:
    """MF-G on the torus."""
    return Cell("MF-G", training("torus", DELAY), preset)


def with_memory(preset: str) -> Cell:
    """MF-RNN on the torus."""
    return Cell("MF-RNN", training("torus", DELAY), preset, "recurrent")


def observed(policy: str) -> Cell:
    """One trained network shown different observations, on the torus."""
    return Cell(policy, training("torus", DELAY), "ours")


def check_networks(results: Results, context: Context) -> Finding:
    """No network's drops differ from those of 256-2 by more than 5%, 95% sure."""
    kept = network(NETWORKS["256-2"])
    reference = typical(results(kept, context)).mean()
    evidence, held, series = effort(context), [], {}
    for name, hidden in NETWORKS.items():
        cell = network(hidden)
        evidence[f"drops_{name}"] = level(results, cell, context).mean
        if name != "256-2":
            found = gap(results, cell, kept, context)
            held.append(max(-found.low, found.high) < SAME * reference)
            evidence |= interval(f"minus_256_2_{name}", found)
        curves = arrays_of(cell, context)
        mean = np.mean([arrays["curve.training_return"] for arrays in curves], axis=0)
        series[name] = (curves[0]["curve.steps"], mean)
    chart = Plot("Network sizes (Fig. 3b)", "epochs played", "return of a training episode", series)
    concluded = empirical(all(held), evidence)
    return Finding(concluded.verdict, concluded.evidence, plots=(chart,))


def check_memory(results: Results, context: Context) -> Finding:
    """At most 5% less is dropped with a memory than without."""
    evidence, held = effort(context), []
    for preset in ("published", "ours"):
        plain, recurrent = without_memory(preset), with_memory(preset)
        reference = typical(results(plain, context)).mean()
        found = gap(results, recurrent, plain, context)
        held.append(found.low > -SAME * reference)
        evidence |= interval(f"{preset}_memory_minus_none", found)
        evidence[f"{preset}_without_memory"] = reference
    return empirical(all(held), evidence)


def check_observations(results: Results, context: Context) -> Finding:
    """MF-R, MF-N and MF-G differ by at most 5%, 95% sure."""
    reference = typical(results(observed("MF-G"), context)).mean()
    evidence, held = effort(context), []
    for name in ("MF-R", "MF-N"):
        found = gap(results, observed(name), observed("MF-G"), context)
        held.append(max(-found.low, found.high) < SAME * reference)
        evidence |= interval(f"{name.lower()}_minus_mf-g", found)
    evidence["mf-g"] = reference
    return empirical(all(held), evidence)


def network_cells(context: Context) -> list[Cell]:
    """Cells of the network sizes."""
    del context
    return [network(hidden) for hidden in NETWORKS.values()]


def memory_cells(context: Context) -> list[Cell]:
    """Cells with and without a memory."""
    del context
    return [make(p) for p in ("published", "ours") for make in (without_memory, with_memory)]


def observation_cells(context: Context) -> list[Cell]:
    """Cells of the three observations."""
    del context
    return [observed(name) for name in ("MF-R", "MF-N", "MF-G")]


def one_network(cell: Cell, drops: np.ndarray, context: Context) -> np.ndarray:
    """Give all networks the drops of 256-2."""
    del cell, drops
    return measured(network(NETWORKS["256-2"]), context)


def others_worse(cell: Cell, drops: np.ndarray, context: Context) -> np.ndarray:
    """Give all networks but 256-2 itself 1.2 times its drops."""
    factor = 1.0 if cell.hidden == NETWORKS["256-2"] else 1.2
    return factor * one_network(cell, drops, context)


def as_global(cell: Cell, drops: np.ndarray, context: Context) -> np.ndarray:
    """Give every observation the drops of MF-G."""
    del cell, drops
    return measured(observed("MF-G"), context)


CLAIMS: tuple[Claim, ...] = (
    empirical_claim(
        "fig-3b-network-size",
        "Two or three hidden layers of 128 or 256 units perform alike, to 5%.",
        ("MF-35b",),
        Planted(
            check_networks,
            others_worse,
            one_network,
            "128-2 and its like are given 1.2 times the drops of 256-2 where the claim was found, "
            "the same where not",
        ),
        source="Fig. 3b",
        cells=network_cells,
    ),
    empirical_claim(
        "fig-9a-memory-brings-nothing",
        "On the torus a recurrent policy drops no less than one without a memory, to 5%.",
        ("MF-42a",),
        Planted(
            check_memory,
            scaled(("MF-RNN",), 0.5),
            scaled(("MF-RNN",), 2.0),
            "the recurrent policy drops half as much where the claim was found, twice where not",
        ),
        source="Fig. 9a",
        cells=memory_cells,
    ),
    empirical_claim(
        "fig-9b-observations-alike",
        "Shown the own queue, the neighbourhood or all queues, the learned policy drops the same, "
        "to 5%.",
        ("MF-42b",),
        Planted(
            check_observations,
            scaled(("MF-N",), 1.2),
            as_global,
            "MF-N drops 1.2 times as much where the claim was found; where not, all drop what MF-G "
            "does",
        ),
        source="Fig. 9b",
        cells=observation_cells,
    ),
)
