"""Claims about the device and its environment: verdicts, pure checks, controls that flip."""

from __future__ import annotations

from refimpl.dcc.claims.device import CLAIMS
from tests.dcc.claims.contract import assert_verdicts

VERDICTS = {
    "dcc/local-utility": "holds",
    "dcc/power-law-penalty": "holds",
    "dcc/device-state-is-markov": "holds-under",
    "dcc/device-diagram": "holds-statistically",
    "dcc/environment-table": "holds",
}


def test_verdicts_are_those_on_record_whatever_the_seed():
    assert_verdicts(CLAIMS, VERDICTS)
