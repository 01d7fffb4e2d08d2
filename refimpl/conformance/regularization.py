"""Case of statistical representation regularisation: loss and gradient [SCALE eq. 5]."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from refimpl.conformance.case import Arrays, Case, Field
from refimpl.conformance.draws import Draw
from refimpl.scale.objective.srr import srr


def _batch(draw: Draw) -> Arrays:
    """Draw features in general position: no covariance is 0, where the loss has a kink."""
    samples, width = draw.size(8) + 1, draw.size(5)
    rng = draw.generator()
    mixing = rng.uniform(0.5, 1.5, (width, width)) * rng.choice([-1.0, 1.0], (width, width))
    features = rng.standard_normal((samples, width)) @ mixing
    return {
        "features": draw.choice((1.0, 0.25, 4.0)) * features + draw.choice((0.0, 1.0, -3.0)),
        "weight_decorrelation": draw.choice((1.0, 0.01, 0.0)),
        "weight_kl": draw.choice((1.0, 0.001, 0.0)),
    }


def _loss(
    features: NDArray[np.float64], weight_decorrelation: float, weight_kl: float
) -> dict[str, Any]:
    loss, d_features = srr(features, weight_decorrelation, weight_kl)
    return {"loss": loss, "d_features": d_features}


SRR = Case(
    name="srr",
    title="statistical representation regularisation of a batch of features",
    equation="weight_decorrelation sum_{i != j} |C_ij| + weight_kl / (2d) sum_k (mean_k^2 + C_kk "
    "- ln C_kk - 1), C the covariance with B - 1 [SCALE eq. 5]",
    inputs=(
        Field("features", "B x d", "one sample per row, B >= 2"),
        Field("weight_decorrelation", "scalar", "lambda_1 >= 0, of the sum over ordered pairs"),
        Field("weight_kl", "scalar", "lambda_2 >= 0, of the mean over dimensions"),
    ),
    outputs=(
        Field("loss", "scalar", "to be minimised, without warm-up"),
        Field("d_features", "B x d", "derivative of the loss"),
    ),
    generate=_batch,
    reference=_loss,
    # Up to nine samples of five mixed features: a variance is small only if all differences are,
    # and its relative error, which the logarithm and 1 / C_kk pass on, stays far below this.
    tolerance=1e-9,
)

CASES = (SRR,)
