"""Specifies which clusters and workloads are allowed, and the named presets."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from refimpl.dgpg.model.instances import INSTANCE_TYPES
from refimpl.dgpg.model.settings import (
    CPU_INTENSIVE,
    MEMORY_INTENSIVE,
    TABLE_5,
    JobClass,
    SystemSettings,
    chosen,
    paper_scaled,
    suggested,
)
from refimpl.dgpg.model.workload import base_rate
from tests.dgpg.model.strategies import systems

NAN = float("nan")


@pytest.mark.parametrize("n", TABLE_5)
def test_table_5(n: int) -> None:
    clusters, size = TABLE_5[n]
    settings = chosen(n).settings
    assert clusters * size == n == settings.n_servers
    assert settings.n_clusters == clusters
    assert settings.per_cluster == size
    assert settings.direct == (n <= 20)
    assert (settings.steps, settings.arrival_steps, settings.period) == (3000, 2000, 1000)


def test_presets_say_where_every_number_is_from() -> None:
    assert "swing" in chosen(10).fields_tagged("chosen")
    published = chosen(10).fields_tagged("published")
    assert published == {
        "n_servers": 10,
        "n_clusters": 10,
        "steps": 3000,
        "arrival_steps": 2000,
        "period": 1000.0,
        "types": INSTANCE_TYPES,
    }
    for preset in (suggested(10), paper_scaled(10)):
        assert preset.fields_tagged("published") == published


@pytest.mark.parametrize("n", [2, 10, 50, 200])
def test_suggested_jobs_arrive_faster_than_dispatchers_can_take_them(n: int) -> None:
    """At the tidal peak, on the average cluster; not so with the chosen constants."""
    types = [kind for kind in INSTANCE_TYPES for _ in range(int(kind.weight))]
    capacity = np.array([[kind.cpu, kind.memory] for kind in types])
    speed = np.array([kind.cpu_efficiency for kind in types])
    for preset, overflows in ((suggested(n), True), (chosen(n), False)):
        settings = preset.settings
        # A hundred servers in the proportions of the table.
        peak = (1 + settings.swing) * float(base_rate(settings, capacity, speed)) / 100
        assert (peak > 0.97) == overflows
        assert overflows or peak < 0.5


@given(systems())
def test_strategies_make_valid_systems(settings: SystemSettings) -> None:
    assert settings.per_cluster * settings.n_clusters == settings.n_servers
    assert settings.largest_demand[0] <= min(kind.cpu for kind in settings.types)
    assert settings.largest_demand[1] <= min(kind.memory for kind in settings.types)


BAD: list[tuple[dict[str, Any], str]] = [
    ({"n_servers": 0}, "n_servers must be an integer >= 1; got 0"),
    ({"n_servers": -2}, "n_servers must be an integer >= 1; got -2"),
    ({"n_servers": 2.0}, "n_servers must be an integer >= 1; got 2.0"),
    ({"n_clusters": 0}, "n_clusters must be an integer >= 1; got 0"),
    ({"n_clusters": 3}, "n_servers must be a multiple of n_clusters = 3; got 4"),
    ({"steps": 0}, "steps must be an integer >= 1; got 0"),
    ({"steps": 9, "arrival_steps": 10}, "arrival_steps must be at most steps = 9; got 10"),
    ({"utilization": 1.0}, r"utilization must be in \(0, 1\); got 1.0"),
    ({"utilization": 1.5}, r"utilization must be in \(0, 1\); got 1.5"),
    ({"utilization": 0.0}, r"utilization must be in \(0, 1\); got 0.0"),
    ({"utilization": NAN}, r"utilization must be in \(0, 1\); got nan"),
    ({"swing": 1.1}, r"swing must be in \[0, 1\]; got 1.1"),
    ({"swing": NAN}, r"swing must be in \[0, 1\]; got nan"),
    ({"period": 0.0}, "period must be finite and > 0; got 0"),
    ({"arrival_noise": -0.1}, "arrival_noise must be finite and >= 0; got -0.1"),
    ({"log_duration_std": 0.0}, "log_duration_std must be finite and > 0; got 0"),
    ({"log_duration_mean": NAN}, "log_duration_mean must be finite; got nan"),
    ({"max_duration": 0.5}, "max_duration must be finite and >= 1; got 0.5"),
    ({"max_duration": NAN}, "max_duration must be finite and >= 1; got nan"),
    ({"queue_weight": -1.0}, "queue_weight must be finite and >= 0; got -1"),
    ({"energy_weight": NAN}, "energy_weight must be finite and >= 0; got nan"),
    ({"job_classes": (CPU_INTENSIVE,)}, "shares of job_classes must sum to 1; got 0.6"),
    ({"job_classes": ()}, "shares of job_classes must sum to 1; got 0"),
    ({"types": ()}, "types must name at least one instance type; got none"),
]


@pytest.mark.parametrize(("changes", "message"), BAD)
def test_bad_settings_are_refused(changes: dict[str, Any], message: str) -> None:
    fine = {"n_servers": 4, "n_clusters": 2}
    with pytest.raises(ValueError, match=message):
        SystemSettings(**(fine | changes))


@pytest.mark.parametrize(
    "job",
    [
        replace(CPU_INTENSIVE, share=1.0, cpu_range=(1, 1000)),
        replace(MEMORY_INTENSIVE, share=1.0, memory_range=(4, 1000)),
        replace(CPU_INTENSIVE, share=1.0, cpu_range=(1, 20)),
    ],
    ids=["no server has the cores", "nor the memory", "one server has not"],
)
def test_jobs_larger_than_a_server_are_refused(job: JobClass) -> None:
    with pytest.raises(ValueError, match=r"must fit every server.*(m4.8xlarge|t3.2xlarge) has"):
        SystemSettings(4, 2, job_classes=(job,))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"share": 0.0}, "share must be finite and > 0; got 0"),
        ({"shape": -1.0}, "shape must be finite and > 0; got -1"),
        ({"scale": NAN}, "scale must be finite and > 0; got nan"),
        ({"cpu_range": (0, 4)}, r"cpu_range must be positive and increasing; got \(0, 4\)"),
        ({"ratio_range": (3, 2)}, r"ratio_range must be positive and increasing; got \(3, 2\)"),
        ({"memory_range": (NAN, 2)}, "memory_range must be positive and increasing"),
        ({"memory_range": (1, float("inf"))}, "memory_range must be positive and increasing"),
    ],
)
def test_bad_jobs_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(CPU_INTENSIVE, **changes)


def test_presets_exist_for_the_sizes_of_table_5_only() -> None:
    for preset in (chosen, suggested, paper_scaled):
        with pytest.raises(ValueError, match=r"n_servers must be one of \[2, 5, .*got 7"):
            preset(7)
