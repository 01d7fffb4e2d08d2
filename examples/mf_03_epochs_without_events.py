"""Epochs without events: one row of a matrix exponential per queue, the law of the event simulator.

Shows: MF eq. (1) and sec. 3. Between synchronisations the queues are independent, so an epoch can
be drawn in one step. The paper's way, event by event, has the same law at ten times the cost. Then
two names of sec. 2.2 with two readings each: how JSQ breaks ties, and whether RND draws a queue for
every packet or once per epoch.
Look at: the differences of the last rows: they are larger than most differences between policies.
For: who wants to trust the fast simulator, and auditors of "JSQ" and "RND" in tables.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from _show import BLUE, GREEN, ORANGE, RED, UNPUBLISHED, Row, figure, look_at, options, table
from scipy import stats

from refimpl.meanfield.model.arrivals import sample_levels
from refimpl.meanfield.model.epoch import tabulated_epoch
from refimpl.meanfield.model.gillespie import gillespie_epoch
from refimpl.meanfield.model.simulator import simulate
from refimpl.meanfield.model.system import System
from refimpl.meanfield.model.topologies import ring
from refimpl.meanfield.policies import heuristics, rules
from refimpl.shared.bounded_queue import drop_law
from refimpl.shared.seeds import generator
from refimpl.shared.statistics import paired_difference

RATES, DELAYS = np.array([0.3, 0.9, 1.8]), tuple(float(dt) for dt in range(1, 11))
POLICIES = {
    "JSQ, one winner per epoch": (heuristics.shortest_queue_one_winner, RED),
    "JSQ, ties split per packet": (heuristics.shortest_queue_split, ORANGE),
    "RND, per packet": (rules.random_per_packet, BLUE),
    "RND, once per epoch": (heuristics.random_per_epoch, GREEN),
}


def chi_square(repeats: int) -> tuple[float, float]:
    """Least p-values over rates and states: jobs after fast epochs; jobs and drops by events."""
    system, rng, least = System(ring(6)), generator(0, "example", "chi square"), np.ones(2)
    epoch, law = tabulated_epoch(system), drop_law(RATES, 1.0, system.buffer, system.dt)
    for rate, table_of_rate in zip(RATES, law, strict=True):
        states = np.tile(np.arange(6), (repeats, 1))
        rates = np.full(states.shape, rate)
        after, _ = epoch(states, rates, rng.random(states.shape))
        events, drops = gillespie_epoch(system, states, rates, rng)
        for start in range(6):
            chances, n_drops = table_of_rate[start], law.shape[-1]
            joint = np.bincount(events[:, start] * n_drops + drops[:, start], minlength=6 * n_drops)
            fast = p_value(np.bincount(after[:, start], minlength=6), chances.sum(axis=1))
            least = np.minimum(least, (fast, p_value(joint, chances.ravel())))
    return least[0], least[1]


def p_value(counts: Any, chances: Any) -> float:
    """Chi-square test; cells that expect less than five are put together."""
    expected = chances / chances.sum() * counts.sum()
    cell = np.where(expected < 5.0, expected.size, np.arange(expected.size))
    sums = [np.bincount(cell, x) for x in (counts, expected)]
    return float(stats.chisquare(*(x[sums[1] > 0.0] for x in sums)).pvalue)


def nanoseconds(n: int) -> tuple[float, float]:
    """Time per queue and epoch of both ways, with JSQ's rates on a ring."""
    system, rng = System(ring(n)), generator(0, "example", "time")
    states, epoch = rng.integers(0, 6, size=(1, n)), tabulated_epoch(system)
    rates = 0.9 * heuristics.shortest_queue_one_winner(system, states, rng)
    epoch(states, rates, rng.random(states.shape))  # fills the table
    start = time.perf_counter()
    epoch(states, rates, rng.random(states.shape))
    middle = time.perf_counter()
    gillespie_epoch(system, states, rates, rng)
    return 1e9 / n * (middle - start), 1e9 / n * (time.perf_counter() - middle)


def by_delay(n: int, episodes: int, delays: Any) -> dict[str, Any]:
    """Simulate drops per queue in 50 units, (delays, episodes), by policy."""
    found: dict[str, list[Any]] = {name: [] for name in POLICIES}
    for dt in delays:
        system, epochs = System(ring(n), dt=dt), round(50 / dt)
        levels = sample_levels(system.modulation, epochs, episodes, generator(0, "levels"))
        for name, (policy, _) in POLICIES.items():
            trace = simulate(system, policy, levels, generator(0, "queues"))
            found[name].append(50.0 * trace.total / (epochs * dt))
    return {name: np.array(rows) for name, rows in found.items()}


def draw(delays: Any, drops: dict[str, Any], axis: Any) -> None:
    for name, rows in drops.items():
        axis.plot(delays, rows.mean(axis=1), "o-", color=POLICIES[name][1], label=name)
    axis.set(xlabel="synchronisation delay", ylabel="drops per queue in 50 units", ylim=(0.0, None))


def main() -> None:
    given = options(__doc__ or "", __file__)
    least, joint = chi_square(given.choose(4_000, 40_000, 200_000))
    fast, slow = nanoseconds(given.choose(100_000, 1_000_000, 1_000_000))
    delays = given.choose(DELAYS[::4], DELAYS, DELAYS)
    drops = by_delay(*given.choose((101, 40), (1_001, 100), (5_001, 100)), delays)
    at, (winner, split, packet, once) = delays.index(5.0), drops.values()
    gaps = [paired_difference(split[at], winner[at]), paired_difference(once[at], packet[at])]
    rows: list[Row] = [
        ("fast epoch against its law: least of 18 p-values", UNPUBLISHED, least),
        ("events against the law with drops: least of 18", UNPUBLISHED, joint),
        ("time per queue and epoch: fast; events", UNPUBLISHED, f"{fast:.0f} ns; {slow:.0f} ns"),
        *((f"{name}: drops, dt = 5", UNPUBLISHED, d[at].mean()) for name, d in drops.items()),
    ]
    for what, gap in zip(("split - one winner", "once - per packet"), gaps, strict=True):
        rows.append((f"  {what}", "same name", f"{gap.mean:+.3f} +- {gap.half_width:.3f}"))
    table(rows)
    look_at("same law, no events; then by how much a tie rule moves what is called JSQ.")
    figure(given, lambda axis: draw(delays, drops, axis))
    assert min(least, joint) > 1e-6  # 36 tests: violated with a chance of 4e-5
    assert gaps[0].high < 0.0 < gaps[1].low


if __name__ == "__main__":
    main()
