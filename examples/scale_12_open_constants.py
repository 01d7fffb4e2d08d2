"""Constants that the paper leaves open: which results hang on them.

Shows: SCALE eq. 2, secs 4.1, 5.1, Tables 3, 4. The scale of the communication term, the step of the
clock, the horizon, and how edges are drawn are not published. Schedulers by hand are run under each
of them: which of two earns more hangs on the first, tasks and response on the others. Does any of
them let the response rise with the cluster, as in Fig. 5? Then both arms are trained under some.
Look at: who earns more, row by row, and the sign of SCALE minus CrossAttn.
For: auditors, and who tries to reproduce a number. Small runs prove little: use --full.
"""

from __future__ import annotations

from functools import partial
from itertools import product
from typing import Any

import numpy as np
from _runs import print_committed
from _scale import Found, measure, scale, words
from _show import BLACK, BLUE, GREY, ORANGE, RED, Row, figure, look_at, options, table

from refimpl.scale.experiments import cells
from refimpl.scale.experiments.batteries import Episodes
from refimpl.scale.experiments.runs import Run
from refimpl.scale.experiments.scale import CONSTANTS, Length, Scale
from refimpl.scale.experiments.systems import System
from refimpl.scale.theory.printed import RESPONSE, RESPONSE_AT_16, TASKS

EVERY = ("chosen", "no delay term", *CONSTANTS)
LEARNED = ("chosen", *CONSTANTS)
BY_HAND = {"fastest fit": BLUE, "large only": ORANGE}
SIZES = (16, 48)
CLAIMS = ("constants-sign", "delay-scale-decides", "rise-by-hand", "chosen-constants")


def runs_of(size: Scale, changes: str, arm: str) -> tuple[Run, ...]:
    """Return the runs of an arm under a constant; the ledger's with ``--full``."""
    if changes != "chosen":
        return cells.sensitivity(size, changes, arm)
    if size.arms.epochs < 1000:
        return cells.runs(size, arm, size.arms, "smallest and largest")
    return cells.arm(size, arm)[: size.sensitivity.seeds]


def by_hand_rows(found: Found, changes: str) -> list[Row]:
    """Tasks, response and discounted return of two schedulers by hand."""
    rows: list[Row] = []
    at = partial(found.reference, "fastest fit")
    tasks, response = (at(System(16, changes), what) for what in ("completed", "response"))
    rows.append((f"{changes}: tasks, fastest fit", (TASKS["SCALE"].mean, "SCALE"), tasks))
    rows.append(("  response in s", (RESPONSE_AT_16["SCALE"].mean, "SCALE"), response))
    rise = at(System(48, changes), "response") / response - 1
    printed = RESPONSE["SCALE"][48].mean / RESPONSE["SCALE"][16].mean - 1
    rows.append(("  rise of the response from 16 to 48 servers", (printed, "SCALE"), rise))
    earned = [found.reference(name, System(16, changes), "discounted") for name in BY_HAND]
    shown = f"{earned[0]:.3f}, {earned[1]:.3f}"
    return [*rows, ("  return, discounted: fastest fit, large only", "not published", shown)]


def gap_rows(found: Found, changes: str) -> list[Row]:
    """Response of SCALE at 48 servers, in brackets minus CrossAttn's."""
    rows: list[Row] = []
    for rule in ("greedy", "masked"):
        trial = cells.trial(found.size, System(48, changes), rule)
        each = [runs_of(found.size, changes, arm) for arm in cells.ARMS]
        ours, plain = (found.trained(runs, "response", trial) for runs in each)
        name = f"{changes}, {rule}: response, N = 48"
        rows.append((name, "-0.61 s (Table 4)", words(ours, plain)))
    return rows


def draw(found: Found, trained: Any, *axes: Any) -> None:
    at = np.arange(len(EVERY))
    for k, (name, colour) in enumerate(BY_HAND.items()):
        for axis, what in zip(axes, ("completed", "response", "discounted"), strict=True):
            levels = [found.reference(name, System(16, changes), what) for changes in EVERY]
            axis.bar(at + 0.4 * k - 0.2, levels, 0.4, color=colour, label=name)
    for arm, colour, shift in zip(cells.ARMS, (RED, BLACK), (-0.1, 0.1), strict=True):
        for changes in trained:
            trial = cells.trial(found.size, System(16, changes), "masked")
            each = found.trained(runs_of(found.size, changes, arm), "response", trial)
            label = f"{arm}, masked" if changes == trained[0] else None
            where = np.full(len(each), EVERY.index(changes) + shift)
            axes[1].plot(where, each, "D", color=colour, markersize=5, label=label)
    axes[0].axhline(TASKS["SCALE"].mean, color=GREY, ls="--", label="SCALE, paper")
    axes[1].axhline(RESPONSE_AT_16["SCALE"].mean, color=GREY, ls="--", label="SCALE, paper")
    axes[1].legend(fontsize="x-small")
    titles = ("Completed tasks, 16 servers", "Response of completed tasks, s", "Discounted return")
    for axis, title in zip(axes, titles, strict=True):
        axis.set(title=title)
        axis.set_xticks(at, EVERY, rotation=25, ha="right")


def main() -> None:
    given = options(__doc__ or "", __file__)
    length, trained = given.choose(
        (Length(1, 1), LEARNED[1:2]), (Length(20, 2), LEARNED[:3]), (Length(1, 1), LEARNED)
    )
    episodes = given.choose(Episodes(3), Episodes(20), Episodes(1))
    size = scale(given, arms=length, sensitivity=length, episodes=episodes)
    wanted = [r for name, arm in product(trained, cells.ARMS) for r in runs_of(size, name, arm)]
    where = product(BY_HAND, SIZES, EVERY)
    references = [cells.reference(size, name, System(n, changes)) for name, n, changes in where]
    found = measure(given, size, [*wanted, *references])
    rows = [row for changes in EVERY for row in by_hand_rows(found, changes)]
    table([*rows, *(row for changes in trained for row in gap_rows(found, changes))])
    print_committed(*(f"scale/{name}" for name in CLAIMS))
    look_at("the rise of the response beside that of Fig. 5, and who earns more.")
    figure(given, partial(draw, found, trained), columns=3, size=(16.0, 4.8))
    for changes in EVERY:
        fit, large = (found.reference(x, System(16, changes), "completed") for x in BY_HAND)
        assert fit > large


if __name__ == "__main__":
    main()
