"""How often devices offload while they learn.

Shows: Figs 1b and 10. The paper sees DCC go from never offloading to a moderate steady frequency,
and independent learners overuse the server; it prints no number. Frequencies here are discounted
(eq. 9) and exact for the learned policies, and stand beside those of the best budgets and of the
selfish equilibrium.
Look at: where each curve ends relative to the two exact lines, and by how much DCC overruns the
budgets it has set itself.
For: who wants to know whether the budgets really hold the learners back.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from _dcc import cost_and_violation, last, reference, scale
from _runs import print_committed, results
from _show import BLUE, GREY, ORANGE, RED, UNPUBLISHED, figure, look_at, options, table

from refimpl.dcc.experiments import scaling
from refimpl.ledger import Arrays

METHODS = {"dcc-published": ORANGE, "iql-published": RED, "dcc-ours": BLUE}
Curves = dict[int, dict[str, Arrays]]


def draw(curves: Curves, exact: dict[int, Arrays], *axes: Any) -> None:
    for axis, (n, group) in zip(axes, curves.items(), strict=True):
        for method, curve in group.items():
            use, colour = curve["use"], METHODS[method]
            axis.plot(curve["steps"], use.mean(axis=1), color=colour, label=method)
            if use.shape[1] > 1:
                axis.fill_between(
                    curve["steps"], use.min(axis=1), use.max(axis=1), color=colour, alpha=0.15
                )
            if "budget_path" in curve:
                paths = curve["budget_path"].mean(axis=(1, 2))
                axis.plot(curve["steps"], paths, ":", color=colour, label=f"{method}: its budgets")
        for name, style, words in (
            ("optimum", "-", "best budgets"),
            ("equilibrium", "--", "selfish"),
        ):
            level = exact[n][f"use_{name}"].mean()
            axis.axhline(level, linestyle=style, color=GREY, label=f"{words}, exact")
        axis.set(title=f"{n} devices", xlabel="learning steps per agent")
        axis.set_ylim(bottom=-0.01)
    axes[0].set_ylabel("mean offloading frequency (per slot)")
    handles = axes[0].get_legend_handles_labels()
    axes[0].figure.legend(*handles, loc="outside lower center", ncols=4)


def main() -> None:
    given = options(__doc__ or "", __file__)
    sizes, games = given.choose(((5,), 1), ((10, 20, 50), 3), ((10, 20, 50), 15))
    size = scale(given, sizes, games, given.choose(1_000, 2_000, 100_000))
    methods = list(METHODS)[: given.choose(2, 3, 3)]
    jobs = {(n, m): scaling.jobs(m, n, size, 0) for n in sizes for m in methods}
    found = results(given, (job for group in jobs.values() for job in group))
    curves: Curves = {n: {m: found[jobs[n, m][0].name] for m in methods} for n in sizes}
    exact = {n: reference(given, n, size) for n in sizes}
    rows: list[Any] = []
    for n in sizes:
        best, selfish = (float(exact[n][f"use_{k}"].mean()) for k in ("optimum", "equilibrium"))
        rows += [
            (f"{n} devices, best budgets, exact", UNPUBLISHED, best),
            ("  selfish equilibrium, exact", UNPUBLISHED, selfish),
        ]
        for method, curve in curves[n].items():
            words = "overuse" if method.startswith("iql") else "0 to moderate"
            path = f"{curve['use'][0].mean():.3f} -> {last(curve['use']):.3f}"
            rows.append((f"  {method}, first -> last", f"{words} (Figs 1b, 10)", path))
            rows.append(("    cost per agent", UNPUBLISHED, cost_and_violation(curve)))
    table(rows)
    print_committed("dcc/fig-1b-offloading", "dcc/fig-10-offloading")
    look_at("frequencies against the grey lines; the gap of solid and dotted is the violation.")
    figure(
        given, partial(draw, curves, exact), columns=len(sizes), size=(4.0 + 3.2 * len(sizes), 4.6)
    )
    for group in curves.values():
        for curve in group.values():
            assert ((curve["use"] >= 0.0) & (curve["use"] <= 1.0)).all()
            if "budget_path" in curve:
                # mean over devices of max(use - budget, 0) is at least the difference of the means
                gap = curve["use"] - curve["budget_path"].mean(axis=2)
                assert (curve["violation"] >= gap - 1e-12).all()
                assert (curve["budget_path"][0] == 0.0).all()
            else:
                assert np.all(curve["violation"] == 0.0)


if __name__ == "__main__":
    main()
