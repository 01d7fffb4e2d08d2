"""From a paper's equation to its code, its test and its example, as text."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

from refimpl.equations import DIFFERS, NOT_IMPLEMENTED, Equation, lookup
from refimpl.names import unknown
from refimpl.papers import equation_table, find_paper

WIDTH = 100


class NotBuiltError(LookupError):
    """A paper that is known but has no code yet."""


def rows(paper: str, number: str = "") -> tuple[Equation, ...]:
    """Rows of a paper's table with this number, all without one.

    Parameters
    ----------
    paper : str
        Key of the paper.
    number : str
        ``"8"`` for equation 8, ``"lemma 1"``, ``"fig. 4"``, …; any case.

    Raises
    ------
    UnknownNameError
        If there is no such paper, or no such number in it.
    NotBuiltError
        If the paper has no code yet.
    """
    table = built(paper)
    if not number:
        return table
    found = lookup(table, number)
    if not found:
        raise unknown(f"number of paper {paper!r}", number, [row.number for row in table])
    return found


def built(paper: str) -> tuple[Equation, ...]:
    """Table of a paper that has code.

    Raises
    ------
    UnknownNameError, NotBuiltError
        If there is no such paper, or it has no code yet.
    """
    if find_paper(paper).module is None:
        raise NotBuiltError(f"paper {paper!r} is not built yet")
    return equation_table(paper)


def describe(row: Equation) -> str:
    """Everything the table knows about one number, a few lines."""
    lines = [("", row.formula), *_code_lines(row), ("test", row.test), ("example", row.example)]
    shown = (_labelled(label, text) for label, text in lines if text)
    return "\n".join([f"{row.number}: {row.phrase}", *shown])


def listing(table: tuple[Equation, ...]) -> str:
    """One line per number: what it is, and where its code is."""
    cells = [(row.number, row.phrase, location(row.target) or "not implemented") for row in table]
    widths = [max((len(line[k]) for line in cells), default=0) for k in range(2)]
    return "\n".join(f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c}" for a, b, c in cells)


def location(code: Callable[..., Any] | type | None) -> str:
    """``file:line`` of a function or class, relative to here where possible; empty for None."""
    if code is None:
        return ""
    plain = inspect.unwrap(code)
    path = Path(inspect.getsourcefile(plain) or "")
    line = inspect.getsourcelines(plain)[1]
    here = Path.cwd()
    return f"{path.relative_to(here) if path.is_relative_to(here) else path}:{line}"


def _labelled(label: str, text: str) -> str:
    """Text behind its label, broken where it is too wide; names are never broken."""
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=f"  {label + ':' if label else '':<9}",
        subsequent_indent=" " * 11,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _code_lines(row: Equation) -> list[tuple[str, str]]:
    if isinstance(row.code, NOT_IMPLEMENTED):
        return [("code", f"not implemented: {row.code.why}")]
    name = getattr(row.target, "__qualname__", "")
    lines = [("code", f"{location(row.target)} ({name})")]
    return [*lines, ("differs", row.code.why)] if isinstance(row.code, DIFFERS) else lines
