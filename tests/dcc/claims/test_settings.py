"""Claims about printed settings: what differs is counted, in both directions."""

from __future__ import annotations

import pytest

from refimpl.dcc.claims.settings import CLAIMS, Column, published_fields
from refimpl.dcc.train.presets import DCC_OURS, DCC_PUBLISHED
from tests.dcc.claims.contract import assert_verdicts

VERDICTS = {"dcc/learning-table": "holds", "dcc/mappo-table": "holds"}


def test_verdicts_are_those_on_record_whatever_the_seed():
    assert_verdicts(CLAIMS, VERDICTS)


@pytest.mark.parametrize(
    ("run", "differences"),
    [
        ({"rate": 0.5, "clip": 0.2}, 0),
        ({"rate": 0.4, "clip": 0.2}, 1),
        ({"rate": 0.5}, 1),
        ({"rate": 0.5, "clip": 0.2, "extra": 1.0}, 1),
        ({}, 2),
    ],
)
def test_what_differs_is_counted_in_both_directions(run, differences):
    assert Column({"rate": 0.5, "clip": 0.2}, run).differences() == differences


def test_only_fields_tagged_as_published_count():
    assert set(published_fields(DCC_OURS)) < set(published_fields(DCC_PUBLISHED))
    assert "steps" not in published_fields(DCC_PUBLISHED)
