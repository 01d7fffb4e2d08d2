"""What a stored result depends on besides its arguments: the code that computed it.

The fingerprint of a module changes when the module, or anything of this project that it imports,
directly or not, changes in what it does; comments, docstrings and formatting do not count.
Results kept from an earlier run are reused only under the same fingerprint.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import platform
from collections.abc import Iterator
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

PROJECT = ("refimpl", "linear_models", "lp_solvers")


@lru_cache(maxsize=64)
def code_fingerprint(*modules: str) -> str:
    """SHA-256 of all that ``modules`` do by themselves and through this project's modules.

    Parameters
    ----------
    *modules : str
        Full names of importable modules, of this project or not.

    Returns
    -------
    str
        Hexadecimal digest; it also covers the versions of Python, NumPy and SciPy.

    Raises
    ------
    ModuleNotFoundError
        If one of them has no Python source file.
    """
    sha = hashlib.sha256()
    for name in ("numpy", "scipy"):
        sha.update(f"{name} {version(name)}\n".encode())
    sha.update(f"python {platform.python_version()}\n".encode())
    reached = {name: path for module in modules for name, path in _closure(module).items()}
    for name, path in sorted(reached.items()):
        sha.update(f"{name}\n{_behaviour(path)}\n".encode())
    return sha.hexdigest()


def _closure(module: str) -> dict[str, Path]:
    """Source files of the module and of the project's modules it can reach by imports."""
    packages = {*PROJECT, module.partition(".")[0]}
    start = _source(module)
    if start is None:
        raise ModuleNotFoundError(f"module {module!r} has no Python source file")
    found, pending = {module: start}, [module]
    while pending:
        name = pending.pop()
        for other in _imports(name, found[name]):
            path = _source(other) if other.partition(".")[0] in packages else None
            if other not in found and path is not None:
                found[other] = path
                pending.append(other)
    return found


def _imports(module: str, path: Path) -> Iterator[str]:
    """Names of modules that ``path`` may import, anywhere in it, and of the packages above."""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _with_parents(alias.name)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1]
            base = ".".join([*(above if node.level else []), *filter(None, [node.module])])
            yield from _with_parents(base)
            # ``from package import name``: the name may be a module.
            yield from (f"{base}.{alias.name}" for alias in node.names)


def _with_parents(name: str) -> Iterator[str]:
    parts = name.split(".")
    return (".".join(parts[: k + 1]) for k in range(len(parts)))


@lru_cache(maxsize=512)
def _source(module: str) -> Path | None:
    """Source file of a module, found without importing it; None if there is none."""
    top, *rest = module.split(".")
    spec = importlib.util.find_spec(top)
    if spec is None:
        return None
    if not spec.submodule_search_locations:
        origin = spec.origin or ""
        return Path(origin) if not rest and origin.endswith(".py") else None
    for folder in spec.submodule_search_locations:
        stem = Path(folder).joinpath(*rest)
        candidates = [stem / "__init__.py"] + ([stem.with_name(f"{stem.name}.py")] if rest else [])
        for candidate in candidates:
            if candidate.is_file():
                return candidate
    return None


@lru_cache(maxsize=512)
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@lru_cache(maxsize=512)
def _behaviour(path: Path) -> str:
    """Syntax tree without docstrings and positions."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                node.body = node.body[1:]
    return ast.dump(tree)
