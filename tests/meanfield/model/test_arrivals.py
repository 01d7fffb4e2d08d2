"""Specifies arrivals: the modulating chain, and how jobs split; conservation above all."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.meanfield.model.arrivals import (
    HIGH,
    LOW,
    Modulation,
    arrival_rates,
    offload_shares,
    sample_levels,
)
from refimpl.meanfield.model.graph import Graph, graph_from_edges
from refimpl.shared.markov_chains import birth_death
from refimpl.shared.markov_chains import stationary as stationary_of
from tests.meanfield.strategies import graphs, modulations

seeds = st.integers(0, 2**32 - 1)


@given(modulations())
def test_the_stationary_law_of_the_level_stays(modulation: Modulation) -> None:
    law = modulation.stationary
    np.testing.assert_allclose(law @ modulation.transitions, law, atol=1e-15)
    chain = birth_death([modulation.leave[HIGH]], [modulation.leave[LOW]])
    np.testing.assert_allclose(law, stationary_of(chain), atol=1e-14)


def test_the_paper_s_modulation() -> None:
    paper = Modulation()
    np.testing.assert_allclose(paper.stationary, [5 / 7, 2 / 7])
    np.testing.assert_allclose(paper.stationary @ paper.rates, 57 / 70)  # 0.8143


def test_levels_follow_the_chain() -> None:
    modulation = Modulation(leave=(0.2, 0.5), start=(0.3, 0.7))
    levels = sample_levels(modulation, 40, 5000, np.random.default_rng(0))
    assert levels.shape == (40, 5000)
    assert set(np.unique(levels)) == {HIGH, LOW}
    frequency = (levels[0] == LOW).mean()
    assert abs(frequency - 0.7) < 4 * np.sqrt(0.21 / 5000)
    for level, leave in ((HIGH, 0.2), (LOW, 0.5)):
        at = levels[:-1] == level
        left = (levels[1:] != level)[at].mean()
        assert abs(left - leave) < 4 * np.sqrt(leave * (1 - leave) / at.sum())


def test_a_chain_that_never_starts_low_never_is_low() -> None:
    modulation = Modulation(leave=(0.0, 0.5), start=(1.0, 0.0))
    assert not sample_levels(modulation, 9, 9, np.random.default_rng(0)).any()


@given(graphs(), seeds)
def test_every_job_goes_somewhere(graph: Graph, seed: int) -> None:
    offload = np.random.default_rng(seed).random((3, graph.n))
    shares = offload_shares(graph, offload)
    assert (shares >= 0).all()
    np.testing.assert_allclose(shares.sum(axis=-1), graph.n, rtol=1e-14)


@given(graphs(), seeds)
def test_shares_are_those_of_one_agent_after_another(graph: Graph, seed: int) -> None:
    offload = np.random.default_rng(seed).random(graph.n)
    expected = np.zeros(graph.n)
    for i, p in enumerate(offload):
        expected[i] += 1 - p
        for j in graph.neighbours_of(i):
            expected[j] += p / graph.degrees[i]
    np.testing.assert_allclose(offload_shares(graph, offload), expected, atol=1e-14)
    np.testing.assert_allclose(arrival_rates(graph, offload, 0.7), 0.7 * expected, atol=1e-14)
    dense = graph.adjacency.toarray()
    np.testing.assert_allclose(arrival_rates(dense, offload, 0.7), 0.7 * expected, atol=1e-14)


@given(graphs(), seeds, st.floats(-1, 1))
def test_shares_are_affine_in_the_offloading(graph: Graph, seed: int, weight: float) -> None:
    a, b = np.random.default_rng(seed).random((2, graph.n))
    mixed = offload_shares(graph, weight * a + (1 - weight) * b)
    parts = weight * offload_shares(graph, a) + (1 - weight) * offload_shares(graph, b)
    np.testing.assert_allclose(mixed, parts, atol=1e-13)


def test_the_degree_is_the_sender_s() -> None:
    """Path of three: the centre halves its jobs, the ends do not [MF-03 of the inventory]."""
    path = graph_from_edges(3, np.array([[0, 1], [1, 2]]))
    np.testing.assert_allclose(offload_shares(path, np.array([0.0, 1.0, 0.0])), [1.5, 0, 1.5])
    np.testing.assert_allclose(offload_shares(path, np.array([1.0, 0.0, 0.0])), [0, 2, 1])


PATH = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Modulation(rates=(-0.1, 0.6)), "rates must be >= 0"),
        (lambda: Modulation(rates=(np.nan, 0.6)), "rates must be finite"),
        (lambda: Modulation(rates=(0.9,)), "rates must have two entries"),  # type: ignore[arg-type]
        (lambda: Modulation(leave=(0.2, 1.5)), r"leave must be in \[0, 1\]; got 1.5"),
        (lambda: Modulation(start=(0.5, 0.6)), "start must sum to 1"),
        (lambda: Modulation(leave=(0.0, 0.0)).stationary, "leave must have a positive entry"),
        (lambda: sample_levels(Modulation(), 0, 1, np.random.default_rng(0)), "epochs"),
        (lambda: sample_levels(Modulation(), 1, 0, np.random.default_rng(0)), "episodes"),
        (lambda: arrival_rates(PATH, [0.1, 0.2, 1.1], 1.0), r"offload_prob must be in \[0, 1\]"),
        (lambda: arrival_rates(PATH, [0.1, 0.2, np.nan], 1.0), r"\[0, 1\]; got nan"),
        (lambda: arrival_rates(PATH, [0.1, 0.2], 1.0), r"shape \(\.\.\., 3\); got \(2,\)"),
        (lambda: arrival_rates(PATH, [0.1, 0.2, 0.3], -1.0), "rate must be >= 0"),
        (lambda: arrival_rates(PATH[:2], [0.1, 0.2], 1.0), r"\(N, N\)"),
    ],
)
def test_bad_arguments_are_refused(call: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()  # type: ignore[operator]
