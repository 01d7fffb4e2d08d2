"""Specifies the size and manners of every source file."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from statistics import median

import pytest

from tests.source import PACKAGES, ROOT, body_lines, functions, imports, python_files, tree

PACKAGE_FILES = python_files(*PACKAGES)
SHIPPED_FILES = python_files(*PACKAGES, "examples", "benchmarks")
ALL_FILES = [*SHIPPED_FILES, *python_files("tests")]
MAX_FILE, MEDIAN_FILE = 400, 150
MAX_BODY, MEDIAN_BODY = 50, 12
MAX_EXAMPLE = 120
MAX_PARAMETERS = 6
# Recursions whose formula has seven symbols; bundling them would hide it.
FORMULAS = {"generalized_advantages", "td_update"}
# Formats that run code when they are read.
UNSAFE = {"pickle", "cPickle", "_pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}
# Written in two parts, so that this file may be read like the others.
UNFINISHED = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X)\b")


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def undocumented(code: ast.Module) -> list[str]:
    """Public classes, functions and methods without a docstring; the module too."""
    found = [] if ast.get_docstring(code) else ["module"]
    pending: list[tuple[str, ast.stmt]] = [("", node) for node in code.body]
    while pending:
        prefix, node = pending.pop()
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        if node.name.startswith("_"):
            continue
        if not ast.get_docstring(node):
            found.append(f"{prefix}{node.name}")
        if isinstance(node, ast.ClassDef):
            pending += [(f"{node.name}.", child) for child in node.body]
    return found


def long_bodies(code: ast.Module) -> list[str]:
    return [f"{f.name}: {n} lines" for f in functions(code) if (n := body_lines(f)) > MAX_BODY]


def many_parameters(code: ast.Module) -> list[str]:
    """Functions with too many parameters that have no default."""
    counts = {f.name: required(f.args) for f in functions(code) if f.name not in FORMULAS}
    return [f"{name}: {n} parameters" for name, n in counts.items() if n > MAX_PARAMETERS]


def required(arguments: ast.arguments) -> int:
    given = [*arguments.posonlyargs, *arguments.args]
    names = [argument.arg for argument in given[: len(given) - len(arguments.defaults)]]
    named = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    names += [argument.arg for argument, default in named if default is None]
    return len([name for name in names if name not in ("self", "cls")])


def unsafe(code: ast.Module) -> list[str]:
    found = [name for name in imports(code, "") if name.split(".")[0] in UNSAFE]
    for node in ast.walk(code):
        if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            allowed = not (isinstance(node.value, ast.Constant) and node.value.value is False)
            found += ["allow_pickle"] if allowed else []
    return found


@pytest.mark.parametrize("path", ALL_FILES, ids=relative)
def test_files_are_short_and_finished(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= MAX_FILE
    assert [line for line in lines if UNFINISHED.search(line)] == []


@pytest.mark.parametrize("path", PACKAGE_FILES, ids=relative)
def test_functions_are_short_and_take_few_parameters(path: Path) -> None:
    assert long_bodies(tree(path)) == []
    assert many_parameters(tree(path)) == []


@pytest.mark.parametrize("path", PACKAGE_FILES, ids=relative)
def test_everything_public_is_documented(path: Path) -> None:
    assert undocumented(tree(path)) == []


@pytest.mark.parametrize("path", SHIPPED_FILES, ids=relative)
def test_nothing_read_can_run_code(path: Path) -> None:
    assert unsafe(tree(path)) == []


def test_files_and_functions_are_small_on_the_whole() -> None:
    lengths = [len(path.read_text(encoding="utf-8").splitlines()) for path in PACKAGE_FILES]
    assert median(lengths) <= MEDIAN_FILE
    bodies = [body_lines(function) for path in PACKAGE_FILES for function in functions(tree(path))]
    assert median(bodies) <= MEDIAN_BODY


@pytest.mark.parametrize("path", python_files("examples"), ids=relative)
def test_examples_fit_on_two_screens_and_end_in_an_assertion(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_EXAMPLE
    shared = path.name.startswith("_")  # what the scripts have in common is no script
    assert shared or any(isinstance(node, ast.Assert) for node in ast.walk(tree(path)))


def test_bad_manners_are_noticed() -> None:
    long = "def f(a, b, c, d, e, f, g):\n    'd'\n" + "    x = 1\n" * (MAX_BODY + 1)
    assert long_bodies(ast.parse(long)) == ["f: 51 lines"]
    assert many_parameters(ast.parse(long)) == ["f: 7 parameters"]
    assert many_parameters(ast.parse("def g(self, a, b, c, d, e, *, f, g): ...")) == [
        "g: 7 parameters"
    ]
    assert undocumented(ast.parse("'m'\nclass A:\n    'd'\n    def g(self): ...\n")) == ["A.g"]
    assert undocumented(ast.parse("def _f(): ...\n")) == ["module"]
    assert unsafe(ast.parse("import pickle\nnp.load(f, allow_pickle=True)")) == [
        "pickle",
        "allow_pickle",
    ]
    assert UNFINISHED.search("# TO" + "DO: later")


def test_good_manners_are_not() -> None:
    fine = "'m'\ndef f(self, a, b, c, d, e, f):\n    'd'\n" + "    x = 1\n" * MAX_BODY
    assert long_bodies(ast.parse(fine)) == many_parameters(ast.parse(fine)) == []
    assert many_parameters(ast.parse("def g(self, a, b, c, d, e, f, g=1, *, h=2): ...")) == []
    assert undocumented(ast.parse(fine)) == []
    assert unsafe(ast.parse("np.load(f, allow_pickle=False)")) == []
