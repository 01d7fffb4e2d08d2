"""Resumable runs: a chain of stages, each a pure function of the state it starts from.

Every stage draws from its own random stream, named by its number, so a checkpoint needs no
generator state and an interrupted run continues to the same bits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from refimpl.shared import checkpoints

Arrays = dict[str, NDArray[Any]]


def run_stages(
    stage: Callable[[int, Arrays], Arrays],
    n_stages: int,
    start: Arrays,
    label: Mapping[str, Any],
    checkpoint: Path | str | None = None,
) -> Arrays:
    """Apply ``stage(0, .)`` to ``stage(n_stages - 1, .)`` to ``start``, saving after each.

    Parameters
    ----------
    stage : callable
        ``stage(k, state) -> state``; must not draw randomness from anything but ``k`` and what
        ``label`` describes.
    n_stages : int
        Number of stages.
    start : dict of arrays
        State before stage 0.
    label : mapping
        JSON values naming everything the run depends on; a checkpoint of another run is refused.
    checkpoint : path-like, optional
        File to continue from and to write to.

    Raises
    ------
    ValueError
        If the checkpoint belongs to a run with another label, or to one that is further already.
    CheckpointError
        If the checkpoint is damaged.
    """
    state, first = start, 0
    saved = checkpoints.resume(checkpoint)
    if saved is not None:
        state, meta = saved
        if meta["label"] != dict(label):
            raise ValueError(
                f"checkpoint {str(checkpoint)!r} must belong to the run {dict(label)}; "
                f"it belongs to {meta['label']}"
            )
        first = int(meta["stages"])
        if first > n_stages:
            raise ValueError(
                f"n_stages must be at least the {first} stages that checkpoint "
                f"{str(checkpoint)!r} has behind it; got {n_stages}"
            )
    for k in range(first, n_stages):
        state = stage(k, state)
        if checkpoint is not None:
            checkpoints.save(checkpoint, state, {"stages": k + 1, "label": dict(label)})
    return state
