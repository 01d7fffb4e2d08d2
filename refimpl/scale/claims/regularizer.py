"""Claims about SRR as it is written: the covariance, both losses, their sum, and what they cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

import numpy as np

from linear_models.gradcheck import complex_step_jvp
from linear_models.params import Array, Params, flatten
from refimpl.findings import exactly, only_under
from refimpl.ledger import Claim, Context, Control, Finding, Kind
from refimpl.scale.objective.srr import (
    Regularizer,
    covariance,
    decorrelation,
    mean_decorrelation,
    srr,
    warm_up,
)
from refimpl.scale.train.presets import PRESETS, WEIGHT_DECORRELATION, WEIGHT_KL
from refimpl.shared.seeds import generator

ROUNDING = 1e-12
"""Sums of at most some hundred products of numbers of order one."""
SAMPLES, WIDTH = 40, 6


def batch(context: Context, purpose: str) -> Array:
    """Draw correlated features with means that are not zero."""
    rng = context.rng("scale", purpose)
    mixed = rng.standard_normal((SAMPLES, WIDTH)) @ rng.standard_normal((WIDTH, WIDTH))
    features: Array = mixed / WIDTH**0.5 + rng.standard_normal(WIDTH)
    return features


Moments = Callable[[Array], Array]


def with_all_samples(features: Array) -> Array:
    """Divide by B instead of B - 1."""
    return covariance(features) * (len(features) - 1) / len(features)


def check_covariance(estimate: Moments, context: Context) -> Finding:
    """Compare with a loop over pairs of dimensions, and its mean over draws with the truth.

    Every sequence of two of three points is as likely as any other; the mean estimate over all nine
    is the covariance of one point.
    """
    features = batch(context, "covariance")
    deviation = features - features.mean(axis=0)
    expected = [
        [(deviation[:, i] * deviation[:, j]).sum() / (SAMPLES - 1) for j in range(WIDTH)]
        for i in range(WIDTH)
    ]
    error = float(np.abs(estimate(features) - expected).max())
    points = features[:3]
    pairs = [points[[a, b]] for a in range(3) for b in range(3)]
    truth = (points - points.mean(axis=0)).T @ (points - points.mean(axis=0)) / 3
    bias = np.abs(np.mean([estimate(pair) for pair in pairs], axis=0) - truth).max()
    return exactly(max(error, float(bias)), ROUNDING, bias_over_all_draws_of_two=float(bias))


def check_decorrelation(loss: Regularizer, context: Context) -> Finding:
    """Compare the loss with a loop, its gradient with the complex step, and shrink the features."""
    rng, features = context.rng("scale", "along"), batch(context, "decorrelation")
    product = np.cov(features.T)
    total = sum(abs(product[i, j]) for i in range(WIDTH) for j in range(WIDTH) if i != j)
    found, d_features = loss(features)
    along = rng.standard_normal(features.shape)
    slope = complex_step_jvp(lambda x: np.asarray(loss(x)[0]), features, along)
    gap = abs(float((d_features * along).sum()) - float(slope))
    error = max(abs(found - total), gap) / (1.0 + total)
    return exactly(
        error,
        ROUNDING,
        loss=float(found),
        at_a_tenth_of_the_features=float(loss(features / 10)[0]),
        pairs_in_the_sum=float(WIDTH * (WIDTH - 1)),
    )


Weight = Callable[[int], float]
"""``weight(epoch)``, epochs counted from 1."""


def halved(epoch: int) -> float:
    """Warm-up to half of the weights."""
    return warm_up(epoch) / 2


def check_total(weight: Weight, context: Context) -> Finding:
    """Compare what SRR adds to the loss in every epoch with what eq. 5 says."""
    features = batch(context, "total")
    added, d_added = srr(features, WEIGHT_DECORRELATION, WEIGHT_KL)
    first, _ = decorrelation(features)
    mean, spread = features.mean(axis=0), features.var(axis=0, ddof=1)
    second = (mean**2 + spread - np.log(spread) - 1).sum() / (2 * WIDTH)
    printed = 0.01 * float(first) + 0.001 * float(second)
    errors = np.array([abs(weight(e) * float(added) - printed) for e in range(1, 1001)])
    whole = 1 + int(np.argmax(errors <= ROUNDING))
    after = float(errors[59:].max())
    return only_under(
        "from epoch 60 on; Algorithm 1 multiplies both terms by a warm-up factor that eq. 5 leaves "
        "out, and until epoch 10 there is no regularisation",
        after <= ROUNDING and abs(weight(10)) == 0.0 and float(np.abs(d_added).max()) > 0,
        largest_error_from_epoch_60=after,
        largest_error_before=float(errors[:59].max()),
        first_epoch_as_printed=float(whole) if after <= ROUNDING else -1.0,
    )


Start = Callable[[str], Params]
"""``start(method) -> parameters`` of its network before training."""


@cache
def initial(method: str) -> Params:
    """Parameters that the training of a method starts from."""
    return PRESETS[method].settings.net.init(generator(0, "scale", "network"), 16)


def with_running_means(method: str) -> Params:
    """Let the regularised networks keep a mean of every feature, as batch normalisation does."""
    extra = {"running_mean": np.zeros(16, np.float32)} if method in ("SCALE", "PPO+SRR") else {}
    return {**initial(method), **extra}


def check_parameters(start: Start, context: Context) -> Finding:
    """Count the parameters with and without SRR, and compare where training starts."""
    del context
    sizes: Mapping[str, int] = {name: flatten(start(name)).size for name in PRESETS}
    pairs = (("SCALE", "CrossAttn"), ("PPO+SRR", "PPO"))
    more = sum(abs(sizes[one] - sizes[other]) for one, other in pairs)
    unlike = sum(
        not np.array_equal(flatten(start(one)), flatten(start(other))) for one, other in pairs
    )
    return exactly(
        float(more + unlike),
        0.0,
        parameters_of_the_pointer_network=float(sizes["SCALE"]),
        parameters_of_the_perceptron=float(sizes["PPO"]),
    )


CLAIMS = (
    Claim(
        "scale/covariance",
        "sec. 4.3",
        "The covariance matrix is the unbiased estimate from the minibatch.",
        ("SC-28",),
        Kind.EXACT,
        check_covariance,
        covariance,
        Control("divided by B instead of B - 1", with_all_samples),
    ),
    Claim(
        "scale/decorrelation-loss",
        "sec. 4.3",
        "The decorrelation loss is the sum of the absolute covariances off the diagonal; shrinking "
        "the features to a tenth divides it by a hundred.",
        ("SC-29",),
        Kind.EXACT,
        check_decorrelation,
        decorrelation,
        Control("the mean over the pairs instead of the sum", mean_decorrelation),
    ),
    Claim(
        "scale/total-loss",
        "eq. 5",
        "The loss that is minimised is the policy loss plus both weighted SRR terms.",
        ("SC-34",),
        Kind.EXACT,
        check_total,
        warm_up,
        Control("the warm-up ends at half of the weights", halved),
    ),
    Claim(
        "scale/no-parameters",
        "sec. 4.3",
        "SRR adds no parameters to a network.",
        ("SC-41",),
        Kind.EXACT,
        check_parameters,
        initial,
        Control("the regularised networks keep running means", with_running_means),
    ),
)
