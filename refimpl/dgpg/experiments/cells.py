"""Which runs, references and measurements each experiment consists of."""

from __future__ import annotations

from refimpl.dgpg.experiments.references import REFERENCES, Reference
from refimpl.dgpg.experiments.scale import Length, Scale
from refimpl.dgpg.experiments.systems import COMPARED, System
from refimpl.dgpg.experiments.training import Run
from refimpl.dgpg.experiments.variance import Measurement

LAMBDAS = (0.95, 1.0)
"""Weights of longer sums that all compared methods are run with."""

FAILED_SERVERS = 2
"""Servers of the failed runs; the paper's number is lost, and this is its easiest case."""

FIXED_CLUSTERS = 10
"""Number of clusters of the family of systems whose action space does not grow."""


def runs(
    system: System,
    method: str,
    length: Length,
    alpha: float | None = None,
    lam: float | None = None,
) -> tuple[Run, ...]:
    """Return the runs of one method on one system, one per seed."""
    return tuple(
        Run(system, method, length.episodes, length.every, length.held_out, alpha, lam, k)
        for k in range(length.seeds)
    )


def scalability(scale: Scale, n_servers: int) -> tuple[Run, ...]:
    """Return the runs of DG-PG at one size [DG-PG Fig. 4] [DG-PG Table 9]."""
    return runs(System(n_servers, steps=scale.steps), "neural DG-PG", scale.neural[n_servers])


def ours(scale: Scale, n_servers: int, alpha: float | None = None) -> tuple[Run, ...]:
    """Return the runs with our settings at one size; with weight 0 there is no guidance."""
    return runs(System(n_servers, steps=scale.steps), "ours", scale.ours[n_servers], alpha)


def comparison(scale: Scale, n_servers: int, method: str, lam: float) -> tuple[Run, ...]:
    """Return the runs of one method at one size [DG-PG Fig. 3]."""
    system = System(n_servers, steps=scale.steps)
    return runs(system, method, scale.compared[method], lam=lam)


def weight(scale: Scale, n_servers: int, alpha: float) -> tuple[Run, ...]:
    """Return the runs with one constant weight of the guidance [DG-PG Fig. 2]."""
    system = System(n_servers, steps=scale.steps)
    return runs(system, "neural DG-PG", scale.weights[n_servers], alpha=alpha)


def failure(scale: Scale, number: int) -> tuple[Run, ...]:
    """Return one of the failed runs of a baseline [DG-PG Table 8]."""
    return runs(System(FAILED_SERVERS, steps=scale.steps), f"failure {number}", scale.failures)


def under_constants(scale: Scale, constants: str, method: str) -> tuple[Run, ...]:
    """Return runs of a linear method with two servers under other constants."""
    return runs(System(2, constants, scale.steps), method, scale.constants)


def references(scale: Scale, n_servers: int) -> tuple[Reference, ...]:
    """Return every policy that needs no training, at one size [DG-PG Table 1]."""
    return tuple(reference(scale, n_servers, name) for name in REFERENCES)


def reference(scale: Scale, n_servers: int, policy: str) -> Reference:
    """Return one policy that needs no training, at one size, on that size's test episodes."""
    lengths = {**dict.fromkeys(COMPARED, scale.compared["linear DG-PG"]), **scale.neural}
    return Reference(System(n_servers, steps=scale.steps), policy, lengths[n_servers].held_out)


def measurements(scale: Scale, clusters: int | None) -> tuple[Measurement, ...]:
    """Return the points of the measured variances [DG-PG eq. 3].

    ``clusters`` is the number of actions, or None for as many as servers.
    """
    return tuple(
        Measurement(n, clusters or n, replicas, steps, k)
        for n, (replicas, steps) in scale.variance.items()
        for k in range(scale.variance_episodes)
    )
