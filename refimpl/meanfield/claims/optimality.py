"""Claims about who is best, against exact optima on small systems [MF abstract, sec. 3]."""

from __future__ import annotations

from refimpl.findings import only_under
from refimpl.ledger import Claim, Context, Control, Finding, Job, Kind, Verdict
from refimpl.meanfield.claims.heuristics_exact import pair_gain, ring_job
from refimpl.meanfield.theory.small_ring import observation_table, rule_drops, symmetric_table

LONG_DELAYS = (8.0, 9.0, 10.0)
MIDDLE_DELAYS = (2.0, 3.0, 5.0, 7.0)
OBSERVED_DELAYS = (1.0, 5.0)
NEAR = 0.05
"""What counts as near-optimal, or alike: five percent."""
FLAT_RULE = (0.35, 0.39, 0.46, 0.54, 0.63, 0.71)
"""A rule for the ring of four at dt = 10, to two digits the best one."""


def check_long_delays(delays: tuple[float, ...], context: Context) -> Finding:
    """Gain of the full-information optimum over RND on a pair; of one own-state rule on a ring."""
    del context
    gains = {dt: pair_gain(dt) for dt in delays}
    evidence = {f"pair_gain_at_{dt:g}": gain for dt, gain in gains.items()}
    for dt in LONG_DELAYS:
        evidence[f"ring_rule_at_{dt:g}"] = rule_drops(dt, FLAT_RULE)
        evidence[f"ring_random_at_{dt:g}"] = rule_drops(dt, (0.0,) * 6)
    optimal = max(gains.values()) <= 1e-3
    return Finding(Verdict.HOLDS if optimal else Verdict.REFUTED, evidence)


def middle_jobs(context: Context) -> tuple[Job, ...]:
    """All policies on the ring of four at the intermediate delays."""
    return tuple(ring_job(dt, context) for dt in MIDDLE_DELAYS)


def check_middle(candidate: str, context: Context) -> Finding:
    """Compare the candidate with the best of JSQ (both tie rules), RND and OWN at each delay."""
    evidence, best = {}, True
    for dt in MIDDLE_DELAYS:
        table = context.data[ring_job(dt, context).name]
        rival = min(float(table[name]) for name in ("one_winner", "split", "random"))
        evidence[f"candidate_at_{dt:g}"] = float(table[candidate])
        evidence[f"best_heuristic_at_{dt:g}"] = rival
        best = best and float(table[candidate]) < rival - 1e-3
    return Finding(Verdict.HOLDS if best else Verdict.REFUTED, evidence)


def optimum_jobs(context: Context) -> tuple[Job, ...]:
    """All policies on the ring of four at short and at longer delays."""
    return tuple(ring_job(dt, context) for dt in (1.0, 2.0, 3.0, 5.0, 7.0, 10.0))


def symmetric_jobs(context: Context) -> tuple[Job, ...]:
    """Full information with the symmetric action, a quarter of a minute each: full profile only."""
    return tuple(
        Job(f"meanfield/ring-of-four-symmetric/dt={dt:g}", symmetric_table, (dt,))
        for dt in (OBSERVED_DELAYS if context.full else ())
    )


def all_jobs(context: Context) -> tuple[Job, ...]:
    """Jobs of the claim on near-optimality."""
    return (*optimum_jobs(context), *symmetric_jobs(context))


def check_near_optimal(delays: tuple[float, ...], context: Context) -> Finding:
    """Best own-state rule against the full-information optimum on the ring of four."""
    gaps = {}
    for job in optimum_jobs(context):
        table = context.data[job.name]
        gaps[float(job.args[0])] = float(table["own_state"] / table["full_information"] - 1.0)
    symmetric = {
        f"symmetric_full_information_at_{job.args[0]:g}": float(context.data[job.name]["value"])
        for job in symmetric_jobs(context)
    }
    return only_under(
        "the delay is 5 or more; at delay 1 the best own-state rule drops 80 percent more than "
        "full information would",
        max(gaps[dt] for dt in delays) <= NEAR,
        **{f"excess_at_{dt:g}": gap for dt, gap in gaps.items()},
        **symmetric,
    )


def observation_job(dt: float) -> Job:
    """Best rules by what they see, at one delay."""
    return Job(f"meanfield/ring-of-four-observations/dt={dt:g}", observation_table, (dt,))


def observation_jobs(context: Context) -> tuple[Job, ...]:
    """Best rules by what they see."""
    del context
    return tuple(observation_job(dt) for dt in OBSERVED_DELAYS)


def check_observations(delays: tuple[float, ...], context: Context) -> Finding:
    """Measure what seeing the neighbours, or the distribution of all, brings the best rule."""
    evidence, worst = {}, 0.0
    for dt in OBSERVED_DELAYS:
        table = context.data[observation_job(dt).name]
        for name in ("neighbours", "distribution"):
            gain = float(1.0 - table[name] / table["own_state"])
            evidence[f"{name}_gain_at_{dt:g}"] = gain
            worst = max(worst, gain) if dt in delays else worst
    return only_under(
        "the delay is long (5 here); at delay 1 rules that see the neighbours drop 11 percent "
        "less, rules that see the distribution 17 percent",
        worst <= NEAR,
        largest_gain=worst,
        **evidence,
    )


CLAIMS = (
    Claim(
        "meanfield/random-optimal-at-delays-8-to-10",
        "sec. 3 (iv)",
        "At delays 8 to 10 RND is optimal and MF-R coincides with it.",
        ("MF-29",),
        Kind.EXACT,
        check_long_delays,
        LONG_DELAYS,
        Control("a delay of 500", (500.0,)),
    ),
    Claim(
        "meanfield/own-state-rule-best-at-middle-delays",
        "sec. 3 (ii), Figs. 5, 7",
        "At delays 2 to 7 an own-state rule drops less than JSQ, RND and OWN on a ring of four.",
        ("MF-34",),
        Kind.EXACT,
        check_middle,
        "own_state",
        Control("JSQ in place of the own-state rule", "one_winner"),
        middle_jobs,
    ),
    Claim(
        "meanfield/near-optimal",
        "abstract",
        "The best own-state rule, which learning aims at, is near-optimal (ring of four, exactly).",
        ("MF-51",),
        Kind.EXACT,
        check_near_optimal,
        (5.0, 7.0, 10.0),
        Control("the shortest delay", (1.0,)),
        all_jobs,
    ),
    Claim(
        "meanfield/observations-alike",
        "Fig. 9b",
        "Seeing the own queue, the neighbours' queues or the distribution of all performs alike.",
        ("MF-42b",),
        Kind.EXACT,
        check_observations,
        (5.0,),
        Control("the shortest delay", (1.0,)),
        observation_jobs,
    ),
)
