"""SRR and both arms taken apart: sum or mean, shrinking alone, plain layer norm.

Shows: SCALE secs 4.2.2, 4.3, 5.6, Table 5. If decorrelation is what helps, features that are only
made smaller should not do as well; if the text is what was run, the sum of the covariances should
give Table 5, and not their mean. Two more variants have layer norms without gain and shift.
Look at: variance shrinkage beside SCALE, and which reading is near the printed numbers.
For: auditors, implementers. SRR rests for ten epochs: --quick shows the table, --full the answer.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from _runs import print_committed
from _scale import Found, measure, runs, scale, words
from _show import BLACK, BLUE, GREY, RED, Row, figure, look_at, options, table

from refimpl.scale.experiments import cells
from refimpl.scale.experiments.batteries import Episodes
from refimpl.scale.experiments.runs import Run
from refimpl.scale.experiments.scale import Length
from refimpl.scale.experiments.systems import System
from refimpl.scale.theory.printed import COVARIANCE, DIVERGENCE, RESPONSE

FEW = (*cells.ARMS, "CrossAttn, plain norm")
ALL = (*cells.ARMS, *cells.ABLATIONS)
TABLES = {"covariance": COVARIANCE, "kl": DIVERGENCE}
NAMES = ("covariance", "kl", "correlation", "variance")
CLAIMS = ("srr-beyond-shrinking", "table-5-by-sum", "table-5-by-mean", "layer-norm-affine")
Variants = dict[str, tuple[Run, ...]]


def value(found: Found, trained: Variants, name: str, n: int, rule: str, what: str) -> Any:
    """Every run's mean of a metric on clusters of a size."""
    return found.trained(trained[name], what, cells.trial(found.size, System(n), rule))


def rows_of(found: Found, trained: Variants, name: str) -> list[Row]:
    """Features at 16 servers and results at 48, in brackets minus CrossAttn's."""
    rows: list[Row] = []
    printed = name if name in cells.ARMS else "SCALE" if name == "mean decorrelation" else None
    for what in NAMES:
        here = value(found, trained, name, 16, "greedy", f"visited {what}")
        if printed and what in TABLES:
            paper = TABLES[what][printed][16], "Table 5"
            rows.append((f"{name}: {what}", paper, float(here.mean())))
        else:
            rows.append((f"{name}: {what}", "not published", words(here)))
    for rule in ("greedy", "masked"):
        response, tasks = (
            [value(found, trained, each, 48, rule, what) for each in (name, "CrossAttn")]
            for what in ("response", "completed")
        )
        gap = None if name == "CrossAttn" else response[1]
        shown = f"{words(response[0], gap)} s; {words(tasks[0])}"
        rows.append((f"  N = 48, {rule}: response; tasks", "not published", shown))
    return rows


def draw(found: Found, trained: Variants, left: Any, right: Any) -> None:
    for k, name in enumerate(trained):
        marker = dict(zip(cells.ARMS, "*D", strict=True)).get(name, "o")
        cov, correlation = (
            value(found, trained, name, 16, "greedy", f"visited {what}").mean()
            for what in ("covariance", "correlation")
        )
        left.loglog(cov, correlation, marker, markersize=9, label=name)
        for rule, shift, colour in (("greedy", -0.2, RED), ("masked", 0.2, BLUE)):
            each = value(found, trained, name, 48, rule, "response")
            right.barh(k + shift, each.mean(), 0.4, color=colour, label=rule if k == 0 else None)
            right.plot(each, np.full(len(each), k + shift), "k.", markersize=4)
    left.axvline(COVARIANCE["SCALE"][16], color=GREY, ls="--", label="SCALE, paper")
    left.axvline(COVARIANCE["CrossAttn"][16], color=GREY, ls=":", label="CrossAttn, paper")
    left.set(
        title="Features at 16 servers", xlabel="mean |covariance|", ylabel="mean |correlation|"
    )
    left.legend(fontsize="x-small", loc="center left", bbox_to_anchor=(1.0, 0.5))
    right.axvline(RESPONSE["SCALE"][48].mean, color=BLACK, ls="--", label="SCALE, paper")
    right.set_yticks(range(len(trained)), list(trained))
    right.set(title="Response of completed tasks at 48 servers, s", xlim=(0.0, 14.0))


def main() -> None:
    given = options(__doc__ or "", __file__)
    length = given.choose(Length(1, 1), Length(20, 2), Length(1, 1))
    episodes = given.choose(Episodes(1), Episodes(10, (), 12.0), Episodes(1))
    size = scale(given, arms=length, ablations=length, episodes=episodes)
    names = given.choose(FEW, ALL, ALL)
    trained = {name: runs(given, size, name, "smallest and largest") for name in names}
    # Variants have fewer runs than the arms; runs of equal number are compared.
    trained = {name: each[: size.ablations.seeds] for name, each in trained.items()}
    found = measure(given, size, [run for each in trained.values() for run in each])
    table([row for name in names for row in rows_of(found, trained, name)])
    print_committed(*(f"scale/{name}" for name in CLAIMS))
    look_at("correlations, and what shrinking alone does to the covariance.")
    figure(given, partial(draw, found, trained), columns=2, size=(15.0, 4.8))
    for name in names:
        curve = found.curve(trained[name], "entropy")[1]
        assert np.isfinite(curve).all()
        assert (curve <= np.log(16) + 1e-6).all()


if __name__ == "__main__":
    main()
