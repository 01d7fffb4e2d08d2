"""MAPPO with more training, and whether it catches up.

Shows: Fig. 11. The paper trains MAPPO for about 1.6e7 steps instead of 1.6e6 at the smallest
size and finds that it takes about 1e7 to match DCC; no number is printed. Its MAPPO table is
complete, so the settings here are published. Policies are evaluated exactly, as products of what
each device does given its own state.
Look at: the vertical line is the budget that all methods share; what lies right of it is extra.
For: who wonders whether a method failed or was only stopped early. Short runs say nothing about
that: with --full this takes hours and continues where it was interrupted.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from _dcc import cost_and_violation, last, reference, scale
from _runs import print_committed, results
from _show import BLUE, GREEN, GREY, ORANGE, UNPUBLISHED, figure, look_at, options, table

from refimpl.dcc.experiments import long_training, scaling
from refimpl.dcc.experiments.methods import N_SOLVES
from refimpl.dcc.experiments.runs import collect
from refimpl.ledger import Arrays

COLOURS = {"dcc-published": ORANGE, "dcc-ours": BLUE}


def draw(mappo: Arrays, others: dict[str, Arrays], exact: Arrays, common: int, axis: Any) -> None:
    axis.plot(mappo["steps"], mappo["cost"], ".-", color=GREEN, linewidth=1)
    axis.plot([], [], ".-", color=GREEN, label="MAPPO, one line per game")
    for name, curve in others.items():
        games = mappo["cost"].shape[1]
        costs = curve["cost"][:, :games].mean(axis=1)
        axis.plot(curve["steps"], costs, color=COLOURS[name], label=f"{name}, same games")
        axis.plot(
            [curve["steps"][-1], mappo["steps"][-1]], costs[[-1, -1]], ":", color=COLOURS[name]
        )
    axis.axvline(common, color=GREY, linestyle="--", label="common budget of learning steps")
    axis.axhline(exact["cost_never"].mean(), color=GREY, linestyle=":", label="never, exact")
    axis.axhline(exact["cost_optimum"].mean(), color=GREY, label="best budgets, exact")
    axis.set(xlabel="learning steps per agent", ylabel="true discounted cost per agent")
    axis.set(xscale="log", yscale="log")
    axis.yaxis.set_major_formatter("{x:.0f}")
    axis.yaxis.set_minor_formatter("{x:.0f}")
    axis.figure.legend(loc="outside lower center", ncols=3)


def main() -> None:
    given = options(__doc__ or "", __file__)
    steps, factor = given.choose((1_000, 1), (4_000, 4), (100_000, 10))
    size = scale(given, (given.choose(5, 10, 10),), 1, steps, long_factor=factor)
    n, games = size.sizes[0], size.long_games
    long = long_training.jobs(size, 0)
    methods = list(COLOURS)[: given.choose(1, 2, 2)]
    dcc = {name: scaling.jobs(name, n, size, 0) for name in methods}
    found = results(given, [*long, *(job for group in dcc.values() for job in group)])
    mappo = collect(found, long)
    others = {name: collect(found, group) for name, group in dcc.items()}
    exact = reference(given, n, size)
    exact = {key: values[:games] for key, values in exact.items()}
    common = N_SOLVES * steps
    then = int(np.argmin(np.abs(mappo["steps"] - common)))
    table(
        [
            ("learning steps per agent", "about 1.6e7", str(mappo["steps"][-1])),
            ("games", UNPUBLISHED, str(games)),
            ("never offload, exact: cost per agent", UNPUBLISHED, mean(exact, "never")),
            ("best budgets, exact", UNPUBLISHED, mean(exact, "optimum")),
            *((name, UNPUBLISHED, cost_and_violation(c)) for name, c in others.items()),
            (f"MAPPO at {mappo['steps'][then]} steps", UNPUBLISHED, at(mappo, then)),
            ("MAPPO at the end", "near DCC (Fig. 11)", cost_and_violation(mappo)),
            ("  its offloading frequency", UNPUBLISHED, last(mappo["use"])),
        ]
    )
    print_committed("dcc/fig-11-long-mappo")
    look_at("MAPPO has no budgets, hence no violation; compare cost right of the dashed line.")
    figure(given, partial(draw, mappo, others, exact, common))
    assert (np.diff(mappo["steps"]) > 0).all()
    assert mappo["cost"].shape == (len(mappo["steps"]), games)
    assert np.all(mappo["violation"] == 0.0)
    # the age is at least 1 in every slot: no policy costs less than 1 / (1 - gamma)
    assert (mappo["cost"] >= 20.0 - 1e-6).all()
    assert ((mappo["use"] >= 0.0) & (mappo["use"] <= 1.0)).all()


def mean(exact: Arrays, name: str) -> str:
    """Words for an exact reference."""
    return f"{exact[f'cost_{name}'].mean():.2f}, violation 0.000"


def at(curve: Arrays, k: int) -> str:
    """Words for the k-th point of a curve."""
    return f"{curve['cost'][k].mean():.2f}, no budgets"


if __name__ == "__main__":
    main()
