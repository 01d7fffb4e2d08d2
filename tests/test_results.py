"""Specifies ``results/full.json``: the paper-scale audit of exactly the claims that are here."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from refimpl import papers
from refimpl.ledger import Verdict
from tests.source import ROOT

RESULTS = ROOT / "results" / "full.json"


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8"))
    return loaded


def test_it_says_how_it_was_made(report: dict[str, Any]) -> None:
    assert report["format"] == 1
    assert report["profile"] == "full"
    assert isinstance(report["seed"], int)
    assert {"python", "numpy", "scipy", "cvxpy", "wall_seconds"} <= set(report["environment"])


def test_it_has_every_claim_as_it_is_stated_now(report: dict[str, Any]) -> None:
    rows = {row["id"]: row for row in report["claims"]}
    ledger = {claim.id: claim for claim in papers.claims()}
    assert list(rows) == list(ledger)
    for key, claim in ledger.items():
        assert rows[key]["statement"] == claim.statement, key
        assert rows[key]["source"] == claim.source, key
        assert tuple(rows[key]["covers"]) == claim.covers, key
        assert rows[key]["control"]["mutation"] == claim.control.mutation, key


def test_every_check_ran_and_every_control_flipped(report: dict[str, Any]) -> None:
    for row in report["claims"]:
        assert row["verdict"] in list(Verdict), row["id"]
        assert row["control"]["flipped"], row["id"]
        assert row["control"]["verdict"] != row["verdict"], row["id"]


def test_its_summary_counts_its_claims(report: dict[str, Any]) -> None:
    counted = Counter(row["verdict"] for row in report["claims"])
    assert {name: n for name, n in report["summary"].items() if n} == dict(counted)
