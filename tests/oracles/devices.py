"""The device by plain enumeration: every harvest, every cost, every step of every recharge."""

from __future__ import annotations

from collections import defaultdict

from refimpl.dcc.model.device import OFFLOAD, PROCESS, WAIT, Device

Law = dict[tuple[int, int, int, int], float]
NEGLIGIBLE = 1e-18


def enumerated_recharge(device: Device, level: int, phase: int) -> dict[tuple[int, int], float]:
    """Law of (level, harvest phase) after recharging from a negative level, slot by slot.

    The mass still below zero shrinks with the slots; it is followed until it is ``NEGLIGIBLE``.
    """
    source, done = device.harvest, defaultdict(float)
    open_mass = {(level, phase): 1.0}
    while sum(open_mass.values()) > NEGLIGIBLE:
        after: dict[tuple[int, int], float] = defaultdict(float)
        for (e, z), mass in open_mass.items():
            for h, p in enumerate(source.amounts[z]):
                for z_next, q in enumerate(source.phases[z]):
                    target = done if e + h >= 0 else after
                    at = min(e + h, device.battery)
                    target[at, z_next] += mass * p * q
        open_mass = after
    return dict(done)


def enumerated_step(
    device: Device, state: tuple[int, int, int, int], action: int
) -> tuple[float, Law]:
    """Mean local cost and law of the next state (AoI, level, cost phase, harvest phase)."""
    x, e, zc, zh = state
    law: Law = defaultdict(float)
    cost = device.aoi_cost[x - 1]
    x_next = min(x + 1, device.max_aoi) if action == WAIT else 1
    takes = enumerate(device.cost.amounts[zc]) if action == PROCESS else [(0, 1.0)]
    for c, pc in takes:
        for h, ph in enumerate(device.harvest.amounts[zh]):
            net = e + h - c
            cost += pc * ph * max(-net, 0) ** device.deficit_power
            for zh_next, qh in enumerate(device.harvest.phases[zh]):
                ends = (
                    {(min(net, device.battery), zh_next): 1.0}
                    if net >= 0
                    else enumerated_recharge(device, net, zh_next)
                )
                for (e_next, zh_end), pr in ends.items():
                    for zc_next, qc in enumerate(device.cost.phases[zc]):
                        law[x_next, e_next, zc_next, zh_end] += pc * ph * qh * pr * qc
    return cost, {key: mass for key, mass in law.items() if mass > 0.0}


ACTIONS = (WAIT, PROCESS, OFFLOAD)
