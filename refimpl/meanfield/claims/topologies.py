"""Claims about the graphs: sizes, degrees and local limits [MF sec. 1.3.1, sec. 2.1, sec. 2.3]."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from refimpl.findings import exactly
from refimpl.ledger import Claim, Context, Control, Finding, Kind, Verdict
from refimpl.meanfield.claims.findings import largest_gap
from refimpl.meanfield.model.balls import ball_profiles, neighbour_degree_counts
from refimpl.meanfield.model.graph import Graph
from refimpl.meanfield.model.topologies import (
    PRINTED_SIZES,
    PrintedSize,
    bethe,
    bethe_size,
    configuration_model,
    cube_connected_cycles,
    cube_connected_cycles_size,
    ring,
    torus,
    torus_size,
)

Floats = NDArray[np.float64]
Size = Callable[[int], int]
Family = Callable[[int], Graph]
DegreeOf = Callable[[int], int]
Heights = Callable[[int], Floats]

RADIUS = 3
SIZED: tuple[tuple[Family, Size, tuple[int, ...]], ...] = (
    (torus, torus_size, (3, 11, 70)),
    (cube_connected_cycles, cube_connected_cycles_size, (3, 5, 9)),
)


def last_layer_everywhere(depth: int) -> int:
    """Nodes of the tree if every layer had ``d (d-1)^(o_b - 1)`` of them, as printed per layer."""
    return 1 + 3 * depth * (1 << (depth - 1))


def check_sizes(tree_size: Size, context: Context) -> Finding:
    """Build the graphs and count their nodes."""
    del context
    counts = [(build(k).n, size(k)) for build, size, orders in SIZED for k in orders]
    counts += [(bethe(depth).n, tree_size(depth)) for depth in (1, 2, 5, 11)]
    built, formula = np.array(counts, dtype=np.float64).T
    return exactly(largest_gap(built, formula), 0.0, graphs=float(len(counts)))


def check_printed(rows: Sequence[PrintedSize], context: Context) -> Finding:
    """Compare every printed number of nodes with the one its parameter gives."""
    del context
    wrong = {f"{r.topology}_{r.parameter}": r for r in rows if r.printed != r.size}
    evidence: dict[str, float] = {}
    for name, row in wrong.items():
        evidence |= {f"{name}_printed": float(row.printed), f"{name}_is": float(row.size)}
    return exactly(float(len(wrong)), 0.0, rows=float(len(rows)), **evidence)


def order_as_degree(order: int) -> int:
    """Degree of the cube-connected cycles as printed: the order of the cycles."""
    return order


def three(order: int) -> int:
    """Two neighbours on the own cycle and one across, whatever the order."""
    del order
    return 3


def check_degree(degree: DegreeOf, context: Context) -> Finding:
    """Degrees of the cube-connected cycles of several orders."""
    del context
    orders = (3, 4, 5, 9)
    degrees = [cube_connected_cycles(order).degrees for order in orders]
    wrong = max(
        largest_gap(d, np.full(d.size, degree(k))) for k, d in zip(orders, degrees, strict=True)
    )
    evidence = {f"degree_at_{k}": float(d.max()) for k, d in zip(orders, degrees, strict=True)}
    return exactly(wrong, 0.0, **evidence)


TRANSITIVE: tuple[tuple[Family, tuple[int, ...]], ...] = (
    (ring, (2 * RADIUS + 2, 101, 5001)),
    (torus, (2 * RADIUS + 2, 11, 30)),
    (cube_connected_cycles, (2 * RADIUS + 2, 9, 10)),
)


def check_balls(families: Sequence[tuple[Family, Sequence[int]]], context: Context) -> Finding:
    """Count the kinds of balls that nodes of graphs of a family see, over all its sizes."""
    del context
    extra, evidence = 0, {}
    for build, sizes in families:
        kinds = np.unique(np.concatenate([ball_profiles(build(k), RADIUS) for k in sizes]), axis=0)
        extra += len(kinds) - 1
        evidence[f"kinds_on_{build.__name__}"] = float(len(kinds))
        evidence[f"nodes_within_3_on_{build.__name__}"] = float(kinds[0, :-1].sum())
    return exactly(float(extra), 0.0, **evidence)


def size_biased(share: float) -> float:
    """Chance that a neighbour has degree 3, if a share of all nodes has and the others 2."""
    return 3 * share / (3 * share + 2 * (1 - share))


def unbiased(share: float) -> float:
    """Give neighbours the degrees of nodes drawn like any others."""
    return share


def check_branching(neighbour: Callable[[float], float], context: Context) -> Finding:
    """Neighbourhoods of the configuration model against those of the limit tree.

    A node has 2 or 3 neighbours with equal chance, and each of them has degree 3 independently:
    seven kinds. Their shares are compared over independent graphs of the paper's size, and so is
    the share of nodes whose ball of radius 3 is no tree, at two sizes.
    """
    rng, n, copies = context.rng("meanfield", "branching"), 5001, 60 if context.full else 20
    shares, cyclic = np.empty((copies, 7)), []
    for row in shares:
        graph = configuration_model(n, rng)
        kind = 3 * (graph.degrees - 2) + neighbour_degree_counts(graph, 3)
        row[:] = np.bincount(kind, minlength=7) / n
        cyclic.append(_cyclic_share(graph))
    chance = neighbour(0.5)
    law = np.concatenate([0.5 * stats.binom.pmf(np.arange(k + 1), k, chance) for k in (2, 3)])
    errors = shares.std(axis=0, ddof=1) / np.sqrt(copies)
    worst = float(np.abs((shares.mean(axis=0) - law) / errors).max())
    small = np.mean([_cyclic_share(configuration_model(501, rng)) for _ in range(copies)])
    evidence = {
        "largest_z_score": worst,
        "largest_gap": largest_gap(shares.mean(axis=0), law),
        "half_width_95": 1.96 * float(errors.max()),
        "not_a_tree_at_501": float(small),
        "not_a_tree_at_5001": float(np.mean(cyclic)),
    }
    agrees = worst < 4.0 and 4 * np.mean(cyclic) < small
    return Finding(Verdict.HOLDS_STATISTICALLY if agrees else Verdict.REFUTED, evidence)


def _cyclic_share(graph: Graph) -> float:
    profiles = ball_profiles(graph, RADIUS)
    return float(np.mean(profiles[:, -1] != profiles[:, :-1].sum(axis=1) - 1))


def canopy_heights(n_heights: int) -> Floats:
    """Law of the height above the leaves of a drawn node of the canopy tree: ``2^-(h+1)``."""
    return np.asarray(0.5 ** np.arange(1, n_heights + 1))


def endless_heights(n_heights: int) -> Floats:
    """Give no node a height above the leaves: the infinite regular tree has none."""
    return np.zeros(n_heights)


def check_canopy(heights: Heights, context: Context) -> Finding:
    """Heights 0..3 above the leaves in finite trees against the limit, and what nodes there see.

    Shares are off by 1 / N at most. Once the root is out of sight, nodes of equal height must see
    equal balls, whatever the size of the tree.
    """
    del context
    gaps, seen = {}, []
    for depth in (5, 8, 11):
        graph = bethe(depth)
        layers = [1, *(3 * 2 ** (o - 1) for o in range(1, depth + 1))]
        level = np.repeat(np.arange(depth + 1), layers)
        gaps[graph.n] = largest_gap(np.bincount(depth - level)[:4] / graph.n, heights(4))
        low = (level > 2) & (depth - level < 4)
        seen.append(np.column_stack([depth - level, ball_profiles(graph, 2)])[low])
    kinds = np.unique(np.concatenate(seen), axis=0)
    several = len(kinds) - len(np.unique(kinds[:, 0]))
    error = max(gap * n - 1.0 for n, gap in gaps.items())
    evidence = {f"gap_at_{n}": gap for n, gap in gaps.items()}
    return exactly(max(error, float(several)), 1e-9, leaves_at_94=48 / 94, **evidence)


CLAIMS = (
    Claim(
        "meanfield/topology-sizes",
        "sec. 2.1",
        "A torus has o_t^2 nodes, cube-connected cycles o_c 2^o_c, and a Bethe lattice of degree d "
        "1 + sum over layers o of d (d-1)^(o-1).",
        ("MF-47",),
        Kind.EXACT,
        check_sizes,
        bethe_size,
        Control("every layer as large as the last, d (d-1)^(o_b-1)", last_layer_everywhere),
    ),
    Claim(
        "meanfield/printed-sizes",
        "sec. 2.3, Fig. 3",
        "The numbers of nodes printed beside o_t, o_c and o_b are those of the formulas.",
        ("MF-47",),
        Kind.EXACT,
        check_printed,
        PRINTED_SIZES,
        Control(
            "every printed number replaced by its formula",
            tuple(replace(row, printed=row.size) for row in PRINTED_SIZES),
        ),
    ),
    Claim(
        "meanfield/cube-connected-cycles-degree",
        "sec. 2.1",
        "The order o_c of cube-connected cycles is the degree of every node.",
        ("MF-48",),
        Kind.EXACT,
        check_degree,
        order_as_degree,
        Control("degree 3 whatever the order", three),
    ),
    Claim(
        "meanfield/local-limit-regular",
        "sec. 1.3.1, sec. 2.1",
        "On rings, tori and cube-connected cycles all nodes see the same ball, which no longer "
        "changes once the graph is larger than the ball.",
        ("MF-12",),
        Kind.EXACT,
        check_balls,
        TRANSITIVE,
        Control("Bethe lattices in place of tori", ((ring, (8, 101)), (bethe, (5, 11)))),
    ),
    Claim(
        "meanfield/local-limit-configuration",
        "sec. 1.3.1, sec. 2.1",
        "Balls of the configuration model become trees whose root has degree 2 or 3 with equal "
        "chance and whose other nodes have degree 3 with the size-biased chance 3/5.",
        ("MF-12",),
        Kind.STATISTICAL,
        check_branching,
        size_biased,
        Control("degrees of neighbours drawn like those of any node", unbiased),
    ),
    Claim(
        "meanfield/local-limit-bethe",
        "sec. 2.1, sec. 3",
        "Bethe lattices converge locally too: to the canopy tree, half of whose nodes are leaves, "
        "and not to the infinite regular tree.",
        ("MF-12",),
        Kind.EXACT,
        check_canopy,
        canopy_heights,
        Control("the infinite regular tree", endless_heights),
    ),
)
