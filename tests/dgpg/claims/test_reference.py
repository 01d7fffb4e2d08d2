"""Verdicts on the reference state, and the numbers they rest on."""

from __future__ import annotations

import pytest

from refimpl.dgpg.claims.reference import (
    CLAIMS,
    check_gradient,
    check_multipliers,
    check_program,
    check_proposition,
)
from refimpl.dgpg.objective.reference import imbalance, reference_state
from refimpl.ledger import Context
from tests.contract import assert_claims


def test_verdicts() -> None:
    assert_claims(
        CLAIMS,
        {
            "dgpg/eq-18": "holds",
            "dgpg/eq-19": "holds",
            "dgpg/balancing-condition": "holds",
            "dgpg/unique-minimiser": "holds",
            "dgpg/proposition-c1": "holds",
            "dgpg/proposition-c1-cauchy-schwarz": "holds",
        },
    )


def test_proposition_needs_the_same_workload() -> None:
    """Two equal servers, one job: the reference of four jobs is the wrong way."""
    found = check_proposition(reference_state, Context()).evidence
    assert found["slope_on_two_equal_servers"] == pytest.approx(-0.5)
    assert found["slope_with_the_reference_of_four_jobs"] == pytest.approx(1.0)


def test_small_errors_are_noticed() -> None:
    context = Context()
    wrong = [
        check_gradient(lambda x, c: (1 + 1e-9) * imbalance(x, c), context),
        check_program(lambda x, c: reference_state(x, c) + 1e-7, context),
        check_multipliers(lambda x, c: x.sum(axis=0) / c.sum(axis=0) + 1e-5, context),
        check_proposition(lambda x, c: reference_state(x, c) * (1 + 1e-6), context),
    ]
    assert {finding.verdict.value for finding in wrong} == {"refuted"}
