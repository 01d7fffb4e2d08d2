"""Empirical claims on the constants that the paper leaves open, and on its reward.

Both arms trained and tested under each of them, and schedulers by hand, for which they decide which
is best.
"""

from __future__ import annotations

from itertools import product

from refimpl.findings import empirical
from refimpl.ledger import Context, Finding
from refimpl.scale.claims.experiments_results import (
    Cell,
    Change,
    Floats,
    Plan,
    Results,
    both,
    claim,
    is_method,
    is_reference,
    metric,
    of_reference,
    per_run,
    replaced,
    times,
)
from refimpl.scale.experiments import cells
from refimpl.scale.experiments.references import REFERENCES
from refimpl.scale.experiments.runs import Run
from refimpl.scale.experiments.scale import CONSTANTS, Scale, scale_of
from refimpl.scale.experiments.systems import PUBLISHED_SIZES, TRAINED, System
from refimpl.scale.theory.printed import RESPONSE_AT_16, TASKS

LARGE = PUBLISHED_SIZES[-1]
FAST, LARGE_ONLY = "fastest fit", "large only"
DELAY_SCALES = ("delay scale 0.12", "chosen", "no delay term")


def trained(context: Context) -> list[Cell]:
    """Return both arms under every constant."""
    scale = scale_of(context)
    return [
        run
        for changes, arm in product(("chosen", *scale.constants), cells.ARMS)
        for run in runs_of(scale, changes, arm)
    ]


def runs_of(scale: Scale, changes: str, arm: str) -> tuple[Run, ...]:
    """Return the runs of an arm under a constant, equally many under each."""
    if changes == "chosen":
        return cells.arm(scale, arm)[: scale.sensitivity.seeds]
    return cells.sensitivity(scale, changes, arm)


def by_hand(context: Context) -> list[Cell]:
    """Return every scheduler by hand under every constant, to the horizon."""
    scale = scale_of(context)
    return [
        cells.reference(scale, name, System(n, changes))
        for name, changes, n in product(REFERENCES, ("chosen", *CONSTANTS), (TRAINED, LARGE))
    ]


def delay_scales(context: Context) -> list[Cell]:
    """Return two schedulers by hand at three scales of the delay."""
    scale = scale_of(context)
    return [
        cells.reference(scale, name, System(TRAINED, changes))
        for name, changes in product((FAST, LARGE_ONLY), DELAY_SCALES)
    ]


def two_by_hand(context: Context) -> list[Cell]:
    """Return two schedulers by hand at two sizes, to the horizon and drained."""
    scale = scale_of(context)
    return [
        cells.reference(scale, name, System(n), drained=drained)
        for name, n, drained in product((FAST, LARGE_ONLY), (TRAINED, LARGE), (False, True))
    ]


def level(
    results: Results, context: Context, changes: str, arm: str, what: str, rule: str = "greedy"
) -> Floats:
    """Return every run's mean of a metric at 48 servers, (runs,)."""
    scale = scale_of(context)
    trial = cells.trial(scale, System(LARGE, changes), rule)
    return per_run(results, runs_of(scale, changes, arm), context, trial, what)


def check_sign(results: Results, context: Context) -> Finding:
    """Check that the sign of SCALE minus CrossAttn at 48 servers is always the same."""
    evidence: dict[str, float] = {}
    gaps: list[float] = []
    for changes in ("chosen", *scale_of(context).constants):
        for rule in ("greedy", "masked"):
            rows = [level(results, context, changes, arm, "response", rule) for arm in cells.ARMS]
            gap = float(rows[0].mean() - rows[1].mean())
            evidence[f"{changes}_{rule}"] = gap
            gaps += [gap] if rule == "greedy" else []
    same = min(gaps) * max(gaps) > 0
    return empirical(same, {"lowest": min(gaps), "highest": max(gaps), **evidence})


def check_best_rule(results: Results, context: Context) -> Finding:
    """Check that the same of two schedulers earns more at each of three scales of the delay."""
    evidence: dict[str, float] = {}
    leads: list[float] = []
    for changes in DELAY_SCALES:
        earned = {
            name: of_reference(
                results,
                cells.reference(scale_of(context), name, System(TRAINED, changes)),
                context,
                "discounted",
            )
            for name in (FAST, LARGE_ONLY)
        }
        evidence |= {f"{changes}_{name}": x for name, x in earned.items()}
        leads.append(earned[FAST] - earned[LARGE_ONLY])
    return empirical(min(leads) * max(leads) > 0, {"least_lead": min(leads), **evidence})


def check_aligned(results: Results, context: Context) -> Finding:
    """Drained, the scheduler by hand with the higher return has the shorter response."""
    evidence: dict[str, float] = {}
    products: list[float] = []
    for n in (TRAINED, LARGE):
        found = {
            (name, what): of_reference(
                results,
                cells.reference(scale_of(context), name, System(n), drained=True),
                context,
                what,
            )
            for name, what in product((FAST, LARGE_ONLY), ("returns", "all_response"))
        }
        evidence |= {f"{name}_{what}_n{n}": x for (name, what), x in found.items()}
        more = found[FAST, "returns"] - found[LARGE_ONLY, "returns"]
        slower = found[FAST, "all_response"] - found[LARGE_ONLY, "all_response"]
        products.append(more * slower)
    return empirical(max(products) < 0, {"largest_product": max(products), **evidence})


def check_survivors(results: Results, context: Context) -> Finding:
    """Check that the better scheduler for completed tasks is the better one for all tasks."""
    evidence: dict[str, float] = {}
    products: list[float] = []
    for n in (TRAINED, LARGE):
        completed, everyone = (
            {
                name: of_reference(
                    results,
                    cells.reference(scale_of(context), name, System(n), drained=drained),
                    context,
                    what,
                )
                for name in (FAST, LARGE_ONLY)
            }
            for drained, what in ((False, "response"), (True, "all_response"))
        )
        evidence |= {f"{name}_completed_n{n}": x for name, x in completed.items()}
        evidence |= {f"{name}_all_n{n}": x for name, x in everyone.items()}
        gaps = (completed[FAST] - completed[LARGE_ONLY], everyone[FAST] - everyone[LARGE_ONLY])
        products.append(gaps[0] * gaps[1])
    return empirical(min(products) > 0, {"least_product": min(products), **evidence})


def check_rise_by_hand(results: Results, context: Context) -> Finding:
    """Look for a scheduler by hand and constants whose response rises by 20%."""
    rises = {}
    for name, changes in product(REFERENCES, ("chosen", *CONSTANTS)):
        small, large = (
            of_reference(
                results,
                cells.reference(scale_of(context), name, System(n, changes)),
                context,
                "response",
            )
            for n in (TRAINED, LARGE)
        )
        rises[f"{name}_{changes}"] = large / small - 1
    steepest = max(rises.values())
    return empirical(steepest >= 0.2, {"steepest": steepest, **rises})


def check_consistent(results: Results, context: Context) -> Finding:
    """Compare a scheduler by hand with the published tasks and response, within 25%."""
    found = {
        what: of_reference(
            results, cells.reference(scale_of(context), FAST, System()), context, what
        )
        for what in ("completed", "response", "returns")
    }
    off = {
        "completed": abs(found["completed"] / TASKS["SCALE"].mean - 1),
        "response": abs(found["response"] / RESPONSE_AT_16["SCALE"].mean - 1),
    }
    evidence = {**found, **{f"{what}_off": x for what, x in off.items()}}
    return empirical(max(off.values()) <= 0.25, evidence)


TOO_LONG = metric("response", "all_response")
HAND = is_reference(*REFERENCES)
ARMS = is_method(*cells.ARMS)
EQUAL = replaced(5.0, ARMS, TOO_LONG)
FASTEST, LARGEST_ONLY = is_reference(FAST), is_reference(LARGE_ONLY)


def _under(changes: str, change: Change) -> Change:
    """Apply a change to cells under one constant only."""

    def only(cell: Cell, arrays: dict[str, Floats], context: Context) -> dict[str, Floats]:
        system = cell.system if isinstance(cell, Run) else cell.trial.system
        return change(cell, arrays, context) if system.changes == changes else arrays

    return only


def _apart(what: str, fast: float, large: float) -> Change:
    """Give the two schedulers by hand these values of a metric."""
    return both(replaced(fast, FASTEST, metric(what)), replaced(large, LARGEST_ONLY, metric(what)))


CLAIMS = (
    claim(
        "constants-sign",
        "Whether SCALE responds faster than CrossAttn at 48 servers does not depend on the "
        "constants that the paper leaves open.",
        ("SC-46", "SC-48"),
        Plan(
            check_sign,
            both(
                EQUAL,
                both(
                    times(0.8, is_method("SCALE"), TOO_LONG),
                    _under("chosen", times(2.0, is_method("SCALE"), TOO_LONG)),
                ),
            ),
            both(EQUAL, times(0.8, is_method("SCALE"), TOO_LONG)),
            "SCALE is slower under the chosen constants only, or faster under all",
        ),
        source="Table 4",
        cells=trained,
    ),
    claim(
        "delay-scale-decides",
        "Which of two schedulers by hand earns more does not depend on the scale of the "
        "communication term, which the paper does not give.",
        ("SC-12",),
        Plan(
            check_best_rule,
            both(_apart("discounted", 1.0, 0.5), _under("chosen", _apart("discounted", 0.5, 1.0))),
            _apart("discounted", 1.0, 0.5),
            "the order is another under the chosen constants, or the same under all",
        ),
        source="eq. 2",
        cells=delay_scales,
    ),
    claim(
        "reward-aligned",
        "Of two schedulers by hand that run until every task is finished, the one with the higher "
        "return has the shorter response time.",
        ("SC-15",),
        Plan(
            check_aligned,
            both(_apart("returns", 1.0, 2.0), _apart("all_response", 10.0, 30.0)),
            both(_apart("returns", 2.0, 1.0), _apart("all_response", 10.0, 30.0)),
            "the scheduler with the higher return is the slower one, or the faster",
        ),
        source="sec. 4.1.3",
        cells=two_by_hand,
    ),
    claim(
        "survivors",
        "Of two schedulers by hand the one with the shorter response time of tasks completed by "
        "the horizon also has the shorter one of all tasks, drained.",
        ("SC-05", "SC-47"),
        Plan(
            check_survivors,
            both(_apart("response", 5.0, 4.0), _apart("all_response", 10.0, 30.0)),
            both(_apart("response", 4.0, 5.0), _apart("all_response", 10.0, 30.0)),
            "the two metrics disagree, or agree",
        ),
        source="eq. 1",
        cells=two_by_hand,
    ),
    claim(
        "rise-by-hand",
        "There are a scheduler by hand and constants under which the response at 48 servers is at "
        "least 20% longer than at 16.",
        ("SC-43",),
        Plan(
            check_rise_by_hand,
            replaced(5.0, HAND, TOO_LONG),
            both(
                replaced(5.0, HAND, TOO_LONG),
                lambda cell, arrays, context: (
                    times(1.5, FASTEST, TOO_LONG)(cell, arrays, context)
                    if not isinstance(cell, Run) and cell.trial.system.n_servers == LARGE
                    else arrays
                ),
            ),
            "responses do not depend on the size, or one rises by half",
        ),
        source="Fig. 5",
        cells=by_hand,
    ),
    claim(
        "chosen-constants",
        "Under the chosen constants the fastest idle server that fits completes as many tasks in "
        "as long a response as the paper reports for SCALE, within a quarter.",
        ("SC-46", "SC-47"),
        Plan(
            check_consistent,
            times(3.0, FASTEST, metric("completed")),
            both(
                replaced(8.4, FASTEST, metric("completed")),
                replaced(4.6, FASTEST, metric("response")),
            ),
            "three times as many tasks are completed, or as many as published",
        ),
        source="Table 3",
        cells=by_hand,
    ),
)
