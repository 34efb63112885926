"""The scanner of what services leave behind finds what it is for, and nothing else."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scan import findings


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that the scan of the whole run, which looks into all folders of tests, does not see."""
    with tempfile.TemporaryDirectory(prefix="tillwatch-scan-") as folder:
        yield Path(folder)


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ('{"message": "hello ada@example.com"}', "e-mail address"),
        ("GET /users/ada%40example.com", "e-mail address"),
        ("paid with 4242 4242 4242 4242.", "card number"),
        ('{"card": "4242424242424242"}', "card number"),
        ("card 4242-4242-4242-4242 declined", "card number"),
        ("Authorization: Bearer abcdefgh12345678", "bearer"),
        ("got eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ1LTEifQ.c2ln", "token"),
        ("$argon2id$v=19$m=12288", "hashed password"),
        ("postgresql+psycopg://shop:hunter2@db/orders", "password in an address"),
        ("-----BEGIN PRIVATE KEY-----", "private key"),
        ("the fault token is a-token-of-this-test", "secret"),
        ("a key: c2VjcmV0LXBhcnQ", "secret"),
        ('{"took": 0.4242424242424242, "at": 1700000000000, "trace_id": "42424242424242424242424242424242"}', None),
        ('{"span_id": "4242424242424242"} 4242424242424241', None),
        ('{"spanId": "4242424242424242", "parentSpanId":"4242424242424242"}', None),
        ("build by team+pkg-go@tracker.debian.org", None),
        ("SKU-4242424242424242 at 127.0.0.1:8001 by tok_visa", None),
    ],
)
def test_what_is_found(place: Path, written: str, kind: str | None) -> None:
    """Each kind by its form, secrets by their text, private keys of the folder among them."""
    (place / "keys").mkdir()
    (place / "keys" / "orders.key.json").write_text(json.dumps({"d": "c2VjcmV0LXBhcnQ"}), encoding="utf-8")
    (place / "orders.log").write_text(f"a line\n{written}\n", encoding="utf-8")
    found = list(findings(place, ["a-token-of-this-test"]))
    if kind is None:
        assert not found
    else:
        assert (found[0].kind, found[0].place) == (kind, "orders.log:2")


@pytest.mark.parametrize("name", ["a/orders.log", "b/orders.metrics", "spans.jsonl"])
def test_where_it_looks(place: Path, name: str) -> None:
    """Logs, kept pages of metrics and spans, in any folder below."""
    (place / name).parent.mkdir(exist_ok=True)
    (place / name).write_text("ada@example.com\n", encoding="utf-8")
    (place / "orders.db").write_text("ada@example.com\n", encoding="utf-8")
    assert [each.place for each in findings(place)] == [f"{name}:1"]
