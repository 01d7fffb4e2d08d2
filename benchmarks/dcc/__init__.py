"""Workloads of the paper on decentralised coordination via constrained MDPs."""

from __future__ import annotations

from benchmarks.workload import imported_late

WORKLOADS = imported_late(
    __name__,
    {
        "constrained": "constrained solve with certificate, 720 states",
        "sweep": "whole budget sweep, 720 states",
        "planning": "unconstrained policy iteration, 720 states",
        "q_learning": "tabular Q-learning of 50 devices",
        "memory": "peak memory of the M = B = 15 problem",
        "coordination": "exact coordination of 10 to 500 devices",
    },
)
