"""Memory of a training episode at 1500 servers.

Run as a script, this file is the process whose memory is measured: it trains for one episode and
prints its peak resident memory before and after. One pass over the samples needs as much as four.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import replace

from benchmarks.peak import peak_bytes
from benchmarks.workload import Report, Settings, Target

LARGEST, LIMIT_GB = 1500, 8.0


def run(settings: Settings) -> Report:
    """Ask another process for the memory."""
    n, steps = (10, 30) if settings.quick else (LARGEST, 3000)
    begin = time.perf_counter()
    answer = subprocess.run(
        [sys.executable, "-m", "benchmarks.dgpg.memory", str(n), str(steps)],
        check=True,
        capture_output=True,
        text=True,
    )
    peaks: dict[str, int] = json.loads(answer.stdout)
    numbers = {f"{name}, MB": peak / 1e6 for name, peak in peaks.items()}
    return Report(
        instance={"servers": n, "steps": steps},
        numbers=numbers | {"seconds": time.perf_counter() - begin},
        targets=(Target("trained within 8 GB", peaks["trained"] / 1e9, high=LIMIT_GB),),
    )


def train_one_episode(n: int, steps: int) -> dict[str, int]:
    """Peaks in bytes: with the libraries imported, and after an episode of ``n`` servers."""
    from benchmarks.dgpg.instances import one_pass, table_7
    from refimpl.dgpg.train.driver import train

    imported = peak_bytes()
    system, training = table_7(n)
    short = replace(system, steps=steps, arrival_steps=steps * 2 // 3)
    train(short, one_pass(training), 0, 1)
    return {"imported": imported, "trained": peak_bytes()}


if __name__ == "__main__":
    print(json.dumps(train_one_episode(*map(int, sys.argv[1:]))))
