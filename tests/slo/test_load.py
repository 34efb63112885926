"""What comes out of spec files, and what is said of wrong ones: every fault with its place, all at once."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from slo.catalogue import Catalogue
from slo.errors import SpecErrors
from slo.load import load
from slo.model import Alerting, Events, Notice, Plugin, Slo
from slo.routing_model import Team
from tests.slo.spec_texts import BAD, TOTAL, faults, loaded, slo, spec, the_slo, told

PLAIN = """\
version: "prometheus/v1"
service: "myservice"
labels: {owner: "myteam", tier: "2"}
slos:
  - name: "requests-availability"
    objective: 99.9
    description: "Common SLO."
    labels: {category: availability}
    sli:
      events:
        error_query: sum(rate(requests_total{code=~"(5..|429)"}[{{.window}}]))
        total_query: sum(rate(requests_total[{{.window}}]))
    alerting:
      name: MyServiceHighErrorRate
      labels: {category: "availability"}
      annotations: {summary: "High error rate"}
      page_alert: {labels: {severity: pageteam}}
      ticket_alert: {disable: true, annotations: {a: b}}
      min_failures: 5
      absent_after: 20m
    window: 28d
"""
CRD = """\
apiVersion: sloth.slok.dev/v1
kind: PrometheusServiceLevel
metadata: {name: sloth-slo-my-service, namespace: monitoring}
spec:
  service: "myservice"
  labels: {owner: "myteam", tier: "2"}
  slos:
    - name: "requests-availability"
      objective: 99.9
      description: "Common SLO."
      labels: {category: availability}
      sli:
        events:
          errorQuery: sum(rate(requests_total{code=~"(5..|429)"}[{{.window}}]))
          totalQuery: sum(rate(requests_total[{{.window}}]))
      alerting:
        name: MyServiceHighErrorRate
        labels: {category: "availability"}
        annotations: {summary: "High error rate"}
        pageAlert: {labels: {severity: pageteam}}
        ticketAlert: {disable: true, annotations: {a: b}}
        minFailures: 5
        absentAfter: 20m
      window: 28d
"""
ROUTING = "teams:\n  shop: {description: The shop.}\n  pay: {description: Payments.}\n"
NAME_FAULT = "is not a name: two or more letters, digits, '-', '_' or '.', a letter or digit at both ends"
WINDOW_FAULT = "does not hold {{ .window }}, which the generator replaces by each window"

# --- what is read -----------------------------------------------------------------------------------------------


def test_every_field_of_a_spec(tmp_path: Path) -> None:
    """Each key of a spec arrives in the model; labels of the service join those of the SLO."""
    found = the_slo(PLAIN, tmp_path)
    assert (found.service, found.name, found.id) == (
        "myservice",
        "requests-availability",
        "myservice-requests-availability",
    )
    assert (found.objective, found.period_days, found.description) == (Decimal("99.9"), 28, "Common SLO.")
    assert found.labels == (("category", "availability"), ("owner", "myteam"), ("tier", "2"))
    assert isinstance(found.sli, Events)
    assert found.sli.bad.at("1h") == 'sum(rate(requests_total{code=~"(5..|429)"}[1h]))'
    assert found.alerting == Alerting(
        name="MyServiceHighErrorRate",
        labels=(("category", "availability"),),
        annotations=(("summary", "High error rate"),),
        page=Notice(enabled=True, labels=(("severity", "pageteam"),), annotations=()),
        ticket=Notice(enabled=False, labels=(), annotations=(("a", "b"),)),
        min_failures=5,
        absent_after_seconds=1200,
    )
    assert (found.team, found.journey, found.dialect, found.plugins) == ("", "", "prometheus/v1", "")


def test_a_crd_means_the_same(tmp_path: Path) -> None:
    """sloth's CRD loads like its plain spec, but for the dialect."""
    crd = the_slo(CRD, tmp_path)
    assert crd.dialect == "sloth.slok.dev/v1"
    assert replace(crd, dialect="prometheus/v1") == the_slo(PLAIN, tmp_path)


def test_json_means_the_same(tmp_path: Path) -> None:
    """A spec in JSON, with tabs, loads like the same in YAML."""
    queries = {"error_query": BAD, "total_query": TOTAL}
    value = {
        "version": "prometheus/v1",
        "service": "orders",
        "labels": {"tier": 2, "canary": False, "none": "x"},
        "slos": [
            {"name": "availability", "objective": 99.9, "sli": {"events": queries}, "alerting": {"name": "Orders"}}
        ],
    }
    as_json = loaded(json.dumps(value, indent="\t"), tmp_path, "orders.json")
    as_yaml = loaded(spec(head="labels: {tier: 2, canary: false, none: x}\n"), tmp_path, "orders.yaml")
    assert as_json.slos == as_yaml.slos


@pytest.mark.parametrize("objective", ["99.90", "99.9", "9.99e1", "+99.9", "99.900_0"])
def test_spellings_of_an_objective(tmp_path: Path, objective: str) -> None:
    """However it is spelt, the objective is the same decimal, exactly."""
    assert str(the_slo(spec(slo(objective=objective)), tmp_path).objective) == "99.9"


@pytest.mark.parametrize("text", ["2", "yes", "1.10", "0x10", "010", "1e3", "true", "2020-01-01", "1_000", ".5", "No"])
def test_unquoted_labels_keep_their_text(tmp_path: Path, text: str) -> None:
    """A label is what its author wrote, also where YAML sees a number or a boolean."""
    found = the_slo(spec(slo(more=f"    labels: {{tier: {text}}}\n")), tmp_path)
    assert found.labels == (("tier", text),)


@pytest.mark.parametrize(
    "header",
    [
        'version: "prometheus/v1" # the format',
        "version: prometheus/v1   ",
        "'version': 'prometheus/v1'",
        "# a comment\n---\nversion: prometheus/v1",
        "%YAML 1.1\n---\nversion: !!str prometheus/v1",
        "version: &v prometheus/v1",
    ],
)
def test_spellings_of_the_version(tmp_path: Path, header: str) -> None:
    """Any YAML that says prometheus/v1 is such a spec."""
    assert len(loaded(spec().replace("version: prometheus/v1", header), tmp_path).slos) == 1


@pytest.mark.parametrize("window", ["{{.window}}", "{{ .window }}", "{{- .window -}}", "{{.window -}}"])
def test_spellings_of_the_window(tmp_path: Path, window: str) -> None:
    """Any template that Go would read as the window is one."""
    found = the_slo(spec().replace("{{.window}}", window), tmp_path)
    assert isinstance(found.sli, Events)
    assert found.sli.total.at("5m") == "sum(rate(requests_total[5m]))"


@pytest.mark.parametrize("empty", ["labels:\n", "labels: ~\n", "slo_plugins:\n", "kpis:\n", "depends_on:\n", "team:\n"])
def test_an_optional_key_with_nothing_behind_it(tmp_path: Path, empty: str) -> None:
    """As for sloth, it is as good as not there."""
    assert loaded(spec(head=empty), tmp_path) == loaded(spec(), tmp_path)


def test_both_alerts_disabled_need_no_name(tmp_path: Path) -> None:
    """An SLO that tells nobody needs no alert name."""
    silent = "{page_alert: {disable: yes}, ticket_alert: {disable: true}}"
    found = the_slo(spec().replace("{name: Orders}", silent), tmp_path)
    assert (found.alerting.name, found.alerting.enabled) == ("", False)


def test_defaults(tmp_path: Path) -> None:
    """30 days, three failures before a page, ten minutes until a vanished SLI is told."""
    found = the_slo(spec(), tmp_path)
    assert (found.period_days, found.alerting.min_failures, found.alerting.absent_after_seconds) == (30, 3, 600)


@pytest.mark.parametrize(
    ("below", "selector", "bad", "total"),
    [
        (
            "0.25",
            "'job=\"x\",'",
            'sum(rate(d_count{job="x"}[5m])) - (sum(rate(d_bucket{job="x",le="0.25"}[5m])) or vector(0))',
            'sum(rate(d_count{job="x"}[5m]))',
        ),
        (
            "1.0",
            "''",
            'sum(rate(d_count{}[5m])) - (sum(rate(d_bucket{le=~"1(\\\\.0)?"}[5m])) or vector(0))',
            "sum(rate(d_count{}[5m]))",
        ),
    ],
)
def test_latency(tmp_path: Path, below: str, selector: str, bad: str, total: str) -> None:
    """The latency sugar becomes events: slower than the boundary is bad, and so is a missing bucket."""
    found = the_slo(spec(slo(sli=f"{{latency: {{histogram: d, below: {below}, selector: {selector}}}}}")), tmp_path)
    assert isinstance(found.sli, Events)
    assert (found.sli.bad.at("5m"), found.sli.total.at("5m")) == (bad, total)
    assert found.sli.bad.additive


def test_plugins_are_for_the_real_sloth(tmp_path: Path) -> None:
    """A plugin is refused, naming the flag, unless the engine to come runs it."""
    text = spec(slo(sli="{plugin: {id: a/b, options: {x: 1, y: }}}"))
    [fault] = faults(text, tmp_path)
    assert (fault.line, fault.column, fault.where) == (6, 19, "slos[0].sli.plugin")
    assert fault.message == "is run by the real sloth alone; build with --engine sloth"
    [found] = load([str(tmp_path / "orders.yaml")], plugins=True).slos
    assert found.sli == Plugin(id="a/b", options=(("x", "1"), ("y", "")))


# --- many documents, many files ---------------------------------------------------------------------------------


def _names(catalogue: Catalogue) -> list[tuple[str, str, list[str]]]:
    return [(file.name, file.stem, [found.id for found in file.slos]) for file in catalogue.files]


def test_every_document_of_a_file(tmp_path: Path) -> None:
    """All SLOs of all documents come out in order; empty documents are skipped."""
    text = f"---\n{spec(service='one')}---\n---\n{CRD}---\n{spec(service='two')}...\n"
    expected = ["one-availability", "myservice-requests-availability", "two-availability"]
    assert _names(loaded(text, tmp_path)) == [("orders.yaml", "orders", expected)]


def test_a_folder_is_read_in_an_order_of_its_own(tmp_path: Path) -> None:
    """Files come sorted by path; each has an output name of its own."""
    for name in (
        "orders.yml",
        "orders.json",
        "a/orders.yaml",
        "a-orders.yaml",
        "orders.yaml",
        "A/Orders.yaml",
        "x.txt",
    ):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(spec(service=name.replace("/", ".")), encoding="utf-8")
    assert [(name, stem) for name, stem, _ in _names(load([str(tmp_path)]))] == [
        ("A/Orders.yaml", "A-Orders"),
        ("a-orders.yaml", "a-orders-yaml"),
        ("a/orders.yaml", "a-orders-3"),
        ("orders.json", "orders"),
        ("orders.yaml", "orders-yaml"),
        ("orders.yml", "orders-yml"),
    ]


def test_one_id_twice_in_a_folder(tmp_path: Path) -> None:
    """Each colliding SLO is one fault at the later one, and names the earlier one."""
    (tmp_path / "a.yaml").write_text(spec(slo("c1"), service="aa-b"))
    (tmp_path / "b.yaml").write_text(spec(slo("b-c1"), slo("b-c1"), service="aa"))
    with pytest.raises(SpecErrors) as refused:
        load([str(tmp_path)])
    message = (
        f"the id aa-b-c1 is taken by aa-b / c1 in {tmp_path}/a.yaml; rename one, or tell them apart by a label such as"
        " namespace or cluster"
    )
    assert [(fault.line, fault.column, fault.where) for fault in refused.value.faults] == [
        (4, 11, "slos[0].name"),
        (8, 11, "slos[1].name"),
    ]
    assert {fault.message for fault in refused.value.faults} == {message}


def test_copies_in_two_namespaces_are_two(tmp_path: Path) -> None:
    """A label that tells copies apart is part of the identity."""
    documents = [spec(head=f"labels: {{namespace: {name}}}\n") for name in ("blue", "green")]
    assert [found.identity for found in loaded("---\n".join(documents), tmp_path).slos] == [
        (("namespace", "blue"),),
        (("namespace", "green"),),
    ]


# --- faults -----------------------------------------------------------------------------------------------------


def _edited(old: str, new: str) -> str:
    text = spec()
    assert old in text
    return text.replace(old, new, 1)


RESERVED = "is reserved; choose a label that does not start with 'sloth_' or '__'"
NO_ALERTING = "is missing; expected an alert's name, or page_alert and ticket_alert with disable: true"
NO_TEMPLATE = "is not a template that Prometheus can read"
ONE_SLI = "expected exactly one of events, raw, plugin, latency"

# For each text its faults: the words of the text with a ‸ at the place that the fault must name, then what it says.
FAULTS: dict[str, tuple[str, list[tuple[str, str]]]] = {
    "typo of a switch": (
        _edited("{name: Orders}", "{name: Orders, page_alert: {disabled: true}}"),
        [("{‸disabled: true", "slos[0].alerting.page_alert.disabled: unknown key; did you mean 'disable'?")],
    ),
    "typo of a required key": (
        _edited("objective:", "objectiv:"),
        [("‸objectiv:", "slos[0].objectiv: unknown key; did you mean 'objective'?")],
    ),
    "camel case in a plain spec": (
        _edited("error_query:", "errorQuery:"),
        [("‸errorQuery:", "slos[0].sli.events.errorQuery: unknown key; did you mean 'error_query'?")],
    ),
    "snake case in a CRD": (
        CRD.replace("pageAlert", "page_alert"),
        [("‸page_alert:", "spec.slos[0].alerting.page_alert: unknown key; did you mean 'pageAlert'?")],
    ),
    "a value in a CRD": (
        CRD.replace("minFailures: 5", "minFailures: many"),
        [("‸many", "spec.slos[0].alerting.minFailures: expected a number, got the text 'many'")],
    ),
    "a key like no other": (
        _edited("slos:", "foo: 1\nslos:"),
        [
            (
                "‸foo:",
                "foo: unknown key; known here: service, labels, slo_plugins, slos, team, depends_on, serves_http, kpis,"
                " version",
            )
        ],
    ),
    "duplicate keys": (
        _edited("objective: 99.9", "objective: 99.9\n    objective: 99"),
        [("‸objective: 99\n", "slos[0].objective: duplicate key; the first one stands above")],
    ),
    "objective of 100": (
        _edited("99.9", "100"),
        [
            (
                "‸100",
                "slos[0].objective: 100 is not in (0, 100); 100 leaves no error budget, so every alert would be about"
                " nothing",
            )
        ],
    ),
    "objective in quotes": (
        _edited("99.9", '"99.9"'),
        [('‸"99.9"', "slos[0].objective: expected a number, got the text '99.9'")],
    ),
    "reserved labels": (
        _edited("slos:", "labels: {sloth_id: x, sloth_window: y, fine: z}\nslos:"),
        [("‸sloth_id", f"labels.sloth_id: {RESERVED}"), ("‸sloth_window", f"labels.sloth_window: {RESERVED}")],
    ),
    "labels with dashes": (
        _edited("{name: Orders}", "{name: Orders, labels: {my-team: x}}"),
        [
            (
                "‸my-team",
                "slos[0].alerting.labels.my-team: is not a label name: letters, digits and '_' only, no digit first;"
                " did you mean 'my_team'?",
            )
        ],
    ),
    "broken annotation templates": (
        _edited("{name: Orders}", "{name: Orders, annotations: {a: '{{ .foo', b: '{{ $nope }}'}}"),
        [
            (
                "‸'{{ .foo'",
                f"slos[0].alerting.annotations.a: {NO_TEMPLATE}: '{{{{' is not closed by '}}}}' in '{{{{ .foo'",
            ),
            ("‸'{{ $nope", f"slos[0].alerting.annotations.b: {NO_TEMPLATE}: undefined variable $nope"),
        ],
    ),
    "a template in a plain label": (
        _edited("slos:", "labels: {a: '{{ $value }}'}\nslos:"),
        [
            (
                "‸'{{ $value",
                "labels.a: holds a template, but labels of an SLO are plain text; labels of its alerts may hold"
                " templates",
            )
        ],
    ),
    "a string for a query": (
        _edited(f"'{BAD}'", "'\"{{.window}}\"'"),
        [("‸'\"{{", "slos[0].sli.events.error_query: is a string, and an instant vector was expected")],
    ),
    "a range vector for a query": (
        _edited(f"'{BAD}'", "'x[{{.window}}]'"),
        [("‸'x[", "slos[0].sli.events.error_query: is a range vector, and an instant vector was expected")],
    ),
    "queries without a window": (
        spec().replace("{{.window}}", "5m"),
        [
            ("error_query: ‸", f"slos[0].sli.events.error_query: {WINDOW_FAULT}"),
            ("total_query: ‸", f"slos[0].sli.events.total_query: {WINDOW_FAULT}"),
        ],
    ),
    "error and total the same": (
        spec().replace(BAD, TOTAL),
        [("events: ‸{", "slos[0].sli.events: error and total query are the same, so every event would be bad")],
    ),
    "labels that never match": (
        _edited("sum(rate(requests_total{", "sum by (a) (rate(requests_total{"),
        [("events: ‸{", "slos[0].sli.events: the labels of error and total query can never match: {a} against {}")],
    ),
    "two ways to measure": (
        _edited("{events:", "{raw: {error_ratio_query: 'x{{.window}}'}, events:"),
        [("sli: ‸{", f"slos[0].sli: {ONE_SLI}; got events and raw")],
    ),
    "no way to measure": (spec(slo(sli="{}")), [("sli: ‸{", f"slos[0].sli: {ONE_SLI}; got none")]),
    "no alert name": (
        _edited("{name: Orders}", "{page_alert: {disable: true}}"),
        [
            (
                "alerting: ‸{",
                "slos[0].alerting.name: is missing; an alert needs a name, unless page and ticket are both disabled",
            )
        ],
    ),
    "no alerting": (
        _edited("    alerting: {name: Orders}\n", ""),
        [("- ‸name", f"slos[0].alerting: {NO_ALERTING}")],
    ),
    "an alert name over two lines": (
        _edited("{name: Orders}", '{name: "a\\nb"}'),
        [('‸"a', "slos[0].alerting.name: 'a\\nb' is not an alert name: it must be printable, on one line")],
    ),
    "no SLO": (
        "version: prometheus/v1\nservice: orders\nslos: []\n",
        [("‸[]", "slos: is empty; expected a list of one or more objectives")],
    ),
    "wrong kinds of values": (
        "version: prometheus/v1\nservice: [a]\nslos: x\nlabels: y\nteam: {a: b}\ndepends_on: z\n",
        [
            ("‸[a]", "service: expected text, got a list"),
            ("‸x", "slos: expected a list, got the text 'x'"),
            ("‸y\n", "labels: expected a mapping, got the text 'y'"),
            ("‸{a: b}", "team: expected text, got a mapping"),
            ("‸z", "depends_on: expected a list, got the text 'z'"),
        ],
    ),
    "nothing where something was expected": (
        "version: prometheus/v1\nservice: orders\nslos:\n  -\n  - name:\n",
        [
            ("  -‸\n", "slos[0]: expected a mapping, got nothing"),
            ("‸name:", "slos[1].objective: is missing; expected per cent of events that must be good: 99.9"),
            ("‸name:", "slos[1].sli: is missing; expected one of events, raw, plugin, latency"),
            ("‸name:", f"slos[1].alerting: {NO_ALERTING}"),
            ("name:‸", "slos[1].name: is missing; expected a name, unique within the service"),
        ],
    ),
    "another version": (
        _edited("prometheus/v1", "prometheus/v2"),
        [("‸prometheus/v2", "version: 'prometheus/v2' is not 'prometheus/v1'")],
    ),
    "another kind": (
        "apiVersion: openslo/v1\nkind: SLO\n",
        [
            (
                "‸openslo",
                "apiVersion: 'openslo/v1 SLO' is not a kind of spec that is read; expected version: prometheus/v1 or"
                " apiVersion: sloth.slok.dev/v1",
            )
        ],
    ),
    "a CRD without a version": (
        CRD.replace("apiVersion: sloth.slok.dev/v1\n", ""),
        [("‸kind:", "apiVersion: is missing; expected sloth.slok.dev/v1")],
    ),
    "no mapping at all": (
        "- a\n- b\n",
        [("‸- a", "expected a mapping that starts with version: prometheus/v1 or apiVersion: sloth.slok.dev/v1")],
    ),
    "a value beside its range": (
        spec(slo(more="    window: 100d\n")),
        [("‸100d", "slos[0].window: '100d' is not a period of whole days from 1d to 90d")],
    ),
    "days without their unit": (
        spec(slo(more="    window: 30\n")),
        [("‸30", "slos[0].window: '30' is not a period of whole days from 1d to 90d; did you mean 30d?")],
    ),
    "days that no unit mends": (
        spec(slo(more="    window: 91\n")),
        [("‸91", "slos[0].window: '91' is not a period of whole days from 1d to 90d")],
    ),
    "latency": (
        spec(slo(sli="{latency: {histogram: a-b, below: 0, selector: 'x}'}}")),
        [
            (
                "‸a-b",
                "slos[0].sli.latency.histogram: 'a-b' is not a metric name: letters, digits, '_' and ':' only, no digit"
                " first",
            ),
            ("below: ‸0", "slos[0].sli.latency.below: 0 is not a positive number of seconds"),
            ("‸'x}'", "slos[0].sli.latency.selector: 'x}' is not PromQL: unexpected right brace '}'"),
        ],
    ),
    "control characters": (
        _edited("name: availability", 'name: "a\\e[2Jb"'),
        [('‸"a', f"slos[0].name: 'a\\x1b[2Jb' {NAME_FAULT}")],
    ),
    "merges and aliases": (
        spec(slo("one", "101"), slo("two"))
        .replace("- name: one", "- &one\n    name: one")
        .replace("  - name: two\n    objective: 99.9\n", "  - <<: *one\n    name: two\n"),
        [("‸101", "slos[0].objective: 101 is not in (0, 100)")],
    ),
    "a later document": (
        f"{spec(service='one')}---\n---\n{spec(slo(objective='101'), service='two')}",
        [("‸101", "slos[0].objective: 101 is not in (0, 100)")],
    ),
    "windows line ends": (
        spec(slo(objective="101")).replace("\n", "\r\n"),
        [("‸101", "slos[0].objective: 101 is not in (0, 100)")],
    ),
    "wide characters": (
        _edited("{name: Orders}", "{name: 🙂日本, labels: {x: ''}}"),
        [("‸''", "slos[0].alerting.labels.x: is empty; give it a value or leave it out")],
    ),
}


def _place(text: str, marked: str) -> str:
    """Line and column of the ‸ in *marked*, which is a part of *text*."""
    before = text[: text.index(marked.replace("‸", "")) + marked.index("‸")]
    return f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


@pytest.mark.parametrize(("text", "expected"), FAULTS.values(), ids=FAULTS)
def test_faults(tmp_path: Path, text: str, expected: list[tuple[str, str]]) -> None:
    """Every fault of a text is told with line, column, path, what is wrong and what was expected."""
    assert told(text, tmp_path) == [f"{_place(text, marked)}: {message}" for marked, message in expected]


def test_faults_of_every_file_come_together(tmp_path: Path) -> None:
    """A folder with three broken files and a good one tells all of their faults, in order."""
    (tmp_path / "a.yaml").write_text(spec(slo(objective="0")))
    (tmp_path / "b.yaml").write_text(spec(service="fine"))
    (tmp_path / "c.yaml").write_text("a: [")
    (tmp_path / "d.yaml").write_text(spec(slo(objective="0"), slo("x", "1")))
    with pytest.raises(SpecErrors) as refused:
        load([str(tmp_path)])
    assert [(Path(fault.path).name, fault.line, fault.where) for fault in refused.value.faults] == [
        ("a.yaml", 5, "slos[0].objective"),
        ("c.yaml", 2, ""),
        ("d.yaml", 5, "slos[0].objective"),
        ("d.yaml", 8, "slos[1].name"),
    ]


def test_json_faults_have_places(tmp_path: Path) -> None:
    """In JSON with tabs, lines and columns are as true as in YAML."""
    value = {"version": "prometheus/v1", "service": "a b", "slos": [{"name": "x"}]}
    text = json.dumps(value, indent="\t").replace('"service"', '"service": "one",\n\t"service"')
    places = [(fault.line, fault.column, fault.where) for fault in faults(text, tmp_path, "orders.json")]
    assert places[:3] == [(4, 2, "service"), (6, 3, "slos[0].objective"), (6, 3, "slos[0].sli")]
    assert places[-1] == (7, 12, "slos[0].name")


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.json", '{\n\t"a": [1\n}', "3:1: is not JSON: Expecting ',' delimiter"),
        ("a.yaml", '{\n  "a": [1\n}', "3:1: is not YAML: while parsing a flow sequence that begins in line 2: did not"),
        ("a.json", '{"a": "\\ud800"}', "1:8: holds half of a character: a lone surrogate"),
    ],
)
def test_the_language_of_a_broken_text(tmp_path: Path, name: str, text: str, expected: str) -> None:
    """A .json file is told to be broken JSON, any other broken YAML."""
    [message] = told(text, tmp_path, name)
    assert message.startswith(expected)


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing\n", "---\n---\n", "\ufeff"])
def test_an_empty_file(tmp_path: Path, text: str) -> None:
    """Nothing in a file is a fault of its first line."""
    expected = "is empty; expected a spec that starts with version: prometheus/v1 or apiVersion: sloth.slok.dev/v1"
    assert told(text, tmp_path) == [f"1:1: {expected}"]


def test_many_faults_take_no_long_time(tmp_path: Path) -> None:
    """Twenty thousand unknown keys are as many faults, found in time that grows with them alone."""
    head = "".join(f"key{number}: 1\n" for number in range(20_000))
    started = time.process_time()
    assert len(faults(spec(head=head), tmp_path)) == 20_000
    assert time.process_time() - started < 10  # seconds; minutes where each fault is searched for from the top


# --- teams ------------------------------------------------------------------------------------------------------


def _with_routing(folder: Path, routing: str, head: str) -> list[str]:
    (folder / "routing.yaml").write_text(routing)
    (folder / "orders.yaml").write_text(spec(head=head))
    try:
        load([str(folder / "orders.yaml")], str(folder / "routing.yaml"))
    except SpecErrors as errors:
        return [str(fault).removeprefix(f"{folder}/") for fault in errors.faults]
    return []


@pytest.mark.parametrize(
    ("routing", "head", "expected"),
    [
        (ROUTING, "team: shop\n", []),
        (ROUTING, "", []),
        (ROUTING, "team: shopp\n", ["orders.yaml:3:7: team: unknown team 'shopp'; did you mean 'shop'?"]),
        (ROUTING, "team: x9\n", ["orders.yaml:3:7: team: unknown team 'x9'; known here: pay, shop"]),
        ("teams: {}\n", "", ["routing.yaml:1:8: teams: is empty; expected teams and what they own"]),
        ("", "", ["routing.yaml:1:1: expected a mapping, got nothing"]),
        ("a: b\n", "", ["routing.yaml:1:1: teams: is missing", "routing.yaml:1:1: a: unknown key; known here: teams"]),
        (f"{ROUTING}---\n{ROUTING}", "", ["routing.yaml:5:1: a second document; expected one"]),
        ("teams: {'a b': {description: x}}", "", [f"routing.yaml:1:9: teams.a b: 'a b' {NAME_FAULT}"]),
        ("teams: [", "", ["routing.yaml:2:1: is not YAML: while parsing a flow"]),
    ],
)
def test_routing(tmp_path: Path, routing: str, head: str, expected: list[str]) -> None:
    """A team must stand in the routing file, whose own faults are told with their places as well."""
    found = _with_routing(tmp_path, routing, head)
    assert len(found) == len(expected)
    assert all(one.startswith(other) for one, other in zip(found, expected, strict=True)), found


@pytest.mark.parametrize(
    ("routing", "expected"),
    [
        (None, "routing.yaml: cannot be read: No such file or directory"),
        ("teams: [", "routing.yaml:2:1: is not YAML: while parsing a flow"),
        ("team: {shop: {description: x}}\n", "routing.yaml:1:1: team: unknown key; did you mean 'teams'?"),
        (f"{ROUTING}---\nteams:\n  web: {{description: x}}\n", "routing.yaml:5:1: a second document; expected one"),
        (f"teams:\n  web: {{description: x}}\n{ROUTING}", "routing.yaml:3:1: teams: duplicate key"),
    ],
    ids=["a missing file", "no YAML", "a misspelt key", "a second document", "a key twice"],
)
def test_a_broken_routing_file_is_one_fault(tmp_path: Path, routing: str | None, expected: str) -> None:
    """Teams that could not be read are not called unknown as well."""
    if routing is not None:
        (tmp_path / "routing.yaml").write_text(routing)
    (tmp_path / "orders.yaml").write_text(spec(head="team: web\n"))
    with pytest.raises(SpecErrors) as refused:
        load([str(tmp_path / "orders.yaml")], str(tmp_path / "routing.yaml"))
    [fault] = refused.value.faults
    assert str(fault).removeprefix(f"{tmp_path}/").startswith(expected), fault


def test_teams_come_sorted(tmp_path: Path) -> None:
    """The order in the routing file does not matter."""
    (tmp_path / "routing.yaml").write_text(ROUTING)
    (tmp_path / "orders.yaml").write_text(spec())
    catalogue = load([str(tmp_path / "orders.yaml")], str(tmp_path / "routing.yaml"))
    assert catalogue.teams == (Team(name="pay", description="Payments."), Team(name="shop", description="The shop."))


def test_nobody_needs_a_routing_file(tmp_path: Path) -> None:
    """Without one, any team is fine and there are none to route to."""
    found: Slo = the_slo(spec(head="team: anybody\n"), tmp_path)
    assert found.team == "anybody"
