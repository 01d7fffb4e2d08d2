"""The cases reach what they are for."""

from __future__ import annotations

import numpy as np
from hypothesis import find, given

from refimpl.scale.network.parameters import shape_of
from tests.scale.network.strategies import SMALL, Case, cases, random_case


@given(cases())
def test_cases_are_valid(case: Case) -> None:
    assert shape_of(case.params, case.shape.heads) == case.shape
    assert case.there.any(axis=1).all()
    assert case.servers.shape == (*case.d_logits.shape, 5)


def test_padding_and_all_kinds_of_networks_turn_up() -> None:
    find(cases(), lambda case: not case.there.all())
    find(cases(), lambda case: case.shape.affine and case.shape.layers == 3)
    find(cases(), lambda case: not case.shape.affine and case.servers.shape[1] == 1)


def test_map_reaches_every_number() -> None:
    case = random_case(np.random.default_rng(0), SMALL, 2, 3, True)
    case = case.map(lambda x: x.astype(np.float32))
    arrays = [*case.params.values(), case.task, case.servers, case.d_logits, case.d_value]
    assert {x.dtype for x in [*arrays, case.d_features]} == {np.dtype(np.float32)}
