"""Unconstrained policy iteration, against QuantEcon's ``DiscreteDP`` on the same instance.

The instance charges a price per offload. Were offloading free, many actions would tie, and
QuantEcon's policy iteration would change between equally good policies until its limit of 250.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from benchmarks.dcc.instances import device_instance
from benchmarks.dcc.ready_made import quantecon_process
from benchmarks.machine import installed
from benchmarks.timing import interleaved, ratio
from benchmarks.workload import Report, Settings, Target, share_of_limit
from lp_solvers.policy_iteration import policy_iteration

PRICE = 3.1
OURS = "lp_solvers policy_iteration"
THEIRS = "quantecon policy_iteration"
MODIFIED = "quantecon modified_policy_iteration, epsilon 1e-9"


def run(settings: Settings) -> Report:
    """Compare twice: from a prepared process, and from plain arrays, construction included.

    Our prepared process is copied for every call, so that nothing computed in one call (orderings,
    factorisation patterns) is there for the next.
    """
    free = device_instance(settings.quick)
    instance = replace(free, cost=free.cost + PRICE * free.count)
    prepared = instance.build()
    functions: dict[str, Callable[[], object]] = {
        OURS: lambda: policy_iteration(replace(prepared)),
        f"{OURS}, from arrays": lambda: policy_iteration(instance.build()),
    }
    ours = policy_iteration(prepared)
    numbers = {"policies evaluated by us": float(ours.n_evaluations)}
    skipped = {}
    if installed("quantecon"):
        process = quantecon_process(instance)
        functions |= {
            THEIRS: lambda: process.solve(method="policy_iteration"),
            f"{THEIRS}, from arrays": lambda: quantecon_process(instance).solve(
                method="policy_iteration"
            ),
            MODIFIED: lambda: process.solve(method="modified_policy_iteration", epsilon=1e-9),
        }
        theirs = process.solve(method="policy_iteration")
        numbers["iterations of quantecon"] = float(theirs.num_iter)
        numbers["largest difference of values"] = float(np.abs(ours.value + theirs.v).max())
    else:
        skipped["quantecon"] = "not installed"
    timings = interleaved(functions, settings.repeats)
    pairs = {
        f"{OURS} / {THEIRS}": (OURS, THEIRS),
        f"{OURS} / {THEIRS}, both from arrays": (f"{OURS}, from arrays", f"{THEIRS}, from arrays"),
        f"{OURS} / {MODIFIED}": (OURS, MODIFIED),
    }
    ratios = {name: ratio(timings[a], timings[b]) for name, (a, b) in pairs.items() if b in timings}
    return Report(
        instance={**instance.describe(), "price per offload": PRICE},
        timings=timings,
        ratios=ratios,
        numbers=numbers,
        targets=tuple(
            Target(f"no slower: {name}", quotient.median, high=1.0)
            for name, quotient in ratios.items()
            if MODIFIED not in name
        ),
        limit=share_of_limit(
            settings.limits,
            timings[OURS].median,
            "transitions read once; no exact method reads less",
            bytes_moved=instance.stored_bytes,
        ),
        skipped=skipped,
    )
