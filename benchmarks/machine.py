"""The machine: what it is, what it can do at most, and who else is using it."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.timing import JSON, interleaved

PACKAGES = (
    *("numpy", "scipy", "cvxpy", "clarabel", "ecos", "highspy", "quantecon"),
    *("numba", "torch", "jax", "simpy", "ciw", "mpmath"),
)
_PROC = Path("/proc")


@dataclass(frozen=True)
class Limits:
    """What one core can do at most.

    Parameters
    ----------
    flops : float
        Double-precision operations per second of a large matrix product.
    bandwidth : float
        Bytes per second (read and written) of a large copy.
    call : float
        Seconds of one call of a NumPy function on eight numbers.
    """

    flops: float
    bandwidth: float
    call: float

    def seconds(self, flops: float = 0.0, bytes_moved: float = 0.0) -> float:
        """Least time of a computation that does ``flops`` operations and moves these bytes."""
        return max(flops / self.flops, bytes_moved / self.bandwidth)

    def to_json(self) -> JSON:
        """Limits in customary units."""
        return {
            "gemm_gflop_per_s": self.flops / 1e9,
            "copy_gb_per_s": self.bandwidth / 1e9,
            "numpy_call_us": 1e6 * self.call,
        }


def measure_limits(repeats: int = 5, size: int = 768, megabytes: int = 64) -> Limits:
    """Measure the limits: best of ``repeats`` rounds, because a limit is a minimum of time."""
    rng = np.random.default_rng(0)
    a, b = rng.random((size, size)), rng.random((size, size))
    product = np.empty_like(a)
    source = np.ones(megabytes * 1_000_000 // 8)
    target = np.empty_like(source)
    small, out = np.ones(8), np.empty(8)
    timings = interleaved(
        {
            "gemm": lambda: np.matmul(a, b, out=product),
            "copy": lambda: np.copyto(target, source),
            "call": lambda: np.add(small, small, out=out),
        },
        repeats,
    )
    best = {name: min(timing.samples) for name, timing in timings.items()}
    return Limits(2.0 * size**3 / best["gemm"], 2.0 * source.nbytes / best["copy"], best["call"])


def describe() -> JSON:
    """Machine and versions."""
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "blas_threads": os.environ.get("OPENBLAS_NUM_THREADS"),
        "packages": {name: version for name in PACKAGES if (version := installed(name))},
    }


def installed(package: str) -> str | None:
    """Version of an installed distribution, or None."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


@dataclass(frozen=True)
class Load:
    """Processor seconds spent so far, by everybody and by this process and its children."""

    everybody: float
    own: float
    wall: float


def load_now() -> Load | None:
    """Counters for :func:`foreign_load`; None where the system does not tell (not Linux)."""
    try:
        fields = (_PROC / "stat").read_text().split("\n", 1)[0].split()[1:]
    except OSError:
        return None
    # user nice system idle iowait irq softirq steal: all but idle and iowait is work.
    ticks = [float(field) for field in fields[:8]]
    busy = (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")
    times = os.times()
    return Load(busy, sum(times[:4]), times.elapsed)


def foreign_load(before: Load | None, after: Load | None) -> float | None:
    """Cores kept busy by other processes between two calls of :func:`load_now`.

    Figures taken while others keep more than a few per cent of a core per core busy are to be
    read with care.
    """
    if before is None or after is None or after.wall <= before.wall:
        return None
    others = (after.everybody - before.everybody) - (after.own - before.own)
    return max(0.0, others / (after.wall - before.wall))


def _cpu_model() -> str:
    try:
        lines = (_PROC / "cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown"
