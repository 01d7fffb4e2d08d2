"""Cost against the number of devices: coordination, independent learners, exact references.

Shows: Figs 1a, 9 and 12. All methods get the same learning steps per agent on the same drawn games
and are evaluated exactly on the true joint cost. "published" has the numbers of Table 1 with the
decays we had to read into it; "ours" and "tuned" had twelve configurations each. A2C runs at the
smallest size only (not with --quick), MAPPO with --full; example 12 is about it.
Look at: cost beside violation, and the exact lines: above "never", learning did harm. "Best
budgets" minimise the approximate cost, so a true cost below that line is possible.
For: who asks which method to use at which size. Small runs prove little: use --full.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from _dcc import cost_and_violation, last, reference, scale
from _runs import print_committed, results
from _show import BLACK, BLUE, GREEN, GREY, ORANGE, PINK, RED, SKY, figure, look_at, options, table

from refimpl.dcc.experiments import scaling
from refimpl.dcc.experiments.runs import collect
from refimpl.ledger import Arrays

METHODS = {
    "dcc-published": ORANGE,
    "dcc-ours": BLUE,
    "iql-published": RED,
    "iql-tuned": PINK,
    "iql-common": BLACK,
    "a2c": SKY,
    "mappo": GREEN,
}
PAPER = {"iql-published": "above DCC (Fig. 1a)", "iql-common": "near IQL (Fig. 12)"}
NAMES = {"never": "never offload", "equilibrium": "selfish", "optimum": "best budgets"}
Curves = dict[int, dict[str, Arrays]]


def least_congestion(curve: Arrays, n_devices: int) -> Any:
    """Least discounted congestion per agent of devices that offload so often, linear penalty.

    n offloaders pay n (n - 1), which is convex: no less than at the mean of n (Jensen).
    """
    return curve["use"] * (n_devices * curve["use"] - 1.0) / 0.05


def draw(curves: Curves, exact: dict[int, Arrays], *axes: Any) -> None:
    sizes = list(curves)
    for name, style in (("never", ":"), ("equilibrium", "--"), ("optimum", "-")):
        costs = [exact[n][f"cost_{name}"].mean() for n in sizes]
        axes[0].plot(sizes, costs, style, color=GREY, label=f"{NAMES[name]}, exact")
    for method, colour in METHODS.items():
        there = [n for n in sizes if method in curves[n]]
        costs = [last(curves[n][method]["cost"]) for n in there]
        if there:
            axes[0].plot(there, costs, "o-", color=colour, label=method)
    shown = sizes[0]
    for method, curve in curves[shown].items():
        costs = curve["cost"].mean(axis=1)
        axes[1].plot(curve["steps"], costs, color=METHODS[method], label=method)
    axes[1].axhline(exact[shown]["cost_never"].mean(), color=GREY, linestyle=":")
    axes[1].axhline(exact[shown]["cost_optimum"].mean(), color=GREY)
    axes[0].set(title="End of training (Figs 1a, 12)", xlabel="number of devices", xticks=sizes)
    axes[1].set(title=f"{shown} devices (Fig. 9)", xlabel="learning steps per agent")
    for axis in axes:
        axis.set(ylabel="true discounted cost per agent", yscale="log")
        axis.yaxis.set_major_formatter("{x:.0f}")
        axis.yaxis.set_minor_formatter("{x:.0f}")
    axes[0].figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right")


def main() -> None:
    given = options(__doc__ or "", __file__)
    sizes, games = given.choose(((5,), 1), ((10, 20, 50), 3), ((10, 20, 50), 15))
    central = given.choose({}, {("a2c", 10): 1}, {})
    size = scale(given, sizes, games, given.choose(1_000, 1_000, 100_000), central_games=central)
    wanted = list(METHODS)[: given.choose(1, 7, 7)]
    jobs = {(n, m): scaling.jobs(m, n, size, 0) for n in sizes for m in wanted}
    jobs = {key: group for key, group in jobs.items() if group}
    found = results(given, (job for group in jobs.values() for job in group))
    curves: Curves = {n: {} for n in sizes}
    for (n, method), group in jobs.items():
        curves[n][method] = collect(found, group)
    exact = {n: reference(given, n, size) for n in sizes}
    rows: list[Any] = [("learning steps per agent; games", "about 1.6e6; 15", what(size))]
    for n in sizes:
        for name, words in NAMES.items():
            rows.append((f"{n} devices, {words}, exact", "not published", cost(exact[n], name)))
        for method, curve in curves[n].items():
            numbers = cost_and_violation(curve)
            n_games = curve["cost"].shape[1]
            name = f"  {method}" if n_games == size.n_games else f"  {method}, {n_games} games"
            rows.append((name, PAPER.get(method, "not published"), numbers))
    table(rows)
    print_committed("dcc/fig-1a-beats-independent", "dcc/fig-1a-beats-independent-repaired")
    look_at("a cost counts only beside its violation; grey lines are exact.")
    figure(given, partial(draw, curves, exact), columns=2, size=(13.0, 4.6))
    for n in sizes:
        for method, curve in curves[n].items():
            assert np.isfinite(curve["violation"]).all()
            if method not in ("a2c", "mappo"):  # whose cost is simulated
                assert (curve["congestion"] >= least_congestion(curve, n) - 1e-6).all()
                # the age is at least 1 in every slot: at least 1 / (1 - gamma)
                assert (curve["local"] >= 20.0 - 1e-6).all()


def what(size: Any) -> str:
    """Words for the learning effort."""
    return f"{16 * size.steps}; {size.n_games}"


def cost(exact: Arrays, name: str) -> str:
    """Words for an exact reference; all keep the frequencies that they are computed for."""
    return f"{exact[f'cost_{name}'].mean():.2f}, violation 0"


if __name__ == "__main__":
    main()
