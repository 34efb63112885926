"""Writes folders of sloth specs to build from: five SLOs a file, as people write them from the getting-started one."""

from __future__ import annotations

from pathlib import Path
from string import Template

SLOS_A_FILE = 5
_HEAD = Template("""\
version: "prometheus/v1"
service: "$service"
labels:
  owner: "team-$team"
  repo: "example/$service"
  tier: "2"
slos:
""")
_AVAILABILITY = Template("""\
        error_query: sum(rate(http_request_duration_seconds_count{$selector,code=~"(5..|429)"}[{{.window}}]))
        total_query: sum(rate(http_request_duration_seconds_count{$selector}[{{.window}}]))
""")
_LATENCY = Template("""\
        error_query: |
          (
            sum(rate(http_request_duration_seconds_count{$selector}[{{.window}}]))
            -
            sum(rate(http_request_duration_seconds_bucket{$selector,le="0.5"}[{{.window}}]))
          )
        total_query: sum(rate(http_request_duration_seconds_count{$selector}[{{.window}}]))
""")
_SLO = Template("""\
  # We allow failing 1 request in 1000 (99.9 %), more on the slower routes.
  - name: "$name"
    objective: $objective
    description: "Requests of $route that are answered well."
    sli:
      events:
$queries    alerting:
      name: $alert
      labels:
        category: "$category"
      annotations:
        summary: "High error rate on $service $route"
        runbook: "https://runbooks.example/$service/$name"
      page_alert:
        labels:
          severity: pageteam
          routing_key: team-$team
      ticket_alert:
        labels:
          severity: "slack"
          slack_channel: "#alerts-team-$team"
""")
_SLOS = (
    ("availability", "availability", "/", "99.9"),
    ("search-availability", "availability", "/search", "99.5"),
    ("checkout-availability", "availability", "/checkout", "99.95"),
    ("latency", "latency", "/", "99"),
    ("checkout-latency", "latency", "/checkout", "98.5"),
)
_QUERIES = {"availability": _AVAILABILITY, "latency": _LATENCY}


def write(folder: Path, count: int) -> None:
    """Fill *folder* with *count* SLOs; a multiple of five."""
    folder.mkdir(parents=True)
    for number in range(count // SLOS_A_FILE):
        (folder / f"service-{number:04}.yaml").write_text(_file(number), encoding="utf-8")


def _file(number: int) -> str:
    shared = {"service": f"service-{number:04}", "team": str(number % 17)}
    out = [_HEAD.substitute(shared)]
    for name, category, route, objective in _SLOS:
        selector = f'job="{shared["service"]}",route="{route}"'
        out.append(
            _SLO.substitute(
                shared,
                name=name,
                objective=objective,
                route=route,
                queries=_QUERIES[category].substitute(selector=selector),
                alert=f"Service{number:04}" + name.title().replace("-", ""),
                category=category,
            )
        )
    return "".join(out)
