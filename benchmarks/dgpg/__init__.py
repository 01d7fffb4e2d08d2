"""Workloads of the paper on Descent-Guided Policy Gradient."""

from __future__ import annotations

from benchmarks.workload import imported_late

WORKLOADS = imported_late(
    __name__,
    {
        "gradient_steps": "gradient steps of actor and critic, every shape of Tables 6 and 7",
        "acting": "a step's decisions, first layer shared or not",
        "simulator": "a step of the cluster from 10 to 1500 servers",
        "episodes": "training episodes with Table 7's settings against Table 9",
        "memory": "memory of training at 1500 servers",
    },
)
