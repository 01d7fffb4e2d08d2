"""The reference state and the guidance coefficient: two formulas, and all that they can mean.

Shows: DG-PG eqs 6, 8, 18, 19, Prop. C.1. On servers of Table 4 the reference comes from its closed
form and from a certified quadratic program. Then three jobs are placed at once, and the coefficient
is computed in every reading: state before or after the action, loads or utilisations or both. What
a job really changes has a second-order term that eq. (8) drops; "corrected" has it.
Look at: the right picture: eq. (8) is a tangent, what a whole job does is the parabola.
For: everybody, first.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from _show import BLUE, GREEN, ORANGE, RED, UNPUBLISHED, Row, figure, look_at, options, table

from refimpl.dgpg.model.instances import INSTANCE_TYPES, instance_type
from refimpl.dgpg.objective.guidance import READINGS, Placements
from refimpl.dgpg.objective.reference import alignment, deviation, reference_state
from refimpl.dgpg.theory.domains.balancing import balanced_state
from refimpl.shared.seeds import generator

NAMES = ("m4.8xlarge", "m5.8xlarge", "c5.18xlarge", "r5.8xlarge", "m6i.8xlarge", "c5n.18xlarge")
CAPACITY = np.array([(instance_type(n).cpu, instance_type(n).memory) for n in NAMES], float)
PART = np.array([(0.9, 0.4), (0.3, 0.5), (0.6, 0.9), (0.7, 0.2), (1.2, 0.8), (0.2, 0.3)])
BEFORE = CAPACITY * PART
"""Loads before the action; 1.2 of the cores of the fifth server: somebody waits there."""
DEMAND, SERVERS = np.array([[4.0, 6.0], [2.0, 12.0], [8.0, 16.0]]), (4, 2, 5)
"""Three jobs, cores and GB, and where they go: too full, full of memory, nearly empty."""
SHOWN = {"after, load": RED, "before, load": GREEN, "after, utilization": BLUE}


def placed(load: Any, demand: Any, server: int) -> Any:
    """Return the load with one more job."""
    return load + np.eye(len(load))[server][:, None] * demand


def exact_change(after: Any, unit: Any) -> Any:
    """Compute what each job adds to the deviation, the reference held as it is."""
    target = reference_state(after, CAPACITY) / unit
    without = [placed(after, -d, s) / unit for d, s in zip(DEMAND, SERVERS, strict=True)]
    return deviation(after / unit, target) - [deviation(x, target) for x in without]


def random_states(count: int) -> tuple[float, float, float]:
    """Compare with the program; largest slope to the reference; error of Prop. C.1's identity."""
    rng, gap, slope, error = generator(0, "example", "reference"), 0.0, -np.inf, 0.0
    types = np.array([(kind.cpu, kind.memory) for kind in INSTANCE_TYPES])
    for k in range(count):
        capacity = types[rng.integers(0, 12, 8)]
        load = rng.exponential(1.0, (8, 2)) * capacity
        reference, found = reference_state(load, capacity), float(alignment(load, capacity))
        if k < 10:  # a program takes longer than a formula
            solved = balanced_state(capacity, load.sum(axis=0)).state
            gap = max(gap, float(np.abs(solved - reference).max() / reference.max()))
        slope = max(slope, found)
        error = max(error, abs(found / ((load - reference) ** 2 / capacity).sum() + 1.0))
    return gap, slope, error


def draw(found: Any, *axes: Any) -> None:
    at, target = np.arange(len(NAMES)), reference_state(BEFORE, CAPACITY)
    for k, (name, colour) in enumerate((("CPU", BLUE), ("memory", ORANGE))):
        axes[0].bar(at + 0.4 * k - 0.2, PART[:, k], 0.4, color=colour, label=name)
        axes[0].axhline(target[0, k] / CAPACITY[0, k], color=colour, ls="--", label="its reference")
    axes[0].set(title="State before the action", ylabel="utilisation, with waiting jobs")
    axes[0].set_xticks(at, NAMES, rotation=30, ha="right")
    for k, (name, colour) in enumerate(SHOWN.items()):
        g = found[name] / np.abs(found[name]).max()
        axes[1].bar(np.arange(3) + 0.25 * k - 0.25, g, 0.25, color=colour, label=name)
    jobs = [
        f"{DEMAND[i, 0]:g} cores, {DEMAND[i, 1]:g} GB\non {NAMES[SERVERS[i]]}" for i in range(3)
    ]
    axes[1].set_xticks(range(3), jobs)
    axes[1].set(title="Coefficients, reading by reading", ylabel="in units of its largest")
    sizes, excess = np.linspace(0.0, 8.0, 81), BEFORE[1] - target[1]
    exact = [deviation(placed(BEFORE, s, 1), target) - deviation(BEFORE, target) for s in sizes]
    axes[2].plot(sizes, exact, color=BLUE, label="exact: d(x + z) - d(x)")
    axes[2].plot(sizes, excess.sum() * sizes, "--", color=GREEN, label="<x - xr, z>, x before")
    after = excess.sum() * sizes + 2.0 * sizes**2
    axes[2].plot(sizes, after, ":", color=RED, label="<x - xr, z>, x after")
    axes[2].set(title=f"Change of d by s cores and s GB on {NAMES[1]}", xlabel="s")


def main() -> None:
    given = options(__doc__ or "", __file__)
    gap, slope, error = random_states(given.choose(50, 500, 5_000))
    after = BEFORE
    for d, s in zip(DEMAND, SERVERS, strict=True):
        after = placed(after, d, s)
    where = Placements(np.zeros(3, np.int64), np.array(SERVERS), DEMAND)
    found = {r.name: r(BEFORE[None], after[None], CAPACITY[None], where) for r in READINGS}
    exact = {"load": exact_change(after, 1.0), "utilization": exact_change(after, CAPACITY)}
    price = float(balanced_state(CAPACITY, BEFORE.sum(axis=0)).multipliers[0]), "program"
    level = float((reference_state(BEFORE, CAPACITY) / CAPACITY)[0, 0])
    rows: list[Row] = [
        ("reference: farthest from the certified optimum", (0.0, "eq. 19"), gap),
        ("price of one more core = utilisation", price, level),
        ("largest slope of the imbalance to the reference", "< 0 (Prop. C.1)", slope),
        ("  error of: slope = - sum (x - xr)^2 / C", (0.0, "derived"), error),
    ]
    for name, g in {**found, **{f"exact, {unit}": dx for unit, dx in exact.items()}}.items():
        rows.append((f"three jobs, {name}", UNPUBLISHED, ", ".join(f"{v:+.4g}" for v in g)))
    for unit, change in exact.items():
        for name in (f"after, {unit}", f"corrected, {unit}"):
            off = float(np.abs(found[name] - change).max())
            rows.append((f"  {name}: largest error", (0.0, "eq. 8"), off))
    table(rows)
    look_at("the errors: of two readings of eq. 8 only the corrected one is what a job changes.")
    figure(given, partial(draw, found), columns=3, size=(16.0, 4.6))
    assert max(gap, error) < 1e-8
    assert slope < 0.0
    for u, change in exact.items():
        assert np.abs(found[f"corrected, {u}"] - change).max() < 1e-9


if __name__ == "__main__":
    main()
