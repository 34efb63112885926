"""Where spans and logs go, by what is here and by what the user names."""

from pathlib import Path

import pytest

from local import jaeger, loki
from local.settings import Settings
from local.telemetry import LOKI_URL, OTLP, Telemetry, choose

PROGRAMS = {"jaeger": Path("/bin/jaeger"), "loki": Path("/bin/loki")}
SECRET = "https://team:s3cret@logs.example.com"


def names(found: Telemetry) -> list[str]:
    """Of its parts."""
    return [part.name for part in found.parts()]


@pytest.mark.parametrize(
    ("environ", "programs", "parts", "spans", "lines"),
    [
        pytest.param({}, (), ["collector"], None, "", id="nothing is here: files"),
        pytest.param({}, ("jaeger", "loki"), ["jaeger", "loki", "log-shipper"], None, None, id="both are here"),
        pytest.param({}, ("loki",), ["collector", "loki", "log-shipper"], None, None, id="Loki alone"),
        pytest.param({OTLP: "http://x:1"}, ("jaeger",), [], "http://x:1", "", id="spans go elsewhere"),
        pytest.param({LOKI_URL: SECRET}, ("loki",), ["collector", "log-shipper"], None, SECRET, id="logs do"),
        pytest.param({OTLP: "", LOKI_URL: ""}, (), ["collector"], None, "", id="empty variables are none"),
    ],
)
def test_what_the_user_names_wins_over_what_is_here(
    settings: Settings,
    environ: dict[str, str],
    programs: tuple[str, ...],
    parts: list[str],
    spans: str | None,
    lines: str | None,
) -> None:
    """None stands for this platform's own address."""
    found = choose(settings, environ, programs={name: PROGRAMS[name] for name in programs})
    assert names(found) == parts
    assert found.otlp_endpoint == (settings.url("collector") if spans is None else spans)
    assert found.loki_url == (settings.url("loki") if lines is None else lines)


def test_the_shipper_waits_for_a_loki_of_ours_alone(settings: Settings) -> None:
    """Its address is in its environment: it may hold a password, and neither command line nor text shows it."""
    ours = list(choose(settings, {}, programs=PROGRAMS).parts())[-1]
    telemetry = choose(settings, {LOKI_URL: SECRET}, programs={})
    others = list(telemetry.parts())[-1]
    assert (ours.needs, others.needs) == (("loki",), ())
    assert others.environment == {LOKI_URL: SECRET}
    assert "s3cret" not in f"{telemetry!r} {others!r}"


def test_configurations_are_written_where_the_parts_look(settings: Settings) -> None:
    """With this platform's ports, and no address but this machine's."""
    found = choose(settings, {}, programs=PROGRAMS)
    found.prepare()
    for part in found.parts():
        if part.name in PROGRAMS:
            file = Path(part.command[1].partition("=")[2].removeprefix("file:"))
            text = file.read_text(encoding="utf-8")
            assert file.is_relative_to(settings.run)
            assert "0.0.0.0" not in text
            assert str(settings.port(part.name)) in text


def test_both_are_bounded() -> None:
    """In memory, traces or days, and neither tells anybody about itself."""
    spans = jaeger.configuration(otlp_port=1, query_port=2)
    lines = loki.configuration(Path("/x"), port=1, grpc_port=2)
    assert spans["extensions"]["jaeger_storage"]["backends"]["memory"]["memory"]["max_traces"] == 5000
    assert spans["service"]["telemetry"]["metrics"]["level"] == "none"
    assert (lines["limits_config"]["retention_period"], lines["compactor"]["retention_enabled"]) == ("72h", True)
    assert lines["analytics"]["reporting_enabled"] is False
