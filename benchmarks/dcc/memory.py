"""Peak memory of the M = B = 15 problem, in a process of its own.

Run as a script, this file is that process: it solves one device exactly in every way the package
has (dual cuts, budget sweep, HiGHS program) and prints its peak resident memory before and after.
"""

from __future__ import annotations

import json
import subprocess
import sys

from benchmarks.peak import peak_bytes
from benchmarks.workload import Report, Settings, Target


def run(settings: Settings) -> Report:
    """Start the process and read its peaks; the limit is bytes, so nothing is timed."""
    del settings
    answer = subprocess.run(
        [sys.executable, "-m", "benchmarks.dcc.memory"], check=True, capture_output=True, text=True
    )
    peaks: dict[str, float] = json.loads(answer.stdout)
    return Report(
        instance={"max_aoi": 15, "battery": 15, "states": 240, "actions": 3},
        numbers={f"{name}, MB": peak / 1e6 for name, peak in peaks.items()},
        targets=(Target("less than 200 MB at the peak", peaks["solved"] / 1e6, high=200.0),),
    )


def solve_everything() -> dict[str, int]:
    """Peaks in bytes: with the libraries imported, and with the problem solved in three ways."""
    from lp_solvers import highs, lagrangian
    from lp_solvers.budget_sweep import budget_sweep
    from lp_solvers.constrained_mdp import constrained_mdp, solve_by_lp
    from refimpl.dcc.model.device import DeviceParameters
    from refimpl.dcc.model.exact import device_mdp, offload_cost

    imported = peak_bytes()
    mdp = device_mdp(DeviceParameters(0, 2, 1, 7))
    count = offload_cost(mdp)
    problem = constrained_mdp(mdp, count, 2.0)
    lagrangian.solve(problem)
    solve_by_lp(problem, highs.solve)
    budget_sweep(mdp, count)
    return {"imported": imported, "solved": peak_bytes()}


if __name__ == "__main__":
    print(json.dumps(solve_everything()))
