"""Who may call what: closed unless a view says otherwise, and the token comes before all else."""

import logging

import pytest

from services.shared.auth import allow, principal, public
from services.shared.errors import ConfigError

BEARER = {"WWW-Authenticate": "Bearer"}


def views(blueprint, _) -> None:
    """A view a policy."""

    @blueprint.get("/mine")
    @allow("customer")
    def mine() -> dict[str, object]:
        return {"subject": principal().subject, "roles": sorted(principal().roles)}

    @blueprint.post("/prices")
    @allow("staff", "service")
    def change_price() -> dict[str, str]:
        return {"by": principal().subject}

    @blueprint.get("/whose")
    @public
    def whose() -> dict[str, str]:
        return {"subject": principal().subject}


@pytest.fixture
def closed(make_toy, issuer):
    """The toy with those views, for tokens of the audience toy."""
    return make_toy(add=views, verifier=issuer.verifier("toy"))


def bearer(issuer, *roles: str, subject: str = "u-1", audience: str = "toy") -> dict[str, str]:
    """The header of somebody with *roles*."""
    return issuer.bearer(subject, roles, audience)


def test_whoever_has_the_role_gets_in(closed, issuer) -> None:
    """And the view knows who it is."""
    answer = closed.client.get("/mine", headers=bearer(issuer, "customer", "staff"))
    assert (answer.status_code, answer.json) == (200, {"subject": "u-1", "roles": ["customer", "staff"]})
    service = bearer(issuer, "service", subject="service:orders")
    assert closed.client.post("/prices", headers=service).json == {"by": "service:orders"}


@pytest.mark.parametrize("roles", [(), ("warehouse",), ("customer",)])
def test_another_role_is_403(closed, issuer, roles: tuple[str, ...]) -> None:
    """Known, but not allowed."""
    answer = closed.client.post("/prices", headers=bearer(issuer, *roles))
    assert (answer.status_code, answer.json["code"]) == (403, "forbidden")


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="no header"),
        pytest.param({"Authorization": "Basic dTpw"}, id="another scheme"),
        pytest.param({"Authorization": "Bearer"}, id="no token"),
        pytest.param({"Authorization": "Bearer "}, id="an empty token"),
        pytest.param({"Cookie": "token=x"}, id="a cookie"),
    ],
)
def test_without_a_token_it_is_401(closed, headers: dict[str, str]) -> None:
    """And the answer says what is asked for."""
    answer = closed.client.get("/mine", headers=headers)
    assert (answer.status_code, answer.json["code"]) == (401, "unauthorized")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.content_type == "application/problem+json"


def test_a_bad_token_is_401_and_not_explained(closed, issuer, caplog: pytest.LogCaptureFixture) -> None:
    """One for another service, one that is none: the same answer. The log says what failed, without the token."""
    caplog.set_level(logging.INFO)
    other = bearer(issuer, "customer", audience="payments")
    bodies = set()
    for headers in (other, {"Authorization": "Bearer a.b.c"}):
        answer = closed.client.get("/mine", headers=headers | {"X-Request-Id": "r", "traceparent": "00-" + "a" * 32})
        assert (answer.status_code, answer.json["code"]) == (401, "invalid_token")
        assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
        bodies.add(str(answer.json | {"trace_id": None}))
    assert len(bodies) == 1
    assert [record.reason for record in caplog.records if record.message == "token refused"] == [
        "audience",
        "malformed",
    ]
    assert other["Authorization"].split(".")[2] not in caplog.text


def test_who_sent_it_comes_before_what_it_says(closed) -> None:
    """A stranger learns nothing from a malformed body, not even whether it is JSON."""
    assert closed.client.post("/prices", data="x" * 70_000).status_code == 401


def test_a_public_view_asks_nobody(closed, issuer) -> None:
    """A token that is sent, good or bad, changes nothing, and there is no principal."""
    for headers in ({}, {"Authorization": "Bearer nonsense"}, bearer(issuer, "customer")):
        assert closed.client.get("/things/a", headers=headers).status_code == 200
    assert closed.client.get("/whose", headers=bearer(issuer, "customer")).status_code == 500


def test_the_platforms_pages_are_public(closed) -> None:
    """Probes and scrapers have no tokens."""
    for path in ("/livez", "/readyz", "/metrics", "/api/openapi.json"):
        assert closed.client.get(path).status_code == 200


def test_a_principal_ends_with_its_request(closed, issuer) -> None:
    """The next request of the same client is a stranger's again."""
    client = closed.client
    assert client.get("/mine", headers=bearer(issuer, "customer")).status_code == 200
    assert client.get("/mine").status_code == 401


def test_without_a_verifier_every_closed_route_is_401(make_toy, issuer, caplog: pytest.LogCaptureFixture) -> None:
    """The default trusts nobody, and says so once."""
    toy = make_toy(add=views)
    warnings = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert warnings == ["no issuer is trusted: every route that is not public answers 401"]
    assert toy.client.get("/mine", headers=bearer(issuer, "customer")).status_code == 401
    assert toy.client.get("/things/a").status_code == 200


def test_a_service_that_is_all_public_needs_no_issuer(make_toy, caplog: pytest.LogCaptureFixture) -> None:
    """And does not warn that it has none."""
    make_toy()
    assert caplog.records == []


def test_a_view_without_a_policy_stops_the_start(make_toy) -> None:
    """The error names the route; those that say something are not in it."""

    def add(blueprint, _) -> None:
        @blueprint.get("/forgotten/<name>")
        def forgotten(name: str) -> str:
            return name

    with pytest.raises(ConfigError, match=r"^no @public or @allow\(…\) on the view of /forgotten/<name>$"):
        make_toy(add=add)


def test_a_view_that_comes_later_is_closed(closed, issuer) -> None:
    """What the check at the start has not seen is 403 for everybody."""
    closed.app.add_url_rule("/late", view_func=lambda: "open")
    assert closed.client.get("/late", headers=bearer(issuer, "customer", "staff")).status_code == 403


def test_an_unknown_path_is_404_for_strangers_too(closed) -> None:
    """There is nothing to protect."""
    assert closed.client.get("/nowhere").status_code == 404
    assert closed.client.delete("/mine").status_code == 405


@pytest.mark.parametrize("roles", [(), ("operator",), ("customer", "root")])
def test_a_policy_names_roles_that_exist(roles: tuple[str, ...]) -> None:
    """A typing error in a role would close a route for good."""
    with pytest.raises(ValueError, match="expected one or more of admin, customer, service, staff, warehouse"):
        allow(*roles)


def test_the_description_says_who_may_call(closed) -> None:
    """Closed operations ask for a bearer token and answer 401 and 403; public ones do not."""
    document = closed.client.get("/api/openapi.json").json
    operation = document["paths"]["/prices"]["post"]
    assert (operation["security"], operation["x-roles"]) == ([{"bearer": []}], ["service", "staff"])
    assert {"401", "403"} <= set(operation["responses"])
    assert "security" not in document["paths"]["/things/{name}"]["get"]
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
