"""One constrained solve with verified certificate, against the ready-made ways."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from benchmarks.dcc.instances import Instance, device_instance
from benchmarks.dcc.ready_made import constrained_solvers
from benchmarks.timing import Timing, fastest, interleaved, ratio
from benchmarks.workload import Report, Settings, Target, share_of_limit
from lp_solvers import lagrangian

# Allowed offloading frequencies; the unnormalised budget is the frequency over 1 - gamma.
FREQUENCIES = (0.02, 0.1, 0.3)
OURS = "lp_solvers.lagrangian (certified)"


def run(settings: Settings) -> Report:
    """Compare at several budgets; every call starts from plain arrays.

    Ours includes validation of the arrays and the certificate; nothing is kept between calls.
    """
    instance = device_instance(settings.quick)
    solvers, skipped = constrained_solvers()
    timings: dict[str, Timing] = {}
    numbers: dict[str, float] = {}
    speedups = []
    for frequency in FREQUENCIES[-1:] if settings.quick else FREQUENCIES:
        budget = frequency / (1 - instance.gamma)
        reference = lagrangian.solve(instance.constrained(budget))
        numbers[f"certificate, frequency {frequency}"] = reference.certificate.worst
        functions: dict[str, Callable[[], object]] = {OURS: partial(_solve, instance, budget)}
        for name, solve in solvers.items():
            functions[name] = partial(solve, instance, budget)
            error = solve(instance, budget) - reference.value
            numbers[f"value of {name} minus ours, frequency {frequency}"] = error
        measured = interleaved(functions, settings.repeats)
        rivals = {name: timing for name, timing in measured.items() if name != OURS}
        speedups.append(ratio(rivals[fastest(rivals)], measured[OURS]))
        timings |= {f"{name}, frequency {frequency}": t for name, t in measured.items()}
        numbers |= {
            f"{name} / ours, frequency {frequency}": ratio(rival, measured[OURS]).median
            for name, rival in rivals.items()
        }
    slowest = max(t.median for name, t in timings.items() if name.startswith(OURS))
    worst = min(speedups, key=lambda r: r.median)
    return Report(
        instance={**instance.describe(), "frequencies": FREQUENCIES},
        timings=timings,
        ratios={"fastest ready-made / ours, least over budgets": worst},
        numbers=numbers,
        targets=(
            Target("at least 3 times faster than the fastest ready-made way", worst.median, low=3),
            Target("certificate", _worst_certificate(numbers), high=1e-9),
        ),
        limit=share_of_limit(
            settings.limits,
            slowest,
            "transitions read once; no exact method reads less",
            bytes_moved=instance.stored_bytes,
        ),
        skipped=skipped,
    )


def _solve(instance: Instance, budget: float) -> object:
    return lagrangian.solve(instance.constrained(budget))


def _worst_certificate(numbers: dict[str, float]) -> float:
    return max(value for name, value in numbers.items() if name.startswith("certificate"))
