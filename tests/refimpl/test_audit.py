"""Specifies refimpl.audit: every claim gets a row, and the same seed gives the same bits."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from refimpl import audit
from refimpl.audit import AuditReport, Row
from refimpl.ledger import Job, Verdict
from refimpl.names import UnknownNameError
from refimpl.report import identity
from refimpl.shared.executors import dask_executor, process_pool
from refimpl.workers import Settings
from tests.refimpl import fake_registry
from tests.refimpl.fake_paper import claims as fake


def settings(**changes: Any) -> Settings:
    return Settings(**{"registry": fake_registry.NAME, **changes})


@pytest.fixture(scope="module")
def serial() -> AuditReport:
    return audit.run(fake_registry.ALL, settings())


def row(report: AuditReport, name: str) -> Row:
    return next(row for row in report.rows if row.claim.id == f"fake/{name}")


def bits(report: AuditReport) -> tuple[str, list[bytes]]:
    """Everything in a report except times: numbers exactly, plots byte by byte."""
    plots = [plot for row in report.rows if row.finding for plot in row.finding.plots]
    arrays = [array.tobytes() for plot in plots for line in plot.series.values() for array in line]
    content = identity(report)
    for claim in content["claims"]:
        claim["evidence"] = {name: value.hex() for name, value in claim["evidence"].items()}
        # Tracebacks name lines of the machinery, which differ between processes.
        claim["error"] = claim.get("error", "").strip().splitlines()[-1:]
    return json.dumps(content), arrays


def test_rows_come_in_the_order_asked_for_and_once_each(serial: AuditReport) -> None:
    assert [row.claim.id for row in serial.rows] == list(fake_registry.ALL)
    twice = audit.run(["fake/silent", "fake/absent", "fake/silent"], settings())
    assert [row.claim.id for row in twice.rows] == ["fake/silent", "fake/absent"]


def test_verdicts_and_flipped_controls_of_sound_claims(serial: AuditReport) -> None:
    expected = {
        "increasing": Verdict.HOLDS,
        "decreasing": Verdict.REFUTED,
        "mean": Verdict.HOLDS_STATISTICALLY,
        "division": Verdict.HOLDS_UNDER,
        "absent": Verdict.NOT_REPRODUCED,
        "silent": Verdict.UNSPECIFIED,
        "noise-small": Verdict.HOLDS,
        "noise-tiny": Verdict.REFUTED,
        "walk": Verdict.HOLDS,
    }
    for name, verdict in expected.items():
        finding = row(serial, name).finding
        assert finding is not None
        assert finding.verdict is verdict
        assert row(serial, name).flipped
        assert row(serial, name).error == ""
    assert len(expected) == len(fake.SOUND)


def test_control_that_does_not_flip_is_reported(serial: AuditReport) -> None:
    stuck = row(serial, "stuck")
    assert not stuck.flipped
    assert serial.unflipped == (stuck,)


@pytest.mark.parametrize(
    ("name", "what", "error"),
    [
        ("check-raises", "the check raised", "ArithmeticError: the check <went> wrong"),
        ("control-raises", "the negative control raised", "ArithmeticError: the check <went>"),
        ("wrong-type", "the check raised", "must return a Finding; got <Verdict.HOLDS"),
        ("job-raises", "job 'failing seed=0' raised", "OverflowError: the job went wrong"),
        ("jobs-unknown", "the list of jobs raised", "LookupError: no jobs for seed 0"),
        ("job-wrong-type", "job 'no arrays seed=0' raised", "must return a dict of arrays"),
        ("writes", "the check raised", "read-only"),
    ],
)
def test_what_raises_is_an_error_row_with_its_traceback(
    serial: AuditReport, name: str, what: str, error: str
) -> None:
    failed = row(serial, name)
    assert failed in serial.errors
    assert failed.error.startswith(what)
    assert "Traceback (most recent call last)" in failed.error
    assert error in failed.error
    assert not failed.flipped
    # What cannot be judged for want of its jobs is not judged.
    assert not what.startswith(("job", "the list")) or "check raised" not in failed.error


def test_exactly_the_failing_claims_have_errors(serial: AuditReport) -> None:
    assert {row.claim for row in serial.errors} == set(fake.FAILING)
    sound = row(serial, "control-raises").finding
    assert sound is not None  # the check itself ran; only its control did not
    assert sound.verdict is Verdict.HOLDS


@pytest.mark.parametrize("name", [claim.id for claim in (fake.STUCK, *fake.FAILING)])
def test_one_broken_claim_is_enough_for_exit_status_1(name: str) -> None:
    assert audit.run(["fake/silent", name], settings()).exit_status == 1


def test_exit_status_is_0_whatever_the_verdicts() -> None:
    report = audit.run(fake_registry.SOUND, settings())
    assert report.exit_status == 0
    assert all(count >= 1 for count in report.summary.values())


def test_summary_counts_verdicts(serial: AuditReport) -> None:
    assert list(serial.summary) == [verdict.value for verdict in Verdict]
    counted = [row for row in serial.rows if row.finding is not None]
    assert sum(serial.summary.values()) == len(counted) < len(serial.rows)


def test_environment_names_versions_and_machine(serial: AuditReport) -> None:
    assert {
        "python",
        "numpy",
        "scipy",
        "cvxpy",
        "machine",
        "cpu_count",
        "wall_seconds",
        "job_seconds",
    } <= set(serial.environment)


def test_other_seed_gives_other_evidence(serial: AuditReport) -> None:
    other = audit.run(["fake/mean"], settings(seed=1))
    finding, before = other.rows[0].finding, row(serial, "mean").finding
    assert finding is not None
    assert before is not None
    assert finding.evidence["mean"] != before.evidence["mean"]


def test_unknown_claim_is_named_before_anything_runs() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown claim 'fake/silnet'.*'fake/silent'"):
        audit.run(["fake/check-raises", "fake/silnet"], settings())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"profile": "slow"}, r"profile must be one of .*; got 'slow'"),
        ({"seed": -1}, "seed must be non-negative; got -1"),
    ],
)
def test_impossible_settings_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        settings(**changes)


def test_processes_give_the_same_bits_as_serial(serial: AuditReport) -> None:
    with process_pool(2) as executor:
        parallel = audit.run(fake_registry.ALL, settings(), executor)
    assert bits(parallel) == bits(serial)


def test_dask_gives_the_same_bits_as_serial(serial: AuditReport) -> None:
    pytest.importorskip("distributed")
    with dask_executor("local", jobs=2) as executor:
        distributed = audit.run(fake_registry.ALL, settings(), executor)
    assert bits(distributed) == bits(serial)


def test_shared_jobs_run_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(fake.JOB_LOG, str(tmp_path / "log"))
    audit.run(["fake/noise-small", "fake/noise-tiny"], settings(seed=5))
    assert (tmp_path / "log").read_text().splitlines() == ["noise 5 4", "noise 5 4000"]


def test_kept_results_are_reused_by_the_next_run_to_the_same_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(fake.JOB_LOG, str(tmp_path / "log"))
    kept = settings(seed=5, workspace=tmp_path / "work")
    first = audit.run(fake_registry.SOUND, kept)
    second = audit.run(fake_registry.SOUND, kept)
    assert len((tmp_path / "log").read_text().splitlines()) == 2
    assert second.notes == ("3 of 3 jobs taken from the workspace",)
    assert first.notes == ()
    assert bits(first) == bits(second) == bits(audit.run(fake_registry.SOUND, settings(seed=5)))


def test_finished_jobs_are_kept_when_a_check_raises(tmp_path: Path) -> None:
    audit.run(["fake/writes"], settings(workspace=tmp_path))
    assert len(list(tmp_path.glob("noise-*.npz"))) == 2


def test_damaged_result_is_computed_again_and_said(tmp_path: Path) -> None:
    kept = settings(workspace=tmp_path)
    first = audit.run(["fake/noise-small"], kept)
    victim = next(tmp_path.glob("noise-size=4-*.npz"))
    victim.write_bytes(victim.read_bytes()[:100])
    second = audit.run(["fake/noise-small"], kept)
    assert bits(second) == bits(first)
    assert second.notes[0] == "1 of 2 jobs taken from the workspace"
    assert "computed again" in second.notes[1]
    assert victim.name in second.notes[1]
    assert audit.run(["fake/noise-small"], kept).notes == ("2 of 2 jobs taken from the workspace",)


def test_one_name_for_two_jobs_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    claim = fake.SOUND[6]
    imposter = fake._claim(
        "imposter", fake.check_noise, 1.0, 2.0, jobs=lambda _: (Job("x", fake.noise, (1, 2)),)
    )
    other = fake._claim(
        "other", fake.check_noise, 1.0, 2.0, jobs=lambda _: (Job("x", fake.noise, (1, 3)),)
    )
    monkeypatch.setattr(
        audit, "find_claim", lambda _, name: {"a": imposter, "b": other}.get(name, claim)
    )
    with pytest.raises(ValueError, match="job 'x' means different things to 'fake/imposter'"):
        audit.run(["a", "b"], settings())


def test_progress_covers_both_stages() -> None:
    from contextlib import contextmanager

    seen: list[tuple[str, int, int]] = []

    @contextmanager
    def progress(label: str):  # type: ignore[no-untyped-def]
        yield lambda done, total: seen.append((label, done, total))

    audit.run(["fake/noise-small", "fake/silent"], settings(), progress=progress)
    assert seen[0] == ("jobs", 0, 2)
    assert ("jobs", 2, 2) in seen
    assert seen[-1] == ("checks and controls", 4, 4)


def test_audit_killed_in_the_middle_resumes_to_the_same_bits(tmp_path: Path) -> None:
    expected = audit.run(fake_registry.SOUND, settings(profile="full", seed=7))
    process = subprocess.Popen([sys.executable, "-m", fake_registry.NAME, str(tmp_path)])
    for _ in range(3000):
        if list(tmp_path.glob("walk-*.partial.npz")) and list(tmp_path.glob("noise-*.npz")):
            break
        assert process.poll() is None, "the audit ended before it could be killed"
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    time.sleep(0.1)  # its workers notice and end
    assert list(tmp_path.glob("walk-*.partial.npz"))
    resumed = audit.run(fake_registry.SOUND, settings(profile="full", seed=7, workspace=tmp_path))
    assert bits(resumed) == bits(expected)
    assert "jobs taken from the workspace" in resumed.notes[0]
    assert not list(tmp_path.glob("*.partial.npz"))
