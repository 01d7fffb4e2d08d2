"""Tabular Q-learning of N = 50 devices: all rows at once, against one device after the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from benchmarks.dcc.plain_q import ARRAYS, LISTS, PlainResult, Tables, learn_plainly
from benchmarks.timing import Timing, interleaved, ratio
from benchmarks.workload import Report, Settings, Target, share_of_limit
from refimpl.dcc.model.device import DeviceParameters, draw_device
from refimpl.dcc.model.simulator import device_batch, repeat
from refimpl.dcc.train.constrained_q import Learned, Task, learn
from refimpl.dcc.train.presets import DCC_PUBLISHED
from refimpl.dcc.train.settings import QSettings
from refimpl.shared.seeds import generator

N_DEVICES = 50
ENVIRONMENTS = 15
POINTS = 3
PENALTY, BUDGET = 1.0, 0.1
PLAIN: dict[str, Tables] = {"plain loop, NumPy tables": ARRAYS, "plain loop, Python lists": LISTS}
# A step touches three scattered cache lines: the row of the state (action values, read and
# written), its visit count, and the row of the next state.
BYTES_PER_STEP = 3 * 64


def run(settings: Settings) -> Report:
    """Compare steps per second of 50 devices alone, in 15 environments, and at three points each.

    The last is what one iteration of the published experiment learns. Steps are counted per device
    and environment.
    """
    rng = generator(0, "benchmark", "q-learning")
    devices = [draw_device(rng) for _ in range(2 if settings.quick else N_DEVICES)]
    length = _run_length(settings.quick)
    copies = (1,) if settings.quick else (1, ENVIRONMENTS, ENVIRONMENTS * POINTS)
    functions: dict[str, Callable[[], object]] = {
        name: partial(_plainly, devices, length, tables) for name, tables in PLAIN.items()
    }
    functions |= {_name(c): partial(_vectorised, devices, c, length) for c in copies}
    work = dict.fromkeys(PLAIN, 1) | {_name(c): c for c in copies}
    timings = interleaved(functions, settings.repeats)
    per_step = {
        name: _per_step(timing, work[name] * length.steps * len(devices))
        for name, timing in timings.items()
    }
    ratios = {
        f"{plain} / {_name(c)}, per step": ratio(per_step[plain], per_step[_name(c)])
        for plain in PLAIN
        for c in copies
    }
    judged = copies[1:] or copies
    return Report(
        instance={"devices": len(devices), "copies": copies, "steps per device": length.steps},
        timings=timings,
        ratios=ratios,
        numbers={f"{name}, million steps per s": 1e-6 / t.median for name, t in per_step.items()},
        targets=tuple(
            Target(
                f"at least 20 times the steps per second of the {plain}, {_name(c)}",
                ratios[f"{plain} / {_name(c)}, per step"].median,
                low=20.0,
            )
            for plain in PLAIN
            for c in judged
        ),
        limit=share_of_limit(
            settings.limits,
            per_step[_name(copies[-1])].median,
            "three cache lines moved per step",
            bytes_moved=BYTES_PER_STEP,
        ),
    )


def _name(copies: int) -> str:
    return f"vectorised, devices x {copies}"


def _run_length(quick: bool) -> QSettings:
    published = DCC_PUBLISHED.settings
    return replace(published, steps=100, block=100) if quick else published.with_steps(1000)


def _vectorised(devices: list[DeviceParameters], copies: int, settings: QSettings) -> Learned:
    batch = repeat(device_batch(devices), copies)
    task = Task(batch, np.full(batch.n_rows, PENALTY), np.full(batch.n_rows, BUDGET))
    return learn(task, settings, generator(0, "benchmark", "vectorised"))


def _plainly(
    devices: list[DeviceParameters], settings: QSettings, tables: Tables
) -> list[PlainResult]:
    return [
        learn_plainly(device, (PENALTY, BUDGET), settings, tables, seed)
        for seed, device in enumerate(devices)
    ]


def _per_step(timing: Timing, steps: int) -> Timing:
    return Timing(tuple(s / steps for s in timing.samples), timing.calls, timing.first / steps)
