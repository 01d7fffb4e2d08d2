"""Specifies the system: the paper's defaults, service rates, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from refimpl.meanfield.model.arrivals import HIGH, LOW
from refimpl.meanfield.model.graph import graph_from_edges
from refimpl.meanfield.model.system import System

GRAPH = graph_from_edges(3, np.array([[0, 1], [1, 2], [0, 2]]))


def test_the_defaults_are_those_of_table_1() -> None:
    system = System(GRAPH)
    assert (system.n, system.buffer, system.modulation.rates) == (3, 5, (0.9, 0.6))
    np.testing.assert_array_equal(system.services, [1, 1, 1])
    np.testing.assert_array_equal(system.rates(np.array([HIGH, LOW])), [0.9, 0.6])


def test_servers_of_one_speed_are_known_as_such() -> None:
    speeds, of_queue = System(GRAPH, service_rates=[2.0, 1.0, 2.0]).speeds
    np.testing.assert_array_equal(speeds, [1.0, 2.0])
    np.testing.assert_array_equal(of_queue, [1, 0, 1])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"buffer": 0}, "buffer must be an integer >= 1; got 0"),
        ({"buffer": 2.5}, "buffer must be an integer"),
        ({"dt": 0.0}, "dt must be finite and > 0; got 0"),
        ({"dt": -1.0}, "dt must be finite and > 0"),
        ({"dt": np.nan}, "dt must be finite"),
        ({"service_rates": 0.0}, "service_rates must be finite and > 0"),
        ({"service_rates": [1.0, 1.0]}, r"shape \(3,\); got \(2,\)"),
        ({"service_rates": [1.0, np.nan, 1.0]}, "finite"),
    ],
)
def test_bad_numbers_are_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        System(GRAPH, **changes)  # type: ignore[arg-type]
