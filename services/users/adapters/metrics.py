"""What happens at the door of the shop, counted; never whose account it is."""

from prometheus_client import CollectorRegistry, Counter

from services.shared import traffic
from services.users.domain.sessions import Refresh

LOGINS = ("success", "invalid", "throttled", "disabled")
REGISTRATIONS = ("created", "taken")


class UserMetrics:
    """The `Figures` of one service."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._logins = Counter("auth_logins", "Attempts to log in.", ("outcome", "traffic"), registry=registry)
        self._refreshes = Counter(
            "auth_refreshes", "Refresh tokens, by what came of them.", ("outcome",), registry=registry
        )
        self._registrations = Counter("auth_registrations", "Registrations.", ("outcome",), registry=registry)
        for outcome in LOGINS:
            for kind in (traffic.USER, traffic.PROBE):
                self._logins.labels(outcome, kind)
        for refresh in Refresh:
            self._refreshes.labels(refresh.value)
        for outcome in REGISTRATIONS:
            self._registrations.labels(outcome)

    def login(self, outcome: str) -> None:
        self._logins.labels(outcome, traffic.current.get()).inc()

    def refresh(self, outcome: str) -> None:
        self._refreshes.labels(outcome).inc()

    def registration(self, outcome: str) -> None:
        self._registrations.labels(outcome).inc()
