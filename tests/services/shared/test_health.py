"""Health pages: alive is not ready, and neither asks another service."""

from services.shared.service import DRAINING


def failing_check() -> None:
    """A store that cannot be used."""
    raise OSError("database is gone: password=hunter2")


def test_a_healthy_process_is_alive_and_ready(toy) -> None:
    """Both pages answer 200."""
    assert [toy.client.get(path).status_code for path in ("/livez", "/readyz")] == [200, 200]


def test_a_broken_store_makes_it_unready_not_dead(make_toy) -> None:
    """A restart would not mend the store, so only traffic is turned away; the reason stays inside."""
    client = make_toy(check=failing_check).client
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json["code"]) == (503, "not_ready")
    assert "hunter2" not in answer.text
    assert client.get("/livez").status_code == 200


def test_a_draining_process_is_unready_and_still_serves(toy) -> None:
    """Once told to stop, it asks for no more traffic but answers what comes."""
    toy.app.extensions[DRAINING].start()
    answer = toy.client.get("/readyz")
    assert (answer.status_code, answer.json["code"]) == (503, "draining")
    assert toy.client.get("/livez").status_code == 200
    assert toy.client.get("/things/a").status_code == 200
