"""Results made up for the tests of empirical claims."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from refimpl.ledger import Arrays, Claim, Context, Finding
from refimpl.meanfield.experiments.cells import Cell
from refimpl.meanfield.experiments.learned import Run, drops_key
from refimpl.meanfield.experiments.settings import Setting, other_sizes

EPISODES = 12


@dataclass(frozen=True)
class Table:
    """Drops by cell, with a little noise that all cells share and a little that they do not."""

    mean: Callable[[Cell], float]

    def drops(
        self, cell: Cell, context: Context
    ) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
        """One training run, twelve episodes."""
        del context
        shared = np.random.default_rng(0).normal(scale=0.3, size=EPISODES)
        own = np.random.default_rng(zlib.crc32(repr(cell).encode()))
        noise = 1.0 + 0.1 * shared + 0.001 * own.normal(size=EPISODES)
        return (self.mean(cell) * noise)[None]


def data_of(claim: Claim, context: Context, mean: Callable[[Cell], float]) -> Context:
    """Context in which every job of the claim has returned what ``mean`` says."""
    table, data = Table(mean), {}
    for job in claim.jobs(context):
        data[job.name] = _result(job.args, table, context)
    return Context(context.profile, context.seed, data)


def outcome(claim: Claim, mean: Callable[[Cell], float]) -> tuple[Finding, Finding]:
    """Finding and control of a claim on made-up results of the quick profile."""
    context = data_of(claim, Context("quick", 0), mean)
    return claim.check(claim.subject, context), claim.check(claim.control.subject, context)


def _result(args: tuple[object, ...], table: Table, context: Context) -> Arrays:
    first = args[0]
    if isinstance(first, Run):
        arrays: Arrays = {
            "seconds": np.array(1.0),
            "curve.steps": np.arange(3.0),
            "curve.training_return": -np.ones(3),
        }
        policies = {
            "mean-field": ("MF-R", "MF-G", "MF-N"),
            "parameter-sharing": ("NA-PS",),
            "recurrent": ("MF-RNN",),
        }
        for setting in (first.setting, *other_sizes(first.setting)):
            for name in policies[first.method]:
                cell = Cell(name, setting, first.preset, first.method, first.hidden)
                arrays[drops_key(name, setting)] = table.drops(cell, context)[0]
        return arrays
    if isinstance(first, Setting) and isinstance(args[1], str):
        return {"drops": table.drops(Cell(args[1], first), context)[0]}
    if isinstance(first, Setting):
        settings = (first, *other_sizes(first))
        return {
            drops_key("best rule", each): table.drops(Cell("best rule", each), context)[0]
            for each in settings
        }
    assert isinstance(first, int)
    name = str(args[1])
    cell = Cell(name, Setting("ring", first, 3.0))
    return {"seconds": np.array(float(first)), "drops": table.drops(cell, context)[0]}
