"""A page that shows dashboards without a Grafana: one HTML file, with what a Prometheus answers now.

For whoever reviews a change of specs or dashboards. Nothing on it comes from elsewhere: no script, style or picture.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from dashboards import layout
from dashboards.model import RED, Dashboard
from dashboards.preview_answers import Answered, Source, Span, answers, choices, span
from dashboards.preview_parts import Part, part
from dashboards.preview_pictures import COLOURS, PALETTE
from slo.errors import OutputError

_TEMPLATES = Path(__file__).parent / "templates"
MOST_BAD = 12
"""That a page names at its head, of what is beyond its limits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A dashboard, drawn. rows: title, and panels with their widths in columns of the grid."""

    dashboard: Dashboard
    rows: tuple[tuple[str, tuple[tuple[int, Part], ...]], ...]
    chosen: tuple[tuple[str, str], ...]
    within: Span

    @property
    def parts(self) -> tuple[Part, ...]:
        """Each panel, in reading order."""
        return tuple(part for _, panels in self.rows for _, part in panels)

    @property
    def bad(self) -> tuple[tuple[Part, int, str], ...]:
        """Panels that are beyond their limits, the red ones first: how many values, and the first of them."""
        found = [(each, len(each.worst), each.worst[0]) for each in self.parts if each.worst]
        found.sort(key=lambda each: each[2].colour != RED)
        return tuple((each, number, tile.colour) for each, number, tile in found)


def sheet(
    source: Source,
    dashboard: Dashboard,
    *,
    end: float,
    named: Mapping[str, str],
    refusals: tuple[type[Exception], ...] = (),
) -> Sheet:
    """*dashboard* with the data of *source* as it opens at *end* (Unix seconds).

    Args:    named: values of variables; those that it does not have are ignored.
             refusals: errors of *source* that belong into the panel that asked, and end nothing.
    """
    within = span(dashboard, end)
    chosen = choices(source, dashboard, named, end)
    answered, numbers = answers(source, dashboard, chosen, within, refusals), count(1)
    rows = tuple(
        (
            placed.row.title,
            tuple(_drawn(next(answered), next(numbers), place.width, dashboard, within) for _, place in placed.panels),
        )
        for placed in layout.place(dashboard.rows)
    )
    single = {each.name for each in dashboard.variables if not each.everything and not each.datasource}
    shown = tuple((name, value) for name, value in chosen.items() if name in single or name in named)
    return Sheet(dashboard=dashboard, rows=rows, chosen=shown, within=within)


def _drawn(answered: Answered, number: int, width: int, dashboard: Dashboard, within: Span) -> tuple[int, Part]:
    # Titles may come twice on a page: the number tells their panels apart.
    name = "".join(sign if sign.isalnum() else "-" for sign in answered.panel.title.lower())
    return width, part(answered, f"{dashboard.uid}--{number}-{name}", width, within)


def page(sheets: Sequence[Sheet], *, end: float, address: str) -> str:
    """The HTML of *sheets*. address: of the Prometheus that was asked, for people."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["markup"] = Markup
    style = environment.get_template("preview.css.j2").render(colours=COLOURS, palette=list(enumerate(PALETTE)))
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return environment.get_template("preview.html.j2").render(
        sheets=sheets,
        style=Markup(style),  # ours alone: nothing of an answer is in it
        digest=digest,
        moment=moment(end),
        address=address,
        most_bad=MOST_BAD,
        since=lambda each: f"{moment(each.within.start)} – {moment(each.within.end)}",
    )


def moment(at: float) -> str:
    """A Unix time as people read it."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M")


def write(path: Path, text: str) -> None:
    """Put *text* at *path*, whole or not at all.

    Raises:  OutputError: the disk, or a folder that is not there.
    """
    stage = path.with_name(f".{path.name}.new")
    try:
        stage.write_text(text, encoding="utf-8")
        stage.replace(path)
    except OSError as error:
        stage.unlink(missing_ok=True)
        raise OutputError(f"{path}: {error.strerror}") from None
