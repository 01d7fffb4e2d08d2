"""Specifies the heuristics: mass, symmetry, and a brute-force loop over agents and ties."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl.meanfield.model.graph import Graph
from refimpl.meanfield.model.system import System
from refimpl.meanfield.model.topologies import (
    bethe,
    complete,
    configuration_model,
    path,
    ring,
    star,
    torus,
)
from refimpl.meanfield.policies.heuristics import (
    power_of_d,
    random_per_epoch,
    shortest_expected_delay,
    shortest_expected_delay_split,
    shortest_queue_one_winner,
    shortest_queue_split,
)
from refimpl.shared.seeds import generator

ONE_WINNER = {
    "random": random_per_epoch,
    "shortest": shortest_queue_one_winner,
    "delay": shortest_expected_delay,
    "two": power_of_d(2),
}
SPLIT = {"shortest": shortest_queue_split, "delay": shortest_expected_delay_split}
ALL = {**ONE_WINNER, **{f"{name}-split": policy for name, policy in SPLIT.items()}}
each_policy = pytest.mark.parametrize("policy", ALL.values(), ids=ALL)

Lottery = dict[int, float]
"""Probability of every queue that an agent may choose."""


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    kind = draw(st.sampled_from(["ring", "path", "star", "torus", "tree", "random", "complete"]))
    size = draw(st.integers(5, 9))
    return {
        "ring": lambda: ring(size),
        "path": lambda: path(size),
        "star": lambda: star(size),
        "torus": lambda: torus(3),
        "tree": lambda: bethe(2),
        "random": lambda: configuration_model(size, np.random.default_rng(size)),
        "complete": lambda: complete(size),
    }[kind]()


@st.composite
def crowds(draw: st.DrawFn) -> tuple[System, np.ndarray, np.random.Generator]:
    """System with servers of speed 1 and 2, states of a few episodes, and a generator."""
    graph, buffer = draw(graphs()), draw(st.integers(1, 6))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    states = rng.integers(0, buffer + 1, (draw(st.integers(1, 3)), graph.n)).astype(np.int8)
    system = System(graph, buffer=buffer, service_rates=rng.integers(1, 3, graph.n).astype(float))
    return system, states, rng


def pool(graph: Graph, i: int) -> list[int]:
    return [i, *(int(j) for j in graph.neighbours_of(i))]


def evenly(queues: list[int]) -> Lottery:
    return {j: 1 / len(queues) for j in queues}


def cheapest(queues: list[int], score: Callable[[int], float]) -> list[int]:
    least = min(score(j) for j in queues)
    return [j for j in queues if score(j) == least]


def lottery(name: str, system: System, row: np.ndarray, i: int) -> Lottery:
    """What agent ``i`` does, written once more without arrays."""
    queues, speed = pool(system.graph, i), np.broadcast_to(system.service_rates, row.shape)
    if name == "random":
        return evenly(queues)
    if name == "shortest":
        return evenly(cheapest(queues, lambda j: float(row[j])))
    if name == "delay":
        return evenly(cheapest(queues, lambda j: float((row[j] + 1) / speed[j])))
    samples = list(combinations(queues, min(2, len(queues))))
    total = dict.fromkeys(queues, 0.0)
    for sample in samples:
        for j, p in evenly(cheapest(list(sample), lambda j: float(row[j]))).items():
            total[j] += p / len(samples)
    return total


def outcomes(name: str, system: System, row: np.ndarray) -> Iterator[tuple[np.ndarray, float]]:
    """All joint choices of the agents: shares and probability."""
    lots = [lottery(name, system, row, i).items() for i in range(system.graph.n)]
    for choice in product(*lots):
        shares = np.bincount([j for j, _ in choice], minlength=len(row))
        yield shares, float(np.prod([p for _, p in choice]))


@each_policy
@given(crowds())
def test_every_agent_passes_on_all_of_its_jobs(policy, crowd) -> None:
    system, states, rng = crowd
    shares = policy(system, states, rng)
    assert shares.shape == states.shape
    assert shares.dtype == np.float64
    assert shares.min() >= 0
    np.testing.assert_allclose(shares.sum(axis=1), system.graph.n, rtol=1e-13)


@each_policy
@given(crowds())
def test_states_are_left_as_they_are(policy, crowd) -> None:
    system, states, rng = crowd
    before = states.copy()
    policy(system, states, rng)
    np.testing.assert_array_equal(states, before)


@pytest.mark.parametrize("name", SPLIT)
@given(crowds())
def test_splits_are_the_mean_of_every_agent_s_lottery(name: str, crowd) -> None:
    system, states, rng = crowd
    found = SPLIT[name](system, states, rng)
    for row, shares in zip(states, found, strict=True):
        expected = np.zeros(system.graph.n)
        for i in range(system.graph.n):
            for j, p in lottery(name, system, row, i).items():
                expected[j] += p
        np.testing.assert_allclose(shares, expected, atol=1e-13)


@pytest.mark.parametrize("name", ONE_WINNER)
@given(crowds())
def test_one_winner_only_goes_where_the_lottery_may(name: str, crowd) -> None:
    system, states, rng = crowd
    for row, shares in zip(states, ONE_WINNER[name](system, states, rng), strict=True):
        lots = [lottery(name, system, row, i) for i in range(system.graph.n)]
        most = np.zeros(system.graph.n)
        least = np.zeros(system.graph.n)
        for lot in lots:
            most[[j for j, p in lot.items() if p > 0]] += 1
            least[[j for j, p in lot.items() if p == 1]] += 1
        assert np.all(shares == np.round(shares))
        assert np.all((least <= shares) & (shares <= most))


@pytest.mark.parametrize("name", ONE_WINNER)
@pytest.mark.parametrize("graph", [path(4), star(3), ring(4)], ids=["path", "star", "ring"])
def test_one_winner_has_the_joint_law_of_independent_lotteries(name: str, graph: Graph) -> None:
    """Pearson's statistic over all outcomes, 40000 episodes, as a z-score."""
    system = System(graph, service_rates=np.array([1.0, 2.0, 1.0, 2.0]))
    row, trials = np.array([1, 3, 1, 1], dtype=np.int8), 40_000
    law: dict[tuple[int, ...], float] = {}
    for shares, p in outcomes(name, system, row):
        law[tuple(shares)] = law.get(tuple(shares), 0.0) + p
    law = {key: p for key, p in law.items() if p > 0}
    rng = generator(0, "heuristics", name, graph.n)
    drawn = ONE_WINNER[name](system, np.tile(row, (trials, 1)), rng)
    kinds, counts = np.unique(drawn, axis=0, return_counts=True)
    found = {tuple(int(x) for x in kind): int(c) for kind, c in zip(kinds, counts, strict=True)}
    assert set(found) <= set(law)
    excess = sum((found.get(k, 0) - trials * p) ** 2 / (trials * p) for k, p in law.items())
    freedom = len(law) - 1
    assert (excess - freedom) / np.sqrt(2 * max(freedom, 1)) < 4


@pytest.mark.parametrize("policy", SPLIT.values(), ids=SPLIT)
@given(st.integers(3, 12), st.integers(0, 2**32 - 1))
def test_splits_turn_with_the_ring(policy, n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    states, system = rng.integers(0, 6, (2, n)).astype(np.int8), System(ring(n))
    turned = policy(system, np.roll(states, 1, axis=1), rng)
    np.testing.assert_allclose(turned, np.roll(policy(system, states, rng), 1, axis=1), rtol=1e-14)


@pytest.mark.parametrize("policy", SPLIT.values(), ids=SPLIT)
@given(st.integers(3, 5), st.integers(0, 2**32 - 1))
def test_splits_shift_with_the_torus(policy, side: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    square = rng.integers(0, 6, (1, side, side)).astype(np.int8)
    system, shape = System(torus(side)), (1, side * side)
    moved = policy(system, np.roll(square, (1, 2), axis=(1, 2)).reshape(shape), rng)
    still = policy(system, square.reshape(shape), rng).reshape(1, side, side)
    np.testing.assert_allclose(moved, np.roll(still, (1, 2), axis=(1, 2)).reshape(shape))


@given(crowds())
def test_equal_queues_are_shared_like_a_random_choice_per_packet(crowd) -> None:
    system, states, rng = crowd
    graph = system.graph
    shares = shortest_queue_split(system, np.full_like(states, 3), rng)
    matrix = graph.adjacency.toarray() + np.eye(graph.n)
    np.testing.assert_allclose(shares[0], (matrix / matrix.sum(axis=1)[:, None]).sum(axis=0))


@given(st.integers(2, 8), st.integers(0, 2**32 - 1))
def test_on_a_complete_graph_the_shortest_queues_share_everything(n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    states = rng.integers(0, 6, (1, n))
    shortest = states == states.min()
    split = shortest_queue_split(System(complete(n)), states, rng)
    np.testing.assert_allclose(split, shortest * n / shortest.sum(), rtol=1e-13)
    assert shortest_queue_one_winner(System(complete(n)), states, rng)[shortest].sum() == n


@given(crowds())
def test_equal_servers_make_expected_delay_a_queue_length(crowd) -> None:
    system, states, rng = crowd
    alike = System(system.graph, buffer=system.buffer, service_rates=2.0)
    np.testing.assert_array_equal(
        shortest_expected_delay_split(alike, states, rng),
        shortest_queue_split(alike, states, rng),
    )
    seed = int(rng.integers(2**32))
    np.testing.assert_array_equal(
        shortest_expected_delay(alike, states, np.random.default_rng(seed)),
        shortest_queue_one_winner(alike, states, np.random.default_rng(seed)),
    )


@given(crowds())
def test_looking_at_all_queues_is_joining_the_shortest(crowd) -> None:
    """Without ties there is nothing random left."""
    system, states, rng = crowd
    distinct = np.argsort(rng.random(states.shape), axis=1)
    for d in (system.graph.n, system.graph.n + 5):
        np.testing.assert_array_equal(
            power_of_d(d)(system, distinct, rng), shortest_queue_one_winner(system, distinct, rng)
        )


@pytest.mark.parametrize(
    ("d", "same"), [(1, random_per_epoch), (9, shortest_queue_one_winner)], ids=["1", "all"]
)
def test_both_ends_of_power_of_d_have_the_law_of_their_namesakes(d: int, same) -> None:
    """Two-sample z-scores of the mean shares and their products, 20000 episodes each."""
    system, trials = System(bethe(2)), 20_000
    states = np.tile(np.array([2, 1, 1, 3, 0, 2, 2, 1, 1, 0], dtype=np.int8), (trials, 1))
    one, two = power_of_d(d)(system, states, generator(5, "d")), same(system, states, generator(6))
    for f in (lambda s: s, lambda s: s * np.roll(s, 1, axis=1), np.square):
        gap = f(one).mean(axis=0) - f(two).mean(axis=0)
        error = np.sqrt((f(one).var(axis=0) + f(two).var(axis=0)) / trials)
        assert np.all(np.abs(gap) <= 4 * error)


def test_power_of_d_needs_a_queue_to_look_at() -> None:
    with pytest.raises(ValueError, match="d must be at least 1; got 0"):
        power_of_d(0)
