"""The backward pass on its own workspace; that it is the right one is said in ``test_fast.py``."""

from __future__ import annotations

import numpy as np

from refimpl.scale.network.fast_backward import backward
from refimpl.scale.network.fast_forward import forward
from refimpl.scale.network.folded import folded
from refimpl.scale.network.workspace import Scratch, Workspace
from tests.scale.network.strategies import SMALL, random_case


def test_every_gradient_is_written_whatever_was_there_before() -> None:
    case = random_case(np.random.default_rng(0), SMALL, 3, 4, True)
    network = folded(case.params, SMALL)
    features = np.empty((SMALL.width, 3))
    space = Workspace(SMALL, 4, features, Scratch(SMALL, 3, 4, features))
    found = []
    for before in (0.0, 7.0):
        grads = {key: np.full_like(value, before) for key, value in network.items()}
        space.present, logits, value = case.present, np.empty((3, 4)), np.empty(3)
        forward(network, space, case.task, case.servers, logits, value)
        backward(network, grads, space, case.d_logits, case.d_value, case.d_features.T)
        found.append(grads)
    for key in network:
        np.testing.assert_array_equal(found[0][key], found[1][key])
        assert found[0][key].any()
