"""Settings of the tabular learners; for their values see ``presets`` [DCC Table 1]."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace


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


def _check_range(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ValueError(f"{name} must lie in [{low:g}, {high:g}]; got {value}")
