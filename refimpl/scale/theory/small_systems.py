"""Episodes small enough to follow by hand: some tasks, some servers, everything there at time 0."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from refimpl.scale.model.scenario import Scenario
from refimpl.scale.model.settings import SystemSettings


def independent_tasks(
    settings: SystemSettings,
    compute: Sequence[float],
    capacity: Sequence[float],
    memory: Sequence[float] | None = None,
) -> Scenario:
    """Return one episode with a workflow of one task for every entry of ``compute``.

    Parameters
    ----------
    settings : SystemSettings
        Clock, horizon and reward; its servers and demands are not used.
    compute : sequence of float
        GFLOP; every task needs 2 GB and hands on 1 GB.
    capacity : sequence of float
        GFLOPS.
    memory : sequence of float, optional
        GB; by default there is room on every server.
    """
    tasks, servers = len(compute), (1, len(capacity))
    room = [80.0] * len(capacity) if memory is None else memory
    return Scenario(
        settings,
        capacity=np.array([capacity], float),
        memory=np.array([room], float),
        idle_power=np.full(servers, 50.0),
        busy_power=np.full(servers, 200.0),
        joins=np.zeros(servers),
        leaves=np.full(servers, np.inf),
        fails=np.full(servers, np.inf),
        arrival=np.zeros((1, tasks)),
        size=np.ones((1, tasks), np.int64),
        compute=np.array(compute, float).reshape(1, tasks, 1),
        need=np.full((1, tasks, 1), 2.0),
        data=np.ones((1, tasks, 1)),
        edges=np.zeros((1, tasks, 1, 1), bool),
    )
