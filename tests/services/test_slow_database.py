"""The fault `database-slow` in each service as it runs: readiness asks the database, and waits for it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest

from local.shop import SERVICES
from local.shop_run import SECRETS, ShopRun, running_shop

DELAY_SECONDS = 0.15
TOKEN = {"Authorization": f"Bearer {SECRETS['FAULT_TOKEN']}"}
FAULT = {"fault": "database-slow", "delay_seconds": DELAY_SECONDS, "seconds": 60}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShopRun]:
    """Every service, each with a database of its own."""
    with running_shop(tmp_path_factory.mktemp("shop")) as found:
        yield found


def seconds_of_statements(shop: ShopRun, service: str) -> float:
    """How long the statements of *service* took so far, as its metrics have it."""
    page = shop.ask(service, "/metrics").body.decode()
    return sum(map(float, re.findall(r"^db_client_operation_duration_seconds_sum\S* (\S+)$", page, re.MULTILINE)))


@pytest.mark.parametrize("service", SERVICES)
def test_every_statement_takes_longer(shop: ShopRun, service: str) -> None:
    """In whoever asks as well as in the metrics of the database, which a slow one is told by."""
    assert shop.ask(service, "/internal/faults", "POST", FAULT, headers=TOKEN).status == 201
    before, began = seconds_of_statements(shop, service), time.monotonic()
    assert shop.ask(service, "/readyz").status == 200
    assert time.monotonic() - began >= DELAY_SECONDS
    assert seconds_of_statements(shop, service) - before >= DELAY_SECONDS
    assert f'shop_fault_active{{fault="{FAULT["fault"]}"}} 1.0' in shop.ask(service, "/metrics").body.decode()
    assert shop.ask(service, "/internal/faults", "DELETE", headers=TOKEN).status == 204
