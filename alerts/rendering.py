"""Renders the Markdown that we write, from `alerts/templates`: what a template names and nobody gave is an error."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from alerts import markdown
from alerts.conditions import percent

TEMPLATES = Path(__file__).parent / "templates"


def render(template: str, **values: object) -> str:
    """The text of *template* (a name below `templates/`) with *values*."""
    return _environment().get_template(template).render(values)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # Markdown: what is quoted is quoted for that, by the filters below
    )
    environment.filters |= {
        "words": markdown.words,
        "code": markdown.code,
        "block": markdown.block,
        "percent": percent,
    }
    return environment
