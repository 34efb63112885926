"""The probes as parts of the platform: who walks the journeys around the clock, and the account of their staff."""

from __future__ import annotations

import sys

from local.part import Part
from local.settings import Settings
from local.shop import ShopProcesses
from synthetics import accounts

NAME, STAFF = "journeys", "probe-staff"
# Changes a price, and counts stock.
ROLES = ("staff", "warehouse")


def staff_password(probe_key: str) -> str:
    """The password of the probes' staff account, which they make of the key as well."""
    return accounts.staff(probe_key).password


def staff(settings: Settings, plan: ShopProcesses) -> Part:
    """Makes the probes' staff account, or gives it back what it is to have."""
    return Part(
        name=STAFF,
        command=(sys.executable, "-m", "services.users.jobs", "add", accounts.STAFF_EMAIL, *ROLES),
        needs=("users",),
        environment=plan.environment("users") | {"PASSWORD_FILE": str(settings.staff_password)},
        once=True,
    )


def journeys(settings: Settings) -> Part:
    """Walks each journey once a minute, for as long as the platform runs."""
    return Part(
        name=NAME,
        command=(
            *(sys.executable, "-m", "synthetics", "probe", "--host", settings.url("front-door")),
            *("--metrics-port", str(settings.port(NAME))),
        ),
        needs=("front-door", STAFF),
        # In place of keys that whoever starts the platform may have in their environment.
        environment={
            "TRAFFIC_KEY": "",
            "TRAFFIC_KEY_FILE": str(settings.traffic_key),
            "PROBE_KEY": "",
            "PROBE_KEY_FILE": str(settings.probe_key),
        },
        ready_url=f"{settings.url(NAME)}/metrics",
    )
