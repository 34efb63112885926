"""Limits: so often a caller and no more, in one process or over Redis, and never for services."""

import time

import pytest
import redis
from flask import request

from services.shared.auth import allow, public
from services.shared.limits import new_limiter


@pytest.fixture
def limited(make_toy, issuer):
    """Makes a toy with a limited view; *redis_url* is where it counts."""

    def make(redis_url: str | None = None, default: tuple[str, ...] = (), prefix: str = ""):
        limiter = new_limiter(redis_url, default, prefix=prefix)

        def add(blueprint, _) -> None:
            @blueprint.get("/few")
            @limiter.limit("2/minute")
            @public
            def few() -> dict[str, int]:
                return {}

            @blueprint.post("/mine")
            @limiter.limit("2/minute")
            @allow("customer", "service")
            def mine() -> dict[str, int]:
                return {}

        return make_toy(add=add, limiter=limiter, verifier=issuer.verifier("toy"))

    return make


def statuses(toy, path: str, times: int, method: str = "GET", **options) -> list[int]:
    """The answers' statuses, one after the other."""
    return [toy.client.open(path, method=method, **options).status_code for _ in range(times)]


def test_beyond_the_limit_it_is_429(limited) -> None:
    """A problem with Retry-After, counted under its route; good answers do not have that header."""
    toy = limited()
    first = toy.client.get("/few")
    assert (first.status_code, "Retry-After" in first.headers) == (200, False)
    toy.client.get("/few")
    refused = toy.client.get("/few")
    assert (refused.status_code, refused.json["code"]) == (429, "too_many_requests")
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    labels = {"http_request_method": "GET", "http_route": "/few", "traffic": "user"}
    assert toy.value("http_server_requests_total", **labels, http_response_status_code="429") == 1


def test_each_address_has_its_own(limited) -> None:
    """Where nobody is asked who they are; other views are not touched."""
    toy = limited()
    assert statuses(toy, "/few", 3, environ_base={"REMOTE_ADDR": "203.0.113.1"}) == [200, 200, 429]
    assert statuses(toy, "/few", 1, environ_base={"REMOTE_ADDR": "203.0.113.2"}) == [200]
    assert statuses(toy, "/things/a", 5) == [200] * 5


def test_a_forwarded_address_is_not_believed(limited) -> None:
    """Or anybody would have as many as they like."""
    toy = limited()
    found = [
        toy.client.get("/few", headers={"X-Forwarded-For": f"203.0.113.{number}"}).status_code for number in range(3)
    ]
    assert found == [200, 200, 429]


def test_each_principal_has_its_own(limited, issuer) -> None:
    """From whatever address, and with however many tokens."""
    toy = limited()

    def ask(subject: str) -> int:
        return toy.client.post("/mine", headers=issuer.bearer(subject, ["customer"], "toy")).status_code

    assert [ask("u-1") for _ in range(3)] == [200, 200, 429]
    assert ask("u-2") == 200


def test_services_are_not_limited(limited, issuer) -> None:
    """They ask for everybody."""
    headers = issuer.bearer("service:orders", ["service"], "toy")
    assert statuses(limited(), "/mine", 5, "POST", headers=headers) == [200] * 5


def test_strangers_use_up_nobodys_limit(limited, issuer) -> None:
    """Requests without a token are refused before they are counted."""
    toy = limited()
    assert statuses(toy, "/mine", 5, "POST") == [401] * 5
    assert toy.client.post("/mine", headers=issuer.bearer("u-3", ["customer"], "toy")).status_code == 200


def test_a_default_holds_for_every_view_but_the_platforms(limited) -> None:
    """Health and metrics are asked all the time."""
    toy = limited(default=("2/minute",))
    assert statuses(toy, "/things/a", 3) == [200, 200, 429]
    for path in ("/livez", "/readyz", "/metrics"):
        assert statuses(toy, path, 5) == [200] * 5


def test_the_description_says_429(limited, toy) -> None:
    """Where there are limits."""
    assert "429" in limited().client.get("/api/openapi.json").json["paths"]["/few"]["get"]["responses"]
    assert "429" not in toy.client.get("/api/openapi.json").json["paths"]["/things"]["post"]["responses"]


def test_replicas_count_together_over_redis(limited, redis_server: str) -> None:
    """Two processes, one limit; another service's counts are its own."""
    first, second, other = (limited(redis_server, prefix=prefix) for prefix in ("toy", "toy", "other"))
    assert [toy.client.get("/few").status_code for toy in (first, second, first)] == [200, 200, 429]
    assert other.client.get("/few").status_code == 200
    assert redis.Redis.from_url(redis_server).dbsize() > 0


def test_without_redis_the_process_counts_alone(limited) -> None:
    """A limit is no reason for an outage, and no answer waits for long."""
    toy = limited("redis://127.0.0.1:9/0")
    began = time.monotonic()
    assert statuses(toy, "/few", 3) == [200, 200, 429]
    assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    ("proxies", "counted"),
    [(0, "127.0.0.1"), (1, "203.0.113.9"), (2, "198.51.100.7")],
)
def test_an_address_is_what_our_own_proxies_say(make_toy, proxies: int, counted: str) -> None:
    """The last so many that were added; what a client writes itself stands before them and is not believed."""

    def add(blueprint, _board) -> None:
        @blueprint.get("/address")
        @public
        def address() -> dict[str, str | None]:
            return {"address": request.remote_addr}

    client = make_toy(add=add, settings={"proxies": proxies}).client
    answer = client.get("/address", headers={"X-Forwarded-For": "192.0.2.1, 198.51.100.7, 203.0.113.9"})
    assert answer.json == {"address": counted}
