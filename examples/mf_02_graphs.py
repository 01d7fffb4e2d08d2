"""The graphs: who may send jobs to whom, how many nodes there are, and what large graphs look like.

Shows: MF sec. 1.1, 2.1, Figs 1, 2, Table 1: ring, cube-connected cycles, torus, configuration model
and Bethe lattice by their formulas, beside the sizes as printed, three of which are slips. A job
that is passed on goes to a uniform neighbour, so the *sender's* degree divides; dividing by one d
for all loses or invents jobs where degrees differ. Balls around nodes show the local limits.
Look at: the Bethe lattice, where half of the nodes are leaves however large it is: its local limit
is the canopy tree, not the regular tree that one sees from the root.
For: who wants to build systems, and readers who wonder which graph was meant.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from _show import BLUE, GREEN, GREY, ORANGE, RED, UNPUBLISHED, Row, figure, look_at, options, table

from refimpl.meanfield.model import topologies
from refimpl.meanfield.model.arrivals import arrival_rates
from refimpl.meanfield.model.balls import ball_profiles, neighbour_degree_counts
from refimpl.meanfield.model.graph import Graph
from refimpl.meanfield.model.topologies import PRINTED_SIZES
from refimpl.shared.seeds import generator

RATE, RADIUS = 0.9, 2


def balls(graph: Graph) -> tuple[float, float]:
    """Part of the nodes whose ball is a tree, and part of the nodes that are leaves."""
    profile = ball_profiles(graph, RADIUS)
    trees = profile[:, -1] == profile[:, :-1].sum(axis=1) - 1
    return float(trees.mean()), float((graph.degrees == 1).mean())


def divided_by_one_degree(graph: Graph, offload: Any, degree: float) -> Any:
    """Arrival rates as App. A writes them, with the same d for all senders."""
    return RATE * (1.0 - offload + graph.adjacency @ offload / degree)


def places() -> dict[str, tuple[Graph, Any]]:
    """Small graphs and where to draw their nodes, as complex numbers."""
    ring, cycles = topologies.ring(12), topologies.cube_connected_cycles(3)
    corner, place = np.divmod(np.arange(24), 3)
    middle = np.exp(2j * np.pi * (corner ^ (corner >> 1)) / 8.0)
    row, column = np.divmod(np.arange(25), 5)
    random = topologies.configuration_model(20, generator(0, "example", "graph"))
    tree, layer = topologies.bethe(4), [1, 3, 6, 12, 24]
    level = np.repeat(np.arange(5), layer)
    turn = np.concatenate([(np.arange(n) + 0.5) / n for n in layer])
    return {
        "ring": (ring, np.exp(2j * np.pi * np.arange(12) / 12)),
        "cube-connected cycles": (cycles, middle * (1.0 + 0.28 * np.exp(2j * np.pi * place / 3))),
        "torus": (topologies.torus(5), column + 1j * row),
        "configuration model": (random, np.exp(2j * np.pi * np.arange(20) / 20)),
        "Bethe lattice": (tree, level * np.exp(2j * np.pi * turn)),
    }


def draw(*axes: Any) -> None:
    colours = {1: RED, 2: ORANGE, 3: BLUE, 4: GREEN}
    for axis, (name, (graph, at)) in zip(axes, places().items(), strict=True):
        for i in range(graph.n):
            for j in graph.neighbours_of(i)[graph.neighbours_of(i) > i]:
                if name != "torus" or abs(at[i] - at[j]) < 1.5:  # it closes out of sight
                    ends = at[[i, j]]
                    axis.plot(ends.real, ends.imag, color=GREY, linewidth=1, zorder=0)
        for degree in np.unique(graph.degrees):
            some = at[graph.degrees == degree]
            axis.scatter(some.real, some.imag, 28, colours[int(degree)], label=f"degree {degree}")
        axis.set(title=name, aspect="equal")
        axis.axis("off")
        axis.legend(loc="upper center", bbox_to_anchor=(0.5, 0.0), ncols=2)


def main() -> None:
    given = options(__doc__ or "", __file__)
    path, offload = topologies.path(3), np.ones(3)
    right = arrival_rates(path, offload, RATE) / RATE
    wrong = [divided_by_one_degree(path, offload, d).sum() / RATE for d in (1, 2)]
    n = given.choose(2_001, 20_001, 200_001)
    random = topologies.configuration_model(n, generator(0, "example", "large graph"))
    # The degree of a uniform neighbour is biased by its size: 3 / (2 + 3).
    threes = neighbour_degree_counts(random, 3).sum() / random.degrees.sum()
    error = float(np.sqrt(0.24 / random.degrees.sum()))
    leaves = [balls(topologies.bethe(depth))[1] for depth in (5, 11)]
    printed: list[Row] = [
        (f"{s.topology.replace('_', ' ')} {s.parameter}: nodes", (s.printed, s.source), s.size)
        for s in PRINTED_SIZES
    ]
    table(
        [
            *printed,
            ("d, neighbours besides the own queue", "3 to 6 (Table 1)", "2 to 4, leaves 1"),
            ("path of 3, all offload: rates / lambda", UNPUBLISHED, str(right.round(3))),
            ("  sum of the rates, sender's degree", (3.0, "sec. 1.2.4"), float(right.sum())),
            ("  sum with d = 2; with d = 1", (3.0, "App. A"), f"{wrong[1]:.3g}; {wrong[0]:.3g}"),
            (
                "ring: balls of radius 2 that are trees",
                (1.0, "limit"),
                balls(topologies.ring(n))[0],
            ),
            (f"configuration model of {n}: the same", (1.0, "limit"), balls(random)[0]),
            ("  neighbours of degree 3", (0.6, "size bias"), float(threes)),
            ("torus 70: balls that are trees", (0.0, "limit"), balls(topologies.torus(70))[0]),
            ("Bethe lattice 5: leaves", (0.0, "seen from the root"), leaves[0]),
            ("Bethe lattice 11: leaves", (0.5, "canopy tree"), leaves[1]),
        ]
    )
    look_at("differences in the first rows are slips; the last say what a node sees.")
    figure(given, partial(draw), columns=5, size=(14.0, 3.4))
    assert abs(float(right.sum()) - 3.0) < 1e-12
    assert abs(threes - 0.6) < 5.0 * error
    assert balls(random)[0] > 1.0 - 200.0 / n
    assert leaves == [48 / 94, 3072 / 6142]


if __name__ == "__main__":
    main()
