"""Claims of the module: verdicts on record, pure checks, controls that flip."""

from __future__ import annotations

import numpy as np
import pytest

from refimpl.meanfield.claims.queueing import (
    CLAIMS,
    jobs_in_pairs,
    literal_diagonal,
    one_job_at_a_time,
)
from tests.contract import assert_claims

VERDICTS = {
    "meanfield/eq-1-product-kernel": "holds-under",
    "meanfield/generator-columns": "holds",
    "meanfield/generator-diagonal": "refuted",
    "meanfield/exponential-without-delay": "refuted",
    "meanfield/drops-by-counting-row": "holds",
    "meanfield/largest-expected-drops": "refuted",
}


def test_verdicts_are_those_on_record_whatever_the_seed() -> None:
    assert_claims(CLAIMS, VERDICTS)


def test_the_literal_diagonal_is_what_the_formula_says() -> None:
    q = literal_diagonal(0.7, 1.3, 4)
    np.testing.assert_allclose(np.diag(q), -q.sum(axis=0), rtol=1e-14)


def test_events_of_two_queues_make_a_generator() -> None:
    offload = np.array([0.3, 0.9])
    for make in (one_job_at_a_time, jobs_in_pairs):
        generator = make(offload, 2)
        np.testing.assert_allclose(generator.sum(axis=1), 0.0, atol=1e-14)
        # From empty queues jobs arrive, 2 lambda in all.
        sizes = np.array([a + b for a in range(3) for b in range(3)])
        assert generator[0] @ sizes == pytest.approx(1.8)
