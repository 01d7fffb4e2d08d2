"""Claims about what the number of servers does to the statistics of features."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from refimpl.findings import exactly, only_under
from refimpl.ledger import Claim, Context, Control, Finding, Kind, Plot, Verdict
from refimpl.scale.network.pointer import Shape, init
from refimpl.scale.objective.feature_statistics import feature_statistics
from refimpl.scale.theory.attention_statistics import (
    Weights,
    aggregate_covariance,
    drift,
    normal_participation,
    participation,
    range_bound,
    selection_variance,
    softmax,
    sum_pooling,
)
from refimpl.scale.theory.moments import moment_loss
from refimpl.scale.theory.printed import COVARIANCE, SIZES
from refimpl.scale.theory.shrinkage import total_absolute_correlation
from refimpl.scale.theory.untrained import (
    States,
    calibrated,
    drawn_states,
    drawn_states_of_table_1,
    embeddings_of,
    features_of,
    with_one_task,
    with_uniform_attention,
)

Floats = NDArray[np.float64]
Evidence = dict[str, float]

ROUNDING = 1e-12
"""Sums of at most a few thousand products of numbers of order one."""
NETS = 3
"""Untrained networks that the numbers in the evidence are averaged over."""


def of_untrained(context: Context, states: States, name: str, batch: int = 300) -> Evidence:
    """Return a statistic by size, averaged over networks at their initialisation."""
    found = np.zeros((len(SIZES), NETS))
    for net in range(NETS):
        params = init(context.rng("scale", "untrained", net), Shape())
        for row, n in enumerate(SIZES):
            rng = context.rng("scale", "untrained states", net)
            features = features_of(params, states(rng, batch, n))
            found[row, net] = feature_statistics(features)[name]
    return {f"untrained_at_{n}": float(x) for n, x in zip(SIZES, found.mean(axis=1), strict=True)}


def check_variance(weights: Weights, context: Context) -> Finding:
    """Variance of the sum of independent values at 4 to 512 servers, the same scores for all."""
    scores = context.rng("scale", "scores").normal(size=(200, 512))
    sizes = (4, 16, 48, 128, 512)
    found = {n: float(participation(weights(scores[:, :n])).mean()) for n in sizes}
    grows = found[48] > found[16] and found[512] > found[4]
    points = np.array(sizes, dtype=np.float64)
    return Finding(
        Verdict.HOLDS if grows else Verdict.REFUTED,
        {
            **{f"variance_at_{n}": value for n, value in found.items()},
            **{f"softmax_exactly_at_{n}": normal_participation(n, 1.0) for n in SIZES},
            **of_untrained(context, drawn_states, "variance"),
        },
        plots=(
            Plot(
                "Variance of what is copied from independent servers",
                "servers",
                "variance, in units of one server's",
                {
                    "here": (points, np.array([found[n] for n in sizes])),
                    "softmax, exact": (
                        points,
                        np.array([normal_participation(n, 1.0) for n in sizes]),
                    ),
                },
            ),
        ),
    )


RARE = 1 / 48
"""Share of the servers that attention looks for."""


def check_selection(variance: Callable[[int, float], float], context: Context) -> Finding:
    """Attention that looks for one server in 48: more of variance at 48 servers than at 16."""
    del context
    found = {n: variance(n, RARE) for n in (16, 48, 480)}
    within = max(found.values()) <= range_bound(1.0)
    return only_under(
        "attention looks for the very value that it copies, and that is rare: the variance is "
        "largest, a quarter of the squared range, where one such server is there with "
        "probability 1/2, and falls to 0 beyond. Weights that do not depend on the values make "
        "it fall as 1/N",
        found[48] > found[16] and found[480] < found[48] and within,
        **{f"variance_at_{n}": value for n, value in found.items()},
        bound=range_bound(1.0),
        soft_selection_at_16=selection_variance(16, RARE, 3.0),
        soft_selection_at_48=selection_variance(48, RARE, 3.0),
    )


def check_redundancy(common: float, context: Context) -> Finding:
    """Correlations of the sum at 16 and 48 servers, with a part that all servers share."""
    rng = context.rng("scale", "redundancy")
    root, direction = rng.normal(size=(16, 16)), rng.normal(size=16)
    own, shared = root @ root.T / 16.0, common * np.outer(direction, direction)
    scores = rng.normal(size=(200, 48))
    covariances = {n: aggregate_covariance(softmax(scores[:, :n]), own, shared) for n in (16, 48)}
    found = {n: total_absolute_correlation(cov) / 240 for n, cov in covariances.items()}
    return only_under(
        "all servers share a random part, such as the load, whose dimensions are more correlated "
        "than what is each server's own: averaging leaves it over. Correlations of independent "
        "servers do not depend on N at all, and the variance falls in either case",
        found[48] > found[16] + ROUNDING,
        **{f"correlation_at_{n}": value for n, value in found.items()},
        variance_at_48_over_16=float(np.trace(covariances[48]) / np.trace(covariances[16])),
        **of_untrained(context, drawn_states_of_table_1, "correlation"),
        **{f"printed_covariance_at_{n}": value for n, value in COVARIANCE["CrossAttn"].items()},
    )


Head = Callable[[int, int, float], float]
"""``head(n_servers, trained_on, concentration) -> variance``."""


def one_server(n_servers: int, trained_on: int, concentration: float) -> float:
    """Return the variance of a head that copies a single server: 1, always."""
    del n_servers, trained_on, concentration
    return 1.0


def check_transfer(head: Head, context: Context) -> Finding:
    """Heads with mean 0 and covariance I at 16 servers, at 32 and 48; and such a network."""
    concentrations = (0.01, 0.1, 1.0, 10.0, np.inf)
    variances = np.array([[head(n, 16, a) for n in (16, 32, 48)] for a in concentrations])
    equal_in_training = float(np.abs(variances[:, 0] - 1.0).max())
    off = float(np.abs(variances - 1.0).max())
    uniform = variances[-1]
    losses = [moment_loss(np.zeros(16), np.full(16, variance)) for variance in uniform]
    finding = exactly(
        off,
        ROUNDING,
        largest_error_in_training=equal_in_training,
        **{f"uniform_variance_at_{n}": v for n, v in zip(SIZES, uniform, strict=True)},
        **{f"uniform_moment_loss_at_{n}": v for n, v in zip(SIZES, losses, strict=True)},
        smallest_variance_at_48=float(variances[:, 2].min()),
        largest_variance_at_48=float(variances[:, 2].max()),
        **_network_drift(context),
    )
    return finding


def _network_drift(context: Context, batch: int = 1000) -> Evidence:
    """Measure a network with L_d = 0 on 16 servers; uniform attention, one task, new states."""
    rng = context.rng("scale", "calibration")
    params = with_uniform_attention(init(rng, Shape()))
    states = with_one_task(drawn_states, np.array([2.5, 0.2, 0.2, 0.5, 0.5]))
    params = calibrated(params, features_of(params, states(rng, batch, 16)))
    evidence: Evidence = {}
    for n in SIZES:
        found = feature_statistics(features_of(params, states(rng, batch, n)))
        evidence[f"network_variance_at_{n}"] = found["variance"]
        evidence[f"network_moment_loss_at_{n}"] = found["kl"]
    return evidence


COMPUTE, MEMORY, DELAY_COLUMN = 0, 1, 4


def check_embeddings(states: States, context: Context) -> Finding:
    """Mean and covariance of embeddings over the servers of a cluster, at 16 and at 48."""
    rng = context.rng("scale", "embeddings")
    params = init(rng, Shape())
    _, small = states(rng, 50, 16)
    _, large = states(rng, 50, 48)
    static = [_static_moments(embeddings_of(params, _only_static(s))) for s in (small, large)]
    error = max(float(np.abs(a - b).max()) for a, b in zip(*static, strict=True))
    delays = {n: float(s[..., DELAY_COLUMN].mean()) for n, s in ((16, small), (48, large))}
    return only_under(
        "only what is fixed counts, at the same mix of tiers; the delay is 0 on one server of N "
        "and so its mean over the servers is (1 - 1/N) of the delay, and what depends on load "
        "changes with the policy",
        error <= ROUNDING,
        largest_error_of_static_moments=error,
        **{f"mean_delay_at_{n}": value for n, value in delays.items()},
    )


def _only_static(servers: Floats) -> Floats:
    """Return the servers with everything zeroed that depends on the load, power included."""
    kept = np.zeros_like(servers)
    kept[..., : MEMORY + 1] = servers[..., : MEMORY + 1]
    return kept


def _static_moments(embeddings: Floats) -> tuple[Floats, Floats]:
    """Mean and covariance over the servers, averaged over the states."""
    mean = embeddings.mean(axis=1, keepdims=True)
    deviation = embeddings - mean
    products = deviation.transpose(0, 2, 1) @ deviation / embeddings.shape[1]
    return mean.mean(axis=0), products.mean(axis=0)


def check_locality(participations: Callable[[int], Floats], context: Context) -> Finding:
    """Share of uncorrelated dimensions that stay as they were when the cluster triples."""
    del context
    before, after = participations(16), participations(48)
    moved = float(np.mean(np.abs(after / before - 1.0) > ROUNDING))
    return Finding(
        Verdict.HOLDS if moved <= 1.0 / before.size else Verdict.REFUTED,
        {
            "share_of_dimensions_that_move": moved,
            "off_diagonal_covariance": 0.0,
            "least_variance_ratio": float((after / before).min()),
        },
    )


def all_uniform(n_servers: int) -> Floats:
    """Return the variances of 16 independent dimensions, all averaged over the servers."""
    return np.full(16, 1.0 / n_servers)


def one_uniform(n_servers: int) -> Floats:
    """Return those where only the first dimension is averaged, and the others copy one server."""
    return np.concatenate([[1.0 / n_servers], np.ones(15)])


CLAIMS = (
    Claim(
        "scale/variance-grows",
        "sec. 1",
        "The variance of what attention aggregates grows with the number of servers.",
        ("SC-24",),
        Kind.EXACT,
        check_variance,
        softmax,
        Control("values added up instead of averaged", sum_pooling),
    ),
    Claim(
        "scale/variance-of-selection",
        "sec. 1",
        "The variance of what attention aggregates is larger at 48 servers than at 16.",
        ("SC-24",),
        Kind.EXACT,
        check_selection,
        selection_variance,
        Control(
            "attention that does not look at the value", partial(selection_variance, sharpness=0.0)
        ),
    ),
    Claim(
        "scale/redundancy-grows",
        "sec. 1",
        "With more servers the dimensions of the aggregate become more correlated.",
        ("SC-25",),
        Kind.EXACT,
        check_redundancy,
        1.0,
        Control("servers that share nothing", 0.0),
    ),
    Claim(
        "scale/statistics-transfer",
        "sec. 4.3",
        "Feature statistics that are right at 16 servers stay right at 32 and 48.",
        ("SC-39",),
        Kind.EXACT,
        check_transfer,
        drift,
        Control("heads that copy a single server", one_server),
    ),
    Claim(
        "scale/embedding-statistics",
        "sec. 4.3",
        "The statistics of the server embeddings do not depend on the number of servers.",
        ("SC-40",),
        Kind.EXACT,
        check_embeddings,
        drawn_states_of_table_1,
        Control("tiers drawn at random instead of Table 1's", drawn_states),
    ),
    Claim(
        "scale/local-perturbation",
        "sec. 5.6",
        "If dimensions are uncorrelated, more servers move single dimensions and not all of them.",
        ("SC-56",),
        Kind.EXACT,
        check_locality,
        all_uniform,
        Control("only one dimension averages over the servers", one_uniform),
    ),
)
