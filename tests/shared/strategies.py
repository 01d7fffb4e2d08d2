"""Valid inputs by construction: trajectories, policy-gradient batches away from the kink."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from linear_models import categorical

Array = NDArray[Any]
unit = st.floats(0, 1)


def floats(shape: tuple[int, ...], bound: float = 10.0) -> st.SearchStrategy[Array]:
    """Finite float64 arrays with entries in [-bound, bound], without denormal numbers."""
    numbers = st.floats(-bound, bound, allow_subnormal=False)
    return hnp.arrays(np.float64, shape, elements=numbers)


@dataclass(frozen=True)
class Trajectory:
    """Arguments of the advantage recursion."""

    rewards: Array
    values: Array
    next_values: Array
    terminated: Array
    ended: Array
    gamma: float
    lam: float

    def arguments(self) -> tuple[Any, ...]:
        """In the order of the function's parameters."""
        return (
            self.rewards,
            self.values,
            self.next_values,
            self.terminated,
            self.ended,
            self.gamma,
            self.lam,
        )


@st.composite
def trajectories(draw: st.DrawFn) -> Trajectory:
    """T x E arrays with going on, terminated and truncated steps mixed."""
    shape = draw(st.tuples(st.integers(1, 6), st.integers(1, 3)))
    how = draw(hnp.arrays(np.int8, shape, elements=st.integers(0, 2)))
    columns = [draw(floats(shape)) for _ in range(3)]
    return Trajectory(*columns, how == 1, how > 0, draw(unit), draw(unit))


@dataclass(frozen=True)
class PolicyBatch:
    """Arguments of the policy loss, with where the surrogate is flat known by construction."""

    logits: Array
    actions: Array
    old_log_probs: Array
    advantages: Array
    clip: float
    entropy_coef: float
    mask: Array | None
    flat: Array


KINK_MARGIN = 1e-3
"""Least distance between ratio and 1 +- clip in the batches drawn by :func:`policy_batches`."""


@st.composite
def policy_batches(draw: st.DrawFn, clip: float | None = None) -> PolicyBatch:
    """Batches whose ratios stay ``KINK_MARGIN`` away from ``1 +- clip`` and advantages from 0."""
    size, n_actions = draw(st.integers(1, 5)), draw(st.integers(2, 4))
    width = draw(st.floats(0.05, 0.5)) if clip is None else clip
    logits = draw(floats((size, n_actions), 3.0))
    mask = draw(st.none() | masks(size, n_actions))
    allowed = np.ones_like(logits, dtype=bool) if mask is None else mask
    actions = np.array([draw(st.sampled_from(np.flatnonzero(row).tolist())) for row in allowed])
    band = draw(hnp.arrays(np.int8, size, elements=st.integers(-1, 1)))
    share = draw(hnp.arrays(np.float64, size, elements=unit))
    ratios = _ratios(band, share, width)
    advantages = draw(hnp.arrays(np.float64, size, elements=st.floats(0.1, 5)))
    advantages *= draw(hnp.arrays(np.int8, size, elements=st.sampled_from([-1, 1])))
    old = categorical.log_prob(logits, actions, mask) - np.log(ratios)
    flat = band * np.sign(advantages) > 0
    return PolicyBatch(logits, actions, old, advantages, width, draw(st.floats(0, 0.1)), mask, flat)


@st.composite
def masks(draw: st.DrawFn, size: int, n_actions: int) -> Array:
    """Boolean masks that allow at least one action in every row."""
    mask = draw(hnp.arrays(np.bool_, (size, n_actions)))
    mask[
        np.arange(size), draw(hnp.arrays(np.int64, size, elements=st.integers(0, n_actions - 1)))
    ] = True
    return mask


def _ratios(band: Array, share: Array, clip: float) -> Array:
    """Ratios below (-1), inside (0) or above (1) the interval 1 +- clip, placed by ``share``."""
    low, high = 1 - clip, 1 + clip
    below = 0.2 + share * (low - KINK_MARGIN - 0.2)
    inside = low + KINK_MARGIN + share * (high - low - 2 * KINK_MARGIN)
    above = high + KINK_MARGIN + share
    return np.where(band < 0, below, np.where(band > 0, above, inside))
