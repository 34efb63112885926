"""The gateway as it runs: gunicorn and the worker as processes of their own, on one SQLite file."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.payments.worker import main
from services.shared.issuer import Issuer
from tests.services.payments.receiver import KEY, free_port, is_signed, receiving
from tests.services.payments.running_gateway import EUR_2490, PATH
from tests.services.running import ROOT, Answer, Service, serving

REFERENCE = f"ord_{7:032x}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the database is."""
    return tmp_path_factory.mktemp("payments")


@pytest.fixture(scope="module")
def service(folder: Path, issuer: Issuer) -> Iterator[Service]:
    """The gateway under gunicorn."""
    environ = {"DATA_DIR": str(folder), "JWKS_FILE": str(issuer.jwks_file), "DATABASE_URL": ""}
    with serving("services.payments.wsgi:app", environ=environ) as found:
        yield found


def post(service: Service, issuer: Issuer, path: str, body: object = None, **headers: str) -> Answer:
    """A change, asked for by the service orders."""
    sent = issuer.bearer("service:orders", {"service"}, "payments") | headers
    if body is not None:
        sent["Content-Type"] = "application/json"
    return service.ask(PATH + path, "POST", None if body is None else json.dumps(body).encode(), sent)


def wait_for(condition, seconds: float = 10) -> None:
    """Return once *condition* holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_payment_its_timeout_and_its_webhooks(service: Service, issuer: Issuer, folder: Path) -> None:
    """A charge whose answer never comes is found by asking; a worker that is started later tells of all steps."""
    body = {"reference": REFERENCE, "amount": EUR_2490, "payment_method": "tok_timeout_after"}
    began = time.monotonic()
    lost = post(service, issuer, "", body, **{"Idempotency-Key": "a", "Request-Timeout-Ms": "300"})
    assert (lost.status, lost.json()["code"]) == (504, "gateway_timeout")
    assert 0.3 < time.monotonic() - began < 2
    bearer = issuer.bearer("service:orders", {"service"}, "payments")
    assert service.ask(f"{PATH}/{REFERENCE}", headers=bearer).json()["state"] == "AUTHORISED"
    assert post(service, issuer, f"/{REFERENCE}/capture", **{"Idempotency-Key": "c"}).status == 200
    metrics_port = free_port()
    with receiving() as receiver:
        environ = os.environ | {
            "DATA_DIR": str(folder),
            "DATABASE_URL": "",
            "WEBHOOK_URL": receiver.url,
            "WEBHOOK_KEY": KEY,
            "METRICS_PORT": str(metrics_port),
        }
        command = [sys.executable, "-m", "services.payments.worker"]
        with subprocess.Popen(command, cwd=ROOT, env=environ, stderr=subprocess.PIPE, text=True) as worker:
            try:
                wait_for(lambda: len(receiver.got) == 2)
                wait_for(lambda: "shop_event_delivery_seconds_count 2.0" in metrics_of(metrics_port))
            finally:
                worker.send_signal(signal.SIGTERM)
                _, log = worker.communicate(timeout=10)
            assert worker.returncode == 0
    assert receiver.types() == ["payment.authorised", "payment.captured"]
    assert all(is_signed(h, b, now=time.time()) for h, b in zip(receiver.headers, receiver.bodies, strict=True))
    lines = [json.loads(line) for line in log.splitlines()]
    assert [line["message"] for line in lines] == ["worker started", "worker stopped"]
    assert KEY not in log


def metrics_of(port: int) -> str:
    """The worker's metrics; nothing while it does not listen yet."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=2) as answer:
            return answer.read().decode()
    except OSError:
        return ""


def test_its_log_holds_no_card_number(service: Service, issuer: Issuer) -> None:
    """Whoever sends one in a path, a body or a header finds 422, and the log nothing."""
    card = "4242424242424242"
    key = {"Idempotency-Key": "x"}
    answers = [
        post(service, issuer, "", {"reference": card}, **key),
        post(service, issuer, f"/{card}/capture", **key),
        post(service, issuer, "", {card: card}, **{"Idempotency-Key": card}),
    ]
    assert [answer.status for answer in answers] == [422] * 3
    assert card not in service.log.read_text(encoding="utf-8")
    assert all(card.encode() not in answer.body for answer in answers)


def test_without_keys_to_trust_it_refuses_everybody(tmp_path: Path, issuer: Issuer) -> None:
    """401, and one line in the log says why."""
    environ = {"DATA_DIR": str(tmp_path), "JWKS_FILE": "", "DATABASE_URL": ""}
    with serving("services.payments.wsgi:app", environ=environ) as closed:
        assert closed.ask(PATH, headers=issuer.bearer("service:orders", {"service"}, "payments")).status == 401
        assert len([line for line in closed.lines() if "issuer" in line["message"]]) == 1


@pytest.mark.parametrize(
    ("name", "value"), [("METRICS_PORT", "0"), ("METRICS_PORT", "http"), ("WEBHOOK_KEY", "short"), ("WEBHOOK_URL", "x")]
)
def test_a_wrong_setting_stops_the_worker(name: str, value: str, capsys) -> None:
    """It names the variable, not what may be a secret."""
    assert main({name: value}) == 2
    assert name in capsys.readouterr().err
