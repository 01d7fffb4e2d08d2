"""Attention of one query in another order: the same numbers, at a quarter of the work per server.

Shows: SCALE eq. 3, sec. 4.2.2. As it is written, attention makes a key and a value for every
server, 2 d^2 products. But with one query the key matrix can go to the query and the value matrix
to the mean: score_j = (W_K^T W_Q q) . z_j, and sum_j a_j (W_V z_j) = W_V (sum_j a_j z_j). What is
left per server is 2 H d. A network whose maps are folded once decides in the time of a few dozen
vector operations, and time grows as the number of servers, no faster.
Look at: the differences, which are rounding, and the exponents at the largest sizes.
For: implementers, engineers.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from _show import BLACK, BLUE, GREEN, RED, UNPUBLISHED, Row, figure, look_at, options, table

from linear_models import attention
from refimpl.scale.network.parameters import Shape, init
from refimpl.scale.network.pointer import forward
from refimpl.scale.network.single import decide, prepared
from refimpl.scale.theory.untrained import drawn_states
from refimpl.shared.seeds import generator
from refimpl.shared.statistics import log_log_slope

SHAPE = Shape()
COLOURS = {"keys and values": RED, "folded": BLUE, "network, as written": BLACK, "decide": GREEN}


def products(n: int) -> dict[str, float]:
    """Multiplications of one layer's attention that depend on the servers, both orders."""
    d, heads = SHAPE.width, SHAPE.heads
    # keys and values; then scores and weighted sum, per head in d / H dimensions or in all d.
    return {"keys and values": n * (2 * d * d + 2 * d), "folded": n * 2 * heads * d}


def calls(n: int, rng: np.random.Generator) -> dict[str, Callable[[], Any]]:
    """Attention in both orders and a decision in both ways, on a random state."""
    params, layer = init(rng, SHAPE, np.float32), attention.init(rng, SHAPE.width)
    items, query = rng.normal(size=(n, SHAPE.width)), rng.normal(size=SHAPE.width)
    task, servers = (x.astype(np.float32) for x in drawn_states(rng, 1, n))
    network = prepared(params)
    return {
        "keys and values": lambda: attention.forward(layer, query, items, SHAPE.heads)[0],
        "folded": lambda: attention.single_query_forward(layer, query, items, SHAPE.heads)[0],
        "network, as written": lambda: forward(params, task, servers)[0].logits[0],
        "decide": lambda: decide(network, task[0], servers[0]),
    }


def best_time(call: Callable[[], Any], seconds: float) -> float:
    """Shortest of the calls made in some time, in microseconds: least disturbed."""
    found, end = np.inf, time.perf_counter() + seconds
    while time.perf_counter() < end or not np.isfinite(found):
        start = time.perf_counter()
        call()
        found = min(found, time.perf_counter() - start)
    return 1e6 * found


def difference(sizes: tuple[int, ...], rng: np.random.Generator) -> tuple[float, float]:
    """Both orders, in double precision; decisions and the network as written, in single."""
    apart = [0.0, 0.0]
    for n in sizes:
        written, folded, network, decided = (call() for call in calls(n, rng).values())
        apart[0] = max(apart[0], float(np.abs(written - folded).max() / np.abs(written).max()))
        apart[1] = max(apart[1], float(np.abs(network - decided).max() / np.abs(network).max()))
    return apart[0], apart[1]


def draw(sizes: Any, times: dict[str, list[float]], left: Any, right: Any) -> None:
    for name, found in times.items():
        left.loglog(sizes, found, "o-", color=COLOURS[name], label=name)
    left.set(title="One state, one thread", xlabel="servers", ylabel="microseconds")
    at = np.array(sizes)
    for name in ("keys and values", "folded"):
        right.loglog(at, [products(n)[name] for n in at], color=COLOURS[name], label=name)
    right.set(title="Multiplications of a layer, d = 16, H = 4", xlabel="servers")


def main() -> None:
    given = options(__doc__ or "", __file__)
    rng = generator(0, "example", "algebra")
    more = (16, 48, 128, 1000, 3000, 10_000, 30_000, 100_000)
    sizes = given.choose((16, 1000, 3000, 9000), more, more)
    seconds = given.choose(0.004, 0.2, 1.0)
    double, single = difference((1, 16, 48, 1000), rng)
    rows: list[Row] = [
        ("both orders: largest relative difference", (0.0, "float64"), double),
        ("decide and network as written: the same", (0.0, "float32"), single),
    ]
    for name, count in products(1).items():
        rows.append((f"multiplications per server, {name}", UNPUBLISHED, float(count)))
    times: dict[str, list[float]] = {name: [] for name in COLOURS}
    for n in sizes:
        for name, call in calls(n, rng).items():
            times[name].append(best_time(call, seconds))
    for name, found in times.items():
        at = ", ".join(f"{n}: {x:.0f}" for n, x in zip(sizes, found, strict=True))
        rows.append((f"{name}: us by N", UNPUBLISHED, at))
        growth = log_log_slope(sizes[-3:], found[-3:]).slope
        rows.append(("  exponent of N at the largest three", "1 (linear)", f"{growth:.2f}"))
    table(rows)
    look_at("what a decision takes with folded maps, beside the network as it is written.")
    figure(given, partial(draw, sizes, times), columns=2, size=(12.0, 4.2))
    assert double < 1e-12
    assert single < 1e-4
    # Doubling the servers doubles the products, and never the square of them.
    assert all(products(2 * n)[k] == 2 * products(n)[k] for n in sizes for k in products(1))


if __name__ == "__main__":
    main()
