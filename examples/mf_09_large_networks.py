"""Large networks: drops over the delay for every policy, on five kinds of graphs.

Shows: MF Figs 5, 7, 8. All policies meet the same arrivals and random numbers, so intervals of
differences are ten times narrower than those of the drops. MF-R and the best rule are found on
small graphs (94 to 160 nodes) and used on thousands. RND and OWN are one policy on regular
graphs; where degrees differ RND overloads the queues beside leaves, and OWN drops less.
Look at: JSQ that splits ties is best at delay 1 and both are worst from 3 on; the best rule for the
own queue is lowest in between and comes near RND (on irregular graphs: OWN) at long delays.
For: engineers and auditors. Without --full MF-R is trained briefly, on the ring only.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from _meanfield import Found, measure, scale
from _runs import print_committed
from _show import BLACK, BLUE, GREEN, GREY, ORANGE, PINK, RED, Row, figure, look_at, options, table

from refimpl.meanfield.experiments.cells import Cell
from refimpl.meanfield.experiments.scale import ALL_DELAYS, TOPOLOGIES, Scale
from refimpl.meanfield.experiments.settings import RING_SIZES, Setting, large
from refimpl.shared.statistics import paired_difference

COLOURS = {
    "JSQ": RED,
    "JSQ-split": ORANGE,
    "RND": GREY,
    "OWN": GREEN,
    "best rule": BLACK,
    "MF-R ours": BLUE,
    "MF-R published": PINK,
}
FIGURES = {"ring": "7a", "ccc": "7b", "torus": "7c", "cm": "7d", "bethe": "8"}
EXPECTED = {1.0: "JSQ best", 5.0: "MF-R best", 10.0: "MF-R as RND"}


def entry(name: str, setting: Setting) -> Cell:
    """Name a policy as in the legend."""
    policy, _, preset = name.partition(" ") if name.startswith("MF-R") else (name, "", "")
    return Cell(policy, setting, preset)


def entries(size: Scale, topologies: tuple[str, ...]) -> dict[tuple[str, str, float], Cell]:
    """All entries of the panels by topology, policy and delay."""
    found = {}
    for topology in topologies:
        for name in COLOURS:
            preset = name.partition(" ")[2] if name.startswith("MF-R") else ""
            there = size.learned.get((topology, preset), ()) if preset else size.delays
            for dt in there:
                found[topology, name, dt] = entry(name, large(topology, dt))
    return found


def draw(found: Found, panels: Any, *axes: Any) -> None:
    for axis, topology in zip(axes, dict.fromkeys(key[0] for key in panels), strict=True):
        for name, colour in COLOURS.items():
            mine = [(k[2], e) for k, e in panels.items() if k[:2] == (topology, name)]
            if mine:
                delays, row = zip(*mine, strict=True)
                drops, errors = [found.mean(e) for e in row], [found.error(e) for e in row]
                style = {"fmt": "o-", "color": colour, "label": name, "capsize": 2}
                axis.errorbar(delays, drops, errors, markersize=4, **style)
        n = large(topology, 1.0).system(0).n
        axis.set(title=f"Fig. {FIGURES[topology]}: {topology}, {n} queues", ylim=(0.0, 14.0))
        axis.set(xlabel="synchronisation delay")
    axes[0].set_ylabel("drops per queue in 50 units")
    axes[0].figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right")


def main() -> None:
    given = options(__doc__ or "", __file__)
    topologies = given.choose(("ring", "bethe"), TOPOLOGIES, TOPOLOGIES)
    size = scale(
        given,
        episodes=given.choose(6, 20, 100),
        delays=given.choose((1.0, 5.0), (1.0, 2.0, 3.0, 5.0, 10.0), ALL_DELAYS),
        learned={("ring", "ours"): given.choose((5.0,), (1.0, 5.0, 10.0), ())},
        iterations={("mean-field", "ours"): given.choose(1, 10, 0)},
        stages=given.choose(((4, 2),), ((8, 4),), ()),
    )
    panels = entries(size, topologies)
    sizes = [n for n in RING_SIZES if n != large("ring", 5.0).size]
    rings = {
        n: [entry(k, Setting("ring", n, 5.0)) for k in ("JSQ", "RND", "best rule")] for n in sizes
    }
    found = measure(given, size, [*panels.values(), *(e for row in rings.values() for e in row)])
    rows: list[Row] = []
    for topology in topologies:
        for dt in (dt for dt in EXPECTED if dt in size.delays):
            mine = {k[1]: e for k, e in panels.items() if (k[0], k[2]) == (topology, dt)}
            each = [f"{name} {found.mean(e):.2f}" for name, e in mine.items()]
            rows.append((f"{topology}, delay {dt:g}", EXPECTED[dt], ", ".join(each[:4])))
            rows.append(("  rules for the own queue", "", ", ".join(each[4:])))
    for n, row in rings.items():
        words = ", ".join(f"{e.policy} {found.mean(e):.2f}" for e in row)
        rows.append((f"ring of {n}, delay 5 (Fig. 5)", "as on 5001", words))
    table(rows)
    claims = [f"meanfield/fig-{FIGURES[t]}-mf-r-in-between" for t in TOPOLOGIES[:4]]
    print_committed(*claims, "meanfield/fig-7-mf-r-in-between-repaired", "meanfield/fig-8-trees")
    look_at("who is lowest at 1, at 5 and at 10, and that the size of a ring does not matter.")
    figure(
        given,
        partial(draw, found, panels),
        columns=len(topologies),
        size=(3.2 * len(topologies) + 1.6, 3.8),
    )
    for topology in topologies:
        drops = {k[1]: found.drops(e) for k, e in panels.items() if (k[0], k[2]) == (topology, 5.0)}
        gap = paired_difference(drops["RND"], drops["OWN"])
        assert gap.low > 0.0 if topology in ("cm", "bethe") else np.abs(gap.mean) < 1e-9
        assert paired_difference(drops["best rule"], drops["OWN"]).high < 0.0
        assert paired_difference(drops["best rule"], drops["JSQ-split"]).high < 0.0


if __name__ == "__main__":
    main()
