"""All conformance cases, family by family. A new family adds one line here."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from refimpl.conformance import (
    attention,
    budgets,
    estimation,
    guidance,
    mixing,
    models,
    planning,
    queueing,
    regularization,
)
from refimpl.conformance.case import Case
from refimpl.names import unknown

FAMILIES = (
    estimation,
    models,
    planning,
    budgets,
    queueing,
    guidance,
    mixing,
    regularization,
    attention,
)


def cases() -> Mapping[str, Case]:
    """Return everything that can be checked, by name; ``print`` a case to read what it wants."""
    return MappingProxyType({case.name: case for family in FAMILIES for case in family.CASES})


def find(name: str) -> Case:
    """Return the case called ``name``.

    Raises
    ------
    LookupError
        Naming the cases that come close.
    """
    known = cases()
    if name not in known:
        raise unknown("case", name, known)
    return known[name]
