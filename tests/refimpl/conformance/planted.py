"""Shared by the tests of the cases: the counterexample that a planted bug must produce."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from refimpl.conformance import ConformanceError, check


def counterexample(
    name: str, function: Callable[..., Any], examples: int = 200
) -> ConformanceError:
    """The error that ``check`` raises, which shows every input by name."""
    with pytest.raises(ConformanceError) as caught:
        check(name, function, examples=examples)
    text = str(caught.value)
    assert name in text
    assert all(f"  {key} = " in text for key in caught.value.inputs)
    return caught.value
