"""The pointer network as it is written: any number of servers, in any order, every gradient.

Shows: SCALE secs 4.2.1 to 4.2.4, eqs 3, 4. One set of parameters scores 16, 48 and 1000 servers.
Servers in another order get their scores in that order, and the feature f does not change. With
copies of all servers f is the same, too, and every copy gets its share of the probability; so the
critic cannot tell 16 servers from 48 alike. All gradients are compared with complex steps.
Look at: the right picture: complex steps become exact as they shrink, differences never do.
For: implementers, readers of sec. 4.2.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from _show import BLUE, GREEN, ORANGE, RED, UNPUBLISHED, Row, figure, look_at, options, table

from linear_models.categorical import probabilities
from refimpl.scale.model.observations import observe
from refimpl.scale.model.scenario import sample_scenario
from refimpl.scale.model.settings import chosen
from refimpl.scale.model.simulator import Simulation
from refimpl.scale.network.pointer import Shape, backward, forward, init
from refimpl.scale.policies.heuristics import fastest_fit
from refimpl.shared.seeds import generator

WATCHED, STEP = "key0", 1e-20


def busy_state(n_servers: int) -> tuple[Any, Any]:
    """Return task and servers in the middle of an episode, with a task to assign."""
    rng = generator(0, "example", "pointer")
    sim = Simulation(sample_scenario(chosen(n_servers).settings, 1, rng))
    while sim.now[0] < 5.0 or sim.task[0] < 0:
        sim.step(fastest_fit(sim, rng))
    return observe(sim).task, observe(sim).servers


def along(params: Any, state: Any, weights: Any, name: str, way: Any) -> Any:
    """Mix all outputs into one number, a function of the step in direction ``way``."""

    def mixed(step: Any) -> Any:
        outputs = forward({**params, name: params[name] + step * way}, *state)[0]
        return (outputs.logits * weights).sum() + outputs.value.sum() + outputs.features.sum()

    return mixed


def gradient_errors(params: Any, state: Any, rng: np.random.Generator) -> dict[str, float]:
    """Relative error of the backward pass for every array of parameters, random directions."""
    weights, found = rng.normal(size=state[1].shape[:2]), {}
    given = weights, np.ones(len(weights)), np.ones((len(weights), 16))
    for name, gradient in backward(params, forward(params, *state)[1], *given)[0].items():
        way = rng.normal(size=gradient.shape)
        exact = float(np.imag(along(params, state, weights, name, way)(1j * STEP))) / STEP
        scale = float(np.linalg.norm(gradient) * np.linalg.norm(way)) + 1e-3
        found[name] = abs(float((gradient * way).sum()) - exact) / scale
    return found


def step_errors(params: Any, state: Any, sizes: Any, rng: np.random.Generator) -> Any:
    """Relative errors of central differences and of complex steps, (sizes, 2), one array."""
    weights, way = rng.normal(size=state[1].shape[:2]), rng.normal(size=params[WATCHED].shape)
    mixed = along(params, state, weights, WATCHED, way)
    exact = float(np.imag(mixed(1j * STEP))) / STEP
    pairs = [((mixed(h) - mixed(-h)) / (2 * h), np.imag(mixed(1j * h)) / h) for h in sizes]
    return np.maximum(np.abs(np.array(pairs) / exact - 1), 1e-17)


def draw(params: Any, sizes: Any, errors: Any, left: Any, right: Any) -> None:
    task, servers = busy_state(16)
    copies = np.tile(servers, (1, 3, 1))
    pi, tripled = (probabilities(forward(params, task, s)[0].logits[0]) for s in (servers, copies))
    for speed, colour in ((0.25, GREEN), (0.5, BLUE), (1.0, ORANGE)):
        of = servers[0, :, 0] == speed
        left.bar(np.flatnonzero(of), pi[of], color=colour, label=f"{4 * speed:g} GFLOPS")
    left.plot(np.arange(16), 3 * tripled[:16], "kx", label="3 x share of a copy, 48 servers")
    title, top = "An untrained policy, 16 servers", 1.5 * float(pi.max())
    left.set(title=title, xlabel="server", ylabel="probability", ylim=(0.0, top))
    right.loglog(sizes, errors[:, 0], "o-", color=RED, label="central difference")
    right.loglog(sizes, errors[:, 1], "o-", color=BLUE, label="complex step")
    right.set(title=f"Error of d output / d {WATCHED}", xlabel="step", ylabel="relative error")


def main() -> None:
    given = options(__doc__ or "", __file__)
    rng = generator(0, "example", "network")
    params = init(rng, Shape())
    changed: list[float] = []
    rows: list[Row] = [("parameters", UNPUBLISHED, float(sum(x.size for x in params.values())))]
    for n in (16, 48, 1000):
        task, servers = busy_state(n)
        outputs, order = forward(params, task, servers)[0], rng.permutation(n)
        ways = servers[:, order], np.tile(servers, (1, 3, 1))
        mixed, tiled = (forward(params, task, way)[0] for way in ways)
        shares = np.tile(probabilities(outputs.logits[0]) / 3, 3)
        apart = {
            "reordered, f": np.abs(mixed.features - outputs.features).max(),
            "reordered, scores": np.abs(mixed.logits - outputs.logits[:, order]).max(),
            "three copies, f": np.abs(tiled.features - outputs.features).max(),
            "three copies, probabilities": np.abs(probabilities(tiled.logits[0]) - shares).max(),
        }
        rows.append((f"N = {n}: scores", (float(n), "eq. 4"), float(outputs.logits.shape[1])))
        rows += [(f"  {what}: changed by", (0.0, "exact"), float(x)) for what, x in apart.items()]
        changed += apart.values()
    sizes = given.choose((16,), (16, 48), (16, 48, 1000))
    errors = [e for n in sizes for e in gradient_errors(params, busy_state(n), rng).values()]
    rows.append(("largest error of a gradient, 40 arrays", (0.0, "exact"), max(errors)))
    at = np.logspace(-1, -15, given.choose(8, 15, 29))
    steps = step_errors(params, busy_state(16), at, rng)
    rows.append(("best central difference", UNPUBLISHED, float(steps[:, 0].min())))
    table(rows)
    look_at("all zeros are rounding: of 16 and of 48 equal servers the feature is the same.")
    figure(given, partial(draw, params, at, steps), columns=2, size=(12.0, 4.2))
    assert max(changed + errors) < 1e-11


if __name__ == "__main__":
    main()
