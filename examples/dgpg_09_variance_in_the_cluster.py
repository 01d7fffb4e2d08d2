"""Gradient variance in the cluster itself, against the number of servers.

Shows: DG-PG sec. 3.2, eq. 3, Theorem 5.2, measured. One episode is played many times at once under
the uniform policy; only actions differ. Every agent's gradient sample is its score times a signal:
the return, the return less the mean of the replicas (an ideal baseline), or the guidance
coefficient. Slopes are fitted for as many actions as servers and for ten clusters. With the reward
divided by the number of servers the return's variance *falls* with N; what learning feels is noise
over signal, which no scale changes.
Look at: slopes with their intervals: 1 needs a summed reward and a baseline.
For: auditors, who wonder where Theta(N) is.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from _dgpg import Found, measure, scale
from _runs import print_committed
from _show import BLACK, BLUE, GREEN, ORANGE, RED, SKY, Row, figure, look_at, options, table

from refimpl.dgpg.claims.experiments_variance import FAMILIES
from refimpl.dgpg.experiments import cells
from refimpl.shared.statistics import Slope, log_log_slope

SIGNALS = {
    "raw total": ("return, summed", 2.0, BLACK),
    "baseline total": ("return, summed, baseline", 1.0, BLUE),
    "baseline average": ("return, averaged, baseline", -1.0, SKY),
    "guidance after, load": ("guidance, loads", 0.0, RED),
    "guidance after, utilization": ("guidance, utilisations", 0.0, ORANGE),
    "guidance corrected, load": ("guidance, loads, corrected", 0.0, GREEN),
}
"""Signals: name, exponent in the exact games of example 5, colour."""
RETURNS = ("baseline average", "baseline total", "raw total")


def by_size(found: Found, clusters: int | None, signal: str) -> tuple[Any, Any]:
    """Sizes, and the mean of a measured number over the episodes at each."""
    values: dict[int, list[float]] = {}
    for each in cells.measurements(found.size, clusters):
        values.setdefault(each.n_servers, []).append(float(found.arrays(each)[signal]))
    return np.array(list(values), float), np.array([np.mean(v) for v in values.values()])


def slope(found: Found, clusters: int | None, signal: str) -> Slope:
    """Exponent of N in the variance."""
    return log_log_slope(*by_size(found, clusters, signal))


def draw(found: Found, *axes: Any) -> None:
    for axis, (family, clusters) in zip(axes, FAMILIES.items(), strict=True):
        for signal, (name, _, colour) in SIGNALS.items():
            sizes, variance = by_size(found, clusters, signal)
            style = "o:" if "corrected" in name else "o-"  # it hides the one without
            axis.loglog(sizes, variance / variance[0], style, color=colour, label=name)
        axis.set(title=f"Actions: {family.replace('_', ' ')}", xlabel="servers")
        axis.set_xticks(sizes, [f"{n:.0f}" for n in sizes])
        axis.set_xticks([], minor=True)
    axes[0].set_ylabel("variance, in parts of the first")


def main() -> None:
    given = options(__doc__ or "", __file__)
    sizes = given.choose((10, 20, 50), *2 * ((10, 20, 50, 100, 200),))
    size = scale(
        given,
        variance=dict.fromkeys(sizes, given.choose((8, 120), (16, 400), ())),
        variance_episodes=given.choose(2, 3, 0),
    )
    wanted = [m for clusters in FAMILIES.values() for m in cells.measurements(size, clusters)]
    found = measure(given, size, wanted)
    rows: list[Row] = []
    slopes = {}
    for family, clusters in FAMILIES.items():
        for signal, (name, exact, _) in SIGNALS.items():
            fit = slopes[family, signal] = slope(found, clusters, signal)
            shown = f"{fit.slope:+.2f} ({fit.low:+.2f} to {fit.high:+.2f})"
            rows.append((f"{family.replace('_', ' ')}, {name}", f"{exact:+g} (games)", shown))
    table(rows)
    names = ("return", "return-baseline", "average-reward")
    print_committed(
        *(f"dgpg/sec-3.2-cluster-{name}" for name in names),
        *(f"dgpg/theorem-5.2-cluster-guidance-{unit}" for unit in ("load", "utilization")),
    )
    look_at("slopes and their intervals, which are wide for three sizes; 1 in one row per family.")
    figure(given, partial(draw, found), columns=2, size=(12.0, 4.6))
    for family in FAMILIES:
        average, total, raw = (slopes[family, name].slope for name in RETURNS)
        assert abs(total - average - 2.0) < 1e-9  # the same numbers, divided by N^2
        assert raw > average + 2.0


if __name__ == "__main__":
    main()
