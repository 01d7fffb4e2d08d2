"""Workloads of the paper on sparse mean-field load balancing."""

from __future__ import annotations

from benchmarks.workload import imported_late

WORKLOADS = imported_late(
    __name__,
    {
        "epoch": "epochs of 5000 queues on a ring, exact kernel against events",
        "exponential": "batched 7 x 7 matrix exponentials",
        "panel": "a whole panel of Fig. 7: 10 delays, 4 policies, 100 episodes, 5000 queues",
        "scale": "time and memory from a thousand to a million queues",
        "ppo_update": "PPO gradient step of two 2 x 256 networks, and the cost of acting",
    },
)
