"""One queue between two synchronisations: its exact law, and the jobs it drops.

Shows: the M/M/1/B queue of MF sec. 1.2.4 and App. A. One matrix exponential holds the law at the
end of an epoch and, in a counting column, the expected drops. The appendix prints exp(Q) without
the length of the epoch, a matrix whose orientation must be guessed, and a largest number of drops
that is exceeded. What each misreading would cost is in the table; the paper prints no number.
Look at: the right picture. An epoch has a whole law of drops; the rewards use its mean only.
For: everybody, first: all other examples put thousands of such queues next to each other.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from _show import BLUE, GREEN, ORANGE, UNPUBLISHED, Row, figure, look_at, options, table

from refimpl.shared.bounded_queue import drop_law, epoch_kernel, stationary_law
from refimpl.shared.markov_chains import birth_death, uniformized
from refimpl.shared.seeds import generator

HIGH, LOW, BUFFER, DT = 0.9, 0.6, 5, 5.0
GOLDEN = {
    (HIGH, 1.0): (0.00021, 0.00135, 0.00835, 0.04356, 0.18559, 0.62614),
    (HIGH, 5.0): (0.10269, 0.16486, 0.31307, 0.58917, 1.04889, 1.75257),
    (HIGH, 10.0): (0.50538, 0.61328, 0.84623, 1.22757, 1.78527, 2.54944),
    (LOW, 5.0): (0.01496, 0.02948, 0.07504, 0.18888, 0.44395, 0.96822),
}
"""Expected drops from 0..5 jobs, computed once with 50 digits and rounded to five decimals."""


def by_quadrature(arrival: float, service: float, buffer: int, dt: float) -> Any:
    """Integrate the arrival rate at a full queue over the epoch; laws by uniformisation."""
    nodes, weights = np.polynomial.legendre.leggauss(60)
    chain = birth_death(np.full(buffer, arrival), np.full(buffer, service))
    full = [uniformized(chain, t)[:, buffer] for t in dt * (nodes + 1.0) / 2.0]
    return arrival * dt / 2.0 * (weights @ np.array(full))


def largest_error(n_queues: int) -> float:
    """Compare with quadrature for queues of any rates, buffers and epochs."""
    rng, worst = generator(0, "example", "queues"), 0.0
    for _ in range(n_queues):
        arrival, service, dt = rng.uniform((0.0, 0.3, 0.1), (3.0, 2.0, 10.0))
        case = (float(arrival), float(service), int(rng.integers(1, 12)), float(dt))
        found = epoch_kernel(*case).expected_drops - by_quadrature(*case)
        worst = max(worst, float(np.abs(found).max()))
    return worst


def misread() -> list[Row]:
    """Take the appendix at its word."""
    right = epoch_kernel(HIGH, 1.0, BUFFER, DT)
    wrong = epoch_kernel(HIGH, 1.0, BUFFER, 1.0)
    off = float(np.abs(wrong.transitions - right.transitions).max())
    swapped = epoch_kernel(1.0, HIGH, BUFFER, DT)
    jobs = [float(k.transitions[0] @ np.arange(BUFFER + 1)) for k in (swapped, right)]
    # A counter that drains state B stops at the first drop.
    first = 1.0 - float(drop_law(HIGH, 1.0, BUFFER, DT)[BUFFER, :, 0].sum())
    most = float(epoch_kernel(2 * HIGH, 1.0, BUFFER, DT).expected_drops[BUFFER])
    return [
        ("exp(Q): largest error of a probability at dt = 5", (0.0, "App. A"), off),
        ("Q read by rows: mean jobs after 5, from empty", (jobs[0], "misread"), jobs[1]),
        ("counter that drains: drops from full", (first, "misread"), right.expected_drops[BUFFER]),
        ("most drops on a ring in 5 units, (d + 1) lambda_h", (3 * HIGH, "App. A"), most),
    ]


def draw(left: Any, middle: Any, right: Any) -> None:
    jobs = np.arange(BUFFER + 1)
    kernel = epoch_kernel(HIGH, 1.0, BUFFER, DT).transitions
    for start, colour in ((0, BLUE), (3, GREEN), (5, ORANGE)):
        left.plot(jobs, kernel[start], "o-", color=colour, label=f"from {start} jobs")
    law = stationary_law(HIGH, 1.0, BUFFER)
    left.plot(jobs, law, "k:", label="after a long time")
    left.set(title="Jobs after 5 units, rate 0.9", xlabel="jobs", ylabel="probability")
    for dt, colour in ((1.0, BLUE), (5.0, GREEN), (10.0, ORANGE)):
        drops = epoch_kernel([HIGH, LOW], 1.0, BUFFER, dt).expected_drops
        middle.plot(jobs, drops[0], "o-", color=colour, label=f"{dt:g} units, rate 0.9")
        middle.plot(jobs, drops[1], "o--", color=colour, mfc="white", label="  rate 0.6")
    middle.set(title="Expected drops in an epoch", xlabel="jobs at its start", ylabel="jobs")
    for rate, shift, colour in ((0.9, -0.2, BLUE), (1.8, 0.2, ORANGE)):
        chances = drop_law(rate, 1.0, BUFFER, DT)[BUFFER].sum(axis=0)[:13]
        right.bar(np.arange(13) + shift, chances, 0.4, color=colour, label=f"rate {rate}")
    right.set(title="Drops in 5 units from a full queue", xlabel="jobs", ylabel="probability")


def main() -> None:
    given = options(__doc__ or "", __file__)
    error = largest_error(given.choose(20, 200, 5_000))
    rows: list[Row] = []
    for start in (0, 3, 5):
        reference = by_quadrature(HIGH, 1.0, BUFFER, DT)[start]
        drops = epoch_kernel(HIGH, 1.0, BUFFER, DT).expected_drops[start]
        rows.append((f"drops in 5 units from {start} jobs", (reference, "quadrature"), drops))
    kernels = {key: epoch_kernel(key[0], 1.0, BUFFER, key[1]).expected_drops for key in GOLDEN}
    off = max(float(np.abs(kernels[key] - GOLDEN[key]).max()) for key in GOLDEN)
    law = drop_law(HIGH, 1.0, BUFFER, DT)
    mean = (law.sum(axis=1) @ np.arange(law.shape[2]))[BUFFER]
    blocking = [float(stationary_law(rate, 1.0, BUFFER)[BUFFER]) for rate in (HIGH, LOW)]
    rows += [
        ("golden drops: farthest from five decimals", "<= 5e-6", off),
        ("random queues: farthest from quadrature", (0.0, "quadrature"), error),
        ("mean of the law of drops, from full", (kernels[HIGH, DT][BUFFER], "column"), mean),
        ("long run: blocking at rate 0.9; 0.6", UNPUBLISHED, "{:.4f}; {:.4f}".format(*blocking)),
        *misread(),
    ]
    table(rows)
    look_at("drops grow with the jobs at the start; only the start separates good rules from bad.")
    figure(given, partial(draw), columns=3, size=(13.0, 4.0))
    assert off <= 5e-6 + 1e-12
    assert max(error, abs(mean - kernels[HIGH, DT][BUFFER])) < 1e-10


if __name__ == "__main__":
    main()
