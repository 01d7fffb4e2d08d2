"""What more servers do to features and probabilities, and what they do not.

Shows: SCALE secs 1, 4.3. Softmax attention averages: the variance of what it aggregates falls with
the number of servers, as the participation sum a_j^2 does. More servers flatten the softmax, but
ratios of probabilities stay and so does the best server; the best sixteenth of the servers even
gains. And features that are right at 16 servers drift at 48, whatever was done to them at 16:
uniform attention calibrated to unit variance there has variance 1/3 at 48.
Look at: the middle picture: the largest probability falls, the mass of the best N / 16 does not.
For: readers of sec. 1, who wonder what regularisation has to repair.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from _show import BLACK, BLUE, GREEN, ORANGE, RED, Row, figure, look_at, options, table

from refimpl.scale.network.parameters import Shape, init
from refimpl.scale.network.pointer import forward
from refimpl.scale.objective.feature_statistics import feature_statistics
from refimpl.scale.theory import attention_statistics as theory
from refimpl.scale.theory import untrained
from refimpl.scale.theory.moments import moment_loss
from refimpl.scale.theory.untrained import drawn_states, drawn_states_of_table_1, features_of
from refimpl.shared.seeds import generator

SIZES = (16, 32, 48, 128, 256)
TASK = np.array([2.5, 0.2, 0.2, 0.5, 0.5])


def of_untrained(nets: int, batch: int, name: str) -> list[float]:
    """Statistic of untrained networks' features by size, their mean."""
    found = []
    for n in SIZES[:3]:
        rngs = [generator(0, "example", "untrained", k) for k in range(nets)]
        drawn = [features_of(init(r, Shape()), drawn_states(r, batch, n)) for r in rngs]
        found.append(float(np.mean([feature_statistics(f)[name] for f in drawn])))
    return found


def flattening(batch: int) -> tuple[list[float], list[float], float]:
    """Largest probability and mass of the best N / 16 by size; change of a ratio at 3 x 16."""
    params = init(generator(0, "example", "policy"), Shape())
    params["pointer_query"] *= 10.0  # a policy that prefers some servers clearly
    largest, best = [], []
    for n in SIZES:
        task, servers = drawn_states_of_table_1(generator(0, "example", "states"), batch, n)
        pi = np.sort(theory.softmax(forward(params, task, servers)[0].logits), axis=1)
        largest.append(float(pi[:, -1].mean()))
        best.append(float(pi[:, -(n // 16) :].sum(axis=1).mean()))
    task, servers = drawn_states(generator(0, "example", "states"), batch, 16)
    copies = np.tile(servers, (1, 3, 1))
    few, many = (theory.softmax(forward(params, task, s)[0].logits) for s in (servers, copies))
    other = (few.argmax(axis=1) != many.argmax(axis=1) % 16).sum()
    ratios = np.abs((few / few[:, :1]) / (many[:, :16] / many[:, :1]) - 1).max()
    return largest, best, float(ratios + other)


def calibrated_at_16(batch: int) -> list[dict[str, float]]:
    """Statistics by size of uniform attention that has L_d = 0 on 16 servers."""
    rng = generator(0, "example", "calibration")
    params = untrained.with_uniform_attention(init(rng, Shape()))
    states = untrained.with_one_task(drawn_states, TASK)
    params = untrained.calibrated(params, features_of(params, states(rng, batch, 16)))
    return [feature_statistics(features_of(params, states(rng, batch, n))) for n in SIZES]


def draw(aggregate: Any, flat: Any, moved: Any, left: Any, middle: Any, right: Any) -> None:
    exact = [theory.normal_participation(n, 1.0) for n in SIZES]
    left.loglog(SIZES, exact, color=BLACK, label="exact")
    left.loglog(SIZES, aggregate, "o", color=BLUE, label="sampled")
    rare = [theory.selection_variance(n, 1 / 48) for n in SIZES]
    left.loglog(SIZES, rare, "o--", color=RED, label="attention looking for 1 in 48")
    left.set(title="Variance of the aggregate, of one server: 1", ylim=(1e-5, 1))
    middle.semilogx(SIZES, flat[0], "o-", color=RED, label="largest probability")
    middle.semilogx(SIZES, flat[1], "o-", color=BLUE, label="mass of the best N / 16")
    middle.set(title="A policy on more servers", ylim=(0, None))
    exact = [moment_loss(np.zeros(1), np.array([theory.drift(n, 16)])) for n in SIZES]
    right.semilogx(SIZES, exact, color=BLACK, label="L_d of variance 16 / N")
    right.semilogx(SIZES, [m["kl"] for m in moved], "o-", color=ORANGE, label="a network, L_d")
    right.semilogx(SIZES, [m["variance"] for m in moved], "s-", color=GREEN, label="its variance")
    right.set(title="Uniform attention, calibrated at 16")
    for axis in (left, middle, right):
        axis.set(xlabel="servers")
        axis.set_xticks(SIZES, [str(n) for n in SIZES])
        axis.set_xticks([], minor=True)


def main() -> None:
    given = options(__doc__ or "", __file__)
    draws, batch = given.choose((1000, 40), (5000, 300), (50_000, 1000))
    scores = generator(0, "example", "scores").normal(size=(draws, SIZES[-1]))
    aggregate = [float(theory.participation(theory.softmax(scores[:, :n])).mean()) for n in SIZES]
    largest, best, changed = flattening(batch)
    moved = calibrated_at_16(8 * batch)
    rows: list[Row] = []
    for k, n in enumerate(SIZES[:3]):
        exact = (theory.normal_participation(n, 1.0), "exact"), (theory.drift(n, 16), "exact")
        rows.append((f"N = {n}: variance of the aggregate", exact[0], aggregate[k]))
        rows.append(("  largest probability", "falls", largest[k]))
        rows.append(("  mass of the best N / 16", "flattens", best[k]))
        rows.append(("  variance, 1 at 16", exact[1], moved[k]["variance"]))
    for name in ("variance", "correlation"):
        shown = ", ".join(f"{x:.3f}" for x in of_untrained(given.choose(2, 4, 20), batch, name))
        rows.append((f"untrained networks: {name} at 16, 32, 48", "grows (sec. 1)", shown))
    rows.append(("three copies: ratios and best servers changed", (0.0, "exact"), changed))
    table(rows)
    look_at("'grows' and 'flattens' beside what is found.")
    figure(given, partial(draw, aggregate, (largest, best), moved), columns=3, size=(16.0, 4.2))
    assert changed < 1e-9
    assert aggregate[-1] < aggregate[2] < aggregate[0]
    assert moved[2]["variance"] < 0.6


if __name__ == "__main__":
    main()
