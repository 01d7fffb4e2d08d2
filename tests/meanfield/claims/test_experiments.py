"""Specifies the empirical claims: each is found where it is planted, and only there.

The subject of an empirical claim is what was measured, so these tests make up the measurements:
once as the paper shows them, once spoilt; the control must flip in both cases.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from refimpl.ledger import Claim, Context, Verdict
from refimpl.meanfield.claims import (
    experiments_agents,
    experiments_delays,
    experiments_extensions,
    experiments_learning,
    experiments_sizes,
)
from refimpl.meanfield.claims.experiments_extensions import LONG_DELAY
from refimpl.meanfield.claims.experiments_results import measured
from refimpl.meanfield.experiments.cells import Cell
from refimpl.meanfield.experiments.scale import scale_of
from tests.meanfield.claims.planted import EPISODES, data_of, outcome

MODULES = (
    experiments_delays,
    experiments_sizes,
    experiments_learning,
    experiments_agents,
    experiments_extensions,
)
CLAIMS = {claim.id.removeprefix("meanfield/"): claim for m in MODULES for claim in m.CLAIMS}
Mean = Callable[[Cell], float]
FOUND = {Verdict.HOLDS_STATISTICALLY, Verdict.HOLDS_UNDER}


def paper(cell: Cell) -> float:
    """Drops in the order that the paper shows."""
    dt = cell.setting.dt
    if cell.setting.time == 320.0:
        return 100.0 * dt / (1.0 + dt)
    if cell.policy.startswith("JSQ"):
        return 1.0 if dt == 1.0 else 9.0
    if cell.policy in ("RND", "OWN"):
        unequal = cell.setting.fast != 1.0
        return 2.02 if unequal else 4.0
    if cell.policy.startswith("SED"):
        return 1.0
    if cell.policy.startswith("SAC"):
        return 7.0
    if cell.policy == "best rule":
        return 1.95 if dt < LONG_DELAY else 3.9
    if cell.setting.topology == "bethe" and dt == LONG_DELAY:
        return 5.0
    return 3.95 if dt == LONG_DELAY else 2.0


def spoilt(policies: tuple[str, ...], factor: float) -> Mean:
    """The paper's order, with some policies better or worse."""
    return lambda cell: paper(cell) * (factor if cell.policy in policies else 1.0)


SPOILT: dict[str, Mean] = {
    "fig-7a-mf-r-in-between": spoilt(("MF-R",), 2.5),
    "fig-7b-mf-r-in-between": spoilt(("RND",), 0.4),
    "fig-7c-mf-r-in-between": spoilt(("JSQ-split",), 0.1),
    "fig-7d-mf-r-in-between": spoilt(("JSQ",), 0.1),
    "fig-7-mf-r-in-between-repaired": spoilt(("MF-R",), 2.5),
    "fig-7-jsq-best-at-delay-1": spoilt(("MF-R",), 0.3),
    "fig-7-mf-r-coincides-with-rnd": spoilt(("MF-R",), 0.9),
    "fig-3a-jsq-converges": lambda cell: cell.setting.dt,
    "fig-5-every-ring-size": lambda cell: (
        5.0 if (cell.policy, cell.setting.size) == ("MF-R", 21) else paper(cell)
    ),
    "fig-5-every-ring-size-repaired": spoilt(("RND",), 0.4),
    "fig-6-approaches-training-value": lambda cell: paper(cell) * (1 + 1e-4 * cell.setting.size),
    "abstract-any-size": spoilt(("best rule",), 0.8),
    "fig-3b-network-size": lambda cell: 1.1 if cell.hidden == (128, 128) else 1.0,
    "fig-9a-memory-brings-nothing": spoilt(("MF-RNN",), 0.8),
    "fig-9b-observations-alike": spoilt(("MF-R",), 1.2),
    "fig-4b-sac-worse": spoilt(("SAC neural",), 0.1),
    "fig-5-na-ps-not-better": spoilt(("NA-PS",), 0.9),
    "fig-8-trees": spoilt(("MF-R",), 0.7),
    "fig-10a-long-buffer": spoilt(("OWN",), 0.3),
    "fig-10b-unequal-servers": spoilt(("SED", "SED-split"), 3.0),
}


def test_every_claim_is_spoilt_once() -> None:
    assert set(SPOILT) | {"fig-4a-sac-time"} == set(CLAIMS)


@pytest.mark.parametrize("name", CLAIMS)
def test_what_the_paper_shows_is_found_and_its_opposite_is_not(name: str) -> None:
    finding, control = outcome(CLAIMS[name], paper)
    assert finding.verdict in FOUND
    assert control.verdict is Verdict.NOT_REPRODUCED
    assert finding.evidence


@pytest.mark.parametrize("name", SPOILT)
def test_spoilt_results_are_not_reproduced_and_the_control_is(name: str) -> None:
    finding, control = outcome(CLAIMS[name], SPOILT[name])
    assert finding.verdict is Verdict.NOT_REPRODUCED
    assert control.verdict in FOUND


def test_training_times_that_do_not_grow_are_not_reproduced() -> None:
    context = Context("quick", 0)
    for seconds, verdict in (
        (np.ones, Verdict.NOT_REPRODUCED),
        (np.arange, Verdict.HOLDS_STATISTICALLY),
    ):
        times = 1.0 + seconds(len(scale_of(context).agents))
        opposite = experiments_agents.TIMES.opposite(lambda *_, t=times: t, context)
        found = experiments_agents.check_time(lambda *_, t=times: t, context).verdict
        assert found is verdict
        assert experiments_agents.check_time(opposite, context).verdict is not verdict


@pytest.mark.parametrize("claim", CLAIMS.values(), ids=CLAIMS)
def test_checks_read_their_own_jobs_only_in_both_profiles(claim: Claim) -> None:
    for profile in ("quick", "full"):
        context = Context(profile, 3)
        names = [job.name for job in claim.jobs(context)]
        assert len(names) == len(set(names))
        assert all(name.endswith("seed3") for name in names)


def test_charts_have_a_line_for_every_policy() -> None:
    finding, _ = outcome(CLAIMS["fig-7a-mf-r-in-between"], paper)
    lines = finding.plots[0].series
    assert {"JSQ", "JSQ-split", "RND", "OWN", "best own-state rule"} < set(lines)
    assert {"MF-R, published", "MF-R, ours"} < set(lines)


def test_measured_results_have_a_row_per_training_run() -> None:
    claim = CLAIMS["fig-9b-observations-alike"]
    context = data_of(claim, Context("quick", 0), paper)
    found = measured(experiments_learning.observed("MF-N"), context)
    assert found.shape == (1, EPISODES)
