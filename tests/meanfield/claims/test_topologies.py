"""Claims of the module: verdicts on record, pure checks, controls that flip."""

from __future__ import annotations

from refimpl.meanfield.claims.topologies import CLAIMS
from tests.contract import assert_claims

VERDICTS = {
    "meanfield/topology-sizes": "holds",
    "meanfield/printed-sizes": "refuted",
    "meanfield/cube-connected-cycles-degree": "refuted",
    "meanfield/local-limit-regular": "holds",
    "meanfield/local-limit-configuration": "holds-statistically",
    "meanfield/local-limit-bethe": "holds",
}


def test_verdicts_are_those_on_record_whatever_the_seed() -> None:
    assert_claims(CLAIMS, VERDICTS)
