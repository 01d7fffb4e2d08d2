"""Workloads run on their smallest instances, as the tests of every paper's workloads do."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from benchmarks.machine import Limits
from benchmarks.workload import Settings, Workload, run_workload

SETTINGS = Settings(repeats=1, limits=Limits(1e10, 1e10, 1e-6), quick=True)


def document(workloads: Iterable[Workload], name: str) -> dict[str, Any]:
    """Result of one workload on its smallest instance, as it is written down."""
    workload = next(w for w in workloads if w.name == name)
    found: dict[str, Any] = json.loads(json.dumps(run_workload(workload, SETTINGS)))
    return found
