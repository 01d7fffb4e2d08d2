"""Specifies the empirical claims: each is found where it is planted, and only there.

The subject of an empirical claim is what was measured, so these tests make up the measurements:
once as the paper shows them, once spoilt in one respect; the control must flip in both cases.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from refimpl.dgpg.claims import (
    experiments_comparison,
    experiments_failures,
    experiments_ours,
    experiments_scalability,
    experiments_variance,
    experiments_weights,
)
from refimpl.dgpg.claims.experiments_results import Cell, best_row, evaluated, job_of, shortfall
from refimpl.dgpg.experiments.references import Reference
from refimpl.dgpg.experiments.training import Run
from refimpl.dgpg.experiments.variance import Measurement
from refimpl.ledger import Arrays, Claim, Verdict
from tests.dgpg.claims.planted import paper, run_arrays
from tests.planted import outcome

MODULES = (
    experiments_scalability,
    experiments_comparison,
    experiments_weights,
    experiments_failures,
    experiments_variance,
    experiments_ours,
)
CLAIMS = {claim.id.removeprefix("dgpg/"): claim for m in MODULES for claim in m.CLAIMS}
Spoil = Callable[[Cell, Arrays], Arrays]


def final(value: Callable[[Run], float | None]) -> Spoil:
    """Another final reward for some runs."""

    def spoil(cell: Cell, arrays: Arrays) -> Arrays:
        if not isinstance(cell, Run) or (reward := value(cell)) is None:
            return arrays
        return run_arrays(cell, reward)

    return spoil


def curve(cell: Cell, arrays: Arrays, **changes: np.ndarray) -> Arrays:
    return {**arrays, **changes} if isinstance(cell, Run) else arrays


def never_converges(cell: Cell, arrays: Arrays) -> Arrays:
    return curve(cell, arrays, reward=np.linspace(-90.0, -1.0, len(arrays["reward"])))


def late_with_many(cell: Cell, arrays: Arrays) -> Arrays:
    if not isinstance(cell, Run) or cell.system.n_servers == 10:
        held = np.full_like(arrays.get("validation sampled", np.zeros(1)), -5.0)
        return curve(cell, arrays, **{"validation sampled": held})
    late = np.full((cell.episodes, cell.held_out), -90.0)
    late[-1] = -1.0
    return {**arrays, "validation sampled": late}


def credited_too_early(cell: Cell, arrays: Arrays) -> Arrays:
    if not isinstance(cell, Run):
        return arrays
    late = np.full((cell.episodes, cell.held_out), -90.0)
    late[-1] = -1.0
    return {**arrays, "reward": np.full(cell.episodes, -5.0), "validation sampled": late}


def misleading_validation(cell: Cell, arrays: Arrays) -> Arrays:
    if not isinstance(cell, Run):
        return arrays
    return {**arrays, "validation sampled": -50.0 - arrays["test sampled"]}


def herding(cell: Cell, arrays: Arrays) -> Arrays:
    if not isinstance(cell, Run):
        return arrays
    return {**arrays, "test greedy": 40 * arrays["test sampled"]}


def random_improves(cell: Cell, arrays: Arrays) -> Arrays:
    if not isinstance(cell, Reference):
        return arrays
    return {**arrays, "reward": arrays["reward"] / cell.system.n_servers**2}


def mappo_gets_worse(cell: Cell, arrays: Arrays) -> Arrays:
    if isinstance(cell, Run) and cell.system.constants == "suggested":
        return {**arrays, "reward": np.linspace(-1.0, -9.0, cell.episodes)}
    return arrays


def diagnostics(key: str, value: float) -> Spoil:
    def spoil(cell: Cell, arrays: Arrays) -> Arrays:
        return curve(cell, arrays, **{key: np.full(len(arrays["reward"]), value)})

    return spoil


def steeper(cell: Cell, arrays: Arrays) -> Arrays:
    assert isinstance(cell, Measurement)
    return {k: v * float(cell.n_servers) ** 1.2 for k, v in arrays.items()}


def is_neural(run: Run) -> bool:
    return run.method == "neural DG-PG"


SPOILT: dict[str, Spoil] = {
    "table-9-within-20": never_converges,
    "fig-4a-scale-invariant": late_with_many,
    "table-9-criterion": credited_too_early,
    "table-1-matches-best-fit": final(lambda _: -7.0),
    "table-1-beats-best-fit": final(lambda _: -6.5),
    "sec-6.4-learns-more-than-the-rule": final(lambda _: -7.5),
    "sec-6.4-matches-jobs-to-servers": final(lambda _: -9.0),
    "sec-6.4-observations-suffice": lambda cell, arrays: (
        {**arrays, "reward": 0 * arrays["reward"] - 6.5}
        if isinstance(cell, Reference) and cell.policy == "myopic observed"
        else arrays
    ),
    "table-1-random-worsens": random_improves,
    "app-i.1-checkpoints": misleading_validation,
    "app-i.1-likeliest-actions": herding,
    "fig-3-comparable-at-2": final(lambda run: -8.0 if "PPO" in run.method else None),
    "fig-3-gap-grows": final(lambda run: -8.0 if "PPO" in run.method else None),
    "abstract-baselines-fail": final(lambda run: -8.0 if "PPO" in run.method else None),
    "app-h-constants": mappo_gets_worse,
    "fig-2-robust": final(lambda run: -5.0 - run.alpha if run.alpha is not None else None),
    "fig-2-larger-is-faster": final(
        lambda run: -5.0 - 30 * run.alpha if run.alpha is not None else None
    ),
    "fig-2-smaller-is-better-finally": final(
        lambda run: -6.0 + run.alpha if run.alpha is not None else None
    ),
    "sec-5.2-mixture-beats-guidance-alone": final(
        lambda run: -5.0 if run.alpha is not None else None
    ),
    "table-8-entropy-collapse": diagnostics("actor_entropy", 0.65),
    "table-8-slow-critic": diagnostics("explained_variance", 0.8),
    "table-8-no-run-learns": final(lambda run: -6.0 if "failure" in run.method else None),
    "table-8-shaping-negligible": final(lambda run: -80.0 if run.method == "failure 7" else None),
    "ours-closes-the-gap": final(lambda run: -9.0 if run.method == "ours" else None),
    "ours-beats-best-fit": final(lambda run: -9.0 if run.method == "ours" else None),
    "ours-needs-guidance": final(lambda run: -9.0 if run.alpha is None else -5.0),
    **{claim.id.removeprefix("dgpg/"): steeper for claim in experiments_variance.CLAIMS},
}


def test_every_claim_has_a_spoilt_world() -> None:
    assert SPOILT.keys() == CLAIMS.keys()


@pytest.mark.parametrize("name", CLAIMS)
def test_a_claim_is_found_where_the_paper_is_right(name: str) -> None:
    finding, control = outcome(CLAIMS[name], paper)
    assert finding.verdict is Verdict.HOLDS_STATISTICALLY
    assert control.verdict is Verdict.NOT_REPRODUCED


@pytest.mark.parametrize("name", CLAIMS)
def test_a_claim_is_not_found_where_it_is_spoilt(name: str) -> None:
    finding, control = outcome(CLAIMS[name], lambda cell: SPOILT[name](cell, paper(cell)))
    assert finding.verdict is Verdict.NOT_REPRODUCED
    assert control.verdict is Verdict.HOLDS_STATISTICALLY


@pytest.mark.parametrize("name", CLAIMS)
def test_the_full_profile_reads_what_its_jobs_return(name: str) -> None:
    finding, control = outcome(CLAIMS[name], paper, "full")
    assert finding.verdict is not control.verdict


def test_the_best_checkpoint_is_among_those_evaluated() -> None:
    test = np.array([[np.nan, np.nan], [-3.0, -5.0], [np.nan, np.nan], [-2.0, -7.0]])
    validation = np.where(np.isnan(test), np.nan, [[0.0], [-9.0], [0.0], [-8.0]])
    arrays = {"test sampled": test, "validation sampled": validation}
    assert evaluated(arrays).tolist() == [1, 3]
    assert best_row(arrays) == 1
    assert best_row(arrays, "validation sampled") == 3


def test_a_shortfall_is_relative_to_the_reference() -> None:
    assert shortfall(np.array([-15.0]), np.array([-10.0])) == pytest.approx(0.5)
    assert shortfall(np.array([-5.0]), np.array([-10.0])) == pytest.approx(-0.5)


def test_only_cells_have_jobs() -> None:
    with pytest.raises(TypeError, match="cell must be a Run, a Reference or a Measurement"):
        job_of("Best-Fit", 0)


def test_charts_are_drawn_from_the_curves() -> None:
    drawn: list[Claim] = [CLAIMS["table-9-within-20"], CLAIMS["fig-2-robust"]]
    for claim in drawn:
        finding, _ = outcome(claim, paper)
        for plot in finding.plots:
            for x, y, *_ in plot.series.values():
                assert x.shape == y.shape
                assert np.isfinite(y).all()
