"""Specifies the references: every policy on the same held-out episodes."""

from __future__ import annotations

import numpy as np
import pytest

from refimpl.dgpg.experiments import references
from refimpl.dgpg.experiments.references import REFERENCES, Reference
from refimpl.dgpg.experiments.systems import System
from refimpl.dgpg.model.simulator import run
from refimpl.shared.seeds import generator

SYSTEM = System(5, steps=60)


@pytest.mark.parametrize("policy", REFERENCES)
def test_a_result_has_one_mean_per_episode_and_they_fit_together(policy: str) -> None:
    found = references.evaluate(Reference(SYSTEM, policy, 3), 0)
    settings = SYSTEM.settings
    cost = settings.queue_weight * found["waiting"] + settings.energy_weight * found["energy"]
    assert found["reward"].shape == (3,)
    np.testing.assert_allclose(found["reward"], -cost, rtol=1e-12)


def test_a_rule_without_randomness_plays_each_episode_as_it_would_all_at_once() -> None:
    found = references.evaluate(Reference(SYSTEM, "Best-Fit", 3), 0)
    scenario = SYSTEM.episodes("test", 3, 0)
    together = run(scenario, REFERENCES["Best-Fit"], generator(0))
    np.testing.assert_allclose(found["reward"], together.rewards.mean(axis=0), rtol=1e-12)


def test_the_job_names_everything_it_depends_on() -> None:
    here = references.job(Reference(SYSTEM, "Random", 3), 0)
    others = [
        references.job(Reference(SYSTEM, "Random", 3), 1),
        references.job(Reference(SYSTEM, "Random", 4), 0),
        references.job(Reference(System(5, steps=61), "Random", 3), 0),
        references.job(Reference(System(5, "suggested", 60), "Random", 3), 0),
        references.job(Reference(SYSTEM, "Best-Fit", 3), 0),
    ]
    assert here.name not in {job.name for job in others}
    assert len({job.name for job in others}) == len(others)


def test_an_unknown_policy_is_refused() -> None:
    with pytest.raises(ValueError, match=r"policy must be one of .*'Best-Fit'.*; got 'Best-fit'"):
        Reference(SYSTEM, "Best-fit", 3)
