"""What an error page says: what happened, and what its reader can do."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Words:
    """A title and a text for people."""

    title: str
    text: str


_BY_CODE = {
    "part_catalog": Words(
        "The shelves cannot be shown now",
        "Our catalog does not answer at the moment. Your cart is kept. Please try again shortly.",
    ),
    "part_orders": Words(
        "Carts and orders cannot be shown now",
        "This part of the shop does not answer at the moment. Nothing was changed; you can still look around, and try "
        "again shortly.",
    ),
    "part_users": Words(
        "Accounts cannot be reached now",
        "Signing in and your account do not answer at the moment. You can still look around, and try again shortly.",
    ),
    "foreign_form": Words(
        "That did not come from here", "The form was sent by a page that is not ours, so it was not taken."
    ),
    "stale_form": Words(
        "This form is out of date", "Go back, load the page again and send it once more. Nothing was changed."
    ),
    "reset_link": Words(
        "This link does not work any more", "Links to set a password work once, for half an hour. Ask for a new one."
    ),
}
_BY_STATUS = {
    400: Words("That was not understood", "The address or the form holds something that the shop does not know."),
    403: Words("Not for you", "This is not something that your account may do."),
    404: Words("Page not found", "There is nothing here, or not any more. The search may find what you look for."),
    405: Words("Not like this", "This page cannot be used in that way."),
    413: Words("Too long", "What was sent is longer than anything that the shop takes."),
    415: Words("Not a form", "What was sent is not a form of this shop."),
    429: Words("Too many requests", "You are asking faster than the shop answers. Please wait a moment."),
    503: Words(
        "The shop is catching its breath", "Something behind this page does not answer. Please try again shortly."
    ),
}
_OTHER = Words("Something went wrong", "It is our fault, not yours, and it was noted. Please try again.")


def words_of(problem: Mapping[str, Any]) -> Words:
    """What to say of *problem* (RFC 9457)."""
    return _BY_CODE.get(problem.get("code", "")) or _BY_STATUS.get(problem.get("status", 0), _OTHER)
