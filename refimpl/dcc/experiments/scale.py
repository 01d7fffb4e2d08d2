"""How large the experiments are in each profile of the audit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from refimpl.ledger import Context


@dataclass(frozen=True)
class Scale:
    """Size of the learning experiments.

    Parameters
    ----------
    sizes : tuple of int
        Devices per game.
    games : pair of int
        First game and the one after the last; every size and method plays the same ones.
    steps : int
        Learning steps per constrained solve.
    central_games : mapping
        Games on which each centralised baseline is trained, by method and size; the first ones.
    long_games, long_factor : int
        Games of the smallest size on which MAPPO is trained longer, and how many times as long.
    local_devices, local_steps : int
        Single devices on which learners of the local problem are compared, and their steps.
    """

    sizes: tuple[int, ...]
    games: tuple[int, int]
    steps: int
    central_games: Mapping[tuple[str, int], int]
    long_games: int
    long_factor: int
    local_devices: int
    local_steps: int

    @property
    def n_games(self) -> int:
        """Number of independently drawn games."""
        return self.games[1] - self.games[0]


FULL = Scale(
    sizes=(10, 20, 50),
    games=(0, 15),
    steps=100_000,
    central_games={
        ("mappo", 10): 5,
        ("mappo", 20): 3,
        ("mappo", 50): 2,
        ("a2c", 10): 5,
        ("a2c", 20): 3,
    },
    long_games=2,
    long_factor=10,
    local_devices=5,
    local_steps=320_000,
)
"""The paper's scale: 15 environments, 1e5 steps per solve; the sizes are chosen.

The centralised baselines cost hours per game here and get fewer games.
"""

QUICK = Scale(
    sizes=(10, 20, 50),
    games=(0, 3),
    steps=1_000,
    central_games={("mappo", 10): 2, ("mappo", 20): 2, ("a2c", 10): 2, ("a2c", 20): 2},
    long_games=2,
    long_factor=2,
    local_devices=2,
    local_steps=4_000,
)
"""A minute instead of hours: three games, a hundredth of the learning steps."""


def scale_of(context: Context) -> Scale:
    """Scale of the profile that an audit runs in."""
    return FULL if context.full else QUICK
