"""Empirical claims about the weight of the guidance [DG-PG Fig. 2] [DG-PG sec. 6.2]."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from refimpl.dgpg.claims.experiments_results import (
    Cell,
    Change,
    Results,
    best_reward,
    empirical_claim,
    evaluated,
)
from refimpl.dgpg.experiments import cells
from refimpl.dgpg.experiments.scale import scale_of
from refimpl.dgpg.experiments.systems import ALPHAS
from refimpl.dgpg.experiments.training import Run
from refimpl.findings import empirical
from refimpl.ledger import Arrays, Context, Finding, Plot
from refimpl.planted import Planted

PUBLISHED = (0.2, 0.4, 0.6, 0.8)
"""Weights compared in [DG-PG Fig. 2]."""

ROBUST = 0.1
"""Largest spread of the best checkpoints that counts as robust, as a part of their mean."""


def weighted(context: Context) -> list[Cell]:
    """Return the runs of all weights at all sizes."""
    scale = scale_of(context)
    return [run for n in scale.weights for a in ALPHAS for run in cells.weight(scale, n, a)]


def rewards(results: Results, context: Context) -> dict[tuple[int, float], float]:
    """Return the mean test reward of the best checkpoint by size and weight."""
    scale = scale_of(context)
    return {
        (n, a): float(best_reward(results, cells.weight(scale, n, a), context).mean())
        for n in scale.weights
        for a in ALPHAS
    }


def evidence_of(found: dict[tuple[int, float], float]) -> dict[str, float]:
    """Name rewards by size and weight."""
    return {f"reward_n{n}_alpha{a:g}": reward for (n, a), reward in found.items()}


def check_robust(results: Results, context: Context) -> Finding:
    """Best checkpoints for weights from 0.2 to 0.8 differ by at most 10%."""
    found, spreads = rewards(results, context), {}
    for n in scale_of(context).weights:
        each = np.array([found[n, a] for a in PUBLISHED])
        spreads[f"spread_n{n}"] = float(np.ptp(each) / abs(each.mean()))
    concluded = empirical(max(spreads.values()) <= ROBUST, {**spreads, **evidence_of(found)})
    return Finding(concluded.verdict, concluded.evidence, plots=_charts(results, context))


def _charts(results: Results, context: Context) -> tuple[Plot, ...]:
    scale, charts = scale_of(context), []
    for n in scale.weights:
        series = {}
        for a in ALPHAS:
            curves = [results(run, context)["reward"] for run in cells.weight(scale, n, a)]
            mean = np.mean(curves, axis=0)
            series[f"alpha {a:g}"] = (np.arange(1.0, len(mean) + 1), mean)
        title = f"Training reward by weight of the guidance, N = {n} (Fig. 2)"
        charts.append(Plot(title, "episode", "mean reward per step", series))
    return tuple(charts)


def check_large_faster(results: Results, context: Context) -> Finding:
    """At the first checkpoint the validation reward rises with the weight, from 0.2 to 0.8."""
    scale, ordered = scale_of(context), []
    evidence: dict[str, float] = {}
    for n in scale.weights:
        early = [_at_checkpoint(results, context, n, a, 0) for a in PUBLISHED]
        evidence |= {f"early_n{n}_alpha{a:g}": e for a, e in zip(PUBLISHED, early, strict=True)}
        ordered.append(early[0] < early[-1] and early[0] < early[1] and early[1] < early[-1])
    return empirical(all(ordered), evidence)


def check_small_better_finally(results: Results, context: Context) -> Finding:
    """Best checkpoints of weight 0.2 earn more than those of weight 0.8."""
    found = rewards(results, context)
    better = [found[n, 0.2] > found[n, 0.8] for n in scale_of(context).weights]
    return empirical(all(better), evidence_of(found))


def check_guidance_needed(results: Results, context: Context) -> Finding:
    """Return gradients are needed: the best weight below 1 beats guidance alone by 10%."""
    found, lead = rewards(results, context), []
    for n in scale_of(context).weights:
        mixed = max(found[n, a] for a in PUBLISHED)
        lead.append((mixed - found[n, 1.0]) / abs(found[n, 1.0]))
    return empirical(min(lead) > ROBUST, {"lead": min(lead), **evidence_of(found)})


def _at_checkpoint(results: Results, context: Context, n: int, alpha: float, k: int) -> float:
    """Mean validation reward at the ``k``-th evaluated checkpoint."""
    curves = [results(run, context) for run in cells.weight(scale_of(context), n, alpha)]
    means = [curve["validation sampled"][evaluated(curve)[k]].mean() for curve in curves]
    return float(np.mean(means))


def _by_weight(reward: Callable[[float], float]) -> Change:
    """Plant rewards of checkpoints that depend on the weight only."""

    def change(cell: Cell, arrays: Arrays, context: Context) -> Arrays:
        del context
        if not isinstance(cell, Run) or cell.alpha is None:
            return arrays
        value = reward(cell.alpha)
        sampled = {k: v for k, v in arrays.items() if k.endswith("sampled")}
        return {**arrays, **{k: np.where(np.isnan(v), v, value) for k, v in sampled.items()}}

    return change


_RISING, _FALLING = _by_weight(lambda a: -3.0 + a), _by_weight(lambda a: -2.0 - a)
_EQUAL = _by_weight(lambda _: -2.0)


_claim = partial(empirical_claim, source="Fig. 2, sec. 6.2", cells=weighted)

CLAIMS = (
    _claim(
        "fig-2-robust",
        "The best checkpoints for guidance weights 0.2, 0.4, 0.6 and 0.8 differ by at most 10%.",
        ("DG-74", "DG-91b"),
        Planted(
            check_robust,
            _RISING,
            _EQUAL,
            "rewards that rise with the weight, or that are all equal",
        ),
    ),
    _claim(
        "fig-2-larger-is-faster",
        "The larger the weight of the guidance, the better the policy after the first episodes.",
        ("DG-74",),
        Planted(
            check_large_faster, _FALLING, _RISING, "rewards that fall with the weight, or rise"
        ),
    ),
    _claim(
        "fig-2-smaller-is-better-finally",
        "The best checkpoint of weight 0.2 earns more than that of weight 0.8.",
        ("DG-74",),
        Planted(
            check_small_better_finally,
            _RISING,
            _FALLING,
            "rewards that rise with the weight, or fall",
        ),
    ),
    _claim(
        "sec-5.2-mixture-beats-guidance-alone",
        "A weight between 0.2 and 0.8 earns at least 10% more than guidance alone.",
        ("DG-74",),
        Planted(
            check_guidance_needed, _RISING, _FALLING, "rewards that rise with the weight, or fall"
        ),
    ),
)
