"""promtool tests of what holds pages back: when it does, for how long, and whom it leaves alone.

They are fed ALERTS, as Prometheus records it, in place of the services' own series: what is proved is the rule alone.
"""

from __future__ import annotations

from collections.abc import Iterator

from alerts import dependencies
from alerts.dependencies import CAUSE, EVERY_SECONDS, LINGER_SECONDS, SCOPE, TOLD_SECONDS, MutedPage
from slo import conventions as names
from slo import promql, promtool
from slo.artifact import FOLDERS, TESTS, Artifact, header
from slo.catalogue import Catalogue
from slo.model import Pairs, Slo, Spec, SpecFile, pairs
from slo.promtool import Case, Check, samples_equal
from slo.rule import to_yaml
from slo.rule_tests import STAND_INS

_STEP = EVERY_SECONDS
_END = 690
_CLUSTER = "cluster"


def build(file: SpecFile, catalogue: Catalogue) -> Iterator[Artifact]:
    """The test file of one file of specs; none where nothing is held back.

    It runs a copy of these rules alone: the shipped file holds all others of the service as well, and promtool would
    evaluate every one of them at each step of each case.
    """
    found = [case for spec in file.specs for case in cases(spec, catalogue)]
    if found:
        groups = [group for spec in file.specs for group in dependencies.groups(spec, catalogue)]
        name = f"{file.stem}.dependencies.yaml"
        yield Artifact(f"{FOLDERS[TESTS]}/{STAND_INS}/{name}", header(file.name) + to_yaml(groups))
        text = promtool.to_yaml(f"{STAND_INS}/{name}", _STEP, [group.name for group in groups], found)
        yield Artifact(f"{FOLDERS[TESTS]}/{name}", header(file.name) + text)


def cases(spec: Spec, catalogue: Catalogue) -> tuple[Case, ...]:
    """The tests of one spec, each about all of its pages that the same dependencies can hold back."""
    alike: dict[tuple[Slo, ...], list[MutedPage]] = {}
    for page in dependencies.pages_of(spec, catalogue):
        alike.setdefault(page.causes, []).append(page)
    return tuple(case for pages in alike.values() for case in _cases(tuple(pages)))


def _cases(pages: tuple[MutedPage, ...]) -> Iterator[Case]:
    causes = {cause.service: cause for cause in pages[0].causes}
    first = next(iter(causes.values()))
    yield from (_held(pages, cause) for cause in causes.values())
    if pages[0].scraped:
        yield from (_gone(pages, cause) for cause in causes.values())
    for make in (_told, _told_and_over, _at_once, _other_alerts):
        yield make(pages, first)
    if _CLUSTER not in dict(_scope(pages[0], first)):
        yield _other_cluster(pages, first)


# --- cases ------------------------------------------------------------------------------------------------------------


def _held(pages: tuple[MutedPage, ...], cause: Slo) -> Case:
    start, end = 60, 420
    over = end + LINGER_SECONDS  # Prometheus 2 counts a sample of just that age, Prometheus 3 does not
    inputs = (_fails(pages, cause, start, end), *(_burns(page, cause, start + 60) for page in pages))
    checks = [
        check
        for page in pages
        for check in (
            _count(page, start - _STEP, 0),
            _exactly(page, start, cause),
            _count(page, end, 1),
            _count(page, over - _STEP, 1),
            _count(page, over + _STEP, 0),
            _count(page, _END, 0),
        )
    ]
    return _case(f"{cause.service} is down: pages are held back, and follow after it", pages, inputs, checks)


def _gone(pages: tuple[MutedPage, ...], cause: Slo) -> Case:
    """As `_held`, where nothing of the cause is left that could answer badly."""
    start = 60
    down = (("alertname", names.SERVICE_DOWN), ("severity", names.PAGE), ("service", cause.service))
    series = promql.matchers(pairs(down, (("alertstate", "firing"),), _scope(pages[0], cause)))
    inputs = (
        (f"ALERTS{series}", f"_x{start // _STEP} 1x{(_END - start) // _STEP}"),
        *(_burns(page, cause, start + 60) for page in pages),
    )
    checks = [
        check
        for page in pages
        for check in (_count(page, start - _STEP, 0), _exactly(page, start, cause), _count(page, _END, 1))
    ]
    return _case(f"{cause.service} is gone: pages are held back", pages, inputs, checks)


def _told(pages: tuple[MutedPage, ...], cause: Slo) -> Case:
    start = 2 * TOLD_SECONDS
    inputs = (_fails(pages, cause, start), *(_burns(page, cause, start - TOLD_SECONDS) for page in pages))
    checks = [_count(page, at, 0) for page in pages for at in (start, start + _STEP, _END)]
    return _case("who was told before the cause hears of the end", pages, inputs, checks)


def _told_and_over(pages: tuple[MutedPage, ...], cause: Slo) -> Case:
    start = 300
    once = tuple(_burns(page, cause, 60, 180) for page in pages)
    anew = tuple(_burns(page, cause, start - _STEP, None, (("instance", "another"),)) for page in pages)
    checks = [_count(page, at, 0) for page in pages for at in (start, _END)]
    name = "a page that was told minutes ago and fires anew is left alone: its group is sent without a wait"
    return _case(name, pages, (_fails(pages, cause, start), *once, *anew), checks)


def _at_once(pages: tuple[MutedPage, ...], cause: Slo) -> Case:
    start = 2 * TOLD_SECONDS
    late = start - TOLD_SECONDS + _STEP
    inputs = (_fails(pages, cause, start), *(_burns(page, cause, late) for page in pages))
    checks = [_count(page, at, 1) for page in pages for at in (start, start + TOLD_SECONDS, _END)]
    return _case("a page that starts less than a minute before its cause is held back", pages, inputs, checks)


def _other_alerts(pages: tuple[MutedPage, ...], cause: Slo) -> Case:
    others: tuple[Pairs, ...] = (
        (("alertstate", "pending"),),
        ((names.SEVERITY, names.TICKET),),
        ((names.SLO, "another"), (names.ID, f"{cause.service}-another")),
        ((names.SERVICE, "another"), (names.ID, f"another-{names.AVAILABILITY}")),
        (("alertname", names.absent_alert(cause.alerting.name)),),
    )
    inputs = tuple(_fails(pages, cause, 60, None, other) for other in others)
    return _case(
        "nothing but an availability page holds pages back", pages, inputs, [_count(p, _END, 0) for p in pages]
    )


def _other_cluster(pages: tuple[MutedPage, ...], cause: Slo) -> Case:
    here, there = (((_CLUSTER, name),) for name in ("here", "there"))
    inputs = (
        *(_fails(pages, cause, 120, None, cluster) for cluster in (here, there)),
        *(_burns(page, cause, 0, None, here) for page in pages),
    )
    checks = [_count(page, at, 1, there) for page in pages for at in (120, _END)]
    checks += [_count(page, at, 0, here) for page in pages for at in (120, _END)]
    return _case("each cluster by itself", pages, inputs, checks)


def _case(name: str, pages: tuple[MutedPage, ...], inputs: tuple[tuple[str, str], ...], checks: list[Check]) -> Case:
    return Case(name, tuple(page.slo.id for page in pages), _STEP, inputs, tuple(checks))


# --- series and checks ------------------------------------------------------------------------------------------------


def _fails(
    pages: tuple[MutedPage, ...], cause: Slo, start: int, end: int | None = None, other: Pairs = ()
) -> tuple[str, str]:
    """The cause's page, where these *pages* are."""
    return _fires(cause, start, end, pairs(_scope(pages[0], cause), other))


def _burns(page: MutedPage, cause: Slo, start: int, end: int | None = None, other: Pairs = ()) -> tuple[str, str]:
    """The page itself, where its cause is."""
    return _fires(page.slo, start, end, pairs(_scope(page, cause), other))


def _scope(page: MutedPage, cause: Slo) -> Pairs:
    """What is known of the cluster and environment that both share."""
    return pairs(*(tuple(pair for pair in slo.identity if pair[0] in SCOPE) for slo in (page.slo, cause)))


def _fires(slo: Slo, start: int, end: int | None, other: Pairs) -> tuple[str, str]:
    """The page of *slo* firing from *start* to *end* seconds; *other* labels in place of its own."""
    ids = ((names.ID, slo.id), (names.SERVICE, slo.service), (names.SLO, slo.name), (names.SEVERITY, names.PAGE))
    own = (("alertname", slo.alerting.name), ("alertstate", "firing"))
    before, during = start // _STEP, ((_END if end is None else end) - start) // _STEP
    values = (f"_x{before}" if before else "", f"1x{during}", "" if end is None else "stale")
    return "ALERTS" + promql.matchers(pairs(ids, own, slo.identity, other)), " ".join(filter(None, values))


def _count(page: MutedPage, at: int, value: int, more: Pairs = ()) -> Check:
    return samples_equal(at, f"count(ALERTS{promql.matchers(_selected(page, more))}) or vector(0)", value)


def _exactly(page: MutedPage, at: int, cause: Slo) -> Check:
    """The alert with each label that inhibitions and routes read."""
    team: Pairs = (("team", page.team),) if page.team else ()
    own = (("__name__", "ALERTS"), (CAUSE, cause.service), ("severity", names.INFO_SEVERITY))
    labels = pairs(_scope(page, cause), _selected(page), team, own)
    return Check(at, f"ALERTS{promql.matchers(_selected(page))}", ((labels, 1.0),))


def _selected(page: MutedPage, more: Pairs = ()) -> Pairs:
    own = (("alertname", names.DEPENDENCY_DOWN), ("alertstate", "firing"))
    return (*own, ("service", page.service), ("slo", page.name), *page.slo.identity, *more)
