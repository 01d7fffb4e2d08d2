"""Every workload runs on its smallest instance and reports what it promises."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest
from scipy.linalg import expm

from benchmarks.meanfield import WORKLOADS, epoch, exponential, panel
from tests.benchmarks.smallest import document

_run = partial(document, WORKLOADS)


@pytest.fixture(autouse=True)
def _no_rivals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other packages take seconds to import; ``test_events.py`` looks at them."""

    def nothing(package: str) -> None:
        del package

    monkeypatch.setattr(epoch, "installed", nothing)
    monkeypatch.setattr(exponential, "installed", nothing)


def test_names_are_distinct() -> None:
    assert len({workload.name for workload in WORKLOADS}) == len(WORKLOADS)


def test_epochs_are_counted_per_queue() -> None:
    result = _run("epoch")
    timing = result["timings"][epoch.OURS]["median_ms"]
    cost = result["numbers"][f"{epoch.OURS}, ns per queue and epoch"]
    assert cost == pytest.approx(1e6 * timing / (100 * 5 * 2))
    assert set(result["skipped"]) == {epoch.NUMBA, epoch.SIMPY, epoch.CIW}


def test_exponentials_have_no_error_without_a_reference() -> None:
    result = _run("exponential")
    assert result["skipped"] == {"mpmath reference": "mpmath not installed"}
    assert len(result["targets"]) == 1


def test_the_reference_exponential_is_one() -> None:
    pytest.importorskip("mpmath")
    matrix = np.array([[-1.0, 1.0, 0.0], [2.0, -3.0, 1.0], [0.0, 0.0, 0.0]])
    np.testing.assert_allclose(exponential.precise(matrix), expm(matrix), rtol=1e-13, atol=1e-15)


def test_the_panel_has_a_point_per_policy_and_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    # Starting processes takes seconds; the pool has tests of its own.
    monkeypatch.setattr(panel, "process_pool", ThreadPoolExecutor)
    numbers = _run("panel")["numbers"]
    drops = {name: value for name, value in numbers.items() if "drops" in name}
    assert len(drops) == 4 * 2
    # On a ring, drawing a queue per packet and keeping all jobs are the same law.
    for dt in (1, 2):
        own, rnd = (drops[f"{name}, drops per queue at delay {dt}"] for name in ("OWN", "RND"))
        assert own == pytest.approx(rnd, rel=1e-9)


def test_scale_fits_a_slope_and_asks_another_process_for_memory() -> None:
    numbers = _run("scale")["numbers"]
    low, slope, high = (numbers[k] for k in ("slope, low", "log-log slope", "slope, high"))
    assert low <= slope <= high
    assert 10 < numbers["imported, MB"] <= numbers["simulated, MB"] < 1000
