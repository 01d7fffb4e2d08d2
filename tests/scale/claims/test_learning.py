"""Verdicts on training, and which other programs would be noticed."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from refimpl.ledger import Context
from refimpl.scale.claims.learning import (
    CLAIMS,
    PRINTED,
    check_algorithm,
    check_sizes,
    check_table_2,
    runs_at,
)
from refimpl.scale.objective.srr import no_regularizer, srr
from refimpl.scale.train.masks import truncated
from refimpl.scale.train.presets import PRESETS, method
from tests.contract import assert_claims

VERDICTS = {
    "scale/algorithm-1": "holds-under",
    "scale/warm-up": "holds",
    "scale/table-2": "holds",
    "scale/fixed-outputs": "holds",
}
SCALE = method("SCALE")


def test_verdicts_last_and_controls_flip() -> None:
    assert_claims(CLAIMS, VERDICTS)


@pytest.mark.parametrize(
    "changed",
    [
        {"regularizer": no_regularizer},
        {"regularizer": partial(srr, weight_decorrelation=0.01, weight_kl=0.0)},
        {"warm_up": (11, 50)},
        {"lam": 0.9},
        {"gamma": 1.0},
        {"clip": 0.3},
        {"entropy_coef": 0.0},
        {"value_coef": 1.0},
        {"max_grad_norm": 0.25},
        {"learning_rate": (3e-4, 1e-4)},
        {"passes": 7},
        {"horizon": truncated},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_every_other_setting_is_noticed(changed) -> None:
    """The epoch is long enough for each of them to matter."""
    found = check_algorithm(replace(SCALE, **changed), Context())
    assert found.verdict.value == "refuted"


def test_the_epoch_has_ends_clipped_steps_and_all_passes() -> None:
    evidence = check_algorithm(SCALE, Context()).evidence
    assert evidence["gradient_steps"] == 32
    assert evidence["episode_ends_in_the_batch"] >= 2


@pytest.mark.parametrize("name", PRINTED)
def test_every_printed_number_is_compared(name) -> None:
    value = getattr(SCALE, name)
    other = (1e-3, 1e-4) if name == "learning_rate" else value / 2 if name != "steps" else 2048
    other = int(other) if isinstance(value, int) else other
    presets = {**PRESETS, "SCALE": PRESETS["SCALE"].changed("SCALE", **{name: other})}
    assert check_table_2(presets, Context()).verdict.value == "refuted"


def test_sizes_are_those_of_the_networks() -> None:
    assert check_sizes(runs_at, Context()).evidence["methods_at_48"] == 2
    assert not runs_at("PPO", 32)
    assert runs_at("SCALE", 100)
