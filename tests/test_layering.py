"""Specifies the house's one-way streets: who may import whom, and what is imported late."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest

from refimpl.papers import PAPERS
from tests.source import PACKAGES, ROOT, imports, module_name, python_files, top_level_imports, tree

PAPER_KEYS = {paper.key for paper in PAPERS}
GROUND = {"linear_models", "lp_solvers"}
# What a paper may use of refimpl besides itself and refimpl.shared.
VOCABULARY = {"refimpl.ledger", "refimpl.equations", "refimpl.findings", "refimpl.planted"}
RUN_TIME = {"numpy", "scipy", "cvxpy"}
OPTIONAL = {"matplotlib", "tqdm", "gymnasium", "pettingzoo", "dask", "distributed"}
# The conformance kit searches for the smallest disagreeing input with Hypothesis, which is a test
# dependency: implementers who check their code have it, nobody else needs it.
TEST_ONLY = {"refimpl/conformance/search.py": {"hypothesis"}}
CVXPY_FILE = "lp_solvers/cvx.py"
GYM_FILE = "refimpl/shared/gym_adapters.py"

FILES = python_files(*PACKAGES)


def room(module: str) -> str:
    """Part of the house a module belongs to.

    ``linear_models``, ``lp_solvers``, ``refimpl.shared``, ``refimpl.dcc``, … or ``refimpl`` for
    the machinery that serves all papers.
    """
    parts = module.split(".")
    if parts[0] != "refimpl" or len(parts) < 2:
        return parts[0]
    return ".".join(parts[:2]) if parts[1] in {*PAPER_KEYS, "shared", "conformance"} else "refimpl"


def may_import(module: str, other: str) -> bool:
    """Whether ``module`` may import ``other``, both of this project."""
    mine, theirs = room(module), room(other)
    if mine == theirs:
        return True
    if mine in GROUND:
        return False
    if mine == "refimpl.shared":
        return theirs in GROUND
    if mine.removeprefix("refimpl.") in PAPER_KEYS:
        vocabulary = any(other == name or other.startswith(f"{name}.") for name in VOCABULARY)
        return theirs in {*GROUND, "refimpl.shared"} or vocabulary
    if mine == "refimpl.conformance":
        return True
    return theirs in {"refimpl.shared", "refimpl.conformance"}  # the machinery finds papers by name


def forbidden(code: ast.AST, module: str, package: str) -> list[str]:
    ours = [name for name in imports(code, package) if name.split(".")[0] in {*PACKAGES, "tests"}]
    return [name for name in ours if name.startswith("tests") or not may_import(module, name)]


def package_of(path: Path) -> str:
    name = module_name(path)
    return name if path.name == "__init__.py" else name.rpartition(".")[0]


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_imports_run_one_way(path: Path) -> None:
    assert forbidden(tree(path), module_name(path), package_of(path)) == []


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_third_parties_are_few_and_the_optional_ones_late(path: Path) -> None:
    roots = {name.split(".")[0] for name in imports(tree(path), package_of(path))}
    foreign = roots - set(sys.stdlib_module_names) - {*PACKAGES, "__future__"}
    late = OPTIONAL | TEST_ONLY.get(relative(path), set())
    assert foreign <= RUN_TIME | late
    early = {name.split(".")[0] for name in top_level_imports(tree(path), package_of(path))}
    assert relative(path) == GYM_FILE or not early & late


def test_cvxpy_is_imported_in_one_file() -> None:
    having = [
        relative(path)
        for path in FILES
        if any(name.split(".")[0] == "cvxpy" for name in imports(tree(path), package_of(path)))
    ]
    assert set(having) <= {CVXPY_FILE}


@pytest.mark.parametrize("path", python_files(*GROUND), ids=relative)
def test_ground_floor_mentions_no_paper(path: Path) -> None:
    found = re.findall(r"\b(?:refimpl|DCC|DG-PG|dgpg|meanfield|SCALE)\b", path.read_text())
    assert found == []


@pytest.mark.parametrize("path", python_files("examples", "benchmarks"), ids=relative)
def test_examples_and_benchmarks_use_public_names_only(path: Path) -> None:
    names = list(imports(tree(path), package_of(path)))
    assert [name for name in names if name.split(".")[0] == "tests"] == []
    own = {each.stem for each in path.parent.glob("_*.py")}  # what the scripts of a folder share
    parts = [name.split(".")[name.split(".")[0] in own :] for name in names]
    assert [name for name in parts if any(re.match(r"_[^_]", part) for part in name)] == []


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("linear_models.mlp", "import lp_solvers"),
        ("linear_models.mlp", "from refimpl.shared import seeds"),
        ("lp_solvers.highs", "import linear_models.mlp"),
        ("refimpl.shared.gae", "from refimpl import audit"),
        ("refimpl.shared.gae", "from refimpl.ledger import Claim"),
        ("refimpl.shared.gae", "from ..dcc import model"),
        ("refimpl.dcc.model.game", "import refimpl.scale.model"),
        ("refimpl.dcc.model.game", "from refimpl import audit"),
        ("refimpl.dcc.claims", "from refimpl.audit import run"),
        ("refimpl.audit", "from refimpl import dcc"),
        ("refimpl.audit", "def f():\n    import refimpl.dcc.claims"),
        ("refimpl.audit", "from tests.oracles import slow"),
        ("refimpl.dcc.model.game", "import tests.oracles"),
    ],
)
def test_a_wrong_way_is_noticed(module: str, line: str) -> None:
    assert forbidden(ast.parse(line), module, module.rpartition(".")[0]) != []


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("linear_models.mlp", "from linear_models import affine"),
        ("refimpl.shared.gae", "from lp_solvers import highs"),
        ("refimpl.dcc.claims.exact", "from refimpl.ledger import Claim\nfrom ..model import game"),
        ("refimpl.dcc.equations", "from refimpl.equations import Equation"),
        ("refimpl.dcc.claims.experiments", "from refimpl import planted"),
        ("refimpl.audit", "from refimpl.shared.executors import map_tasks"),
        ("refimpl.conformance.cases", "from refimpl.dcc import objective"),
    ],
)
def test_a_right_way_is_not(module: str, line: str) -> None:
    assert forbidden(ast.parse(line), module, module.rpartition(".")[0]) == []


def test_late_imports_are_told_from_early_ones() -> None:
    code = ast.parse(
        "import a\nif TYPE_CHECKING:\n    import b\ndef f():\n    import c\n"
        "class C:\n    import d\ntry:\n    import e\nexcept ImportError:\n    pass\n"
    )
    assert set(top_level_imports(code, "")) == {"a", "d", "e"}
