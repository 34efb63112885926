"""Circles among services that depend on one another: in a circle every failure would be muted as somebody else's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter


def cycles(depends_on: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
    """Each circle once, as the services on it in order; breaking all of them leaves none.

    Args:    depends_on: service → the services that it calls; unknown ones have no dependencies.
    """
    left = {service: set(others) for service, others in sorted(depends_on.items())}
    while True:
        try:
            TopologicalSorter(left).prepare()
        except CycleError as error:
            # Each name stands behind one that depends on it, when read from the end.
            circle = tuple(reversed(error.args[1][1:]))
            start = circle.index(min(circle))
            yield circle[start:] + circle[:start]
            left[circle[start]].discard(circle[(start + 1) % len(circle)])
        else:
            return
