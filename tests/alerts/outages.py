"""A real Prometheus and a real Alertmanager that see services break and mend, each cluster on its own course.

Pages fire at once here, from a gauge; what holds them back is the generated rule, and who is told the generated
configuration, both with all times divided by one number.
"""

from __future__ import annotations

import contextlib
import re
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml

from alerts import dependencies, routes
from local.pagerduty_incident import Incident
from slo.catalogue import Catalogue
from slo.rule import to_yaml
from slo.windows import read_seconds
from tests.alerts.running import Alertmanager, alertmanager, free_port, until
from tests.alerts.shops import burning
from tools import install

WAITS = ("group_wait", "group_interval", "repeat_interval")


@dataclass
class Services:
    """What is broken: (cluster, service), as Prometheus scrapes it."""

    broken: set[tuple[str, str]] = field(default_factory=set)

    def text(self) -> str:
        """The metrics page: one gauge a broken service, gone when it is mended."""
        lines = (f'broken{{cluster="{cluster}",service="{service}"}} 1\n' for cluster, service in sorted(self.broken))
        return "".join(lines)


@dataclass
class World:
    """Everything that runs. Times given to it are those of the real configuration, in seconds."""

    services: Services
    alertmanager: Alertmanager
    faster: int
    restart: Any
    began: float = field(default_factory=time.time)

    def at(self, seconds: float) -> None:
        """Wait until so long after the start."""
        time.sleep(max(0.0, self.began + seconds / self.faster - time.time()))

    def breaks(self, cluster: str, *services: str) -> None:
        """From now on."""
        self.services.broken |= {(cluster, service) for service in services}

    def mends(self, cluster: str, *services: str) -> None:
        """From now on."""
        self.services.broken -= {(cluster, service) for service in services}

    def incidents(self, cluster: str) -> dict[str, Incident]:
        """What somebody was told about *cluster*, by the service."""
        found = self.alertmanager.heard.incidents
        return {
            str(one.payload["component"]) + ("" if one.payload["group"] == "availability" else " database"): one
            for one in found
            if one.payload["source"].startswith(f"{cluster}/") and one.team != "platform"
        }


@contextlib.contextmanager
def world(catalogue: Catalogue, folder: Path, *, faster: int) -> Iterator[World]:
    """Both run over what *catalogue* generates, *faster* than it says."""
    services = Services()
    config = routes.config(catalogue)
    config["route"] = _hurried(config["route"], faster)
    with _scraped(services) as metrics, alertmanager(config, folder, as_it_is=True) as told:
        rules = folder / "rules.yaml"
        rules.write_text(_rules(catalogue, faster), encoding="utf-8")
        with contextlib.ExitStack() as stack:
            server = _Prometheus(folder, rules, metrics, told.url, faster)
            stack.callback(server.stop)
            server.start()
            yield World(services, told, faster, server.restart)


def _hurried(route: dict[str, Any], faster: int) -> dict[str, Any]:
    timers = {
        name: f"{round(read_seconds(route[name]) * 1000 / faster)}ms"
        for name in WAITS
        if read_seconds(route.get(name, "0s"))
    }
    return {**route, **timers, "routes": [_hurried(child, faster) for child in route.get("routes", ())]}


def _rules(catalogue: Catalogue, faster: int) -> str:
    """The generated rules, and pages that fire while a gauge is there. Each time in them is divided."""
    made = [group for spec in catalogue.specs for group in dependencies.groups(spec, catalogue)]
    text = re.sub(
        r"(?<=\[)\w+(?=\])|(?<=offset )\w+|(?<=interval: )\w+", lambda found: _divided(found[0], faster), to_yaml(made)
    )
    pages = [_page(spec.service, burning(spec.service), spec.service) for spec in catalogue.specs]
    database = {"alertname": "DatabaseDown", "service": "orders", "severity": "page", "team": "orders"}
    pages.append(_page("orders-database", database, "orders"))
    groups = yaml.safe_load(text)["groups"]
    # A page is evaluated half as often as what holds it back, as the generated ones are.
    mine = {"name": "pages", "interval": _divided("30s", faster), "rules": pages}
    return yaml.safe_dump({"groups": [mine, *groups]}, sort_keys=False)


def _divided(text: str, faster: int) -> str:
    return f"{round(read_seconds(text) * 1000 / faster)}ms"


def _page(gauge: str, labels: dict[str, str], service: str) -> dict[str, Any]:
    name = labels["alertname"]
    own = {key: value for key, value in labels.items() if key != "alertname"}
    expr = f'max by (cluster) (broken{{service="{gauge}"}}) == 1'
    return {"alert": name, "expr": expr, "labels": own, "annotations": {"summary": f"{service} is broken."}}


class _Prometheus:
    def __init__(self, folder: Path, rules: Path, metrics: str, alertmanager_url: str, faster: int) -> None:
        self._port = free_port()
        self._log = folder / "prometheus.log"
        config = folder / "prometheus.yml"
        hosts = (metrics, alertmanager_url.removeprefix("http://"))
        targets, alertmanagers = ([{"targets": [host]}] for host in hosts)
        scrape = {"job_name": "services", "honor_labels": True, "static_configs": targets}
        document = {
            "global": {"scrape_interval": _divided("15s", faster), "scrape_timeout": _divided("15s", faster)},
            "rule_files": [str(rules)],
            "scrape_configs": [scrape],
            "alerting": {"alertmanagers": [{"static_configs": alertmanagers}]},
        }
        config.write_text(yaml.safe_dump(document), encoding="utf-8")
        self._command: Sequence[Any] = (
            install.find("prometheus"),
            f"--config.file={config}",
            f"--storage.tsdb.path={folder / 'tsdb'}",
            f"--web.listen-address=127.0.0.1:{self._port}",
            f"--rules.alert.resend-delay={_divided('1m', faster)}",
            f"--query.lookback-delta={_divided('5m', faster)}",
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        until(self._ready)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(30)

    def restart(self) -> None:
        """As after an upgrade: its data stay."""
        self.stop()
        self.start()

    def _ready(self) -> bool:
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{self._port}/-/ready", timeout=5).status == 200
        except OSError:
            return False


@contextlib.contextmanager
def _scraped(services: Services) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(services.text().encode())

        def log_message(self, *_args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
