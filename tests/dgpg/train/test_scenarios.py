"""On which clusters an episode's rollouts run."""

from __future__ import annotations

import numpy as np

from refimpl.dgpg.train.scenarios import fixed_cluster, fresh_clusters
from tests.dgpg.train.strategies import CLUSTERED


def test_fresh_clusters_differ_and_are_repeatable() -> None:
    one, again = (fresh_clusters(CLUSTERED, 4, 7, 0) for _ in range(2))
    np.testing.assert_array_equal(one.capacity, again.capacity)
    np.testing.assert_array_equal(one.demand, again.demand)
    assert len(np.unique(one.efficiency.reshape(4, -1), axis=0)) > 1
    for other in (fresh_clusters(CLUSTERED, 4, 7, 1), fresh_clusters(CLUSTERED, 4, 8, 0)):
        assert not np.array_equal(one.offsets, other.offsets)


def test_a_fixed_cluster_stays_while_jobs_change() -> None:
    one, other = (fixed_cluster(CLUSTERED, 3, 7, k) for k in (0, 1))
    for name in ("capacity", "efficiency", "members"):
        first = getattr(one, name)
        np.testing.assert_array_equal(first, getattr(other, name))
        np.testing.assert_array_equal(first, np.repeat(first[:1], 3, axis=0))
    assert not np.array_equal(one.offsets, other.offsets)
    assert len(np.unique(one.offsets, axis=0)) > 1
    assert not np.array_equal(one.efficiency, fixed_cluster(CLUSTERED, 3, 8, 0).efficiency)
