"""Specifies the empirical claims: each is found where it is planted, and only there.

The subject of an empirical claim is what was measured, so these tests make up the measurements:
once as the paper shows them, once spoilt in one respect; the control must flip in both cases.
"""

from __future__ import annotations

import numpy as np
import pytest

from refimpl.ledger import Arrays, Context, Verdict
from refimpl.scale.claims import (
    experiments_ablations,
    experiments_beyond,
    experiments_constants,
    experiments_features,
    experiments_methods,
    experiments_sizes,
)
from refimpl.scale.claims.experiments_results import (
    Cell,
    Change,
    Which,
    at_sizes,
    is_method,
    is_reference,
    job_of,
    metric,
    per_run,
    times,
)
from refimpl.scale.experiments import cells
from refimpl.scale.experiments.scale import QUICK
from refimpl.scale.experiments.systems import System
from tests.planted import outcome
from tests.scale.claims.planted import paper

MODULES = (
    experiments_sizes,
    experiments_methods,
    experiments_features,
    experiments_beyond,
    experiments_ablations,
    experiments_constants,
)
CLAIMS = {claim.id.removeprefix("scale/"): claim for m in MODULES for claim in m.CLAIMS}
SECONDS = metric("response", "all_response")
SCALE, CROSS = is_method("SCALE"), is_method("CrossAttn")
SLOWER = times(2.0, SCALE, SECONDS)


def features(name: str) -> Which:
    return metric(f"visited {name}", f"ready {name}")


def by_hand(factor: float, policy: str, what: str) -> Change:
    return times(factor, is_reference(policy), metric(what))


def levelled(cell: Cell, arrays: Arrays, context: Context) -> Arrays:
    """As many completed tasks at every size."""
    del cell, context
    return {k: 0 * x + 5.0 if metric("completed")(k) else x for k, x in arrays.items()}


def flat(cell: Cell, arrays: Arrays, context: Context) -> Arrays:
    """Returns without fluctuation."""
    del cell, context
    return {k: 0 * x + 1.0 if k == "curve/return" else x for k, x in arrays.items()}


def under_chosen(cell: Cell, arrays: Arrays, context: Context) -> Arrays:
    """Spoil SCALE under the chosen constants, and the order of two schedulers."""
    system = cell.trial.system if hasattr(cell, "trial") else cell.system
    if system.changes != "chosen":
        return arrays
    worse = by_hand(0.1, "fastest fit", "discounted")(cell, arrays, context)
    return SLOWER(cell, worse, context)


def quick_when_large(cell: Cell, arrays: Arrays, context: Context) -> Arrays:
    """Let the slowest scheduler be quick at the largest size."""
    large = cell.trial.system.n_servers == 48
    return by_hand(0.1, "slowest fit", "response")(cell, arrays, context) if large else arrays


SPOILT: dict[str, Change] = {
    "table-4-sign": SLOWER,
    "table-4-reduction": times(1.1, SCALE, SECONDS),
    "fig-5-rise": times(0.5, CROSS, at_sizes((48,), SECONDS)),
    "fig-5-degrades": times(0.5, CROSS, at_sizes((48,), SECONDS)),
    "fair-response": SLOWER,
    "srr-necessary": SLOWER,
    "mask-outweighs-srr": levelled,
    "learning-beats-rules": by_hand(0.1, "fastest fit", "all_response"),
    "table-3-most-tasks": times(0.5, SCALE, metric("completed")),
    "table-3-attention": times(0.2, CROSS, metric("completed")),
    "table-3-slowest": times(0.5, is_method("DQN"), SECONDS),
    "sec-5.3-ppo-srr": times(0.5, is_method("PPO+SRR"), metric("completed")),
    "fig-6-order": times(0.5, CROSS, metric("curve/return")),
    "fig-6-levels": times(0.5, CROSS, metric("curve/return")),
    "fig-6-fluctuation": flat,
    "table-5-covariance": times(3.0, SCALE, features("covariance")),
    "table-5-correlation": times(3.0, SCALE, features("correlation")),
    "table-5-kl": times(3.0, SCALE, features("kl")),
    "table-5-kl-at-home": times(0.3, SCALE, features("kl")),
    "sec-4.3-whitened": times(0.01, SCALE, features("variance")),
    "sec-4.3-stable": times(9.0, SCALE, features("shift")),
    "sec-1-variance-grows": times(0.1, CROSS, at_sizes((48,), features("variance"))),
    "sec-1-correlation-grows": times(0.1, CROSS, at_sizes((48,), features("correlation"))),
    "beyond-48-servers": levelled,
    "beyond-48-servers-masked": levelled,
    "other-mixes": by_hand(0.1, "random feasible", "all_response"),
    "other-workflows": by_hand(0.1, "random feasible", "all_response"),
    "elastic-clusters": by_hand(0.1, "random feasible", "all_response"),
    **dict.fromkeys(
        ("other-mixes-masked", "other-workflows-masked", "elastic-clusters-masked"),
        by_hand(0.1, "random feasible", "all_response"),
    ),
    "algorithm-2-live": times(0.9, SCALE, metric("completed")),
    "srr-beyond-shrinking": SLOWER,
    "table-5-by-sum": times(3.0, SCALE, features("kl")),
    "table-5-by-mean": times(3.0, is_method("mean decorrelation"), features("covariance")),
    "layer-norm-affine": SLOWER,
    "constants-sign": under_chosen,
    "delay-scale-decides": under_chosen,
    "reward-aligned": by_hand(0.1, "fastest fit", "returns"),
    "survivors": by_hand(9.0, "fastest fit", "response"),
    "rise-by-hand": quick_when_large,
    "chosen-constants": by_hand(3.0, "fastest fit", "completed"),
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
    context = Context()
    finding, control = outcome(CLAIMS[name], lambda c: SPOILT[name](c, paper(c), context))
    assert finding.verdict is Verdict.NOT_REPRODUCED
    assert control.verdict is Verdict.HOLDS_STATISTICALLY


@pytest.mark.parametrize("name", CLAIMS)
def test_the_full_profile_reads_what_its_jobs_return(name: str) -> None:
    finding, control = outcome(CLAIMS[name], paper, "full")
    assert finding.verdict is not control.verdict


def test_a_run_that_completes_nothing_responds_as_late_as_can_be() -> None:
    trial = cells.trial(QUICK, System(), "greedy")
    arrays = {
        f"{trial.name}: response": np.array([np.nan, np.nan]),
        f"{trial.name}: end": np.array([10.0, 10.0]),
    }
    found = per_run(lambda *_: arrays, cells.arm(QUICK, "SCALE"), Context(), trial, "response")
    assert found.tolist() == [10.0, 10.0]


def test_only_cells_have_jobs() -> None:
    with pytest.raises(TypeError, match="cell must be a Run or a Reference"):
        job_of("fastest fit", 0)


def test_charts_are_drawn_from_finite_numbers() -> None:
    drawn = [outcome(claim, paper)[0].plots for claim in CLAIMS.values()]
    plots = [plot for each in drawn for plot in each]
    assert len(plots) >= 5
    for plot in plots:
        for x, y, *_ in plot.series.values():
            assert x.shape == y.shape
            assert np.isfinite(y).all()
