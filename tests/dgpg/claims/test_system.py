"""Verdicts on the cluster, and the numbers they rest on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from refimpl.dgpg.claims.system import (
    CLAIMS,
    backlog,
    check_buffer,
    check_conservation,
    check_scales,
    check_types,
    on_grid,
)
from refimpl.dgpg.model.instances import INSTANCE_TYPES
from refimpl.dgpg.model.scenario import sample_scenario
from refimpl.dgpg.model.settings import TABLE_5, suggested
from refimpl.dgpg.model.simulator import run
from refimpl.dgpg.policies.heuristics import best_fit, random_cluster
from refimpl.ledger import Context
from refimpl.shared.seeds import generator
from tests.contract import assert_claims


def test_verdicts() -> None:
    assert_claims(
        CLAIMS,
        {
            "dgpg/instance-types": "holds",
            "dgpg/scale-configurations": "holds",
            "dgpg/no-pile-up-at-assignment": "holds-under",
            "dgpg/conservation": "holds",
            "dgpg/deterministic-baselines": "refuted",
        },
    )


def test_the_buffer_is_the_simulator_s_whatever_the_policy() -> None:
    """The walk above its minimum against the recursion and against two policies that are played."""
    settings = replace(suggested(2).settings, steps=900, arrival_steps=600)
    scenario = sample_scenario(settings, 3, generator(0))
    arrivals = np.diff(scenario.offsets, axis=1)
    found, expected = backlog(arrivals, 2), np.zeros(3)
    for t in range(900):
        expected = np.maximum(expected + arrivals[:, t] - 2, 0)
        np.testing.assert_array_equal(found[:, t], expected)
    assert found.max() > 5
    for policy in (best_fit, random_cluster):
        np.testing.assert_array_equal(run(scenario, policy, generator(1)).buffered, found.T)


def test_hundreds_wait_for_a_dispatcher_under_the_suggested_constants() -> None:
    evidence = check_buffer(suggested, Context()).evidence
    assert max(evidence[f"largest_at_{n}"] for n in (2, 5, 10)) > 300
    assert evidence["mean_per_dispatcher_at_10"] > 1


def test_small_errors_are_noticed() -> None:
    heavier = (replace(INSTANCE_TYPES[0], weight=11), *INSTANCE_TYPES[1:])
    older = (*INSTANCE_TYPES[:-1], replace(INSTANCE_TYPES[-1], generation=1))
    for types in (heavier, older):
        assert check_types(types, Context()).verdict == "refuted"
    assert check_scales({**TABLE_5, 1500: (75, 21)}, Context()).verdict == "refuted"


def test_the_overloaded_cluster_has_long_queues() -> None:
    """Otherwise conservation would be easy."""
    assert check_conservation(on_grid, Context()).evidence["longest_queue"] > 10
