"""Empirical claims on clusters larger than the one trained on [SCALE Table 4] [SCALE Fig. 5].

Three decision rules and two metrics: the paper's is the highest score without a mask, and the mean
response of the tasks completed by the horizon.
"""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np

from refimpl.findings import empirical, interval
from refimpl.ledger import Context, Finding, Plot
from refimpl.scale.claims.experiments_results import (
    Cell,
    Check,
    Floats,
    Plan,
    Results,
    at_sizes,
    both,
    claim,
    difference,
    is_method,
    is_reference,
    metric,
    of_reference,
    per_run,
    relative,
    replaced,
    times,
)
from refimpl.scale.experiments import cells
from refimpl.scale.experiments.batteries import RULES
from refimpl.scale.experiments.scale import scale_of
from refimpl.scale.experiments.systems import PUBLISHED_SIZES, System
from refimpl.scale.theory.printed import REDUCTION
from refimpl.shared.statistics import mean_interval

LARGEST = PUBLISHED_SIZES[-1]
RESPONSE = metric("response", "all_response")
RULES_BY_HAND = ("fastest fit", "earliest finish")


def arms(context: Context) -> list[Cell]:
    """Return the runs of SCALE and of CrossAttn."""
    return [run for name in cells.ARMS for run in cells.arm(scale_of(context), name)]


def with_rules(context: Context) -> list[Cell]:
    """Return the arms, and schedulers by hand on the drained episodes."""
    scale = scale_of(context)
    return arms(context) + [
        cells.reference(scale, name, System(n), drained=True)
        for name, n in product(RULES_BY_HAND, PUBLISHED_SIZES)
    ]


def level(
    results: Results, context: Context, arm: str, n: int, rule: str, *, drained: bool = False
) -> Floats:
    """Return every run's mean response, (runs,): of all tasks when drained."""
    scale = scale_of(context)
    trial = cells.trial(scale, System(n), rule, drained=drained)
    counted = "all_response" if drained else "response"
    return per_run(results, cells.arm(scale, arm), context, trial, counted)


def table(results: Results, context: Context, *, drained: bool = False) -> dict[str, float]:
    """SCALE's response minus CrossAttn's, with intervals, by rule and size; and both levels."""
    found: dict[str, float] = {}
    for rule, n in product(RULES, PUBLISHED_SIZES):
        ours, plain = (level(results, context, arm, n, rule, drained=drained) for arm in cells.ARMS)
        found |= interval(f"{rule}_n{n}", difference(ours, plain))
        found |= {f"SCALE_{rule}_n{n}": ours.mean(), f"CrossAttn_{rule}_n{n}": plain.mean()}
    return found


def check_table_4(results: Results, context: Context) -> Finding:
    """At 48 servers SCALE's response is lower, and the interval does not reach 0."""
    found = table(results, context)
    ours, plain = (level(results, context, arm, LARGEST, "greedy") for arm in cells.ARMS)
    part = relative(ours, plain)
    evidence = {**interval("relative", part), **found}
    concluded = empirical(found[f"greedy_n{LARGEST}_high"] < 0, evidence)
    return Finding(
        concluded.verdict, concluded.evidence, plots=(_chart(results, context, "greedy"),)
    )


def check_size(results: Results, context: Context) -> Finding:
    """Check that the reduction is at least the printed one, 8.9%."""
    ours, plain = (level(results, context, arm, LARGEST, "greedy") for arm in cells.ARMS)
    part = relative(ours, plain)
    return empirical(part.mean <= -REDUCTION and part.high < 0, interval("relative", part))


def check_rises(results: Results, context: Context) -> Finding:
    """Both arms' responses rise from each size to the next."""
    levels = {
        arm: [level(results, context, arm, n, "greedy").mean() for n in PUBLISHED_SIZES]
        for arm in cells.ARMS
    }
    steps = [later - sooner for row in levels.values() for sooner, later in pairwise(row)]
    evidence = {
        f"{arm}_n{n}": x
        for arm in levels
        for n, x in zip(PUBLISHED_SIZES, levels[arm], strict=True)
    }
    return empirical(min(steps) > 0, {"least_step": min(steps), **evidence})


def check_degrades(results: Results, context: Context) -> Finding:
    """CrossAttn's response grows more from 16 to 48 servers than SCALE's."""
    growth = {
        arm: level(results, context, arm, LARGEST, "greedy")
        / level(results, context, arm, PUBLISHED_SIZES[0], "greedy")
        for arm in cells.ARMS
    }
    more = difference(growth["CrossAttn"], growth["SCALE"])
    levels = {f"{arm}_growth": float(x.mean()) for arm, x in growth.items()}
    return empirical(more.low > 0, {**interval("difference", more), **levels})


def check_fair(results: Results, context: Context) -> Finding:
    """Drained, SCALE is faster at 48 servers under every decision rule."""
    found = table(results, context, drained=True)
    highest = max(found[f"{rule}_n{LARGEST}_high"] for rule in RULES)
    concluded = empirical(highest < 0, {"highest_bound": highest, **found})
    return Finding(
        concluded.verdict,
        concluded.evidence,
        plots=(_chart(results, context, "masked", drained=True),),
    )


def check_necessary(results: Results, context: Context) -> Finding:
    """At 32 and 48 servers SCALE is faster under every rule, with intervals below 0."""
    found = table(results, context)
    bounds = [found[f"{rule}_n{n}_high"] for rule in RULES for n in PUBLISHED_SIZES[1:]]
    return empirical(max(bounds) < 0, {"highest_bound": max(bounds), **found})


def check_mask(results: Results, context: Context) -> Finding:
    """With 48 servers a mask at test time changes the completed tasks more than SRR does."""
    scale = scale_of(context)
    done = {
        (arm, rule): per_run(
            results,
            cells.arm(scale, arm),
            context,
            cells.trial(scale, System(LARGEST), rule),
            "completed",
        )
        for arm, rule in product(cells.ARMS, ("greedy", "masked"))
    }
    gains = [float((done[arm, "masked"] - done[arm, "greedy"]).mean()) for arm in cells.ARMS]
    regularised = abs(float((done["SCALE", "greedy"] - done["CrossAttn", "greedy"]).mean()))
    evidence = {f"{arm}_{rule}": float(x.mean()) for (arm, rule), x in done.items()}
    found = min(gains) > regularised
    return empirical(found, {"least_gain": min(gains), "by_srr": regularised, **evidence})


def check_learning_pays(results: Results, context: Context) -> Finding:
    """With the better of its rules, an arm beats the better rule by hand at every size, drained."""
    scale, behind = scale_of(context), []
    evidence: dict[str, float] = {}
    for n in PUBLISHED_SIZES:
        by_hand = min(
            of_reference(
                results,
                cells.reference(scale, name, System(n), drained=True),
                context,
                "all_response",
            )
            for name in RULES_BY_HAND
        )
        learned = {
            (arm, rule): level(results, context, arm, n, rule, drained=True).mean()
            for arm, rule in product(cells.ARMS, RULES)
        }
        evidence |= {f"by_hand_n{n}": by_hand, f"learned_n{n}": min(learned.values())}
        behind.append(min(learned.values()) - by_hand)
    return empirical(max(behind) < 0, {"largest_lag": max(behind), **evidence})


def _chart(results: Results, context: Context, rule: str, *, drained: bool = False) -> Plot:
    """Both arms' responses with 95% intervals over the training runs."""
    sizes, series = np.array(PUBLISHED_SIZES, float), {}
    for arm in cells.ARMS:
        found = [
            mean_interval(level(results, context, arm, n, rule, drained=drained))
            for n in PUBLISHED_SIZES
        ]
        means = np.array([each.mean for each in found])
        series[arm] = sizes, means, np.array([each.half_width for each in found])
    which = "all tasks, drained" if drained else "completed tasks (Fig. 5)"
    return Plot(f"Response of {which}, {rule}", "servers", "s", series)


SCALE, CROSS = is_method("SCALE"), is_method("CrossAttn")
EQUAL = replaced(5.0, is_method(*cells.ARMS), RESPONSE)
AHEAD = both(EQUAL, times(0.8, SCALE, RESPONSE))


def _ahead(check: Check) -> Plan:
    """Plant equal responses, or shorter ones of SCALE."""
    return Plan(check, EQUAL, AHEAD, "both arms get the same responses, or SCALE 20% less")


CLAIMS = (
    claim(
        "table-4-sign",
        "Trained on 16 servers and tested on 48 with the highest score, SCALE has a shorter mean "
        "response time of completed tasks than the same network without SRR.",
        ("SC-48", "SC-51c"),
        _ahead(check_table_4),
        source="Table 4",
        cells=arms,
    ),
    claim(
        "table-4-reduction",
        "The reduction at 48 servers is at least 8.9%.",
        ("SC-42", "SC-48"),
        _ahead(check_size),
        source="Table 4",
        cells=arms,
    ),
    claim(
        "fig-5-rise",
        "The response time of both arms rises with the size of the cluster.",
        ("SC-43", "SC-48", "SC-51c"),
        Plan(
            check_rises,
            EQUAL,
            both(
                EQUAL,
                both(
                    times(1.2, is_method(*cells.ARMS), at_sizes((32,), RESPONSE)),
                    times(1.4, is_method(*cells.ARMS), at_sizes((48,), RESPONSE)),
                ),
            ),
            "responses do not depend on the size, or rise with it",
        ),
        source="Fig. 5",
        cells=arms,
    ),
    claim(
        "fig-5-degrades",
        "From 16 to 48 servers CrossAttn's response time grows more than SCALE's.",
        ("SC-51c",),
        Plan(
            check_degrades,
            EQUAL,
            both(EQUAL, times(1.5, CROSS, at_sizes((48,), RESPONSE))),
            "responses do not depend on the size, or CrossAttn's is longer at 48 servers",
        ),
        source="Fig. 5",
        cells=arms,
    ),
    claim(
        "fair-response",
        "When arrivals stop at the horizon and every task counts, SCALE has a shorter mean "
        "response than CrossAttn at 48 servers, whether servers are drawn, taken by the highest "
        "score, or by the highest feasible one.",
        ("SC-05", "SC-48"),
        _ahead(check_fair),
        source="sec. 5.4",
        cells=arms,
    ),
    claim(
        "srr-necessary",
        "At 32 and at 48 servers regularisation makes the response time shorter under every "
        "decision rule.",
        ("SC-44",),
        _ahead(check_necessary),
        source="Abstract",
        cells=arms,
    ),
    claim(
        "mask-outweighs-srr",
        "At 48 servers a feasibility mask at test time changes the number of completed tasks more "
        "than regularisation does.",
        ("SC-10",),
        Plan(
            check_mask,
            replaced(10.0, is_method(*cells.ARMS), metric("completed")),
            both(
                replaced(10.0, is_method(*cells.ARMS), metric("completed")),
                times(3.0, is_method(*cells.ARMS), lambda k: "/masked/" in k),
            ),
            "the mask changes nothing, or triples the completed tasks",
        ),
        source="Algorithm 2",
        cells=arms,
    ),
    claim(
        "learning-beats-rules",
        "With the best of the three decision rules, a trained network has a shorter mean response, "
        "every task counted, than the faster of two rules by hand, at 16, 32 and 48 servers.",
        ("SC-47", "SC-48"),
        Plan(
            check_learning_pays,
            replaced(0.1, is_reference(*RULES_BY_HAND), RESPONSE),
            replaced(1000.0, is_reference(*RULES_BY_HAND), RESPONSE),
            "rules by hand get a response of 0.1 s, or of 1000 s",
        ),
        source="sec. 5.3",
        cells=with_rules,
    ),
)
