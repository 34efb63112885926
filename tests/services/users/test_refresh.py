"""Refresh tokens: each good once; a second use ends the login, whoever came first."""

from concurrent.futures import ThreadPoolExecutor

from services.users.domain.sessions import FAMILY_SECONDS, REFRESH_SECONDS, REFRESHES


def test_each_is_good_once(world, ada) -> None:
    """The next one goes on; both access tokens are good."""
    first = world.refresh(ada["refresh_token"])
    assert first.status_code == 200
    assert "user" not in first.json
    second = world.refresh(first.json["refresh_token"])
    assert second.status_code == 200
    for tokens in (ada, first.json, second.json):
        assert world.ask("GET", "/me", tokens["access_token"]).status_code == 200
    assert world.count("auth_refreshes_total", outcome="rotated") == 2


def test_a_second_use_ends_the_login(world, ada) -> None:
    """A thief has one of the two: neither goes on. Another login of the same account does."""
    other = world.log_in().json
    new = world.refresh(ada["refresh_token"]).json["refresh_token"]
    reused = world.refresh(ada["refresh_token"])
    assert (reused.status_code, reused.json["code"]) == (401, "invalid_refresh_token")
    assert world.refresh(new).status_code == 401
    assert world.refresh(other["refresh_token"]).status_code == 200
    assert world.count("auth_refreshes_total", outcome="reused") == 1


def test_of_two_at_once_one_is_the_second(world, ada) -> None:
    """Sixteen with one token: one gets new ones, and the others have ended the login."""

    def use(_: int) -> tuple[int, str | None]:
        client = world.client.application.test_client()
        answer = client.post("/api/v1/auth/refresh", json={"refresh_token": ada["refresh_token"]})
        return answer.status_code, answer.json.get("refresh_token")

    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(use, range(16)))
    assert sorted(status for status, _ in answers) == [200] + [401] * 15
    (won,) = (token for _, token in answers if token)
    assert world.refresh(won).status_code == 401


def test_it_expires(world, ada) -> None:
    """After thirty days without use."""
    world.clock.now += REFRESH_SECONDS - 1
    fresh = world.refresh(ada["refresh_token"]).json["refresh_token"]
    world.clock.now += REFRESH_SECONDS
    assert world.refresh(fresh).status_code == 401
    assert world.count("auth_refreshes_total", outcome="expired") == 1


def test_a_login_ends_however_often_it_is_refreshed(world, ada) -> None:
    """After ninety days."""
    token, began = ada["refresh_token"], world.clock.now
    while world.clock.now + 20 * 24 * 3600 < began + FAMILY_SECONDS:
        world.clock.now += 20 * 24 * 3600
        token = world.refresh(token).json["refresh_token"]
    world.clock.now = began + FAMILY_SECONDS
    assert world.refresh(token).status_code == 401


def test_a_login_is_refreshed_so_often_an_hour(world, ada) -> None:
    """Beyond that it is told to wait, its token stays good, and another login goes on."""
    token = ada["refresh_token"]
    for _ in range(REFRESHES):
        world.clock.now += 1
        token = world.refresh(token).json["refresh_token"]
    refused = world.refresh(token)
    assert (refused.status_code, refused.json["code"]) == (429, "too_many_attempts")
    assert int(refused.headers["Retry-After"]) == 3600 - (REFRESHES - 1)
    assert world.refresh(world.log_in().json["refresh_token"]).status_code == 200
    assert world.count("auth_refreshes_total", outcome="throttled") == 1
    world.clock.now += int(refused.headers["Retry-After"])
    assert world.refresh(token).status_code == 200


def test_logging_out_ends_the_login(world, ada) -> None:
    """By whichever of its tokens; one that is unknown has ended already, and is not told apart."""
    new = world.refresh(ada["refresh_token"]).json["refresh_token"]
    for token in (ada["refresh_token"], "unknown"):
        assert world.post("/logout", {"refresh_token": token}).status_code == 204
    assert world.refresh(new).status_code == 401


def test_what_is_kept_is_no_token(world, ada) -> None:
    """Whoever reads the database cannot log in with what they find."""
    with world.database.reading() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM refresh_tokens").all()
    assert rows
    assert ada["refresh_token"] not in repr(rows)


def test_a_closed_account_gets_no_more_tokens(world, ada) -> None:
    """Though its refresh token was good."""
    with world.database.writing() as connection:
        connection.exec_driver_sql("UPDATE users SET disabled_at_ms = 1")
    assert world.refresh(ada["refresh_token"]).status_code == 401
