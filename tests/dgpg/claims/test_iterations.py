"""Claims of the module: verdicts on record, pure checks, controls that flip."""

from __future__ import annotations

import numpy as np
import pytest

from refimpl.dgpg.claims.iterations import CLAIMS
from refimpl.dgpg.theory import local_game
from refimpl.ledger import Context
from tests.contract import assert_claims

VERDICTS = {
    "dgpg/theorem-5.3-rate": "holds-under",
    "dgpg/theorem-5.3-agents": "refuted",
    "dgpg/weight-schedule": "holds-under",
}


def test_verdicts_are_those_on_record_whatever_the_seed() -> None:
    assert_claims(tuple(claim for claim in CLAIMS if claim.id in VERDICTS), VERDICTS)
    assert {claim.id for claim in CLAIMS} - set(VERDICTS) == {"dgpg/tuned-iterations"}


def tuned(local, profile="quick"):
    """The claim on iterations, and a context in which every run took ``local(alpha, n)``."""
    claim = next(claim for claim in CLAIMS if claim.id == "dgpg/tuned-iterations")
    (job,) = claim.jobs(Context(profile=profile))
    sizes, everywhere, alphas, runs, _ = job.args
    spread = 1.0 + 0.02 * np.arange(runs)
    data = {
        "local": np.array([[local(a, n) * spread for n in sizes] for a in alphas]),
        "everywhere": np.array([local(1.0, n) * spread for n in everywhere]),
    }
    return claim, Context(profile=profile, data={job.name: data})


@pytest.mark.parametrize("profile", ["quick", "full"])
def test_iterations_that_grow_for_the_return_only_flip_the_control(profile) -> None:
    claim, context = tuned(lambda alpha, n: 15.0 + (1.0 - alpha) * n, profile)
    found = claim.check(claim.subject, context)
    assert found.verdict.value == "holds-statistically"
    assert found.evidence["slope_0.0"] > 0.5
    assert claim.check(claim.control.subject, context).verdict.value == "not-reproduced"


def test_iterations_that_always_grow_are_not_called_flat() -> None:
    claim, context = tuned(lambda alpha, n: (2.0 - alpha) * n)
    assert claim.check(claim.subject, context).verdict.value == "not-reproduced"


def test_the_measured_game_is_flat_for_pure_guidance_and_grows_for_the_return(monkeypatch) -> None:
    """Sizes 8 and 32 only, eight runs, steps 1/4 to 2; expected growths are 3.5 and 1.4."""
    monkeypatch.setattr(local_game, "STEP_SIZES", 2.0 ** np.arange(-2.0, 2.0))
    found = local_game.measure((8, 32), (), (0.0, 1.0), 8, 0, checkpoint=None)["local"]
    growths = np.median(found[:, 1], axis=1) / np.median(found[:, 0], axis=1)
    assert growths[0] > 1.5 * growths[1]


def test_the_theorem_s_own_bound_grows_for_every_correlation() -> None:
    claim = next(claim for claim in CLAIMS if claim.id == "dgpg/theorem-5.3-agents")
    evidence = claim.check(claim.subject, Context()).evidence
    assert evidence["best_alpha_-0.5"] == 0.0
    assert evidence["bound_-0.5"] == 1000.0
    assert evidence["bound_0.5"] == pytest.approx(1000 * (1 - 0.25 / 3))
