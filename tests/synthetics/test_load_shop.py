"""Load on a real shop: a stampede sells what there is, and two workers for a minute leave nothing behind."""

import os
import re
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from local.shop_parts import DOOR_FOR_LOAD, USERS_FOR_LOAD
from local.shop_run import ShopRun, running_shop
from synthetics.report import step_rows
from tests.services.running import ROOT
from tests.synthetics.runs import SIGNED, load, load_command, report, said
from tests.synthetics.visiting import add_staff

# Visits a second of the minute, far below what the shop bears.
RATE = 2


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShopRun]:
    """As the platform is with `--for-load`, with a staff account."""
    folder = tmp_path_factory.mktemp("shop")
    with running_shop(folder, door=DOOR_FOR_LOAD, environ=USERS_FOR_LOAD) as running:
        add_staff(running)
        yield running


def orders(shop: ShopRun) -> Counter[tuple[str, str]]:
    """How many orders came to which state, and whose traffic they were, by the service's own count."""
    text = shop.ask("orders", "/metrics").body.decode()
    found: Counter[tuple[str, str]] = Counter()
    for labels, value in re.findall(r"^shop_orders_total\{(.*)\} (\S+)$", text, re.M):
        named = dict(re.findall(r'(\w+)="([^"]*)"', labels))
        found[named["state"], named["traffic"]] += int(float(value))
    return found


def test_a_stampede_of_100_for_10_units_sells_10_and_refuses_90_cleanly(shop: ShopRun, tmp_path: Path) -> None:
    """By what the buyers were told, and by what the shop counted; afterwards all of it is cancelled."""
    before = orders(shop)
    run = load("--host", shop.url, "--shape", "stampede", "--report", str(tmp_path), timeout=240)
    assert "stampede of 100 for 10: 10 confirmed, 90 out of stock" in run.stdout, said(run)
    found = report(tmp_path)
    assert found["stampede"]["outcomes"] == {"confirmed": 10, "out_of_stock": 90}
    assert found["outcome"] in ("passed", "invalid"), found["reasons"]
    assert all(reason.startswith("generator ") for reason in found["reasons"])
    came = orders(shop) - before
    assert came["CONFIRMED", "load"] == 10
    assert {traffic for (_, traffic), count in came.items() if count} == {"load"}
    assert found["clean_up"]["cancelled"] == 10
    assert found["clean_up"]["failed"] == 0


def test_what_a_run_that_dies_has_bought_is_cancelled(shop: ShopRun, tmp_path: Path) -> None:
    """Its one process is killed, and tells nothing of the run: which accounts were used is known all the same."""
    shape, began = tmp_path / "buy.yaml", orders(shop)["CONFIRMED", "load"]
    shape.write_text("{seconds: 60, visits_per_second: 3, course: [[0, 1], [1, 1]], journeys: {buy: 1}}")
    command = load_command("--host", shop.url, "--shape", str(shape), "--report", str(tmp_path))
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | SIGNED, stdout=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while orders(shop)["CONFIRMED", "load"] < began + 3 and time.monotonic() < deadline:
        time.sleep(0.2)
    (child,) = psutil.Process(process.pid).children()
    child.kill()
    out, _ = process.communicate(timeout=120)
    assert (process.returncode, "the load ended without a word" in out) == (3, True), out
    found = report(tmp_path)["clean_up"]
    assert found["cancelled"] >= 3
    assert found["failed"] == 0
    assert f"clean-up: {found['cancelled']} orders cancelled" in out


@pytest.mark.parametrize("minutes", [1, pytest.param(5, marks=pytest.mark.full)])
def test_minutes_from_two_workers_are_reported_and_leave_nothing(shop: ShopRun, tmp_path: Path, minutes: int) -> None:
    """Visits come as often as was said; every order is cancelled, none counts as a user's, and no token shows."""
    before = orders(shop)
    options = ("--shape", "steady", "--rate", f"{RATE}/s", "--for", f"{minutes}m", "--workers", "2")
    run = load("--host", shop.url, *options, "--report", str(tmp_path), timeout=minutes * 60 + 240)
    found = report(tmp_path)
    assert found["outcome"] in ("passed", "invalid"), said(run)
    assert all(reason.startswith("generator ") for reason in found["reasons"]), said(run)
    begun = sum(count for _, how, count in found["book"]["visits"] if how == "begun")
    # As many as are to come, and four times as much as counts of a Poisson process vary.
    expected = RATE * 60 * minutes
    assert abs(begun - expected) <= 4 * expected**0.5
    assert {each["name"] for each in found["generators"]} == {"1 of 2", "2 of 2"}
    assert all(each["cpu_share_mean"] is not None and each["lag_p99"] is not None for each in found["generators"])
    assert {row["journey"] for row in step_rows(found)} == {"browse", "search", "buy"}
    came = orders(shop) - before
    assert came["CONFIRMED", "load"] == found["clean_up"]["cancelled"] > 0
    assert {traffic for (_, traffic), count in came.items() if count} == {"load"}
    assert re.search(rf"^\d:\d\d/{minutes}:00 .* visits/s ", run.stderr, re.M)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    for text in (run.stdout, run.stderr, page, (tmp_path / "report.json").read_text(encoding="utf-8")):
        assert "eyJ" not in text  # how every JSON web token begins
        assert "@" not in re.sub(r"@(?:media|import|font-face)", "", text)
