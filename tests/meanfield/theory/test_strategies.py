from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from refimpl.meanfield.theory.joint_states import check_size
from tests.meanfield.theory.strategies import inner_rules, small_systems


@given(st.data())
def test_systems_are_small_and_rules_fit_them(data: st.DataObject) -> None:
    system = data.draw(small_systems())
    check_size(system.n, system.buffer, limit=2**14)
    rule = data.draw(inner_rules(system.buffer))
    assert rule.shape == (system.buffer + 1,)
    assert rule.min() >= 0.05
    assert rule.max() <= 0.95
    assert np.asarray(system.modulation.rates).max() > 0
