"""Claims about the device of the experiments [DCC App. B, App. F, eqs. 20, 21, Fig. 7]."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from refimpl.dcc.claims.findings import golden, relative_error
from refimpl.dcc.model.congestion import power_law
from refimpl.dcc.model.device import (
    N_ACTIONS,
    OFFLOAD,
    PROCESS,
    Device,
    DeviceParameters,
    draw_device,
    state_shape,
    three_phase_device,
)
from refimpl.dcc.model.exact import device_mdp, local_cost
from refimpl.dcc.model.simulator import DeviceBatch, device_batch, step
from refimpl.dcc.theory.instances import golden_device, toy_device
from refimpl.findings import exactly, only_under
from refimpl.ledger import Claim, Context, Control, Finding, Kind, Verdict

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Step = Callable[[DeviceBatch, Ints, Ints, np.random.Generator], tuple[Floats, Ints]]


def without_harvest(device: Device) -> Floats:
    """Local cost whose deficit ignores the energy harvested in the same slot."""
    table = np.repeat(np.repeat(device.aoi_cost, device.battery + 1)[:, None], N_ACTIONS, axis=1)
    costs = device.cost.amounts[0]
    for level in range(device.battery + 1):
        deficit = np.maximum(np.arange(len(costs)) - level, 0.0) ** device.deficit_power
        table[level :: device.battery + 1, PROCESS] += costs @ deficit
    return table


def check_local_cost(cost: Callable[[Device], Floats], context: Context) -> Finding:
    """Every state and action of the toy device, by adding up over harvests and costs."""
    del context
    device = toy_device()
    table, worst = cost(device), 0.0
    for x in range(1, device.max_aoi + 1):
        for level in range(device.battery + 1):
            penalty = sum(
                p * q * max(0, c - level - h) ** 2
                for h, p in enumerate(device.harvest.amounts[0])
                for c, q in enumerate(device.cost.amounts[0])
            )
            expected = [float(x), x + penalty, float(x)]
            row = table[(x - 1) * (device.battery + 1) + level]
            worst = max(worst, relative_error(row, expected))
    return exactly(worst, 1e-13, states=25.0)


def whole_crowd(beta: float) -> Callable[[ArrayLike], Floats]:
    """Penalty n^beta instead of (n - 1)^beta."""
    return lambda n: np.asarray(n, dtype=np.float64) ** beta


def published(beta: float) -> Callable[[ArrayLike], Floats]:
    """Penalty d(n) = (n - 1)^beta."""
    return power_law(1.0, beta).penalty


def check_power_law(
    law: Callable[[float], Callable[[ArrayLike], Floats]], context: Context
) -> Finding:
    """Penalties of one to five offloaders under four exponents."""
    del context
    betas = (1.0, 1.5, 2.0, 3.0)
    n = np.arange(1.0, 6.0)
    table = np.array([law(beta)(n) for beta in betas])
    spread = np.ptp(table, axis=0)
    linearity = float(np.abs(np.diff(table[0], 2)).max())
    worst = max(abs(float(table[0, 0])), float(spread[1]), linearity)
    finding = exactly(
        worst,
        1e-14,
        penalty_of_one=float(table[0, 0]),
        penalty_of_two=float(table[0, 1]),
        spread_over_exponents_at_two=float(spread[1]),
        spread_over_exponents_at_three=float(spread[2]),
    )
    return finding if spread[2] > 1.0 else replace(finding, verdict=Verdict.REFUTED)


def check_state(device: Device, context: Context) -> Finding:
    """Total variation of the next (AoI, level) over phases of harvest and cost not in the state."""
    del context
    found, counter = (_phase_dependence(d) for d in (device, three_phase_device()))
    return only_under(
        "harvest and processing cost are independent from slot to slot",
        found < 1e-12,
        total_variation=found,
        total_variation_with_three_cost_phases=counter,
    )


def check_simulator(move: Step, context: Context) -> Finding:
    """Compare simulated moves from 40 states, every action, with the exact kernel."""
    rng = context.rng("dcc", "device-diagram")
    mdp, repeats = golden(), 2_000
    batch = device_batch([golden_device()] * repeats)
    worst, impossible, tested = 0.0, 0, 0
    for state in rng.choice(mdp.n_states, 40, replace=False):
        for action in range(N_ACTIONS):
            _, after = move(batch, np.full(repeats, state), np.full(repeats, action), rng)
            counts = np.bincount(after, minlength=mdp.n_states)
            p = mdp.P[state, action]
            impossible += int(counts[p == 0.0].sum())
            common = repeats * p >= 20.0  # enough for the normal approximation
            spread = np.sqrt(repeats * p[common] * (1.0 - p[common]))
            z = (counts[common] - repeats * p[common])[spread > 0.0] / spread[spread > 0.0]
            worst, tested = max(worst, float(np.abs(z).max(initial=0.0))), tested + z.size
    # the chance of one excess beyond 5.5, also where a count is nearly Poisson, is below 1e-3
    holds = impossible == 0 and worst < 5.5
    return Finding(
        Verdict.HOLDS_STATISTICALLY if holds else Verdict.REFUTED,
        {"largest_z": worst, "impossible_moves": float(impossible), "comparisons": float(tested)},
    )


def keeps_ageing(
    batch: DeviceBatch, states: Ints, actions: Ints, rng: np.random.Generator
) -> tuple[Floats, Ints]:
    """Simulate devices whose offloading does not refresh the data: their age runs on."""
    return step(batch, states, np.where(actions == OFFLOAD, 0, actions), rng)


def check_environment(draw: Callable[[np.random.Generator], Any], context: Context) -> Finding:
    """Values met in 400 draws against the sample sets of the table."""
    rng = context.rng("dcc", "environment-table")
    devices = [draw(rng) for _ in range(400)]
    sets = {
        "harvest_low": {0, 1},
        "harvest_high": {1, 2, 3},
        "cost_low": {1},
        "cost_high": {5, 7, 10},
        "max_aoi": {15},
        "battery": {15},
        "gamma": {0.95},
    }
    wrong = sum({getattr(d, name) for d in devices} != values for name, values in sets.items())
    return exactly(float(wrong), 0.0, parameters=float(len(sets)), draws=400.0)


def cheap_processing(rng: np.random.Generator) -> DeviceParameters:
    """Draw with the cost's sample set misread as {1, 2, 3}."""
    return replace(draw_device(rng), cost_high=int(rng.choice((1, 2, 3))))


def _phase_dependence(device: Device) -> float:
    """Largest total variation of the law of the next (AoI, level) between two phases."""
    ages, levels, cost_phases, harvest_phases = state_shape(device)
    phases = cost_phases * harvest_phases
    kernel = (
        device_mdp(device)
        .P.reshape(ages * levels, phases, N_ACTIONS, ages * levels, phases)
        .sum(axis=-1)
    )
    apart = np.abs(kernel[:, :, None] - kernel[:, None]).sum(axis=-1)
    return 0.5 * float(apart.max())


CLAIMS = (
    Claim(
        "dcc/local-utility",
        "eq. 20",
        "The local cost is that of the age plus, when processing, the expected penalty of the "
        "energy deficit after the slot's harvest.",
        ("DC-39",),
        Kind.EXACT,
        check_local_cost,
        local_cost,
        Control("the harvest of the slot does not count against the deficit", without_harvest),
    ),
    Claim(
        "dcc/power-law-penalty",
        "eq. 21, sec. 5.4",
        "The penalty is a power of the number of other offloaders: linear for exponent 1, and the "
        "exponent has no effect when exactly two devices offload.",
        ("DC-40",),
        Kind.EXACT,
        check_power_law,
        published,
        Control("the power of the whole crowd, n^beta", whole_crowd),
    ),
    Claim(
        "dcc/device-state-is-markov",
        "App. B",
        "AoI and battery level are the state of a device whose harvest and processing cost are "
        "Markov chains.",
        ("DC-41",),
        Kind.EXACT,
        check_state,
        toy_device(),
        Control("the processing cost follows a chain of three phases", three_phase_device()),
    ),
    Claim(
        "dcc/device-diagram",
        "Fig. 7",
        "A device waits, processes with its own energy, or offloads for free; processing and "
        "offloading refresh its data. Simulated moves follow the exact kernel.",
        ("DC-48",),
        Kind.STATISTICAL,
        check_simulator,
        step,
        Control("offloading does not refresh the data", keeps_ageing),
    ),
    Claim(
        "dcc/environment-table",
        "App. F, environment table",
        "M = B = 15, gamma = 0.95; harvest bounds from {0, 1} and {1, 2, 3}, cost bounds from {1} "
        "and {5, 7, 10}.",
        ("DC-52a",),
        Kind.EXACT,
        check_environment,
        draw_device,
        Control("the largest cost is drawn from {1, 2, 3}", cheap_processing),
    ),
)
