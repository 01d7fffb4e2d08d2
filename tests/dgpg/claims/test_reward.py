"""Verdicts on the reward, and the numbers they rest on."""

from __future__ import annotations

import numpy as np
import pytest

from refimpl.dgpg.claims.reward import (
    CLAIMS,
    busy_cluster,
    check_energy_bound,
    check_influence,
    check_reward,
    paid,
    two_loads,
)
from refimpl.ledger import Context
from refimpl.shared.seeds import generator
from tests.contract import assert_claims


def test_verdicts() -> None:
    assert_claims(
        CLAIMS,
        {
            "dgpg/reward": "holds",
            "dgpg/reward-ignores-balance": "holds",
            "dgpg/energy-ratio-below-one": "holds-under",
            "dgpg/influence-vector": "holds",
        },
    )


def test_the_busy_cluster_has_queues_and_two_loads_have_none() -> None:
    assert busy_cluster(generator(0)).queue_length.sum() > 10
    assert two_loads((24.0, 0.0)).used[0].tolist() == [[24.0, 24.0], [0.0, 0.0]]
    assert two_loads((24.0, 0.0)).buffer.tolist() == [0]


@pytest.mark.parametrize("field", ["queue_weight", "energy_weight"])
def test_a_reward_without_one_of_its_parts_is_noticed(field: str) -> None:
    def partial(simulation) -> np.ndarray:
        settings = simulation.settings
        part = simulation.waiting() if field == "queue_weight" else simulation.energy()
        return simulation.finish() + getattr(settings, field) * part

    assert check_reward(partial, Context()).verdict == "refuted"
    assert check_reward(paid, Context()).evidence["queue"] > 10


def test_influences_in_other_units_are_noticed() -> None:
    assert check_influence(lambda b, a, c: (a - b) / c, Context()).verdict == "refuted"


def test_full_clusters_spend_more_than_their_capacity() -> None:
    """m4.8xlarge by hand: (32 / 0.70 + 128 / 0.68) / 160."""
    evidence = check_energy_bound(0.7, Context()).evidence
    worst = (32 / 0.70 + 128 / 0.68) / 160
    assert evidence["ratio_when_full_of_the_worst_type"] == pytest.approx(worst)
    assert evidence["ratio"] == pytest.approx(0.7 * evidence["ratio_when_full"])
    assert evidence["ratio_when_full"] > 1
