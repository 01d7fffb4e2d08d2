"""Empirical claims about other multi-agent learners: SAC and NA-PS [MF Fig. 4] [MF Fig. 5]."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from refimpl import planted
from refimpl.findings import empirical, interval
from refimpl.ledger import Claim, Context, Finding, Job, Plot
from refimpl.meanfield.claims.experiments_results import (
    Results,
    arrays_of,
    effort,
    empirical_claim,
    gap,
    jobs,
    level,
    scaled,
    typical,
)
from refimpl.meanfield.experiments.actor_critic import NAMES, ring_of
from refimpl.meanfield.experiments.cells import Cell
from refimpl.meanfield.experiments.scale import BETWEEN, scale_of
from refimpl.meanfield.experiments.settings import RING_SIZES, Setting
from refimpl.planted import Planted

Floats = NDArray[np.float64]
TOLERATED = 0.01
"""Relative advantage that is not yet called outperforming."""


def seconds_of(policy: str, context: Context) -> Floats:
    """Training time of the scalable actor-critic on each ring."""
    cells = [Cell(policy, ring_of(n)) for n in scale_of(context).agents]
    return np.array([float(arrays_of(cell, context)[0]["seconds"]) for cell in cells])


def seconds_jobs(policy: str, context: Context) -> list[Job]:
    """Jobs that train a policy on all rings."""
    return [
        job for n in scale_of(context).agents for job in jobs(Cell(policy, ring_of(n)), context)
    ]


def check_time(seconds: planted.Results[str, Floats], context: Context) -> Finding:
    """Training for the same number of rounds takes longer on every larger ring.

    ``seconds(policy, context)`` are the training times on the rings, (sizes,).
    """
    sizes, evidence = scale_of(context).agents, dict[str, float]()
    growing = []
    for policy in NAMES:
        found = seconds(policy, context)
        growing.append(bool(found[-1] > found[0]))
        evidence[f"{policy}_rounds"] = float(scale_of(context).rounds[policy])
        evidence[f"{policy}_seconds_n{sizes[0]}"] = float(found[0])
        evidence[f"{policy}_seconds_n{sizes[-1]}"] = float(found[-1])
        evidence[f"{policy}_growth"] = float(found[-1] / found[0])
    return empirical(all(growing), evidence)


def check_worse(results: Results, context: Context) -> Finding:
    """On every ring the better of both critics drops more than MF-R, 95% sure."""
    evidence, held, series = effort(context), [], {}
    sizes = scale_of(context).agents
    for n in sizes:
        sac = [Cell(policy, ring_of(n)) for policy in NAMES]
        best = min(sac, key=lambda cell: float(results(cell, context).mean()))
        mine = Cell("MF-R", ring_of(n), "ours")
        found = gap(results, best, mine, context)
        held.append(found.low > 0.0)
        evidence |= interval(f"sac_minus_mf_r_n{n}", found)
        evidence[f"rnd_n{n}"] = level(results, Cell("RND", ring_of(n)), context).mean
        evidence[f"jsq_n{n}"] = level(results, Cell("JSQ", ring_of(n)), context).mean
    for policy in (*NAMES, "RND", "JSQ"):
        cells = [Cell(policy, ring_of(n)) for n in sizes]
        series[policy] = drawn(results, context, cells)
    series["MF-R"] = drawn(results, context, [Cell("MF-R", ring_of(n), "ours") for n in sizes])
    chart = Plot("SAC and MF-R (Fig. 4b)", "agents", "drops per queue in 50 units", series)
    found_all = empirical(all(held), evidence)
    return Finding(found_all.verdict, found_all.evidence, plots=(chart,))


def drawn(results: Results, context: Context, cells: list[Cell]) -> tuple[Floats, ...]:
    """Agents, mean drops and half widths of their 95% intervals."""
    found = [level(results, cell, context) for cell in cells]
    return (
        np.array([float(cell.setting.size) for cell in cells]),
        np.array([each.mean for each in found]),
        np.array([each.half_width for each in found]),
    )


def check_sharing(results: Results, context: Context) -> Finding:
    """NA-PS never drops 1% less than MF-R, 95% sure, on any ring and at any delay in between."""
    evidence, held = effort(context), []
    for dt in scale_of(context).trained("ring", "ours", BETWEEN):
        for size in RING_SIZES:
            setting = Setting("ring", size, dt)
            mine = Cell("MF-R", setting, "ours")
            reference = typical(results(mine, context)).mean()
            found = gap(results, sharing(setting, "ours"), mine, context)
            held.append(found.low > -TOLERATED * reference)
            evidence[f"na_ps_minus_mf_r_n{size}_dt{dt:g}"] = found.mean
            published = gap(results, sharing(setting, "published"), mine, context)
            evidence[f"published_na_ps_minus_mf_r_n{size}_dt{dt:g}"] = published.mean
    return empirical(bool(held) and all(held), evidence)


def sharing(setting: Setting, preset: str) -> Cell:
    """NA-PS, trained on five queues."""
    return Cell("NA-PS", setting, preset, "parameter-sharing")


def critic_cells(context: Context) -> list[Cell]:
    """Cells of [MF Fig. 4]."""
    rings = [ring_of(n) for n in scale_of(context).agents]
    cells = [Cell(name, ring) for ring in rings for name in (*NAMES, "RND", "JSQ")]
    return cells + [Cell("MF-R", ring, "ours") for ring in rings]


def sharing_cells(context: Context) -> list[Cell]:
    """Cells of NA-PS and MF-R on all rings."""
    delays = scale_of(context).trained("ring", "ours", BETWEEN)
    settings = [Setting("ring", size, dt) for dt in delays for size in RING_SIZES]
    presets = ("ours", "published")
    cells = [sharing(setting, preset) for setting in settings for preset in presets]
    return cells + [Cell("MF-R", setting, "ours") for setting in settings]


def equal(policy: str, seconds: Floats, context: Context) -> Floats:
    """Training times that are all the same."""
    del policy, context
    return np.ones_like(seconds)


def proportional(policy: str, seconds: Floats, context: Context) -> Floats:
    """Training times that are proportional to the number of agents."""
    del policy, seconds
    return np.array(scale_of(context).agents, dtype=float)


TIMES = Planted(
    check_time, equal, proportional, "equal times where they grow, growing ones where not"
)

CLAIMS: tuple[Claim, ...] = (
    planted.Experiments("meanfield", seconds_jobs, seconds_of).claim(
        "fig-4a-sac-time",
        "Training the scalable actor-critic takes longer the more agents there are.",
        ("MF-37",),
        TIMES,
        source="Fig. 4a",
        cells=lambda _: NAMES,
    ),
    empirical_claim(
        "fig-4b-sac-worse",
        "On rings of 5 to 101 queues at delay 3 the scalable actor-critic drops more than MF-R.",
        ("MF-37", "MF-50"),
        Planted(
            check_worse,
            scaled(NAMES, 0.1),
            scaled(NAMES, 10.0),
            "it drops a tenth where the claim was found, ten times as much where not",
        ),
        source="Fig. 4b",
        cells=critic_cells,
    ),
    empirical_claim(
        "fig-5-na-ps-not-better",
        "NA-PS, trained on five queues, does not outperform MF-R on rings of 9 to 5001.",
        ("MF-38", "MF-50"),
        Planted(
            check_sharing,
            scaled(("NA-PS",), 1 / 3),
            scaled(("NA-PS",), 3.0),
            "NA-PS drops a third where the claim was found, three times as much where not",
        ),
        source="Fig. 5, sec. 3",
        cells=sharing_cells,
    ),
)
