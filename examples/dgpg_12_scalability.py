"""Ten to 1500 servers: when DG-PG converges, what its best policy earns, and how long it takes.

Shows: DG-PG Table 1, Fig. 4, Table 9, sec. 6.4. At every size the networks of Table 7 are trained
and every checkpoint is tested on the same episodes as Best-Fit, Random and both rules of least
guidance coefficient. Convergence is counted as the paper does, first training episode within 10% of
the best, and on fixed validation episodes: training episodes draw new clusters, and a lucky one
looks converged. "ours" are settings that count every state alike and take larger steps.
Look at: brackets, the paired difference to Best-Fit; then the rule that needs no training.
For: everybody. ``--full`` has all the paper's seeds and lengths: hundreds of hours. What is done is
kept in ``.audit/``, and the same command goes on where it was interrupted.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from _dgpg import Found, measure, scale, words
from _runs import print_committed
from _show import BLACK, BLUE, GREEN, ORANGE, RED, SKY, Row, figure, look_at, options, table

from refimpl.dgpg.claims.timings import TABLE_9
from refimpl.dgpg.experiments import cells
from refimpl.dgpg.experiments.scale import Length

POLICIES = {"Best-Fit": BLACK, "Random": ORANGE}
POLICIES |= {"myopic sequential": GREEN, "myopic simultaneous": SKY}
QUICK = {10: Length(2, 1, 3, 1), 50: Length(2, 1, 3, 1)}
BETWEEN = {10: Length(20, 2, 5, 1), 20: Length(10, 2, 5, 1), 50: Length(4, 1, 4, 1)}
TABLES = ("table-1-matches-best-fit", "table-1-beats-best-fit", "table-1-random-worsens")
CLAIMS = ("table-9-within-20", "fig-4a-scale-invariant", "table-9-criterion", *TABLES)


def rows_of(found: Found, n: int) -> list[Row]:
    """Convergence, time and rewards at one size; in brackets minus Best-Fit's."""
    runs, printed = cells.scalability(found.size, n), TABLE_9[n]
    paper, fixed = found.convergence(runs)
    rewards = {
        "DG-PG, best checkpoint": found.best(runs),
        "  chosen on other episodes": found.best(runs, "validation sampled"),
        "  with its likeliest actions": found.best(runs, shown="test greedy"),
    }
    if n in found.size.ours:
        rewards["ours, best checkpoint"] = found.best(cells.ours(found.size, n))
    rewards |= {policy: found.reference(n, policy) for policy in POLICIES}
    episodes, minutes = runs[0].episodes, printed.per_episode * printed.unit
    rows: list[Row] = [
        (f"N = {n}: converged at episode, of {episodes}", f"{printed.episodes} (Table 9)", paper),
        ("  on fixed validation episodes", "not published", fixed),
        ("  seconds per episode", f"{60 * minutes:.3g} (8 cores)", found.seconds(runs)),
    ]
    fit = found.reference(n, "Best-Fit")
    return [*rows, *((f"  {k}", "not published", words(r, fit)) for k, r in rewards.items())]


def draw(found: Found, left: Any, middle: Any, right: Any) -> None:
    runs = {n: cells.scalability(found.size, n) for n in found.size.neural}
    sizes = list(runs)
    for n, shade in zip(sizes, np.linspace(0.0, 0.9, len(sizes)), strict=True):
        curve = found.curve(runs[n])
        at, style = np.arange(1, len(curve) + 1), {"color": (shade, 0.35, 1.0 - shade), "ms": 3}
        left.plot(at, curve / np.abs(curve).max(), "o-", label=f"N = {n}", **style)
    left.set(title="Fig. 4a: training reward", xlabel="episode", ylabel="in units of the worst")
    left.xaxis.get_major_locator().set_params(integer=True)
    best = [-found.best(runs[n]).mean() for n in sizes]
    middle.loglog(sizes, best, "o-", color=RED, label="DG-PG, best checkpoint")
    mine = {n: -found.best(cells.ours(found.size, n)).mean() for n in found.size.ours}
    middle.loglog(list(mine), list(mine.values()), "s", color=BLUE, label="ours")
    for policy, colour in POLICIES.items():
        costs = [-found.reference(n, policy).mean() for n in sizes]
        middle.loglog(sizes, costs, "o--", color=colour, label=policy)
    middle.set(title="Fig. 4b, Table 1: test episodes", xlabel="servers", ylabel="cost per step")
    times = [60.0 * TABLE_9[n].per_episode * TABLE_9[n].unit for n in sizes]
    right.loglog(sizes, times, "o--", color=BLACK, label="paper, 8 cores, 3000 steps")
    right.loglog(sizes, [found.seconds(runs[n]) for n in sizes], "o-", color=RED, label="here")
    right.set(title="Table 9: time of an episode", xlabel="servers", ylabel="seconds")
    for axis in (middle, right):
        axis.set_xticks(sizes, [str(n) for n in sizes])
        axis.set_xticks([], minor=True)


def main() -> None:
    given = options(__doc__ or "", __file__)
    lengths = given.choose(QUICK, BETWEEN, {})
    size = scale(given, steps=given.choose(60, 300, 0), neural=lengths, ours={10: lengths.get(10)})
    wanted = [run for n in size.neural for run in cells.scalability(size, n)]
    wanted += [run for n in size.ours for run in cells.ours(size, n)]
    references = [cells.reference(size, n, policy) for n in size.neural for policy in POLICIES]
    found = measure(given, size, [*wanted, *references])
    table([row for n in size.neural for row in rows_of(found, n)])
    print_committed(*(f"dgpg/{name}" for name in CLAIMS), "dgpg/sec-6.4-learns-more-than-the-rule")
    look_at("brackets; and the two convergence episodes of a size, by training and fixed ones.")
    figure(given, partial(draw, found), columns=3, size=(15.0, 4.4))
    for n in size.neural:
        assert found.reference(n, "Random").mean() < found.reference(n, "Best-Fit").mean()
    for run in wanted:
        assert found.best([run]).mean() >= found.best([run], "validation sampled").mean()


if __name__ == "__main__":
    main()
