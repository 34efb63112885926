"""A real Alertmanager, and everybody that it tells beside it: the PagerDuty stand-in, Slack, a mail server."""

from __future__ import annotations

import contextlib
import copy
import json
import socketserver
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml
from werkzeug.serving import WSGIRequestHandler, make_server

from local.pagerduty import create_app
from local.pagerduty_incident import Incident
from local.pagerduty_store import IncidentStore
from slo import key_files
from tests.ports import free_port
from tools import install

Config = dict[str, Any]
SECRETS = "/etc/alertmanager/secrets"
MANY = 100_000


@dataclass
class Heard:
    """What came: `posts` by web (path, headers, body), `mails` as they were sent, PagerDuty's `incidents` and `events`.

    An event is what the stand-in took, with the `team` whose key it had.
    """

    store: IncidentStore
    file: Path
    posts: list[tuple[str, dict[str, str], Any]] = field(default_factory=list)
    mails: list[str] = field(default_factory=list)

    @property
    def incidents(self) -> tuple[Incident, ...]:
        return self.store.incidents()

    @property
    def events(self) -> list[dict[str, Any]]:
        if not self.file.exists():
            return []
        rows = [json.loads(line) for line in self.file.read_text(encoding="utf-8").splitlines()]
        return [{**row["event"], "team": row["team"], "dedup_key": row["dedup_key"]} for row in rows]


class Alertmanager:
    """What tests ask of a running one."""

    def __init__(self, url: str, heard: Heard, log: Path) -> None:
        self.url = url
        self.heard = heard
        self._log = log

    @property
    def events(self) -> list[dict[str, Any]]:
        """What PagerDuty took."""
        return self.heard.events

    def open(self) -> dict[str, int]:
        """By team, how many incidents are open."""
        teams = [incident.team for incident in self.heard.incidents if incident.is_open]
        return {team: teams.count(team) for team in teams}

    def ready(self) -> bool:
        """Whether it answers."""
        try:
            return urllib.request.urlopen(f"{self.url}/-/ready", timeout=5).status == 200
        except (urllib.error.URLError, ConnectionError):
            return False

    def send(self, *alerts: dict[str, str], **times: str) -> None:
        """Make alerts with these labels fire; *times*: startsAt, endsAt."""
        self.post(*({"labels": labels, **times} for labels in alerts))

    def end(self, *alerts: dict[str, str]) -> None:
        """Tell that alerts with these labels are over."""
        self.send(*alerts, endsAt=moment())

    def post(self, *alerts: dict[str, Any], path: str = "/api/v2/alerts") -> None:
        """Send whole alerts, as Prometheus does."""
        request = urllib.request.Request(
            self.url + path, data=json.dumps(alerts).encode(), headers={"Content-Type": "application/json"}
        )
        urllib.request.urlopen(request, timeout=5).close()

    def silence(self, alertname: str) -> None:
        """Silence it for an hour."""
        matcher = {"name": "alertname", "value": alertname, "isRegex": False, "isEqual": True}
        body = {"matchers": [matcher], "startsAt": moment(), "endsAt": moment(3600), "createdBy": "a", "comment": "b"}
        request = urllib.request.Request(
            f"{self.url}/api/v2/silences", data=json.dumps(body).encode(), headers={"Content-Type": "application/json"}
        )
        urllib.request.urlopen(request, timeout=5).close()

    def alerts(self) -> list[dict[str, Any]]:
        """Every alert that it knows."""
        found: list[dict[str, Any]] = json.load(urllib.request.urlopen(f"{self.url}/api/v2/alerts", timeout=5))
        return found

    def muted(self) -> list[dict[str, str]]:
        """The labels of each alert that another one inhibits."""
        return [alert["labels"] for alert in self.alerts() if alert["status"]["inhibitedBy"]]

    def flushes(self, text: str) -> int:
        """How often it has looked at a group whose first lines hold *text*, to see whether somebody must be told."""
        lines = self._log.read_text(encoding="utf-8").splitlines()
        return sum("flushing" in line and text in line for line in lines)


def moment(later: float = 0) -> str:
    """Now, or so many seconds later, as Alertmanager reads it."""
    whole, part = divmod(time.time() + later, 1)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole)) + f".{int(part * 1000):03d}Z"


def timed(route: Config, **timers: str) -> Config:
    """*route* and those below it with these timers; what escalates keeps its wait."""
    kept = {name: value for name, value in timers.items() if name != "group_wait" or not route.get("continue")}
    return {**route, **kept, "routes": [timed(child, **timers) for child in route.get("routes", ())]}


@contextlib.contextmanager
def alertmanager(
    configuration: Config, folder: Path, *, group_interval: str = "1s", group_wait: str = "10ms", as_it_is: bool = False
) -> Iterator[Alertmanager]:
    """A real Alertmanager with *configuration*, but for addresses, secrets and timers.

    Args:    as_it_is: whether the configuration's own timers are kept.
    """
    with _everybody(folder) as (heard, addresses):
        port = free_port()
        here = _here(configuration, folder, addresses)
        if not as_it_is:
            here["route"] = timed(here["route"], group_wait=group_wait, group_interval=group_interval)
        path = folder / "alertmanager.yaml"
        path.write_text(yaml.safe_dump(here), encoding="utf-8")
        command = [
            install.find("alertmanager"),
            f"--config.file={path}",
            f"--storage.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--web.external-url=https://alertmanager.example",
            "--web.route-prefix=/",
            "--cluster.listen-address=",
            "--log.level=debug",
        ]
        with (folder / "log").open("ab") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
            try:
                found = Alertmanager(f"http://127.0.0.1:{port}", heard, folder / "log")
                until(found.ready)
                yield found
            finally:
                process.terminate()
                process.wait(30)


def until(true: Callable[[], bool], seconds: float = 30) -> None:
    """Wait until *true*."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.05)


# --- who is told ------------------------------------------------------------------------------------------------------


def _here(configuration: Config, folder: Path, addresses: dict[str, str]) -> Config:
    """*configuration* with the addresses of this test, and its secrets in files."""
    here: Config = copy.deepcopy(configuration)
    here["global"]["pagerduty_url"] = addresses["pagerduty"]
    for receiver in here["receivers"]:
        for webhook in receiver.get("webhook_configs", ()):
            webhook["url"] = f"{addresses['web']}/switch"
        for mail in receiver.get("email_configs", ()):
            mail |= {"smarthost": addresses["mail"], "require_tls": False}
    return _with_secrets(here, folder, addresses)


def _with_secrets(value: Any, folder: Path, addresses: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: _with_secrets(item, folder, addresses) for name, item in value.items()}
    if isinstance(value, list):
        return [_with_secrets(item, folder, addresses) for item in value]
    if not isinstance(value, str) or not value.startswith(f"{SECRETS}/"):
        return value
    owner, name = value.removeprefix(f"{SECRETS}/").split("/")
    file = folder / "secrets" / owner / name
    file.parent.mkdir(parents=True, exist_ok=True)
    contents = {key_files.ROUTING_KEY: key_of(owner), key_files.SLACK_URL: f"{addresses['web']}/slack/{owner}"}
    file.write_text(contents.get(name, f"secret-{name}"), encoding="utf-8")
    return str(file)


def key_of(owner: str) -> str:
    """The routing key of a team in these tests."""
    return owner.ljust(key_files.KEY_LENGTH, "k")[: key_files.KEY_LENGTH]


class _Keys(dict[str, str]):
    """Whose key it is: each name is written in its key."""

    def get(self, key: str, default: Any = None) -> Any:
        return key.rstrip("k") or default


@contextlib.contextmanager
def _everybody(folder: Path) -> Iterator[tuple[Heard, dict[str, str]]]:
    heard = Heard(IncidentStore(folder / "events.jsonl"), folder / "events.jsonl")
    app = create_app(store=heard.store, teams=_Keys(), events_per_minute=MANY)
    pagerduty = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    web, mail = ThreadingHTTPServer(("127.0.0.1", 0), _web(heard)), _MailServer(("127.0.0.1", 0), _mail(heard))
    with contextlib.ExitStack() as stack:
        for server in (pagerduty, web, mail):
            threading.Thread(target=server.serve_forever, daemon=True).start()
            stack.callback(server.server_close)
            stack.callback(server.shutdown)
        yield (
            heard,
            {
                "pagerduty": f"http://127.0.0.1:{pagerduty.server_port}/v2/enqueue",
                "web": f"http://127.0.0.1:{web.server_port}",
                "mail": f"127.0.0.1:{mail.server_address[1]}",
            },
        )


class _Quiet(WSGIRequestHandler):
    def log(self, *_args: object, **_more: object) -> None:
        pass


def _web(heard: Heard) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            heard.posts.append((self.path, dict(self.headers), body))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_args: object) -> None:
            pass

    return Handler


class _MailServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


def _mail(heard: Heard) -> type[socketserver.StreamRequestHandler]:
    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self._say("220 mail")
            for line in iter(self.rfile.readline, b""):
                word = line.split()[0].upper()
                if word == b"EHLO":
                    self._say("250-mail\r\n250 AUTH PLAIN")
                elif word == b"AUTH":
                    self._say("235 welcome")
                elif word == b"DATA":
                    self._say("354 go on")
                    heard.mails.append(b"".join(iter(self.rfile.readline, b".\r\n")).decode())
                    self._say("250 taken")
                elif word == b"QUIT":
                    self._say("221 bye")
                    return
                else:
                    self._say("250 fine")

        def _say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

    return Handler
