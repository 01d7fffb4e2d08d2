"""The whole budget sweep, against ten separate linear programs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from benchmarks.dcc.instances import Instance, device_instance
from benchmarks.dcc.ready_made import constrained_solvers
from benchmarks.timing import fastest, interleaved, ratio
from benchmarks.workload import Report, Settings, Target, share_of_limit
from lp_solvers.budget_sweep import BudgetCurve, budget_sweep

N_PROGRAMS = 10
OURS = "lp_solvers budget_sweep (all budgets)"


def run(settings: Settings) -> Report:
    """Compare; the ten budgets are equally spaced over the range in which they bind."""
    instance = device_instance(settings.quick)
    curve = _sweep(instance)
    budgets = np.linspace(curve.budgets[0], curve.budgets[-1], N_PROGRAMS + 2)[1:-1]
    solvers, skipped = constrained_solvers()
    functions: dict[str, Callable[[], object]] = {OURS: partial(_sweep, instance)}
    numbers = {"pieces of the curve": float(len(curve.slopes))}
    for name, solve in solvers.items():
        functions[f"{N_PROGRAMS} x {name}"] = partial(_one_by_one, instance, budgets, solve)
        values = np.array([solve(instance, budget) for budget in budgets])
        numbers[f"largest difference of {name} from the curve"] = float(
            np.abs(values - curve.value(budgets)).max()
        )
    timings = interleaved(functions, settings.repeats)
    rivals = {name: timing for name, timing in timings.items() if name != OURS}
    ratios = {f"{name} / sweep": ratio(rival, timings[OURS]) for name, rival in rivals.items()}
    best = fastest(rivals)
    return Report(
        instance={**instance.describe(), "programs": N_PROGRAMS},
        timings=timings,
        ratios=ratios,
        numbers=numbers,
        targets=(
            Target(
                f"faster than {best}, the fastest ready-made way",
                ratios[f"{best} / sweep"].median,
                low=1.0,
            ),
        ),
        limit=share_of_limit(
            settings.limits,
            timings[OURS].median,
            "transitions read once per piece of the curve, each being another policy",
            bytes_moved=instance.stored_bytes * len(curve.slopes),
        ),
        skipped=skipped,
    )


def _sweep(instance: Instance) -> BudgetCurve:
    return budget_sweep(instance.build(), instance.count)


def _one_by_one(
    instance: Instance, budgets: np.ndarray, solve: Callable[[Instance, float], float]
) -> list[float]:
    return [solve(instance, float(budget)) for budget in budgets]
