"""Workloads of the paper on SCALE."""

from __future__ import annotations

from benchmarks.workload import imported_late

WORKLOADS = imported_late(
    __name__,
    {
        "updates": "gradient steps of the pointer network: passes, losses, optimiser",
        "decisions": "one decision from 16 to 100,000 servers",
    },
)
