"""Specifies the claims about workload, sizes, first level and HEFT: verdicts and controls."""

from __future__ import annotations

import numpy as np
import pytest

from refimpl.ledger import Context
from refimpl.scale.claims.workflows import CLAIMS, heaviest_ways, misplaced, unordered
from refimpl.scale.model.workflows import Chain, hop_counts
from tests.contract import assert_claims

BY_ID = {claim.id: claim for claim in CLAIMS}


def test_every_claim_has_its_verdict_and_a_control_that_flips() -> None:
    assert_claims(
        CLAIMS,
        {
            "scale/cluster-sizes": "holds",
            "scale/workload": "holds-statistically",
            "scale/system-diagram": "holds",
            "scale/heft-effort": "holds",
            "scale/critical-path": "holds-under",
        },
    )


def evidence(name: str) -> dict[str, float]:
    claim = BY_ID[name]
    return dict(claim.check(claim.subject, Context()).evidence)


def test_the_cluster_is_overloaded_at_every_size() -> None:
    """5.5 tasks of 10 GFLOP a second on 32 GFLOPS."""
    assert list(evidence("scale/cluster-sizes").values())[1:] == pytest.approx([55 / 32] * 3)


def test_heft_is_quadratic_in_dense_graphs_and_less_in_sparse_ones() -> None:
    found = evidence("scale/heft-effort")
    assert 1.9 < found["exponent_dense"] < 2.1
    assert found["exponent_two_predecessors"] < 1.8
    assert found["exponent_of_servers"] < 1.0


def test_there_were_choices_to_be_made() -> None:
    assert evidence("scale/system-diagram")["decisions_with_a_choice"] > 30


def test_ways_and_orders_by_hand() -> None:
    """0 -> 1 -> 2 and 3 alone: of the pairs nobody of the chain is unordered."""
    edges = np.pad(Chain()(np.random.default_rng(0), np.array([3])), ((0, 0), (0, 2), (0, 2)))
    edges[0, 3, 4] = True
    weight = np.array([[1.0, 2.0, 3.0, 9.0, 4.0]])
    assert heaviest_ways(edges, weight).tolist() == [[6.0, 5.0, 3.0, 13.0, 4.0]]
    apart = unordered(edges)[0]
    assert apart.tolist() == [[i // 3 != j // 3 for j in range(5)] for i in range(5)]
    # Hops 2, 1, 0 and 1, 0: of (0, 3), (0, 4), (1, 4) and (3, 2) the first is lighter once.
    assert misplaced(hop_counts, edges, weight) == 0.25
