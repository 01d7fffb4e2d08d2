"""Offloading against the exponent of the penalty [DCC Fig. 4]."""

from __future__ import annotations

from refimpl.dcc.experiments import references
from refimpl.dcc.experiments.runs import Run, job
from refimpl.dcc.experiments.scale import Scale
from refimpl.ledger import Job

BETAS = (1.0, 1.5, 2.0, 3.0)
"""Exponents of the penalty (chosen; the paper's are lost)."""


def jobs(method: str, n_devices: int, scale: Scale, seed: int) -> tuple[Job, ...]:
    """Jobs of one method at one size, one per exponent in :data:`BETAS` [DCC Fig. 4]."""
    return tuple(
        job(Run(method, n_devices, scale.games, scale.steps, beta), seed) for beta in BETAS
    )


def reference_jobs(n_devices: int, scale: Scale, seed: int) -> tuple[Job, ...]:
    """Exact references at one size, one job per exponent."""
    return tuple(references.job(n_devices, scale.games, beta, seed) for beta in BETAS)
