"""The storefront under gunicorn, with services behind it that are in trouble."""

import re
import time
from pathlib import Path

from tests.services.running import serving
from tests.services.shared.peer_server import PeerServer, answers, free_port, resets, stalls
from tests.services.storefront.fake_shop import product


def test_trouble_behind_it_is_bounded_in_time(tmp_path: Path) -> None:
    """A catalog that never answers, resets, or answers nonsense is a 503 page, soon; it is back when that is back."""
    good = answers(200, {"items": [], "next_cursor": None})
    with PeerServer() as catalog, PeerServer() as inventory:
        environ = {
            "CATALOG_URL": catalog.url,
            "INVENTORY_URL": inventory.url,
            "USERS_URL": f"http://127.0.0.1:{free_port()}",
            "ORDERS_URL": f"http://127.0.0.1:{free_port()}",
            "SESSION_KEY": "a-session-key-for-tests-alone",
            "COOKIE_SECURE": "0",
        }
        with serving("services.storefront.wsgi:app", environ=environ) as service:
            for behaviour in (resets, answers(200, b"<html>"), answers(500, {}), stalls):
                catalog.will(behaviour)
                began = time.monotonic()
                answer = service.ask("/p/KIT-0001")
                assert (answer.status, answer.headers["content-type"]) == (503, "text/html; charset=utf-8")
                assert int(answer.headers["retry-after"]) >= 1
                assert time.monotonic() - began < 3
            catalog.will(good)
            _until_home_answers(service)
            catalog.will(answers(200, product("KIT-0001")))
            inventory.will(stalls)
            began = time.monotonic()
            answer = service.ask("/p/KIT-0001")
            assert (answer.status, b"In stock" in answer.body) == (200, False)
            assert time.monotonic() - began < 2
            _nothing_secret_is_logged(service)


def _until_home_answers(service) -> None:  # type: ignore[no-untyped-def]
    deadline = time.monotonic() + 20
    while service.ask("/").status != 200:
        assert time.monotonic() < deadline
        time.sleep(0.2)


def _nothing_secret_is_logged(service) -> None:  # type: ignore[no-untyped-def]
    """Signing in with the users service away: what was typed is in no line, nor is the cookie."""
    page = service.ask("/login")
    cookie = page.headers["set-cookie"].partition(";")[0]
    token = re.search(rb'name="form_token" value="([0-9a-f]+)"', page.body)
    assert token is not None
    form = f"form_token={token[1].decode()}&email=ada%40example.com&password=correct-horse".encode()
    headers = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
    assert service.ask("/login", "POST", form, headers).status == 503
    written = str(service.lines())
    for secret in ("ada@example.com", "ada%40", "correct-horse", cookie.partition("=")[2], token[1].decode()):
        assert secret not in written
