"""The weight of the guidance: six constant weights, from the return alone to guidance alone.

Shows: DG-PG Fig. 2, sec. 6.2. The paper compares 0.2 to 0.8 and finds the best checkpoints within a
percent of each other, larger weights faster and smaller ones marginally better in the end. Here 0
(MAPPO) and 1 (no return at all) are run too, with the same networks and schedules: they tell what
the mixture owes to which part. Test episodes are the same for all, so differences are paired.
Look at: whether the weight 1, which never sees a reward, is worse than the mixtures.
For: auditors, implementers who must choose a weight. Small runs prove little: use --full.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from _dgpg import Found, measure, scale, words
from _runs import print_committed
from _show import BLACK, BLUE, GREEN, ORANGE, RED, SKY, Row, figure, look_at, options, table

from refimpl.dgpg.experiments import cells
from refimpl.dgpg.experiments.scale import Length, Scale
from refimpl.dgpg.experiments.systems import ALPHAS

COLOURS = dict(zip(ALPHAS, (BLACK, SKY, GREEN, ORANGE, BLUE, RED), strict=True))
LINES = {"Best-Fit": ":", "myopic simultaneous": "--"}
QUICK = {10: Length(2, 1, 4, 1)}
BETWEEN = {10: Length(8, 2, 4, 1), 50: Length(2, 1, 3, 1)}


def rows_of(found: Found, size: Scale, n: int) -> list[Row]:
    """Best checkpoints of all weights, and how far they are apart."""
    runs = {alpha: cells.weight(size, n, alpha) for alpha in ALPHAS}
    best = {alpha: found.best(each) for alpha, each in runs.items()}
    rows: list[Row] = []
    for alpha, rewards in best.items():
        shown = words(rewards, None if alpha == 0.8 else best[0.8])
        rows.append((f"N = {n}, weight {alpha:g}: best (minus 0.8's)", "not published", shown))
        early = float(found.checkpoints(runs[alpha], "validation sampled")[1][0])
        rows.append(("  reward at the first checkpoint", "rises with the weight", early))
    published = [best[alpha].mean() for alpha in (0.2, 0.4, 0.6, 0.8)]
    spread = float(np.ptp(published) / abs(np.mean(published)))
    rows.append((f"N = {n}: spread of 0.2 to 0.8", "< 0.01 (v1, N = 50)", spread))
    others = np.mean([found.best(each, "validation sampled").mean() for each in runs.values()])
    gain = float((np.mean([b.mean() for b in best.values()]) - others) / abs(others))
    rows.append(("  gained by choosing on the test episodes", "not published", gain))
    for policy in LINES:
        rows.append((f"  {policy}", "not published", words(found.reference(n, policy))))
    return rows


def draw(found: Found, *axes: Any) -> None:
    for axis, n in zip(axes, found.size.weights, strict=True):
        for alpha, colour in COLOURS.items():
            runs = cells.weight(found.size, n, alpha)
            curve, (at, tested) = found.curve(runs), found.checkpoints(runs)
            episodes = np.arange(1, len(curve) + 1)
            axis.plot(episodes, -curve, color=colour, linewidth=1, alpha=0.6)
            axis.plot(at, -tested, "o-", color=colour, label=f"weight {alpha:g}")
        for policy, style in LINES.items():
            level = -found.reference(n, policy).mean()
            axis.axhline(level, color="k", linestyle=style, linewidth=1, label=policy)
        axis.set(title=f"Fig. 2: N = {n}", xlabel="episode", yscale="log")
        axis.xaxis.get_major_locator().set_params(integer=True)
    axes[0].set_ylabel("cost per step; thin: in training")
    axes[0].figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right")


def main() -> None:
    given = options(__doc__ or "", __file__)
    lengths = given.choose(QUICK, BETWEEN, {})
    size = scale(given, steps=given.choose(90, 300, 0), weights=lengths, neural=lengths)
    wanted = [run for n in size.weights for a in ALPHAS for run in cells.weight(size, n, a)]
    references = [cells.reference(size, n, policy) for n in size.weights for policy in LINES]
    found = measure(given, size, [*wanted, *references])
    table([row for n in size.weights for row in rows_of(found, size, n)])
    print_committed(
        "dgpg/fig-2-robust",
        "dgpg/fig-2-larger-is-faster",
        "dgpg/fig-2-smaller-is-better-finally",
        "dgpg/sec-5.2-mixture-beats-guidance-alone",
    )
    look_at("the bracket of weight 1: what the mixture 0.8 has over guidance alone.")
    columns = len(size.weights)
    figure(given, partial(draw, found), columns=columns, size=(5.0 * columns + 2.5, 4.4))
    for run in wanted:
        curve = found.arrays(run)
        assert np.isfinite(curve["reward"]).all()
        # every checkpoint chosen on the test episodes is at least as good there as any other
        best, other = found.best([run]).mean(), found.best([run], "validation sampled").mean()
        assert best >= other


if __name__ == "__main__":
    main()
