"""Verdicts on observations, and the numbers they rest on."""

from __future__ import annotations

import numpy as np
import pytest

from refimpl.dgpg.claims.observations import (
    CLAIMS,
    central_choice,
    check_local,
    check_sizes,
    everything,
    own_server_only,
    type_of,
)
from refimpl.dgpg.model.instances import INSTANCE_TYPES
from refimpl.ledger import Context
from tests.contract import assert_claims

LARGEST = np.array([16.0, 64.0])


def test_verdicts() -> None:
    assert_claims(
        CLAIMS,
        {
            "dgpg/observation-sizes": "holds",
            "dgpg/local-observation": "refuted",
            "dgpg/compression-keeps-what-placement-needs": "refuted",
        },
    )


def test_numbers_on_record() -> None:
    """By hand: 710 against 454 at 50 servers, 2110 against 13504 at 1500."""
    evidence = check_sizes(28, Context()).evidence
    assert evidence["compressed_at_50"] == 710
    assert evidence["compression_pays_from"] == 100
    assert evidence["largest_reduction"] == pytest.approx(1 - 2110 / 13504)
    local = check_local(everything, Context()).evidence
    assert local["share_right"] == 1.0
    assert local["share_that_finds_room"] > 0.8


def test_efficiencies_tell_the_type() -> None:
    for kind in INSTANCE_TYPES:
        assert type_of(np.array([kind.cpu_efficiency, kind.memory_efficiency])) is kind
    assert type_of(np.zeros(2)) is None


def observation(utilization: list[float], queue: list[float], jobs: list[float]) -> np.ndarray:
    """Two servers m5.8xlarge (32 cores, 128 GB); jobs by cores, without memory."""
    servers = [[u, 0.0, q, 0.95, 0.93, 1.0, 1.0] for u, q in zip(utilization, queue, strict=True)]
    demands = [[cores / 16.0, 0.0] for cores in jobs] + [[0.0, 0.0]] * (2 - len(jobs))
    return np.concatenate([np.ravel(servers), np.ravel(demands), [0.0, 0.0, 0.0, 0.0]])


@pytest.mark.parametrize(
    ("utilization", "queue", "jobs", "agent", "server"),
    [
        ([0.25, 0.5], [0, 0], [8.0], 0, 1),
        ([0.25, 0.5], [0, 0.02], [8.0], 0, 0),
        ([0.25, 0.5], [0, 0], [16.0, 8.0], 1, 0),
        ([0.25, 0.5], [0, 0], [16.0, 8.0], 0, 1),
        ([1.0, 0.875], [0, 0], [8.0], 0, -1),
    ],
)
def test_central_choices_by_hand(utilization, queue, jobs, agent: int, server: int) -> None:
    row = observation(utilization, queue, jobs)
    assert central_choice(row, agent, 2, LARGEST) == server


def test_a_local_view_shows_one_server_and_one_job() -> None:
    row = np.arange(1.0, 23.0)
    seen = own_server_only(row, 1, 2)
    assert seen.tolist() == [0.0] * 7 + row[7:14].tolist() + [0.0] * 2 + row[16:].tolist()
