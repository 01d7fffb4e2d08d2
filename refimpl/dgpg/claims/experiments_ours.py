"""What closes the gap to the references; ours, not the paper's.

Agents see what their job would cost at every choice, and the guidance counts every state alike; see
:func:`refimpl.dgpg.train.presets.ours`.
"""

from __future__ import annotations

from functools import partial

from refimpl.dgpg.claims.experiments_planted import levels
from refimpl.dgpg.claims.experiments_results import (
    Cell,
    Results,
    ahead,
    best_reward,
    empirical_claim,
    reference_reward,
    rewards_times,
)
from refimpl.dgpg.experiments import cells
from refimpl.dgpg.experiments.scale import scale_of
from refimpl.dgpg.experiments.training import Run
from refimpl.findings import empirical, interval
from refimpl.ledger import Context, Finding
from refimpl.planted import Planted


def both(context: Context) -> list[Cell]:
    """Return the runs with the chosen and with our settings, and Best-Fit."""
    scale = scale_of(context)
    found: list[Cell] = []
    for n in scale.ours:
        found += [*cells.ours(scale, n), *cells.scalability(scale, n)]
        found.append(cells.reference(scale, n, "Best-Fit"))
    return found


def with_and_without(context: Context) -> list[Cell]:
    """Return our runs at the smallest size, with guidance and without."""
    scale, n = scale_of(context), min(scale_of(context).ours)
    return [*cells.ours(scale, n), *cells.ours(scale, n, alpha=0.0)]


def check_guidance(results: Results, context: Context) -> Finding:
    """With our inputs guidance earns more than none, 95% sure, on paired episodes."""
    scale, n = scale_of(context), min(scale_of(context).ours)
    guided, plain = (
        best_reward(results, cells.ours(scale, n, alpha), context) for alpha in (None, 0.0)
    )
    found = ahead(guided, plain)
    evidence = {"guided": float(guided.mean()), "without": float(plain.mean())}
    return empirical(found.low > 0, {**evidence, **interval("lead", found)})


def check_beats_best_fit(results: Results, context: Context) -> Finding:
    """Ours earns more than Best-Fit at the smallest size, 95% sure, on paired episodes."""
    scale, n = scale_of(context), min(scale_of(context).ours)
    mine = best_reward(results, cells.ours(scale, n), context)
    fit = reference_reward(results, cells.reference(scale, n, "Best-Fit"), context)
    found = ahead(mine, fit)
    evidence = {"ours": float(mine.mean()), "best_fit": float(fit.mean())}
    return empirical(found.low > 0, {**evidence, **interval("lead", found)})


def check_ours(results: Results, context: Context) -> Finding:
    """Ours earns more than the chosen settings at every size, 95% sure, on paired episodes."""
    scale, held = scale_of(context), []
    evidence: dict[str, float] = {}
    for n in scale.ours:
        mine = best_reward(results, cells.ours(scale, n), context)
        theirs = best_reward(results, cells.scalability(scale, n), context)
        fit = reference_reward(results, cells.reference(scale, n, "Best-Fit"), context)
        found = ahead(mine, theirs)
        held.append(found.low > 0)
        evidence |= {f"ours_n{n}": float(mine.mean()), f"chosen_n{n}": float(theirs.mean())}
        evidence |= {f"best_fit_n{n}": float(fit.mean()), **interval(f"lead_n{n}", found)}
    return empirical(all(held), evidence)


def _is_guided(cell: Cell) -> bool:
    return isinstance(cell, Run) and cell.method == "ours" and cell.alpha is None


_WORSE, _BETTER = levels(-3.0, -2.0), levels(-1.0, -2.0)
_claim = partial(empirical_claim, source="sec. 6.4", cells=both)

CLAIMS = (
    _claim(
        "ours-closes-the-gap",
        "Shown what its job would cost at every choice, and with every state counted alike, the "
        "same method earns more at every size.",
        ("DG-77",),
        Planted(
            check_ours,
            rewards_times(50.0, _is_guided),
            rewards_times(0.01, _is_guided),
            "rewards of our settings fifty times worse, or a hundredth",
        ),
    ),
    _claim(
        "ours-beats-best-fit",
        "With these inputs the dispatchers earn more than Best-Fit with 10 servers.",
        ("DG-77",),
        Planted(
            check_beats_best_fit,
            _WORSE,
            _BETTER,
            "rewards half as large again as Best-Fit's, or half as large",
        ),
    ),
    _claim(
        "ours-needs-guidance",
        "With these inputs and 10 servers guidance earns more than the return alone.",
        ("DG-72",),
        Planted(
            check_guidance,
            rewards_times(50.0, _is_guided),
            rewards_times(0.01, _is_guided),
            "rewards with guidance fifty times worse, or a hundredth",
        ),
        cells=with_and_without,
    ),
)
