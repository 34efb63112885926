"""The observer gives each request its id, in the answer and while it runs, and to no other."""

import threading

from services.shared import request_id
from services.shared.observe import Observer


def test_the_callers_id_is_echoed(toy) -> None:
    """A valid id comes back, also from operational pages and errors."""
    for path in ("/things/a", "/livez", "/nowhere", "/things/broken"):
        assert toy.client.get(path, headers={"X-Request-Id": "abc-1.2_3"}).headers["X-Request-Id"] == "abc-1.2_3"


def test_an_unsafe_id_is_not_echoed(toy) -> None:
    """What could split a header or a log line is replaced."""
    sent = "x" * 65
    answered = toy.client.get("/things/a", headers={"X-Request-Id": sent}).headers["X-Request-Id"]
    assert answered != sent
    assert request_id.is_valid(answered)


def test_concurrent_requests_keep_their_own_ids() -> None:
    """Two threads in the middle of two requests each see their own id, and none afterwards."""
    seen, both_inside = {}, threading.Barrier(2, timeout=5)

    def app(environ, start_response):
        both_inside.wait()
        seen[environ["HTTP_X_REQUEST_ID"]] = request_id.current.get()
        start_response("200 OK", [])
        return [b""]

    observer = Observer(app, sinks=())

    def ask(identifier: str) -> None:
        environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "HTTP_X_REQUEST_ID": identifier}
        observer(environ, lambda *_: None)
        seen[f"after {identifier}"] = request_id.current.get()

    threads = [threading.Thread(target=ask, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=5)
    assert seen == {"one": "one", "two": "two", "after one": None, "after two": None}
