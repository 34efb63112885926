"""What is asked of every form that comes in: that it is one, and that a page of ours sent it."""

import hmac

from apiflask import HTTPError
from flask import request
from werkzeug.exceptions import UnsupportedMediaType

from services.shared import body
from services.storefront.pages.visits import Visits

FIELD = "form_token"
FORM = "application/x-www-form-urlencoded"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# A form that was sent by a page of ours, or by the visitor's own hand: reloading, going back.
_OWN = frozenset({"same-origin", "none"})
FORBIDDEN = "This form did not come from a page of this shop."


def refuse_other_types() -> None:
    """A hook: what has a body is a form; where programs send it (`/rum`, faults), JSON.

    Raises:  UnsupportedMediaType
    """
    if request.url_rule is None or request.method in SAFE_METHODS or request.blueprint != "pages":
        body.refuse_other_types()
    elif request.mimetype != FORM:
        raise UnsupportedMediaType


def refuse_other_sites() -> None:
    """A hook: browsers say which site a request comes from; another's is refused.

    Raises:  HTTPError: 403
    """
    if request.method in SAFE_METHODS:
        return
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    # Without the scheme, which the proxy in front of us has taken off.
    foreign = origin is not None and origin.partition("://")[2] != request.host
    if (site is not None and site not in _OWN) or foreign:
        raise HTTPError(403, FORBIDDEN, extra_data={"code": "foreign_form"})


def refuse_forged_forms(visits: Visits) -> None:
    """A hook: a form brings the token of the session that it was made for.

    Raises:  HTTPError: 403
    """
    if request.method in SAFE_METHODS:
        return
    # Read here as a whole, where its length is bounded however it is sent.
    request.get_data(cache=True, parse_form_data=False)
    visit = visits.current()
    sent = request.form.get(FIELD, "")
    if visit.known is None or not hmac.compare_digest(sent.encode(), visit.form_token.encode()):
        raise HTTPError(
            403,
            "This form is out of date. Go back, load the page again and send it once more.",
            extra_data={"code": "stale_form"},
        )
