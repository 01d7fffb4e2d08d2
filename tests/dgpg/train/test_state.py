"""A learner survives the way through plain arrays."""

from __future__ import annotations

import numpy as np
import pytest

from refimpl.dgpg.train.batches import prepare
from refimpl.dgpg.train.driver import start
from refimpl.dgpg.train.learner import Learner
from refimpl.dgpg.train.state import learner_arrays, restored_learner
from refimpl.dgpg.train.update import update
from tests.dgpg.train.episodes import experience, two_rngs
from tests.dgpg.train.strategies import DIRECT, TINY
from tests.shared.interruptions import assert_same_bits


def trained() -> Learner:
    batch, learner, _ = prepare(TINY, start(DIRECT, TINY, 0), experience(), 0.4)
    return update(TINY, learner, batch, 0.0, two_rngs())[0]


def test_arrays_restore_the_learner_to_the_same_bits() -> None:
    learner = trained()
    arrays = learner_arrays(learner)
    restored = restored_learner(arrays, TINY)
    assert_same_bits(learner_arrays(restored), arrays)
    assert restored.value_scale == learner.value_scale
    assert restored.guidance_scale == learner.guidance_scale
    assert restored.actor.moments.t == learner.actor.moments.t > 0
    one, two = (
        update(TINY, each, prepare(TINY, each, experience(1), 0.4)[0], 0.5, two_rngs())[0]
        for each in (learner, restored)
    )
    assert_same_bits(learner_arrays(one), learner_arrays(two))


@pytest.mark.parametrize("part", ["actor", "critic", "scales"])
def test_a_missing_part_is_named(part) -> None:
    arrays = {k: v for k, v in learner_arrays(trained()).items() if not k.startswith(part)}
    with pytest.raises(ValueError, match=f"group '{part}'"):
        restored_learner(arrays, TINY)


def test_everything_is_a_plain_array() -> None:
    assert all(isinstance(value, np.ndarray) for value in learner_arrays(trained()).values())
