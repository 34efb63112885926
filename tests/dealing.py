"""How `make test` deals the tests out to its workers: a file, or a folder that shares what it starts, goes to one.

A worker that starts a second shop, or a second platform, takes longer than one that waits for the first to be asked.
"""

from collections import Counter
from collections.abc import Iterable
from pathlib import PurePosixPath

from xdist.scheduler import LoadScopeScheduling

# The files of each of these ask what is started once for all of them; and no two whole platforms run at once.
TOGETHER = ("tests/attacks", "tests/contract", "tests/e2e")
# What takes longest, longest first: what begins last had better be short. A file that is missing here costs time alone.
LONGEST = (
    "tests/e2e",
    "tests/services/test_schemathesis.py",
    "tests/attacks",
    "tests/contract",
    "tests/services/test_rolling_restart.py",
    "tests/local/test_pagerduty_alertmanager.py",
    "tests/slo/test_rule_tests.py",
    "tests/budget/ops/test_browser.py",
    "tests/services/test_kill.py",
    "tests/budget/test_drill_forecast.py",
    "tests/services/orders/test_faults.py",
    "tests/slo/test_any_spec.py",
    "tests/local/test_storm.py",
    "tests/services/shared/test_gunicorn.py",
    "tests/services/payments/test_any_order.py",
    "tests/alerts/test_dependencies_running.py",
    "tests/budget/test_rule_closure.py",
    "tests/services/test_drain.py",
    "tests/services/test_slow_database.py",
    "tests/local/test_configuration.py",
    "tests/services/catalog/test_running.py",
    "tests/services/inventory/test_running.py",
    "tests/services/inventory/test_concurrency.py",
    "tests/bench/test_simulation.py",
    "tests/deploy/test_dockerfiles.py",
    "tests/synthetics/test_shop.py",
    "tests/slo/test_evaluation.py",
    "tests/alerts/test_kpi_tests.py",
    "tests/services/inventory/test_any_order.py",
    "tests/services/payments/test_processes.py",
)


class ByFile(LoadScopeScheduling):
    """Deals units out in the order of the collection."""

    def _split_scope(self, nodeid: str) -> str:
        return unit(nodeid)


def unit(nodeid: str) -> str:
    """The file of a test, or the folder that goes to one worker."""
    file = nodeid.partition("::")[0]
    parents = {str(each) for each in PurePosixPath(file).parents}
    return next((folder for folder in TOGETHER if folder in parents), file)


def longest_first(nodeids: Iterable[str]) -> dict[str, int]:
    """Where each unit comes: those that are known to be long, then by how many tests there are."""
    tests = Counter(map(unit, nodeids))
    known = {each: place for place, each in enumerate(LONGEST)}
    ordered = sorted(tests, key=lambda each: (known.get(each, len(known)), -tests[each]))
    return {each: place for place, each in enumerate(ordered)}
