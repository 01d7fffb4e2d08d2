"""Coordination from budgets near the final ones instead of zero [DCC Fig. 2] [DCC Fig. 3]."""

from __future__ import annotations

from refimpl.dcc.experiments.runs import Run, job
from refimpl.dcc.experiments.scale import Scale
from refimpl.ledger import Job

CROWDS = {
    ("dcc-published", 10): 0.57,
    ("dcc-published", 20): 0.57,
    ("dcc-published", 50): 0.57,
    ("dcc-ours", 10): 1.5,
    ("dcc-ours", 20): 1.6,
    ("dcc-ours", 50): 2.5,
}
"""Sum of the first budgets, by method and size (chosen).

The published step rule moves all budgets together by at most 0.25 (1 + 1/2 + ... + 1/5) = 0.57 in
five updates; the others are the exact optimum's, rounded.
"""


def jobs(method: str, n_devices: int, scale: Scale, seed: int) -> tuple[Job, Job]:
    """Jobs of one method from zero and from near-final budgets [DCC Fig. 2] [DCC Fig. 3]."""
    warm = CROWDS[method, n_devices] / n_devices
    cold_run = Run(method, n_devices, scale.games, scale.steps)
    warm_run = Run(method, n_devices, scale.games, scale.steps, first=warm)
    return job(cold_run, seed), job(warm_run, seed)
