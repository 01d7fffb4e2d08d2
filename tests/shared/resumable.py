"""A run that can be killed at any moment: a random walk that saves itself after every step."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from refimpl.shared import checkpoints
from refimpl.shared.seeds import generator


def walk(path: Path | None, seed: int, n_steps: int, pause: float = 0.0) -> NDArray[Any]:
    """Positions of a Gaussian walk; continues from ``path`` if it is there."""
    saved = checkpoints.resume(path)
    if saved is None:
        done, positions, rng = 0, np.zeros((n_steps, 3)), generator(seed, "walk")
    else:
        arrays, meta = saved
        done, positions = meta["step"], arrays["positions"]
        rng = checkpoints.restore_rng(meta["rng"])
    for step in range(done, n_steps):
        previous = positions[step - 1] if step else np.zeros(3)
        positions[step] = 0.9 * previous + rng.normal(size=3)
        if path is not None:
            meta = {"step": step + 1, "rng": checkpoints.rng_state(rng)}
            checkpoints.save(path, {"positions": positions}, meta)
        time.sleep(pause)
    return positions


if __name__ == "__main__":
    walk(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))
