"""Tables of choices: codes are one to one, jobs are conserved, draws follow the softmax."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.meanfield.model.system import System
from refimpl.meanfield.model.topologies import path, ring, torus
from refimpl.meanfield.policies.discrete import neighbourhoods, softmax_choices, table_policy
from refimpl.shared.statistics import binomial_z_score

graphs = st.sampled_from([ring(3), ring(5), ring(8), torus(3)])


@given(graphs, st.integers(1, 3), st.integers(0, 2**32 - 1))
def test_codes_tell_neighbourhoods_apart(graph: Any, base: int, seed: int) -> None:
    places = neighbourhoods(graph)
    values = np.random.default_rng(seed).integers(0, base, (50, graph.n))
    codes = places.code(values, base)
    assert codes.min() >= 0
    assert codes.max() < base**places.choices
    for i in range(graph.n):
        around = [i, *graph.neighbours_of(i)]
        digits = values[:, around] @ base ** np.arange(places.choices)[::-1]
        assert np.array_equal(codes[:, i], digits)


@given(graphs, st.integers(0, 2**32 - 1))
def test_received_counts_the_senders(graph: Any, seed: int) -> None:
    places = neighbourhoods(graph)
    choices = np.random.default_rng(seed).integers(0, places.choices, (2, graph.n))
    received = places.received(choices)
    expected = np.zeros_like(received)
    for e, i in np.ndindex(choices.shape):
        expected[e, [i, *graph.neighbours_of(i)][choices[e, i]]] += 1
    assert np.array_equal(received, expected)
    assert np.array_equal(places.received(choices[0]), expected[0])


def test_choices_follow_the_softmax() -> None:
    logits, n = np.array([0.5, -1.0, 1.5]), 30_000
    drawn = softmax_choices(np.tile(logits, (n, 1)), np.random.default_rng(0).random(n))
    weights = np.exp(logits) / np.exp(logits).sum()
    for k, p in enumerate(weights):
        assert abs(binomial_z_score(int((drawn == k).sum()), n, float(p))) < 4


def test_extreme_logits_and_numbers_stay_inside() -> None:
    logits = np.array([[800.0, -800.0, 0.0], [0.0, 0.0, 0.0]])
    assert softmax_choices(logits, np.array([1 - 2**-53, 1 - 2**-53])).tolist() == [0, 2]
    assert softmax_choices(logits, np.zeros(2)).tolist() == [0, 0]
    # What has no probability is never drawn, not even by the number 0.
    assert softmax_choices(np.array([[-800.0, 800.0]]), np.zeros(1)).tolist() == [1]


def test_tables_of_certainty_are_followed() -> None:
    """Everybody sends to the own queue when it is empty, to the first neighbour otherwise."""
    system = System(ring(5), buffer=2)
    places = neighbourhoods(system.graph)
    logits = np.zeros((5, 27, 3))
    logits[:, :9, 0], logits[:, 9:, 1] = 1e3, 1e3
    states = np.random.default_rng(1).integers(0, 3, (4, 5))
    shares = table_policy(logits)(system, states, np.random.default_rng(2))
    assert np.array_equal(shares, places.received((states > 0).astype(np.intp)))


def test_other_graphs_are_refused() -> None:
    with pytest.raises(ValueError, match="graph must be regular; got degrees from 1 to 2"):
        neighbourhoods(path(4))
    with pytest.raises(
        ValueError, match=r"logits must have shape \(5, 216, 3\); got \(4, 216, 3\)"
    ):
        table_policy(np.zeros((4, 216, 3)))(
            System(ring(5)), np.zeros((1, 5), dtype=int), np.random.default_rng(0)
        )
