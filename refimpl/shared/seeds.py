"""One seed per run, one independent stream per purpose.

A stream is named, not numbered by the order in which it was asked for, so the same seed gives the
same bits whether the work runs serially, in a process pool or on a cluster.
"""

from __future__ import annotations

import zlib

import numpy as np


def seed_sequence(seed: int, *purpose: str | int) -> np.random.SeedSequence:
    """Seed sequence of the stream named by ``purpose`` under the run's ``seed``.

    Parameters
    ----------
    seed : int
        Seed of the run, non-negative.
    *purpose : str or int
        Name of the stream, e.g. ``("iql", "environment", 3)``. Integers are non-negative.

    Raises
    ------
    ValueError
        If ``seed`` or an integer in ``purpose`` is negative.
    """
    numbers = [seed, *(part for part in purpose if not isinstance(part, str))]
    if any(number < 0 for number in numbers):
        raise ValueError(f"seed and integer purposes must be non-negative; got {numbers}")
    # A tag before each part keeps the string "3" and the integer 3 apart.
    key = [
        word
        for part in purpose
        for word in ((0, zlib.crc32(part.encode())) if isinstance(part, str) else (1, part))
    ]
    return np.random.SeedSequence(entropy=seed, spawn_key=key)


def generator(seed: int, *purpose: str | int) -> np.random.Generator:
    """Random generator of the stream named by ``purpose``; see :func:`seed_sequence`."""
    return np.random.Generator(np.random.PCG64(seed_sequence(seed, *purpose)))
