"""A trained scheduler in service: load a checkpoint, decide, and never stall silently."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from linear_models.params import Array, Params
from linear_models.validation import check_count, check_finite, check_shape
from refimpl.scale.model.episodes import Policy
from refimpl.scale.model.observations import N_FEATURES
from refimpl.scale.model.simulator import Simulation
from refimpl.scale.model.workflows import Bools, Ints
from refimpl.scale.policies.learned import forward_of
from refimpl.scale.train.nets import Forward
from refimpl.shared import checkpoints
from refimpl.shared.optimizer import group, joined


class NoFeasibleServerError(RuntimeError):
    """No server can take the task now; the caller must wait for one or refuse the task."""


class LivelockError(RuntimeError):
    """A policy keeps choosing servers that cannot take the task although others could."""


@dataclass(frozen=True)
class Scheduler:
    """A network that chooses a server for a task.

    Attributes
    ----------
    forward : callable
        See :func:`refimpl.scale.policies.learned.forward_of`.
    dtype : dtype
        Of its parameters.
    """

    forward: Forward
    dtype: np.dtype[Any]

    @classmethod
    def of(cls, params: Params, heads: int = 4) -> Scheduler:
        """Scheduler with these parameters.

        Raises
        ------
        ValueError
            If they are those of no network here; the message names an array.
        """
        return cls(forward_of(params, heads), next(iter(params.values())).dtype)

    @classmethod
    def load(cls, path: Path | str) -> Scheduler:
        """Read what :func:`save` or a training run wrote.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        CheckpointError
            If the file is damaged.
        ValueError
            If it holds no policy, or a network of another shape; the message names the array.
        """
        arrays, meta = checkpoints.load(path)
        try:
            return cls.of(group(arrays, "policy"), int(meta.get("heads", 4)))
        except ValueError as error:
            raise ValueError(f"checkpoint {str(path)!r} must hold a policy: {error}") from error

    def decide(self, task: Array, servers: Array, feasible: Bools | None = None) -> int:
        """Choose a server by the highest score [SCALE Algorithm 2].

        Parameters
        ----------
        task : (5,) float
            See :class:`refimpl.scale.model.observations.Observation`.
        servers : (N, 5) float
        feasible : (N,) bool, optional
            Servers that can take the task. Without it any may be chosen, as in the paper.

        Raises
        ------
        NoFeasibleServerError
            If ``feasible`` is all False.
        ClusterSizeError
            If the network is for another number of servers.
        ValueError
            If a shape is wrong, a feature is NaN or infinite, or there is no server.
        """
        task, servers = np.asarray(task, self.dtype), np.asarray(servers, self.dtype)
        check_shape("task", task, (N_FEATURES,))
        if servers.ndim != 2 or servers.shape[1] != N_FEATURES or not len(servers):
            raise ValueError(f"servers must have shape (N >= 1, 5); got {servers.shape}")
        check_finite("task", task)
        check_finite("servers", servers)
        logits = self.forward(task[None], servers[None], None).logits[0]
        check_finite("logits", logits)
        if feasible is None:
            return int(logits.argmax())
        return _best(logits, np.asarray(feasible))


def save(
    path: Path | str, params: Params, heads: int = 4, notes: Mapping[str, Any] | None = None
) -> None:
    """Write a policy for :meth:`Scheduler.load`.

    Parameters
    ----------
    path : path-like
    params : dict
        Of a pointer network or a structured network.
    heads : int
        Of the pointer network: they leave no trace in its arrays.
    notes : mapping, optional
        JSON values kept beside.

    Raises
    ------
    ValueError
        If the parameters are those of no network here.
    """
    forward_of(params, heads)
    checkpoints.save(path, joined(policy=params), {**(notes or {}), "heads": heads})


def until_stuck(policy: Policy, limit: int) -> Policy:
    """Watch a policy: the same choices, but an error instead of a livelock.

    Parameters
    ----------
    policy : Policy
    limit : int
        Choices in a row, in one episode, of servers that cannot take the task while others can. A
        policy that waits for a better server makes them too, so allow for the longest wait.

    Returns
    -------
    Policy
        For one simulation from its beginning; raises LivelockError.

    Raises
    ------
    ValueError
        If ``limit`` is not a positive integer.
    """
    check_count("limit", limit)
    runs: list[Ints] = []

    def watched(sim: Simulation, rng: np.random.Generator) -> Ints:
        actions = policy(sim, rng)
        feasible = sim.feasible()
        valid = feasible[sim.rows, actions]
        avoidable = feasible.any(axis=1) & ~valid & ~sim.done
        before = runs.pop() if runs else np.zeros(len(sim.rows), np.int64)
        run = np.where(avoidable, before + 1, np.where(valid, 0, before))
        runs.append(run)
        _check_runs(sim, actions, run, limit)
        return actions

    return watched


def _check_runs(sim: Simulation, actions: Ints, run: Ints, limit: int) -> None:
    if run.max(initial=0) < limit:
        return
    e = int(run.argmax())
    others = int(np.flatnonzero(sim.feasible()[e])[0])
    raise LivelockError(
        f"policy must not keep choosing servers that cannot take the task; it did {int(run[e])} "
        f"times in a row, last server {int(actions[e])} for task {int(sim.task[e])} in episode {e} "
        f"at {sim.now[e]:g} s, although server {others} could"
    )


def _best(logits: Array, feasible: Bools) -> int:
    check_shape("feasible", feasible, logits.shape)
    if feasible.dtype != np.bool_:
        raise ValueError(f"feasible must be boolean; got dtype {feasible.dtype}")
    if not feasible.any():
        raise NoFeasibleServerError(
            f"feasible must allow a server; none of the {len(feasible)} can take the task now"
        )
    return int(np.where(feasible, logits, -np.inf).argmax())
