"""The failed runs: MAPPO with neural networks, in the eight settings of Table 8.

Shows: DG-PG Table 8, App. J. Runs 0 to 2 update often, and the paper sees their policy collapse;
in run 3 the entropy bonus drowns the advantage; runs 4 and 5 update rarely, and the critic explains
little; run 6 is in between, and run 7 adds potential-based shaping, which changes nothing. Entropy,
explained variance and the best checkpoint of each run stand beside those of linear DG-PG. The
paper's number of servers is lost; two are its easiest case.
Look at: the entropy as a part of the largest, and whether any run comes near linear DG-PG.
For: implementers who recognise their own curves. Small runs prove little: use --full.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np
from _dgpg import Found, measure, scale, words
from _runs import print_committed
from _show import BLACK, BLUE, GREEN, ORANGE, PINK, RED, SKY, Row, figure, look_at, options, table

from refimpl.dgpg.experiments import cells
from refimpl.dgpg.experiments.cells import LAMBDAS
from refimpl.dgpg.experiments.scale import Length, Scale
from refimpl.dgpg.experiments.training import Run
from refimpl.dgpg.train.presets import TABLE_8

SERVERS = cells.FAILED_SERVERS
REPORTED = ["collapse"] * 3 + ["bonus drowns"] + ["slow critic"] * 2 + ["no success", "no help"]
OUTCOMES = dict(zip(TABLE_8, REPORTED, strict=True))
COLOURS = (BLUE, SKY, GREEN, ORANGE, RED, PINK, BLACK, "0.6")


def guided(size: Scale) -> tuple[Run, ...]:
    """Return linear DG-PG on the same system."""
    return cells.comparison(size, SERVERS, "linear DG-PG", LAMBDAS[0])


def last(curve: Any) -> float:
    """Mean over the last fifth of a run."""
    return float(curve[-max(len(curve) // 5, 1) :].mean())


def draw(found: Found, *axes: Any) -> None:
    for number, colour in zip(TABLE_8, COLOURS, strict=True):
        runs = cells.failure(found.size, number)
        entropy, explained = (found.curve(runs, k) for k in ("actor_entropy", "explained_variance"))
        at, name = np.arange(1, len(entropy) + 1), f"run {number}: {OUTCOMES[number]}"
        axes[0].plot(at, entropy / math.log(SERVERS), "o-", ms=3, color=colour, label=name)
        axes[1].plot(at, explained, "o-", ms=3, color=colour, label=name)
        rows, tested = found.checkpoints(runs)
        axes[2].plot(rows, -tested, "o-", ms=3, color=colour, label=name)
    axes[0].set(title="Entropy, in parts of the largest", xlabel="episode", ylim=(0.0, 1.05))
    axes[1].set(title="Explained variance of the critic", xlabel="episode", ylim=(-0.5, 1.05))
    best = -found.best(guided(found.size)).mean()
    axes[2].axhline(best, color="k", linestyle="--", label="linear DG-PG, best")
    axes[2].set(title="Cost per step, test episodes", xlabel="episode", yscale="log")
    axes[0].figure.legend(*axes[2].get_legend_handles_labels(), loc="outside right")


def main() -> None:
    given = options(__doc__ or "", __file__)
    length = given.choose(Length(2, 1, 3, 1), Length(8, 2, 5, 1), Length(1, 1, 1, 1))
    size = scale(
        given,
        steps=given.choose(60, 300, 0),
        failures=length,
        compared={"linear DG-PG": length},
    )
    failed = {number: cells.failure(size, number) for number in TABLE_8}
    references = [cells.reference(size, SERVERS, policy) for policy in ("Best-Fit", "Random")]
    wanted = [run for runs in failed.values() for run in runs]
    found = measure(given, size, [*wanted, *guided(size), *references])
    against = found.best(guided(size))
    rows: list[Row] = []
    for number, runs in failed.items():
        row = TABLE_8[number]
        name = f"run {number}: batch {row.minibatch:,}, {row.epochs} epochs, entropy {row.entropy}"
        entropy = last(found.curve(runs, "actor_entropy")) / math.log(SERVERS)
        explained = last(found.curve(runs, "explained_variance"))
        rows.append((name, OUTCOMES[number], words(found.best(runs), against)))
        rows.append(("  entropy; explained variance", "", f"{entropy:.2f}; {explained:+.2f}"))
    rows.append(("linear DG-PG, weight of longer sums 0.95", "learns", words(against)))
    for policy in ("Best-Fit", "Random"):
        shown = words(found.reference(SERVERS, policy), against)
        rows.append((f"{policy} (minus linear DG-PG)", "not published", shown))
    table(rows)
    print_committed(
        "dgpg/table-8-entropy-collapse",
        "dgpg/table-8-slow-critic",
        "dgpg/table-8-no-run-learns",
        "dgpg/table-8-shaping-negligible",
    )
    look_at("entropy and explained variance; in brackets how far below linear DG-PG.")
    figure(given, partial(draw, found), columns=3, size=(16.0, 4.4))
    for run in wanted:
        curve = found.arrays(run)["actor_entropy"]
        assert ((curve >= 0.0) & (curve <= math.log(SERVERS) + 1e-6)).all()


if __name__ == "__main__":
    main()
