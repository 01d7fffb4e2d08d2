"""Every workload runs on its smallest instance and reports what it promises."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from benchmarks.dcc import (
    WORKLOADS,
    constrained,
    coordination,
    planning,
    q_learning,
    ready_made,
    sweep,
)
from tests.benchmarks.smallest import document

_run = partial(document, WORKLOADS)


@pytest.fixture(autouse=True)
def _only_scipy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other packages take seconds to import; ``test_ready_made.py`` looks at them."""

    def nothing(package: str) -> None:
        del package

    for module in (constrained, sweep):
        monkeypatch.setattr(
            module, "constrained_solvers", lambda: ready_made.constrained_solvers(nothing)
        )
    monkeypatch.setattr(planning, "installed", nothing)


def test_names_are_distinct() -> None:
    assert len({workload.name for workload in WORKLOADS}) == len(WORKLOADS)


def test_constrained_solves_agree_and_are_certified() -> None:
    result = _run("constrained")
    errors = [v for name, v in result["numbers"].items() if name.startswith("value of")]
    assert len(errors) == 2
    assert max(map(abs, errors)) < 1e-6
    assert result["targets"][1]["met"]
    assert set(result["skipped"]) == {"cvxpy CLARABEL", "cvxpy ECOS"}


def test_sweep_agrees_with_the_separate_programs() -> None:
    result = _run("sweep")
    assert result["numbers"]["largest difference of scipy linprog highs from the curve"] < 1e-6
    assert len(result["ratios"]) == 2


def test_planning_without_rival_has_no_target() -> None:
    result = _run("planning")
    assert result["skipped"] == {"quantecon": "not installed"}
    assert result["targets"] == []
    assert result["timings"][planning.OURS]["median_ms"] > 0


def test_q_learning_counts_steps() -> None:
    result = _run("q_learning")
    assert result["instance"] == {"devices": 2, "copies": [1], "steps per device": 100}
    timing = result["timings"]["plain loop, Python lists"]["median_ms"]
    rate = result["numbers"]["plain loop, Python lists, million steps per s"]
    assert rate == pytest.approx(2 * 100 / timing / 1e3)


def test_memory_is_measured_in_a_process_of_its_own() -> None:
    numbers = _run("memory")["numbers"]
    assert 10 < numbers["imported, MB"] <= numbers["solved, MB"] < 1000


def test_coordination_fits_a_slope(monkeypatch: pytest.MonkeyPatch) -> None:
    # Starting processes takes seconds; the pool has tests of its own.
    monkeypatch.setattr(coordination, "process_pool", ThreadPoolExecutor)
    result = _run("coordination")
    low, slope, high = (
        result["numbers"][k] for k in ("slope, low", "log-log slope", "slope, high")
    )
    assert low <= slope <= high
    assert len(result["timings"]) == 5


def test_devices_of_the_coordination_workload_all_differ() -> None:
    assert len(set(coordination._devices(40, small=False))) == 40


def test_every_size_of_the_coordination_workload_sees_the_same_devices() -> None:
    devices = coordination._devices(8, small=True)
    for size in (1, 2, 4):
        stretches = coordination._stretches(devices, size, averaged=4)
        assert [d for stretch in stretches for d in stretch] == devices[:4]
    assert coordination._stretches(devices, 8, averaged=4) == [devices]


def test_rounds_of_q_learning_are_what_the_preset_says() -> None:
    assert q_learning._run_length(False).steps == 1000
