"""Logging in: tokens that other services accept, and answers that tell nobody whose address is known."""

import statistics
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from services.shared.errors import InvalidToken
from services.shared.identity import USERS_ISSUER
from services.shared.tokens import JwksVerifier
from services.users.adapters.hashing import Argon2Hasher
from services.users.domain.throttle import Limits
from services.users.settings import Settings
from tests.services.users.conftest import EMAIL, PASSWORD


def test_who_registers_logs_in(world) -> None:
    """At once, in whatever case the address is written; the answer says who it is, and is kept by no cache."""
    registered = world.register("Ada@Example.COM")
    assert (registered.status_code, registered.json) == (202, {"status": "accepted"})
    answer = world.log_in("aDa@example.com")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert {name: answer.json[name] for name in ("token_type", "expires_in", "refresh_expires_in")} == {
        "token_type": "Bearer",
        "expires_in": 600,
        "refresh_expires_in": 30 * 24 * 3600,
    }
    user = answer.json["user"]
    assert (user["email"], user["name"], user["roles"]) == ("ada@example.com", "Ada", ["customer"])
    assert user["created_at"] == "2023-11-14T22:13:20.000Z"
    assert world.count("auth_logins_total", outcome="success", traffic="user") == 1
    assert world.count("auth_registrations_total", outcome="created") == 1


def test_its_token_is_good_where_a_customer_goes(world, ada) -> None:
    """At orders and here, for ten minutes; not at the catalog, whose only closed route is for staff."""
    for audience in ("orders", "users"):
        verifier = JwksVerifier(world.issuer.jwks_file, audience, (USERS_ISSUER,), now=world.clock)
        found = verifier.verify(ada["access_token"])
        assert (found.subject, found.roles) == (ada["user"]["user_id"], {"customer"})
    world.clock.now += 611
    with pytest.raises(InvalidToken, match="expired"):
        verifier.verify(ada["access_token"])
    with pytest.raises(InvalidToken, match="audience"):
        JwksVerifier(world.issuer.jwks_file, "catalog", (USERS_ISSUER,), now=world.clock).verify(ada["access_token"])


@pytest.mark.parametrize(
    ("email", "password"),
    [
        pytest.param(EMAIL, "another-password", id="a wrong password"),
        pytest.param("bob@example.com", PASSWORD, id="an unknown address"),
        pytest.param("eve@example.com", PASSWORD, id="a disabled account"),
    ],
)
def test_every_failure_reads_the_same(world, ada, email: str, password: str) -> None:
    """Status, headers and body, but for the ids of the request."""
    world.register("eve@example.com")
    eve = world.log_in("eve@example.com").json["user"]["user_id"]
    with world.database.writing() as connection:
        connection.exec_driver_sql(f"UPDATE users SET disabled_at_ms = 1 WHERE user_id = '{eve}'")
    answer = world.log_in(email, password)
    body = {name: value for name, value in answer.json.items() if name not in ("request_id", "trace_id")}
    assert answer.status_code == 401
    assert body == {
        "type": "about:blank",
        "title": "Unauthorized",
        "status": 401,
        "code": "invalid_credentials",
        "detail": "No account has this address and this password.",
    }
    assert sorted(answer.headers.keys()) == sorted(
        (
            "Content-Type",
            "Content-Length",
            "WWW-Authenticate",
            "Cache-Control",
            "X-Content-Type-Options",
            "X-Request-Id",
        )
    )


def test_an_unknown_address_takes_as_long(make_world) -> None:
    """Medians of logins by turns, with what hashing really costs: within a tenth of each other.

    Of a processor's time, once in three times: whatever else this machine does hardly shows, and a leak shows in each.
    What a client's own clock sees is tried in tests/attacks.
    """
    unlimited = Settings(limits=Limits(account_free=1000, address_attempts=1000))
    world = make_world(unlimited, Argon2Hasher())
    world.register()
    apart = [difference(world, (EMAIL, "bob@example.com"))]
    while apart[-1] >= 0.1 and len(apart) < 3:
        apart.append(difference(world, (EMAIL, "bob@example.com")))
    assert apart[-1] < 0.1, apart


def difference(world, emails: tuple[str, str]) -> float:
    """How far the medians of a refused login with each of *emails* are from each other, 0-1."""
    taken: dict[str, list[float]] = {email: [] for email in emails}
    for _ in range(25):
        for email, seconds in taken.items():
            began = time.process_time()
            assert world.log_in(email, "another-password").status_code == 401
            seconds.append(time.process_time() - began)
    one, other = (statistics.median(seconds) for seconds in taken.values())
    return abs(one - other) / max(one, other)


def test_an_account_is_tried_slower_and_slower(world, ada) -> None:
    """Five attempts, then waits that double; the right password is not looked at before its time, then it is good."""
    for _ in range(5):
        assert world.log_in(password="another-password").status_code == 401
    waits = []
    for _ in range(5):
        refused = world.log_in()
        assert (refused.status_code, refused.json["code"]) == (429, "too_many_attempts")
        waits.append(int(refused.headers["Retry-After"]))
        world.clock.now += waits[-1]
        assert world.log_in(password="another-password").status_code == 401
    assert waits == [1, 2, 4, 8, 16]
    world.clock.now += 32
    assert world.log_in().status_code == 200
    assert world.log_in(password="another-password").status_code == 401
    assert world.log_in().status_code == 200
    assert world.count("auth_logins_total", outcome="throttled", traffic="user") == 5


def test_an_unknown_account_is_slowed_down_alike(world) -> None:
    """Else the wait would tell which addresses are known."""
    statuses = [world.log_in("nobody@example.com").status_code for _ in range(7)]
    assert statuses == [401] * 5 + [429] * 2


def test_an_address_may_not_try_many_accounts(make_world) -> None:
    """So many attempts in five minutes, whichever accounts; logins that succeed do not count, other addresses go on."""
    world = make_world(Settings(limits=Limits(address_attempts=4)))
    world.register()
    here, there = ({"environ_base": {"REMOTE_ADDR": address}} for address in ("192.0.2.1", "192.0.2.2"))
    for _ in range(6):
        assert world.log_in(**here).status_code == 200
    statuses = [world.log_in(f"u{number}@example.com", **here).status_code for number in range(6)]
    assert statuses == [401] * 4 + [429] * 2
    assert world.log_in(**here).status_code == 429
    assert world.log_in(**there).status_code == 200
    world.clock.now += 301
    assert world.log_in(**here).status_code == 200


def test_an_address_that_waits_leaves_no_trace_of_what_it_tries(make_world, database) -> None:
    """However many accounts it names: a row for each would fill the disk."""
    world = make_world(Settings(limits=Limits(address_attempts=3)))
    statuses = [world.log_in(f"u{number}@example.com").status_code for number in range(50)]
    assert statuses == [401] * 3 + [429] * 47
    with database.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM attempts").scalar_one() == 4


def test_many_guesses_at_once_are_no_more(world, ada) -> None:
    """An attempt is counted before its password is looked at: twenty threads get five answers."""

    def guess(number: int) -> int:
        status: int = (
            world.client.application.test_client()
            .post("/api/v1/auth/login", json={"email": EMAIL, "password": f"another-password-{number}"})
            .status_code
        )
        return status

    with ThreadPoolExecutor(20) as threads:
        statuses = sorted(threads.map(guess, range(20)))
    assert statuses == [401] * 5 + [429] * 15


def test_a_hash_of_other_parameters_is_renewed(make_world, database) -> None:
    """At the next login, which is when the password is known."""
    make_world().register()
    renewed = make_world(hasher=Argon2Hasher(memory_kib=16, passes=1))
    assert renewed.log_in().status_code == 200
    with database.reading() as connection:
        assert "$m=16,t=1,p=1$" in connection.exec_driver_sql("SELECT password_hash FROM users").scalar_one()
    assert renewed.log_in().status_code == 200


def test_too_many_at_once_is_an_honest_503(make_world, monkeypatch) -> None:
    """What cannot be hashed in time is refused with a time to come again."""
    world = make_world()
    monkeypatch.setattr("services.users.adapters.hashing.WAIT_SECONDS", 0)
    answer = world.register()
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
