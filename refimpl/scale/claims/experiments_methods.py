"""Empirical claims on the six methods at the size they are trained on [SCALE Table 3].

Tested with the highest score and without a mask, as in the paper.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from refimpl.findings import empirical, interval
from refimpl.ledger import Arrays, Context, Finding, Plot
from refimpl.scale.claims.experiments_results import (
    Cell,
    Change,
    Check,
    Floats,
    Plan,
    Results,
    Which,
    both,
    claim,
    difference,
    final,
    is_method,
    metric,
    per_run,
    replaced,
    times,
)
from refimpl.scale.experiments import cells
from refimpl.scale.experiments.scale import scale_of
from refimpl.scale.experiments.systems import System
from refimpl.scale.theory.printed import FINAL_RETURN

PERCEPTRONS = cells.BASELINES
"""Methods with a fixed number of outputs."""


def methods(context: Context) -> list[Cell]:
    """Return the runs of all six methods."""
    return [run for name in cells.METHODS for run in cells.method(scale_of(context), name)]


def at_home(
    results: Results, context: Context, name: str, what: str, rule: str = "greedy"
) -> Floats:
    """Return every run's mean on its own system, (runs,)."""
    scale = scale_of(context)
    trial = cells.trial(scale, System(), rule)
    return per_run(results, cells.method(scale, name), context, trial, what)


def table_3(results: Results, context: Context) -> dict[str, float]:
    """Completed tasks and response of every method, by the paper's rule and with a mask."""
    found: dict[str, float] = {}
    for name in cells.METHODS:
        for rule in ("greedy", "masked"):
            tasks, response = (
                at_home(results, context, name, what, rule) for what in ("completed", "response")
            )
            found |= {f"{name}_{rule}_tasks": tasks.mean(), f"{name}_{rule}_s": response.mean()}
            found[f"{name}_{rule}_tasks_spread"] = float(tasks.std(ddof=1))
    return found


def check_most_tasks(results: Results, context: Context) -> Finding:
    """SCALE completes more tasks than each other method, on average over the runs."""
    found = table_3(results, context)
    others = [found[f"{name}_greedy_tasks"] for name in cells.METHODS if name != "SCALE"]
    lead = found["SCALE_greedy_tasks"] - max(others)
    return empirical(lead > 0, {"lead": lead, **found})


def check_perceptrons(results: Results, context: Context) -> Finding:
    """Every method with an attention network completes more tasks than every one without."""
    found = table_3(results, context)
    attention = min(found[f"{name}_greedy_tasks"] for name in cells.ARMS)
    others = max(found[f"{name}_greedy_tasks"] for name in PERCEPTRONS)
    return empirical(attention > others, {"attention": attention, "others": others, **found})


def check_slowest(results: Results, context: Context) -> Finding:
    """DQN has the longest response of the six."""
    found = table_3(results, context)
    others = max(found[f"{name}_greedy_s"] for name in cells.METHODS if name != "DQN")
    lag = found["DQN_greedy_s"] - others
    return empirical(lag > 0, {"lag": lag, **found})


def check_ppo_srr(results: Results, context: Context) -> Finding:
    """PPO with SRR completes more tasks than PPO, and its response is not longer by 5%."""
    tasks = difference(*(at_home(results, context, n, "completed") for n in ("PPO+SRR", "PPO")))
    ours, plain = (at_home(results, context, n, "response") for n in ("PPO+SRR", "PPO"))
    slower = float(ours.mean() / plain.mean() - 1)
    found = tasks.low > 0 and slower <= 0.05
    return empirical(found, {**interval("tasks", tasks), "slower": slower})


def returns(results: Results, context: Context) -> dict[str, Floats]:
    """Mean return of the last tenth of the training of every run, by method."""
    scale = scale_of(context)
    return {
        name: final(results, cells.method(scale, name), context, "return") for name in cells.METHODS
    }


def check_order(results: Results, context: Context) -> Finding:
    """Compare the order of the returns at the end of training."""
    means = {name: float(x.mean()) for name, x in returns(results, context).items()}
    ppo = [means["PPO"], means["PPO+SRR"]]
    row = [means["CrossAttn"], means["SCALE"], *ppo, means["SAC"], means["DQN"]]
    found = row[0] > row[1] > max(ppo) and min(ppo) > means["SAC"] and means["SAC"] > means["DQN"]
    concluded = empirical(found, means)
    return Finding(concluded.verdict, concluded.evidence, plots=(_curves(results, context),))


def check_levels(results: Results, context: Context) -> Finding:
    """Every printed level of the return is met within a tenth of it."""
    means = {name: float(x.mean()) for name, x in returns(results, context).items()}
    off = {
        name: max(low / means[name] - 1, means[name] / high - 1, 0.0)
        for name, (low, high) in FINAL_RETURN.items()
    }
    evidence = {**means, **{f"{name}_off": x for name, x in off.items()}}
    return empirical(max(off.values()) <= 0.1, {"largest": max(off.values()), **evidence})


def check_fluctuation(results: Results, context: Context) -> Finding:
    """In the last half of training CrossAttn's return fluctuates more than SCALE's."""
    scale = scale_of(context)
    spread = {
        arm: np.array([_fluctuation(results(run, context)) for run in cells.arm(scale, arm)])
        for arm in cells.ARMS
    }
    more = difference(spread["CrossAttn"], spread["SCALE"])
    levels = {arm: float(x.mean()) for arm, x in spread.items()}
    return empirical(more.low > 0, {**interval("difference", more), **levels})


def _fluctuation(arrays: dict[str, Floats]) -> float:
    """Root mean square change of the return from epoch to epoch, in the last half."""
    curve = arrays["curve/return"]
    late = curve[len(curve) // 2 :]
    late = late[np.isfinite(late)]
    return float(np.sqrt(np.mean(np.diff(late) ** 2))) if len(late) > 1 else 0.0


def _curves(results: Results, context: Context) -> Plot:
    """Mean return over the runs in twentieths of the training."""
    scale, series = scale_of(context), {}
    for name in cells.METHODS:
        curves = np.array(
            [results(run, context)["curve/return"] for run in cells.method(scale, name)]
        )
        parts = np.array_split(curves, min(20, curves.shape[1]), axis=1)
        ends = np.cumsum([part.shape[1] for part in parts]).astype(float)
        series[name] = ends, np.array([_mean(part) for part in parts])
    return Plot("Training return (Fig. 6)", "epochs", "return per episode", series)


def _mean(part: Floats) -> float:
    return float(np.nanmean(part)) if np.isfinite(part).any() else 0.0


TASKS, SECONDS = metric("completed"), metric("response")
ALL = is_method(*cells.METHODS)
ALIKE = both(replaced(5.0, ALL, TASKS), replaced(5.0, ALL, SECONDS))
RETURN = metric("curve/return")
LEVELS = {"SCALE": 1.0, "CrossAttn": 1.15, "PPO": 0.94, "PPO+SRR": 0.94, "SAC": 0.6, "DQN": 0.3}


def _as_printed() -> Change:
    """Give every method the return that the text names."""
    change = replaced(LEVELS["SCALE"], is_method("SCALE"), RETURN)
    for name, value in list(LEVELS.items())[1:]:
        change = both(change, replaced(value, is_method(name), RETURN))
    return change


def _zigzag(cell: Cell, arrays: Arrays, context: Context) -> Arrays:
    """Let CrossAttn's return alternate, and no other."""
    arrays = SAME_RETURN(cell, arrays, context)
    if not is_method("CrossAttn")(cell):
        return arrays
    signs = (-1.0) ** np.arange(len(arrays["curve/return"]))
    return {**arrays, "curve/return": arrays["curve/return"] * (1 + 0.25 * signs)}


SAME_RETURN = replaced(0.5, ALL, RETURN)


def _half(check: Check, who: Callable[[Cell], bool], which: Which, words: str) -> Plan:
    """Plant results alike, but for some methods: half of it, or half as much again."""
    less, more = (both(ALIKE, times(factor, who, which)) for factor in (0.5, 1.5))
    return Plan(check, less, more, words)


CLAIMS = (
    claim(
        "table-3-most-tasks",
        "Trained and tested on 16 servers, SCALE completes more tasks per episode than any of the "
        "five other methods.",
        ("SC-47", "SC-51a"),
        _half(
            check_most_tasks,
            is_method("SCALE"),
            TASKS,
            "SCALE completes half as many as all others, or half as many more",
        ),
        source="Table 3",
        cells=methods,
    ),
    claim(
        "table-3-attention",
        "Methods with the attention network complete more tasks than those with a perceptron.",
        ("SC-47", "SC-51a"),
        _half(
            check_perceptrons,
            is_method(*cells.ARMS),
            TASKS,
            "methods with attention complete half as many as the others, or half as many more",
        ),
        source="Table 3",
        cells=methods,
    ),
    claim(
        "table-3-slowest",
        "DQN has the longest mean response of the six methods.",
        ("SC-47", "SC-51b"),
        _half(
            check_slowest,
            is_method("DQN"),
            SECONDS,
            "DQN's response is half of the others', or half as long again",
        ),
        source="Fig. 4",
        cells=methods,
    ),
    claim(
        "sec-5.3-ppo-srr",
        "SRR makes the perceptron trained by PPO complete more tasks without a longer response.",
        ("SC-52",),
        Plan(
            check_ppo_srr,
            ALIKE,
            both(ALIKE, times(1.5, is_method("PPO+SRR"), TASKS)),
            "both complete the same number, or the one with SRR half as many more",
        ),
        source="sec. 5.3",
        cells=methods,
    ),
    claim(
        "fig-6-order",
        "At the end of training the returns come in this order: CrossAttn, SCALE, PPO with and "
        "without SRR, SAC, DQN.",
        ("SC-51d",),
        Plan(
            check_order,
            SAME_RETURN,
            _as_printed(),
            "all methods earn the same return, or what is printed",
        ),
        source="Fig. 6",
        cells=methods,
    ),
    claim(
        "fig-6-levels",
        "The returns at the end of training are those that the text names: 1.0 for SCALE, above "
        "1.1 for CrossAttn, 0.93 to 0.95 for both PPO, 0.6 for SAC.",
        ("SC-51d",),
        Plan(
            check_levels,
            SAME_RETURN,
            _as_printed(),
            "all methods earn the same return, or what is printed",
        ),
        source="Fig. 6",
        cells=methods,
    ),
    claim(
        "fig-6-fluctuation",
        "CrossAttn's return fluctuates more than SCALE's while it is trained.",
        ("SC-51d",),
        Plan(
            check_fluctuation,
            SAME_RETURN,
            _zigzag,
            "returns are constant, or CrossAttn's change by half of it from epoch to epoch",
        ),
        source="Fig. 6",
        cells=methods,
    ),
)
