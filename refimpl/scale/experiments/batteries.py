"""Which tests a trained network goes through."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import product

from refimpl.scale.experiments.evaluation import Trial
from refimpl.scale.experiments.systems import MIXES, PUBLISHED_SIZES, TRAINED, System

RULES = ("sampled", "greedy", "masked")
"""Decision rules that every network is tested with."""

OTHER_WORKFLOWS = ("deep", "wide", "layers")
"""Workflows that the paper's limitation section asks for [SCALE sec. 6.2]."""


@dataclass(frozen=True)
class Episodes:
    """How many episodes tests have.

    Attributes
    ----------
    published : int
        At the paper's sizes and everywhere else with its number of servers.
    beyond : tuple of (int, int)
        At larger sizes: servers and episodes; sizes that are missing are not tested.
    deadline : float
        Seconds after which a drained episode is given up.
    """

    published: int
    beyond: tuple[tuple[int, int], ...] = ()
    deadline: float = 200.0

    @property
    def name(self) -> str:
        """Everything in one word."""
        beyond = "".join(f"-{n}x{k}" for n, k in self.beyond)
        return f"{self.published}{beyond}-{self.deadline:g}s"


Battery = Callable[[System, Episodes], tuple[Trial, ...]]


def _both(systems: list[System], rules: tuple[str, ...], episodes: Episodes) -> list[Trial]:
    """Both metrics with every rule."""
    ends = (None, episodes.deadline)
    count = episodes.published
    return [Trial(s, rule, count, end) for s, rule, end in product(systems, rules, ends)]


def own_size(system: System, episodes: Episodes) -> tuple[Trial, ...]:
    """Return tests on the system it was trained on [SCALE Table 3]."""
    return tuple(_both([system], RULES, episodes))


def values_own_size(system: System, episodes: Episodes) -> tuple[Trial, ...]:
    """Return the same for networks whose scores are values: there is nothing to draw from."""
    return tuple(_both([system], RULES[1:], episodes))


def published_sizes(system: System, episodes: Episodes) -> tuple[Trial, ...]:
    """Return the same at the three sizes of the paper [SCALE Table 4]."""
    systems = [replace(system, n_servers=n) for n in PUBLISHED_SIZES]
    return tuple(_both(systems, RULES, episodes))


def smallest_and_largest(system: System, episodes: Episodes) -> tuple[Trial, ...]:
    """Return two of the three sizes, by the paper's metric only; for variants."""
    ends = (PUBLISHED_SIZES[0], PUBLISHED_SIZES[-1])
    return tuple(
        Trial(replace(system, n_servers=n), rule, episodes.published)
        for n, rule in product(ends, RULES)
    )


def everything(system: System, episodes: Episodes) -> tuple[Trial, ...]:
    """Add sizes, mixes, other workflows and elastic clusters [SCALE sec. 6.2]."""
    large = [
        Trial(replace(system, n_servers=n), rule, count)
        for (n, count), rule in product(episodes.beyond, RULES)
    ]
    others = [System(TRAINED, mix=mix) for mix in list(MIXES)[1:]]
    others += [System(TRAINED, changes=changes) for changes in OTHER_WORKFLOWS]
    others += [System(TRAINED, events="elastic")]
    return (
        *published_sizes(system, episodes),
        *large,
        *_both(others, RULES[1:], episodes),
    )


BATTERIES: Mapping[str, Battery] = {
    "own size": own_size,
    "own size, values": values_own_size,
    "published sizes": published_sizes,
    "smallest and largest": smallest_and_largest,
    "everything": everything,
}
"""By the name that runs call them."""
