"""Claims about cost against system size, on results with and without the effect."""

from __future__ import annotations

import numpy as np
import pytest

from refimpl.dcc.claims.experiments import CLAIMS, COMPARED
from refimpl.dcc.experiments.scale import QUICK
from refimpl.ledger import Verdict
from tests.dcc.claims.contract import BY_ID, assert_notices
from tests.dcc.claims.planted import NEVER, OPTIMUM, of_methods, planted

FLAT = of_methods()
CHEAP, DEAR = {"cost": 1.0}, {"cost": 1.5}
NOTICED = {
    "dcc/fig-1a-beats-independent": (of_methods(dcc_published=CHEAP, iql_published=DEAR), FLAT),
    "dcc/fig-1a-beats-independent-repaired": (of_methods(dcc_ours=CHEAP, iql_tuned=DEAR), FLAT),
    "dcc/sec-5.1-never-beats-independent": (FLAT, of_methods(iql_published={"cost": 0.8})),
}


@pytest.mark.parametrize("profile", ["quick", "full"])
@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_the_effect_is_found_where_it_is_and_only_there(claim, profile):
    assert_notices(claim, *NOTICED[claim.id], profile)


@pytest.mark.parametrize("n", QUICK.sizes)
def test_one_size_without_the_effect_is_enough_to_fail(n):
    claim = BY_ID["dcc/fig-1a-beats-independent"]
    make = of_methods(dcc_published=lambda run: {"cost": 1.3 if run.n_devices == n else 1.0})
    found = claim.check(claim.subject, planted(claim, make, "quick"))
    assert found.verdict is Verdict.NOT_REPRODUCED
    assert found.evidence[f"difference_n{n}"] > 0.0


def test_what_needs_other_settings_holds_under_them():
    claim = BY_ID["dcc/fig-1a-beats-independent-repaired"]
    found = claim.check(claim.subject, planted(claim, NOTICED[claim.id][0], "quick"))
    assert found.verdict is Verdict.HOLDS_UNDER
    assert "settings other than published" in found.assumption


def test_evidence_is_the_planted_numbers():
    claim = BY_ID["dcc/fig-1a-beats-independent"]
    make = of_methods(dcc_published={"cost": 1.0, "violation": 0.07}, iql_published=DEAR)
    found = claim.check(claim.subject, planted(claim, make, "quick"))
    mean = np.mean([1.0, 1.01, 1.02])
    for n in QUICK.sizes:
        assert found.evidence[f"difference_n{n}"] == pytest.approx(-0.5 * NEVER * mean)
        assert found.evidence[f"cost_to_never_n{n}"] == pytest.approx(1.0)
        assert found.evidence[f"violation_n{n}"] == pytest.approx(0.07)
        assert found.evidence[f"ours_difference_n{n}"] == 0.0
    (chart,) = found.plots
    assert set(COMPARED) < set(chart.series)
    (best,) = [line for name, line in chart.series.items() if name.startswith("optim")]
    np.testing.assert_array_equal(best[0], QUICK.sizes)
    np.testing.assert_allclose(best[1], OPTIMUM * mean)
