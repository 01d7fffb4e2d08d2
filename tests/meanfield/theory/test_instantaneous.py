from __future__ import annotations

import numpy as np
import pytest

from refimpl.meanfield.model.graph import Graph
from refimpl.meanfield.model.system import System
from refimpl.meanfield.model.topologies import complete, path, ring, star
from refimpl.meanfield.theory.constant_shares import at_constant_rate
from refimpl.meanfield.theory.instantaneous import (
    best_of_all,
    best_of_shortest,
    instantaneous_drop_rate,
    mean_of_shortest,
)
from refimpl.meanfield.theory.joint_chain import average_drops, joint_chain
from refimpl.meanfield.theory.joint_states import TooLargeError
from refimpl.meanfield.theory.outcomes import by_targets, shortest_queues
from tests.oracles.meanfield_chain import least_drop_rate


def rates(graph: Graph, buffer: int, tolerance: float = 1e-9) -> list[float]:
    """Optimum, JSQ with best ties, JSQ with random ties at rate 0.9."""
    system, rules = System(graph, buffer), (best_of_all, best_of_shortest, mean_of_shortest)
    return [instantaneous_drop_rate(system, rule, 0.9, tolerance).value for rule in rules]


@pytest.mark.parametrize("graph", [path(2), path(3), complete(3)], ids=["pair", "path", "triple"])
def test_the_optimum_is_that_of_the_linear_program(graph: Graph) -> None:
    found = instantaneous_drop_rate(System(graph, 2), best_of_all, 0.8, 1e-11)
    assert found.value == pytest.approx(least_drop_rate(graph, 2, 0.8), abs=1e-9)


@pytest.mark.parametrize(("n", "buffer"), [(2, 5), (3, 3)])
def test_with_full_access_jsq_is_optimal(n: int, buffer: int) -> None:
    best, good_ties, any_ties = rates(complete(n), buffer)
    assert good_ties == pytest.approx(best, rel=1e-8)
    assert any_ties == pytest.approx(best, rel=1e-8)


@pytest.mark.parametrize(
    ("graph", "buffer", "best_ties", "random_ties"),
    [
        (path(3), 5, 0.0061, 0.0468),
        (path(3), 8, 0.0119, 0.0492),
        (star(4), 4, 0.0428, 0.1554),
        (ring(4), 3, 0.0, 0.0),
        (ring(5), 3, 0.0, 0.0223),
    ],
    ids=["path3-5", "path3-8", "star5-4", "ring4-3", "ring5-3"],
)
def test_gaps_of_jsq_on_sparse_graphs(
    graph: Graph, buffer: int, best_ties: float, random_ties: float
) -> None:
    best, good, random = rates(graph, buffer)
    assert good / best - 1 == pytest.approx(best_ties, abs=5e-5)
    assert random / best - 1 == pytest.approx(random_ties, abs=5e-5)


def test_short_epochs_come_close() -> None:
    """JSQ with one winner drawn per epoch tends to JSQ with random ties as dt goes to 0."""
    limit = instantaneous_drop_rate(System(path(2), 2), mean_of_shortest, 0.9).value
    errors = []
    for dt in (0.02, 0.01):
        system = at_constant_rate(System(path(2), 2, dt), 0.9)
        chain = joint_chain(system, by_targets(shortest_queues))
        errors.append(average_drops(chain, 1e-11).value / dt - limit)
    assert errors[1] == pytest.approx(errors[0] / 2, rel=0.05)
    assert 0 < errors[1] < 0.01 * limit


def test_faster_servers_are_used_more() -> None:
    """One queue's service rate up: fewer drops; and the rates enter queue by queue."""
    slow, fast = (
        instantaneous_drop_rate(System(path(2), 2, service_rates=s), best_of_all, 0.9).value
        for s in ((1.0, 1.0), (1.0, 2.0))
    )
    mirrored = instantaneous_drop_rate(
        System(path(2), 2, service_rates=(2.0, 1.0)), best_of_all, 0.9
    ).value
    assert fast < slow
    assert mirrored == pytest.approx(fast, rel=1e-8)


def test_time_may_be_counted_in_other_units() -> None:
    """All rates doubled: twice the drops per unit of time."""
    one = instantaneous_drop_rate(System(path(3), 2), mean_of_shortest, 0.9).value
    double = System(path(3), 2, service_rates=2.0)
    two = instantaneous_drop_rate(double, mean_of_shortest, 1.8).value
    assert two == pytest.approx(2.0 * one, rel=1e-8)


def test_bounds_enclose() -> None:
    wide = instantaneous_drop_rate(System(path(3), 2), mean_of_shortest, 0.9, 1e-3)
    narrow = instantaneous_drop_rate(System(path(3), 2), mean_of_shortest, 0.9, 1e-11)
    assert wide.low <= narrow.low <= narrow.high <= wide.high
    assert narrow.high - narrow.low <= 1e-11


def test_bad_input_is_refused() -> None:
    with pytest.raises(ValueError, match="rate must be finite and > 0"):
        instantaneous_drop_rate(System(path(2)), best_of_all, 0.0)
    with pytest.raises(ValueError, match="tolerance must be finite and > 0"):
        instantaneous_drop_rate(System(path(2)), best_of_all, 0.9, np.nan)
    with pytest.raises(TooLargeError):
        instantaneous_drop_rate(System(ring(20)), best_of_all, 0.9)
