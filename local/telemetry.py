"""Where spans and logs of a run go: to what its user names, else to a Jaeger and a Loki that are here, or to files."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from local import jaeger, loki
from local.part import Part
from local.settings import Settings

OTLP = "OTEL_EXPORTER_OTLP_ENDPOINT"
LOKI_URL = "LOKI_URL"
PROGRAMS = ("jaeger", "loki")  # of tools/pins.toml
LOKI_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Telemetry:
    """What was chosen. Either address may hold a secret.

    otlp_endpoint:  for every process of the shop. loki_url: empty where logs stay files.
    jaeger, loki:   the programs that run. collector: whether ours does.
    """

    settings: Settings
    otlp_endpoint: str = field(repr=False)
    loki_url: str = field(repr=False)
    jaeger: Path | None = None
    loki: Path | None = None
    collector: bool = False

    def prepare(self) -> None:
        """Write what the parts are started with."""
        port = self.settings.port
        if self.jaeger is not None:
            jaeger.prepare(_jaeger(self.settings), otlp_port=port("collector"), query_port=port("jaeger"))
        if self.loki is not None:
            loki.prepare(_loki(self.settings), port=port("loki"), grpc_port=port("loki-grpc"))

    @property
    def ports(self) -> tuple[str, ...]:
        """Names of the ports that its parts listen at."""
        spans = ("collector",) if self.collector or self.jaeger is not None else ()
        jaeger_too = ("jaeger",) if self.jaeger is not None else ()
        return (*spans, *jaeger_too, *(("loki", "loki-grpc") if self.loki is not None else ()))

    def parts(self) -> Iterator[Part]:
        """Those that take spans and logs; nothing of the shop needs one of them."""
        settings = self.settings
        if self.collector:
            yield Part(
                name="collector",
                command=(
                    sys.executable,
                    "-m",
                    "local.collector",
                    f"--port={settings.port('collector')}",
                    f"--folder={settings.traces}",
                ),
                address=settings.url("collector"),
                ready_url=settings.url("collector") + "/livez",
            )
        if self.jaeger is not None:
            yield Part(
                name="jaeger",
                command=jaeger.command(self.jaeger, _jaeger(settings)),
                address=settings.url("jaeger"),
                ready_url=settings.url("collector") + jaeger.READY_PATH,
                ready_status=jaeger.READY_STATUS,
                environment=jaeger.ENVIRONMENT,
            )
        if self.loki is not None:
            yield Part(
                name="loki",
                command=loki.command(self.loki, _loki(settings)),
                address=settings.url("loki"),
                ready_url=settings.url("loki") + loki.READY_PATH,
                ready_seconds=LOKI_SECONDS,
                environment=loki.ENVIRONMENT,
            )
        if self.loki_url:
            yield Part(
                name="log-shipper",
                command=(
                    sys.executable,
                    "-m",
                    "local.log_shipper",
                    f"--logs={settings.logs}",
                    f"--marks={_loki(settings) / 'marks.json'}",
                ),
                needs=("loki",) if self.loki is not None else (),
                environment={LOKI_URL: self.loki_url},
            )


def choose(settings: Settings, environ: Mapping[str, str], *, programs: Mapping[str, Path]) -> Telemetry:
    """What *environ* names wins over *programs*: those of PROGRAMS that are here and are to run."""
    spans, lines = environ.get(OTLP, ""), environ.get(LOKI_URL, "")
    return Telemetry(
        settings=settings,
        otlp_endpoint=spans or settings.url("collector"),
        loki_url=lines or (settings.url("loki") if "loki" in programs else ""),
        jaeger=None if spans else programs.get("jaeger"),
        loki=None if lines else programs.get("loki"),
        collector=not spans and "jaeger" not in programs,
    )


def _jaeger(settings: Settings) -> Path:
    return settings.run / "jaeger"


def _loki(settings: Settings) -> Path:
    return settings.run / "loki"
