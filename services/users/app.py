"""Puts users together from what it is given: no environment, no disk, no clock of its own."""

import random
import time
from collections.abc import Callable, Container

from apiflask import APIFlask
from prometheus_client import CollectorRegistry

from services.shared import jobs, migrate, openapi, service
from services.shared.config import Config
from services.shared.database import Database
from services.shared.faults import FaultBoard, database_guard, database_pause
from services.shared.faults_api import expose_to
from services.shared.identity import TokenVerifier
from services.shared.limits import new_limiter
from services.users.adapters.metrics import UserMetrics
from services.users.adapters.signing import AccountSigner
from services.users.adapters.sql import SqlStore
from services.users.api.auth import auth_pages
from services.users.api.keys import key_pages
from services.users.api.users import user_pages
from services.users.domain.account import USER_ID_PATTERN
from services.users.domain.accounts import Accounts
from services.users.domain.ports import Hasher, Mailer
from services.users.domain.post import Post
from services.users.domain.sign_in import SignIn
from services.users.figures import JOBS
from services.users.settings import Settings

# Where wsgi finds what to run beside the requests.
POST = "post"


def create_app(  # noqa: PLR0913  # a name for each thing that a service is put together from
    *,
    database: Database,
    registry: CollectorRegistry,
    config: Config,
    settings: Settings,
    hasher: Hasher,
    signer: AccountSigner,
    mailer: Mailer,
    common: Container[str],
    verifier: TokenVerifier | None = None,
    clock: Callable[[], float] = time.monotonic,
    now: Callable[[], float] = time.time,
) -> APIFlask:
    """The application of users.

    Args:    registry: takes its metrics; one an application. common: passwords that are refused. verifier: whose
             tokens count; by default nobody's. clock: monotonic seconds; now: Unix seconds.
    """
    board = FaultBoard(clock=clock, random=random.random)
    database.guard = database_guard(board)
    database.pause = database_pause(board, time.sleep)
    store = SqlStore(database, settings.limits)
    figures = UserMetrics(registry)
    sign_in = SignIn(store, hasher, signer, figures, now)
    accounts = Accounts(store, hasher, sign_in, figures, common=common, now=now)
    limiter = new_limiter(config.redis_url, prefix=config.service)
    jobs.show_in(registry, database, (), JOBS)
    blueprints = (
        auth_pages(accounts, sign_in, limiter, settings),
        user_pages(accounts, limiter),
        key_pages(signer.published),
    )
    for blueprint in blueprints:
        expose_to(blueprint, board)
    revision = migrate.head("users")
    app = service.build(
        config=config,
        registry=registry,
        blueprints=blueprints,
        board=board,
        check=lambda: database.check(revision),
        title="Tillwatch users",
        description="Accounts, logins, and the tokens that the other services trust.",
        verifier=verifier,
        limiter=limiter,
        no_store=True,
        clock=clock,
        now=now,
    )
    openapi.complete(app, patterns={"user_id": USER_ID_PATTERN}, headers={})
    app.extensions[POST] = Post(store, mailer, public_url=settings.public_url, now=now)
    return app
