"""Claims of the module: verdicts on record, pure checks, controls that flip."""

from __future__ import annotations

import numpy as np
import pytest

from refimpl.meanfield.claims.arrivals import CLAIMS, decided_per_epoch, drop_rate
from refimpl.shared.bounded_queue import epoch_kernel
from refimpl.shared.markov_chains import stationary
from tests.contract import assert_claims

VERDICTS = {
    "meanfield/arrival-rate": "holds",
    "meanfield/arrival-rate-in-the-proof": "refuted",
    "meanfield/symmetrisation-needed": "holds",
    "meanfield/eq-2-switching": "holds",
    "meanfield/own-is-random-on-regular-graphs": "holds",
    "meanfield/own-is-random-once-per-epoch": "refuted",
    "meanfield/figure-1-four-queues": "holds",
    "meanfield/figure-2-action": "holds",
}


def test_verdicts_are_those_on_record_whatever_the_seed() -> None:
    assert_claims(CLAIMS, VERDICTS)


def test_the_printed_numbers_of_the_pair_are_on_record() -> None:
    """Drops per queue and unit time when a queue is drawn once per epoch; four digits."""
    expected = {0.1: 0.1164, 1.0: 0.1400, 5.0: 0.1998, 20.0: 0.2454}
    for dt, rate in expected.items():
        assert drop_rate(decided_per_epoch, dt) == pytest.approx(rate, abs=5e-5)


def test_drops_by_the_jobs_served_are_those_of_the_counting_column() -> None:
    for dt in (0.5, 5.0):
        kernel = decided_per_epoch(dt)
        law = stationary(kernel - np.eye(36)).reshape(6, 6)
        counted = 0.0
        for share, chance in ((0.0, 0.25), (1.0, 0.5), (2.0, 0.25)):
            drops = epoch_kernel(0.9 * share, 1.0, 5, dt).expected_drops
            counted += chance * float(law.sum(axis=1) @ drops) / dt
        assert drop_rate(decided_per_epoch, dt) == pytest.approx(counted, rel=1e-12)
