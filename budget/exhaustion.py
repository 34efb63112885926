"""When a budget will be spent, if failures go on at today's pace."""

from __future__ import annotations


def seconds_until_spent(
    *, left: float, burn: float, period: float, age: float, recent: tuple[float, float] | None
) -> float | None:
    """Seconds until nothing is left of the budget, at the burn rate *burn* and steady traffic.

    A rolling period gives back what leaves it, so that what is left shrinks only by what burns faster. Counted in
    seconds of a burn of 1, `left × age` may still be spent, and time t changes that by

        (returned − burn) × t,    with returned =
            1                 while the SLO is younger than its period: each event adds to what may fail;
            burn of the older part,   while that part leaves: (spent × age − recent burn × recent seconds) / the rest;
            recent burn       while the last *recent* seconds leave, at the end.

    Without *recent*, the past is taken as even: then the answer is left × period / (burn − spent) for a whole period,
    and never at a burn of 1 or less. With it, a young incident counts for what it is: none of it leaves for weeks.

    Args:    left: share of the budget, 0–1 (spent = 1 − left); not above 0 is spent. burn: ≥ 0. period, age: seconds,
             > 0; age: since the first event. recent: a burn rate, and over how many seconds.
    Returns: 0 where it is spent; None where it never is at this pace; otherwise not above *period*.
    """
    if left <= 0:
        return 0.0
    age = min(age, period)
    room, elapsed = left * age, 0.0
    for duration, returned in ((period - age, 1.0), *_leaving((1 - left) * age, age, recent)):
        lost = burn - returned
        if room < lost * duration:
            return elapsed + room / lost
        room, elapsed = room - lost * duration, elapsed + duration
    return None


def _leaving(spent: float, age: float, recent: tuple[float, float] | None) -> tuple[tuple[float, float], ...]:
    """How the past leaves the period, its oldest part first: for how long, and at which burn. *spent*: see above."""
    if recent is None or recent[1] >= age:
        return ((age, spent / age),)
    seconds = recent[1]
    burn = min(recent[0], spent / seconds)  # no part spent more than the whole
    return ((age - seconds, (spent - burn * seconds) / (age - seconds)), (seconds, burn))
