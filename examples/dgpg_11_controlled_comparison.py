"""The controlled comparison: DG-PG, MAPPO and IPPO with linear models at 2, 5 and 10 servers.

Shows: DG-PG Fig. 3, sec. 6.3. Actor and critic are linear for all methods and share all settings of
Table 6; every method is run with both weights of longer sums in the advantages: 0.95 as in the
reference code, where the cost of a job that waits for a hundred steps must come through a linear
critic, and 1. The paper finds all comparable at 2 servers and a gap that grows.
Look at: N = 2, where there is one other agent: a gap there is not cross-agent noise.
For: auditors. Small runs prove little: use --full.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from _dgpg import Found, measure, scale, words
from _runs import print_committed
from _show import BLACK, BLUE, GREY, ORANGE, RED, Row, figure, look_at, options, table

from refimpl.dgpg.experiments import cells
from refimpl.dgpg.experiments.cells import LAMBDAS
from refimpl.dgpg.experiments.scale import Length, Scale
from refimpl.dgpg.experiments.systems import COMPARED

METHODS = {"linear DG-PG": RED, "linear MAPPO": BLUE, "linear IPPO": ORANGE}
LINES = {"Best-Fit": BLACK, "Random": GREY}
STYLES = dict(zip(LAMBDAS, ("o--", "o-"), strict=True))


def rows_of(found: Found, size: Scale, n: int) -> list[Row]:
    """Best checkpoints (minus DG-PG's); what training saves of the first episode's cost."""
    rows: list[Row] = []
    for lam in LAMBDAS:
        guided = found.best(cells.comparison(size, n, "linear DG-PG", lam))
        for method in METHODS:
            runs = cells.comparison(size, n, method, lam)
            shown = words(found.best(runs), None if method == "linear DG-PG" else guided)
            expected = "comparable" if n == 2 else "behind" if method != "linear DG-PG" else "best"
            curve = found.curve(runs)
            saved = f"; {100.0 * (1.0 - curve[-1] / curve[0]):+.0f}%"
            rows.append((f"N = {n}, lambda {lam:g}, {method}", expected, shown + saved))
    for policy in LINES:
        rows.append((f"N = {n}, {policy}", "not published", words(found.reference(n, policy))))
    return rows


def draw(found: Found, *axes: Any) -> None:
    for axis, n in zip(axes, COMPARED, strict=True):
        for method, colour in METHODS.items():
            for lam, style in STYLES.items():
                runs = cells.comparison(found.size, n, method, lam)
                at, tested = found.checkpoints(runs)
                name = f"{method.split()[1]}, lambda {lam:g}"
                axis.plot(at, -tested, style, color=colour, markersize=4, label=name)
        for policy, colour in LINES.items():
            level = -found.reference(n, policy).mean()
            axis.axhline(level, color=colour, linestyle=":", label=policy)
        axis.set(title=f"Fig. 3: N = {n}, test episodes", xlabel="episode", yscale="log")
    axes[0].set_ylabel("cost per step")
    axes[0].figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right")


def main() -> None:
    given = options(__doc__ or "", __file__)
    length = given.choose(Length(2, 1, 3, 1), Length(12, 3, 5, 1), Length(1, 1, 1, 1))
    size = scale(
        given,
        steps=given.choose(60, 300, 0),
        compared=dict.fromkeys(METHODS, length),
        neural={10: length},
    )
    keys = [(n, method, lam) for n in COMPARED for method in METHODS for lam in LAMBDAS]
    wanted = [run for n, m, lam in keys for run in cells.comparison(size, n, m, lam)]
    references = [cells.reference(size, n, policy) for n in COMPARED for policy in LINES]
    found = measure(given, size, [*wanted, *references])
    table([row for n in COMPARED for row in rows_of(found, size, n)])
    print_committed(
        "dgpg/fig-3-comparable-at-2",
        "dgpg/fig-3-gap-grows",
        "dgpg/abstract-baselines-fail",
        "dgpg/app-h-constants",
    )
    look_at("brackets, the difference to DG-PG, at one size; percents, what training saved.")
    figure(given, partial(draw, found), columns=3, size=(15.0, 4.4))
    for n in COMPARED:
        assert found.reference(n, "Random").mean() < found.reference(n, "Best-Fit").mean()


if __name__ == "__main__":
    main()
