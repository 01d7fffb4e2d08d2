"""Specifies the jobs of the scalable actor-critic."""

from __future__ import annotations

import numpy as np
import pytest

from refimpl.meanfield.experiments import actor_critic


@pytest.mark.parametrize("name", actor_critic.NAMES)
def test_every_agent_of_a_small_ring_learns_something(name: str) -> None:
    arrays = actor_critic.train_and_evaluate(5, name, 20, 3, seed=0)
    assert arrays["drops"].shape == (3,)
    assert (arrays["drops"] > 0).all()
    assert arrays["seconds"] > 0
    np.testing.assert_array_equal(arrays["curve.steps"], np.arange(20, 220, 20))


def test_jobs_are_named_by_all_they_depend_on() -> None:
    base = (5, "SAC tabular", 20, 3, 0)
    changed = [(11, *base[1:]), (5, "SAC neural", *base[2:]), (*base[:2], 30, 3, 0)]
    changed += [(*base[:3], 4, 0), (*base[:4], 1)]
    names = {actor_critic.job(*arguments).name for arguments in (base, *changed)}
    assert len(names) == 6
