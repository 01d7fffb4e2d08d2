"""The ledger rows about learning."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from refimpl.ledger import Context, Verdict
from refimpl.meanfield.claims.learning import CLAIMS, Trainer, check_algorithm, check_table
from refimpl.meanfield.train.mean_field_ppo import upper_level
from refimpl.meanfield.train.presets import OURS, PUBLISHED
from tests.contract import assert_claims


def test_claims_keep_their_contract() -> None:
    assert_claims(CLAIMS, {"meanfield/table-2": "holds", "meanfield/algorithm-1": "holds"})


@pytest.mark.parametrize(
    "values",
    [
        {"gamma": 0.999},
        {"clip": 0.2},
        {"learning_rate": 3e-4},
        {"batch": 2000},
        {"minibatch": 64},
        {"passes": 30},
        {"horizon": 100},
    ],
)
def test_every_row_of_the_table_counts(values: dict[str, Any]) -> None:
    broken = replace(PUBLISHED, settings=replace(PUBLISHED.settings, **values))
    finding = check_table(broken, Context())
    assert finding.verdict is Verdict.REFUTED
    assert finding.evidence["largest_error"] == 1


def test_a_chosen_number_may_not_pass_as_published() -> None:
    tags = {**PUBLISHED.origin, "iterations": "published"}
    assert check_table(replace(PUBLISHED, origin=tags), Context()).verdict is Verdict.REFUTED
    assert check_table(OURS, Context()).verdict is Verdict.REFUTED


def wrong(change: Any) -> Trainer:
    """Trainer whose decisions are changed after the fact."""

    def decide(actor: Any, buffer: int) -> Any:
        inner = upper_level(actor, buffer)
        return lambda states, rng: change(inner(states, rng), states)

    return Trainer(decide)


@pytest.mark.parametrize(
    ("evidence", "change"),
    [
        ("rates", lambda d, _: replace(d, offload=1 - d.offload)),
        ("rates", lambda d, _: replace(d, offload=np.roll(d.offload, 1, axis=1))),
        ("observations", lambda d, _: replace(d, observations=d.observations[:, ::-1])),
        ("log_probs", lambda d, _: replace(d, log_probs=d.log_probs + 1)),
    ],
)
def test_every_line_of_the_algorithm_counts(evidence: str, change: Any) -> None:
    finding = check_algorithm(wrong(change), Context())
    assert finding.verdict is Verdict.REFUTED
    assert finding.evidence[evidence] > 1e-3
