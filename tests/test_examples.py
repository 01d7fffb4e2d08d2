"""Specifies the examples: short scripts with public names only that end in an assertion."""

from __future__ import annotations

import ast
import importlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from refimpl.dcc.experiments import references
from tests.source import ROOT, tree

EXAMPLES = sorted((ROOT / "examples").glob("[a-z]*.py"))
SHARED = {"_dcc", "_dgpg", "_meanfield", "_runs", "_scale", "_show"}
MAX_LINES = 120
SECONDS = 60  # a limit for hanging scripts; how fast they are is the benchmarks' business

WITHOUT_MATPLOTLIB = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "matplotlib":
            raise ModuleNotFoundError("No module named 'matplotlib'", name="matplotlib")

sys.meta_path.insert(0, Absent())
"""


def name_of(path: Path) -> str:
    return path.stem


def run(script: Path, where: Path, *path: Path) -> subprocess.CompletedProcess[str]:
    """Run a script with --quick in a directory of its own; modules in ``path`` come first."""
    places = os.pathsep.join(str(place) for place in (*path, ROOT))
    environment = {**os.environ, "PYTHONPATH": places, "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, str(script), "--quick"],
        cwd=where,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def private_imports(code: ast.Module) -> list[str]:
    """Imported modules and names that begin with an underscore, but for the shared ones."""
    found = []
    for node in ast.walk(code):
        if isinstance(node, ast.ImportFrom) and node.module not in {*SHARED, "__future__"}:
            found += [*(node.module or "").split("."), *(alias.name for alias in node.names)]
        elif isinstance(node, ast.Import):
            found += [part for alias in node.names for part in alias.name.split(".")]
    return [name for name in found if name.startswith("_")]


def last_is_assertion(code: ast.Module) -> bool:
    """Whether ``main`` ends in an assertion, possibly one for each of several things."""
    (main,) = (n for n in code.body if isinstance(n, ast.FunctionDef) and n.name == "main")
    final: ast.stmt = main.body[-1]
    while isinstance(final, ast.For | ast.If):
        final = (final.orelse or final.body)[-1]
    return isinstance(final, ast.Assert)


def test_there_are_examples_in_teaching_order() -> None:
    for prefix in ("dcc", "mf", "dgpg", "scale", "kit"):
        numbers = [int(p.stem.split("_")[1]) for p in EXAMPLES if p.stem.startswith(prefix)]
        assert numbers == list(range(1, len(numbers) + 1))
        assert numbers


@pytest.mark.parametrize("path", EXAMPLES, ids=name_of)
def test_example_keeps_the_rules(path: Path) -> None:
    code = tree(path)
    words = ast.get_docstring(code) or ""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_LINES
    assert [part for part in ("Shows:", "Look at:", "For:") if part not in words] == []
    assert private_imports(code) == []
    assert last_is_assertion(code)


@pytest.mark.parametrize("path", EXAMPLES, ids=name_of)
def test_readme_lists_the_example(path: Path) -> None:
    assert path.stem in (ROOT / "examples" / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", EXAMPLES, ids=name_of)
def test_example_runs(path: Path, tmp_path: Path) -> None:
    result = run(path, tmp_path)
    assert result.returncode == 0, result.stderr
    assert re.search(r"^quantity +paper +here +difference$", result.stdout, re.MULTILINE)
    assert "\nLook at: " in result.stdout
    assert not (tmp_path / ".audit").exists()


def test_example_runs_without_matplotlib(tmp_path: Path) -> None:
    blocker = tmp_path / "blocker"
    blocker.mkdir()
    (blocker / "sitecustomize.py").write_text(WITHOUT_MATPLOTLIB, encoding="utf-8")
    result = run(EXAMPLES[0], tmp_path, blocker)
    assert result.returncode == 0, result.stderr
    assert 'pip install "refimpl[figures]"' in result.stdout
    assert not (tmp_path / "figures").exists()


def test_figure_is_saved_where_it_is_said(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    result = run(ROOT / "examples" / "kit_02_audit_a_linear_program.py", tmp_path)
    (saved,) = re.findall(r"^Figure: (.+\.png)$", result.stdout, re.MULTILINE)
    assert (tmp_path / saved).read_bytes().startswith(b"\x89PNG")


@pytest.fixture(name="runs")
def import_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Module that the learning examples share, with a workspace of its own."""
    monkeypatch.syspath_prepend(str(ROOT / "examples"))
    module = importlib.import_module("_runs")
    monkeypatch.setattr(module, "WORKSPACE", tmp_path)
    monkeypatch.setattr(module, "COMMITTED", tmp_path / "full.json")
    return module


def test_committed_evidence_is_shown_with_its_origin(
    runs: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs.print_committed("dcc/a")
    assert "none yet" in capsys.readouterr().out
    rows = [{"id": f"dcc/{k}", "verdict": "holds", "evidence": {"cost": 1.5}} for k in "ab"]
    report = {"profile": "full", "seed": 7, "environment": {"numpy": "2.0"}, "claims": rows}
    (tmp_path / "full.json").write_text(json.dumps(report), encoding="utf-8")
    runs.print_committed("dcc/a")
    shown = capsys.readouterr().out
    assert "profile full, seed 7; numpy 2.0" in shown
    assert "dcc/a: holds; cost 1.5" in shown
    assert "dcc/b" not in shown
    runs.print_committed("dcc/b", "meanfield/c")
    shown = capsys.readouterr().out
    assert "dcc/b: holds; cost 1.5" in shown
    assert "meanfield/c: not in it yet" in shown


def test_finished_jobs_are_kept_and_damaged_results_computed_again(
    runs: Any, tmp_path: Path
) -> None:
    job = references.job(2, (0, 1), 1.0, 0)
    first = runs.kept(job)
    (stored,) = tmp_path.glob("*.npz")
    written = stored.stat().st_mtime_ns
    again = runs.kept(job)
    assert stored.stat().st_mtime_ns == written
    stored.write_bytes(stored.read_bytes()[:-100])
    repaired = runs.kept(job)
    assert stored.stat().st_mtime_ns != written
    for key, array in first.items():
        assert np.array_equal(array, again[key])
        assert np.array_equal(array, repaired[key])


def test_bad_manners_are_noticed() -> None:
    code = ast.parse("from _show import table\nfrom refimpl.audit import _row\nimport a._b\n")
    assert private_imports(code) == ["_row", "_b"]
    assert not last_is_assertion(ast.parse("def main():\n    assert True\n    print()\n"))
    assert last_is_assertion(ast.parse("def main():\n    for k in []:\n        assert k\n"))
