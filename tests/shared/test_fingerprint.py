"""Specifies refimpl.shared.fingerprint: it changes with what code does, and only then."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from refimpl.shared import fingerprint
from refimpl.shared.fingerprint import code_fingerprint

FILES = {
    "__init__.py": "",
    "job.py": "from printed.inner import helper\nfrom . import sibling\ndef run(): helper.f()",
    "sibling.py": "X = 1",
    "inner/__init__.py": "from ..below import Y",
    "inner/helper.py": "def f():\n    import printed.lazy\n    return 1",
    "below.py": "Y = 1",
    "lazy.py": "import printed.deep.leaf",
    "deep/__init__.py": "Z = 1",
    "deep/leaf.py": "Z = 1",
    "unrelated.py": "W = 1",
}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    root = tmp_path / "printed"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield root
    _forget()
    for name in [name for name in sys.modules if name.split(".")[0] == "printed"]:
        del sys.modules[name]


def _forget() -> None:
    for cached in (code_fingerprint, fingerprint._source, fingerprint._behaviour):
        cached.cache_clear()


def _print() -> str:
    _forget()
    return code_fingerprint("printed.job")


@pytest.mark.parametrize("name", [name for name in FILES if name != "unrelated.py"])
def test_changes_with_every_module_within_reach(package: Path, name: str) -> None:
    before = _print()
    (package / name).write_text(FILES[name] + "\nV = 2\n")
    assert _print() != before


def test_ignores_modules_out_of_reach(package: Path) -> None:
    before = _print()
    (package / "unrelated.py").write_text("W = 2")
    assert _print() == before


def test_ignores_comments_docstrings_and_layout(package: Path) -> None:
    before = _print()
    (package / "inner" / "helper.py").write_text(
        '"""New."""\n\n\ndef f():  # why\n    """New."""\n    import printed.lazy\n\n    return (1)'
    )
    assert _print() == before


def test_sees_a_changed_constant_and_a_changed_string(package: Path) -> None:
    before = _print()
    (package / "sibling.py").write_text("X = 2")
    changed = _print()
    (package / "sibling.py").write_text('X = "2"')
    assert len({before, changed, _print()}) == 3


def test_covers_the_version_of_numpy(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert package.exists()
    before = _print()
    monkeypatch.setattr(fingerprint, "version", lambda name: f"{name} 0.0")
    assert _print() != before


def test_reaches_this_project_from_a_foreign_module(package: Path) -> None:
    (package / "sibling.py").write_text("from refimpl.shared import seeds")
    assert "refimpl.shared.seeds" in fingerprint._closure("printed.job")
    assert "numpy" not in fingerprint._closure("printed.job")


def test_several_modules_count_together(package: Path) -> None:
    assert package.exists()
    _forget()
    both = code_fingerprint("printed.sibling", "printed.below")
    assert both == code_fingerprint("printed.below", "printed.sibling")
    assert both != code_fingerprint("printed.sibling")


def test_module_without_source_is_refused() -> None:
    with pytest.raises(ModuleNotFoundError, match="'math' has no Python source"):
        code_fingerprint("math")
    with pytest.raises(ModuleNotFoundError, match="'no_such_module' has no Python source"):
        code_fingerprint("no_such_module")
