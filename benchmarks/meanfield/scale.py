"""Time and memory from a thousand to a million queues.

Run as a script, this file is the process whose memory is measured: it simulates a million queues
and prints its peak resident memory before and after.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from functools import partial
from typing import TYPE_CHECKING

from benchmarks.peak import peak_bytes
from benchmarks.timing import Timing, interleaved
from benchmarks.workload import Report, Settings, Target

if TYPE_CHECKING:
    from refimpl.meanfield.model.system import System

EPOCHS = 50
# Small sizes are simulated several episodes at once, as they would be, and the time divided.
TOGETHER = 100_000
ROUNDS = 3


def run(settings: Settings) -> Report:
    """Fit the log-log slope of the time per episode; ask another process for the memory."""
    from benchmarks.meanfield.instances import ring_system
    from refimpl.shared.statistics import log_log_slope

    sizes = (100, 400, 1600) if settings.quick else (1_000, 10_000, 100_000, 1_000_000)
    episodes = {n: max(1, TOGETHER // n) for n in sizes}
    start = time.perf_counter()
    systems = {n: ring_system(n) for n in sizes}
    built = time.perf_counter() - start
    functions = {f"N = {n}": partial(episode, systems[n], episodes[n]) for n in sizes}
    raw = interleaved(functions, min(settings.repeats, ROUNDS), min_seconds=0.0)
    timings = {
        name: Timing(tuple(s / episodes[n] for s in t.samples), t.calls, t.first / episodes[n])
        for (name, t), n in zip(raw.items(), sizes, strict=True)
    }
    fit = log_log_slope(sizes, [timings[f"N = {n}"].median for n in sizes])
    peaks = memory(sizes[-1])
    numbers = {"log-log slope": fit.slope, "slope, low": fit.low, "slope, high": fit.high}
    numbers |= {f"{name}, MB": peak / 1e6 for name, peak in peaks.items()}
    numbers["building all graphs, s"] = built
    numbers |= {
        f"ns per queue and epoch at {n}": 1e9 * timings[f"N = {n}"].median / (n * EPOCHS)
        for n in sizes
    }
    return Report(
        instance={"sizes": sizes, "epochs": EPOCHS},
        timings=timings,
        numbers=numbers,
        targets=(
            Target("log-log slope of time in N is 1.0 +- 0.1", fit.slope, 0.9, 1.1),
            Target("less than 4 GB for the largest size", peaks["simulated"] / 1e9, high=4.0),
        ),
    )


def episode(system: System, episodes: int) -> None:
    """Simulate with the fixed rule."""
    from benchmarks.meanfield.instances import RULE, level_paths
    from refimpl.meanfield.model.simulator import simulate
    from refimpl.meanfield.policies.rules import own_state
    from refimpl.shared.seeds import generator

    levels = level_paths(system, EPOCHS, episodes)
    simulate(system, own_state(RULE), levels, generator(0, "scale"))


def memory(n: int) -> dict[str, int]:
    """Peaks in bytes of a process that simulates ``n`` queues, before and after it does."""
    answer = subprocess.run(
        [sys.executable, "-m", "benchmarks.meanfield.scale", str(n)],
        check=True,
        capture_output=True,
        text=True,
    )
    peaks: dict[str, int] = json.loads(answer.stdout)
    return peaks


def build_and_simulate(n: int) -> dict[str, int]:
    """Peaks in bytes: with the libraries imported, and after an episode of ``n`` queues."""
    from benchmarks.meanfield.instances import ring_system

    episode(ring_system(10), 1)
    imported = peak_bytes()
    episode(ring_system(n), 1)
    return {"imported": imported, "simulated": peak_bytes()}


if __name__ == "__main__":
    print(json.dumps(build_and_simulate(int(sys.argv[1]))))
