"""Statistics of the attention feature by cluster size: covariance as printed, and correlation.

Shows: SCALE Table 5, secs 1, 4.3, 5.6. The paper reads a low covariance as decorrelated dimensions,
but features that are merely small have a low covariance, too; so the correlation and the variance
stand beside it. The states that count are those that a scheduler visits: the highest score without
a mask repeats one state many times, and states without a task to assign look much the same. So the
same networks are also measured with a mask, and in ready states only.
Look at: correlation beside covariance; and the same network's rows for other states.
For: auditors. SRR rests for ten epochs, so with --quick both arms are the same; --full takes hours.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from itertools import product
from typing import Any

from _runs import print_committed
from _scale import Found, measure, runs, scale, words
from _show import BLUE, GREY, RED, Row, figure, look_at, options, table

from refimpl.scale.experiments import cells
from refimpl.scale.experiments.batteries import Episodes
from refimpl.scale.experiments.runs import Run
from refimpl.scale.experiments.scale import Length
from refimpl.scale.experiments.systems import PUBLISHED_SIZES, System
from refimpl.scale.theory.printed import COVARIANCE, DIVERGENCE

NAMES = ("covariance", "correlation", "kl", "variance")
PRINTED: Mapping[str, Mapping[str, Mapping[int, float]]] = {
    "covariance": COVARIANCE,
    "kl": DIVERGENCE,
}
WHERE = {"visited, greedy": "-", "visited, masked": "--", "ready, masked": ":"}
CLAIMS = ("table-5-covariance", "table-5-correlation", "table-5-kl", "sec-4.3-whitened")
Arms = dict[str, tuple[Run, ...]]


def statistic(found: Found, arms: Arms, arm: str, n: int, where: str, name: str) -> Any:
    """Every run's statistic in the states named by ``where``."""
    states, rule = where.split(", ")
    trial = cells.trial(found.size, System(n), rule)
    return found.trained(arms[arm], f"{states} {name}", trial)


def rows_of(found: Found, arms: Arms, arm: str, n: int) -> list[Row]:
    """Table 5 as printed, then what it takes to read it."""
    rows: list[Row] = []
    for name in NAMES:
        here = statistic(found, arms, arm, n, "visited, greedy", name)
        if name in PRINTED:
            paper = PRINTED[name][arm][n], "Table 5"
            rows.append((f"{arm}, N = {n}: {name}", paper, float(here.mean())))
        else:
            rows.append((f"{arm}, N = {n}: {name}", "not published", words(here)))
        others = [statistic(found, arms, arm, n, where, name).mean() for where in list(WHERE)[1:]]
        shown = "; ".join(f"{x:.3g}" for x in others)
        rows.append((f"  {name} with a mask; in ready states", "not published", shown))
    return rows


def draw(found: Found, arms: Arms, sizes: Any, *axes: Any) -> None:
    for axis, name in zip(axes, NAMES, strict=True):
        for arm, colour in zip(cells.ARMS, (RED, BLUE), strict=True):
            for where, style in WHERE.items():
                line = [statistic(found, arms, arm, n, where, name).mean() for n in sizes]
                label = f"{arm}, {where}"
                axis.semilogy(sizes, line, style, marker="o", ms=3, color=colour, label=label)
            if name in PRINTED:
                paper = [PRINTED[name][arm][n] for n in sizes]
                axis.plot(sizes, paper, "D", color=colour, label=f"{arm}, paper")
        if name == "covariance":
            axis.axhline(0.05, color=GREY, lw=1, label="low (sec. 5.6)")
        axis.set(title=name, xlabel="servers")
        axis.set_xticks(sizes, [str(n) for n in sizes])
    axes[0].figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right")


def main() -> None:
    given = options(__doc__ or "", __file__)
    length = given.choose(Length(1, 1), Length(40, 2), Length(1, 1))
    episodes = given.choose(Episodes(1), Episodes(10, (), 12.0), Episodes(1))
    size = scale(given, arms=length, episodes=episodes)
    sizes = given.choose(PUBLISHED_SIZES[::2], PUBLISHED_SIZES, PUBLISHED_SIZES)
    battery = given.choose("smallest and largest", "published sizes", "everything")
    arms = {arm: runs(given, size, arm, battery) for arm in cells.ARMS}
    found = measure(given, size, [run for each in arms.values() for run in each])
    table([row for arm in cells.ARMS for n in sizes for row in rows_of(found, arms, arm, n)])
    print_committed(*(f"scale/{name}" for name in CLAIMS), "scale/sec-4.3-stable")
    look_at("whether the correlation falls as much as the covariance, or the variance does.")
    figure(given, partial(draw, found, arms, sizes), columns=4, size=(18.0, 4.2))
    for arm, n, where in product(cells.ARMS, sizes, WHERE):
        cov, correlation, _, variance = (
            statistic(found, arms, arm, n, where, name) for name in NAMES
        )
        # The mean covariance is at most the mean product of two deviations.
        assert (cov <= variance * (1 + 1e-6)).all()
        assert ((correlation >= 0) & (correlation <= 1 + 1e-6)).all()


if __name__ == "__main__":
    main()
