"""Every workload runs on its smallest instance and reports what it promises."""

from __future__ import annotations

from functools import partial

import pytest

from benchmarks.scale import WORKLOADS, updates
from benchmarks.scale.updates import MINIBATCHES
from tests.benchmarks.smallest import document

_run = partial(document, WORKLOADS)


@pytest.fixture(autouse=True)
def _no_rivals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Torch and JAX take seconds to import; ``test_peers.py`` looks at them."""
    monkeypatch.setattr(updates, "installed", lambda package: None if package else package)


def test_names_are_distinct() -> None:
    assert len({workload.name for workload in WORKLOADS}) == len(WORKLOADS)


def test_gradient_steps_count_samples() -> None:
    result = _run("updates")
    assert result["skipped"] == {"torch": "not installed", "jax": "not installed"}
    seconds = result["timings"]["16: ours"]["median_ms"] / 1e3
    assert result["numbers"]["16: samples per s, ours"] == pytest.approx(MINIBATCHES * 16 / seconds)
    assert result["targets"] == []


def test_decisions_are_timed_up_to_the_largest_cluster() -> None:
    result = _run("decisions")
    assert set(result["timings"]) == {
        *("16: ours", "100: ours, large", "200: ours, large", "400: ours, large"),
        *("16: 4 side by side", "16: 30 side by side"),
    }
    time, linear = result["targets"]
    assert time["at_most"] == 60
    assert time["measured"] == pytest.approx(1e3 * result["timings"]["16: ours"]["median_ms"])
    assert linear["at_most"] == 1.05
    assert linear["measured"] == result["numbers"]["log-log slope"]
