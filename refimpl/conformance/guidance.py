"""Cases of analytic guidance: the reference state, and what a placement adds [DG-PG eq. 8]."""

from __future__ import annotations

from typing import Any

from refimpl.conformance.case import Arrays, Case, Field
from refimpl.conformance.draws import Draw
from refimpl.dgpg.objective.reference import reference_state


def _cluster(draw: Draw) -> Arrays:
    """Draw loads from nothing to four times the largest capacity."""
    shape = (draw.size(8), draw.size(3))
    return {"load": draw.floats(shape, 0.0, 64.0), "capacity": draw.floats(shape, 1.0, 16.0)}


def _state(load: Any, capacity: Any) -> Arrays:
    return {"reference": reference_state(load, capacity)}


def _job(draw: Draw) -> Arrays:
    cluster = _cluster(draw)
    return {
        "load": cluster["load"],
        "reference": reference_state(cluster["load"], cluster["capacity"]),
        "demand": draw.floats(cluster["load"].shape[1:], 0.0, 16.0),
        "capacity": cluster["capacity"],
    }


def _coefficient(load: Any, reference: Any, demand: Any, capacity: Any) -> Arrays:
    del capacity
    return {"coefficient": ((load - reference) * demand).sum(axis=1)}


DGPG_REFERENCE = Case(
    name="dgpg_reference",
    title="load of every server when all are equally utilised",
    equation="reference_nk = C_nk / sum_m C_mk * sum_m x_mk [DG-PG eq. 19]",
    inputs=(
        Field("load", "N x R", "x: demand of the running and the waiting jobs at each server"),
        Field("capacity", "N x R", "C > 0, in the units of the load"),
    ),
    outputs=(Field("reference", "N x R", "same sum over servers as the load"),),
    generate=_cluster,
    reference=_state,
    tolerance=1e-12,
)

DGPG_GUIDANCE = Case(
    name="dgpg_guidance",
    title="guidance coefficient of one job, for every server it might be placed on",
    equation="coefficient_n = sum_k demand_k (load_nk - reference_nk) [DG-PG eq. 8, App. D]",
    inputs=(
        Field("load", "N x R", "x: the state that the coefficient is evaluated at"),
        Field("reference", "N x R", "reference state of this load; a constant"),
        Field("demand", "R", "z: what the job adds to the load of its server, >= 0"),
        Field("capacity", "N x R", "not in the formula; for code that holds x / C instead of x"),
    ),
    outputs=(Field("coefficient", "N", "positive where the server is above its reference"),),
    generate=_job,
    reference=_coefficient,
    # Sums of at most three products of numbers below 64 * 8 * 16.
    tolerance=1e-11,
)

CASES = (DGPG_REFERENCE, DGPG_GUIDANCE)
