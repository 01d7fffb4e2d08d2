"""Claims about the limit of large graphs [MF Theorem 1, sec. 1.4.1, sec. 2.1]."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise, product

import numpy as np
from numpy.typing import NDArray

from refimpl.findings import exactly, only_under
from refimpl.ledger import Claim, Context, Control, Finding, Kind, Verdict
from refimpl.meanfield.model.arrivals import Modulation, offload_shares
from refimpl.meanfield.model.system import System
from refimpl.meanfield.model.topologies import path, ring
from refimpl.meanfield.theory.joint_chain import total_drops
from refimpl.meanfield.theory.joint_states import joint_states
from refimpl.meanfield.theory.light_cone import ring_law, root_drops, root_law
from refimpl.meanfield.theory.local_rows import local_rows
from refimpl.meanfield.theory.outcomes import Choose, Outcomes, by_rule, certain
from refimpl.meanfield.theory.tree_limits import (
    canopy_mean_drops,
    regular_tree_drops,
    tree_mean_drops,
)

Floats = NDArray[np.float64]
Limit = Callable[[System, Floats, list[float]], float]

BUFFER, DT = 2, 2.0
"""Small queues: the joint chain of eight of them has 6561 states."""
ROUNDING = 1e-12


def line(epochs: int) -> tuple[System, int]:
    """Path whose middle node sees no end within the epochs, and that node."""
    reach = epochs + 2
    return System(path(2 * reach + 1), BUFFER, DT), reach


def level_paths(modulation: Modulation, epochs: int) -> Iterator[tuple[float, list[float]]]:
    """Every path of arrival rates with its probability."""
    for levels in product((0, 1), repeat=epochs):
        chance = modulation.start[levels[0]]
        for here, after in pairwise(levels):
            chance *= float(modulation.transitions[here, after])
        yield chance, [modulation.rates[level] for level in levels]


def majority_rule(rule: Floats) -> Choose:
    """Follow the rule only while more than half of all queues hold a job."""

    def choose(system: System, states: NDArray[np.intp], level: int) -> Outcomes:
        del level
        busy = (states > 0).mean(axis=1, keepdims=True) > 0.5
        return certain(offload_shares(system.graph, np.where(busy, rule[states], 0.0)))

    return choose


def check_theorem(policy: Callable[[Floats], Choose], context: Context) -> Finding:
    """Compare three epochs on rings of 5 to 8 queues with the infinite line."""
    rule = context.rng("meanfield", "theorem-1").uniform(size=BUFFER + 1)
    epochs, modulation = 3, Modulation()
    system, middle = line(epochs)
    limit = sum(
        chance * root_drops(system, middle, rule, rates[: t + 1])
        for chance, rates in level_paths(modulation, epochs)
        for t in range(epochs)
    )
    found = {
        n: total_drops(System(ring(n), BUFFER, DT), policy(rule), epochs) for n in (4, 5, 6, 7, 8)
    }
    errors = {f"error_at_{n}": abs(value - limit) for n, value in found.items()}
    holds = max(errors["error_at_5"], errors["error_at_7"], errors["error_at_8"]) <= ROUNDING
    return only_under(
        "the rule reads the own queue (or the law of the queues in a continuous way), the marks "
        "carry the degrees, and the limit is taken given the common path of arrival rates",
        holds,
        limit=limit,
        **errors,
    )


def enough_nodes(t: int) -> int:
    """Queues on which a ring is as good as the infinite line after t epochs."""
    return 2 * t + 1


def too_few_nodes(t: int) -> int:
    """Two queues fewer."""
    return 2 * t - 1


def less_than_t(t: int) -> int:
    """Largest distance of influence as the paper says it."""
    return t - 1


def at_most_t(t: int) -> int:
    """Largest distance of influence."""
    return t


def check_light_cone(nodes_needed: Callable[[int], int], context: Context) -> Finding:
    """Laws and drops on rings against the infinite line, independent and empty starts."""
    rng, inside, outside = context.rng("meanfield", "light-cone"), 0.0, 1.0
    for t in (1, 2, 3):
        rules = rng.uniform(0.1, 0.9, size=(t + 1, BUFFER + 1))
        rates = list(rng.uniform(0.5, 1.2, t + 1))
        start = rng.dirichlet(np.ones(BUFFER + 1))
        for begin, earlier in ((start, 0), (None, 2)):
            limits = line_values(rules, rates, begin)
            needed = np.array([nodes_needed(t), nodes_needed(t) + 2]) - earlier
            for n in range(3, 8):
                found = ring_values(n, rules, rates, begin)
                errors = [float(np.abs(a - b).max()) for a, b in zip(found, limits, strict=True)]
                for error, least in zip(errors, needed, strict=True):
                    if n >= least:
                        inside = max(inside, error)
                    elif n >= least - 2:
                        outside = min(outside, error)
    return exactly(inside, ROUNDING, least_error_two_nodes_short=outside)


def line_values(rules: Floats, rates: list[float], start: Floats | None) -> tuple[Floats, Floats]:
    """Law after all epochs but the last, and drops in the last, on the infinite line."""
    system, middle = line(len(rates))
    law = root_law(system, middle, rules[:-1], rates[:-1], start)
    return law, np.asarray(root_drops(system, middle, rules, rates, start))


def ring_values(
    n: int, rules: Floats, rates: list[float], start: Floats | None
) -> tuple[Floats, Floats]:
    """Law after all epochs but the last, and drops in the last, on a whole ring."""
    system, states = System(ring(n), BUFFER, DT), joint_states(n, BUFFER)
    law = ring_law(system, rules[:-1], rates[:-1], start)
    shares = offload_shares(system.graph, rules[-1][states])
    drops = law @ local_rows(system, states, rates[-1] * shares)[1][:, 0]
    here = np.bincount(states[:, 0], law, minlength=BUFFER + 1)
    return np.asarray(here, dtype=np.float64), np.asarray(drops)


def check_influence(radius: Callable[[int], int], context: Context) -> Finding:
    """Fill one queue of an empty line: how far away it still moves the law after t epochs."""
    rule = context.rng("meanfield", "influence").uniform(0.2, 0.8, size=BUFFER + 1)
    beyond, evidence = 0.0, {}
    for t in (1, 2, 3):
        system, middle = line(t)
        empty = np.zeros((system.n, BUFFER + 1))
        empty[:, 0] = 1.0
        base = root_law(system, middle, rule, [0.9] * t, empty)
        for distance in range(t + 2):
            other = empty.copy()
            other[middle + distance] = np.eye(BUFFER + 1)[BUFFER]
            moved = np.abs(root_law(system, middle, rule, [0.9] * t, other) - base).max()
            evidence[f"epochs_{t}_distance_{distance}"] = float(moved)
            if distance > radius(t):
                beyond = max(beyond, float(moved))
    return exactly(beyond, 1e-14, **evidence)


def within_paths(chances: Floats, joint: Floats, one: Floats, other: Floats) -> float:
    """Mean over the level paths of the covariance given the path."""
    return float(chances @ (joint - one * other))


def across_paths(chances: Floats, joint: Floats, one: Floats, other: Floats) -> float:
    """Covariance with the level path left random."""
    return float(chances @ joint - (chances @ one) * (chances @ other))


def check_one_node_law(covariance: Callable[..., float], context: Context) -> Finding:
    """Covariance of two full queues three apart on a ring of seven, after two epochs.

    The empirical law converges to a number exactly if such covariances vanish with the distance.
    """
    rule = context.rng("meanfield", "one-node-law").uniform(size=BUFFER + 1)
    system = System(ring(7), BUFFER, DT)
    full = joint_states(7, BUFFER) == BUFFER
    rows = []
    for chance, rates in level_paths(Modulation(), 2):
        law = ring_law(system, rule, rates)
        far, near = full[:, 0] & full[:, 3], full[:, 0] & full[:, 1]
        rows.append([chance, law @ far, law @ full[:, 0], law @ full[:, 3], law @ near])
    chances, joint, one, other, near_joint = np.array(rows).T
    far_covariance = covariance(chances, joint, one, other)
    return only_under(
        "convergence is given the common path of arrival rates; without it the empirical law stays "
        "random for ever, because all queues share that path",
        abs(far_covariance) <= ROUNDING,
        covariance_three_apart=far_covariance,
        covariance_side_by_side=covariance(chances, near_joint, one, one),
    )


def at_the_root(system: System, rule: Floats, rates: list[float]) -> float:
    """Limit of the Bethe lattices as the paper takes it: the regular tree from its root."""
    return regular_tree_drops(system, rule, rates)


def at_random(system: System, rule: Floats, rates: list[float]) -> float:
    """Limit seen from a random node: the canopy tree."""
    return canopy_mean_drops(system, rule, rates)


def check_bethe(limit: Limit, context: Context) -> Finding:
    """Mean drops in the second epoch on Bethe lattices of depth 4 to 11, and a limit."""
    rule = np.sort(context.rng("meanfield", "bethe").uniform(size=BUFFER + 1))
    system, rates = System(ring(3), BUFFER, DT), [0.9, 0.9]
    expected = limit(system, rule, rates)
    gaps = {d: abs(tree_mean_drops(system, d, rule, rates) - expected) for d in (4, 8, 11)}
    converges = gaps[11] < gaps[4] / 2**6
    evidence = {f"gap_at_depth_{d}": gap for d, gap in gaps.items()} | {"limit": expected}
    if converges:
        return Finding(Verdict.REFUTED, evidence)
    return Finding(
        Verdict.HOLDS_UNDER,
        evidence,
        "the limit is taken to be the infinite regular tree seen from its root; with the canopy "
        "tree, the local weak limit of these trees seen from a random node, Theorem 1 applies",
    )


CLAIMS = (
    Claim(
        "meanfield/theorem-1",
        "Theorem 1",
        "The drops on growing graphs converge to those of the limiting graph.",
        ("MF-13",),
        Kind.EXACT,
        check_theorem,
        by_rule,
        Control("the rule asks whether most of all queues are busy", majority_rule),
    ),
    Claim(
        "meanfield/light-cone",
        "sec. 1.4.1",
        "Under an own-state rule the law of a queue after t epochs on a ring is that on the "
        "infinite line from 2t + 1 queues on, its drops in the next epoch from 2t + 3 on; from "
        "empty queues two fewer do.",
        ("MF-15",),
        Kind.EXACT,
        check_light_cone,
        enough_nodes,
        Control("two queues fewer", too_few_nodes),
    ),
    Claim(
        "meanfield/influence-radius",
        "sec. 1.4.1",
        "After t epochs only nodes less than t steps away may have influenced the root.",
        ("MF-16",),
        Kind.EXACT,
        check_influence,
        less_than_t,
        Control("nodes at most t steps away", at_most_t),
    ),
    Claim(
        "meanfield/one-node-law",
        "App. A, eq. A.1",
        "The empirical law of the queues converges to the law of the root.",
        ("MF-17",),
        Kind.EXACT,
        check_one_node_law,
        within_paths,
        Control("the path of arrival rates is left random", across_paths),
    ),
    Claim(
        "meanfield/bethe-limit",
        "secs. 2.1, 3, Fig. 8",
        "The theory does not apply to Bethe lattices.",
        ("MF-41",),
        Kind.EXACT,
        check_bethe,
        at_the_root,
        Control("the canopy tree is taken as the limit", at_random),
    ),
)
