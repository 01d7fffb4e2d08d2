"""Empirical claims about how often devices offload [DCC Fig. 1] [DCC Fig. 4] [DCC Fig. 10].

``use`` is the mean discounted offloading frequency of the learned policies, evaluated exactly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from refimpl.dcc.claims.experiments_results import (
    Cell,
    Results,
    budget,
    column,
    difference,
    empirical_claim,
    measured,
    reference_data,
)
from refimpl.dcc.experiments.exponent import BETAS
from refimpl.dcc.experiments.scale import Scale, scale_of
from refimpl.findings import empirical, interval
from refimpl.ledger import Arrays, Claim, Context, Finding, Plot
from refimpl.planted import Planted

Floats = NDArray[np.float64]

NEVER = 0.02
"""Mean frequency below which devices count as not offloading."""

MODERATE = (0.4, 2.5)
"""Final frequency that counts as moderate, as multiples of the exact optimum's."""


def smallest(scale: Scale) -> tuple[int, ...]:
    """Size of Fig. 1b."""
    return scale.sizes[:1]


def larger(scale: Scale) -> tuple[int, ...]:
    """Sizes of Fig. 10."""
    return scale.sizes[1:]


def check_frequencies(
    results: Results, context: Context, sizes: Callable[[Scale], tuple[int, ...]]
) -> Finding:
    """Coordination starts at no offloading and ends moderate; independent learners overuse."""
    evidence, held = budget(context), []
    for n in sizes(scale_of(context)):
        optimum = float(reference_data(n, context)["use_optimum"].mean())
        dcc = results(Cell("dcc-published", n), context)["use"]
        ours = results(Cell("dcc-ours", n), context)["use"]
        iql = results(Cell("iql-published", n), context)["use"]
        gap = difference(iql[-1], dcc[-1])
        ratio = float(dcc[-1].mean()) / optimum
        held += [dcc[0].mean() < NEVER, MODERATE[0] < ratio < MODERATE[1], gap.low > 0.0]
        evidence |= interval(f"iql_minus_dcc_n{n}", gap)
        evidence |= {
            f"dcc_first_n{n}": dcc[0].mean(),
            f"dcc_last_n{n}": dcc[-1].mean(),
            f"ours_first_n{n}": ours[0].mean(),
            f"ours_last_n{n}": ours[-1].mean(),
            f"iql_last_n{n}": iql[-1].mean(),
            f"optimum_n{n}": optimum,
        }
    return empirical(all(held), evidence)


def check_exponent(results: Results, context: Context) -> Finding:
    """Every method offloads less at the largest exponent than at the linear penalty."""
    n, falls, series = exponent_size(context), [], {}
    evidence = budget(context) | {"devices": float(n)}
    for method in EXPONENT_METHODS:
        curves = [results(Cell(method, n, beta), context)["use"][-1] for beta in BETAS]
        gap = difference(curves[-1], curves[0])
        falls.append(gap.high < 0.0)
        evidence |= interval(f"{method}_change", gap)
        evidence |= {f"{method}_beta{b:g}": u.mean() for b, u in zip(BETAS, curves, strict=True)}
        series[method] = (np.array(BETAS), np.array([use.mean() for use in curves]))
    exact = [float(reference_data(n, context, beta)["use_optimum"].mean()) for beta in BETAS]
    evidence |= {f"optimum_beta{b:g}": u for b, u in zip(BETAS, exact, strict=True)}
    series["optimum (exact)"] = (np.array(BETAS), np.array(exact))
    chart = Plot("Offloading against the exponent", "exponent", "offloading frequency", series)
    found = empirical(all(falls), evidence)
    return Finding(found.verdict, found.evidence, plots=(chart,))


def exponent_size(context: Context) -> int:
    """Size at which exponents are compared: the second, as the paper saw no effect at the first."""
    return scale_of(context).sizes[1]


EXPONENT_METHODS = ("dcc-published", "dcc-ours", "iql-published")


def frequency_cells(context: Context, sizes: Callable[[Scale], tuple[int, ...]]) -> list[Cell]:
    """Cells that :func:`check_frequencies` reads."""
    methods = ("dcc-published", "dcc-ours", "iql-published")
    return [Cell(m, n) for n in sizes(scale_of(context)) for m in methods]


def exponent_cells(context: Context) -> list[Cell]:
    """Cells that :func:`check_exponent` reads."""
    n = exponent_size(context)
    return [Cell(method, n, beta) for method in EXPONENT_METHODS for beta in BETAS]


def falling(use: Floats, cell: Cell) -> Floats:
    """Offloading that falls with the exponent."""
    return np.full_like(use, 0.2 / cell.beta)


def rising(use: Floats, cell: Cell) -> Floats:
    """Offloading that rises with the exponent."""
    return np.full_like(use, 0.05 * cell.beta)


def greedy_from_the_start(cell: Cell, curve: Arrays, context: Context) -> Arrays:
    """Let coordinated devices offload as often as independent ones, from the first solve on."""
    if not cell.method.startswith("dcc"):
        return curve
    other = measured(replace(cell, method="iql-published"), context)["use"][-1]
    return {**curve, "use": np.tile(other, (len(curve["use"]), 1))}


def as_in_the_figure(cell: Cell, curve: Arrays, context: Context) -> Arrays:
    """Let coordinated devices go from never to the optimum, and independent ones to its triple."""
    exact = reference_data(cell.n_devices, context)["use_optimum"]
    path = np.linspace(0.0, 1.0, len(curve["use"]))[:, None]
    final = path * exact if cell.method.startswith("dcc") else 3.0 * exact
    return {**curve, "use": np.broadcast_to(final, curve["use"].shape)}


def frequency_claim(
    name: str, source: str, row: str, where: str, sizes: Callable[[Scale], tuple[int, ...]]
) -> Claim:
    """Claim about offloading over training, at some of the sizes."""
    check = partial(check_frequencies, sizes=sizes)
    return empirical_claim(
        name,
        f"{where}, DCC-QL goes from never offloading to a moderate frequency below that of "
        "independent Q-learning, which overuses it.",
        (row,),
        Planted(
            check,
            greedy_from_the_start,
            as_in_the_figure,
            "where the claim was found, coordinated devices offload like independent ones from "
            "the start; where not, they go from 0 to the optimum and independent ones to thrice it",
        ),
        source=source,
        cells=partial(frequency_cells, sizes=sizes),
    )


CLAIMS: tuple[Claim, ...] = (
    frequency_claim("fig-1b-offloading", "Fig. 1b", "DC-43", "With 10 devices", smallest),
    frequency_claim("fig-10-offloading", "Fig. 10", "DC-49c", "In larger systems", larger),
    empirical_claim(
        "fig-4-exponent-by-learning",
        "Learners of every kind offload less when the exponent of the penalty is larger.",
        ("DC-45",),
        Planted(
            check_exponent,
            column("use", EXPONENT_METHODS, rising),
            column("use", EXPONENT_METHODS, falling),
            "offloading rises with the exponent where the claim was found, falls where not",
        ),
        source="Fig. 4",
        cells=exponent_cells,
    ),
)
"""Claims about offloading frequencies of tabular learners."""
