"""Specifies refimpl.cli: what the commands print, write, refuse and return."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any, NoReturn

import pytest

from refimpl import audit, conformance, html_report, papers
from refimpl.cli import main
from refimpl.workers import registered
from tests.refimpl import fake_registry
from tests.refimpl.fake_paper import claims as fake
from tests.refimpl.test_papers import FAKE, UNBUILT

Captured = pytest.CaptureFixture[str]
ROOT = Path(__file__).parents[2]


@pytest.fixture
def _fake_papers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setattr(papers, "PAPERS", (UNBUILT, FAKE))
    monkeypatch.setattr(fake, "CLAIMS", fake.SOUND)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "150")
    registered.cache_clear()
    yield
    registered.cache_clear()


def run_audit(*arguments: str) -> int:
    return main(["audit", "--jobs", "1", *arguments])


@pytest.mark.usefixtures("_fake_papers")
def test_audit_prints_a_row_per_claim_and_returns_0(capsys: Captured) -> None:
    assert run_audit() == 0
    captured = capsys.readouterr()
    assert [line.split()[0] for line in captured.out.splitlines()[2:11]] == list(
        fake_registry.SOUND
    )
    assert "\x1b" not in captured.out
    assert "checks and controls: 18/18" in captured.err


@pytest.mark.usefixtures("_fake_papers")
def test_audit_of_broken_claims_returns_1(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fake, "CLAIMS", (*fake.SOUND, fake.STUCK, *fake.FAILING))
    assert run_audit("--only", "fake/stuck") == 1
    assert run_audit("--only", "fake/check-raises") == 1
    assert "ArithmeticError" in capsys.readouterr().out


@pytest.mark.usefixtures("_fake_papers")
def test_only_and_paper_choose_claims_in_ledger_order(capsys: Captured) -> None:
    chosen = ["--only", "fake/silent", "--only", "fake/increasing"]
    assert run_audit("--list", "--paper", "fake", *chosen) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "fake/increasing  [eq. 1; exact]"
    assert lines[1] == "    What is said about increasing & <others>."
    assert lines[2].startswith("fake/silent")
    assert len(lines) == 4


@pytest.mark.usefixtures("_fake_papers")
def test_list_runs_nothing(capsys: Captured) -> None:
    assert run_audit("--list") == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    assert len(captured.out.splitlines()) == 2 * len(fake.SOUND)


@pytest.mark.usefixtures("_fake_papers")
def test_json_and_html_are_written(tmp_path: Path, capsys: Captured) -> None:
    assert run_audit("--seed", "4", "--json", "a.json", "--html", "a.html") == 0
    content = json.loads((tmp_path / "a.json").read_text())
    assert (content["seed"], content["profile"]) == (4, "quick")
    assert len(content["claims"]) == len(fake.SOUND)
    assert (tmp_path / "a.html").read_text().startswith("<!DOCTYPE html>")
    assert "written: a.json\nwritten: a.html\n" in capsys.readouterr().out


@pytest.mark.usefixtures("_fake_papers")
def test_workspace_is_kept_in_the_full_profile_or_when_named(tmp_path: Path) -> None:
    run_audit("--only", "fake/noise-small")
    assert list(tmp_path.iterdir()) == []
    run_audit("--only", "fake/noise-small", "--workspace", "here/there")
    assert len(list((tmp_path / "here" / "there").iterdir())) == 2
    run_audit("--only", "fake/noise-small", "--profile", "full")
    assert len(list((tmp_path / ".audit").iterdir())) == 2


@pytest.mark.usefixtures("_fake_papers")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["audit", "--only", "fake/silnet"], "unknown claim 'fake/silnet'; did you mean 'fake/sil"),
        (["audit", "--paper", "fak"], "unknown paper 'fak'; did you mean 'fake'?"),
        (["audit", "--paper", "later"], "paper 'later' is not built yet"),
        (["audit", "--json", "no/a.json"], "cannot write 'no/a.json'"),
        (["audit", "--html", "no/a.html"], "No such file or directory"),
        (["audit", "--html", "."], "it is a directory"),
        (["audit", "--workspace", "/dev/null/x"], "/dev/null/x"),
        (["find", "fak"], "unknown paper 'fak'; did you mean 'fake'?"),
        (["find", "fake", "9"], "unknown number of paper 'fake' '9'"),
        (["find", "later"], "paper 'later' is not built yet"),
    ],
)
def test_wrong_questions_are_explained_before_any_work(
    arguments: list[str], message: str, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "run", _must_not_run)
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("refimpl: error: ")
    assert message in captured.err
    assert "Traceback" not in captured.err
    assert captured.out == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "required: COMMAND"),
        (["audti"], "invalid choice: 'audti'"),
        (["audit", "--profile", "slow"], "invalid choice: 'slow'"),
        (["audit", "--seed", "-1"], "must be an integer of at least 0; got '-1'"),
        (["audit", "--seed", "1.5"], "must be an integer of at least 0; got '1.5'"),
        (["audit", "--jobs", "0"], "must be an integer of at least 1; got '0'"),
        (["audit", "--only"], "expected one argument"),
        (["find"], "required: PAPER"),
        (["vectors", "out"], "required: --seed"),
    ],
)
def test_usage_errors_return_2(arguments: list[str], message: str, capsys: Captured) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.usefixtures("_fake_papers")
def test_missing_dask_is_a_usage_error(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert main(["audit", "--dask", "local"]) == 2
    assert 'pip install "refimpl[cluster]"' in capsys.readouterr().err


@pytest.mark.usefixtures("_fake_papers")
def test_file_that_fails_at_the_end_costs_neither_table_nor_other_file(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_disk(*_: object) -> NoReturn:
        raise OSError("no space left")

    monkeypatch.setattr(html_report, "write_html", full_disk)
    assert run_audit("--html", "a.html", "--json", "a.json") == 1
    captured = capsys.readouterr()
    assert "9 claims" in captured.out
    assert "a.html was not written: no space left" in captured.err
    assert (tmp_path / "a.json").exists()


@pytest.mark.usefixtures("_fake_papers")
def test_dead_worker_is_reported_without_traceback(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    def died(*_: object) -> NoReturn:
        raise BrokenProcessPool("terminated abruptly")

    monkeypatch.setattr(audit, "run", died)
    assert run_audit("--workspace", "kept") == 1
    error = capsys.readouterr().err
    assert "a worker process died (terminated abruptly)" in error
    assert "finished jobs are kept in kept" in error


@pytest.mark.usefixtures("_fake_papers")
def test_interrupt_returns_130(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr(audit, "run", interrupted)
    assert run_audit() == 130
    assert capsys.readouterr().err == "refimpl: interrupted\n"


@pytest.mark.usefixtures("_fake_papers")
def test_find_prints_one_row_or_the_table(capsys: Captured) -> None:
    assert main(["find", "fake", "1"]) == 0
    one = capsys.readouterr().out
    assert one.startswith("eq. 1: square\n")
    assert "fake_paper/model.py:" in one
    assert main(["find", "fake", "algorithm", "1"]) == 0
    assert capsys.readouterr().out.startswith("Algorithm 1: keeping")
    assert main(["find", "fake"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 4


def test_vectors_are_written_by_the_conformance_kit(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(conformance, "cases", lambda: ("gae", "cmdp"))
    monkeypatch.setattr(conformance, "write_vectors", lambda *a, **k: seen.append((a, k)))
    assert main(["vectors", str(tmp_path), "--seed", "3", "--only", "gae"]) == 0
    assert seen == [((tmp_path, 3, "gae"), {})]
    assert main(["vectors", str(tmp_path), "--seed", "3", "--only", "gea"]) == 2
    assert "unknown case 'gea'; did you mean 'gae'?" in capsys.readouterr().err


def test_program_starts_without_heavy_imports() -> None:
    code = (
        "import sys; from refimpl.cli import main; main(['find', 'nothing']);"
        "heavy = {'cvxpy', 'matplotlib', 'distributed', 'scipy.optimize'} & set(sys.modules);"
        "sys.exit(', '.join(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("refimpl: error: unknown paper 'nothing'")


def test_find_imports_neither_cvxpy_nor_matplotlib() -> None:
    built = [paper.key for paper in papers.PAPERS if paper.module]
    code = (
        f"import sys; from refimpl.cli import main; [main(['find', key]) for key in {built}];"
        "sys.exit(', '.join({'cvxpy', 'matplotlib', 'distributed'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr


def test_module_runs_as_a_program_with_one_blas_thread() -> None:
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "2"}
    code = (
        "import os, runpy, sys; sys.argv[1:] = ['find', 'nothing']\n"
        "try: runpy.run_module('refimpl', run_name='__main__')\n"
        "except SystemExit as end: sys.exit(f'{end.code}{os.environ[\"OPENBLAS_NUM_THREADS\"]}')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, env=environment
    )
    assert done.stderr.splitlines()[-1] == "21"  # exit status 2, one thread


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_ctrl_c_ends_a_running_audit_quietly(tmp_path: Path) -> None:
    code = (
        "import signal, sys; from refimpl import papers; from refimpl.cli import main\n"
        # a test run in the background of a shell has inherited that Ctrl-C is ignored
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from tests.refimpl.test_papers import FAKE\n"
        "papers.PAPERS = (FAKE,)\n"
        "sys.exit(main(['audit', '--jobs', '1', '--profile', 'full', '--only', 'fake/walk',"
        f" '--workspace', {str(tmp_path)!r}]))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stderr=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    )
    for _ in range(3000):
        if list(tmp_path.glob("*.partial.npz")):
            break
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=20)
    assert process.returncode == 130
    assert b"Traceback" not in errors
    assert errors.endswith(b"refimpl: interrupted\n")
    assert out == b""


def _must_not_run(*_: object) -> NoReturn:
    raise AssertionError("work has started")
