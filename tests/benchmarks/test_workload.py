"""Targets, reports and the share of the limit."""

from __future__ import annotations

import json

import pytest

from benchmarks.machine import Limits
from benchmarks.timing import Timing, ratio
from benchmarks.workload import Report, Settings, Target, Workload, run_workload, share_of_limit

LIMITS = Limits(flops=10.0, bandwidth=5.0, call=1.0)


@pytest.mark.parametrize(
    ("measured", "met"),
    [(0.89, False), (0.9, True), (1.1, True), (1.2, False), (float("nan"), False)],
)
def test_target_is_met_between_its_bounds(measured: float, met: bool) -> None:
    target = Target("slope", measured, 0.9, 1.1)
    assert target.met is met
    assert target.to_json()["met"] is met


def test_one_sided_target_shows_one_bound() -> None:
    assert Target("fast", 4.0, low=3.0).to_json() == {
        "statement": "fast",
        "measured": 4.0,
        "at_least": 3.0,
        "met": True,
    }
    assert "at_least" not in Target("small", 4.0, high=3.0).to_json()


def test_share_of_limit_is_least_time_over_measured_time() -> None:
    share = share_of_limit(LIMITS, measured=8.0, counted="everything", flops=20.0)
    assert share == {"counted": "everything", "least_ms": 2000.0, "share": 0.25}


def test_report_becomes_json_with_the_settings_it_was_given() -> None:
    asked = []

    def run(settings: Settings) -> Report:
        asked.append(settings)
        a, b = Timing((2.0,), 1, 3.0), Timing((1.0,), 1, 1.0)
        return Report(
            instance={"n": 3},
            timings={"ours": b, "theirs": a},
            ratios={"theirs / ours": ratio(a, b)},
            numbers={"error": 0.0},
            targets=(Target("faster", 2.0, low=1.0),),
            limit=share_of_limit(LIMITS, 1.0, "all", 1.0),
            skipped={"other": "not installed"},
        )

    settings = Settings(2, LIMITS)
    result = json.loads(json.dumps(run_workload(Workload("w", "a title", run), settings)))
    assert asked == [settings]
    assert (result["name"], result["title"]) == ("w", "a title")
    assert result["timings"]["theirs"]["median_ms"] == 2000
    assert result["ratios"]["theirs / ours"]["median"] == 2
    assert result["targets"][0]["met"] is True
    assert result["skipped"] == {"other": "not installed"}
    assert "foreign_load_cores" in result
