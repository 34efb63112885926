"""compose.yaml: no engine runs here, so whatever can be known of it without one is held against it."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

import pytest

from local.compose.places import OWN_PORTS, variable
from local.settings import PORTS
from tests.local.compose.composed import FILE, ROOT, VARIABLE, composed, is_once

Document = dict[str, Any]
# Documented in local/compose/README.md, and not a port.
NAMED = {"RENDERED", "SHOP_NETWORK", "TILLWATCH_VERSION"}
# What an image of ours has; others name what they bring.
PROGRAMS = {
    "tillwatch": {"python", "sh", "find", "test"},
    "postgres": {"pg_isready"},
    "redis": {"sh", "redis-cli", "cat", "grep"},
    "nginxinc/nginx-unprivileged": {"sh", "wget", "grep"},
    "quay.io/prometheus/prometheus": {"wget"},
    "quay.io/prometheus/alertmanager": {"wget"},
    "grafana/grafana": {"wget"},
    "grafana/loki": {"/usr/bin/loki"},
    "grafana/alloy": {"bash"},
    "jaegertracing/jaeger": {"wget"},
}


def containers(document: Document) -> Iterator[tuple[str, Document]]:
    """Each service and its name."""
    yield from document["services"].items()


def image_of(service: Document) -> str:
    """Its image without the version; `tillwatch` for all of ours."""
    name = str(service["image"]).rpartition(":")[0]
    return "tillwatch" if name.startswith("tillwatch/") else name


def unsafe(document: Document) -> Iterator[str]:
    """Whatever a container could do that it has no need to."""
    for name, service in containers(document):
        if not service.get("read_only"):
            yield f"{name}: its root can be written to"
        if service.get("cap_drop") != ["ALL"] or "cap_add" in service or service.get("privileged"):
            yield f"{name}: it has capabilities"
        if "no-new-privileges:true" not in service.get("security_opt", ()):
            yield f"{name}: it can gain privileges"
        if not re.fullmatch(r"[1-9]\d+:\d+", str(service.get("user"))):
            yield f"{name}: it runs as root, or as whomever its image says"
        if "docker.sock" in str(service) or "/var/lib/docker" in str(service):
            yield f"{name}: it can command Docker"


def unbounded(document: Document) -> Iterator[str]:
    """Whatever could take more than its share, or stay down."""
    for name, service in containers(document):
        limits = service.get("deploy", {}).get("resources", {}).get("limits", {})
        if not {"cpus", "memory", "pids"} <= limits.keys():
            yield f"{name}: a limit is missing"
        if service.get("restart") != ("no" if is_once(document, name) else "unless-stopped"):
            yield f"{name}: its restart policy"
        if not is_once(document, name) and not service.get("healthcheck", {}).get("test"):
            yield f"{name}: nobody can tell whether it is well"


def untold(document: Document) -> Iterator[str]:
    """Images of no certain version."""
    for name, service in containers(document):
        if "build" in service or service["image"].startswith("tillwatch/"):
            if not service["image"].endswith(":dev"):
                yield f"{name}: an image of ours without a version"
        elif not re.fullmatch(r"[a-z0-9./-]+:v?\d+\.\d+(\.\d+)?(-alpine)?", service["image"]):
            yield f"{name}: {service['image']} is not an exact version"


def published(document: Document) -> Iterator[tuple[str, str, int, int]]:
    """Part, address, port and container's port of each that is published."""
    for name, service in containers(document):
        for port in service.get("ports", ()):
            address, host, inside = port.removesuffix("/udp").split(":")
            yield name, address, int(host), int(inside)


def open_ports(document: Document) -> Iterator[str]:
    """Ports that others than this machine reach, or that no part has."""
    for name, address, host, _ in published(document):
        part = "alloy-syslog" if name == "alloy" else name
        if address != "127.0.0.1":
            yield f"{name}: published at {address}"
        if host != (PORTS | OWN_PORTS).get(part):
            yield f"{name}: {host} is not its port"


def unordered(document: Document) -> Iterator[str]:
    """Names that are nobody's, services that wait for one another, or for less than health."""
    services = document["services"]
    needs = {name: set(service.get("depends_on", {})) for name, service in services.items()}
    yield from (f"{name}: {each} is no service" for name in needs for each in needs[name] - services.keys())
    for name, service in containers(document):
        for each, how in service.get("depends_on", {}).items():
            expected = "service_completed_successfully" if is_once(document, each) else "service_healthy"
            if how["condition"] != expected:
                yield f"{name}: it starts before {each} is well"
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        yield f"they wait for one another: {error.args[1]}"


def undeclared(document: Document) -> Iterator[str]:
    """Volumes, networks and secrets that are used and not declared, or the other way round."""
    used: dict[str, set[str]] = {"volumes": set(), "networks": set(), "secrets": set()}
    for _, service in containers(document):
        used["volumes"] |= {each["source"] for each in service.get("volumes", ()) if each["type"] == "volume"}
        used["networks"] |= set(service["networks"])
        used["secrets"] |= {each["source"] for each in service.get("secrets", ())}
    for kind, names in used.items():
        yield from (f"{kind}: {name}" for name in names ^ document[kind].keys())


def reaching_databases(document: Document) -> Iterator[str]:
    """Ways to the databases other than from the shop's own processes."""
    if document["networks"]["data"].get("internal") is not True:
        yield "data: it leads outside"
    for name, service in containers(document):
        if name in ("postgres", "redis") and (service["networks"] != ["data"] or "ports" in service):
            yield f"{name}: it is on another network, or published"
        elif "data" in service["networks"] and image_of(service) != "tillwatch" and name not in ("postgres", "redis"):
            yield f"{name}: it reaches the databases"


def unhealable(document: Document) -> Iterator[str]:
    """Health checks by programs that the image does not have."""
    for name, service in containers(document):
        test = service.get("healthcheck", {}).get("test")
        if not test:
            continue
        has = PROGRAMS[image_of(service)]
        if test[0] == "CMD":
            wanted = {test[1]}
        else:
            words = re.findall(r"(?:^|[|(]\s*|\"\s)([a-z][a-z_-]+)", test[1])
            wanted = {"sh", *words}
        yield from (f"{name}: {each} is not in its image" for each in wanted - has)


def test_it_has_the_form_that_compose_reads() -> None:
    """The Compose Specification's own schema, which check-jsonschema brings along."""
    pytest.importorskip("check_jsonschema")
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", FILE]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


FAULTS: dict[str, Callable[[Document], Iterator[str]]] = {
    function.__name__: function
    for function in (
        unsafe,
        unbounded,
        untold,
        open_ports,
        unordered,
        undeclared,
        reaching_databases,
        unhealable,
    )
}


@pytest.mark.parametrize("name", FAULTS)
def test_it_has_none_of_these_faults(name: str) -> None:
    """Each is one that a container platform on somebody's machine must not have."""
    assert list(FAULTS[name](composed())) == []


def _worse(path: str, value: object) -> Document:
    document = composed()
    *steps, last = path.split("/")
    place = document
    for step in steps:
        place = place[step]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return document


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        ("unsafe", "services/orders/read_only", None),
        ("unsafe", "services/grafana/cap_drop", ["NET_RAW"]),
        ("unsafe", "services/loki/cap_add", ["SYS_ADMIN"]),
        ("unsafe", "services/redis/security_opt", []),
        ("unsafe", "services/prometheus/user", None),
        ("unsafe", "services/prometheus/user", "0:0"),
        ("unsafe", "services/alloy/volumes", ["/var/run/docker.sock:/var/run/docker.sock:ro"]),
        ("unbounded", "services/jaeger/deploy", None),
        ("unbounded", "services/orders-worker/restart", "no"),
        ("unbounded", "services/orders-migrate/restart", "always"),
        ("unbounded", "services/users-purge/healthcheck", None),
        ("untold", "services/redis/image", "redis:latest"),
        ("untold", "services/redis/image", "redis"),
        ("untold", "services/postgres/image", "postgres:17"),
        ("open_ports", "services/catalog/ports", ["8001:8001:8001"]),
        ("open_ports", "services/catalog/ports", ["127.0.0.1:8002:8001"]),
        ("unordered", "services/catalog/depends_on", {"nobody": {"condition": "service_healthy"}}),
        ("unordered", "services/postgres/depends_on", {"orders": {"condition": "service_healthy"}}),
        ("unordered", "services/orders-worker/depends_on", {"orders": {"condition": "service_started"}}),
        ("undeclared", "volumes/postgres-data", None),
        ("undeclared", "secrets/more", {"file": "x"}),
        ("reaching_databases", "networks/data", {}),
        ("reaching_databases", "services/grafana/networks", ["shop", "data"]),
        ("reaching_databases", "services/redis/networks", ["data", "shop"]),
        ("unhealable", "services/orders/healthcheck/test", ["CMD", "curl", "http://127.0.0.1:8003/readyz"]),
        ("unhealable", "services/loki/healthcheck/test", ["CMD", "wget", "http://127.0.0.1:3100/ready"]),
        ("unhealable", "services/redis/healthcheck/test", ["CMD-SHELL", "curl localhost | grep PONG"]),
    ],
)
def test_each_fault_is_found(kind: str, path: str, value: object) -> None:
    """The checks above can fail."""
    assert list(FAULTS[kind](_worse(path, value)))


def test_every_variable_has_a_default_or_is_explained() -> None:
    """Nobody has to guess what to set."""
    text = FILE.read_text(encoding="utf-8")
    readme = (ROOT / "local/compose/README.md").read_text(encoding="utf-8")
    found = [match for match in VARIABLE.finditer(text) if match[0] != "$$"]
    assert {match["bare"] for match in found} == {None}
    for match in found:
        assert match["default"] is not None or match["why"], match[0]
        assert match["name"] in NAMED or match["name"] in map(variable, PORTS | OWN_PORTS)
    assert all(f"`{name}`" in readme for name in NAMED)


def test_a_default_port_is_the_parts_own() -> None:
    """Started without the file of variables it publishes what the file would say without PORT_BASE."""
    defaults = {variable(name): str(port) for name, port in (PORTS | OWN_PORTS).items()}
    for match in VARIABLE.finditer(FILE.read_text(encoding="utf-8")):
        if (match["name"] or "").endswith("_PORT"):
            assert match["default"] == defaults[match["name"]], match[0]


def test_every_mounted_path_exists(rendered: Path) -> None:
    """A bind of what is not there would be an empty folder, or refuse to start."""
    document = composed(rendered)
    paths = [
        ("local" / Path(each["source"]), each)
        for _, service in containers(document)
        for each in service.get("volumes", ())
        if each["type"] == "bind"
    ]
    assert len(paths) > 20
    for path, each in paths:
        assert (ROOT / path).exists(), path
        assert each["read_only"] is True
        assert each["bind"] == {"create_host_path": False}
    assert all(Path(secret["file"]).is_file() for secret in document["secrets"].values())


def test_every_build_has_its_file() -> None:
    """A context is the tree, and each image of ours is built by some service."""
    document = composed()
    builds = {service["image"]: service["build"] for _, service in containers(document) if "build" in service}
    for build in builds.values():
        assert (FILE.parent / build["context"]).resolve() == ROOT
        assert (ROOT / build["dockerfile"]).is_file()
    ours = {service["image"] for _, service in containers(document) if service["image"].startswith("tillwatch/")}
    assert ours == builds.keys()


def test_the_limits_are_as_the_readme_says() -> None:
    """Who has less memory than that is told before."""
    document = composed()
    limits = [
        service["deploy"]["resources"]["limits"]["memory"]
        for name, service in containers(document)
        if not is_once(document, name)
    ]
    gigabytes = sum(int(limit.removesuffix("M")) for limit in limits) / 1024
    readme = (ROOT / "local/compose/README.md").read_text(encoding="utf-8")
    assert f"{gigabytes:.1f} GiB" in readme
