"""Specifies the episodes that are followed by hand."""

from __future__ import annotations

import numpy as np
import pytest

from refimpl.scale.model.scenario import InfeasibleTaskError
from refimpl.scale.model.settings import SystemSettings
from refimpl.scale.model.simulator import Simulation
from refimpl.scale.theory.small_systems import independent_tasks


def test_every_task_is_ready_at_once_and_fits_where_there_is_room() -> None:
    settings = SystemSettings(dt=0.5)
    scenario = independent_tasks(settings, [3.0, 1.0], [1.0, 2.0, 4.0], [80.0, 1.0, 2.0])
    assert scenario.settings is settings
    sim = Simulation(scenario)
    assert sim.feasible().tolist() == [[True, False, True]]
    for server in (2, 0):
        assert sim.step(np.array([server])).valid.all()
    assert sim.finish.tolist() == [[0.75, 1.0]]
    assert independent_tasks(settings, [1.0], [1.0]).memory.tolist() == [[80.0]]


def test_without_any_room_it_is_refused() -> None:
    with pytest.raises(InfeasibleTaskError, match="needs 2 GB and the largest server has 1 GB"):
        independent_tasks(SystemSettings(), [1.0], [1.0], [1.0])
