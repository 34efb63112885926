"""Grafana's, Loki's, Jaeger's and Alloy's files: real programs take them, and they lead to services that exist."""

import json
import logging
import re
import subprocess
from typing import Any

import pytest
import yaml

from dashboards.model import SOURCES
from services.shared import tracing
from services.shared.logs import Formatter
from tests.local.compose.composed import ROOT, composed
from tools.install import find

FOLDER = ROOT / "local/compose"
# Of https://grafana.com/docs/grafana/latest/administration/provisioning/, as far as they are used here.
SOURCE_KEYS = {"name", "uid", "type", "access", "url", "isDefault", "editable", "jsonData"}
JSON_KEYS = {
    "prometheus": {"httpMethod", "timeInterval", "exemplarTraceIdDestinations"},
    "loki": {"derivedFields"},
    "jaeger": {"tracesToLogsV2"},
    "alertmanager": {"implementation"},
}
PROVIDER_KEYS = {"name", "folder", "type", "disableDeletion", "allowUiUpdates", "updateIntervalSeconds", "options"}
LISTENING = {"prometheus:9090", "loki:3100", "jaeger:16686", "alertmanager:9093"}


def sources() -> dict[str, dict[str, Any]]:
    """Grafana's data sources by uid."""
    text = (FOLDER / "grafana/datasources/tillwatch.yaml").read_text(encoding="utf-8")
    return {each["uid"]: each for each in yaml.safe_load(text)["datasources"]}


def test_data_sources_are_told_what_grafana_knows() -> None:
    """It ignores a key that is misspelt."""
    for each in sources().values():
        assert each.keys() <= SOURCE_KEYS
        assert each["jsonData"].keys() <= JSON_KEYS[each["type"]]
        assert each["url"].removeprefix("http://") in LISTENING
    assert [each["uid"] for each in sources().values() if each.get("isDefault")] == ["prometheus"]


def test_an_exemplar_leads_to_its_trace_and_a_trace_to_its_lines() -> None:
    """Each link ends at a source that there is, by the label that services give."""
    (exemplar,) = sources()["prometheus"]["jsonData"]["exemplarTraceIdDestinations"]
    assert exemplar == {"name": "trace_id", "datasourceUid": "jaeger"}
    assert sources()["jaeger"]["jsonData"]["tracesToLogsV2"]["datasourceUid"] in sources()


def test_a_line_of_the_shop_leads_to_its_trace() -> None:
    """The expression finds the id in a line as services write it."""
    (field,) = sources()["loki"]["jsonData"]["derivedFields"]
    trace = tracing.parse(f"00-{'ab' * 16}-{'cd' * 8}-01")
    token = tracing.current.set(trace)
    try:
        line = Formatter("orders").format(logging.makeLogRecord({"msg": "placed", "levelname": "INFO"}))
    finally:
        tracing.current.reset(token)
    match = re.search(field["matcherRegex"], line)
    assert match is not None, line
    assert match[1] == json.loads(line)["trace_id"]
    assert field["datasourceUid"] == "jaeger"
    assert field["url"] == "$${__value.raw}"


def test_every_source_that_a_dashboard_chooses_is_there() -> None:
    """Dashboards ask for kinds; one of each is provisioned, by the name of a service that runs."""
    assert {each["type"] for each in sources().values()} == set(SOURCES)
    assert {each["url"].removeprefix("http://").partition(":")[0] for each in sources().values()} <= set(
        composed()["services"]
    )


def test_dashboards_are_read_where_they_are_mounted() -> None:
    """The provider's path is that of the rendered folder; its keys are Grafana's."""
    text = (FOLDER / "grafana/dashboards/tillwatch.yaml").read_text(encoding="utf-8")
    (provider,) = yaml.safe_load(text)["providers"]
    assert provider.keys() == PROVIDER_KEYS
    mounts = {each["target"]: each["source"] for each in composed()["services"]["grafana"]["volumes"]}
    assert mounts[provider["options"]["path"]] == "/rendered/dashboards"


def test_loki_takes_its_configuration_and_forgets() -> None:
    """The real Loki; what is older than three days goes."""
    config = yaml.safe_load((FOLDER / "loki.yaml").read_text(encoding="utf-8"))
    assert config["compactor"]["retention_enabled"] is True
    assert config["limits_config"]["retention_period"] == "72h"
    assert config["common"]["path_prefix"] == "/loki"
    loki = find("loki")
    if loki is None:
        pytest.skip("Loki is not built here: make demo-full builds it")
    command = [loki, "-verify-config", f"-config.file={FOLDER / 'loki.yaml'}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_jaeger_takes_its_configuration() -> None:
    """The real Jaeger, which checks it as it would at its start."""
    jaeger = find("jaeger")
    if jaeger is None:
        pytest.skip("Jaeger is not built here: make demo-full builds it")
    command = [jaeger, "validate", f"--config={FOLDER / 'jaeger.yaml'}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_jaeger_takes_spans_where_services_send_them() -> None:
    """One address in three files."""
    config = yaml.safe_load((FOLDER / "jaeger.yaml").read_text(encoding="utf-8"))
    services = composed()["services"]
    assert config["receivers"]["otlp"]["protocols"]["http"]["endpoint"] == "0.0.0.0:4318"
    assert services["orders"]["environment"]["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://jaeger:4318"
    health = config["extensions"]["healthcheckv2"]["http"]["endpoint"]
    assert f"http://{health}/status" in services["jaeger"]["healthcheck"]["test"]
    assert services["jaeger"]["ports"] == ["127.0.0.1:8032:16686"]


def test_logs_go_to_alloy_and_on_to_loki() -> None:
    """Docker sends where Alloy listens, in the form that it reads; neither it nor Loki logs to itself."""
    services = composed()["services"]
    alloy = (FOLDER / "config.alloy").read_text(encoding="utf-8")
    (port,) = services["alloy"]["ports"]
    address, host, inside = port.split(":")
    assert f'"0.0.0.0:{inside.removesuffix("/udp")}"' in alloy
    assert "http://loki:3100/loki/api/v1/push" in alloy
    for name, service in services.items():
        if name in ("alloy", "loki"):
            assert service["logging"]["driver"] == "local"
            continue
        options = service["logging"]["options"]
        assert options["syslog-address"] == f"udp://{address}:{host}"
        assert options["syslog-format"].startswith("rfc5424")
        assert options["tag"] == "{{.Name}}"


@pytest.mark.parametrize(
    ("container", "service"),
    [("tillwatch-orders-worker-1", "orders-worker"), ("tillwatch-alertmanager-2-1", "alertmanager-2")],
)
def test_a_line_carries_its_service(container: str, service: str) -> None:
    """Out of the name that Compose gives a container."""
    alloy = (FOLDER / "config.alloy").read_text(encoding="utf-8")
    match = re.search(r'regex\s+= "(.+)"', alloy)
    assert match is not None
    found = re.fullmatch(match[1], container)
    assert found is not None
    assert found[1] == service


def test_braces_in_alloys_file_close() -> None:
    """No Alloy can be had here; this is the least."""
    text = re.sub(r'"[^"]*"|//.*', "", (FOLDER / "config.alloy").read_text(encoding="utf-8"))
    assert [text.count(sign) for sign in "{["] == [text.count(sign) for sign in "}]"]
    named = set(re.findall(r"\b(loki\.\w+(?:\.\w+)?\.\w+)\.(?:receiver|rules)\b", text))
    made = {
        f"{kind}.{name}"
        for kind, name in re.findall(r'^(loki[\w.]+) "(\w+)"', (FOLDER / "config.alloy").read_text(), re.MULTILINE)
    }
    assert named
    assert named <= made
