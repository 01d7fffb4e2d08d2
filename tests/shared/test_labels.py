"""Equal settings, equal text; unlike settings, unlike text; no addresses."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pytest

from refimpl.shared.labels import label, text


@dataclass(frozen=True)
class Inner:
    width: int = 3


@dataclass(frozen=True)
class Outer:
    inner: Inner
    function: Any
    pair: tuple[float, float] = (0.1, 2.0)


def scale(x: float, by: float = 1.0, and_by: float = 1.0) -> float:
    return x * by * and_by


def test_functions_partials_and_nested_settings_are_spelled_out() -> None:
    found = label(Outer(Inner(), partial(scale, 2.0, by=0.5)))
    assert found == {
        "inner": "Inner(width=3)",
        "function": "scale(2.0, by=0.5)",
        "pair": "(0.1, 2.0)",
    }
    assert text(scale) == "scale"
    assert text(Inner) == "Inner"
    assert text("a") == "'a'"


def test_every_difference_shows_and_the_order_of_keywords_does_not() -> None:
    one = Outer(Inner(), partial(scale, by=2.0, and_by=3.0))
    assert label(one) == label(Outer(Inner(), partial(scale, and_by=3.0, by=2.0)))
    others = (
        replace(one, inner=Inner(4)),
        replace(one, function=partial(scale, by=2.0, and_by=4.0)),
        replace(one, function=partial(scale, by=2.0)),
        replace(one, function=partial(partial(scale, 1.0), and_by=3.0, by=2.0)),
        replace(one, pair=(0.1, 2.5)),
    )
    assert len({str(label(each)) for each in (one, *others)}) == len(others) + 1


@pytest.mark.parametrize("bad", [Outer, {"a": 1}, 3])
def test_anything_else_is_refused(bad) -> None:
    with pytest.raises(TypeError, match="settings must be an instance of a dataclass"):
        label(bad)
