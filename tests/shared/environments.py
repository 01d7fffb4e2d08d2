"""One environment that keeps the contract, and many that each break one rule of it."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from refimpl.shared.spaces import Box, Discrete, box

Result = tuple[Any, ...]


def nothing(env: Drift, action: Any) -> None:
    """Leave everything as it is."""
    del env, action


Reseed = Callable[[int | None, np.random.Generator | None], np.random.Generator]


def continued(seed: int | None, rng: np.random.Generator | None) -> np.random.Generator:
    """Restart with a seed, go on without one."""
    return np.random.default_rng(seed) if seed is not None or rng is None else rng


def always_fresh(seed: int | None, rng: np.random.Generator | None) -> np.random.Generator:
    """Restart always: without a seed, from the operating system's randomness."""
    del rng
    return np.random.default_rng(seed)


@dataclass
class Drift:
    """A random walk on [0, 1] pushed by the action, truncated after 7 steps.

    ``broken_reset`` and ``broken_step`` change what the two methods return; ``before_step`` runs
    first in every step.
    """

    observation_space: Any = field(default_factory=lambda: box(0, 1, (1,)))
    action_space: Any = field(default_factory=lambda: Discrete(2))
    broken_reset: Callable[[Any], Any] = lambda result: result
    broken_step: Callable[[Any], Any] = lambda result: result
    before_step: Callable[[Drift, Any], None] = nothing
    reseed: Reseed = continued
    rng: np.random.Generator | None = None
    place: NDArray[np.float64] = field(default_factory=lambda: np.zeros(1))
    time: int = 0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        """Uniform start."""
        del options
        self.rng = self.reseed(seed, self.rng)
        self.place, self.time = self.rng.random(1), 0
        return self.broken_reset((self.place, {}))

    def step(self, action: Any) -> Any:
        """Move."""
        self.before_step(self, action)
        if self.rng is None:
            raise RuntimeError("reset first")
        push = 0.1 * (2 * int(np.asarray(action).flat[0]) - 1)
        self.place = np.clip(self.place + push + 0.1 * self.rng.standard_normal(1), 0, 1)
        self.time += 1
        result = (self.place, float(self.place[0]), False, self.time == 7, {})
        return self.broken_step(result)


def replaced(position: int, value: Any) -> Callable[[Any], Any]:
    """Function that puts ``value`` at ``position`` of a tuple."""
    return lambda result: (*result[:position], value, *result[position + 1 :])


def unseeded() -> Drift:
    """Start depends on something else than the seed."""
    clock = iter(range(10_000))
    return Drift(broken_reset=lambda result: (np.full(1, next(clock) / 10_000), result[1]))


def unseeded_step(position: int, value: Callable[[int], Any]) -> Drift:
    """One of the results of ``step`` depends on something else than seed and actions."""
    clock = iter(range(10_000))
    return Drift(broken_step=lambda result: replaced(position, value(next(clock)))(result))


def reused_buffer() -> Drift:
    """All observations are the same array."""
    buffer = np.zeros(1)

    def into_buffer(result: Any) -> Any:
        buffer[:] = result[0]
        return (buffer, *result[1:])

    return Drift(broken_reset=into_buffer, broken_step=into_buffer)


def changed_action() -> Drift:
    """Zeroes the caller's action array."""

    def erase(env: Drift, action: Any) -> None:
        del env
        action[:] = 0.5 * action

    return Drift(action_space=box(-1, 1, (1,)), before_step=erase)


def started() -> Drift:
    """Already reset."""
    env = Drift()
    env.reset(seed=0)
    return env


def uses(draw: Callable[[], Any]) -> Drift:
    """Touches a global random generator."""

    def touch(env: Drift, action: Any) -> None:
        del env, action
        draw()

    return Drift(before_step=touch)


WIDE: Box = box(0, 1, (2,))
BROKEN: dict[str, tuple[Callable[[], Any], str]] = {
    "no observation space": (
        lambda: Drift(observation_space=None),
        "observation_space has the methods sample and contains; found: None",
    ),
    "no action space": (
        lambda: Drift(action_space=3),
        "action_space has the methods sample and contains; found: 3",
    ),
    "step before reset": (started, "step before the first reset raises an error; found: (array"),
    "reset without info": (
        lambda: Drift(broken_reset=lambda result: result[0]),
        "reset returns (observation, info); found: array",
    ),
    "reset info not a dict": (
        lambda: Drift(broken_reset=lambda result: (result[0], None)),
        "info is a dict; found: None from reset",
    ),
    "reset outside the space": (
        lambda: Drift(broken_reset=lambda result: (result[0] + 2, {})),
        "observation is in observation_space; found: array",
    ),
    "wrong shape": (
        lambda: Drift(observation_space=WIDE),
        "observation is in observation_space",
    ),
    "wrong dtype": (
        lambda: Drift(observation_space=box(0, 1, (1,), np.float32)),
        "observation is in observation_space",
    ),
    "seed ignored by reset": (
        unseeded,
        "reset with the same seed returns the same observation",
    ),
    "observation without seed": (
        lambda: unseeded_step(0, lambda time: np.full(1, time / 10_000)),
        "step is deterministic given seed and actions",
    ),
    "reward without seed": (
        lambda: unseeded_step(1, float),
        "step is deterministic given seed and actions",
    ),
    "termination without seed": (
        lambda: unseeded_step(2, lambda time: time == 199),
        "step is deterministic given seed and actions",
    ),
    "truncation without seed": (
        lambda: unseeded_step(3, lambda time: time == 199),
        "step is deterministic given seed and actions",
    ),
    "reset without a seed does not go on": (
        lambda: Drift(reseed=always_fresh),
        "step is deterministic given seed and actions",
    ),
    "done flag": (
        lambda: Drift(broken_step=lambda result: (*result[:2], False, {})),
        "step returns (observation, reward, terminated, truncated, info)",
    ),
    "step outside the space": (
        lambda: Drift(broken_step=replaced(0, np.full(1, -1.0))),
        "observation is in observation_space; found: array([-1.]) from step",
    ),
    "vector reward": (
        lambda: Drift(broken_step=replaced(1, np.zeros(1))),
        "reward is a finite scalar; found: array([0.])",
    ),
    "boolean reward": (
        lambda: Drift(broken_step=replaced(1, True)),
        "reward is a finite scalar; found: True",
    ),
    "missing reward": (
        lambda: Drift(broken_step=replaced(1, None)),
        "reward is a finite scalar; found: None",
    ),
    "NaN reward": (
        lambda: Drift(broken_step=replaced(1, float("nan"))),
        "reward is a finite scalar; found: nan",
    ),
    "infinite reward": (
        lambda: Drift(broken_step=replaced(1, np.float64("inf"))),
        "reward is a finite scalar; found: np.float64(inf)",
    ),
    "terminated as number": (
        lambda: Drift(broken_step=replaced(2, 0)),
        "terminated is a boolean; found: 0",
    ),
    "truncated as array": (
        lambda: Drift(broken_step=replaced(3, np.zeros(1, dtype=bool))),
        "truncated is a boolean; found: array([False])",
    ),
    "step info not a dict": (
        lambda: Drift(broken_step=replaced(4, [])),
        "info is a dict; found: [] from step",
    ),
    "reused buffer": (reused_buffer, "step leaves earlier observations as they are; found: array"),
    "changed action": (changed_action, "step leaves the action as it is; found: array"),
    "global numpy generator": (
        lambda: uses(np.random.random),
        "the global random generators of random and numpy.random stay untouched",
    ),
    "global Python generator": (
        lambda: uses(random.random),
        "the global random generators of random and numpy.random stay untouched",
    ),
}
