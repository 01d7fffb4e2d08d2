"""One decision: logits of all servers for one task, from 16 to 100,000 servers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from benchmarks.scale.instances import network, samples, states
from benchmarks.scale.updates import OURS, implementations
from benchmarks.timing import interleaved, ratio
from benchmarks.workload import Report, Settings, Target, share_of_limit
from refimpl.scale.network.parameters import Shape
from refimpl.scale.network.single import Prepared, act, decide, prepared
from refimpl.shared.statistics import log_log_slope

SIZES, LARGE = (16, 48, 1024), (1_000, 10_000, 100_000)
MOST_US = {16: 60.0, 1024: 110.0}
STEEPEST = 1.05
SIDE_BY_SIDE = (4, 30)


def run(settings: Settings) -> Report:
    """Time decisions of all sizes, against peers at the small ones."""
    sizes, large = ((16,), (100, 200, 400)) if settings.quick else (SIZES, LARGE)
    ready = prepared(network())
    peers, skipped = implementations(samples(4))
    del peers[OURS]
    small = [against_peers(ready, peers, n, settings.repeats) for n in sizes]
    functions: dict[str, Callable[[], object]] = {
        f"{n}: ours, large": decision(ready, n) for n in large
    }
    for n_states in SIDE_BY_SIDE:
        functions[f"16: {n_states} side by side"] = partial(act, ready, *states(n_states, 16))
    timings = interleaved(functions, settings.repeats)
    steepness = log_log_slope(large, [timings[f"{n}: ours, large"].median for n in large]).slope
    longest = timings[f"{large[-1]}: ours, large"].median
    return Report(
        instance={"sizes": sizes, "large": large},
        timings={**{k: v for each in small for k, v in each.timings.items()}, **timings},
        ratios={k: v for each in small for k, v in each.ratios.items()},
        numbers={
            **{k: v for each in small for k, v in each.numbers.items()},
            "log-log slope": steepness,
        },
        targets=(
            *(target for each in small for target in each.targets),
            Target("cost linear in the number of servers", steepness, high=STEEPEST),
        ),
        limit=share_of_limit(
            settings.limits,
            longest,
            f"embedding of {large[-1]} servers, at the rate in double precision",
            flops=2.0 * large[-1] * embedding_weights(),
        ),
        skipped=skipped,
    )


def decision(ready: Prepared, n_servers: int) -> Callable[[], Any]:
    """Our decision on one state."""
    task, servers = states(1, n_servers)
    return partial(decide, ready, task[0], servers[0])


def against_peers(
    ready: Prepared, peers: Mapping[str, Any], n_servers: int, repeats: int
) -> Report:
    """Time everybody on one state; logits are compared first."""
    task, servers = states(1, n_servers)
    functions = {OURS: decision(ready, n_servers)}
    for name, peer in peers.items():
        functions[name] = partial(peer.decide, task[0], servers[0])
    mine = functions[OURS]()
    gaps = {
        f"{n_servers}: largest difference of logits, {name}": float(np.abs(f() - mine).max())
        for name, f in functions.items()
        if name != OURS
    }
    timings = interleaved(functions, repeats)
    against = {name: ratio(t, timings[OURS]) for name, t in timings.items() if name != OURS}
    targets = [
        Target(f"{n_servers} servers: no slower than {name}", quotient.median, low=1.0)
        for name, quotient in against.items()
    ]
    if n_servers in MOST_US:
        taken = 1e6 * timings[OURS].median
        target = Target(f"{n_servers} servers: us per decision", taken, high=MOST_US[n_servers])
        targets.insert(0, target)
    return Report(
        {},
        {f"{n_servers}: {name}": timing for name, timing in timings.items()},
        {f"{n_servers}: {name} / ours": quotient for name, quotient in against.items()},
        gaps,
        tuple(targets),
    )


def embedding_weights() -> int:
    """Products per server that its embedding needs."""
    shape = Shape()
    return 5 * shape.hidden + shape.hidden * shape.width
