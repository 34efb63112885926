"""The gateway's bad days, as `/internal/faults` takes them: each kind one of the things that real gateways do."""

from typing import Literal

from pydantic import Field

from services.shared.fault_models import Fault

DECLINED = "declined"
SLOW = "slow"
TIMEOUT_BEFORE_CHARGE = "timeout-before-charge"
TIMEOUT_AFTER_CHARGE = "timeout-after-charge"
DUPLICATE_WEBHOOK = "duplicate-webhook"
WEBHOOK_BEFORE_RESPONSE = "webhook-before-response"
OUTAGE = "outage"
MAX_DELAY_SECONDS = 10.0


class DeclinedFault(Fault):
    """A share of the authorisations is declined, whatever the card."""

    fault: Literal["declined"]


class SlowFault(Fault):
    """A share of the operations begins *delay_seconds* later; whoever has hung up by then is charged all the same."""

    fault: Literal["slow"]
    delay_seconds: float = Field(gt=0, le=MAX_DELAY_SECONDS, allow_inf_nan=False)


class TimeoutBeforeChargeFault(Fault):
    """A share of the operations does nothing, and says so to nobody until the caller has hung up."""

    fault: Literal["timeout-before-charge"]


class TimeoutAfterChargeFault(Fault):
    """A share of the operations is done, but its answer never comes."""

    fault: Literal["timeout-after-charge"]


class DuplicateWebhookFault(Fault):
    """A share of the webhooks arrives twice."""

    fault: Literal["duplicate-webhook"]


class WebhookBeforeResponseFault(Fault):
    """A share of the operations is answered only after its webhook has arrived."""

    fault: Literal["webhook-before-response"]


class OutageFault(Fault):
    """A share of the requests is answered 503."""

    fault: Literal["outage"]


KINDS: tuple[type[Fault], ...] = (
    DeclinedFault,
    SlowFault,
    TimeoutBeforeChargeFault,
    TimeoutAfterChargeFault,
    DuplicateWebhookFault,
    WebhookBeforeResponseFault,
    OutageFault,
)
