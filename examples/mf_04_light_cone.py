"""A ring is an infinite line for as long as news takes to come around it.

Shows: MF Theorem 1, sec. 1.4.1, Fig. 6. Under a rule that looks at the own queue, what happens at a
node in epoch t depends on nodes at distance t and no further. So its law on a ring of 2 t + 1
queues *is* that of the infinite line, to rounding: no error is left to go to zero. What Theorem 1
needs: a rule that is continuous in what it sees (example 5) and the limit taken given the common
path of arrival rates, which all queues share however many they are.
Look at: the left picture falls to rounding at 2 t + 1; on the right the mean settles at once, and
the blue band, which is what the common rates leave, never closes.
For: readers of Theorem 1, and who wants to know why training on 101 queues is enough.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from _show import BLUE, GREEN, GREY, ORANGE, Paper, Row, figure, look_at, options, table

from refimpl.meanfield.model.arrivals import sample_levels
from refimpl.meanfield.model.simulator import simulate
from refimpl.meanfield.model.system import System
from refimpl.meanfield.model.topologies import path, ring
from refimpl.meanfield.policies.rules import own_state
from refimpl.meanfield.theory.light_cone import ring_law, root_law
from refimpl.shared.seeds import generator

BUFFER, DT, RATE = 2, 2.0, 0.9
RULE = np.array([0.1, 0.5, 0.9])
BEST = (0.03, 0.12, 0.27, 0.43, 0.62, 0.84)
"""Close to the best own-state rule at delay 5; examples 7 and 8 find it."""
START = (0.5, 0.2, 0.3)


def error(n: int, epochs: int) -> float:
    """Distance of the law of a queue on a ring of n from that on the infinite line."""
    line, middle = System(path(2 * epochs + 5), BUFFER, DT), epochs + 2
    limit = root_law(line, middle, RULE, [RATE] * epochs, START)
    joint = ring_law(System(ring(n), BUFFER, DT), RULE, [RATE] * epochs, START)
    here = joint.reshape(BUFFER + 1, -1).sum(axis=1)
    return float(np.abs(here - limit).max())


def influence(epochs: int) -> Any:
    """How far filling the queue at distance 0, 1, ... moves the law of a node of an empty line."""
    system, middle = System(path(2 * epochs + 5), BUFFER, DT), epochs + 2
    empty = np.tile(np.eye(BUFFER + 1)[0], (system.n, 1))
    base = root_law(system, middle, RULE, [RATE] * epochs, empty)
    moved = []
    for distance in range(epochs + 2):
        other = empty.copy()
        other[middle + distance] = np.eye(BUFFER + 1)[BUFFER]
        law = root_law(system, middle, RULE, [RATE] * epochs, other)
        moved.append(float(np.abs(law - base).max()))
    return np.array(moved)


def by_size(sizes: Any, episodes: int) -> dict[str, Any]:
    """Simulate sizes x episodes: every episode its own path of rates, or all the same."""
    found: dict[str, Any] = {"own path": [], "same path": []}
    for n in sizes:
        system = System(ring(n))
        levels = sample_levels(system.modulation, 10, episodes, generator(0, "levels"))
        for name, seen in (("own path", levels), ("same path", 0 * levels)):
            trace = simulate(system, own_state(BEST), seen, generator(0, "queues"))
            found[name].append(trace.total)
    return {name: np.array(rows) for name, rows in found.items()}


def draw(errors: Any, sizes: Any, drops: dict[str, Any], left: Any, right: Any) -> None:
    for epochs, colour in ((1, BLUE), (2, ORANGE), (3, GREEN)):
        shown = [(n, max(e, 1e-17)) for (n, t), e in errors.items() if t == epochs]
        left.plot(*zip(*shown, strict=True), "o-", color=colour, label=f"after {epochs} epochs")
        left.axvline(2 * epochs + 1, color=colour, linestyle=":")
    left.set(title="Ring against infinite line", xlabel="queues on the ring", yscale="log")
    left.set_ylabel("largest error of a probability")
    left.legend(loc="center left")
    for (name, rows), colour in zip(drops.items(), (BLUE, ORANGE), strict=True):
        low, high = np.quantile(rows, (0.1, 0.9), axis=1)
        label = "every episode its own rates" if name == "own path" else "always the high rate"
        right.plot(sizes, rows.mean(axis=1), "o-", color=colour, label=label)
        right.fill_between(sizes, low, high, color=colour, alpha=0.25)
    right.axvline(101, color=GREY, linestyle=":", label="size of training")
    right.set(title="Fig. 6: one rule, growing rings; 80% of episodes", xscale="log")
    right.set(xlabel="queues", ylabel="drops per queue in 50 units")


def main() -> None:
    given = options(__doc__ or "", __file__)
    most = given.choose(8, 9, 10)
    errors = {(n, t): error(n, t) for t in (1, 2, 3) for n in range(3, most + 1)}
    sizes = given.choose((9, 101, 1_001), *2 * ((9, 21, 51, 101, 501, 901, 3_501, 5_001),))
    drops = by_size(sizes, given.choose(40, 100, 1_000))
    rows: list[Row] = []
    for t in (1, 2, 3):
        n = 2 * t + 1
        rows.append((f"ring of {n}, {t} epochs: error", (0.0, "limit"), errors[n, t]))
    rows.append(("ring of 5, 3 epochs: error", "not yet 0", errors[5, 3]))
    moved = influence(3)
    for distance, far in enumerate(moved):
        paper: Paper = (0.0, "sec. 1.4.1") if distance >= 3 else "not published"
        rows.append((f"3 epochs, influence from distance {distance}", paper, float(far)))
    means, spreads = ({k: f(d, axis=1) for k, d in drops.items()} for f in (np.mean, np.std))
    for k, n in enumerate(sizes):
        rows.append((f"ring of {n}: mean drops, dt = 5", "one line (Fig. 6)", means["own path"][k]))
        words = f"{spreads['own path'][k]:.3f}; {spreads['same path'][k]:.3f}"
        rows.append(("  standard deviation: own rates; one path", "shrinks", words))
    table(rows)
    look_at("zero error, not small error; and the spread that no number of queues removes.")
    figure(given, partial(draw, errors, sizes, drops), columns=2, size=(12.0, 4.4))
    assert max(e for (n, t), e in errors.items() if n >= 2 * t + 1) < 1e-12
    assert min(e for (n, t), e in errors.items() if n < 2 * t + 1) > 1e-9
    assert moved[3] > 1e-9 > moved[4]


if __name__ == "__main__":
    main()
