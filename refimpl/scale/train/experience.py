"""Experience for learning from replay: states as vectors, and the memory as arrays."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from linear_models.params import Array
from refimpl.scale.model.observations import N_FEATURES
from refimpl.scale.train.rollouts import DTYPE, Rollout, flat
from refimpl.scale.train.settings import Arrays, TrainSettings
from refimpl.shared.replay import Replay, Transitions, add, replay


def vectors(task: Array, servers: Array) -> Array:
    """States as the vectors ``[phi, psi_1, ..., psi_N]``, (..., 5 + 5N) [SCALE sec. 4.1.1]."""
    flat = servers.reshape(*servers.shape[:-2], -1)
    return np.concatenate([task, flat], axis=-1)


def parts(states: Array) -> tuple[Array, Array]:
    """Inverse of :func:`vectors` for a batch: (B, 5) and (B, N, 5)."""
    servers = states[:, N_FEATURES:].reshape(len(states), -1, N_FEATURES)
    return states[:, :N_FEATURES], servers


def transitions(settings: TrainSettings, rollout: Rollout) -> Transitions:
    """Return the steps of a rollout, environments one after another in each step.

    Convention: ``costs`` are rewards with their sign turned.
    """
    before = vectors(rollout.task[:-1], rollout.servers[:-1])
    after = vectors(*rollout.following())
    return Transitions(
        flat(before),
        flat(rollout.actions),
        flat(-rollout.rewards).astype(DTYPE),
        flat(after),
        flat(settings.horizon(rollout.ended)),
    )


def empty_memory(settings: TrainSettings, n_servers: int) -> Replay:
    """Return a memory without a transition."""
    states = np.zeros((0, N_FEATURES * (1 + n_servers)), DTYPE)
    none = np.zeros(0, np.int64), np.zeros(0, DTYPE), np.zeros(0, bool)
    like = Transitions(states, none[0], none[1], states, none[2])
    return replay(like, settings.off_policy.capacity)


def memory_arrays(memory: Replay) -> Arrays:
    """Return what is filled of a memory, for a checkpoint."""
    columns = {f.name: getattr(memory.memory, f.name)[: memory.size] for f in fields(Transitions)}
    return {**columns, "cursor": np.asarray(memory.cursor)}


def restored_memory(settings: TrainSettings, arrays: Arrays) -> Replay:
    """Inverse of :func:`memory_arrays`."""
    kept = Transitions(**{f.name: arrays[f.name] for f in fields(Transitions)})
    memory = replay(kept, settings.off_policy.capacity)
    filled = add(memory, kept)
    return Replay(filled.memory, filled.size, int(arrays["cursor"]))
