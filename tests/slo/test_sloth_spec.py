"""slo.sloth_spec: a spec of ours as the plain sloth spec that says the same."""

import json

from slo.sloth_spec import to_sloth
from tests.slo.answers import catalogue, document, slo

RAW = "\n      raw: {error_ratio_query: 'avg_over_time(share[{{.window}}])'}"


def test_the_spec_that_sloth_reads_holds_its_own_keys_alone(tmp_path):
    """Sugar is resolved, our additions are gone, what holds nothing is left out."""
    latency = "\n      latency: {histogram: request_seconds, below: 0.5}"
    alerting = "      min_failures: 5\n      absent_after: 1h\n      page_alert: {disable: true}\n"
    more = "    window: 7d\n    journey: browse\n    labels: {tier: '1'}\n"
    text = document(slo(sli=latency, more=more, alerting=alerting), head="depends_on: [till]\nlabels: {tier: '2'}\n")
    ((spec,),) = [file.specs for file in catalogue(text, tmp_path).files]
    assert to_sloth(spec) == {
        "version": "prometheus/v1",
        "service": "shop",
        "labels": {"tier": "2"},
        "slos": [
            {
                "name": "requests",
                "objective": 99.9,
                "labels": {"tier": "1"},
                "sli": {
                    "events": {
                        "error_query": spec.slos[0].sli.bad.at("{{.window}}"),
                        "total_query": "sum(rate(request_seconds_count{}[{{.window}}]))",
                    }
                },
                "alerting": {"name": "Burning", "page_alert": {"disable": True}},
            }
        ],
    }


def test_what_is_written_is_read_again_as_the_same(tmp_path):
    """A plain spec comes back as it was; so does what a second way through makes of it."""
    text = document(slo(alerting="      labels: {a: b}\n"), slo("raw", RAW), head="labels: {tier: '2'}\n")
    ((spec,),) = [file.specs for file in catalogue(text, tmp_path).files]
    ((again,),) = [file.specs for file in catalogue(json.dumps(to_sloth(spec)), tmp_path, "again.json").files]
    assert again == spec


def test_plugins_keep_the_types_of_their_settings(tmp_path):
    """A number is a number and a text in quotes a text, for only the plugin knows what it wants."""
    config = "{threshold: 0.25, count: 3, on: true, text: '3', list: [1, two], none: ~}"
    chain = f"{{overridePrevious: true, chain: [{{id: x, priority: -5, config: {config}}}]}}"
    text = document(slo(more=f"    plugins: {chain}\n"), head=f"slo_plugins: {chain}\n")
    ((spec,),) = [file.specs for file in catalogue(text, tmp_path).files]
    expected = {
        "overridePrevious": True,
        "chain": [
            {
                "id": "x",
                "priority": -5,
                "config": {"threshold": 0.25, "count": 3, "on": True, "text": "3", "list": [1, "two"], "none": None},
            }
        ],
    }
    written = to_sloth(spec)
    assert written["slo_plugins"] == written["slos"][0]["plugins"] == expected
