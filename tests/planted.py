"""Empirical claims on made-up results: what the tests of every paper do with theirs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from refimpl.ledger import Arrays, Claim, Context, Finding

World = Callable[[Any], Arrays]
"""``world(cell) -> arrays``: what the cell's job is made to have returned."""


def data_of(claim: Claim, context: Context, world: World) -> Context:
    """Context in which every job of the claim has returned what the world says."""
    data = {job.name: world(job.args[0]) for job in claim.jobs(context)}
    return Context(context.profile, context.seed, data)


def outcome(claim: Claim, world: World, profile: str = "quick") -> tuple[Finding, Finding]:
    """Finding and control of a claim on made-up results."""
    context = data_of(claim, Context(profile, 0), world)
    return claim.check(claim.subject, context), claim.check(claim.control.subject, context)
