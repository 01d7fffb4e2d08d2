"""Means of what was added."""

from __future__ import annotations

import numpy as np
import pytest

from refimpl.shared.sums import Sums


def test_means_are_those_of_the_steps() -> None:
    sums = Sums()
    for k in range(4):
        sums.add(a=k, b=np.float32(2 * k))
    assert sums.steps == 4
    assert sums.means() == {"a": pytest.approx(1.5), "b": pytest.approx(3.0)}
    assert all(type(value) is float for value in sums.means().values())
    assert Sums().means() == {}
