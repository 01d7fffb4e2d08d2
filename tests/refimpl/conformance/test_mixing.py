"""Right and wrong mixtures meet the conformance kit."""

from __future__ import annotations

import math

import pytest

from refimpl.conformance import check
from tests.refimpl.conformance.planted import counterexample


def mixture(sign=1.0, clip=lambda alpha: alpha, least=None):
    """Best weight and least variance from the matrix of covariances, with replaceable parts."""

    def function(var_pg, var_guidance, correlation):
        c = sign * correlation * math.sqrt(var_pg * var_guidance)
        alpha = clip((var_pg + c) / (var_pg + var_guidance + 2 * c))
        v = (1 - alpha) ** 2 * var_pg + alpha**2 * var_guidance - 2 * alpha * (1 - alpha) * c
        return alpha, (least or (lambda *_: v))(var_pg, var_guidance, c)

    return function


def test_the_quadratic_at_its_vertex_conforms() -> None:
    check("dgpg_mixing", mixture(), examples=100)


@pytest.mark.parametrize(
    "bug",
    [
        mixture(sign=-1.0),
        mixture(clip=lambda alpha: min(alpha, 1.0)),
        mixture(clip=lambda alpha: 1.0 - alpha),
        mixture(least=lambda a, b, c: (a * b - c * c) / (a + b)),
        mixture(least=lambda a, b, _: a * b / (a + b)),
    ],
    ids=["sign", "clipped", "weight of the other", "no correlation below", "uncorrelated"],
)
def test_wrong_mixtures_are_noticed(bug) -> None:
    counterexample("dgpg_mixing", bug)
