"""The textbook answers certify themselves, so a misprint in them cannot go unnoticed."""

from __future__ import annotations

import pytest

from lp_solvers.certificate import certify
from tests.lp_solvers.textbook import TEXTBOOK


@pytest.mark.parametrize("name", TEXTBOOK)
def test_stated_answer_is_optimal(name: str) -> None:
    assert certify(*TEXTBOOK[name]()).worst <= 1e-15
