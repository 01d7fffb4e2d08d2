"""Trained on 16 servers, tested on 32 and 48: SCALE minus CrossAttn, three rules, two metrics.

Shows: SCALE Table 4, Fig. 5, sec. 5.4. Both arms on the same episodes, run by run: with the highest
score, feasible or not, as in the paper, with servers drawn from the scores, and with a mask. The
paper's response is that of tasks completed by the horizon; it knows nothing of the others. Drained,
all tasks count. From one training run per arm, as published, nobody can tell how seeds differ.
Look at: intervals and signs in brackets: does one sign hold for every rule and both metrics?
For: auditors. SRR rests for ten epochs, so with --quick both arms are the same; --full takes hours.
"""

from __future__ import annotations

from functools import partial
from itertools import product
from typing import Any

import numpy as np
from _runs import print_committed
from _scale import Found, measure, runs, scale, words
from _show import BLACK, BLUE, GREY, ORANGE, RED, Row, figure, look_at, options, table

from refimpl.scale.experiments import cells
from refimpl.scale.experiments.batteries import RULES, Episodes
from refimpl.scale.experiments.runs import Run
from refimpl.scale.experiments.scale import Length
from refimpl.scale.experiments.systems import PUBLISHED_SIZES, System
from refimpl.scale.theory.power import seeds_needed
from refimpl.scale.theory.printed import RESPONSE

COLOURS = dict(zip(RULES, (ORANGE, RED, BLUE), strict=True))
METRICS = {"response": "completed tasks", "all_response": "all tasks, drained"}
BY_HAND = ("fastest fit", "earliest finish")
CLAIMS = ("table-4-sign", "table-4-reduction", "fig-5-rise", "fair-response", "mask-outweighs-srr")
Arms = dict[str, tuple[Run, ...]]


def level(found: Found, arms: Arms, arm: str, n: int, rule: str, what: str) -> Any:
    """Every run's mean response, or another number, at a size."""
    trial = cells.trial(found.size, System(n), rule, drained=what == "all_response")
    return found.trained(arms[arm], what, trial)


def gap(found: Found, arms: Arms, n: int, rule: str, what: str) -> Any:
    """SCALE minus CrossAttn, run by run."""
    ours, plain = (level(found, arms, arm, n, rule, what) for arm in cells.ARMS)
    return ours - plain


def rows_of(found: Found, arms: Arms, n: int) -> list[Row]:
    """Levels of both arms; in brackets SCALE minus CrossAttn."""
    rows: list[Row] = []
    for arm in cells.ARMS:
        here = float(level(found, arms, arm, n, "greedy", "response").mean())
        rows.append((f"N = {n}, {arm}: response in s", (RESPONSE[arm][n].mean, "Table 4"), here))
    for rule, (what, name) in product(RULES, METRICS.items()):
        ours, plain = (level(found, arms, arm, n, rule, what) for arm in cells.ARMS)
        rows.append((f"  {rule}, {name}: SCALE (minus CrossAttn)", "negative", words(ours, plain)))
    for arm in cells.ARMS:
        tasks = (level(found, arms, arm, n, r, "completed") for r in ("greedy", "masked"))
        shown = "; ".join(f"{x.mean():.3g}" for x in tasks)
        rows.append((f"  {arm}: tasks, greedy; masked", "not published", shown))
    for name in BY_HAND:
        drained = found.reference(name, System(n), "all_response", drained=True)
        rows.append((f"  {name}: all tasks, drained", "not published", drained))
    return rows


def draw(found: Found, arms: Arms, left: Any, middle: Any, right: Any) -> None:
    for arm, colour in zip(cells.ARMS, (RED, BLUE), strict=True):
        here = [level(found, arms, arm, n, "greedy", "response").mean() for n in PUBLISHED_SIZES]
        left.plot(PUBLISHED_SIZES, here, "o-", color=colour, label=arm)
        printed = [RESPONSE[arm][n].mean for n in PUBLISHED_SIZES]
        left.plot(PUBLISHED_SIZES, printed, "D--", color=colour, label=f"{arm}, paper")
    left.set(title="Fig. 5: response of completed tasks, highest score", ylabel="s")
    for axis, (what, name) in zip((middle, right), METRICS.items(), strict=True):
        for k, (rule, colour) in enumerate(COLOURS.items()):
            at = np.array(PUBLISHED_SIZES) + 1.2 * (k - 1)
            gaps = np.array([gap(found, arms, n, rule, what) for n in PUBLISHED_SIZES])
            axis.plot(at, gaps, "o", color=colour, markersize=3, alpha=0.5)
            axis.plot(at, gaps.mean(axis=1), "o-", color=colour, label=rule)
        axis.axhline(0.0, color=GREY, ls=":")
        axis.set(title=f"SCALE - CrossAttn, {name}")
    printed = [RESPONSE["SCALE"][n].mean - RESPONSE["CrossAttn"][n].mean for n in PUBLISHED_SIZES]
    middle.plot(PUBLISHED_SIZES, printed, "D--", color=BLACK, label="paper")
    for axis in (left, middle, right):
        axis.set_xticks(PUBLISHED_SIZES)
        axis.set(xlabel="servers")


def main() -> None:
    given = options(__doc__ or "", __file__)
    length = given.choose(Length(1, 1), Length(20, 2), Length(1, 1))
    episodes = given.choose(Episodes(1, (), 10.5), Episodes(10, (), 60.0), Episodes(1))
    size = scale(given, arms=length, episodes=episodes)
    arms = {arm: runs(given, size, arm, "published sizes") for arm in cells.ARMS}
    where = product(BY_HAND, PUBLISHED_SIZES)
    by_hand = [cells.reference(size, name, System(n), drained=True) for name, n in where]
    found = measure(given, size, [*(run for each in arms.values() for run in each), *by_hand])
    rows = [row for n in PUBLISHED_SIZES for row in rows_of(found, arms, n)]
    needed = float(seeds_needed(0.61, 0.6))
    rows.append(
        ("seeds per arm to see 0.61 s if they spread by 0.6 s", (1.0, "sec. 5.1.3"), needed)
    )
    table(rows)
    print_committed(*(f"scale/{name}" for name in CLAIMS))
    look_at("brackets, one per rule and metric, and what a mask does to the tasks.")
    figure(given, partial(draw, found, arms), columns=3, size=(16.0, 4.4))
    for arm, n in product(cells.ARMS, PUBLISHED_SIZES):
        for reason in ("invalid memory", "invalid busy"):
            assert level(found, arms, arm, n, "masked", reason).max() == 0


if __name__ == "__main__":
    main()
