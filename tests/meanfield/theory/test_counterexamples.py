from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from refimpl.meanfield.model.system import System
from refimpl.meanfield.model.topologies import path, ring
from refimpl.meanfield.theory.counterexamples import (
    majority,
    marked_line_drops,
    marked_ring_drops,
    next_epoch_drops,
    path_tie_discounted,
    path_tie_stationary,
    proportional,
)
from refimpl.meanfield.theory.light_cone import root_drops

OFFLOAD_WHEN_FULL = np.eye(6)[5]


@pytest.mark.parametrize("response", [majority, proportional])
@pytest.mark.parametrize("n", [3, 4, 7])
def test_the_mean_over_marks_is_the_sum_over_all_of_them(n: int, response: object) -> None:
    system = System(ring(n), dt=1.0)
    total = 0.0
    for marks in product((0, 5), repeat=n):
        p = float(response(np.array([np.mean(np.array(marks) == 5)]))[0])  # type: ignore[operator]
        total += next_epoch_drops(system, marks, p * OFFLOAD_WHEN_FULL, 0.9) / 2**n
    assert marked_ring_drops(system, response, 0.9) == pytest.approx(total, rel=1e-12)  # type: ignore[arg-type]


def test_a_discontinuous_policy_has_another_limit_than_value() -> None:
    """About 0.234 at every odd size, 0.3132 on the infinite line."""
    limit = marked_line_drops(System(ring(3), dt=1.0), majority, 0.9)
    assert limit == pytest.approx(0.3132, abs=5e-5)
    for n in (101, 1001, 10001):
        found = marked_ring_drops(System(ring(n), dt=1.0), majority, 0.9)
        assert found == pytest.approx(0.2339, abs=1.5e-4)


def test_a_continuous_policy_has_its_limit() -> None:
    limit = marked_line_drops(System(ring(3), dt=1.0), proportional, 0.9)
    gaps = [
        marked_ring_drops(System(ring(n), dt=1.0), proportional, 0.9) - limit for n in (50, 500)
    ]
    assert abs(gaps[1]) < abs(gaps[0]) / 9
    # half of the full queues' jobs go away: the same as the rule with probability 1/2
    start = np.array([0.5, 0, 0, 0, 0, 0.5])
    same = root_drops(System(ring(9), dt=1.0), 0, OFFLOAD_WHEN_FULL / 2, [0.9], start)
    assert limit == pytest.approx(same, rel=1e-12)


def test_equal_empirical_laws_have_different_futures() -> None:
    """0.0040 alternating, 0.1508 in pairs, 0.1547 independent."""
    system = System(ring(8), dt=1.0)
    start = np.array([0.5, 0, 0, 0, 0, 0.5])
    found = [
        next_epoch_drops(system, [0, 5] * 4, OFFLOAD_WHEN_FULL, 0.9),
        next_epoch_drops(system, [0, 0, 5, 5] * 2, OFFLOAD_WHEN_FULL, 0.9),
        root_drops(system, 0, OFFLOAD_WHEN_FULL, [0.9], start),
    ]
    np.testing.assert_allclose(found, [0.0040, 0.1508, 0.1547], atol=5e-5)


def test_on_paths_random_is_worse_than_own_by_a_constant_over_n() -> None:
    for n in (4, 5, 50):
        assert n * path_tie_stationary(n, 0.9) == pytest.approx(0.0486, abs=5e-5)
        # computed here; with a constant rate of 0.9 it is 4.70
        assert n * path_tie_discounted(n, 0.99, 1.0) == pytest.approx(3.929, abs=5e-4)
        assert n * path_tie_discounted(n, 0.99, 1.0, 0.9) == pytest.approx(4.700, abs=5e-4)
    assert path_tie_stationary(2, 0.9) == pytest.approx(0.0, abs=1e-15)
    assert path_tie_stationary(3, 0.9) > 0


def test_bad_input_is_refused() -> None:
    with pytest.raises(ValueError, match="a ring has at least 3 queues; got 2"):
        marked_ring_drops(System(path(2)), majority, 0.9)
    with pytest.raises(ValueError, match=r"response must be in \[0, 1\]; got 1.33"):
        marked_ring_drops(System(ring(3)), lambda fraction: fraction + 1.0, 0.9)
    with pytest.raises(ValueError, match="n must be at least 2 for a path; got 1"):
        path_tie_stationary(1, 0.9)
