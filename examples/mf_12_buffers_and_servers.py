"""Outside the default system: long buffers, unequal servers, and delays without end.

Shows: MF Figs 10 and 3a. Room for 20 jobs at rate 1; servers of speed 1 and 2 at random, where the
shortest expected delay (SED) is compared too; and the check of the paper's simulator, that the
drops of JSQ settle as the delay grows: in a long epoch every queue reaches the stationary law of
its share. The paper does not say at which delay SED is best.
Look at: SED. It drops more than JSQ at both delays, because it has fewer ties and herds more; RND
and OWN ignore speeds, and so does the best rule, which still helps, since slow queues are long.
For: who wants to know how far the results carry. Without --full MF-R is hardly trained.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from _meanfield import Found, measure, scale
from _runs import print_committed
from _show import BLUE, GREEN, GREY, ORANGE, RED, Row, figure, look_at, options, table

from refimpl.meanfield.claims.experiments_extensions import LONG_BUFFER, unequal
from refimpl.meanfield.claims.experiments_sizes import DOUBLINGS, simulator_setting
from refimpl.meanfield.experiments.cells import Cell
from refimpl.meanfield.experiments.settings import Setting
from refimpl.shared.statistics import paired_difference

SIMPLE = ("JSQ", "JSQ-split", "RND", "OWN")
SWEEP = {"JSQ": RED, "JSQ-split": ORANGE, "RND": GREY, "RND-epoch": GREEN}
LEARNED = ("MF-R", "best rule")
PAPER = {
    "buffer 20": {"MF-R": "lowest (Fig. 10a)"},
    "unequal servers, delay 5": {"MF-R": "as RND (Fig. 10b)", "SED": "lowest (Fig. 10b)"},
}


def entries(setting: Setting, *policies: str) -> list[Cell]:
    """Name policies on one system; MF-R is trained with our settings."""
    return [Cell(p, setting, "ours" if p == "MF-R" else "") for p in policies]


def delays(policy: str) -> list[Cell]:
    """Name a policy at the doubled delays of the simulator's check."""
    return [Cell(policy, simulator_setting(dt)) for dt in DOUBLINGS]


def draw(found: Found, groups: dict[str, list[Cell]], *axes: Any) -> None:
    for axis, (title, group) in zip(axes, groups.items(), strict=False):
        means, errors = ([f(e) for e in group] for f in (found.mean, found.error))
        colours = [BLUE if e.policy in LEARNED else ORANGE for e in group]
        axis.barh([e.policy for e in group], means, xerr=errors, color=colours, capsize=3)
        axis.set(
            title=f"Fig. 10: {title}", xlabel=f"drops per queue in {group[0].setting.time:g} units"
        )
    for policy, colour in SWEEP.items():
        means = [found.mean(e) for e in delays(policy)]
        axes[-1].plot(DOUBLINGS, means, "o-", color=colour, label=policy)
    axes[-1].set(title="Fig. 3a: torus of 100", xlabel="synchronisation delay", xscale="log")
    axes[-1].set(ylabel="drops per queue in 320 units", ylim=(0.0, None))


def main() -> None:
    given = options(__doc__ or "", __file__)
    time, horizon = given.choose((100.0, 20), (500.0, 100), (1000.0, 200))
    long = replace(LONG_BUFFER, time=time, horizon=horizon)
    # 70 x 70 queues; the rules are found on 11 x 11
    soon, late = (unequal(dt).resized(given.choose(11, 70, 70)) for dt in (1.0, 5.0))
    servers = (*SIMPLE, "SED", "SED-split", *LEARNED[given.choose(1, 0, 0) :])
    groups = {
        "buffer 20": entries(long, *SIMPLE, "MF-R"),
        "unequal servers, delay 1": entries(soon, *servers),
        "unequal servers, delay 5": entries(late, *servers),
    }
    size = scale(
        given,
        episodes=given.choose(4, 20, 100),
        iterations={("mean-field", "ours"): given.choose(1, 5, 0)},
        stages=given.choose(((4, 2),), ((8, 4),), ()),
    )
    everything = [e for group in groups.values() for e in group]
    found = measure(given, size, [*everything, *(e for p in SWEEP for e in delays(p))])
    rows: list[Row] = []
    for title, group in groups.items():
        rnd = next(e for e in group if e.policy == "RND")
        for each in group:
            paper = PAPER.get(title, {}).get(each.policy, "not published")
            rows.append((f"{title}: {each.policy} (minus RND)", paper, found.words(each, rnd)))
    for dt, each in zip(DOUBLINGS, delays("JSQ"), strict=True):
        rows.append((f"torus of 100, delay {dt:g}: JSQ", "settles (Fig. 3a)", found.words(each)))
    table(rows)
    print_committed(
        "meanfield/fig-10a-long-buffer",
        "meanfield/fig-10b-unequal-servers",
        "meanfield/fig-3a-jsq-converges",
    )
    look_at("the signs in brackets: who drops less than RND, and where SED does.")
    figure(given, partial(draw, found, groups), columns=4, size=(16.0, 4.2))
    for title, group in groups.items():
        drops = {e.policy: found.drops(e) for e in group}
        # equal shares, however they come about
        assert np.abs(drops["RND"] - drops["OWN"]).max() < 1e-9
        if "best rule" in drops:
            assert paired_difference(drops["best rule"], drops["RND"]).high < 0.0, title
    means = [found.mean(e) for e in delays("JSQ")]
    assert means[0] < means[1] < means[2] < means[4]


if __name__ == "__main__":
    main()
