"""Beyond the paper's tests: thousands of servers, other mixes, other workflows, changing clusters.

Shows: SCALE secs 2, 6.2, Algorithm 2. The limitation section asks for it. Networks trained on 16
servers schedule up to 2048, clusters with more small or more large servers, chains and forks of ten
to twenty tasks, and clusters whose servers join, leave and fail. A network does run anywhere; what
counts is how many tasks per server it completes, beside rules that need no training, and whether
Algorithm 2 finishes all tasks in the end, or is stuck.
Look at: the left picture: tasks per server with the highest score, and with a mask.
For: engineers. Small runs prove little: use --full (hours; it continues where it was interrupted).
"""

from __future__ import annotations

from functools import partial
from itertools import product
from typing import Any

import numpy as np
from _runs import print_committed
from _scale import Found, measure, runs, scale, words
from _show import BLACK, BLUE, GREEN, ORANGE, RED, Row, figure, look_at, options, table

from refimpl.scale.experiments import cells
from refimpl.scale.experiments.batteries import OTHER_WORKFLOWS, RULES, Episodes
from refimpl.scale.experiments.runs import Run
from refimpl.scale.experiments.scale import Length
from refimpl.scale.experiments.systems import MIXES, PUBLISHED_SIZES, System

COLOURS = dict(zip(RULES, (ORANGE, RED, BLUE), strict=True))
BY_HAND = {"fastest fit": BLACK, "random feasible": GREEN}
ELSEWHERE = {f"mix {mix}": System(mix=mix) for mix in list(MIXES)[1:]}
ELSEWHERE |= {f"{name} workflows": System(changes=name) for name in OTHER_WORKFLOWS}
ELSEWHERE |= {"elastic cluster": System(events="elastic")}
CLAIMS: tuple[str, ...] = ("beyond-48-servers", "beyond-48-servers-masked", "other-mixes")
CLAIMS += ("other-workflows", "elastic-clusters", "algorithm-2-live")
Arms = dict[str, tuple[Run, ...]]


def per_server(found: Found, arms: Arms, n: int, rule: str) -> Any:
    """Every run's completed tasks per server; SCALE."""
    trial = cells.trial(found.size, System(n), rule)
    return found.trained(arms["SCALE"], "completed", trial) / n


def drained(found: Found, each: tuple[Run, ...], system: System, rule: str, what: str) -> Any:
    """Every run's mean when all tasks are waited for."""
    return found.trained(each, what, cells.trial(found.size, system, rule, drained=True))


def rows_of(found: Found, arms: Arms, sizes: Any) -> list[Row]:
    """Tasks per server by size; response of all tasks elsewhere; what Algorithm 2 finishes."""
    rows: list[Row] = []
    for n in sizes:
        shown = "; ".join(words(per_server(found, arms, n, rule)) for rule in RULES)
        name = f"N = {n}, SCALE: tasks per server, {', '.join(RULES)}"
        rows.append((name, "not published", shown))
        shown = "; ".join(f"{found.reference(x, System(n), 'completed') / n:.3g}" for x in BY_HAND)
        rows.append((f"  {', '.join(BY_HAND)}", "not published", shown))
    for (label, system), (arm, each) in product(ELSEWHERE.items(), arms.items()):
        shown = "; ".join(words(drained(found, each, system, r, "all_response")) for r in RULES[1:])
        rows.append((f"{label}, {arm}: all tasks, s, greedy; masked", "not published", shown))
    for (arm, each), rule in product(arms.items(), RULES):
        at = partial(drained, found, each, System(48), rule)
        part = at("completed") / at("arrived")
        rows.append((f"48 servers, {arm}, {rule}: finished in the end", "all", words(part)))
    return rows


def draw(found: Found, arms: Arms, sizes: Any, left: Any, right: Any) -> None:
    for rule, colour in COLOURS.items():
        line = [per_server(found, arms, n, rule).mean() for n in sizes]
        left.semilogx(sizes, line, "o-", color=colour, label=f"SCALE, {rule}")
    for name, colour in BY_HAND.items():
        line = [found.reference(name, System(n), "completed") / n for n in sizes]
        left.semilogx(sizes, line, "s--", color=colour, label=name)
    left.set(title="Completed tasks per server in 10 s", xlabel="servers")
    left.set_xticks(sizes, [str(n) for n in sizes])
    left.set_xticks([], minor=True)
    at, systems = np.arange(len(ELSEWHERE)), ELSEWHERE.values()
    for k, rule in enumerate(RULES[1:]):
        each = [drained(found, arms["SCALE"], system, rule, "all_response") for system in systems]
        levels = [x.mean() for x in each]
        right.bar(at + 0.2 * k, levels, 0.2, color=COLOURS[rule], label=f"SCALE, {rule}")
    for k, (name, colour) in enumerate(BY_HAND.items()):
        levels = [found.reference(name, x, "all_response", drained=True) for x in systems]
        right.bar(at + 0.4 + 0.2 * k, levels, 0.2, color=colour, label=name)
    right.set_xticks(at + 0.3, list(ELSEWHERE), rotation=20, ha="right")
    right.set(title="Mean response of all tasks, drained, s")
    for axis in (left, right):
        axis.set_ylim(0.0, 1.35 * axis.get_ylim()[1])


def main() -> None:
    given = options(__doc__ or "", __file__)
    between = Episodes(4, ((128, 4), (512, 1)), 60.0)
    episodes = given.choose(Episodes(1, ((128, 1),), 10.5), between, Episodes(1))
    length = given.choose(Length(1, 1), Length(20, 1), Length(1, 1))
    size = scale(given, arms=length, episodes=episodes)
    sizes = (*PUBLISHED_SIZES, *(n for n, _ in size.episodes.beyond))
    names = given.choose(cells.ARMS[:1], cells.ARMS, cells.ARMS)
    arms = {arm: runs(given, size, arm, "everything") for arm in names}
    wanted: list[Any] = [run for each in arms.values() for run in each]
    for name in BY_HAND:
        wanted += [cells.reference(size, name, System(n)) for n in sizes]
        wanted += [cells.reference(size, name, x, drained=True) for x in ELSEWHERE.values()]
    found = measure(given, size, wanted)
    table(rows_of(found, arms, sizes))
    print_committed(*(f"scale/{name}" for name in CLAIMS))
    look_at("what a mask changes at every size, and the rules by hand beside it.")
    figure(given, partial(draw, found, arms, sizes), columns=2, size=(14.0, 4.8))
    for each, n, what in product(
        arms.values(), PUBLISHED_SIZES, ("invalid memory", "invalid busy")
    ):
        assert drained(found, each, System(n), "masked", what).max() == 0


if __name__ == "__main__":
    main()
