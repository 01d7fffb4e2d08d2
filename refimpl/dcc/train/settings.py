"""Settings of the tabular learners, with the origin of every number [DCC Table 1].

The paper prints some numbers, implies others and leaves the rest open. A :class:`Preset` therefore
carries one tag per field, ``published``, ``derived`` or ``chosen``, and refuses to exist without.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Generic, Literal, TypeVar

Origin = Literal["published", "derived", "chosen"]
Settings = TypeVar("Settings")

_ORIGINS = ("published", "derived", "chosen")


@dataclass(frozen=True)
class QSettings:
    """One run of tabular Q-learning [DCC Table 1].

    Parameters
    ----------
    steps : int
        Environment steps per device.
    q_start : float
        First value of every table entry.
    step_size, step_exponent : float
        Step ``step_size / n ** step_exponent`` at the ``n``-th visit of a state and action; with
        exponent 0 it is constant.
    exploration, exploration_decay, exploration_floor : float
        Probability of a uniformly random action: first value, factor per block, least value.
    episode : int
        Steps between two restarts from the start law; also one multiplier update.
    block : int
        Steps between two exploration decays; also one snapshot of the greedy policy.
    averaged : float
        Share of the run, counted from its end, whose snapshots are averaged into the returned
        policy; 0 returns the last greedy policy.
    multiplier_rate, multiplier_exponent : float
        Multiplier step ``multiplier_rate / k ** multiplier_exponent`` at the ``k``-th episode. Not
        used by learners without a constraint.
    """

    steps: int
    q_start: float
    step_size: float
    step_exponent: float
    exploration: float
    exploration_decay: float
    exploration_floor: float
    episode: int
    block: int
    averaged: float
    multiplier_rate: float
    multiplier_exponent: float

    def __post_init__(self) -> None:
        sizes = (self.steps, self.block, self.episode)
        if min(sizes) < 1 or self.steps % self.block or self.block % self.episode:
            raise ValueError(
                "steps must be a positive multiple of block, and block of episode; got "
                f"steps {self.steps}, block {self.block}, episode {self.episode}"
            )
        if not math.isfinite(self.q_start):
            raise ValueError(f"q_start must be finite; got {self.q_start}")
        if not 0.0 <= self.multiplier_rate < math.inf:
            raise ValueError(
                f"multiplier_rate must be finite and not negative; got {self.multiplier_rate}"
            )
        for name in ("exploration", "exploration_decay", "exploration_floor", "averaged"):
            _check_range(name, getattr(self, name), 0.0, 1.0)
        for name in ("step_exponent", "multiplier_exponent"):
            _check_range(name, getattr(self, name), 0.0, 1.0)
        _check_range("step_size", self.step_size, 0.0, 1.0)

    @property
    def n_blocks(self) -> int:
        """Number of blocks in the run."""
        return self.steps // self.block

    def exploration_at(self, block: int) -> float:
        """Exploration probability during a block."""
        return max(self.exploration * self.exploration_decay**block, self.exploration_floor)

    def with_steps(self, steps: int) -> QSettings:
        """Return the same settings for another number of steps."""
        return replace(self, steps=steps)


@dataclass(frozen=True)
class Preset(Generic[Settings]):
    """Settings under a name, with the origin of every field.

    Raises
    ------
    ValueError
        If a field has no tag, a tag names no field, or a tag is not one of the three.
    """

    name: str
    settings: Settings
    origin: Mapping[str, Origin]

    def __post_init__(self) -> None:
        names = {f.name for f in fields(self.settings)}  # type: ignore[arg-type]
        if set(self.origin) != names:
            raise ValueError(
                f"origin of preset {self.name!r} must tag every field once; "
                f"it differs from the fields in {sorted(names ^ set(self.origin))}"
            )
        bad = {tag for tag in self.origin.values() if tag not in _ORIGINS}
        if bad:
            raise ValueError(f"origin tags must be among {_ORIGINS}; got {sorted(bad)}")


def _check_range(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ValueError(f"{name} must lie in [{low:g}, {high:g}]; got {value}")
