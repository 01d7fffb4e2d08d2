"""The ledger rows about learning."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from refimpl.dgpg.claims.learning import (
    CLAIMS,
    TABLE_6_EPISODES,
    check_table_6,
    check_table_7,
    check_table_8,
)
from refimpl.dgpg.train.methods import DGPG, IPPO, MAPPO
from refimpl.dgpg.train.presets import TABLE_7, linear_published, neural_published
from refimpl.dgpg.train.schedules import fixed
from refimpl.dgpg.train.update import minibatches
from refimpl.ledger import Context, Verdict
from tests.contract import assert_claims

LINEAR = {method.name: linear_published(method) for method in (DGPG, MAPPO, IPPO)}
NEURAL = {n: neural_published(n).settings for n in TABLE_7}


def test_claims_keep_their_contract() -> None:
    verdicts = dict.fromkeys((claim.id for claim in CLAIMS), "holds")
    assert_claims(CLAIMS, verdicts | {"dgpg/eq-14-in-ppo": "holds-under"})


@pytest.mark.parametrize("name", TABLE_6_EPISODES)
@pytest.mark.parametrize(
    "values",
    [
        {"hidden": (8,)},
        {"actor_epochs": 4},
        {"critic_epochs": 4},
        {"minibatch": 512},
        {"rollouts": 12},
        {"episodes": 100},
        {"learning_rate": fixed(1e-3)},
    ],
)
def test_every_row_of_table_6_counts(name: str, values: dict[str, Any]) -> None:
    preset = LINEAR[name]
    broken = {**LINEAR, name: replace(preset, settings=replace(preset.settings, **values))}
    assert check_table_6(broken, Context()).verdict is Verdict.REFUTED


def test_schedules_and_methods_of_table_6_count() -> None:
    swapped = {**LINEAR, "MAPPO": LINEAR["IPPO"]}
    assert check_table_6(swapped, Context()).evidence["largest_error"] == 1
    for name, values in (("DG-PG", {"alpha": fixed(0.5)}), ("DG-PG", {"entropy": fixed(0.01)})):
        preset = LINEAR[name]
        broken = {**LINEAR, name: replace(preset, settings=replace(preset.settings, **values))}
        assert check_table_6(broken, Context()).evidence["largest_error"] == 1


def test_a_chosen_number_may_not_pass_as_published() -> None:
    preset = LINEAR["DG-PG"]
    tagged = {**LINEAR, "DG-PG": replace(preset, origin={**preset.origin, "gamma": "published"})}
    assert check_table_6(tagged, Context()).verdict is Verdict.REFUTED


@pytest.mark.parametrize("n", TABLE_7)
@pytest.mark.parametrize(
    "values", [{"hidden": (64, 64)}, {"minibatch": 256}, {"rollouts": 3}, {"clip": 0.3}]
)
def test_every_row_of_table_7_counts(n: int, values: dict[str, Any]) -> None:
    broken = {**NEURAL, n: replace(NEURAL[n], **values)}
    assert check_table_7(broken, Context()).evidence["largest_error"] == 1


def test_the_cap_belongs_to_the_larger_scales() -> None:
    for n, cap in ((10, 1000), (1500, None)):
        broken = {**NEURAL, n: replace(NEURAL[n], sample_cap=cap)}
        assert check_table_7(broken, Context()).evidence["largest_error"] == 1


def test_the_number_of_samples_behind_table_8() -> None:
    evidence = check_table_8(minibatches, Context()).evidence
    assert (evidence["fewest_samples"], evidence["most_samples"]) == (765 * 256 + 1, 766 * 256)
