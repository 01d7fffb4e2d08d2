"""Where the theory of the paper stops: three small systems on which a sentence fails, exactly.

Shows: Theorem 1 says "for any policy". One that asks whether more than half of the queues are full
has another value in every finite system than in the limit, because finite systems are on either
side of one half. Corollary 1.1 says that the best policy in the limit is best in all large systems;
with a tie in the limit it may lose at every size, as RND against OWN on paths. Sec. 1.4 calls the
empirical distribution a state; three systems that share it have three futures.
Look at: the left picture. However large the ring, the red line stays away from its limit.
For: readers of the theorems, and who wants to know which conditions a proof has to use.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from _show import BLUE, GREEN, ORANGE, RED, Row, figure, look_at, options, table

from refimpl.meanfield.model.system import System
from refimpl.meanfield.model.topologies import ring
from refimpl.meanfield.theory.counterexamples import (
    majority,
    marked_line_drops,
    marked_ring_drops,
    next_epoch_drops,
    path_tie_discounted,
    path_tie_stationary,
    proportional,
)
from refimpl.meanfield.theory.light_cone import root_drops

RATE, FULL = 0.9, 5
RULE = np.linspace(0.0, 1.0, 6)
"""An own-state rule: offload more, the more jobs there are."""


def futures() -> dict[str, float]:
    """Compute next drops of systems in which half of the queues are empty and half are full."""
    independent = np.zeros(FULL + 1)
    independent[[0, FULL]] = 0.5
    system = System(ring(12), dt=1.0)
    arranged = {"alternating": [0, FULL] * 6, "in pairs": [0, 0, FULL, FULL] * 3}
    arranged["two blocks"] = [0] * 6 + [FULL] * 6
    drops = {k: next_epoch_drops(system, z, RULE, RATE) for k, z in arranged.items()}
    return drops | {"independent": root_drops(system, 0, RULE, [RATE], independent)}


def theorem(sizes: Any) -> dict[str, tuple[Any, float]]:
    """First-epoch drops on rings with random marks, and on the infinite line, by policy."""
    found = {}
    for name, response in (("majority", majority), ("proportional", proportional)):
        finite = [marked_ring_drops(System(ring(n), dt=1.0), response, RATE) for n in sizes]
        found[name] = np.array(finite), marked_line_drops(System(ring(3), dt=1.0), response, RATE)
    return found


def draw(sizes: Any, values: Any, paths: Any, gaps: Any, future: Any, *axes: Any) -> None:
    for (name, (finite, limit)), colour in zip(values.items(), (RED, BLUE), strict=True):
        axes[0].plot(sizes, finite, "o-", color=colour, label=f"{name}, finite ring")
        axes[0].axhline(limit, color=colour, linestyle=":", label="its limit")
    axes[0].set(title="Theorem 1: drops in the first epoch", xlabel="queues", xscale="log")
    axes[0].set(ylabel="drops per queue")
    axes[1].plot(paths, gaps, "o-", color=ORANGE, label="RND - OWN on a path")
    axes[1].set(title="Corollary 1.1: a tie in the limit", xlabel="queues", xscale="log")
    axes[1].set(ylabel="drops per queue and unit of time", yscale="log")
    axes[2].barh(list(future), list(future.values()), color=GREEN)
    axes[2].set(title="Same distribution, other futures", xlabel="drops in the next epoch")


def main() -> None:
    given = options(__doc__ or "", __file__)
    sizes = given.choose((11, 101, 1_001), *2 * ((5, 11, 31, 101, 301, 1_001, 3_001, 10_001),))
    paths = given.choose((3, 30, 300), *2 * ((3, 10, 30, 100, 300, 1_000, 3_000),))
    values, future = theorem(sizes), futures()
    gaps = np.array([path_tie_stationary(n, RATE) for n in paths])
    discounted = [path_tie_discounted(n, 0.99, 5.0) for n in paths]
    rows: list[Row] = []
    for name, (finite, limit) in values.items():
        rows.append((f"{name}: ring of {sizes[0]}", (limit, "limit"), float(finite[0])))
        rows.append((f"{name}: ring of {sizes[-1]}", (limit, "limit"), float(finite[-1])))
    for n, gap, sooner in zip(paths, gaps, discounted, strict=True):
        rows.append((f"RND - OWN, path of {n}: drops per unit", "<= 0 for large n", float(gap)))
        rows.append(("  discounted, from empty queues, dt = 5", "<= 0 for large n", sooner))
    for name, drops in future.items():
        rows.append((f"half full, {name}: next drops", (future["independent"], "sec. 1.4"), drops))
    table(rows)
    look_at("differences that do not vanish, signs that do not turn, futures that differ.")
    drawn = partial(draw, sizes, values, paths, gaps, future)
    figure(given, drawn, columns=3, size=(14.0, 4.2))
    jump, smooth = (np.abs(finite - limit) for finite, limit in values.values())
    assert smooth[-1] < smooth[0] / 10.0
    assert jump[-1] > 0.5 * jump[0]
    assert min(*gaps, *discounted) > 0.0
    assert np.ptp(list(future.values())) > 1e-3


if __name__ == "__main__":
    main()
