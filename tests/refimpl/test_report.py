"""Specifies refimpl.report: the table a person reads and the JSON a program reads."""

from __future__ import annotations

import dataclasses
import json
import os
import re
from pathlib import Path

import pytest

from refimpl import audit
from refimpl.audit import AuditReport
from refimpl.ledger import Finding, Verdict
from refimpl.report import MEANING, identity, in_paper_order, table, to_json, write_json
from refimpl.workers import Settings
from tests.refimpl import fake_registry

SETTINGS = Settings(registry=fake_registry.NAME)


@pytest.fixture(scope="module")
def sound() -> AuditReport:
    return audit.run(fake_registry.SOUND, SETTINGS)


@pytest.fixture(scope="module")
def mixed() -> AuditReport:
    return audit.run(fake_registry.ALL, SETTINGS)


def test_table_has_one_row_per_claim_with_everything_on_it(sound: AuditReport) -> None:
    lines = table(sound, 140).splitlines()
    assert re.match(r"id +source +verdict +control +s +evidence$", lines[0])
    assert set(lines[1]) == {"-"}
    assert len(lines[2:11]) == len(sound.rows)
    pattern = r"fake/decreasing +Theorem 12 +refuted +flipped +\d+\.\d  least_step=-[0-9.]+$"
    assert re.match(pattern, lines[3])
    assert "if the divisor is not zero & <0: divisor=2" in lines[5]


def test_table_counts_verdicts(sound: AuditReport) -> None:
    assert (
        "9 claims: 3 holds, 1 holds-statistically, 1 holds-under, 2 refuted, 1 not-reproduced, "
        "1 unspecified" in table(sound)
    )
    assert table(sound).endswith("every check ran and every negative control flipped")


def test_table_says_what_is_broken(mixed: AuditReport) -> None:
    text = table(mixed)
    assert "NOT FLIPPED" in text
    stuck = "BROKEN CHECK fake/stuck: the negative control (turned upside down) also came out as"
    assert f"{stuck} 'holds'" in text
    assert re.search(r"fake/check-raises +Lemma 1 +ERROR +error .*ArithmeticError", text)
    assert "ERROR in fake/check-raises:\n    the check raised:\n    Traceback" in text
    assert "every check ran" not in text


@pytest.mark.parametrize("width", [60, 80, 100, 120, 200])
def test_table_fits_and_never_cuts_ids_or_verdicts(sound: AuditReport, width: int) -> None:
    text = table(sound, width)
    body = text.splitlines()[:-3]
    assert max(map(len, body)) <= max(width, 66)  # what the columns need without the evidence
    for row in sound.rows:
        assert re.search(rf"^{row.claim.id} ", text, re.M)
        assert row.finding is not None
        assert f" {row.finding.verdict.value} " in text
        first = next(iter(row.finding.evidence))
        assert f"{first}=" in text or row.finding.assumption


@pytest.mark.parametrize("width", [60, 120])
def test_long_evidence_is_cut_to_the_width(sound: AuditReport, width: int) -> None:
    finding = Finding(Verdict.HOLDS, {f"number_{k}": k / 3 for k in range(30)})
    report = dataclasses.replace(sound, rows=(dataclasses.replace(sound.rows[0], finding=finding),))
    lines = table(report, width).splitlines()
    assert [line for line in lines if "number_0=0" in line and line.endswith("...")]
    assert max(map(len, lines[:-3])) <= width


def test_narrow_table_puts_evidence_below(sound: AuditReport) -> None:
    lines = table(sound, 80).splitlines()
    assert lines[3].startswith("    least_step=")


def test_plain_table_has_no_colours_and_colours_change_nothing_else(mixed: AuditReport) -> None:
    plain, coloured = table(mixed), table(mixed, colour=True)
    assert "\x1b" not in plain
    assert "\x1b" in coloured
    without = re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    assert [line.rstrip() for line in without.splitlines()] == plain.splitlines()


def test_notes_of_the_audit_are_shown(sound: AuditReport) -> None:
    noted = dataclasses.replace(sound, notes=("3 of 3 jobs taken from the workspace",))
    assert "3 of 3 jobs taken from the workspace" in table(noted)


def test_empty_report_is_a_table_too() -> None:
    empty = audit.run([], SETTINGS)
    assert "0 claims" in table(empty)
    assert to_json(empty)["claims"] == []


def test_json_has_exactly_the_documented_shape(sound: AuditReport) -> None:
    content = to_json(sound)
    assert list(content) == ["format", "profile", "seed", "environment", "claims", "summary"]
    assert (content["format"], content["profile"], content["seed"]) == (1, "quick", 0)
    for claim in content["claims"]:
        assert list(claim) == [
            "id",
            "paper",
            "source",
            "statement",
            "covers",
            "kind",
            "verdict",
            "assumption",
            "evidence",
            "control",
            "seconds",
        ]
        assert list(claim["control"]) == ["mutation", "verdict", "flipped"]
    first = content["claims"][0]
    assert (first["id"], first["paper"], first["source"]) == ("fake/increasing", "fake", "eq. 1")
    assert (first["kind"], first["verdict"], first["assumption"]) == ("exact", "holds", "")
    assert first["control"] == {
        "mutation": "turned upside down",
        "verdict": "refuted",
        "flipped": True,
    }
    assert content["summary"] == sound.summary


def test_json_of_a_claim_that_raised_has_no_verdict_and_an_error(mixed: AuditReport) -> None:
    claims = {claim["id"]: claim for claim in to_json(mixed)["claims"]}
    raised = claims["fake/check-raises"]
    assert raised["verdict"] is None
    assert raised["evidence"] == {}
    assert "ArithmeticError" in raised["error"]
    assert raised["control"]["flipped"] is False
    assert "error" not in claims["fake/stuck"]


def test_json_file_reads_back_to_the_same_numbers(sound: AuditReport, tmp_path: Path) -> None:
    path = tmp_path / "audit.json"
    path.write_text("old")
    write_json(sound, path)
    assert json.loads(path.read_text(encoding="utf-8")) == to_json(sound)
    assert os.listdir(tmp_path) == ["audit.json"]


def test_identity_leaves_out_times_and_machine_only(sound: AuditReport) -> None:
    again = audit.run(fake_registry.SOUND, SETTINGS)
    assert identity(again) == identity(sound)
    assert to_json(again) != to_json(sound)
    assert set(to_json(sound)) - set(identity(sound)) == {"environment"}
    assert set(to_json(sound)["claims"][0]) - set(identity(sound)["claims"][0]) == {"seconds"}


def test_rows_are_sorted_by_paper_and_stay_in_order_within(sound: AuditReport) -> None:
    def moved(k: int, paper: str) -> audit.Row:
        claim = dataclasses.replace(sound.rows[k].claim, id=f"{paper}/{k}")
        return dataclasses.replace(sound.rows[k], claim=claim)

    papers = ["other", "meanfield", "dcc", "dgpg", "dcc", "scale"]
    rows = tuple(moved(k, paper) for k, paper in enumerate(papers))
    assert [row.claim.id for row in in_paper_order(rows)] == [
        "dgpg/3",
        "scale/5",
        "dcc/2",
        "dcc/4",
        "meanfield/1",
        "other/0",
    ]


def test_every_verdict_is_explained() -> None:
    assert set(MEANING) == set(Verdict)
