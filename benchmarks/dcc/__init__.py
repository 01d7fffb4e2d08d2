"""Workloads of the paper on decentralised coordination via constrained MDPs.

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
    "constrained": "constrained solve with certificate, 720 states",
    "sweep": "whole budget sweep, 720 states",
    "planning": "unconstrained policy iteration, 720 states",
    "q_learning": "tabular Q-learning of 50 devices",
    "memory": "peak memory of the M = B = 15 problem",
    "coordination": "exact coordination of 10 to 500 devices",
}
WORKLOADS = tuple(
    Workload(name, title, partial(_run, module=name)) for name, title in _TITLES.items()
)
