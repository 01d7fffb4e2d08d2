"""The Gymnasium step/reset contract as protocols, and a checker that names the rule broken.

Nothing here imports Gymnasium; an object keeps the contract by having the methods. Rewards are
maximised, ``terminated`` (the task is over) and ``truncated`` (a time limit cut it) are apart, and
all randomness flows from the seed of ``reset``.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np

from refimpl.shared.spaces import Space

StepResult = tuple[Any, float, bool, bool, dict[str, Any]]


class Environment(Protocol):
    """One decision maker; the contract of ``gymnasium.Env``."""

    @property
    def observation_space(self) -> Space:
        """Set of all observations."""

    @property
    def action_space(self) -> Space:
        """Set of all actions."""

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Start an episode; return observation and info. A seed restarts all randomness."""

    def step(self, action: Any) -> StepResult:
        """Return observation, reward, terminated, truncated and info after ``action``."""


class ParallelEnvironment(Protocol):
    """Several agents that move at the same time; the contract of PettingZoo's ``ParallelEnv``."""

    @property
    def possible_agents(self) -> Sequence[str]:
        """Names of all agents."""

    def observation_space(self, agent: str) -> Space:
        """Set of the observations of ``agent``."""

    def action_space(self, agent: str) -> Space:
        """Set of the actions of ``agent``."""

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Start an episode; return each agent's observation and info."""

    def step(
        self, actions: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, float], dict[str, bool], dict[str, bool], dict[str, Any]]:
        """Each agent's observation, reward, terminated, truncated and info."""


class EnvironmentContractError(Exception):
    """An environment that breaks the contract.

    Parameters
    ----------
    rule : str
        The rule that is broken.
    found : str
        What was found instead.
    """

    def __init__(self, rule: str, found: str) -> None:
        super().__init__(f"{rule}; found: {found}")
        self.rule = rule
        self.found = found

    def __reduce__(self) -> tuple[type[EnvironmentContractError], tuple[str, str]]:
        """Rebuild from both arguments, so that the error travels between processes."""
        return type(self), (self.rule, self.found)


def check_environment(env: Environment, rng: np.random.Generator, n_steps: int = 100) -> None:
    """Play a fresh environment with random actions and check every rule of the contract.

    Parameters
    ----------
    env : Environment
        Not yet reset: one rule is that ``step`` refuses to work before the first ``reset``.
    rng : Generator
        Draws the seed and the actions.
    n_steps : int
        Steps played, twice; episodes that end on the way are followed by others.

    Raises
    ------
    EnvironmentContractError
        At the first rule that is broken.
    ValueError
        If ``n_steps`` is not positive.
    """
    if n_steps < 1:
        raise ValueError(f"n_steps must be at least 1; got {n_steps}")
    for name in ("observation_space", "action_space"):
        _require_space(name, getattr(env, name, None))
    actions = [env.action_space.sample(rng) for _ in range(n_steps)]
    seed = int(rng.integers(2**31))
    with _no_global_randomness():
        _check_step_needs_reset(env, actions[0])
        first, second = (_checked_reset(env, seed) for _ in range(2))
        _require(
            _same(first, second),
            "reset with the same seed returns the same observation",
            f"{first!r}, then {second!r} with seed {seed}",
        )
        _check_step_determinism(_play(env, seed, actions), _play(env, seed, actions), seed)


def _check_step_needs_reset(env: Environment, action: Any) -> None:
    try:
        result = env.step(action)
    except Exception:
        return
    raise EnvironmentContractError("step before the first reset raises an error", repr(result))


def _check_step_determinism(once: list[StepResult], again: list[StepResult], seed: int) -> None:
    for t, (a, b) in enumerate(zip(once, again, strict=True)):
        _require(
            _same(a[0], b[0]) and a[1:4] == b[1:4],
            "step is deterministic given seed and actions",
            f"{a[:4]}, then {b[:4]} at step {t} after reset with seed {seed}",
        )


def _play(env: Environment, seed: int, actions: Sequence[Any]) -> list[StepResult]:
    """Results of all steps; after the end of an episode the next begins without a seed."""
    observation = _checked_reset(env, seed)
    results = []
    for action in actions:
        result = _checked_step(env, action, observation)
        # A copy: the environment must not be able to change what was recorded.
        results.append((np.copy(result[0]), *result[1:]))
        ended = result[2] or result[3]
        observation = _checked_reset(env, None) if ended else result[0]
    return results


def _checked_reset(env: Environment, seed: int | None) -> Any:
    result = env.reset(seed=seed)
    _require(
        isinstance(result, tuple) and len(result) == 2,
        "reset returns (observation, info)",
        repr(result),
    )
    observation, info = result
    _require_in_space(env, observation, "reset")
    _require(isinstance(info, dict), "info is a dict", f"{info!r} from reset")
    return observation


def _checked_step(env: Environment, action: Any, observation: Any) -> StepResult:
    action_before, observation_before = np.copy(action), np.copy(observation)
    result = env.step(action)
    _require(_same(action, action_before), "step leaves the action as it is", repr(action))
    _require(
        _same(observation, observation_before),
        "step leaves earlier observations as they are",
        f"{observation_before!r} became {observation!r}",
    )
    _require(
        isinstance(result, tuple) and len(result) == 5,
        "step returns (observation, reward, terminated, truncated, info)",
        repr(result),
    )
    _check_step_values(env, result)
    return result


def _check_step_values(env: Environment, result: StepResult) -> None:
    observation, reward, terminated, truncated, info = result
    _require_in_space(env, observation, "step")
    is_number = isinstance(reward, float | int | np.floating | np.integer)
    _require(
        is_number and not isinstance(reward, bool) and math.isfinite(reward),
        "reward is a finite scalar",
        repr(reward),
    )
    for name, flag in (("terminated", terminated), ("truncated", truncated)):
        _require(isinstance(flag, bool | np.bool_), f"{name} is a boolean", repr(flag))
    _require(isinstance(info, dict), "info is a dict", f"{info!r} from step")


def _require_in_space(env: Environment, observation: Any, source: str) -> None:
    _require(
        env.observation_space.contains(observation),
        "observation is in observation_space",
        f"{observation!r} from {source}, not in {env.observation_space!r}",
    )


def _require_space(name: str, space: Any) -> None:
    _require(
        hasattr(space, "sample") and hasattr(space, "contains"),
        f"{name} has the methods sample and contains",
        repr(space),
    )


def _require(condition: bool, rule: str, found: str) -> None:
    if not condition:
        raise EnvironmentContractError(rule, found)


def _same(a: Any, b: Any) -> bool:
    return np.asarray(a).dtype == np.asarray(b).dtype and np.array_equal(a, b)


@contextmanager
def _no_global_randomness() -> Iterator[None]:
    before = _global_state()
    yield
    _require(
        _global_state() == before,
        "the global random generators of random and numpy.random stay untouched",
        "their state changed while the environment was played",
    )


def _global_state() -> tuple[Any, ...]:
    name, keys, position, *gauss = np.random.get_state(legacy=True)  # noqa: NPY002 - read only
    return random.getstate(), name, np.asarray(keys).tobytes(), position, tuple(gauss)
