"""Puts the storefront together from what it is given: no environment, no disk of its own, no clock of its own."""

import json
import random as random_module
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from apiflask import APIBlueprint, APIFlask
from prometheus_client import CollectorRegistry

from services.shared import jobs, limits, migrate, service
from services.shared.config import Config
from services.shared.database import Database
from services.shared.faults import FaultBoard, database_guard, database_pause
from services.shared.faults_api import expose_to
from services.shared.outbound import peer_of
from services.storefront.adapters.asking import PeerCalls
from services.storefront.adapters.catalog_http import HttpCatalog
from services.storefront.adapters.figures import JOBS
from services.storefront.adapters.inventory_http import HttpStock
from services.storefront.adapters.metrics import PageMetrics
from services.storefront.adapters.orders_http import HttpOrders
from services.storefront.adapters.sealing import Box
from services.storefront.adapters.sessions_sql import SqlSessions
from services.storefront.adapters.users_http import HttpUsers
from services.storefront.domain.carts import Carts
from services.storefront.domain.fresh_tokens import FreshTokens
from services.storefront.pages import (
    account,
    api_docs,
    browse,
    cart,
    checkout,
    guards,
    orders,
    password_reset,
    refusals,
    sign_in,
)
from services.storefront.pages.assets import Assets, asset_pages
from services.storefront.pages.desk import Desk
from services.storefront.pages.frame import Frame
from services.storefront.pages.rum import rum_pages
from services.storefront.pages.visits import Visits
from services.storefront.settings import Settings

# The whole shop's API in one; `python -m services.shared.openapi_merge` writes it.
DOCUMENT = Path(__file__).with_name("shop.json")
PAGES = (browse, cart, checkout, orders, sign_in, password_reset, account)


def create_app(  # noqa: PLR0913  # a name for each thing that the service is put together from
    *,
    database: Database,
    registry: CollectorRegistry,
    config: Config,
    settings: Settings,
    connect: Callable[[str], PeerCalls] | None = None,
    pause: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
    now: Callable[[], float] = time.time,
    random: Callable[[], float] = random_module.random,
) -> APIFlask:
    """The application.

    Args:    registry: takes its metrics; one an application. connect: makes the connection to a peer, by its name;
             by default over HTTP. pause: waits for so many seconds. clock: monotonic seconds; now: Unix seconds.
             random: in [0, 1), decides which requests a fault hits.
    """
    board = FaultBoard(clock=clock, random=random)
    database.guard = database_guard(board)
    database.pause = database_pause(board, time.sleep)
    jobs.show_in(registry, database, (), JOBS)
    connect = connect or partial(peer_of, config, registry=registry, board=board)
    sessions = SqlSessions(database, Box(settings.session_key))
    users = HttpUsers(connect("users"), now=now)
    catalog, stock, shop_orders = (
        HttpCatalog(connect("catalog")),
        HttpStock(connect("inventory")),
        HttpOrders(connect("orders")),
    )
    tokens = FreshTokens(sessions, users, now=now, pause=pause)
    visits = Visits(sessions, settings, now=now)
    assets = Assets()
    limiter = limits.new_limiter(config.redis_url, prefix="storefront")

    pages = APIBlueprint("pages", __name__, enable_openapi=False)
    shown = PageMetrics(registry)
    frame = Frame(visits, assets, shown)
    desk = Desk(
        pages=pages,
        frame=frame,
        visits=visits,
        sessions=sessions,
        tokens=tokens,
        carts=Carts(tokens, catalog, shop_orders),
        catalog=catalog,
        stock=stock,
        orders=shop_orders,
        users=users,
        limiter=limiter,
        pause=pause,
        now=now,
    )
    # Before the pages' own: what another site sends is not looked at any further.
    pages.before_request(guards.refuse_other_sites)
    pages.before_request(lambda: guards.refuse_forged_forms(visits))
    for each in PAGES:
        each.add_pages(desk)
    refusals.install(pages, visits)
    rum = rum_pages(shown, limiter)
    rum.before_request(guards.refuse_other_sites)
    expose_to(pages, board)
    revision = migrate.head("storefront")

    def check() -> None:
        database.check(revision)

    app = service.build(
        config=config,
        registry=registry,
        blueprints=(pages, rum, asset_pages(assets), api_docs.documentation_pages(assets)),
        board=board,
        check=check,
        title="Tillwatch storefront",
        description="The shop as pages.",
        limiter=limiter,
        refuse_bodies=guards.refuse_other_types,
        clock=clock,
        now=now,
    )
    frame.install(app)
    shown.create_label_sets(rules_of_pages(app))
    document = json.loads(DOCUMENT.read_text(encoding="utf-8"))

    def merged(own: Any) -> Any:
        del own
        return document

    app.spec_processor(merged)
    return app


def rules_of_pages(app: APIFlask) -> tuple[str, ...]:
    """The route rules of what people look at."""
    return tuple(
        sorted(
            {
                rule.rule
                for rule in app.url_map.iter_rules()
                if rule.endpoint.startswith("pages.") and "GET" in (rule.methods or ())
            }
        )
    )
