"""Machine limits, versions and what the others are doing."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks import machine
from benchmarks.machine import Limits, Load, describe, foreign_load, installed, measure_limits


def test_least_time_is_that_of_the_scarcer_resource() -> None:
    limits = Limits(flops=10.0, bandwidth=5.0, call=1.0)
    assert limits.seconds(flops=20, bytes_moved=5) == 2
    assert limits.seconds(flops=20, bytes_moved=50) == 10
    assert limits.seconds() == 0


def test_measured_limits_are_positive_and_below_any_machine() -> None:
    limits = measure_limits(repeats=1, size=64, megabytes=1)
    assert 1e6 < limits.flops < 1e14
    assert 1e6 < limits.bandwidth < 1e13
    assert 1e-9 < limits.call < 1e-2
    assert set(limits.to_json()) == {"gemm_gflop_per_s", "copy_gb_per_s", "numpy_call_us"}


def test_description_names_versions_and_survives_json() -> None:
    document = json.loads(json.dumps(describe()))
    assert document["packages"]["numpy"] == np.__version__
    assert document["cores"] >= 1
    assert document["cpu"]


def test_package_that_is_not_installed_has_no_version() -> None:
    assert installed("a-package-nobody-wrote") is None


def test_foreign_load_is_what_the_others_did_per_second() -> None:
    before, after = Load(100.0, 10.0, 1000.0), Load(115.0, 19.0, 1004.0)
    assert foreign_load(before, after) == pytest.approx(6 / 4)


def test_foreign_load_is_never_negative_and_unknown_without_counters() -> None:
    """Counters tick at different moments, so a small negative difference can occur."""
    now = Load(100.0, 10.0, 1000.0)
    assert foreign_load(now, Load(100.0, 10.1, 1001.0)) == 0
    assert foreign_load(now, now) is None
    assert foreign_load(None, now) is None
    assert foreign_load(now, None) is None


def test_system_without_counters_is_not_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(machine, "_PROC", tmp_path)
    assert machine.load_now() is None
    assert isinstance(describe()["cpu"], str)
