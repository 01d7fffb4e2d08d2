"""Claims about what order and number of the servers do to the network: secs. 4.2 and 4.3."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from linear_models import categorical
from linear_models.params import Params
from refimpl.findings import exactly, only_under
from refimpl.ledger import Claim, Context, Control, Finding, Kind
from refimpl.scale.claims.network import (
    ROUNDING,
    Floats,
    Network,
    as_written,
    random_network,
    random_states,
)
from refimpl.scale.theory.printed import SIZES


def numbered(params: Params, task: Floats, servers: Floats) -> tuple[Floats, Floats, Floats]:
    """Network with a positional encoding: the number of the server added to a feature."""
    return as_written(params, task, servers + 0.01 * np.arange(servers.shape[1])[:, None])


def counted(params: Params, task: Floats, servers: Floats) -> tuple[Floats, Floats, Floats]:
    """Network whose servers know how many they are."""
    return as_written(params, task, servers + 0.01 * servers.shape[1])


def check_order(network: Network, context: Context) -> Finding:
    """Shuffle the servers of 20 networks."""
    rng, moved, followed, stayed = context.rng("scale", "order"), 0.0, 0.0, math.inf
    for _ in range(20):
        params, (task, servers) = random_network(rng), random_states(rng, 16)
        order = rng.permutation(16)
        logits, value, features = network(params, task, servers)
        other, other_value, other_features = network(params, task, servers[:, order])
        moved = max(moved, float(np.abs(other_features - features).max()))
        moved = max(moved, float(np.abs(other_value - value).max()))
        followed = max(followed, float(np.abs(other - logits[:, order]).max()))
        stayed = min(stayed, float(np.abs(other - logits).max()))
    return exactly(
        max(moved, followed),
        ROUNDING,
        feature_or_value_moves_by=moved,
        scores_miss_the_shuffled_by=followed,
        scores_miss_the_unshuffled_at_least_by=stayed,
    )


def check_replication(network: Network, context: Context) -> Finding:
    """Three copies of every server."""
    rng, error = context.rng("scale", "replication"), 0.0
    for _ in range(10):
        params, (task, servers) = random_network(rng), random_states(rng, 16)
        logits, value, features = network(params, task, servers)
        more, more_value, more_features = network(params, task, np.tile(servers, (1, 3, 1)))
        shares = np.tile(categorical.probabilities(logits), 3) / 3
        error = max(error, float(np.abs(categorical.probabilities(more) - shares).max()))
        error = max(error, float(np.abs(more_features - features).max()))
        error = max(error, float(np.abs(more_value - value).max()))
    return exactly(error, ROUNDING)


# Critic


def two_short_tasks(n_servers: int, gamma: float = 0.99, wait: int = 10) -> float:
    """Best return of two ready tasks of one second on equal servers that work one unit a second.

    With one server the second task waits ``wait`` clock steps, each an invalid action.
    """
    each = math.exp(-1.0)  # eq. 2 without transfer
    if n_servers > 1:
        return each + gamma * each
    waiting = sum(-0.001 * gamma**k for k in range(1, wait + 1))
    return each + waiting + gamma ** (wait + 1) * each


def check_critic(network: Network, context: Context) -> Finding:
    """Add copies of the servers, then add others; beside it a value that does depend on N."""
    rng, copies, others = context.rng("scale", "critic"), 0.0, math.inf
    for _ in range(10):
        params, (task, servers) = random_network(rng), random_states(rng, 16)
        value = network(params, task, servers)[1]
        doubled = network(params, task, np.tile(servers, (1, 2, 1)))[1]
        more = np.concatenate([servers, rng.uniform(0, 1, servers.shape)], axis=1)
        copies = max(copies, float(np.abs(doubled - value).max()))
        others = min(others, float(np.abs(network(params, task, more)[1] - value).max()))
    return only_under(
        "the servers that are added are copies of those that are there, states included; other "
        "servers move the feature, and with it the value. The value to be learned does depend on "
        "the number of equal servers, which a feature blind to copies cannot tell",
        copies <= ROUNDING < others,
        value_moves_with_copies_by=copies,
        value_moves_with_others_at_least_by=others,
        best_return_with_one_server=two_short_tasks(1),
        best_return_with_two_equal_servers=two_short_tasks(2),
    )


# sec. 4.3

Choice = Callable[[Floats], Floats]


def largest_only(scores: Floats) -> Floats:
    """Put all the probability on the largest score."""
    largest: Floats = (scores == scores.max(axis=1, keepdims=True)).astype(np.float64)
    return largest


def check_flattening(choice: Choice, context: Context) -> Finding:
    """Compare shares, ratios of shares and the best ones' mass among 16, 32 and 48 servers."""
    scores = context.rng("scale", "flattening").normal(size=(400, 48))
    evidence, ratios = {}, []
    for n in SIZES:
        shares = choice(scores[:, :n])
        best = np.sort(shares, axis=1)[:, -(n // 16) :].sum(axis=1)
        evidence[f"largest_share_at_{n}"] = float(shares.max(axis=1).mean())
        evidence[f"mass_of_the_best_sixteenth_at_{n}"] = float(best.mean())
        # Of the first 16 to the largest among them.
        ratios.append(shares[:, :16] / np.maximum(shares[:, :16].max(axis=1), 1e-300)[:, None])
    change = max(float(np.abs(ratio - ratios[0]).max()) for ratio in ratios)
    falls = evidence["largest_share_at_48"] < evidence["largest_share_at_16"]
    return only_under(
        "it means the share of a single server; ratios of shares, the order of the servers and "
        "so every greedy decision stay, and the best sixteenth of the cluster gains mass",
        falls and change <= ROUNDING,
        largest_change_of_a_ratio=change,
        **evidence,
    )


CLAIMS = (
    Claim(
        "scale/critic-without-n",
        "sec. 4.2.3",
        "A critic that sees the attention feature alone does not depend on the number of servers.",
        ("SC-20",),
        Kind.EXACT,
        check_critic,
        as_written,
        Control("the servers know how many they are", counted),
    ),
    Claim(
        "scale/order-of-servers",
        "sec. 4.2.4",
        "The order of the servers does not matter to the feature, and the scores follow it.",
        ("SC-21",),
        Kind.EXACT,
        check_order,
        as_written,
        Control("a positional encoding", numbered),
    ),
    Claim(
        "scale/replication",
        "eqs. 3, 4",
        "With every server three times the feature stays and each copy gets a third.",
        ("SC-23",),
        Kind.EXACT,
        check_replication,
        as_written,
        Control("the servers know how many they are", counted),
    ),
    Claim(
        "scale/flattening",
        "sec. 4.3",
        "More servers flatten the distribution over servers.",
        ("SC-26",),
        Kind.EXACT,
        check_flattening,
        categorical.probabilities,
        Control("all the probability on the largest score", largest_only),
    ),
)
