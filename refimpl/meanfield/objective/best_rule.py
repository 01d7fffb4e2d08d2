"""Descent to the best rule on any graph: the yardstick for learned policies.

Stages of quasi-Newton descent (L-BFGS-B) on :class:`SampledObjective`, each on a fresh and larger
sample, from where the last one ended. A stage stops when every entry of the
projected gradient is within one standard error of 0: the sample then says nothing about where to
go. The line search may find no decrease before that because value and gradient are two estimates;
the stage then ends as well.

Credit reaches ``MEMORY`` units of time ahead, several relaxation times of a queue: the bias of what
is left out is below the noise of what would be brought in.

Scores exist only where rates are positive, so probabilities are kept in ``[EDGE, 1 - EDGE]``. At
the end those that stopped at an edge are moved to 0 or 1 if that lowers the value.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import OptimizeResult, minimize

from refimpl.meanfield.model.arrivals import check_probabilities
from refimpl.meanfield.model.system import System
from refimpl.meanfield.objective.observations import Observation, own_state
from refimpl.meanfield.objective.sampled import Estimate, SampledObjective
from refimpl.meanfield.theory.own_state import projected_gradient

Floats = NDArray[np.float64]
EDGE = 0.01
MEMORY = 15.0
MAX_ITERATIONS = 30
LINE_SEARCH_STEPS = 5


@dataclass(frozen=True, eq=False)
class BestRule:
    """Where the descent ended, judged on episodes it has not seen.

    Attributes
    ----------
    rule : (M,) float
        Offload probabilities; for the own-state observation ``policies.rules.own_state(rule)`` is
        the policy.
    estimate : Estimate
        Value and gradient on a fresh sample, at the rule moved inside ``[EDGE, 1 - EDGE]``.
    n_evaluations : int
        Evaluations of value and gradient, all stages together.
    """

    rule: Floats
    estimate: Estimate
    n_evaluations: int

    @property
    def stationarity(self) -> float:
        """Largest projected gradient of the fresh sample in standard errors."""
        return _stationarity(inside(self.rule), self.estimate)


def best_rule(
    system: System,
    epochs: int,
    observation: Observation | None = None,
    start: ArrayLike | None = None,
    stages: Sequence[tuple[int, int]] = ((16, 8), (64, 8)),
    seed: int = 0,
) -> BestRule:
    """Best own-state rule that gradient descent finds [MF sec. 1.3.2].

    Parameters
    ----------
    system : System
        Any graph.
    epochs : int
        Horizon T; the drops per queue of T epochs from empty queues are minimised.
    observation : Observation, optional
        What the rule looks at; the own queue if omitted.
    start : (M,) float, optional
        First rule; one half everywhere if omitted.
    stages : sequence of (int, int)
        Level paths and episodes per path of each stage.
    seed : int
        Seed of all samples.

    Raises
    ------
    ValueError
        If ``stages`` is empty, or a start is not made of probabilities.

    Examples
    --------
    >>> from refimpl.meanfield.model.topologies import ring
    >>> found = best_rule(System(ring(5), dt=5.0), 4, stages=((4, 2),))
    >>> found.rule.shape
    (6,)
    """
    if not stages:
        raise ValueError("stages must hold at least one (paths, copies); got none")
    seen = own_state() if observation is None else observation
    size = seen.size(system)
    rule = inside(np.full(size, 0.5) if start is None else check_probabilities("start", start))
    evaluations = 0
    for stage, (paths, copies) in enumerate(stages):
        lags = math.ceil(MEMORY / system.dt)
        sample = SampledObjective(system, epochs, seen, paths, copies, seed + stage, lags)
        rule, used = _descend(sample, rule)
        evaluations += used
    rule = _to_the_corner(sample, rule)
    fresh = replace(sample, seed=seed + len(stages))
    return BestRule(rule, fresh.estimate(inside(rule)), evaluations + 3)


def inside(rule: Floats) -> Floats:
    """Rule moved to where scores exist, ``[EDGE, 1 - EDGE]``."""
    return np.clip(rule, EDGE, 1.0 - EDGE)


def _descend(sample: SampledObjective, start: Floats) -> tuple[Floats, int]:
    """One stage; returns the last rule and the number of evaluations."""
    last: dict[bytes, Estimate] = {}

    def evaluate(rule: Floats) -> tuple[float, Floats]:
        found = sample.estimate(rule)
        last.clear()
        last[rule.tobytes()] = found
        return found.value, found.gradient

    def stop(intermediate_result: OptimizeResult) -> None:
        rule = intermediate_result.x
        found = last.get(rule.tobytes())
        if found is not None and _stationarity(rule, found) <= 1.0:
            raise StopIteration

    ended = minimize(
        evaluate,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=[(EDGE, 1.0 - EDGE)] * start.size,
        callback=stop,
        options={"maxiter": MAX_ITERATIONS, "maxls": LINE_SEARCH_STEPS, "ftol": 1e-5},
    )
    return inside(np.asarray(ended.x)), int(ended.nfev)


def _to_the_corner(sample: SampledObjective, rule: Floats) -> Floats:
    """Move probabilities at an edge to 0 or 1 if the value is no larger there."""
    corner = np.where(rule <= EDGE, 0.0, np.where(rule >= 1.0 - EDGE, 1.0, rule))
    values = [sample.episodes(r).drops.mean() for r in (corner, rule)]
    return corner if values[0] <= values[1] else rule


def _stationarity(rule: Floats, found: Estimate) -> float:
    inward = np.abs(projected_gradient(rule, found.gradient, EDGE))
    return float((inward / np.maximum(found.gradient_error, 1e-300)).max())
