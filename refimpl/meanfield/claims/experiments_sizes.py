"""Empirical claims about system size: Figs 3a, 5 and 6, and the abstract's "any size".

Measured as in :mod:`refimpl.meanfield.claims.experiments_delays`.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from refimpl.findings import empirical
from refimpl.ledger import Claim, Context, Finding, Plot
from refimpl.meanfield.claims.experiments_delays import SAME, SHORTEST
from refimpl.meanfield.claims.experiments_results import (
    Floats,
    Results,
    better_shortest_queue,
    effort,
    empirical_claim,
    gap,
    level,
    measured,
    scaled,
    typical,
)
from refimpl.meanfield.experiments import yardstick
from refimpl.meanfield.experiments.cells import Cell
from refimpl.meanfield.experiments.scale import BETWEEN, scale_of
from refimpl.meanfield.experiments.settings import RING_SIZES, TRAINED_ON, Setting, training
from refimpl.planted import Planted

FLAT = 0.1
"""Largest slope, relative to the first one, that counts as converged."""
DOUBLINGS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
LONG_TIME = 320.0
CLOSE = 0.02
"""Relative difference of two sizes that counts as convergence."""
LARGER = (91, 901, 3501, 5001)


def ring(size: int, dt: float) -> Setting:
    """Ring with the paper's parameters."""
    return Setting("ring", size, dt)


def simulator_setting(dt: float) -> Setting:
    """Torus of Fig. 3a, ten by ten, over a time that holds ten of the longest delays."""
    return replace(Setting("torus", 10, dt), time=LONG_TIME)


def check_converges(results: Results, context: Context) -> Finding:
    """JSQ drops rise less and less with the delay, at last a tenth as fast as at first."""
    drops = [level(results, Cell("JSQ", simulator_setting(dt)), context).mean for dt in DOUBLINGS]
    slopes = np.diff(drops) / np.diff(DOUBLINGS)
    evidence = effort(context)
    evidence |= {f"drops_dt{dt:g}": d for dt, d in zip(DOUBLINGS, drops, strict=True)}
    evidence |= {f"slope_to_dt{dt:g}": s for dt, s in zip(DOUBLINGS[1:], slopes, strict=True)}
    chart = Plot(
        "JSQ on a torus of 100 queues (Fig. 3a)",
        "synchronisation delay",
        "drops per queue in 320 units of time",
        {"JSQ": (np.array(DOUBLINGS), np.array(drops))},
    )
    settled = bool(slopes[-1] < FLAT * slopes[0] and (np.diff(slopes) < 0.0).all())
    found = empirical(settled, evidence)
    return Finding(found.verdict, found.evidence, plots=(chart,))


def check_every_size(results: Results, context: Context, preset: str) -> Finding:
    """MF-R drops less than JSQ and RND, 95% sure, at every size and every delay in between."""
    evidence, held = effort(context), []
    for dt in scale_of(context).trained("ring", preset, BETWEEN):
        for size in RING_SIZES:
            mine = Cell("MF-R", ring(size, dt), preset)
            shortest = better_shortest_queue(results, mine.setting, context)
            for name, rival in (("jsq", shortest), ("rnd", Cell("RND", mine.setting))):
                found = gap(results, mine, rival, context)
                held.append(found.high < 0.0)
                evidence[f"n{size}_minus_{name}_dt{dt:g}"] = found.mean
    evidence["comparisons"] = float(len(held))
    evidence["comparisons_won"] = float(sum(held))
    return empirical(bool(held) and all(held), evidence)


def check_sizes_agree(results: Results, context: Context) -> Finding:
    """MF-R drops on large rings what it does on the ring of its training, to 2%, 95% sure."""
    dt = 5.0
    home = Cell("MF-R", training("ring", dt), "ours")
    trained = typical(results(home, context))
    evidence, held = effort(context), []
    for size in RING_SIZES:
        cell = Cell("MF-R", ring(size, dt), "ours")
        found = gap(results, cell, home, context)
        if size in LARGER:
            held.append(max(-found.low, found.high) < CLOSE * trained.mean())
        evidence[f"relative_n{size}"] = found.mean / trained.mean()
        evidence[f"spread_over_episodes_n{size}"] = float(
            typical(results(cell, context)).std(ddof=1)
        )
    return empirical(all(held), evidence)


def check_any_size(results: Results, context: Context) -> Finding:
    """At every size MF-R drops at most 5% more than the best rule found, 95% sure."""
    evidence, held = effort(context), []
    for dt in scale_of(context).trained("ring", "ours", BETWEEN):
        for size in RING_SIZES:
            setting = ring(size, dt)
            best = Cell(yardstick.NAME, setting)
            found = gap(results, Cell("MF-R", setting, "ours"), best, context)
            least = typical(results(best, context)).mean()
            held.append(found.high < SAME * least)
            evidence[f"relative_n{size}_dt{dt:g}"] = found.mean / least
    return empirical(bool(held) and all(held), evidence)


def simulator_cells(context: Context) -> list[Cell]:
    """Cells of Fig. 3a."""
    del context
    return [Cell("JSQ", simulator_setting(dt)) for dt in DOUBLINGS]


def ring_cells(context: Context, preset: str) -> list[Cell]:
    """Cells of all ring sizes at the delays in between."""
    cells = []
    for dt in scale_of(context).trained("ring", preset, BETWEEN):
        for size in (*RING_SIZES, TRAINED_ON["ring"]):
            setting = ring(size, dt)
            cells += [Cell(name, setting) for name in (*SHORTEST, "RND", yardstick.NAME)]
            cells.append(Cell("MF-R", setting, preset))
    return cells


def growing(cell: Cell, drops: Floats, context: Context, power: float) -> Floats:
    """Give JSQ drops that are a power of the delay."""
    del drops
    first = measured(replace(cell, setting=simulator_setting(1.0)), context)
    return np.asarray(first * cell.setting.dt**power)


def larger_ones(cell: Cell, drops: Floats, context: Context, factor: float) -> Floats:
    """Give other rings ``factor`` times the drops of the one trained on."""
    if cell.setting.size == TRAINED_ON["ring"]:
        return drops
    home = replace(cell, setting=cell.setting.resized(TRAINED_ON["ring"]))
    return factor * measured(home, context)


CLAIMS: tuple[Claim, ...] = (
    empirical_claim(
        "fig-3a-jsq-converges",
        "On a torus of 100 queues the drops of JSQ converge as the delay grows.",
        ("MF-35",),
        Planted(
            check_converges,
            partial(growing, power=1.0),
            partial(growing, power=0.1),
            "drops are proportional to the delay where the claim was found, to its power 0.1 where "
            "not",
        ),
        source="Fig. 3a",
        cells=simulator_cells,
    ),
    empirical_claim(
        "fig-5-every-ring-size",
        "At delays 3, 5 and 7 MF-R, trained as published on 101 queues, drops less than JSQ and "
        "RND on rings of 9 to 5001.",
        ("MF-38",),
        Planted(
            partial(check_every_size, preset="published"),
            scaled(("MF-R",), 2.0),
            scaled(("MF-R",), 1 / 3),
            "MF-R drops twice as much where the claim was found, a third where not",
        ),
        source="Fig. 5",
        cells=partial(ring_cells, preset="published"),
    ),
    empirical_claim(
        "fig-5-every-ring-size-repaired",
        "The same with repaired settings.",
        ("MF-38",),
        Planted(
            partial(check_every_size, preset="ours"),
            scaled(("MF-R",), 2.0),
            scaled(("MF-R",), 1 / 3),
            "MF-R drops twice as much where the claim was found, a third where not",
        ),
        source="Fig. 5",
        cells=partial(ring_cells, preset="ours"),
    ),
    empirical_claim(
        "fig-6-approaches-training-value",
        "As rings grow, the drops of MF-R approach those on the ring it was trained on.",
        ("MF-36",),
        Planted(
            check_sizes_agree,
            partial(larger_ones, factor=1.1),
            partial(larger_ones, factor=1.0),
            "other rings drop 1.1 times as much where the claim was found, the same where not",
        ),
        source="Fig. 6",
        cells=partial(ring_cells, preset="ours"),
    ),
    empirical_claim(
        "abstract-any-size",
        "The policy learned on 101 queues stays within 5% of the best own-state rule at any size.",
        ("MF-50", "MF-51"),
        Planted(
            check_any_size,
            scaled(("MF-R",), 1.2),
            scaled(("MF-R",), 0.5),
            "MF-R drops 1.2 times as much where the claim was found, 0.5 times where not",
        ),
        source="Abstract",
        cells=partial(ring_cells, preset="ours"),
    ),
)
