"""Claims of the module: verdicts on record, pure checks, controls that flip."""

from __future__ import annotations

from refimpl.ledger import Context
from refimpl.meanfield.claims.limit import CLAIMS, level_paths
from refimpl.meanfield.model.arrivals import Modulation
from tests.contract import assert_claims

VERDICTS = {
    "meanfield/theorem-1": "holds-under",
    "meanfield/light-cone": "holds",
    "meanfield/influence-radius": "refuted",
    "meanfield/one-node-law": "holds-under",
    "meanfield/bethe-limit": "holds-under",
}


def test_verdicts_are_those_on_record_whatever_the_seed() -> None:
    assert_claims(CLAIMS, VERDICTS)


def test_the_paths_of_levels_are_a_law() -> None:
    paths = list(level_paths(Modulation(), 3))
    assert len(paths) == 8
    assert abs(sum(chance for chance, _ in paths) - 1.0) < 1e-15
    assert {tuple(rates): chance for chance, rates in paths}[0.9, 0.6, 0.6] == 0.5 * 0.2 * 0.5


def test_influence_is_felt_at_distance_t_and_no_further() -> None:
    claim = next(claim for claim in CLAIMS if claim.id == "meanfield/influence-radius")
    evidence = claim.check(claim.subject, Context()).evidence
    for t in (1, 2, 3):
        assert evidence[f"epochs_{t}_distance_{t}"] > 1e-7
        assert evidence[f"epochs_{t}_distance_{t + 1}"] == 0.0
