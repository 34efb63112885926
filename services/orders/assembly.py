"""Puts the parts together that the service, its worker and its jobs have in common."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from prometheus_client import CollectorRegistry

from services.orders.adapters.catalog_http import HttpCatalog
from services.orders.adapters.delivery import Delivery, on_behalf_of
from services.orders.adapters.inventory_http import HttpInventory
from services.orders.adapters.metrics import OrderMetrics
from services.orders.adapters.orders_sql import SqlOrders
from services.orders.adapters.payments_http import HttpPayments
from services.orders.adapters.peer_replies import PeerCalls
from services.orders.domain.after_sales import AfterSales
from services.orders.domain.cart_ports import CartRepository
from services.orders.domain.checkout import Checkout
from services.orders.domain.order_book import OrderBook
from services.orders.domain.settlement import Settlement
from services.shared.config import Config
from services.shared.database import Database
from services.shared.faults import FaultBoard
from services.shared.outbound import Peer
from services.shared.service_tokens import ServiceTokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Everything that acts on orders, over one database and one set of peers."""

    metrics: OrderMetrics
    orders: SqlOrders
    book: OrderBook
    catalog: HttpCatalog
    payments: HttpPayments
    checkout: Checkout
    settlement: Settlement
    after_sales: AfterSales
    delivery: Delivery


def assemble(
    *,
    config: Config,
    database: Database,
    registry: CollectorRegistry,
    carts: CartRepository,
    board: FaultBoard | None = None,
    connect: Callable[[str], PeerCalls] | None = None,
    now: Callable[[], float] = time.time,
) -> Parts:
    """The parts.

    Args:    connect: makes the connection to a peer, by its name; by default at the address that *config* names.
             now: Unix seconds.
    Raises:  ConfigError: SERVICE_KEY_FILE holds no key of ours.
    """
    peer = connect or _connection(config, registry, board)
    metrics = OrderMetrics(registry)
    orders = SqlOrders(database, metrics.moved)
    book = OrderBook(orders, now)
    catalog, inventory = HttpCatalog(peer("catalog")), HttpInventory(peer("inventory"))
    payments = HttpPayments(peer("payments"))
    return Parts(
        metrics=metrics,
        orders=orders,
        book=book,
        catalog=catalog,
        payments=payments,
        checkout=Checkout(book, carts, catalog, inventory, payments),
        settlement=Settlement(book, inventory, payments, on_behalf_of),
        after_sales=AfterSales(book, payments, on_behalf_of),
        delivery=Delivery(inventory, carts, now=now),
    )


def _connection(config: Config, registry: CollectorRegistry, board: FaultBoard | None) -> Callable[[str], Peer]:
    tokens = None if config.service_key_file is None else ServiceTokens(config.service_key_file, config.service)

    def connect(name: str) -> Peer:
        address = config.peers[name]
        return Peer(name, address, tokens, registry=registry, traffic_key=config.traffic_key, board=board)

    return connect
