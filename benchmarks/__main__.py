"""Command line: ``python -m benchmarks GROUP [--only NAME] [--repeats R] [--quick]``."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from collections.abc import Sequence

from benchmarks.machine import describe, measure_limits
from benchmarks.timing import JSON
from benchmarks.workload import Settings, Workload, run_workload

# Group -> module with WORKLOADS, imported only when asked for.
GROUPS = {
    "dcc": "benchmarks.dcc",
    "dgpg": "benchmarks.dgpg",
    "meanfield": "benchmarks.meanfield",
    "scale": "benchmarks.scale",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the workloads named on the command line and print one JSON document.

    Returns
    -------
    int
        0 when everything ran, whether or not targets were met.
    """
    options = _parser().parse_args(arguments)
    if options.repeats < 1:
        _parser().error(f"argument --repeats: must be at least 1; got {options.repeats}")
    available = load_workloads(options.group)
    names = [workload.name for workload in available]
    unknown = [name for name in options.only or () if name not in names]
    if unknown:
        _parser().error(f"argument --only: unknown workload {unknown[0]!r}; choose from {names}")
    chosen = [w for w in available if not options.only or w.name in options.only]
    print(json.dumps(run_group(options.group, chosen, options.repeats, options.quick), indent=1))
    return 0


def load_workloads(group: str) -> tuple[Workload, ...]:
    """Workloads of a group."""
    workloads: tuple[Workload, ...] = importlib.import_module(GROUPS[group]).WORKLOADS
    return workloads


def run_group(group: str, workloads: Sequence[Workload], repeats: int, quick: bool) -> JSON:
    """Measure the machine's limits, run the workloads in order, collect everything."""
    limits = measure_limits(1, 64, 1) if quick else measure_limits()
    settings = Settings(repeats, limits, quick)
    results = []
    for workload in workloads:
        print(f"{group}: {workload.title} ...", file=sys.stderr, flush=True)
        results.append(run_workload(workload, settings))
    targets = [target for result in results for target in result["targets"]]
    return {
        "format": 1,
        "group": group,
        "quick": quick,
        "repeats": repeats,
        "machine": describe(),
        "limits_one_core": limits.to_json(),
        "workloads": results,
        "targets_met": sum(target["met"] for target in targets),
        "targets": len(targets),
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("group", choices=sorted(GROUPS), help="paper whose workloads to run")
    parser.add_argument("--only", action="append", metavar="NAME", help="run this workload only")
    parser.add_argument("--repeats", type=int, default=7, help="rounds of every comparison")
    parser.add_argument("--quick", action="store_true", help="small instances, to see it all run")
    return parser


if __name__ == "__main__":
    sys.exit(main())
