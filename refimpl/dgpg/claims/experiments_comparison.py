"""Empirical claims about the baselines [DG-PG Fig. 3] [DG-PG sec. 6.3].

All methods with linear actors and critics and the settings of Table 6; every method with both
weights of longer sums in the advantages, best checkpoints on the test episodes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise

import numpy as np

from refimpl.dgpg.claims.experiments_results import (
    Cell,
    Floats,
    Results,
    best_reward,
    empirical_claim,
    is_method,
    reference_reward,
    rewards_times,
    shortfall,
)
from refimpl.dgpg.experiments import cells
from refimpl.dgpg.experiments.cells import LAMBDAS
from refimpl.dgpg.experiments.scale import scale_of
from refimpl.dgpg.experiments.systems import COMPARED
from refimpl.findings import empirical
from refimpl.ledger import Arrays, Context, Finding, Plot
from refimpl.planted import Planted

Shortfalls = dict[tuple[str, int, float], float]
"""By method, number of servers and weight of longer sums."""

GUIDED, BASELINES = "linear DG-PG", ("linear MAPPO", "linear IPPO")
COMPARABLE, FAILED = 0.25, 1.0
"""Shortfalls, as parts of DG-PG's reward, up to which methods are comparable, and from which on a
method has failed."""


def compared(context: Context) -> list[Cell]:
    """Return all runs of the comparison, with Best-Fit and Random."""
    scale = scale_of(context)
    methods = (GUIDED, *BASELINES)
    found: list[Cell] = [
        run
        for n in COMPARED
        for method in methods
        for lam in LAMBDAS
        for run in cells.comparison(scale, n, method, lam)
    ]
    found += [cells.reference(scale, n, p) for n in COMPARED for p in ("Best-Fit", "Random")]
    return found


def name_of(method: str) -> str:
    """Return the method's name without the kind of its networks."""
    return method.split()[1]


def shortfalls(results: Results, context: Context) -> Shortfalls:
    """Shortfalls of the baselines' best checkpoints from DG-PG's, by method, size and lambda."""
    scale = scale_of(context)

    def best(method: str, n: int, lam: float) -> Floats:
        return best_reward(results, cells.comparison(scale, n, method, lam), context)

    return {
        (method, n, lam): shortfall(best(method, n, lam), best(GUIDED, n, lam))
        for method in BASELINES
        for n in COMPARED
        for lam in LAMBDAS
    }


def evidence_of(behind: Shortfalls, results: Results, context: Context) -> dict[str, float]:
    """Name the shortfalls; beside them the rewards of DG-PG and of the references."""
    evidence = {f"{name_of(m)}_n{n}_lam{lam:g}": gap for (m, n, lam), gap in behind.items()}
    for n in COMPARED:
        for policy in ("Best-Fit", "Random"):
            cell = cells.reference(scale_of(context), n, policy)
            evidence[f"{policy}_n{n}"] = float(reference_reward(results, cell, context).mean())
        for lam in LAMBDAS:
            runs = cells.comparison(scale_of(context), n, GUIDED, lam)
            evidence[f"DG-PG_n{n}_lam{lam:g}"] = float(best_reward(results, runs, context).mean())
    return evidence


def check_comparable(results: Results, context: Context) -> Finding:
    """With 2 servers no baseline is more than a quarter behind DG-PG."""
    behind = shortfalls(results, context)
    most = max(gap for (_, n, _), gap in behind.items() if n == COMPARED[0])
    evidence = evidence_of(behind, results, context)
    return empirical(most <= COMPARABLE, {"largest": most, **evidence})


def check_gap_grows(results: Results, context: Context) -> Finding:
    """Every baseline falls further behind from each size to the next."""
    behind = shortfalls(results, context)
    rows = {(m, lam): [behind[m, n, lam] for n in COMPARED] for m in BASELINES for lam in LAMBDAS}
    series = {
        f"{name_of(method)}, lambda {lam:g}": (np.array(COMPARED, float), np.array(row))
        for (method, lam), row in rows.items()
    }
    chart = Plot("Shortfall from DG-PG (Fig. 3)", "servers", "part of DG-PG's reward", series)
    least = min(later - sooner for row in rows.values() for sooner, later in pairwise(row))
    evidence = evidence_of(behind, results, context)
    concluded = empirical(least > 0, {"least_step": least, **evidence})
    return Finding(concluded.verdict, concluded.evidence, plots=(chart,))


def check_baselines_fail(results: Results, context: Context) -> Finding:
    """With 10 servers every baseline loses at least twice as much as DG-PG, at either weight."""
    behind = shortfalls(results, context)
    least = min(gap for (_, n, _), gap in behind.items() if n == COMPARED[-1])
    return empirical(least >= FAILED, {"least": least, **evidence_of(behind, results, context)})


def under_both(context: Context) -> list[Cell]:
    """Return runs with 2 servers under the chosen and under the suggested constants."""
    scale = scale_of(context)
    found: list[Cell] = []
    for method in (GUIDED, *BASELINES):
        found += cells.under_constants(scale, "suggested", method)
        found += cells.comparison(scale, COMPARED[0], method, LAMBDAS[0])
    return found


def improvement(arrays: Arrays) -> float:
    """Part of the first episodes' cost that the last ones save; negative if it got worse."""
    rewards = arrays["reward"]
    few = max(len(rewards) // 5, 1)
    first, last = rewards[:few].mean(), rewards[-few:].mean()
    return float(1 - last / first)


def check_constants(results: Results, context: Context) -> Finding:
    """MAPPO improves with 2 servers whichever constants fill the paper's gaps."""
    scale, evidence = scale_of(context), {}
    for method in (GUIDED, *BASELINES):
        chosen = cells.comparison(scale, COMPARED[0], method, LAMBDAS[0])
        suggested = cells.under_constants(scale, "suggested", method)
        for name, runs in (("chosen", chosen), ("suggested", suggested)):
            saved = [improvement(results(run, context)) for run in runs]
            evidence[f"{name_of(method)}_{name}"] = float(np.mean(saved))
    kept = [evidence[f"MAPPO_{name}"] for name in ("chosen", "suggested")]
    return empirical(min(kept) > 0, evidence)


def trained_rewards(cell: Cell, arrays: Arrays, context: Context, factor: float) -> Arrays:
    """Plant training rewards of MAPPO that change evenly by a factor."""
    del context
    if not is_method("linear MAPPO")(cell):
        return arrays
    return {**arrays, "reward": np.linspace(-1.0, -factor, len(arrays["reward"]))}


def _worse_by(*factors: float) -> Callable[[Cell, Arrays, Context], Arrays]:
    """Baselines whose rewards are a multiple of the same by size; DG-PG's are -1."""

    def change(cell: Cell, arrays: Arrays, context: Context) -> Arrays:
        del context
        factor = 1.0
        if is_method(*BASELINES)(cell):
            factor = factors[COMPARED.index(cell.system.n_servers)]  # type: ignore[union-attr]
        known = {k: np.where(np.isnan(v), v, -factor) for k, v in arrays.items() if "sampled" in k}
        return {**arrays, **known}

    return change


_claim = partial(empirical_claim, cells=compared)

CLAIMS = (
    _claim(
        "fig-3-comparable-at-2",
        "With 2 servers MAPPO, IPPO and DG-PG are comparable: no baseline is more than a quarter "
        "behind.",
        ("DG-72", "DG-91c"),
        Planted(
            check_comparable,
            rewards_times(3.0, is_method(*BASELINES)),
            _worse_by(1.0, 2.0, 3.0),
            "rewards of the baselines tripled, or equal to DG-PG's",
        ),
        source="Fig. 3, sec. 6.3",
    ),
    _claim(
        "fig-3-gap-grows",
        "The baselines fall further behind DG-PG from 2 to 5 and from 5 to 10 servers.",
        ("DG-75", "DG-91c"),
        Planted(
            check_gap_grows,
            _worse_by(3.0, 2.0, 1.5),
            _worse_by(1.0, 2.0, 4.0),
            "gaps that shrink with the number of servers, or grow",
        ),
        source="Fig. 3, sec. 6.3",
    ),
    _claim(
        "abstract-baselines-fail",
        "With 10 servers and matched linear models MAPPO and IPPO fail: they lose at least twice "
        "as much as DG-PG, with either weight of longer sums.",
        ("DG-72", "DG-75"),
        Planted(
            check_baselines_fail,
            _worse_by(1.0, 1.0, 1.0),
            _worse_by(1.0, 2.0, 4.0),
            "baselines as good as DG-PG, or far behind",
        ),
        source="abstract, sec. 6.3",
    ),
    _claim(
        "app-h-constants",
        "With 2 servers MAPPO improves in training whichever constants fill the gaps of the text.",
        ("DG-72",),
        Planted(
            check_constants,
            lambda cell, arrays, context: trained_rewards(cell, arrays, context, 3.0),
            lambda cell, arrays, context: trained_rewards(cell, arrays, context, 0.3),
            "a training reward of MAPPO that gets worse, or better",
        ),
        source="App. H",
        cells=under_both,
    ),
)
