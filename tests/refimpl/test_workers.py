"""Specifies refimpl.workers: where results are kept, and when they may be used again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from refimpl import workers
from refimpl.ledger import Job
from refimpl.names import unknown
from refimpl.shared import checkpoints
from refimpl.workers import JobTask, Settings, find_claim, registered, run_job
from tests.refimpl import fake_registry
from tests.refimpl.fake_paper import claims as fake


def noise_task(workspace: Path | None) -> JobTask:
    settings = Settings(seed=2, workspace=workspace, registry=fake_registry.NAME)
    return JobTask(settings, "fake/noise-small", "noise size=4 seed=2")


def test_result_is_the_same_kept_or_not(tmp_path: Path) -> None:
    without, fresh, kept = (run_job(noise_task(w)) for w in (None, tmp_path, tmp_path))
    assert without.arrays["noise"].tobytes() == fresh.arrays["noise"].tobytes()
    assert kept.arrays["noise"].tobytes() == fresh.arrays["noise"].tobytes()
    assert [outcome.reused for outcome in (without, fresh, kept)] == [False, False, True]


def test_seconds_of_a_reused_result_are_those_of_its_computation(tmp_path: Path) -> None:
    assert run_job(noise_task(tmp_path)).seconds == run_job(noise_task(tmp_path)).seconds > 0


def test_workspace_is_created(tmp_path: Path) -> None:
    run_job(noise_task(tmp_path / "a" / "b"))
    assert len(list((tmp_path / "a" / "b").iterdir())) == 1


def test_kept_result_says_what_it_is(tmp_path: Path) -> None:
    run_job(noise_task(tmp_path))
    (path,) = tmp_path.iterdir()
    assert path.name.startswith("noise-size=4-seed=2-")
    assert checkpoints.load(path)[1]["job"] == "noise size=4 seed=2"


def test_changed_code_does_not_meet_old_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_job(noise_task(tmp_path))
    monkeypatch.setattr(workers, "code_fingerprint", lambda *_: "other code")
    assert not run_job(noise_task(tmp_path)).reused
    assert len(list(tmp_path.iterdir())) == 2


def test_path_depends_on_name_function_and_code_of_arguments(tmp_path: Path) -> None:
    jobs = [
        Job("a b", fake.noise),
        Job("a/b", fake.noise),
        Job("a b", fake.walked),
        Job("a b", fake.noise, (unknown,)),
    ]
    assert len({workers.result_path(tmp_path, job) for job in jobs}) == 4
    assert workers.result_path(tmp_path, jobs[0]) == workers.result_path(tmp_path, jobs[0])
    assert all(workers.result_path(tmp_path, job).parent == tmp_path for job in jobs)
    plain = Job("a b", fake.noise, (1, 2.0, "x", None, (1,), np.zeros(2), np.float64(1)))
    assert workers.result_path(tmp_path, plain) == workers.result_path(tmp_path, jobs[0])


def test_repeated_ids_and_job_names_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fake, "CLAIMS", (fake.STUCK, *fake.CLAIMS))
    registered.cache_clear()
    with pytest.raises(ValueError, match=r"claim ids must be unique; repeated: \['fake/stuck'\]"):
        registered(fake_registry.NAME)
    twice = fake._claim(
        "twice", fake.check_noise, 1.0, 2.0, jobs=lambda _: (Job("x", fake.noise),) * 2
    )
    with pytest.raises(ValueError, match=r"jobs of 'fake/twice' .* repeated: \['x'\]"):
        workers.plan_jobs(twice, Settings())


def test_claim_is_found_by_id() -> None:
    registered.cache_clear()
    assert find_claim(fake_registry.NAME, "fake/stuck") is fake.STUCK
