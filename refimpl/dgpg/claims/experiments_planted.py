"""Effects that negative controls of empirical claims plant into measured results."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from refimpl.dgpg.claims.experiments_results import (
    Cell,
    Change,
    is_reference,
    with_rewards,
)
from refimpl.dgpg.experiments.references import Reference
from refimpl.dgpg.experiments.training import Run
from refimpl.ledger import Arrays, Context


def levels(guided: float, other: float) -> Change:
    """Plant one reward for all runs, and one for all policies that need no training."""

    def change(cell: Cell, arrays: Arrays, context: Context) -> Arrays:
        del context
        if isinstance(cell, Run):
            planted = np.where(np.isnan(arrays["test sampled"]), np.nan, guided)
            return {**arrays, "test sampled": planted}
        if isinstance(cell, Reference):
            return {**arrays, "reward": np.full_like(arrays["reward"], other)}
        return arrays

    return change


def observed_rule(reward: float) -> Change:
    """Plant a reward of the rule on raw observations, beside -2 for all other policies."""

    def change(cell: Cell, arrays: Arrays, context: Context) -> Arrays:
        del context
        planted = reward if is_reference("myopic observed")(cell) else -2.0
        return {**arrays, "reward": np.full_like(arrays["reward"], planted)}

    return change


def ramp(cell: Cell, arrays: Arrays, context: Context) -> Arrays:
    """Plant a training reward that goes on improving evenly until the last episode."""
    del context
    if not isinstance(cell, Run):
        return arrays
    length = len(arrays["reward"])
    return {**arrays, "reward": np.linspace(-100.0, -1.0, length)}


def flat(cell: Cell, arrays: Arrays, context: Context) -> Arrays:
    """Plant rewards that never change after the first episode."""
    del context
    return with_rewards(arrays, _constant) if isinstance(cell, Run) else arrays


def _constant(rewards: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(np.isnan(rewards), rewards, -5.0)


def disagree(cell: Cell, arrays: Arrays, context: Context) -> Arrays:
    """Plant a training reward that is best at once and a validation reward that is best last."""
    del context
    if not isinstance(cell, Run):
        return arrays
    planted = np.where(np.isnan(arrays["validation sampled"]), np.nan, -100.0)
    planted[-1] = -1.0
    return {**arrays, "reward": np.full(len(planted), -5.0), "validation sampled": planted}


def misled(cell: Cell, arrays: Arrays, context: Context) -> Arrays:
    """Plant validation rewards that choose the worst checkpoint of the test."""
    del context
    if not isinstance(cell, Run):
        return arrays
    test = np.where(np.isnan(arrays["test sampled"]), np.nan, -100.0)
    test[-1] = -1.0
    return {**arrays, "test sampled": test, "validation sampled": -101.0 - test}


def greedy_times(factor: float) -> Change:
    """Plant likeliest actions whose reward is a multiple of the drawn ones'."""

    def change(cell: Cell, arrays: Arrays, context: Context) -> Arrays:
        del context
        if not isinstance(cell, Run):
            return arrays
        return {**arrays, "test greedy": factor * arrays["test sampled"]}

    return change


def random_scaled(grow: bool) -> Change:
    """Plant a reward of Random that grows with the number of servers, or shrinks."""

    def change(cell: Cell, arrays: Arrays, context: Context) -> Arrays:
        del context
        if not is_reference("Random")(cell):
            return arrays
        n = float(cell.system.n_servers)  # type: ignore[union-attr]
        return {**arrays, "reward": np.full_like(arrays["reward"], -n if grow else -1 / n)}

    return change
