"""Empirical claims about learning curves and first budgets.

[DCC Fig. 2] [DCC Fig. 3] [DCC Fig. 9]
"""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from refimpl.dcc.claims.experiments_results import (
    Cell,
    Results,
    budget,
    difference,
    empirical_claim,
    measured,
    reference,
)
from refimpl.dcc.experiments.scale import scale_of
from refimpl.dcc.experiments.warm_start import CROWDS
from refimpl.findings import empirical, interval
from refimpl.ledger import Arrays, Claim, Context, Finding, Plot
from refimpl.planted import Planted
from refimpl.shared.statistics import mean_interval

Floats = NDArray[np.float64]

SAME = 0.05
"""Relative difference of two costs that still counts as essentially the same."""

SETTLED = 0.05
"""Largest relative change over the last three quarters of a run that counts as converged."""


def warm_cell(method: str, n_devices: int) -> Cell:
    """Cell that starts from budgets near the final ones."""
    return Cell(method, n_devices, first=CROWDS[method, n_devices] / n_devices)


def check_same_end(results: Results, context: Context) -> Finding:
    """Both starts end within 5% of each other, with 95% confidence at every size."""
    evidence, held = budget(context), []
    for method in ("dcc-published", "dcc-ours"):
        for n in scale_of(context).sizes:
            cold = results(Cell(method, n), context)
            warm = results(warm_cell(method, n), context)
            gap = mean_interval(warm["cost"][-1] / cold["cost"][-1] - 1.0)
            if method == "dcc-published":
                held.append(max(gap.high, -gap.low) < SAME)
            evidence |= interval(f"{method}_relative_n{n}", gap)
            evidence[f"{method}_violation_n{n}"] = warm["violation"][-1].mean()
    return empirical(all(held), evidence)


def check_earlier(results: Results, context: Context) -> Finding:
    """From near-final budgets the cost is lower at the first evaluation, at every size."""
    evidence, held = budget(context), []
    for method in ("dcc-published", "dcc-ours"):
        for n in scale_of(context).sizes:
            cold = results(Cell(method, n), context)["cost"]
            warm = results(warm_cell(method, n), context)["cost"]
            gap = difference(warm[0], cold[0])
            if method == "dcc-published":
                held.append(gap.high < 0.0)
            evidence |= interval(f"{method}_first_n{n}", gap)
    return empirical(all(held), evidence)


def check_curves(results: Results, context: Context) -> Finding:
    """Independent learners settle within a quarter; coordination improves on its first solve."""
    evidence, held, series = budget(context), [], {}
    for n in scale_of(context).sizes:
        dcc = results(Cell("dcc-published", n), context)
        iql = results(Cell("iql-published", n), context)
        ours = results(Cell("dcc-ours", n), context)["cost"]
        quarter = iql["cost"][len(iql["cost"]) // 4 - 1]
        change = mean_interval(iql["cost"][-1] / quarter - 1.0)
        gain = difference(dcc["cost"][-1], dcc["cost"][0])
        held += [max(change.high, -change.low) < SETTLED, gain.high < 0.0]
        evidence |= interval(f"iql_change_n{n}", change) | interval(f"dcc_gain_n{n}", gain)
        evidence |= interval(f"ours_gain_n{n}", difference(ours[-1], ours[0]))
        never = reference("never", n, context)
        for name, curve in (("DCC", dcc), ("IQL", iql)):
            series[f"{name}, {n} devices"] = (
                curve["steps"].astype(float),
                (curve["cost"] / never).mean(axis=1),
            )
    chart = Plot("Learning curves", "steps per agent", "cost / cost of never offloading", series)
    found = empirical(all(held), evidence)
    return Finding(found.verdict, found.evidence, plots=(chart,))


def warm_cells(context: Context) -> list[Cell]:
    """Cells from zero and from near-final budgets."""
    pairs = [(m, n) for n in scale_of(context).sizes for m in ("dcc-published", "dcc-ours")]
    return [cell for pair in pairs for cell in (Cell(*pair), warm_cell(*pair))]


def curve_cells(context: Context) -> list[Cell]:
    """Cells that :func:`check_curves` reads."""
    methods = ("dcc-published", "dcc-ours", "iql-published")
    return [Cell(m, n) for n in scale_of(context).sizes for m in methods]


def warm_costs(cell: Cell, curve: Arrays, context: Context, factor: float) -> Arrays:
    """Give warm starts the costs of the cold start times ``factor``."""
    if not cell.first:
        return curve
    cold = measured(Cell(cell.method, cell.n_devices), context)
    return {**curve, "cost": factor * cold["cost"]}


def line(cell: Cell, curve: Arrays, context: Context, dcc: float, iql: float) -> Arrays:
    """Straight curves from 1.5 times the cost of never offloading, by relative changes."""
    slope = dcc if cell.method.startswith("dcc") else iql
    never = reference("never", cell.n_devices, context)
    path = np.linspace(1.0, 1.0 + slope, len(curve["cost"]))[:, None]
    return {**curve, "cost": 1.5 * path * never}


CLAIMS: tuple[Claim, ...] = (
    empirical_claim(
        "fig-2-warm-start-same-end",
        "After five updates the cost is essentially the same from zero and near-final budgets.",
        ("DC-44",),
        Planted(
            check_same_end,
            partial(warm_costs, factor=1.2),
            partial(warm_costs, factor=1.0),
            "warm starts cost 1.2 times as much as cold ones where the claim was found, the same "
            "where not",
        ),
        source="Fig. 2",
        cells=warm_cells,
    ),
    empirical_claim(
        "fig-3-warm-start-earlier",
        "From near-final budgets lower costs are reached sooner.",
        ("DC-44",),
        Planted(
            check_earlier,
            partial(warm_costs, factor=1.2),
            partial(warm_costs, factor=0.8),
            "warm starts cost 1.2 times as much as cold ones where the claim was found, 0.8 times "
            "where not",
        ),
        source="Fig. 3",
        cells=warm_cells,
    ),
    empirical_claim(
        "fig-9-learning-curves",
        "Independent Q-learning converges quickly, DCC-QL goes on improving with its budgets.",
        ("DC-49b",),
        Planted(
            check_curves,
            partial(line, dcc=0.4, iql=0.01),
            partial(line, dcc=-0.4, iql=0.01),
            "coordination gets worse where the claim was found; where not, it improves by 40% "
            "while independent learners change by 1%",
        ),
        source="Fig. 9",
        cells=curve_cells,
    ),
)
"""Claims about learning curves of tabular learners."""
