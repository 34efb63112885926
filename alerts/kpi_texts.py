"""What the alerts of a KPI say: its number with its unit, what is usual, and on how much history that stands.

Templates, as Prometheus renders them; the numbers that are no label of the alert are asked of the KPI's records.
"""

from __future__ import annotations

from decimal import Decimal

from slo import conventions as names
from slo import kpi_rules, promql
from slo.model import Kpi, Pairs
from slo.scalars import LABEL

RATIO = "ratio"
"""The unit of what is shown in per cent."""


def is_drop(kpi: Kpi) -> bool:
    """Whether less is worse."""
    return kpi.better == "higher"


def of_deviation(kpi: Kpi) -> Pairs:
    """Summary and description of the alert on the deviation."""
    alert = kpi.alert
    assert alert is not None
    assert alert.deviation is not None
    share = f"{promql.number(alert.deviation * 100)}% {'below' if is_drop(kpi) else 'above'}"
    summary = f"{subject(kpi)}: {number(kpi, '$value')}, more than {share} what is usual at this hour."
    median = f"the median of {weeks(kpi)} of the last {len(kpi_rules.WEEKS)} weeks at this hour{short_history(kpi)}"
    least = "" if grouping(kpi) is not None else "at least "
    return ("description", f"{plain(alert.description)} Usual: {least}{usual(kpi)}, {median}."), ("summary", summary)


def of_limit(kpi: Kpi) -> Pairs:
    """Summary and description of the alert on the limits."""
    assert kpi.alert is not None
    summary = f"{subject(kpi)}: {number(kpi, '$value')}, {beyond(kpi)}."
    return ("description", plain(kpi.alert.description)), ("summary", summary)


def beyond(kpi: Kpi) -> str:
    """The template of the limit that is passed."""
    assert kpi.alert is not None
    above, below = (_limit(kpi, word) for word in ("above", "below"))
    if above and below and kpi.alert.above is not None:
        return f"{{{{ if gt $value {_float(kpi.alert.above)} }}}}{above}{{{{ else }}}}{below}{{{{ end }}}}"
    return above or below


def _limit(kpi: Kpi, word: str) -> str:
    limit = getattr(kpi.alert, word)
    return "" if limit is None else limit_text(kpi, word, limit)


def limit_text(kpi: Kpi, word: str, limit: Decimal) -> str:
    """A limit as people read it. *word*: above or below."""
    spelt = f"{promql.number(limit * 100)}%" if kpi.unit == RATIO else f"{promql.number(limit)} {plain(kpi.unit)}"
    return f"{word} {spelt}"


def subject(kpi: Kpi) -> str:
    """What it is about: the service, and the labels that the query groups by."""
    grouped = (f"{name} {{{{ $labels.{name} }}}}" for name in grouping(kpi) or ())
    return f"{plain(kpi.title)} ({', '.join((kpi.service, *grouped))})"


def number(kpi: Kpi, value: str) -> str:
    """The template of a number in the KPI's unit. *value*: a template's variable, or `.` in a pipeline."""
    if kpi.unit == RATIO:
        return f"{{{{ {value} | humanizePercentage }}}}"
    return f'{{{{ {value} | printf "%.2f" }}}} {plain(kpi.unit)}'


def usual(kpi: Kpi) -> str:
    """The template of the baseline."""
    return _asked(kpi, names.KPI_BASELINE, number(kpi, ". | first | value"))


def weeks(kpi: Kpi) -> str:
    """The template of the number of weeks on which the baseline stands."""
    return _asked(kpi, names.KPI_WEEKS, "{{ . | first | value }}")


def short_history(kpi: Kpi) -> str:
    """The template of what is said where these are not all of them."""
    few = f"{{{{ if lt (. | first | value) {_float(len(kpi_rules.WEEKS))} }}}}, for history is short{{{{ end }}}}"
    return _asked(kpi, names.KPI_WEEKS, few)


def grouping(kpi: Kpi) -> tuple[str, ...] | None:
    """The labels that tell the series of *kpi* apart; None where its query does not say, or a template cannot."""
    found = kpi.query.labels
    return tuple(sorted(found)) if found is not None and all(map(LABEL.fullmatch, found)) else None


def _asked(kpi: Kpi, record: str, then: str) -> str:
    """The template *then* with the alert's own series of *record* as its dot; else with the least of all."""
    own = ",".join(f"{name}='{value}'" for name, value in kpi_rules.identity(kpi))
    labels = grouping(kpi)
    if labels is None:
        query = f'query "min({record}{{{own}}})"'
    elif labels:
        asked = "".join(f",{name}=%q" for name in labels)
        query = f'printf "{record}{{{own}{asked}}}" {" ".join(f"$labels.{name}" for name in labels)} | query'
    else:
        query = f'query "{record}{{{own}}}"'
    return f"{{{{ with {query} }}}}{then}{{{{ end }}}}"


def _float(value: Decimal | int) -> str:
    """*value* as a template compares it with a float: with a point."""
    text = promql.number(value)
    return text if "." in text else f"{text}.0"


def plain(text: str) -> str:
    """*text* in a template, which would take two braces for its own."""
    return text.replace("{{", '{{ "{{" }}')
