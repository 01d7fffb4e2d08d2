"""Claims that are arithmetic on the paper's own table of times [DG-PG Table 9]."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from refimpl.findings import exactly
from refimpl.ledger import Claim, Context, Control, Finding, Kind


@dataclass(frozen=True)
class Row:
    """One size: episodes to convergence, minutes in all, and per episode as printed.

    ``unit`` is what the printed time per episode counts in, in minutes.
    """

    episodes: float
    minutes: float
    per_episode: float
    unit: float = 1.0


SECOND = 1 / 60
TABLE_9 = {
    10: Row(16.6, 2.9, 10.5, SECOND),
    20: Row(11.6, 3.7, 18.9, SECOND),
    50: Row(7.4, 5.0, 40.9, SECOND),
    100: Row(6.8, 16.2, 2.4),
    200: Row(9.0, 37.8, 4.2),
    500: Row(12.0, 42.1, 3.5),
    1000: Row(9.7, 41.1, 4.2),
    1500: Row(17.7, 99.0, 5.6),
}
"""Episode of convergence and times of [DG-PG Table 9]."""

HALF_DIGIT = 0.05  # everything is printed with one decimal


def ends(row: Row) -> tuple[float, float]:
    """Least and largest product of two numbers that round to those printed, in minutes."""
    least = (row.episodes - HALF_DIGIT) * (row.per_episode - HALF_DIGIT)
    largest = (row.episodes + HALF_DIGIT) * (row.per_episode + HALF_DIGIT)
    return least * row.unit, largest * row.unit


def check_products(table: Mapping[int, Row], context: Context) -> Finding:
    """Episodes times time per episode against the total, as far as rounding allows; the mean."""
    del context
    outside = 0.0
    for row in table.values():
        low, high = ends(row)
        beyond = max(low - (row.minutes + HALF_DIGIT), (row.minutes - HALF_DIGIT) - high)
        outside = max(outside, beyond)
    episodes = [row.episodes for row in table.values()]
    mean = sum(episodes) / len(episodes)
    # The mean of eight rounded numbers, itself printed as 11.4.
    off = max(abs(mean - 11.4) - 2 * HALF_DIGIT, 0.0)
    return exactly(
        max(outside, off, 0.0), 1e-12, mean_episode=mean, fewest=min(episodes), most=max(episodes)
    )


def check_ratio(table: Mapping[int, Row], context: Context) -> Finding:
    """Time per episode at 1500 servers over that at 10, at its least within the rounding."""
    del context
    small, large = table[10], table[1500]
    ratio = large.per_episode * large.unit / (small.per_episode * small.unit)
    least = (large.per_episode - HALF_DIGIT) * large.unit
    least /= (small.per_episode + HALF_DIGIT) * small.unit
    return exactly(max(30.0 - least, 0.0), 0.0, ratio=ratio, least_ratio=least)


CLAIMS = (
    Claim(
        "dgpg/table-9-products",
        "Table 9",
        "Minutes to convergence are episodes times the time of an episode, and the episodes "
        "average 11.4 over the sizes.",
        ("DG-84",),
        Kind.EXACT,
        check_products,
        TABLE_9,
        Control(
            "one minute less at 50 servers", {**TABLE_9, 50: replace(TABLE_9[50], minutes=4.0)}
        ),
    ),
    Claim(
        "dgpg/episode-time-ratio",
        "sec. 6.4",
        "An episode with 1500 servers takes more than 30 times as long as one with 10.",
        ("DG-85",),
        Kind.EXACT,
        check_ratio,
        TABLE_9,
        Control("the time of 1000 servers in place of 1500", {**TABLE_9, 1500: TABLE_9[1000]}),
    ),
)
