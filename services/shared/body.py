"""Requests whose body is refused whole when it is too long, also where its length was not announced."""

from typing import Any

from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge

MAX_BODY_BYTES = 64 * 1024


class BoundedRequest(Request):
    """Flask's request; werkzeug (3.1) alone cuts a chunked body at the limit and passes on what it has."""

    max_content_length = MAX_BODY_BYTES

    def get_data(self, *args: Any, **kwargs: Any) -> Any:
        """The body, as Flask's method of this name returns it.

        Raises:  RequestEntityTooLarge: at the limit: what was cut there looks like what ended there.
        """
        data = super().get_data(*args, **kwargs)
        if self.content_length is None and len(data) >= MAX_BODY_BYTES:
            raise RequestEntityTooLarge
        return data
