"""Empirical claims about the failed runs of the baselines [DG-PG Table 8] [DG-PG App. J].

MAPPO with two-layer networks on 2 servers, with the settings of each row of Table 8.
"""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from refimpl.dgpg.claims.experiments_results import (
    Cell,
    Change,
    Results,
    best_reward,
    empirical_claim,
    shortfall,
)
from refimpl.dgpg.experiments import cells
from refimpl.dgpg.experiments.cells import FAILED_SERVERS, LAMBDAS
from refimpl.dgpg.experiments.scale import scale_of
from refimpl.dgpg.experiments.training import Run
from refimpl.findings import empirical
from refimpl.ledger import Arrays, Context, Finding, Plot
from refimpl.planted import Planted

FREQUENT, RARE, INTERMEDIATE, SHAPED = (0, 1, 2), (4, 5), 6, 7
"""Runs of Table 8 whose entropy collapses, whose critic is too slow, and the last two."""

COLLAPSED = 0.25
"""Part of the largest entropy below which the policy has collapsed."""

UNINFORMED = 0.35
"""Explained variance below which the critic is too slow: the least of run 6 in App. J."""


def failed(context: Context) -> list[Cell]:
    """Return the eight runs, with linear DG-PG on the same system."""
    scale = scale_of(context)
    guided = cells.comparison(scale, FAILED_SERVERS, "linear DG-PG", LAMBDAS[0])
    return [*guided, *(run for k in range(8) for run in cells.failure(scale, k))]


def _mean(results: Results, context: Context, number: int, key: str) -> float:
    """Mean of a quantity over the last fifth of a run."""
    curves = [results(run, context)[key] for run in cells.failure(scale_of(context), number)]
    return float(np.mean([curve[-max(len(curve) // 5, 1) :].mean() for curve in curves]))


def _evidence(results: Results, context: Context) -> dict[str, float]:
    scale, evidence = scale_of(context), {"entropy_at_most": math.log(FAILED_SERVERS)}
    for k in range(8):
        evidence[f"entropy_run{k}"] = _mean(results, context, k, "actor_entropy")
        evidence[f"explained_run{k}"] = _mean(results, context, k, "explained_variance")
        reward = best_reward(results, cells.failure(scale, k), context)
        evidence[f"reward_run{k}"] = float(reward.mean())
    guided = cells.comparison(scale, FAILED_SERVERS, "linear DG-PG", LAMBDAS[0])
    evidence["reward_dgpg"] = float(best_reward(results, guided, context).mean())
    return evidence


def check_collapse(results: Results, context: Context) -> Finding:
    """With many updates per episode the policy ends nearly deterministic."""
    evidence = _evidence(results, context)
    ends = [evidence[f"entropy_run{k}"] for k in FREQUENT]
    series = {f"run {k}": _curve(results, context, k, "actor_entropy") for k in (*FREQUENT, *RARE)}
    chart = Plot("Entropy of the failed runs (Table 8)", "episode", "entropy", series)
    concluded = empirical(max(ends) < COLLAPSED * math.log(FAILED_SERVERS), evidence)
    return Finding(concluded.verdict, concluded.evidence, plots=(chart,))


def _curve(
    results: Results, context: Context, number: int, key: str
) -> tuple[np.ndarray[tuple[int], np.dtype[np.float64]], ...]:
    curve = results(cells.failure(scale_of(context), number)[0], context)[key]
    return np.arange(1.0, len(curve) + 1), curve


def check_slow_critic(results: Results, context: Context) -> Finding:
    """With few updates per episode the critic explains little."""
    evidence = _evidence(results, context)
    return empirical(max(evidence[f"explained_run{k}"] for k in RARE) < UNINFORMED, evidence)


def check_none_learns(results: Results, context: Context) -> Finding:
    """Every run's best checkpoint loses at least twice as much as linear DG-PG's."""
    evidence = _evidence(results, context)
    guided = np.array([evidence["reward_dgpg"]])
    behind = [shortfall(np.array([evidence[f"reward_run{k}"]]), guided) for k in range(8)]
    return empirical(min(behind) >= 1.0, {"least_shortfall": min(behind), **evidence})


def check_shaping(results: Results, context: Context) -> Finding:
    """Best checkpoints with and without potential shaping differ by less than 10%."""
    evidence = _evidence(results, context)
    plain, shaped = (evidence[f"reward_run{k}"] for k in (INTERMEDIATE, SHAPED))
    change = abs(shaped - plain) / abs(plain)
    return empirical(change < 0.1, {"change": change, **evidence})


def _set(key: str, value: float) -> Change:
    """Plant a constant in a curve of the failed runs."""

    def change(cell: Cell, arrays: Arrays, context: Context) -> Arrays:
        del context
        if not _failed(cell):
            return arrays
        return {**arrays, key: np.where(np.isnan(arrays[key]), np.nan, value)}

    return change


def _shaping(value: float) -> Change:
    """Plant rewards of run 7, and -1 for run 6."""

    def change(cell: Cell, arrays: Arrays, context: Context) -> Arrays:
        del context
        if not _failed(cell):
            return arrays
        key = "test sampled"
        reward = value if isinstance(cell, Run) and cell.method == f"failure {SHAPED}" else -1.0
        return {**arrays, key: np.where(np.isnan(arrays[key]), np.nan, reward)}

    return change


def _failed(cell: Cell) -> bool:
    return isinstance(cell, Run) and cell.method.startswith("failure")


_claim = partial(empirical_claim, source="Table 8, App. J", cells=failed)

CLAIMS = (
    _claim(
        "table-8-entropy-collapse",
        "With many updates per episode (runs 0 to 2) MAPPO's policy collapses: its entropy ends "
        "below a quarter of the largest.",
        ("DG-83",),
        Planted(
            check_collapse,
            _set("actor_entropy", 0.6),
            _set("actor_entropy", 0.0),
            "a policy that stays uniform, or becomes deterministic",
        ),
    ),
    _claim(
        "table-8-slow-critic",
        "With few updates per episode (runs 4 and 5) the critic explains less than 35% of the "
        "variance of the returns.",
        ("DG-83",),
        Planted(
            check_slow_critic,
            _set("explained_variance", 0.9),
            _set("explained_variance", 0.1),
            "a critic that explains nearly everything, or little",
        ),
    ),
    _claim(
        "table-8-no-run-learns",
        "No run of MAPPO with neural networks comes within twice the cost of linear DG-PG.",
        ("DG-72", "DG-83"),
        Planted(
            check_none_learns,
            _set("test sampled", -0.01),
            _set("test sampled", -1e4),
            "failed runs that lose hardly anything, or very much",
        ),
    ),
    _claim(
        "table-8-shaping-negligible",
        "Potential-based shaping with the negative imbalance changes the best reward by less than "
        "10%.",
        ("DG-88",),
        Planted(
            check_shaping,
            _shaping(-2.0),
            _shaping(-1.0),
            "a reward with shaping twice as bad, or equal",
        ),
    ),
)
