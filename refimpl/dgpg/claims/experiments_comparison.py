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
    Planted,
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


def behind(results: Results, context: Context, n: int, method: str, lam: float) -> float:
    """Shortfall of a method's best checkpoint from that of DG-PG."""
    scale = scale_of(context)
    guided, other = (
        best_reward(results, cells.comparison(scale, n, each, lam), context)
        for each in (GUIDED, method)
    )
    return shortfall(other, guided)


def table(results: Results, context: Context) -> dict[str, float]:
    """Shortfalls by method, size and weight of longer sums, and the references' rewards."""
    evidence = {
        f"{method.split()[1]}_n{n}_lam{lam:g}": behind(results, context, n, method, lam)
        for method in BASELINES
        for n in COMPARED
        for lam in LAMBDAS
    }
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
    evidence = table(results, context)
    smallest = [v for k, v in evidence.items() if _is_baseline(k) and f"_n{COMPARED[0]}_" in k]
    return empirical(max(smallest) <= COMPARABLE, {"largest": max(smallest), **evidence})


def check_gap_grows(results: Results, context: Context) -> Finding:
    """Every baseline falls further behind from each size to the next."""
    evidence = table(results, context)
    gaps = [
        [evidence[f"{method.split()[1]}_n{n}_lam{lam:g}"] for n in COMPARED]
        for method in BASELINES
        for lam in LAMBDAS
    ]
    series = {
        f"{method.split()[1]}, lambda {lam:g}": (
            np.array(COMPARED, float),
            np.array([evidence[f"{method.split()[1]}_n{n}_lam{lam:g}"] for n in COMPARED]),
        )
        for method in BASELINES
        for lam in LAMBDAS
    }
    chart = Plot("Shortfall from DG-PG (Fig. 3)", "servers", "part of DG-PG's reward", series)
    steps = [later - sooner for row in gaps for sooner, later in pairwise(row)]
    concluded = empirical(min(steps) > 0, {"least_step": min(steps), **evidence})
    return Finding(concluded.verdict, concluded.evidence, plots=(chart,))


def check_baselines_fail(results: Results, context: Context) -> Finding:
    """With 10 servers every baseline loses at least twice as much as DG-PG, at either weight."""
    evidence = table(results, context)
    largest = [v for k, v in evidence.items() if _is_baseline(k) and f"_n{COMPARED[-1]}_" in k]
    return empirical(min(largest) >= FAILED, {"least": min(largest), **evidence})


def _is_baseline(key: str) -> bool:
    return key.startswith(("MAPPO", "IPPO"))


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
            saved = [improvement(results.arrays(run, context)) for run in runs]
            evidence[f"{method.split()[1]}_{name}"] = float(np.mean(saved))
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
