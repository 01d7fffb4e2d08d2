"""Specifies the README: its Python runs, its links lead somewhere, its commands exist."""

from __future__ import annotations

import re
import shlex

import pytest

from refimpl.cli import main
from tests.source import ROOT

TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
PYTHON = re.findall(r"```python\n(.*?)```", TEXT, re.S)
LINKS = [link for link in re.findall(r"\]\(([^)\s]+)\)", TEXT) if not link.startswith("http")]
LISTED = re.findall(r"^python -m refimpl (audit .*)$", TEXT, re.M)
FILES = re.findall(r"`((?:examples|linear_models|lp_solvers|refimpl)/[\w/]+\.(?:py|md))`", TEXT)


def test_there_are_blocks_links_and_commands() -> None:
    assert len(PYTHON) >= 2
    assert len(LINKS) >= 5
    assert len(LISTED) >= 3


@pytest.mark.parametrize("code", PYTHON, ids=lambda code: code.splitlines()[0])
def test_python_blocks_run_and_print(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(code, "README.md", "exec"), {"__name__": "readme"})
    assert capsys.readouterr().out


def test_the_wrong_gae_is_reported_as_printed(capsys: pytest.CaptureFixture[str]) -> None:
    block = next(code for code in PYTHON if "my_gae" in code)
    exec(compile(block, "README.md", "exec"), {"__name__": "readme"})
    texts = re.findall(r"```text\n(.*?)```", TEXT, re.S)
    printed = next(text for text in texts if "gae" in text).splitlines()
    found = capsys.readouterr().out.splitlines()
    assert [line for line in printed if line.strip() != "..." and line not in found] == []


@pytest.mark.parametrize("link", LINKS)
def test_links_lead_somewhere(link: str) -> None:
    assert (ROOT / link).exists()


@pytest.mark.parametrize("command", LISTED)
def test_audit_commands_are_understood(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = shlex.split(command.partition("#")[0])
    assert main([*arguments, "--list"]) == 0
    assert "dcc/lemma-1-linear" in capsys.readouterr().out


def test_named_files_exist() -> None:
    assert FILES
    assert [name for name in FILES if not (ROOT / name).exists()] == []
