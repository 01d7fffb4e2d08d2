"""Six methods at the size they are trained on, by three decision rules and two metrics.

Shows: SCALE Table 3, Figs 3, 4, 6, sec. 5.3. SCALE, the same network without SRR, and four methods
with a perceptron are trained on 16 servers and tested as in the paper, with the highest score; but
also with servers drawn from the scores and with a mask. Beside the paper's response of completed
tasks stands that of all tasks when the queue is drained. Schedulers by hand meet the same episodes.
Look at: how much of a method's rank is left when a mask saves it from impossible servers.
For: auditors. Small runs prove little: use --full (hours; it continues where it was interrupted).
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from _runs import print_committed
from _scale import Found, measure, runs, scale, words
from _show import BLACK, BLUE, GREY, RED, Row, figure, look_at, options, table

from refimpl.scale.experiments import cells
from refimpl.scale.experiments.batteries import Episodes
from refimpl.scale.experiments.runs import Run
from refimpl.scale.experiments.scale import Length
from refimpl.scale.experiments.systems import System
from refimpl.scale.theory.printed import RESPONSE_AT_16, TASKS

PRINTED = ("1.0", "above 1.1", "0.93 to 0.95", "0.93 to 0.95", "0.6", "lowest")
RETURN = dict(zip(cells.METHODS, PRINTED, strict=True))
BY_HAND = ("fastest fit", "large only", "random feasible", "random")
CLAIMS = ("table-3-most-tasks", "table-3-attention", "table-3-slowest", "fig-6-order")
Trained = dict[str, tuple[Run, ...]]


def value(found: Found, trained: Trained, name: str, rule: str, what: str) -> Any:
    """Every run's mean; ``all_response`` is that of drained episodes."""
    trial = cells.trial(found.size, System(), rule, drained=what == "all_response")
    return found.trained(trained[name], what, trial)


def rows_of(found: Found, trained: Trained, name: str) -> list[Row]:
    """Tasks and response by the paper's rule and by others; return at the end of training."""
    tasks, response = TASKS[name].mean, RESPONSE_AT_16[name].mean
    at, earned = partial(value, found, trained, name), float(found.curve(trained[name])[1, -1])
    rows: list[Row] = [
        (f"{name}: tasks", (tasks, "Table 3"), float(at("greedy", "completed").mean())),
        ("  response in s", (response, "Table 3"), float(at("greedy", "response").mean())),
        ("  return at the end of training", f"{RETURN[name]} (Fig. 6)", earned),
    ]
    for rule in ("masked",) if name == "DQN" else ("masked", "sampled"):
        shown = f"{words(at(rule, 'completed'))}; {words(at(rule, 'response'))} s"
        rows.append((f"  {rule}: tasks; response", "not published", shown))
    shown = f"{words(at('greedy', 'all_response'))} s; {words(at('masked', 'all_response'))} s"
    return [*rows, ("  all tasks, drained: highest score; masked", "not published", shown)]


def draw(found: Found, trained: Trained, left: Any, middle: Any, right: Any) -> None:
    at = np.arange(len(trained))
    for axis, what, printed in ((left, "completed", TASKS), (middle, "response", RESPONSE_AT_16)):
        for rule, shift, colour in (("greedy", -0.2, RED), ("masked", 0.2, BLUE)):
            levels = [value(found, trained, name, rule, what).mean() for name in trained]
            axis.bar(at + shift, levels, 0.4, color=colour, label=rule)
        axis.plot(at, [printed[name].mean for name in trained], "D", color=BLACK, label="paper")
        by_hand = found.reference("fastest fit", System(), what)
        axis.axhline(by_hand, color=GREY, ls="--", label="fastest fit, no training")
        axis.set_xticks(at, list(trained), rotation=20)
        axis.set_ylim(0.0, 1.35 * axis.get_ylim()[1])
    left.set(title="Fig. 3: completed tasks, 16 servers")
    middle.set(title="Fig. 4: response of completed tasks, s")
    for name in trained:
        right.plot(*found.curve(trained[name]), "o-", markersize=3, label=name)
    right.set(title="Fig. 6: return in training", xlabel="epoch")


def main() -> None:
    given = options(__doc__ or "", __file__)
    length = given.choose(Length(1, 1), Length(20, 2), Length(1, 1))
    # In the first ten epochs SRR rests: with and without it a method is the same.
    names = given.choose(("SCALE", "PPO", "SAC", "DQN"), cells.METHODS, cells.METHODS)
    episodes = given.choose(Episodes(1, (), 10.5), Episodes(10, (), 60.0), Episodes(1))
    others = dict.fromkeys(cells.BASELINES, length)
    size = scale(given, arms=length, baselines=others, episodes=episodes)
    own = {name: "own size, values" if name == "DQN" else "own size" for name in names}
    trained = {name: runs(given, size, name, battery) for name, battery in own.items()}
    references = [
        cells.reference(size, name, System(), drained=d) for name in BY_HAND for d in (False, True)
    ]
    found = measure(given, size, [*(run for each in trained.values() for run in each), *references])
    rows = [row for name in names for row in rows_of(found, trained, name)]
    for name in BY_HAND:
        tasks, response = (found.reference(name, System(), w) for w in ("completed", "response"))
        drained = found.reference(name, System(), "all_response", drained=True)
        shown = f"{tasks:.3g}; {response:.3g} s; {drained:.3g} s"
        rows.append((f"{name}: tasks; response; drained", "not published", shown))
    table(rows)
    print_committed(*(f"scale/{name}" for name in CLAIMS), "scale/fig-6-levels")
    look_at("the rows 'masked': the same networks, kept from impossible servers.")
    figure(given, partial(draw, found, trained), columns=3, size=(16.0, 4.4))
    for name in names:
        for reason in ("invalid memory", "invalid busy"):
            assert value(found, trained, name, "masked", reason).max() == 0


if __name__ == "__main__":
    main()
