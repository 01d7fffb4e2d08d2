"""Peak memory: remembered after it was given back, and known on other systems too."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.peak import peak_bytes


def test_peak_remembers_memory_that_was_given_back() -> None:
    code = (
        "import numpy; from benchmarks.peak import peak_bytes; before = peak_bytes(); "
        "numpy.ones(10_000_000); print(peak_bytes() - before)"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert 70e6 < int(answer.stdout) < 90e6


def test_peak_is_known_without_the_proc_file_system(monkeypatch: pytest.MonkeyPatch) -> None:
    exact = peak_bytes()

    def absent(path: Path) -> str:
        raise FileNotFoundError(path)

    monkeypatch.setattr(Path, "read_text", absent)
    assert peak_bytes() >= 0.9 * exact
