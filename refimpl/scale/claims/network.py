"""Claims about the pointer network: eqs. 3, 4, sec. 4.2, Fig. 2."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from linear_models import attention, categorical, mlp
from linear_models.activations import RELU
from linear_models.params import Params
from refimpl.findings import exactly
from refimpl.ledger import Claim, Context, Control, Finding, Kind
from refimpl.scale.network import pointer
from refimpl.scale.network.parameters import Shape, attention_part, init, part
from refimpl.scale.theory.printed import SIZES
from refimpl.scale.train import structured

Floats = NDArray[np.float64]
Network = Callable[[Params, Floats, Floats], tuple[Floats, Floats, Floats]]
"""``network(params, task (B, 5), servers (B, N, 5))`` to logits, value and features."""

ROUNDING = 1e-11
"""A few thousand products of numbers of order one, through four normalisations."""
BEYOND = (1, 2, 128, 2048)


def as_written(params: Params, task: Floats, servers: Floats) -> tuple[Floats, Floats, Floats]:
    """Logits, value and features of the reference."""
    out, _ = pointer.forward(params, task, servers)
    return out.logits, out.value, out.features


def random_network(rng: np.random.Generator) -> Params:
    """Draw a network of the paper's sizes with biases, gains and shifts off their start."""
    params = init(rng, Shape())
    return {key: value + rng.uniform(-0.2, 0.2, value.shape) for key, value in params.items()}


def random_states(rng: np.random.Generator, n_servers: int, n_states: int = 4) -> tuple[Any, Any]:
    """Draw task features and server features."""
    return rng.uniform(0, 2, (n_states, 5)), rng.uniform(0, 1, (n_states, n_servers, 5))


# eq. 3

Weights = Callable[[Params, Floats, Floats, float], Floats]


def attention_weights(matrices: Params, query: Floats, items: Floats, scale: float) -> Floats:
    """Attention (B, H, N) of four heads; the scale is the one of the paper."""
    del scale
    weights: Floats = attention.single_query_forward(matrices, query, items, 4)[1].weights
    return weights


def weights_of_the_whole_width(
    matrices: Params, query: Floats, items: Floats, scale: float
) -> Floats:
    """Scores divided by the root of d instead of d_h."""
    folded = attention.folded_queries(matrices, query, 4) / math.sqrt(scale)
    weights: Floats = categorical.probabilities(folded @ items.swapaxes(1, 2))
    return weights


def check_weights(weights: Weights, context: Context) -> Finding:
    """Every weight by eq. 3, one by one; and their sums."""
    rng = context.rng("scale", "attention weights")
    matrices = attention.init(rng, 16, 1.5)
    query, items = rng.normal(size=(3, 16)), rng.normal(size=(3, 7, 16))
    found = weights(matrices, query, items, 4.0)
    expected = np.empty((3, 4, 7))
    for b, head in np.ndindex(3, 4):
        columns = slice(4 * head, 4 * head + 4)
        q = query[b] @ matrices["query"][:, columns]
        heights = [math.exp(q @ (z @ matrices["key"][:, columns]) / 2) for z in items[b]]
        expected[b, head] = np.array(heights) / math.fsum(heights)
    return exactly(
        float(np.abs(found - expected).max()),
        ROUNDING,
        largest_distance_of_a_sum_from_1=float(np.abs(found.sum(axis=2) - 1).max()),
    )


# sec. 4.2.2, Fig. 2


def _normalised(x: Floats, params: Params) -> Floats:
    centred = x - x.mean(axis=-1, keepdims=True)
    deviation = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-5)
    y: Floats = centred / deviation * params["gain"] + params["shift"]
    return y


def _thought(x: Floats, ffn: Params) -> Floats:
    inner = x @ ffn["W0"] + ffn["b0"]
    y: Floats = inner * ndtr(inner) @ ffn["W1"] + ffn["b1"]
    return y


def written_out(
    params: Params, task: Floats, servers: Floats, post: bool = True
) -> tuple[Floats, Floats, Floats]:
    """Fig. 2 once more, with a key and a value for every server; normalised after the sum."""
    q = mlp.forward(part(params, "task"), task, RELU)[0]
    items = mlp.forward(part(params, "server"), servers, RELU)[0]
    for layer in range(2):
        before, after = (part(params, f"norm_{name}{layer}") for name in ("attention", "ffn"))
        look = partial(attention.forward, attention_part(params, layer), items=items, heads=4)
        think = partial(_thought, ffn=part(params, f"ffn{layer}"))
        if post:
            q = _normalised(q + look(query=q)[0], before)
            q = _normalised(q + think(q), after)
        else:
            q = q + look(query=_normalised(q, before))[0]
            q = q + think(_normalised(q, after))
    keys = items @ params["pointer_key"]
    logits = np.einsum("bd,bnd->bn", q @ params["pointer_query"], keys)
    return logits, mlp.forward(part(params, "critic"), q, RELU)[0][:, 0], q


def check_architecture(network: Network, context: Context) -> Finding:
    """Logits, value and features against Fig. 2 written out."""
    rng, error = context.rng("scale", "architecture"), 0.0
    params = random_network(rng)
    for n in SIZES:
        states = random_states(rng, n)
        pairs = zip(network(params, *states), written_out(params, *states), strict=True)
        error = max(error, *(float(np.abs(a - b).max()) for a, b in pairs))
    return exactly(error, ROUNDING, parameters=sum(value.size for value in params.values()))


# Sizes


def joined_with_the_servers(
    params: Params, task: Floats, servers: Floats
) -> tuple[Floats, Floats, Floats]:
    """Features joined with those of all servers."""
    logits, value, features = as_written(params, task, servers)
    return logits, value, np.hstack([features, servers.reshape(len(task), -1)])


def check_length(network: Network, context: Context) -> Finding:
    """Length of the feature from 1 to 2048 servers."""
    rng = context.rng("scale", "length")
    params = random_network(rng)
    lengths = [network(params, *random_states(rng, n))[2].shape[1] for n in (*SIZES, *BEYOND)]
    error = float(np.abs(np.array(lengths) - 16).max())
    return exactly(error, 0.0, shortest=min(lengths), longest=max(lengths))


Scores = Callable[[Params, Floats, Floats], Floats]


def pointer_scores(params: Params, features: Floats, items: Floats) -> Floats:
    """Scores of eq. 4, with a key for every server."""
    keys = items @ params["pointer_key"]
    scores: Floats = np.einsum("bd,bnd->bn", features @ params["pointer_query"], keys)
    return scores


def scaled_scores(params: Params, features: Floats, items: Floats) -> Floats:
    """Scores divided by the root of the width, as in eq. 3."""
    return pointer_scores(params, features, items) / math.sqrt(features.shape[1])


def check_scores(scores: Scores, context: Context) -> Finding:
    """Logits of the network as products of projected feature and projected servers."""
    rng, error = context.rng("scale", "scores"), 0.0
    params, entropies = random_network(rng), {}
    for n in SIZES:
        task, servers = random_states(rng, n)
        logits, _, features = as_written(params, task, servers)
        items = mlp.forward(part(params, "server"), servers, RELU)[0]
        found = scores(params, features, items)
        error = max(error, float(np.abs(found - logits).max()))
        entropies[f"entropy_over_log_n_at_{n}"] = float(
            categorical.entropy(found).mean() / math.log(n)
        )
    return exactly(error, ROUNDING, **entropies)


def runs(network: Callable[[Floats, Floats], Floats], n_servers: int) -> bool:
    """Whether a network puts out one score per server at this size."""
    task, servers = random_states(np.random.default_rng(n_servers), n_servers, 2)
    try:
        return network(task, servers).shape == (2, n_servers)
    except ValueError:
        return False


def any_size(task: Floats, servers: Floats) -> Floats:
    """Scores by a pointer network."""
    return as_written(init(np.random.default_rng(0), Shape()), task, servers)[0]


def one_size(task: Floats, servers: Floats) -> Floats:
    """Scores by the perceptron of the baselines, made for 16 servers."""
    params = structured.init(np.random.default_rng(0), 16, structured.Shape())
    return structured.forward(params, task, servers)[0].logits


def check_any_size(network: Callable[[Floats, Floats], Floats], context: Context) -> Finding:
    """Run one set of parameters on clusters of all sizes."""
    del context
    found = {f"runs_at_{n}": float(runs(network, n)) for n in (*SIZES, *BEYOND)}
    return exactly(sum(1.0 - ran for ran in found.values()), 0.0, **found)


CLAIMS = (
    Claim(
        "scale/attention-weights",
        "eq. 3",
        "Attention weights are a softmax of products over the root of the head's width.",
        ("SC-16",),
        Kind.EXACT,
        check_weights,
        attention_weights,
        Control("divided by the root of the whole width", weights_of_the_whole_width),
    ),
    Claim(
        "scale/architecture",
        "sec. 4.2.2, Fig. 2",
        "Two blocks of attention and GELU network, each with residual and normalisation after it, "
        "feed a pointer and a critic.",
        ("SC-17", "SC-50b"),
        Kind.EXACT,
        check_architecture,
        as_written,
        Control("normalised before instead of after", partial(written_out, post=False)),
    ),
    Claim(
        "scale/feature-length",
        "sec. 4.2.2",
        "The attention feature has the same length for every number of servers.",
        ("SC-18",),
        Kind.EXACT,
        check_length,
        as_written,
        Control("joined with the features of the servers", joined_with_the_servers),
    ),
    Claim(
        "scale/pointer-scores",
        "eq. 4",
        "A score is the product of projected feature and projected server, not scaled.",
        ("SC-19",),
        Kind.EXACT,
        check_scores,
        pointer_scores,
        Control("divided by the root of the width, as in eq. 3", scaled_scores),
    ),
    Claim(
        "scale/any-size",
        "sec. 4.2.4",
        "One set of parameters runs on clusters of any size.",
        ("SC-22",),
        Kind.EXACT,
        check_any_size,
        any_size,
        Control("the perceptron of the baselines", one_size),
    ),
)
