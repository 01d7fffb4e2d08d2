"""Other learners: a policy per agent (SAC), and one network shared by a few (NA-PS).

Shows: MF Figs 4 and 5. The scalable actor-critic gives every agent a policy of its own over the
queues around it and learns from neighbours' values; its training time grows with the number of
agents, and what it learns cannot be moved to another size. NA-PS trains one small network on five
agents. Both are compared with MF-R at delay 3, the delay of Fig. 4, and with simple rules. The
paper gives no settings for SAC; those here are its authors', see refimpl/meanfield/READINGS.md.
Look at: seconds against agents, and who is below RND and JSQ at all.
For: who asks whether multi-agent learning pays here. Learned rows need --full.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from _meanfield import Found, measure, scale
from _runs import print_committed
from _show import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PINK,
    RED,
    SKY,
    Row,
    figure,
    look_at,
    options,
    table,
)

from refimpl.meanfield.experiments.actor_critic import DELAY
from refimpl.meanfield.experiments.cells import Cell
from refimpl.meanfield.experiments.settings import CRITIC_SIZES, Setting
from refimpl.meanfield.experiments.yardstick import NAME as BEST

SAC = {"SAC tabular": ORANGE, "SAC neural": RED}
COLOURS = {**SAC, "MF-R": BLUE, "NA-PS": GREEN, "RND": GREY, "RND-epoch": SKY, "JSQ": PINK}
COLOURS[BEST] = BLACK
PAPER = dict.fromkeys(SAC, "above MF-R (Fig. 4b)") | {"NA-PS": "not below MF-R (Fig. 5)"}
METHODS = {"MF-R": ("ours", "mean-field"), "NA-PS": ("ours", "parameter-sharing")}


def entry(policy: str, agents: int, dt: float = DELAY) -> Cell:
    """Name a policy on a ring."""
    return Cell(policy, Setting("ring", agents, dt), *METHODS.get(policy, ()))


def evaluated(policy: str, sizes: tuple[int, ...]) -> list[int]:
    """List the rings a policy is shown on: NA-PS where it was evaluated."""
    return [n for n in sizes if policy != "NA-PS" or n in (5, 21, 101)]


def draw(sizes: tuple[int, ...], found: Found, *axes: Any) -> None:
    for policy in SAC:
        seconds = [float(found.arrays(entry(policy, n))[0]["seconds"]) for n in sizes]
        axes[0].plot(sizes, seconds, "o-", color=COLOURS[policy], label=policy)
        curve = found.arrays(entry(policy, sizes[-1]))[0]
        steps, drops = curve["curve.steps"], curve["curve.evaluation"]
        axes[2].plot(steps, drops, "o-", color=COLOURS[policy], label=policy)
    axes[0].set(title="Fig. 4a: seconds for equal rounds", xlabel="agents", ylim=(0.0, None))
    for policy, colour in COLOURS.items():
        shown = evaluated(policy, sizes)
        means = [found.mean(entry(policy, n)) for n in shown]
        errors = [found.error(entry(policy, n)) for n in shown]
        style = {"fmt": "o-", "color": colour, "label": policy, "capsize": 3, "markersize": 4}
        axes[1].errorbar(shown, means, errors, **style)
    axes[1].set(title="Fig. 4b: drops at delay 3, 95%", xlabel="agents", ylim=(0.0, 12.0))
    axes[1].legend(ncols=3, loc="upper center")
    axes[2].set(title=f"SAC while it learns, {sizes[-1]} agents", xlabel="epochs played")


def main() -> None:
    given = options(__doc__ or "", __file__)
    sizes = given.choose((5, 21), (5, 11, 21), CRITIC_SIZES)
    size = scale(
        given,
        episodes=given.choose(10, 20, 100),
        rounds=dict.fromkeys(SAC, given.choose(40, 1_000, 0)),
        agents=sizes,
        iterations={
            ("mean-field", "ours"): given.choose(1, 20, 0),
            ("parameter-sharing", "ours"): given.choose(1, 4, 0),
        },
    )
    found = measure(given, size, [entry(p, n) for p in COLOURS for n in evaluated(p, sizes)])
    rounds = "; ".join(str(size.rounds[policy]) for policy in SAC)
    rows: list[Row] = [("rounds of SAC, tabular; neural", "not published", rounds)]
    for policy in SAC:
        first, last = (found.arrays(entry(policy, n))[0]["seconds"] for n in (sizes[0], sizes[-1]))
        title = f"{policy}: seconds, {sizes[0]}; {sizes[-1]} agents"
        rows.append((title, "grows (Fig. 4a)", f"{first:.1f}; {last:.1f}"))
    for n in sizes:
        for policy in (p for p in COLOURS if n in evaluated(p, sizes)):
            words = found.words(entry(policy, n), entry("RND", n))
            paper = PAPER.get(policy, "not published")
            rows.append((f"{n} agents, {policy}: drops (minus RND)", paper, words))
    table(rows)
    print_committed(
        "meanfield/fig-4a-sac-time",
        "meanfield/fig-4b-sac-worse",
        "meanfield/fig-5-na-ps-not-better",
    )
    look_at("SAC starts as RND-epoch and even after the rounds of --full is not down at RND.")
    figure(given, partial(draw, sizes, found), columns=3, size=(14.0, 4.2))
    for n in sizes:
        for policy in SAC:
            drops = found.drops(entry(policy, n))
            assert ((drops >= 0.0) & (drops < 50.0)).all()
        # both rules look at the own queue: the learned one is not below the best but by its slack
        assert found.mean(entry("MF-R", n)) > 0.95 * found.mean(entry(BEST, n))
    assert np.isfinite(found.mean(entry("NA-PS", sizes[0])))


if __name__ == "__main__":
    main()
