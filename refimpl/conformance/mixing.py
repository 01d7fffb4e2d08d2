"""Case of two gradient samples that are mixed: best weight, least variance [DG-PG Theorem 5.2]."""

from __future__ import annotations

from refimpl.conformance.case import Arrays, Case, Field
from refimpl.conformance.draws import Draw
from refimpl.dgpg.theory.mixing import minimum_variance, optimal_alpha


def _covariance(draw: Draw) -> Arrays:
    """Draw two variances and a correlation, such that the samples are far from cancelling."""
    return {
        "var_pg": draw.choice((1.0, 0.25, 10.0, 1000.0)) * float(draw.floats((), 0.5, 2.0)),
        "var_guidance": draw.choice((1.0, 0.25, 4.0)) * float(draw.floats((), 0.5, 2.0)),
        "correlation": float(draw.floats((), -0.875, 0.9375)),
    }


def _best(var_pg: float, var_guidance: float, correlation: float) -> Arrays:
    args = var_pg, var_guidance, correlation
    return {"alpha_star": optimal_alpha(*args), "min_variance": minimum_variance(*args)}


DGPG_MIXING = Case(
    name="dgpg_mixing",
    title="weight of least variance for a mixture of two correlated samples, and that variance",
    equation="V(a) = (1-a)^2 sJ^2 + a^2 sG^2 - 2 a (1-a) rho sJ sG, least over all real a "
    "[DG-PG eq. 21] [DG-PG eq. 22]",
    inputs=(
        Field("var_pg", "scalar", "sJ^2 > 0: variance of the policy gradient sample"),
        Field("var_guidance", "scalar", "sG^2 > 0: variance of the guidance sample"),
        Field("correlation", "scalar", "rho in (-1, 1); the guidance is subtracted"),
    ),
    outputs=(
        Field("alpha_star", "scalar", "weight of the guidance; may lie outside [0, 1]"),
        Field("min_variance", "scalar", "V at that weight"),
    ),
    generate=_covariance,
    reference=_best,
    # Var(g_J + g_G) is at least an eighth of the variances, so rounding grows tenfold.
    tolerance=1e-12,
)

CASES = (DGPG_MIXING,)
