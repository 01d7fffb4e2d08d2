"""Every workload runs on its smallest instance and reports what it promises."""

from __future__ import annotations

from functools import partial

import pytest

from benchmarks.dgpg import WORKLOADS, gradient_steps
from benchmarks.dgpg.instances import MINIBATCHES
from tests.benchmarks.smallest import document

_run = partial(document, WORKLOADS)


@pytest.fixture(autouse=True)
def _no_rivals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Torch takes seconds to import; ``test_gradient_steps.py`` looks at it."""
    monkeypatch.setattr(gradient_steps, "installed", lambda package: None if package else package)


def test_names_are_distinct() -> None:
    assert len({workload.name for workload in WORKLOADS}) == len(WORKLOADS)


def test_gradient_steps_count_samples() -> None:
    result = _run("gradient_steps")
    assert result["skipped"] == {"torch": "not installed"}
    seconds = result["timings"]["N = 10: 1 thread"]["median_ms"] / 1e3
    rate = result["numbers"]["N = 10: samples per s, 1 thread"]
    assert rate == pytest.approx(MINIBATCHES * 512 / seconds)
    assert result["targets"] == []


def test_acting_is_the_same_either_way() -> None:
    result = _run("acting")
    assert result["numbers"]["largest difference of logits"] < 1e-5
    assert result["instance"]["agents"] == 4


def test_the_simulator_is_measured_in_parts() -> None:
    numbers = _run("simulator")["numbers"]
    parts = [name for name in numbers if name.endswith("at N = 50, us per step")]
    assert len(parts) == 3
    assert all(numbers[name] > 0 for name in parts)
    assert numbers["slope, low"] <= numbers["log-log slope"] <= numbers["slope, high"]


def test_episodes_are_compared_with_table_9() -> None:
    result = _run("episodes")
    (target,) = result["targets"]
    assert target["at_most"] == 10.5 / 2
    total = result["numbers"]["N = 10, collecting"] + result["numbers"]["N = 10, updating"]
    assert target["measured"] == pytest.approx(total)


def test_memory_is_that_of_another_process() -> None:
    numbers = _run("memory")["numbers"]
    assert 10 < numbers["imported, MB"] <= numbers["trained, MB"] < 1000
