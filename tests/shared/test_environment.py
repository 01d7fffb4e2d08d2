"""The checker passes what keeps the contract and names the rule that each broken one breaks."""

from __future__ import annotations

import pickle
import re

import numpy as np
import pytest

from refimpl.shared.environment import EnvironmentContractError, check_environment
from refimpl.shared.spaces import MultiDiscrete, box
from tests.shared.environments import BROKEN, Drift


@pytest.mark.parametrize("seed", range(3))
def test_a_good_environment_passes(seed: int) -> None:
    check_environment(Drift(), np.random.default_rng(seed))
    check_environment(Drift(action_space=MultiDiscrete((2, 2))), np.random.default_rng(seed))
    check_environment(Drift(action_space=box(0, 1, (2,))), np.random.default_rng(seed))


@pytest.mark.parametrize("name", BROKEN)
def test_each_broken_rule_is_named(name: str) -> None:
    build, message = BROKEN[name]
    with pytest.raises(EnvironmentContractError, match=re.escape(message)) as caught:
        check_environment(build(), np.random.default_rng(0))
    assert str(caught.value) == f"{caught.value.rule}; found: {caught.value.found}"


def test_the_step_count_must_be_positive() -> None:
    with pytest.raises(ValueError, match="n_steps must be at least 1; got 0"):
        check_environment(Drift(), np.random.default_rng(0), n_steps=0)


def test_the_error_travels_between_processes() -> None:
    error = pickle.loads(pickle.dumps(EnvironmentContractError("rule", "found")))
    assert (error.rule, error.found, str(error)) == ("rule", "found", "rule; found: found")
