"""Whether it matters where the budgets start.

Shows: Figs 2 and 3. The paper starts from zero and from near-final budgets and sees lower costs
sooner and the same end after five updates; no number is printed. The near-final budgets here are
chosen: for "published", what five steps can reach (0.57 together); for "ours", the sum of the
exact optimum's budgets. Exact answers, all that --quick computes, separate start from learning.
Look at: the exact curves. Five published steps from zero do not catch up with a warm start, so
there the end is the starting point; the longer loop nearly forgets it. (Best budgets minimise the
approximate cost; a true cost below their line is possible.)
For: who wants to know how much of an end result is the starting point.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from _dcc import cost_and_violation, last, reference, scale
from _runs import print_committed, results
from _show import BLUE, GREY, ORANGE, UNPUBLISHED, figure, look_at, options, table

from refimpl.dcc.experiments import warm_start
from refimpl.dcc.experiments.runs import Run, job
from refimpl.dcc.experiments.warm_start import CROWDS
from refimpl.ledger import Arrays

EXACT = {"dcc-published": "dcc-exact-differences", "dcc-ours": "dcc-exact"}
COLOURS = {"dcc-published": ORANGE, "dcc-ours": BLUE}
Starts = dict[tuple[str, str, int], tuple[Arrays, Arrays]]


def draw(found: Starts, exact: dict[int, Arrays], size: int, *axes: Any) -> None:
    for axis, kind in zip(axes, ("exact solver", "learned"), strict=False):
        for (name, method, n), curves in found.items():
            for start, style, curve in zip(("zero", "warm"), ("-", "--"), curves, strict=True):
                if name == kind and n == size:
                    costs = curve["cost"].mean(axis=1)
                    label = f"{method}, from {start}"
                    axis.plot(costs, f"{style}o", color=COLOURS[method], markersize=3, label=label)
        axis.axhline(exact[size]["cost_never"].mean(), color=GREY, linestyle=":", label="never")
        best = exact[size]["cost_optimum"].mean()
        axis.axhline(best, color=GREY, label="best budgets, exact")
        axis.set(title=f"{size} devices, {kind}", xlabel="budget update", yscale="log")
        axis.yaxis.set_major_formatter("{x:.0f}")
        axis.yaxis.set_minor_formatter("{x:.0f}")
    axes[0].set_ylabel("true discounted cost per agent")


def main() -> None:
    given = options(__doc__ or "", __file__)
    sizes, games = given.choose(((10,), 1), ((10, 20), 3), ((10, 20, 50), 15))
    size = scale(given, sizes, games, given.choose(1_000, 4_000, 100_000))
    methods = list(COLOURS)[: given.choose(1, 2, 2)]
    pairs: dict[tuple[str, str, int], Any] = {}
    for n in sizes:
        for method in methods:
            warm = CROWDS[method, n] / n
            runs = (Run(EXACT[method], n, size.games, 1_000, first=first) for first in (0.0, warm))
            if given.profile != "quick":
                pairs["learned", method, n] = warm_start.jobs(method, n, size, 0)
            pairs["exact solver", method, n] = tuple(job(run, 0) for run in runs)
    done = results(given, (each for pair in pairs.values() for each in pair))
    found: Starts = {key: (done[a.name], done[b.name]) for key, (a, b) in pairs.items()}
    exact = {n: reference(given, n, size) for n in sizes}
    rows: list[Any] = []
    for n in sizes:
        best = f"{exact[n]['cost_optimum'].mean():.2f}, violation 0.000"
        rows.append((f"{n} devices, best budgets, exact: cost", UNPUBLISHED, best))
        for (kind, method, m), (zero, near) in found.items():
            if m == n:
                rows += [
                    (f"  {method}, {kind}, from zero: cost", UNPUBLISHED, cost_and_violation(zero)),
                    ("    from near-final budgets", UNPUBLISHED, cost_and_violation(near)),
                    ("    warm - zero, first", "< 0 (Fig. 3)", first(near) - first(zero)),
                    (
                        "    warm - zero, last",
                        (0.0, "Fig. 2"),
                        last(near["cost"]) - last(zero["cost"]),
                    ),
                ]
    table(rows)
    print_committed("dcc/fig-2-warm-start-same-end", "dcc/fig-3-warm-start-earlier")
    look_at("first differences are the head start, last ones what is left of it.")
    figure(given, partial(draw, found, exact, sizes[0]), given.choose(1, 2, 2), (11.0, 4.4))
    for (kind, method, n), (zero, near) in found.items():
        assert np.allclose(zero["budget_path"][0], 0.0)
        assert np.allclose(near["budget_path"][0], CROWDS[method, n] / n)
        if kind == "exact solver":  # exact policies keep every budget
            assert max(zero["violation"].max(), near["violation"].max()) < 1e-9
        if method == "dcc-published":  # 0.25 (1 + 1/2 + ... + 1/5) is all five steps can move
            moved = np.abs(zero["budget_path"][-1]).sum(axis=1)
            assert (moved <= 0.25 * 137.0 / 60.0 + 1e-9).all()


def first(curve: Arrays) -> float:
    """Mean cost over the games at the first point."""
    return float(curve["cost"][0].mean())


if __name__ == "__main__":
    main()
