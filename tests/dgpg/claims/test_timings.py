"""Verdicts on the table of times, and the numbers they rest on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from refimpl.dgpg.claims.timings import CLAIMS, TABLE_9, check_products, ends
from refimpl.dgpg.model.settings import TABLE_5
from refimpl.ledger import Context
from tests.contract import assert_claims


def test_verdicts() -> None:
    assert_claims(CLAIMS, {"dgpg/table-9-products": "holds", "dgpg/episode-time-ratio": "holds"})


def test_products_by_hand() -> None:
    """16.55 * 10.45 s and 16.65 * 10.55 s, in minutes."""
    assert ends(TABLE_9[10]) == pytest.approx((2.88246, 2.92763), abs=1e-5)
    assert set(TABLE_9) == set(TABLE_5) - {2, 5}
    evidence = check_products(TABLE_9, Context()).evidence
    assert evidence["mean_episode"] == pytest.approx(11.35)


@pytest.mark.parametrize("n", TABLE_9)
def test_totals_that_are_a_tenth_off_are_noticed(n: int) -> None:
    row = TABLE_9[n]
    for factor in (0.9, 1.1):
        changed = {**TABLE_9, n: replace(row, minutes=factor * row.minutes)}
        assert check_products(changed, Context()).verdict == "refuted"


def test_another_mean_is_noticed() -> None:
    """Episodes and minutes doubled at one size: the products still agree."""
    doubled = replace(TABLE_9[1500], episodes=35.4, minutes=198.0)
    assert check_products({**TABLE_9, 1500: doubled}, Context()).verdict == "refuted"
