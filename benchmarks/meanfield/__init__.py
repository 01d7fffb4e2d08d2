"""Workloads of the paper on sparse mean-field load balancing.

Each lives in a module of its own, which is imported when it runs: a workload that measures memory
must not carry the others' libraries.
"""

from __future__ import annotations

import importlib
from functools import partial

from benchmarks.workload import Report, Settings, Workload


def _run(settings: Settings, module: str) -> Report:
    report: Report = importlib.import_module(f"{__name__}.{module}").run(settings)
    return report


_TITLES = {
    "epoch": "epochs of 5000 queues on a ring, exact kernel against events",
    "exponential": "batched 7 x 7 matrix exponentials",
    "panel": "a whole panel of Fig. 7: 10 delays, 4 policies, 100 episodes, 5000 queues",
    "scale": "time and memory from a thousand to a million queues",
    "ppo_update": "PPO gradient step of two 2 x 256 networks, and the cost of acting",
}
WORKLOADS = tuple(
    Workload(name, title, partial(_run, module=name)) for name, title in _TITLES.items()
)
