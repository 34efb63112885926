"""What is asked of every form that comes in: that it is one, and that a page of ours sent it."""

from apiflask import HTTPError
from flask import Response, request
from werkzeug.exceptions import UnsupportedMediaType

from services.shared import body
from services.storefront.pages.refusals import SIGN_IN_PATH, to_sign_in
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


def refuse_forged_forms(visits: Visits) -> Response | None:
    """A hook: a form brings the token of the visitor that it was made for.

    That of signing in is shown anew where it is out of date: a second click finds the first one's session.

    Raises:  HTTPError: 403
    """
    if request.method in SAFE_METHODS:
        return None
    # Read here as a whole, where its length is bounded however it is sent.
    request.get_data(cache=True, parse_form_data=False)
    if visits.current().sent_form(request.form.get(FIELD, "")):
        return None
    if request.path == SIGN_IN_PATH:
        return to_sign_in(request.form.get("next"))
    raise HTTPError(
        403,
        "This form is out of date. Go back, load the page again and send it once more.",
        extra_data={"code": "stale_form"},
    )
