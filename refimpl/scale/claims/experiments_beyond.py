"""Empirical claims beyond the paper's tests [SCALE sec. 6.2] [SCALE Algorithm 2].

Clusters up to 2048 servers, other mixes of tiers, deeper and wider workflows, clusters that change
during an episode, and whether the scheduler of Algorithm 2 comes to an end at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

import numpy as np

from refimpl.findings import empirical
from refimpl.ledger import Arrays, Claim, Context, Finding, Plot
from refimpl.scale.claims.experiments_results import (
    Cell,
    Change,
    Floats,
    Plan,
    Results,
    claim,
    is_method,
    is_reference,
    metric,
    of_reference,
    per_run,
    replaced,
)
from refimpl.scale.claims.experiments_sizes import arms
from refimpl.scale.experiments import cells
from refimpl.scale.experiments.batteries import OTHER_WORKFLOWS
from refimpl.scale.experiments.evaluation import STUCK
from refimpl.scale.experiments.scale import scale_of
from refimpl.scale.experiments.systems import MIXES, PUBLISHED_SIZES, System

BY_HAND = ("fastest fit", "random feasible")
KEPT = 0.8
"""Part of the throughput per server that counts as kept."""

MIXED = tuple(System(mix=mix) for mix in list(MIXES)[1:])
FAMILIES = tuple(System(changes=changes) for changes in OTHER_WORKFLOWS)
ELASTIC = (System(events="elastic"),)


def beyond(context: Context) -> tuple[int, ...]:
    """Sizes beyond the paper's that the profile tests."""
    return tuple(n for n, _ in scale_of(context).episodes.beyond)


def throughput(results: Results, context: Context, n: int, rule: str) -> Floats:
    """Return the completed tasks per server of SCALE's runs, (runs,)."""
    scale = scale_of(context)
    trial = cells.trial(scale, System(n), rule)
    return per_run(results, cells.arm(scale, "SCALE"), context, trial, "completed") / n


def check_sizes(results: Results, context: Context) -> Finding:
    """At every larger size SCALE completes 80% as many tasks per server as at 16."""
    sizes = (*PUBLISHED_SIZES, *beyond(context))
    level = {
        (n, rule): float(throughput(results, context, n, rule).mean())
        for n, rule in product(sizes, ("sampled", "greedy", "masked"))
    }
    kept = {
        rule: min(level[n, rule] for n in sizes) / level[sizes[0], rule]
        for rule in ("sampled", "greedy", "masked")
    }
    evidence = {f"{rule}_n{n}": x for (n, rule), x in level.items()}
    evidence |= {f"{rule}_kept": x for rule, x in kept.items()}
    series = {rule: (np.log2(sizes), np.array([level[n, rule] for n in sizes])) for rule in kept}
    chart = Plot("Completed tasks per server", "log2 of the servers", "tasks", series)
    concluded = empirical(kept["greedy"] >= KEPT, evidence)
    return Finding(concluded.verdict, concluded.evidence, plots=(chart,))


def check_sizes_masked(results: Results, context: Context) -> Finding:
    """With a mask SCALE keeps that throughput at every larger size."""
    sizes = (*PUBLISHED_SIZES, *beyond(context))
    level = {n: float(throughput(results, context, n, "masked").mean()) for n in sizes}
    kept = min(level.values()) / level[sizes[0]]
    return empirical(kept >= KEPT, {"kept": kept, **{f"n{n}": x for n, x in level.items()}})


def systems(chosen: Sequence[System]) -> Callable[[Context], list[Cell]]:
    """Return the cells of a check on these systems."""

    def found(context: Context) -> list[Cell]:
        scale = scale_of(context)
        by_hand: list[Cell] = [
            cells.reference(scale, name, system, drained=True)
            for name, system in product(BY_HAND, chosen)
        ]
        return arms(context) + by_hand

    return found


def check_elsewhere(chosen: Sequence[System], rule: str) -> Callable[[Results, Context], Finding]:
    """Return the check that SCALE beats a feasible server at random, every task counted."""

    def check(results: Results, context: Context) -> Finding:
        scale, lags = scale_of(context), []
        evidence: dict[str, float] = {}
        for system in chosen:
            by_hand = {
                name: of_reference(
                    results,
                    cells.reference(scale, name, system, drained=True),
                    context,
                    "all_response",
                )
                for name in BY_HAND
            }
            learned = {
                (arm, rule): per_run(
                    results,
                    cells.arm(scale, arm),
                    context,
                    cells.trial(scale, system, rule, drained=True),
                    "all_response",
                ).mean()
                for arm, rule in product(cells.ARMS, ("greedy", "masked"))
            }
            label = _label(system)
            evidence |= {f"{label}_{name}": x for name, x in by_hand.items()}
            evidence |= {f"{label}_{arm}_{rule}": float(x) for (arm, rule), x in learned.items()}
            lags.append(learned["SCALE", rule] - by_hand["random feasible"])
        return empirical(max(lags) < 0, {"largest_lag": float(max(lags)), **evidence})

    return check


def _label(system: System) -> str:
    parts = [system.changes, system.mix, system.events]
    usual = {"chosen", "2:5:1", "steady"}
    return " ".join(part for part in parts if part not in usual) or "usual"


def check_live(results: Results, context: Context) -> Finding:
    """With the highest score and no mask, every arriving task is finished in the end."""
    scale = scale_of(context)
    evidence: dict[str, float] = {}
    for arm, n, rule in product(cells.ARMS, PUBLISHED_SIZES, ("sampled", "greedy", "masked")):
        trial = cells.trial(scale, System(n), rule, drained=True)
        runs = cells.arm(scale, arm)
        done, all_tasks, longest = (
            per_run(results, runs, context, trial, what)
            for what in ("completed", "arrived", "longest")
        )
        evidence[f"{arm}_{rule}_n{n}_finished"] = float((done / all_tasks).mean())
        evidence[f"{arm}_{rule}_n{n}_longest_run"] = float(longest.mean())
    least = min(x for k, x in evidence.items() if "_greedy_" in k and k.endswith("finished"))
    return empirical(least >= 1.0, {"least_finished": least, "called_stuck": STUCK, **evidence})


PACE = metric("completed")
SLOW = metric("all_response")
SCALE = is_method("SCALE")
RANDOM = is_reference("random feasible")


def _elsewhere_plan(chosen: Sequence[System], rule: str) -> Plan:
    return Plan(
        check_elsewhere(chosen, rule),
        replaced(0.1, RANDOM, SLOW),
        replaced(1000.0, RANDOM, SLOW),
        "servers at random get a response of 0.1 s, or of 1000 s",
    )


def _one_per_server(which: str) -> Change:
    """Give tests at every size as many completed tasks as there are servers."""

    def change(cell: Cell, arrays: Arrays, context: Context) -> Arrays:
        del context
        if not SCALE(cell):
            return arrays
        return {
            name: np.full_like(x, _tasks(name, which)) if PACE(name) else x
            for name, x in arrays.items()
        }

    return change


def _all_finished(cell: Cell, arrays: Arrays, context: Context) -> Arrays:
    """Finish every task that arrived."""
    del cell, context
    return {
        name: arrays[name.replace("completed", "arrived")] if PACE(name) else x
        for name, x in arrays.items()
    }


def _tasks(name: str, which: str) -> float:
    n = int(name.split("/")[0][1:])
    return float(n) if which == "proportional" else 16.0


def claim_elsewhere(
    name: str, where: str, source: str, chosen: Sequence[System], rule: str
) -> Claim:
    """Return the claim that SCALE beats a feasible server at random somewhere else."""
    masked = rule == "masked"
    return claim(
        f"{name}-masked" if masked else name,
        f"{where} SCALE with{'' if masked else 'out'} a mask beats a feasible server at random, "
        "every task counted.",
        ("SC-57",),
        _elsewhere_plan(chosen, rule),
        source=source,
        cells=systems(chosen),
    )


ELSEWHERE: tuple[tuple[str, str, str, Sequence[System]], ...] = (
    ("other-mixes", "On other mixes of server tiers", "sec. 6.2", MIXED),
    (
        "other-workflows",
        "On deeper and wider workflows than those of its training",
        "sec. 6.2",
        FAMILIES,
    ),
    (
        "elastic-clusters",
        "On clusters whose servers join, leave and fail during the episode",
        "sec. 2",
        ELASTIC,
    ),
)

CLAIMS = (
    claim(
        "beyond-48-servers",
        "Without a mask SCALE keeps its throughput per server from 16 servers to every larger "
        "size, up to 2048.",
        ("SC-57",),
        Plan(
            check_sizes,
            _one_per_server("constant"),
            _one_per_server("proportional"),
            "the number of completed tasks is the same at all sizes, or proportional to the size",
        ),
        source="sec. 6.2",
        cells=arms,
    ),
    claim(
        "beyond-48-servers-masked",
        "With a mask SCALE keeps its throughput per server from 16 servers to every larger size, "
        "up to 2048.",
        ("SC-57",),
        Plan(
            check_sizes_masked,
            _one_per_server("constant"),
            _one_per_server("proportional"),
            "the number of completed tasks is the same at all sizes, or proportional to the size",
        ),
        source="sec. 6.2",
        cells=arms,
    ),
    *(claim_elsewhere(*words, rule) for words in ELSEWHERE for rule in ("greedy", "masked")),
    claim(
        "algorithm-2-live",
        "A trained network scheduling by Algorithm 2, the highest score whether feasible or not, "
        "finishes every task that arrives.",
        ("SC-10",),
        Plan(
            check_live,
            replaced(1.0, is_method(*cells.ARMS), PACE),
            _all_finished,
            "one task is finished, or every task",
        ),
        source="Algorithm 2",
        cells=arms,
    ),
)
