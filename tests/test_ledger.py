"""Specifies every paper's ledger: well-formed claims that settle the whole inventory."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping

import pytest

from refimpl import papers
from refimpl.ledger import Claim, Context, Kind
from refimpl.papers import PAPERS, Paper
from tests.refimpl.fake_paper import claims as fake

BUILT = [paper for paper in PAPERS if paper.module is not None]


def rows(prefix: str, count: int, lettered: Mapping[int, str]) -> tuple[str, ...]:
    """Names ``XX-01`` to ``XX-count``; a number with letters stands for one row per letter."""
    return tuple(
        f"{prefix}-{k:02d}{letter}" for k in range(1, count + 1) for letter in lettered.get(k, " ")
    )


# Every assertion of a paper, as the audit of its text numbered them.
INVENTORY = {
    "dgpg": tuple(
        row.strip() for row in rows("DG", 92, {11: "abc", 41: "ab", 91: "abcde", 92: "abc"})
    ),
    "scale": tuple(row.strip() for row in rows("SC", 57, {50: "ab", 51: "abcd"})),
    "dcc": tuple(row.strip() for row in rows("DC", 55, {49: "abcde", 51: "abc", 52: "abc"})),
    "meanfield": tuple(
        row.strip() for row in rows("MF", 51, {35: " b", 42: "ab", 45: "ab", 46: "ab"})
    ),
}
CLAIMS = [(paper, claim) for paper in BUILT for claim in papers.claims(paper.key)]
IDS = [claim.id for _, claim in CLAIMS]


def problems(claim: Claim, paper: str, inventory: tuple[str, ...]) -> list[str]:
    """What is wrong with a claim by itself."""
    checks = {
        f"id must be {paper}/words-with-hyphens": re.fullmatch(
            rf"{paper}/[a-z0-9]+([-.][a-z0-9]+)*", claim.id
        ),
        "source is empty": claim.source.strip(),
        "statement is empty": claim.statement.strip(),
        "statement must be a sentence": claim.statement.strip().endswith("."),
        "control.mutation is empty": claim.control.mutation.strip(),
        "covers nothing": claim.covers,
        "covers rows that do not exist": set(claim.covers) <= set(inventory),
        "covers a row twice": len(claim.covers) == len(set(claim.covers)),
        "kind must be a Kind": isinstance(claim.kind, Kind),
    }
    return [problem for problem, fine in checks.items() if not fine]


def unsettled(inventory: tuple[str, ...], claims: tuple[Claim, ...], readings: str) -> list[str]:
    """Rows that no claim covers and the readings do not name."""
    covered = {row for claim in claims for row in claim.covers}
    named = set(re.findall(r"\b[A-Z]{2}-\d\d[a-z]?(?!\w)", readings))
    return [row for row in inventory if row not in covered | named]


def test_ids_are_unique() -> None:
    assert len(IDS) == len(set(IDS))


@pytest.mark.parametrize(("paper", "claim"), CLAIMS, ids=IDS)
def test_claims_are_well_formed(paper: Paper, claim: Claim) -> None:
    assert problems(claim, paper.key, INVENTORY[paper.key]) == []


@pytest.mark.parametrize("profile", ["quick", "full"])
@pytest.mark.parametrize(("paper", "claim"), CLAIMS, ids=IDS)
def test_jobs_spell_out_the_seed_and_are_importable(
    paper: Paper, claim: Claim, profile: str
) -> None:
    here, there = (claim.jobs(Context(profile, seed)) for seed in (0, 1))
    assert [job.name for job in here] == list(dict.fromkeys(job.name for job in here)), paper.key
    for job, other in zip(here, there, strict=True):
        assert job.function.__qualname__ == job.function.__name__, "must be found by name"
        same = (job.function, job.args) == (other.function, other.args)
        assert same == (job.name == other.name), f"name {job.name!r} must name the seed"


@pytest.mark.parametrize("paper", BUILT, ids=lambda paper: paper.key)
def test_every_row_is_settled_or_explained(paper: Paper) -> None:
    inventory = INVENTORY[paper.key]
    assert unsettled(inventory, papers.claims(paper.key), papers.readings(paper.key)) == []


def test_the_inventory_of_dcc_is_complete() -> None:
    assert len(INVENTORY["dcc"]) == 55 + 4 + 2 + 2
    assert {"DC-01", "DC-49a", "DC-49e", "DC-51c", "DC-52a", "DC-55"} <= set(INVENTORY["dcc"])
    assert "DC-49" not in INVENTORY["dcc"]


def test_the_inventory_of_meanfield_is_complete() -> None:
    assert len(INVENTORY["meanfield"]) == 51 + 4
    assert {"MF-01", "MF-35", "MF-35b", "MF-42a", "MF-46b", "MF-51"} <= set(INVENTORY["meanfield"])
    assert "MF-42" not in INVENTORY["meanfield"]


GOOD = fake.SOUND[0]
FAKE_ROWS = ("FK-01", "FK-02", "FK-03", "FK-10", "FK-10a")


def test_unsettled_rows_are_noticed() -> None:
    claims = (dataclasses.replace(GOOD, covers=("FK-01", "FK-10")),)
    text = "FK-02: cannot be settled, because (see FK-03)."
    assert unsettled(FAKE_ROWS, claims, text) == ["FK-10a"]
    assert unsettled(FAKE_ROWS, claims, "FK-021, FK-10a.") == ["FK-02", "FK-03"]


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "dcc/x"},
        {"id": "fake/Two Words"},
        {"id": "fake/"},
        {"source": " "},
        {"statement": ""},
        {"statement": "No full stop"},
        {"covers": ()},
        {"covers": ("FK-04",)},
        {"covers": ("FK-01", "FK-01")},
        {"kind": "exact"},
        {"control": dataclasses.replace(GOOD.control, mutation="")},
    ],
)
def test_malformed_claims_are_noticed(changes: dict[str, object]) -> None:
    good = dataclasses.replace(GOOD, covers=("FK-01", "FK-10a"))
    assert problems(good, "fake", FAKE_ROWS) == []
    assert problems(dataclasses.replace(good, **changes), "fake", FAKE_ROWS) != []  # type: ignore[arg-type]
